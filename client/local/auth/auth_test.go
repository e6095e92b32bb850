package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/token"
)

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type stack struct {
	t      *testing.T
	url    string
	pool   *pgxpool.Pool
	server *auth.Server
	clock  *clock

	far *far // nil: in this process
}

const testSecret = "super-secret-jwt-token-with-at-least-32-characters"

// newStack serves Auth over HTTP on a database of its own.
func newStack(t *testing.T, change func(*auth.Options)) *stack {
	t.Helper()
	t.Parallel()
	s := &stack{t: t, pool: database(t), clock: &clock{at: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}}
	o := auth.Options{Pool: s.pool, Secret: []byte(testSecret), BaseURL: "http://127.0.0.1:1", Autoconfirm: true,
		BcryptCost: bcrypt.MinCost, Now: s.clock.Now}
	if change != nil {
		change(&o)
	}
	s.server = auth.New(o)
	srv := httptest.NewServer(s.server)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// reply is an answer with its JSON body.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (r reply) text(key string) string {
	s, _ := r.body[key].(string)
	return s
}

func (s *stack) call(method, path string, body any, headers ...string) reply {
	s.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(s.far.there(b))
	default:
		j, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		in = strings.NewReader(s.far.there(string(j)))
	}
	req, err := http.NewRequestWithContext(context.Background(), method, s.url+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.far != nil {
		req.Header.Set("apikey", s.far.Key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	out := reply{status: res.StatusCode, header: res.Header, raw: s.far.back(string(b))}
	_ = json.Unmarshal([]byte(out.raw), &out.body)
	return out
}

func bearer(tok string) []string { return []string{"Authorization", "Bearer " + tok} }

// want asserts a status and, for failures, the error code in body and header.
func (s *stack) want(r reply, status int, code string) reply {
	s.t.Helper()
	if r.status != status {
		s.t.Fatalf("status %d, want %d: %s", r.status, status, r.raw)
	}
	if code != "" && (r.text("error_code") != code || r.header.Get("X-Sb-Error-Code") != code || r.body["code"] != float64(status)) {
		s.t.Fatalf("want error %q: %s (header %q)", code, r.raw, r.header.Get("X-Sb-Error-Code"))
	}
	return r
}

type creds map[string]any

func (s *stack) signup(email, password string) reply {
	s.t.Helper()
	return s.call("POST", "/signup", creds{"email": email, "password": password})
}

func (s *stack) login(email, password string) reply {
	s.t.Helper()
	return s.call("POST", "/token?grant_type=password", creds{"email": email, "password": password})
}

func (s *stack) refresh(tok string) reply {
	s.t.Helper()
	return s.call("POST", "/token?grant_type=refresh_token", creds{"refresh_token": tok})
}

func TestSignupAndPassword(t *testing.T) {
	s := newStack(t, nil)
	up := s.want(s.signup("Alice@Example.com", "secret-1"), 200, "")
	if up.text("token_type") != "bearer" || up.text("refresh_token") == "" || up.body["expires_in"] != 3600.0 {
		t.Fatalf("session: %s", up.raw)
	}
	in := s.want(s.login(" ALICE@example.com", "secret-1"), 200, "")
	if v, ok := in.body["weak_password"]; !ok || v != nil {
		t.Errorf("weak_password must be there and null: %s", in.raw)
	}
	u := in.body["user"].(map[string]any)
	if u["email"] != "alice@example.com" || u["role"] != "authenticated" || len(u["identities"].([]any)) != 1 {
		t.Errorf("user: %v", u)
	}
	if in.header.Get("Sb-Auth-User-Id") != u["id"] || in.header.Get("Sb-Auth-Session-Id") == "" {
		t.Errorf("headers: %v", in.header)
	}
	c, err := token.Parse([]byte(testSecret), in.text("access_token"), s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if c.Text("sub") != u["id"] || c.Text("aud") != "authenticated" || c.Text("aal") != "aal1" ||
		c.Text("session_id") != in.header.Get("Sb-Auth-Session-Id") || c.Text("iss") != "http://127.0.0.1:1/auth/v1" {
		t.Errorf("claims: %v", c)
	}
	if got := fmt.Sprint(c["amr"]); got != fmt.Sprintf("[map[method:password timestamp:%d]]", s.clock.Now().Unix()) {
		t.Errorf("amr: %s", got)
	}
	me := s.want(s.call("GET", "/user", nil, bearer(in.text("access_token"))...), 200, "")
	if me.text("id") != u["id"] {
		t.Errorf("me: %s", me.raw)
	}
}

func TestPasswordIsBcrypt(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	var hash string
	if err := s.pool.QueryRow(context.Background(), `SELECT encrypted_password FROM auth.users WHERE email = 'a@example.com'`).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte("secret-1")); err != nil {
		t.Errorf("stored password: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	s := newStack(t, nil)
	refusals(s)
	s.want(s.signup("A@Example.com", "secret-1"), 422, "user_already_exists")
}

func refusals(s *stack) {
	s.enter("a@example.com")
	cases := []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"wrong password", "POST", "/token?grant_type=password", creds{"email": "a@example.com", "password": "no"}, 400, "invalid_credentials"},
		{"unknown user", "POST", "/token?grant_type=password", creds{"email": "nobody@example.com", "password": "secret-1"}, 400, "invalid_credentials"},
		{"empty password", "POST", "/token?grant_type=password", creds{"email": "a@example.com", "password": ""}, 400, "invalid_credentials"},
		{"unknown grant", "POST", "/token?grant_type=magic", creds{}, 400, "invalid_credentials"},
		{"no grant", "POST", "/token", creds{}, 400, "invalid_credentials"},
		{"existing", "POST", "/signup", creds{"email": "a@example.com", "password": "secret-1"}, 422, "user_already_exists"},
		{"short", "POST", "/signup", creds{"email": "x@example.com", "password": "12345"}, 422, "weak_password"},
		{"long", "POST", "/signup", creds{"email": "x@example.com", "password": fmt.Sprintf("%073d", 1)}, 400, "validation_failed"},
		{"bad address", "POST", "/signup", creds{"email": "x", "password": "secret-1"}, 400, "validation_failed"},
		{"named address", "POST", "/signup", creds{"email": "X <x@example.com>", "password": "secret-1"}, 400, "validation_failed"},
		{"bad json", "POST", "/signup", `{"email":`, 400, "bad_json"},
		{"no address", "POST", "/signup", creds{"password": "secret-1"}, 422, "anonymous_provider_disabled"},
		{"too big", "POST", "/signup", `{"email":"` + string(bytes.Repeat([]byte("x"), 1<<20)) + `"}`, 413, "request_entity_too_large"},
		{"no token", "GET", "/user", nil, 401, "no_authorization"},
		{"no token to log out", "POST", "/logout", nil, 401, "no_authorization"},
		{"refresh empty", "POST", "/token?grant_type=refresh_token", creds{"refresh_token": ""}, 400, "validation_failed"},
		{"refresh malformed", "POST", "/token?grant_type=refresh_token", creds{"refresh_token": "not a token"}, 400, "validation_failed"},
		{"refresh unknown", "POST", "/token?grant_type=refresh_token", creds{"refresh_token": "abcdefgh2345"}, 400, "refresh_token_not_found"},
	}
	for _, c := range cases {
		s.t.Run(c.name, func(t *testing.T) {
			s := *s
			s.t = t
			if why := s.far.lacks(c.name); why != "" {
				t.Skip(why)
			}
			s.want(s.call(c.method, c.path, c.body), c.status, c.code)
		})
	}
}

func TestBothErrorShapes(t *testing.T) { bothErrorShapes(newStack(t, nil)) }

func bothErrorShapes(s *stack) {
	t := s.t
	old := s.want(s.login("x@example.com", "y"), 400, "invalid_credentials")
	if old.text("msg") != "Invalid login credentials" {
		t.Errorf("old shape: %s", old.raw)
	}
	r := s.call("POST", "/token?grant_type=password", creds{"email": "x@example.com", "password": "y"}, "X-Supabase-Api-Version", "2024-01-01")
	if r.status != 400 || r.text("code") != "invalid_credentials" || r.text("message") != "Invalid login credentials" ||
		r.header.Get("X-Supabase-Api-Version") != "2024-01-01" || r.header.Get("X-Sb-Error-Code") != "invalid_credentials" {
		t.Errorf("new shape: %d %s %v", r.status, r.raw, r.header)
	}
	weak := s.call("POST", "/signup", creds{"email": "x@example.com", "password": "1"}, "X-Supabase-Api-Version", "2024-01-01")
	if fmt.Sprint(weak.body["weak_password"]) != "map[reasons:[length]]" || weak.header.Get("X-Sb-Error-Code") != "" {
		t.Errorf("weak password: %s %v", weak.raw, weak.header)
	}
	if r := s.call("GET", "/nowhere", nil); r.status != 404 || r.raw != "404 page not found\n" {
		t.Errorf("unknown path: %d %q", r.status, r.raw)
	}
	if r := s.call("DELETE", "/user", nil); r.status != 405 || r.raw != "" || r.header.Get("Allow") != "GET, PUT" {
		t.Errorf("wrong method: %d %q %v", r.status, r.raw, r.header)
	}
}
