package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	aliceID = "a11ce000-0000-4000-8000-000000000001"
	bobID   = "b0b00000-0000-4000-8000-000000000002"
	jobA    = "70b00000-0000-4000-8000-000000000001"
	jobB    = "70b00000-0000-4000-8000-000000000002"
	anonKey = "anon-key"
)

// request is one that the fake server got.
type request struct {
	method, path, query, body string
	header                    http.Header
}

// fake is a server that a test programs; it keeps every request.
type fake struct {
	*httptest.Server
	mu   sync.Mutex
	seen []request
}

func newFake(t *testing.T, h http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.seen = append(f.seen, request{r.Method, r.URL.Path, r.URL.RawQuery, string(b), r.Header.Clone()})
		f.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(b)))
		h(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) requests() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.seen...)
}

func (f *fake) count(path string) int {
	n := 0
	for _, r := range f.requests() {
		if strings.HasSuffix(r.path, path) {
			n++
		}
	}
	return n
}

// makeToken is an access token as far as a client can tell.
func makeToken(user string, exp time.Time, serial int) string {
	enc := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return enc(map[string]any{"alg": "HS256"}) + "." +
		enc(map[string]any{"sub": user, "role": "authenticated", "aal": "aal1", "email": "alice@example.com", "exp": exp.Unix(), "n": serial}) + ".sig"
}

func storedFor(user string, ttl time.Duration, serial int) StoredSession {
	exp := time.Now().Add(ttl)
	return StoredSession{AccessToken: makeToken(user, exp, serial), RefreshToken: fmt.Sprintf("refresh-%d", serial),
		ExpiresAt: exp, UserID: user, Email: "alice@example.com"}
}

// signedIn is a client of the fake with Alice's session.
func signedIn(t *testing.T, f *fake, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{URL: f.URL, Key: anonKey, Store: NewMemoryStore()}
	if err := o.Store.Save(context.Background(), storedFor(aliceID, time.Hour, 1)); err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.net.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c
}

// sessionJSON is what GoTrue answers to /token.
func sessionJSON(user string, ttl time.Duration, serial int) string {
	exp := time.Now().Add(ttl)
	return fmt.Sprintf(`{"access_token":%q,"token_type":"bearer","expires_in":%d,"expires_at":%d,"refresh_token":"refresh-%d",
		"user":{"id":%q,"aud":"authenticated","role":"authenticated","email":"alice@example.com","created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z"},"weak_password":null}`,
		makeToken(user, exp, serial), int(ttl.Seconds()), exp.Unix(), serial, user)
}

func reply(w http.ResponseWriter, status int, body string, header ...string) {
	for i := 0; i+1 < len(header); i += 2 {
		w.Header().Set(header[i], header[i+1])
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// wantError asserts code and returns the error.
func wantError(t *testing.T, err error, code models.Code) *models.Error {
	t.Helper()
	e, ok := err.(*models.Error) //nolint:errorlint // every method returns exactly this type
	if !ok {
		t.Fatalf("got %T (%v), want *models.Error with %s", err, err, code)
	}
	if e.Code != code {
		t.Fatalf("got code %s (%v; hint %q; server %q; status %d), want %s", e.Code, e, e.Hint, e.Server, e.Status, code)
	}
	return e
}
