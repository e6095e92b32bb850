package auth_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/token"
)

// chain signs in and refreshes twice: T0, T1, T2.
func chain(s *stack, email string) []string {
	s.t.Helper()
	s.want(s.signup(email, "secret-1"), 200, "")
	in := s.want(s.login(email, "secret-1"), 200, "")
	out := []string{in.text("refresh_token")}
	for range 2 {
		r := s.want(s.refresh(out[len(out)-1]), 200, "")
		if h := r.header.Get("Sb-Auth-Refresh-Token-Reuse"); h != "false" {
			s.t.Fatalf("reuse header of an active token: %q", h)
		}
		out = append(out, r.text("refresh_token"))
	}
	if out[0] == out[1] || out[1] == out[2] {
		s.t.Fatalf("no rotation: %v", out)
	}
	return out
}

func TestRefreshParentAnyAge(t *testing.T) {
	s := newStack(t, nil)
	c := chain(s, "a@example.com")
	s.clock.Add(time.Hour)
	for range 2 {
		r := s.want(s.refresh(c[1]), 200, "")
		if r.header.Get("Sb-Auth-Refresh-Token-Reuse") != "true" {
			t.Errorf("reuse header %q", r.header.Get("Sb-Auth-Refresh-Token-Reuse"))
		}
		if r.text("refresh_token") != c[2] {
			t.Errorf("the parent must give the active token %q again, got %q", c[2], r.text("refresh_token"))
		}
	}
}

func TestRefreshOlderWithinWindowBranches(t *testing.T) {
	s := newStack(t, nil)
	c := chain(s, "a@example.com")
	s.clock.Add(9 * time.Second)
	branch := s.want(s.refresh(c[0]), 200, "").text("refresh_token")
	if branch == c[1] || branch == c[2] {
		t.Fatalf("no new branch: %q", branch)
	}
	s.want(s.refresh(c[2]), 200, "")
	s.want(s.refresh(branch), 200, "")
}

func TestRefreshOlderAfterWindowEndsFamily(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("b@example.com", "secret-1"), 200, "")
	other := s.want(s.login("b@example.com", "secret-1"), 200, "")
	c := chain(s, "a@example.com")
	s.clock.Add(10 * time.Second)
	r := s.want(s.refresh(c[0]), 400, "refresh_token_already_used")
	if r.text("msg") != "Invalid Refresh Token: Already Used" {
		t.Errorf("text: %s", r.raw)
	}
	s.want(s.refresh(c[2]), 200, "") // revoking touched it: forgiven for 10 s
	s.clock.Add(11 * time.Second)
	s.want(s.refresh(c[1]), 400, "refresh_token_already_used")
	s.clock.Add(11 * time.Second)
	s.want(s.refresh(c[2]), 400, "refresh_token_already_used")
	s.want(s.refresh(other.text("refresh_token")), 200, "")
}

func TestRefreshInParallelGivesOneToken(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	first := s.want(s.login("a@example.com", "secret-1"), 200, "").text("refresh_token")
	var wg sync.WaitGroup
	got := make([]reply, 6)
	for i := range got {
		wg.Go(func() { got[i] = s.refresh(first) })
	}
	wg.Wait()
	for _, r := range got {
		if r.status != 200 || r.text("refresh_token") != got[0].text("refresh_token") {
			t.Fatalf("six refreshes of one token differ: %s", r.raw)
		}
	}
}

func TestRefreshKeepsSessionAndIsSignedAnew(t *testing.T) {
	s := newStack(t, func(o *auth.Options) { o.TokenLife = 5 * time.Second })
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	in := s.want(s.login("a@example.com", "secret-1"), 200, "")
	s.clock.Add(5 * time.Second)
	s.want(s.call("GET", "/user", nil, bearer(in.text("access_token"))...), 403, "bad_jwt")
	r := s.want(s.refresh(in.text("refresh_token")), 200, "")
	s.want(s.call("GET", "/user", nil, bearer(r.text("access_token"))...), 200, "")
	if a, b := in.header.Get("Sb-Auth-Session-Id"), r.header.Get("Sb-Auth-Session-Id"); a != b {
		t.Errorf("session changed from %s to %s", a, b)
	}
	if _, ok := r.body["weak_password"]; ok {
		t.Errorf("weak_password belongs to password sign-ins: %s", r.raw)
	}
}

func TestLogoutScopes(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	login := func() reply { return s.want(s.login("a@example.com", "secret-1"), 200, "") }
	alive := func(r reply) bool { return s.refresh(r.text("refresh_token")).status == 200 }
	out := func(r reply, scope string) reply {
		return s.call("POST", "/logout"+scope, nil, bearer(r.text("access_token"))...)
	}

	a, b := login(), login()
	s.want(out(a, "?scope=sideways"), 400, "validation_failed")
	if r := s.want(out(a, "?scope=local"), 204, ""); r.raw != "" {
		t.Errorf("body: %q", r.raw)
	}
	if alive(a) || !alive(b) {
		t.Error("local must end this session only")
	}
	s.want(s.refresh(a.text("refresh_token")), 400, "refresh_token_not_found")
	s.want(out(a, ""), 403, "session_not_found")
	s.want(s.call("GET", "/user", nil, bearer(a.text("access_token"))...), 403, "session_not_found")

	c := login()
	s.want(out(c, "?scope=others"), 204, "")
	if alive(b) || !alive(c) {
		t.Error("others must end all sessions but this")
	}
	d := login()
	s.want(out(d, ""), 204, "")
	if alive(c) || alive(d) {
		t.Error("global is the default and ends all sessions")
	}
}

func TestBadTokens(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	in := s.want(s.login("a@example.com", "secret-1"), 200, "")
	anon, err := token.AnonKey([]byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	forged, err := token.Sign([]byte("another"), token.Claims{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tok := range map[string]string{"garbage": "abc.def", "forged": forged, "anon key": anon} {
		r := s.want(s.call("GET", "/user", nil, bearer(tok)...), 403, "bad_jwt")
		if name == "anon key" && r.text("msg") != "invalid claim: missing sub claim" {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
	if _, err := s.pool.Exec(context.Background(), `DELETE FROM auth.users`); err != nil {
		t.Fatal(err)
	}
	s.want(s.call("GET", "/user", nil, bearer(in.text("access_token"))...), 403, "user_not_found")
}

func TestDatabaseDown(t *testing.T) {
	s := newStack(t, nil)
	s.pool.Close()
	r := s.want(s.login("a@example.com", "secret-1"), 500, "unexpected_failure")
	if r.text("error_id") == "" {
		t.Errorf("no error_id: %s", r.raw)
	}
	s.want(s.refresh("abcdefgh2345"), 500, "unexpected_failure")
}
