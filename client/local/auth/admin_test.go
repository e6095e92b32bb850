package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/loratop/loratop/client/local/token"
)

func (s *stack) service() []string {
	s.t.Helper()
	if s.far != nil {
		return bearer(s.far.ServiceKey)
	}
	key, err := token.ServiceKey([]byte(testSecret))
	if err != nil {
		s.t.Fatal(err)
	}
	return bearer(key)
}

func TestAdminNeedsTheServiceKey(t *testing.T) {
	s := newStack(t, nil)
	in := s.want(s.signup("a@example.com", "secret-1"), 200, "")
	s.want(s.call("GET", "/admin/users", nil), 401, "no_authorization")
	s.want(s.call("GET", "/admin/users", nil, bearer(in.text("access_token"))...), 403, "not_admin")
	s.want(s.call("GET", "/admin/users", nil, bearer("x.y")...), 403, "bad_jwt")
}

func TestAdminUsers(t *testing.T) {
	s := newStack(t, nil)
	var id string
	for i := range 3 {
		r := s.want(s.call("POST", "/admin/users", creds{"email": fmt.Sprintf("u%d@example.com", i), "password": "secret-1", "email_confirm": i == 0}, s.service()...), 200, "")
		if i == 0 {
			id = r.text("id")
		}
	}
	s.want(s.call("POST", "/admin/users", creds{"email": "u0@example.com"}, s.service()...), 422, "email_exists")
	list := s.want(s.call("GET", "/admin/users?per_page=2", nil, s.service()...), 200, "")
	if len(list.body["users"].([]any)) != 2 || list.header.Get("X-Total-Count") != "3" || !strings.HasPrefix(list.header.Get("Link"), `</admin/users?page=2&per_page=2>; rel="next"`) {
		t.Errorf("%s %v", list.raw, list.header)
	}
	s.want(s.login("u0@example.com", "secret-1"), 200, "")
	s.want(s.login("u1@example.com", "secret-1"), 400, "email_not_confirmed")
	s.want(s.call("PUT", "/admin/users/"+id, creds{"ban_duration": "1h", "password": "secret-2"}, s.service()...), 200, "")
	s.want(s.login("u0@example.com", "secret-2"), 400, "user_banned")
	s.want(s.call("PUT", "/admin/users/"+id, creds{"ban_duration": "none"}, s.service()...), 200, "")
	s.want(s.login("u0@example.com", "secret-2"), 200, "")
	s.want(s.call("DELETE", "/admin/users/"+id, nil, s.service()...), 200, "")
	s.want(s.call("GET", "/admin/users/"+id, nil, s.service()...), 404, "user_not_found")
	s.want(s.call("GET", "/admin/users/"+uuid.NewString(), nil, s.service()...), 404, "user_not_found")
	s.want(s.call("GET", "/admin/users/x", nil, s.service()...), 404, "validation_failed")
}

func TestGenerateLink(t *testing.T) {
	s := newStack(t, confirming)
	r := s.want(s.call("POST", "/admin/generate_link", creds{"type": "magiclink", "email": "new@example.com"}, s.service()...), 200, "")
	if r.text("verification_type") != "signup" || r.text("email") != "new@example.com" || len(s.server.Mailbox()) != 0 {
		t.Errorf("%s", r.raw)
	}
	s.want(s.call("POST", "/verify", creds{"type": "email", "token_hash": r.text("hashed_token")}), 200, "")
	again := s.want(s.call("POST", "/admin/generate_link", creds{"type": "magiclink", "email": "new@example.com"}, s.service()...), 200, "")
	s.want(s.call("POST", "/verify", creds{"type": "magiclink", "email": "new@example.com", "token": again.text("email_otp")}), 200, "")
	s.want(s.call("POST", "/admin/generate_link", creds{"type": "recovery", "email": "nobody@example.com"}, s.service()...), 404, "user_not_found")
}
