package proof_test

import (
	"strings"
	"testing"
)

// The suites of this file's kind say on the wire what the clients hide. They
// hold for the real servers as well: what is expected was measured there.

// exchange is a request and what the answer must have.
type exchange struct {
	name   string
	who    string // "one", "two", "nobody"
	method string
	path   string
	body   any
	header []string // pairs; a value of "" leaves the header out
	status int
	parts  []string // all of them are in the body
	want   []string // pairs: headers of the answer; a value of "" for none
}

// suite are the callers, by the names that exchanges use.
type suite map[string]*caller

func newSuite(t *testing.T) suite {
	t.Helper()
	p := project(t)
	return suite{"one": p.signIn(t, 0), "two": p.signIn(t, 1), "nobody": p.nobody(t)}
}

func (s suite) run(t *testing.T, list []exchange) {
	t.Helper()
	for _, e := range list {
		t.Run(e.name, func(t *testing.T) { s.check(t, e) })
	}
}

func (s suite) check(t *testing.T, e exchange) {
	got := s[e.who].do(e.method, e.path, e.body, e.header...)
	if got.status != e.status {
		t.Errorf("status %d, want %d", got.status, e.status)
	}
	for _, part := range e.parts {
		if part == "" && got.body != "" || !strings.Contains(got.body, part) {
			t.Errorf("the body lacks %s", part)
		}
	}
	for i := 0; i+1 < len(e.want); i += 2 {
		have := got.header.Get(e.want[i])
		if e.want[i+1] == "" && have != "" || !strings.Contains(have, e.want[i+1]) {
			t.Errorf("%s: %q, want %q", e.want[i], have, e.want[i+1])
		}
	}
	if t.Failed() {
		t.Logf("%s %s: %d %v %.2000s", e.method, e.path, got.status, got.header, got.body)
	}
}

func obj(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func code(error string) []string { return []string{`"error_code":"` + error + `"`} }

// TestWireAuth: status and error code of what Auth refuses, in both shapes.
func TestWireAuth(t *testing.T) {
	t.Parallel()
	s := newSuite(t)
	const uuid = "/auth/v1/factors/00000000-0000-4000-8000-000000000000"
	stranger := "no-such-user@example.com"
	newShape := []string{"X-Supabase-Api-Version", "2024-01-01"}
	s.run(t, []exchange{
		{"health", "nobody", "GET", "/auth/v1/health", nil, nil, 200, []string{`"name":"GoTrue"`}, nil},
		{"settings", "nobody", "GET", "/auth/v1/settings", nil, nil, 200, []string{`"mailer_autoconfirm"`, `"external"`}, nil},
		{"wrong password", "nobody", "POST", "/auth/v1/token?grant_type=password", obj("email", s["one"].email, "password", "no"), nil, 400,
			[]string{`"code":400`, `"error_code":"invalid_credentials"`, `"msg":"Invalid login credentials"`}, []string{"X-Sb-Error-Code", "invalid_credentials"}},
		{"wrong password, new shape", "nobody", "POST", "/auth/v1/token?grant_type=password", obj("email", s["one"].email, "password", "no"), newShape, 400,
			[]string{`"code":"invalid_credentials"`, `"message":"Invalid login credentials"`}, newShape},
		{"unknown user", "nobody", "POST", "/auth/v1/token?grant_type=password", obj("email", stranger, "password", "no"), nil, 400, code("invalid_credentials"), nil},
		{"empty password", "nobody", "POST", "/auth/v1/token?grant_type=password", obj("email", s["one"].email, "password", ""), nil, 400, code("invalid_credentials"), nil},
		{"unknown grant", "nobody", "POST", "/auth/v1/token?grant_type=magic", obj(), nil, 400, []string{`"msg":"unsupported_grant_type"`}, nil},
		{"no grant", "nobody", "POST", "/auth/v1/token", obj(), nil, 400, code("invalid_credentials"), nil},
		{"sign-up with a bad address", "nobody", "POST", "/auth/v1/signup", obj("email", "x", "password", "long-enough-1"), nil, 400, code("validation_failed"), nil},
		{"sign-up with bad JSON", "nobody", "POST", "/auth/v1/signup", "{", nil, 400, code("bad_json"), nil},
		{"sign-up with a short password", "nobody", "POST", "/auth/v1/signup", obj("email", stranger, "password", "abc"), nil, 422,
			[]string{`"error_code":"weak_password"`, `"reasons":["length"]`}, nil},
		{"user without a token", "nobody", "GET", "/auth/v1/user", nil, nil, 401, code("no_authorization"), nil},
		{"user with garbage", "nobody", "GET", "/auth/v1/user", nil, []string{"Authorization", "Bearer x.y.z"}, 403, code("bad_jwt"), nil},
		{"user with the key", "nobody", "GET", "/auth/v1/user", nil, []string{"Authorization", "Bearer " + s["one"].key}, 403, []string{`"error_code":"bad_jwt"`, "missing sub claim"}, nil},
		{"user", "one", "GET", "/auth/v1/user", nil, nil, 200, []string{`"id":"` + s["one"].id + `"`, `"aud":"authenticated"`, `"identities":[{`}, nil},
		{"administration by a user", "one", "GET", "/auth/v1/admin/users", nil, nil, 403, code("not_admin"), nil},
		{"empty refresh token", "nobody", "POST", "/auth/v1/token?grant_type=refresh_token", obj("refresh_token", ""), nil, 400, code("validation_failed"), nil},
		{"unknown refresh token", "nobody", "POST", "/auth/v1/token?grant_type=refresh_token", obj("refresh_token", "aaaaaaaaaaaa"), nil, 400, code("refresh_token_not_found"), nil},
		{"code for a stranger", "nobody", "POST", "/auth/v1/otp", obj("email", stranger, "create_user", false), nil, 422, code("otp_disabled"), nil},
		{"code by phone", "nobody", "POST", "/auth/v1/otp", obj("phone", "+15555550100"), nil, 400, code("phone_provider_disabled"), nil},
		{"recovery of a stranger", "nobody", "POST", "/auth/v1/recover", obj("email", stranger), nil, 200, []string{`{}`}, nil},
		{"wrong code", "nobody", "POST", "/auth/v1/verify", obj("type", "email", "email", stranger, "token", "000000"), nil, 403,
			[]string{`"error_code":"otp_expired"`, "Token has expired or is invalid"}, nil},
		{"code of an unknown kind", "nobody", "POST", "/auth/v1/verify", obj("type", "nonsense", "email", stranger, "token", "000000"), nil, 403, code("otp_expired"), nil},
		{"no code", "nobody", "POST", "/auth/v1/verify", obj("type", "email", "email", stranger), nil, 400, code("validation_failed"), nil},
		{"link that is spent", "nobody", "GET", "/auth/v1/verify?type=magiclink&token=x", nil, nil, 303, nil, []string{"Location", "error_code=otp_expired"}},
		{"PKCE with an unknown code", "nobody", "POST", "/auth/v1/token?grant_type=pkce", obj("auth_code", "00000000-0000-4000-8000-000000000000", "code_verifier", strings.Repeat("x", 43)), nil, 404,
			code("flow_state_not_found"), nil},
		{"PKCE without a verifier", "nobody", "POST", "/auth/v1/token?grant_type=pkce", obj("auth_code", "x"), nil, 400, code("validation_failed"), nil},
		{"unknown provider", "nobody", "GET", "/auth/v1/authorize?provider=nonsense", nil, nil, 400, code("validation_failed"), nil},
		{"challenge without a method", "nobody", "GET", "/auth/v1/authorize?provider=github&code_challenge=" + strings.Repeat("x", 43), nil, nil, 400, code("validation_failed"), nil},
		{"sign-out of an unknown scope", "one", "POST", "/auth/v1/logout?scope=x", nil, nil, 400, code("validation_failed"), nil},
		{"sign-out of nobody", "nobody", "POST", "/auth/v1/logout", nil, nil, 401, code("no_authorization"), nil},
		{"factor that is none", "one", "POST", "/auth/v1/factors/x/challenge", obj(), nil, 404, code("validation_failed"), nil},
		{"factor that is unknown", "one", "POST", uuid + "/challenge", obj(), nil, 404, code("mfa_factor_not_found"), nil},
		{"same password", "one", "PUT", "/auth/v1/user", obj("password", project(t).accounts[0].password), nil, 422, code("same_password"), nil},
		{"unknown path", "nobody", "GET", "/auth/v1/nonsense", nil, nil, 404, []string{"404 page not found"}, []string{"Content-Type", "text/plain"}},
		{"unknown method", "nobody", "DELETE", "/auth/v1/token", nil, nil, 405, []string{""}, []string{"Allow", "POST"}},
	})
}
