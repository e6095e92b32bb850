package auth_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/auth"
)

func confirming(o *auth.Options) { o.Autoconfirm = false }

// lastMail is the newest mail to the address.
func lastMail(s *stack, to string) auth.Mail {
	s.t.Helper()
	mails := s.server.Mailbox()
	for i := len(mails) - 1; i >= 0; i-- {
		if mails[i].To == to {
			return mails[i]
		}
	}
	s.t.Fatalf("no mail to %s among %d", to, len(mails))
	return auth.Mail{}
}

func TestSignupWithConfirmation(t *testing.T) {
	s := newStack(t, confirming)
	up := s.want(s.signup("a@example.com", "secret-1"), 200, "")
	if up.text("id") == "" || up.text("access_token") != "" || up.text("confirmation_sent_at") == "" {
		t.Fatalf("want the user at top level: %s", up.raw)
	}
	s.want(s.login("a@example.com", "secret-1"), 400, "email_not_confirmed")
	code := lastMail(s, "a@example.com").Code
	s.want(s.call("POST", "/verify", creds{"type": "email", "email": "a@example.com", "token": wrong(code)}), 403, "otp_expired")
	s.want(s.call("POST", "/verify", creds{"type": "signup", "email": "A@example.com", "token": code}), 200, "")
	s.want(s.call("POST", "/verify", creds{"type": "signup", "email": "a@example.com", "token": code}), 403, "otp_expired")
	s.want(s.login("a@example.com", "secret-1"), 200, "")

	fake := s.want(s.signup("a@example.com", "secret-2"), 200, "")
	if fake.text("id") == up.text("id") || fake.text("role") != "" || len(fake.body["identities"].([]any)) != 0 {
		t.Errorf("an existing address must be hidden: %s", fake.raw)
	}
	s.want(s.login("a@example.com", "secret-2"), 400, "invalid_credentials")
}

// wrong is another code than c.
func wrong(c string) string {
	if c == "000000" {
		return "000001"
	}
	return "000000"
}

func TestOneTimeCodes(t *testing.T) {
	s := newStack(t, confirming)
	s.want(s.call("POST", "/otp", creds{"email": "new@example.com", "create_user": false}), 422, "otp_disabled")
	s.want(s.call("POST", "/otp", creds{"phone": "+1"}), 400, "phone_provider_disabled")
	if r := s.want(s.call("POST", "/otp", creds{"email": "new@example.com"}), 200, ""); r.raw != "{}" {
		t.Errorf("body %q", r.raw)
	}
	first := lastMail(s, "new@example.com")
	if len(first.Code) != 6 || strings.Trim(first.Code, "0123456789") != "" {
		t.Fatalf("code %q", first.Code)
	}
	s.clock.Add(time.Second)
	r := s.want(s.call("POST", "/otp", creds{"email": "new@example.com"}), 429, "over_email_send_rate_limit")
	if r.text("msg") != "For security purposes, you can only request this after 59 seconds." || r.header.Get("Retry-After") != "" {
		t.Errorf("limit: %s %v", r.raw, r.header)
	}
	s.clock.Add(time.Minute)
	s.want(s.call("POST", "/otp", creds{"email": "new@example.com"}), 200, "")
	second := lastMail(s, "new@example.com")
	if first.Code != second.Code {
		s.want(s.call("POST", "/verify", creds{"type": "email", "email": "new@example.com", "token": first.Code}), 403, "otp_expired")
	}
	s.want(s.call("POST", "/verify", creds{"type": "nonsense", "email": "new@example.com", "token": second.Code}), 403, "otp_expired")
	s.want(s.call("POST", "/verify", creds{"type": "email", "email": "new@example.com"}), 400, "validation_failed")
	in := s.want(s.call("POST", "/verify", creds{"type": "email", "email": "new@example.com", "token": second.Code}), 200, "")
	s.want(s.call("GET", "/user", nil, bearer(in.text("access_token"))...), 200, "")
}

func TestCodesExpire(t *testing.T) {
	s := newStack(t, confirming)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	s.clock.Add(time.Hour + time.Second)
	s.want(s.call("POST", "/verify", creds{"type": "email", "email": "a@example.com", "token": lastMail(s, "a@example.com").Code}), 403, "otp_expired")
}

func TestRecoveryLink(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	for _, who := range []string{"a@example.com", "nobody@example.com"} {
		if r := s.want(s.call("POST", "/recover", creds{"email": who}), 200, ""); r.raw != "{}" {
			t.Errorf("%s: %q", who, r.raw)
		}
	}
	link, err := url.Parse(lastMail(s, "a@example.com").Link)
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link.Path, "/auth/v1") + "?" + link.RawQuery
	for i, wantKey := range []string{"access_token", "error_code"} {
		r := s.call("GET", path, nil)
		loc, err := url.Parse(r.header.Get("Location"))
		if r.status != 303 || err != nil {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		frag, err := url.ParseQuery(loc.Fragment)
		if err != nil || frag.Get(wantKey) == "" {
			t.Fatalf("use %d: want %s in %q", i+1, wantKey, loc)
		}
	}
	evil := s.call("GET", "/verify?type=recovery&token=x&redirect_to=https://evil.example/", nil)
	if loc := evil.header.Get("Location"); !strings.HasPrefix(loc, "http://127.0.0.1:1#error=access_denied") {
		t.Errorf("redirect to a stranger: %s", loc)
	}
}

func TestChangeAccount(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	s.want(s.signup("b@example.com", "secret-1"), 200, "")
	other := s.want(s.login("a@example.com", "secret-1"), 200, "")
	auth := bearer(s.want(s.login("a@example.com", "secret-1"), 200, "").text("access_token"))
	s.want(s.call("PUT", "/user", creds{"password": "secret-1"}, auth...), 422, "same_password")
	s.want(s.call("PUT", "/user", creds{"password": "x"}, auth...), 422, "weak_password")
	s.want(s.call("PUT", "/user", creds{"email": "B@example.com"}, auth...), 422, "email_exists")
	r := s.want(s.call("PUT", "/user", creds{"data": creds{"theme": "dark", "email_verified": nil}}, auth...), 200, "")
	meta := r.body["user_metadata"].(map[string]any)
	if _, kept := meta["email_verified"]; kept || meta["theme"] != "dark" || meta["sub"] == nil {
		t.Errorf("metadata: %v", meta)
	}
	s.want(s.call("PUT", "/user", creds{"password": "secret-2"}, auth...), 200, "")
	s.want(s.call("GET", "/user", nil, auth...), 200, "")
	s.want(s.refresh(other.text("refresh_token")), 400, "refresh_token_not_found")
	s.want(s.login("a@example.com", "secret-1"), 400, "invalid_credentials")
	s.want(s.call("PUT", "/user", creds{"email": "c@example.com"}, auth...), 200, "")
	s.want(s.login("c@example.com", "secret-2"), 200, "")
}

func TestRateLimit(t *testing.T) {
	s := newStack(t, func(o *auth.Options) { o.RateLimit = 3 })
	for range 3 {
		s.want(s.login("a@example.com", "secret-1"), 400, "invalid_credentials")
	}
	r := s.want(s.login("a@example.com", "secret-1"), 429, "over_request_rate_limit")
	if r.text("msg") != "Request rate limit reached" || r.header.Get("Retry-After") != "" {
		t.Errorf("%s %v", r.raw, r.header)
	}
	s.clock.Add(4 * time.Second)
	s.want(s.login("a@example.com", "secret-1"), 400, "invalid_credentials")
}

func TestOpenPages(t *testing.T) {
	s := newStack(t, nil)
	if r := s.want(s.call("GET", "/health", nil), 200, ""); r.text("name") != "GoTrue" {
		t.Errorf("health: %s", r.raw)
	}
	r := s.want(s.call("GET", "/settings", nil), 200, "")
	ext, _ := r.body["external"].(map[string]any)
	if r.body["mailer_autoconfirm"] != true || ext["email"] != true || ext["github"] != false {
		t.Errorf("settings: %s", r.raw)
	}
}
