package auth_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/token"
)

// fact is one measured answer of Supabase Auth.
type fact struct {
	name, method, path string
	body               any
	header             []string
	status             int
	code               string   // error code in body and header, "" for none
	parts              []string // contained in the body
}

// facts runs them one by one. Those that a project elsewhere cannot be asked are skipped there by name.

func (s *stack) facts(list []fact) {
	for _, f := range list {
		s.t.Run(f.name, func(t *testing.T) {
			s := *s
			s.t = t
			if why := s.far.lacks(f.name); why != "" {
				t.Skip(why)
			}
			r := s.want(s.call(f.method, f.path, f.body, f.header...), f.status, f.code)
			for _, p := range f.parts {
				if !strings.Contains(r.raw, p) {
					t.Errorf("the body lacks %q: %s", p, r.raw)
				}
			}
			if f.status == 429 && r.header.Get("Retry-After") != "" {
				t.Error("Retry-After was never seen")
			}
		})
	}
}

// signed is the header of a token made by hand; where the secret is not known, of none that can be good.
func (s *stack) signed(claims token.Claims) []string {
	s.t.Helper()
	secret := testSecret
	if s.far != nil && s.far.Secret != "" {
		secret = s.far.Secret
	}
	tok, err := token.Sign([]byte(secret), claims)
	if err != nil {
		s.t.Fatal(err)
	}
	return bearer(tok)
}

// TestFactsOfErrors goes through the measured table of errors, row by row.
func TestFactsOfErrors(t *testing.T) { factsOfErrors(newStack(t, nil)) }

func factsOfErrors(s *stack) {
	in := s.enter("a@example.com")
	out := s.want(s.login("a@example.com", "secret-1"), 200, "")
	s.want(s.call("POST", "/logout?scope=local", nil, bearer(out.text("access_token"))...), 204, "")
	me := in.body["user"].(map[string]any)["id"].(string)
	mine := bearer(in.text("access_token"))
	expired := s.signed(token.Claims{"sub": me, "exp": s.time().Unix()}) // no leeway
	forged, err := token.Sign([]byte("another"), token.Claims{"sub": me})
	if err != nil {
		s.t.Fatal(err)
	}
	gone := s.ended()
	password := func(email, pw string) creds { return creds{"email": email, "password": pw} }
	const pw, refresh = "/token?grant_type=password", "/token?grant_type=refresh_token"
	s.facts([]fact{
		{"existing", "POST", "/signup", password("a@example.com", "secret-1"), nil, 422, "user_already_exists", nil},
		{"short password", "POST", "/signup", password("b@example.com", "12345"), nil, 422, "weak_password", []string{`"weak_password":{"reasons":["length"]}`}},
		{"bad e-mail", "POST", "/signup", password("b", "secret-1"), nil, 400, "validation_failed", nil},
		{"bad JSON", "POST", "/signup", "{", nil, 400, "bad_json", nil},
		{"no e-mail", "POST", "/signup", creds{}, nil, 422, "anonymous_provider_disabled", nil},
		{"wrong password", "POST", pw, password("a@example.com", "no"), nil, 400, "invalid_credentials", []string{`"msg":"Invalid login credentials"`}},
		{"unknown user", "POST", pw, password("x@example.com", "no"), nil, 400, "invalid_credentials", []string{`"msg":"Invalid login credentials"`}},
		{"empty password", "POST", pw, password("a@example.com", ""), nil, 400, "invalid_credentials", nil},
		{"unknown grant", "POST", "/token?grant_type=x", creds{}, nil, 400, "invalid_credentials", []string{`"msg":"unsupported_grant_type"`}},
		{"no grant", "POST", "/token", creds{}, nil, 400, "invalid_credentials", []string{`"msg":"unsupported_grant_type"`}},
		{"no token", "GET", "/user", nil, nil, 401, "no_authorization", nil},
		{"expired", "GET", "/user", nil, expired, 403, "bad_jwt", []string{"token is expired"}},
		{"expired, to log out", "POST", "/logout", nil, expired, 403, "bad_jwt", []string{"token is expired"}},
		{"garbage", "GET", "/user", nil, bearer("x"), 403, "bad_jwt", []string{"malformed"}},
		{"forged", "GET", "/user", nil, bearer(forged), 403, "bad_jwt", []string{"signature is invalid"}},
		{"anon key", "GET", "/user", nil, s.anon(), 403, "bad_jwt", []string{"invalid claim: missing sub claim"}},
		{"session that ended", "GET", "/user", nil, bearer(out.text("access_token")), 403, "session_not_found", nil},
		{"second logout", "POST", "/logout", nil, bearer(out.text("access_token")), 403, "session_not_found", nil},
		{"user that is gone", "GET", "/user", nil, bearer(gone), 403, "user_not_found", nil},
		{"same password", "PUT", "/user", creds{"password": "secret-1"}, mine, 422, "same_password", nil},
		{"administration", "GET", "/admin/users", nil, mine, 403, "not_admin", nil},
		{"bad scope", "POST", "/logout?scope=x", nil, mine, 400, "validation_failed", nil},
		{"logout without a token", "POST", "/logout", nil, nil, 401, "no_authorization", nil},
		{"refresh with nothing", "POST", refresh, creds{"refresh_token": ""}, nil, 400, "validation_failed", []string{`"msg":"Refresh token is not valid"`}},
		{"refresh with garbage", "POST", refresh, creds{"refresh_token": "???"}, nil, 400, "validation_failed", nil},
		{"refresh with an unknown token", "POST", refresh, creds{"refresh_token": "aaaaaaaaaaaa"}, nil, 400, "refresh_token_not_found", nil},
		{"refresh after logout", "POST", refresh, creds{"refresh_token": out.text("refresh_token")}, nil, 400, "refresh_token_not_found", nil},
		{"code for a stranger", "POST", "/otp", creds{"email": "x@example.com", "create_user": false}, nil, 422, "otp_disabled", []string{"Signups not allowed for otp"}},
		{"code by phone", "POST", "/otp", creds{"phone": "+1"}, nil, 400, "phone_provider_disabled", nil},
		{"wrong code", "POST", "/verify", creds{"type": "email", "email": "a@example.com", "token": "000000"}, nil, 403, "otp_expired", []string{"Token has expired or is invalid"}},
		{"wrong hash", "POST", "/verify", creds{"type": "email", "token_hash": "x"}, nil, 403, "otp_expired", nil},
		{"code of no kind", "POST", "/verify", creds{"type": "x", "email": "a@example.com", "token": "000000"}, nil, 403, "otp_expired", nil},
		{"no code", "POST", "/verify", creds{"type": "email", "email": "a@example.com"}, nil, 400, "validation_failed", nil},
		{"recovery of a stranger", "POST", "/recover", creds{"email": "x@example.com"}, nil, 200, "", []string{"{}"}},
		{"challenge of a factor that is none", "POST", "/factors/x/challenge", nil, mine, 404, "validation_failed", nil},
		{"challenge of an unknown factor", "POST", "/factors/" + uuid.NewString() + "/challenge", nil, mine, 404, "mfa_factor_not_found", nil},
		{"health", "GET", "/health", nil, nil, 200, "", []string{`"name":"GoTrue"`, `"version":"`, `"description":"`}},
		{"keys", "GET", "/.well-known/jwks.json", nil, nil, 200, "", []string{`{"keys":[]}`}},
		{"unknown path", "GET", "/x", nil, nil, 404, "", []string{"404 page not found"}},
	})
}

// TestFactsOfPKCE goes through what was measured of /authorize and its grant.
func TestFactsOfPKCE(t *testing.T) { factsOfPKCE(newStack(t, withGitHub)) }

func factsOfPKCE(s *stack) {
	authorize := func(pairs ...string) string {
		q := url.Values{"provider": {"github"}, "code_challenge": {s256(verifier)}, "code_challenge_method": {"s256"}}
		for i := 0; i < len(pairs); i += 2 {
			if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
				q.Del(pairs[i])
			}
		}
		return "/authorize?" + q.Encode()
	}
	const grant = "/token?grant_type=pkce"
	pkce := func(text, method string) creds {
		return creds{"email": "a@example.com", "code_challenge": text, "code_challenge_method": method}
	}
	s.facts([]fact{
		{"s256", "GET", authorize(), nil, nil, 302, "", nil},
		{"plain", "GET", authorize("code_challenge_method", "plain"), nil, nil, 302, "", nil},
		{"no PKCE", "GET", authorize("code_challenge_method", "", "code_challenge", ""), nil, nil, 302, "", nil},
		{"the longest", "GET", authorize("code_challenge", strings.Repeat("a", 128)), nil, nil, 302, "", nil},
		{"skip_http_redirect is not heard", "GET", authorize("skip_http_redirect", "true"), nil, nil, 302, "", nil},
		{"unknown provider", "GET", authorize("provider", "x"), nil, nil, 400, "validation_failed", nil},
		{"no provider", "GET", authorize("provider", ""), nil, nil, 400, "validation_failed", nil},
		{"disabled provider", "GET", authorize("provider", "gitlab"), nil, nil, 400, "validation_failed", []string{"provider is not enabled"}},
		{"bad method", "GET", authorize("code_challenge_method", "md5"), nil, nil, 400, "validation_failed", nil},
		{"too short", "GET", authorize("code_challenge", strings.Repeat("a", 42)), nil, nil, 400, "validation_failed", nil},
		{"too long", "GET", authorize("code_challenge", strings.Repeat("a", 129)), nil, nil, 400, "validation_failed", nil},
		{"of other letters", "GET", authorize("code_challenge", strings.Repeat("/", 43)), nil, nil, 400, "validation_failed", nil},
		{"no method", "GET", authorize("code_challenge_method", ""), nil, nil, 400, "validation_failed", nil},
		{"no challenge", "GET", authorize("code_challenge", ""), nil, nil, 400, "validation_failed", nil},
		{"unknown code", "POST", grant, creds{"auth_code": uuid.NewString(), "code_verifier": verifier}, nil, 404, "flow_state_not_found", nil},
		{"code that is none", "POST", grant, creds{"auth_code": "x", "code_verifier": verifier}, nil, 404, "flow_state_not_found", nil},
		{"no verifier", "POST", grant, creds{"auth_code": uuid.NewString()}, nil, 400, "validation_failed", nil},
		{"no code", "POST", grant, creds{"code_verifier": verifier}, nil, 400, "validation_failed", nil},
		{"mail, bad method", "POST", "/otp", pkce(s256(verifier), "x"), nil, 400, "validation_failed", nil},
		{"mail, no method", "POST", "/recover", pkce(s256(verifier), ""), nil, 400, "validation_failed", nil},
		{"settings", "GET", "/settings", nil, nil, 200, "", []string{`"github":true`, `"gitlab":false`}},
	})
}

// TestFactsAfterTheft: v1 tokens leave the access token alone when the family ends.
func TestFactsAfterTheft(t *testing.T) {
	s := newStack(t, nil)
	c := chain(s, "a@example.com")
	last := s.want(s.refresh(c[2]), 200, "")
	s.clock.Add(10 * time.Second)
	s.want(s.refresh(c[0]), 400, "refresh_token_already_used")
	s.want(s.call("GET", "/user", nil, bearer(last.text("access_token"))...), 200, "")
}

func TestFactsOfNoDatabase(t *testing.T) {
	s := newStack(t, nil)
	in := s.want(s.signup("a@example.com", "secret-1"), 200, "")
	s.pool.Close()
	s.facts([]fact{
		{"sign-in", "POST", "/token?grant_type=password", creds{"email": "a@example.com", "password": "x"}, nil, 500, "unexpected_failure", []string{`"error_id":"`}},
		{"refresh", "POST", "/token?grant_type=refresh_token", creds{"refresh_token": in.text("refresh_token")}, nil, 500, "unexpected_failure", []string{`"error_id":"`}},
		{"user", "GET", "/user", nil, bearer(in.text("access_token")), 500, "unexpected_failure", []string{`"error_id":"`}},
	})
}

// TestFactsOfLimits: a burst of 30, then 429, for each kind of request; a wait
// gives back what the real server's rates do.
func TestFactsOfLimits(t *testing.T) {
	s := newStack(t, func(o *auth.Options) { o.RateLimit = 30 })
	const limit = `"msg":"Request rate limit reached"`
	spent := func(name, method, path string, body any, status int, per time.Duration, header ...string) {
		t.Helper()
		for range 30 {
			s.want(s.call(method, path, body, header...), status, "")
		}
		s.facts([]fact{{name, method, path, body, header, 429, "over_request_rate_limit", []string{limit}}})
		named := s.call(method, path, body, append([]string{"X-Supabase-Api-Version", "2024-01-01"}, header...)...)
		if named.status != 429 || named.raw != `{"code":"over_request_rate_limit","message":"Request rate limit reached"}` {
			t.Errorf("%s: %d %s", name, named.status, named.raw)
		}
		s.clock.Add(per - time.Millisecond)
		s.want(s.call(method, path, body, header...), 429, "over_request_rate_limit")
		s.clock.Add(2 * time.Millisecond)
		s.want(s.call(method, path, body, header...), status, "")
		s.want(s.call(method, path, body, header...), 429, "over_request_rate_limit")
	}
	mine := bearer(s.want(s.signup("a@example.com", "secret-1"), 200, "").text("access_token"))
	stranger := creds{"email": "x@example.com", "create_user": false}
	spent("grant", "POST", "/token?grant_type=refresh_token", creds{"refresh_token": "aaaaaaaaaaaa"}, 400, 2*time.Second)
	spent("code", "POST", "/verify", creds{"type": "email", "email": "a@example.com", "token": "000000"}, 403, 10*time.Second)
	s.want(s.call("GET", "/verify?type=signup&token=x", nil), 429, "over_request_rate_limit") // links count as codes
	spent("mailed code", "POST", "/otp", stranger, 422, 10*time.Second)
	spent("recovery", "POST", "/recover", stranger, 200, 10*time.Second)
	spent("again", "POST", "/resend", creds{"email": "x@example.com", "type": "signup"}, 200, 10*time.Second)
	spent("change of a user", "PUT", "/user", creds{"password": "secret-1"}, 422, 10*time.Second, mine...)
	spent("sign-up", "POST", "/signup", creds{"email": "b"}, 400, 10*time.Second)
	spent("challenge", "POST", "/factors/"+uuid.NewString()+"/challenge", nil, 404, 4*time.Second, mine...)
	s.facts([]fact{
		{"no grant is no request", "POST", "/token?grant_type=x", creds{}, nil, 400, "invalid_credentials", nil},
		{"reading is not limited", "GET", "/user", nil, mine, 200, "", nil},
		{"nor is leaving", "POST", "/logout?scope=others", nil, mine, 204, "", nil},
	})
}

// TestFactsOfMailLimits: one mail a minute for an address, thirty an hour for all.
func TestFactsOfMailLimits(t *testing.T) {
	s := newStack(t, func(o *auth.Options) { o.RateLimit, o.Autoconfirm = 1000, false })
	code := func(n int) creds { return creds{"email": fmt.Sprintf("m%d@example.com", n)} }
	s.want(s.call("POST", "/otp", code(0)), 200, "")
	s.facts([]fact{{"too early", "POST", "/otp", code(0), nil, 429, "over_email_send_rate_limit",
		[]string{`"msg":"For security purposes, you can only request this after 60 seconds."`}}})
	for n := 1; n < 30; n++ {
		s.want(s.call("POST", "/otp", code(n)), 200, "")
	}
	s.facts([]fact{{"too many", "POST", "/otp", code(30), nil, 429, "over_email_send_rate_limit", []string{`"msg":"email rate limit exceeded"`}}})
	s.clock.Add(time.Hour)
	s.want(s.call("POST", "/otp", code(30)), 200, "")
}

func TestNoLimitUnlessAsked(t *testing.T) {
	s := newStack(t, nil)
	for range 100 {
		s.want(s.refresh("aaaaaaaaaaaa"), 400, "refresh_token_not_found")
	}
}
