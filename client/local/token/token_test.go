package token

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTimes(t *testing.T) {
	secret := []byte("a secret that is long enough for HS256")
	now := time.Unix(1_800_000_000, 0)
	cases := []struct {
		name   string
		claims Claims
		want   error
	}{
		{"alive", Claims{"sub": "u", "exp": now.Unix() + 1}, nil},
		{"expires this instant", Claims{"exp": now.Unix()}, ErrExpired},
		{"long gone", Claims{"exp": now.Unix() - 1000}, ErrExpired},
		{"not yet", Claims{"nbf": now.Unix() + 1}, ErrNotYet},
		{"no times", Claims{"role": "anon"}, nil},
	}
	for _, c := range cases {
		s, err := Sign(secret, c.claims)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(secret, s, now); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestRefusesForeignTokens(t *testing.T) {
	secret := []byte("a secret that is long enough for HS256")
	good, err := Sign(secret, Claims{"sub": "u"})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := Sign([]byte("another secret of the same length ..."), Claims{"sub": "u"})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	none := "eyJhbGciOiJub25lIn0." + parts[1] + "."
	for name, c := range map[string]struct {
		s    string
		want error
	}{
		"garbage": {"abc.def", ErrMalformed},
		"empty":   {"", ErrMalformed},
		"forged":  {forged, ErrSignature},
		"alg":     {none, ErrSignature},
		"cut":     {good[:len(good)-4], ErrSignature},
	} {
		if _, err := Verify(secret, c.s); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestKeysAreStableAndTellTheirRole(t *testing.T) {
	secret := []byte("a secret that is long enough for HS256")
	for role, make := range map[string]func([]byte) (string, error){"anon": AnonKey, "service_role": ServiceKey} {
		a, err := make(secret)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := make(secret)
		if a != b {
			t.Errorf("%s key changes between two calls", role)
		}
		c, err := Parse(secret, a, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil || c.Text("role") != role {
			t.Errorf("role %q, err %v", c.Text("role"), err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 16, 64).Draw(t, "secret")
		sub := rapid.String().Draw(t, "sub")
		exp := rapid.Int64Range(0, 1<<40).Draw(t, "exp")
		s, err := Sign(secret, Claims{"sub": sub, "exp": exp})
		if err != nil {
			t.Fatal(err)
		}
		c, err := Verify(secret, s)
		if err != nil {
			t.Fatal(err)
		}
		if c.Text("sub") != strings.ToValidUTF8(sub, "\uFFFD") {
			t.Fatalf("sub %q became %q", sub, c.Text("sub"))
		}
		if at, ok := c.Time("exp"); !ok || at.Unix() != exp {
			t.Fatalf("exp %d became %v", exp, at)
		}
	})
}
