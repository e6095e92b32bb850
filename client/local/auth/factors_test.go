package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"github.com/loratop/loratop/client/local/token"
)

// enrolled is a factor that waits for its first code.
type enrolled struct{ id, secret string }

func (s *stack) enroll(tok, name string) enrolled {
	s.t.Helper()
	r := s.want(s.call("POST", "/factors", creds{"factor_type": "totp", "friendly_name": name}, bearer(tok)...), 200, "")
	t, _ := r.body["totp"].(map[string]any)
	if uri, _ := t["uri"].(string); !strings.HasPrefix(uri, "otpauth://totp/") || !strings.HasPrefix(t["qr_code"].(string), "<svg") {
		s.t.Fatalf("totp: %v", t)
	}
	return enrolled{r.text("id"), t["secret"].(string)}
}

func (s *stack) challenge(tok, factor string) string {
	s.t.Helper()
	r := s.want(s.call("POST", "/factors/"+factor+"/challenge", nil, bearer(tok)...), 200, "")
	if r.body["expires_at"] != float64(s.clock.Now().Unix()+300) {
		s.t.Errorf("expires_at: %s", r.raw)
	}
	return r.text("id")
}

func (s *stack) code(f enrolled) string {
	s.t.Helper()
	c, err := totp.GenerateCode(f.secret, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *stack) verifyFactor(tok string, f enrolled, challenge, code string) reply {
	s.t.Helper()
	return s.call("POST", "/factors/"+f.id+"/verify", creds{"challenge_id": challenge, "code": code}, bearer(tok)...)
}

func TestSecondFactor(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	other := s.want(s.login("a@example.com", "secret-1"), 200, "")
	in := s.want(s.login("a@example.com", "secret-1"), 200, "")
	tok := in.text("access_token")
	f := s.enroll(tok, "phone")
	s.want(s.call("POST", "/factors", creds{"factor_type": "totp", "friendly_name": "phone"}, bearer(tok)...), 422, "mfa_factor_name_conflict")
	ch := s.challenge(tok, f.id)
	s.want(s.verifyFactor(tok, f, ch, wrong(s.code(f))), 422, "mfa_verification_failed")
	up := s.want(s.verifyFactor(tok, f, ch, s.code(f)), 200, "")
	s.want(s.verifyFactor(tok, f, ch, s.code(f)), 422, "mfa_ip_address_mismatch")
	s.want(s.verifyFactor(tok, f, uuid.NewString(), s.code(f)), 422, "mfa_factor_not_found")
	s.want(s.call("POST", "/factors/"+uuid.NewString()+"/challenge", nil, bearer(tok)...), 404, "mfa_factor_not_found")
	s.want(s.call("POST", "/factors/x/challenge", nil, bearer(tok)...), 404, "validation_failed")

	claims, err := token.Parse([]byte(testSecret), up.text("access_token"), s.clock.Now())
	if err != nil || claims.Text("aal") != "aal2" || claims.Text("session_id") != in.header.Get("Sb-Auth-Session-Id") || len(claims["amr"].([]any)) != 2 {
		t.Errorf("claims %v, %v", claims, err)
	}
	if got := s.want(s.refresh(in.text("refresh_token")), 200, "").text("refresh_token"); got != up.text("refresh_token") {
		t.Errorf("the old token is the parent of the new one, but gives %q", got)
	}
	s.want(s.refresh(other.text("refresh_token")), 400, "refresh_token_not_found") // aal1 sessions end

	again := s.want(s.refresh(up.text("refresh_token")), 200, "")
	if c, _ := token.Verify([]byte(testSecret), again.text("access_token")); c.Text("aal") != "aal2" {
		t.Errorf("refresh loses the level: %v", c)
	}
}

func TestLevelsOfAssurance(t *testing.T) {
	s := newStack(t, nil)
	s.want(s.signup("a@example.com", "secret-1"), 200, "")
	first := s.want(s.login("a@example.com", "secret-1"), 200, "").text("access_token")
	f := s.enroll(first, "phone")
	high := s.want(s.verifyFactor(first, f, s.challenge(first, f.id), s.code(f)), 200, "").text("access_token")
	in := s.want(s.login("a@example.com", "secret-1"), 200, "")
	low := in.text("access_token")
	if u := in.body["user"].(map[string]any); u["factors"].([]any)[0].(map[string]any)["status"] != "verified" {
		t.Errorf("the user must show the factor: %v", u)
	}
	s.want(s.call("POST", "/factors", creds{"factor_type": "totp", "friendly_name": "two"}, bearer(low)...), 403, "insufficient_aal")
	s.want(s.call("PUT", "/user", creds{"password": "secret-2"}, bearer(low)...), 401, "insufficient_aal")
	s.want(s.call("DELETE", "/factors/"+f.id, nil, bearer(low)...), 422, "insufficient_aal")
	ch := s.challenge(low, f.id)
	s.clock.Add(5*time.Minute + time.Second)
	s.want(s.verifyFactor(low, f, ch, s.code(f)), 422, "mfa_challenge_expired")
	if r := s.want(s.call("DELETE", "/factors/"+f.id, nil, bearer(high)...), 200, ""); r.text("id") != f.id {
		t.Errorf("%s", r.raw)
	}
	s.want(s.call("PUT", "/user", creds{"password": "secret-2"}, bearer(low)...), 200, "")
}
