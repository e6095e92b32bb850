package auth_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/auth"
)

func counting(o *auth.Options) { o.RefreshTokens = 2 }

// TestCountedRefresh goes through what was measured of tokens of the second version, row by row.
func TestCountedRefresh(t *testing.T) {
	s := newStack(t, counting)
	c := chain(s, "a@example.com")
	for i, tok := range c {
		if len(tok) != 51 || strings.Trim(tok, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("T%d: %q", i, tok)
		}
	}
	s.clock.Add(time.Hour) // the parent is good at any age
	r := s.want(s.refresh(c[1]), 200, "")
	if r.text("refresh_token") != c[2] || r.header.Get("Sb-Auth-Refresh-Token-Reuse-Cause") != "fail-to-save" || r.header.Get("Sb-Auth-Refresh-Token-Counter") != "2" {
		t.Errorf("parent: %s %v", r.raw, r.header)
	}
	for range 3 { // each reuse slides the window
		s.clock.Add(9 * time.Second)
		r = s.want(s.refresh(c[0]), 200, "")
		if r.text("refresh_token") != c[2] || r.header.Get("Sb-Auth-Refresh-Token-Reuse-Cause") != "concurrent-refresh" {
			t.Errorf("older, at once: %s %v", r.raw, r.header)
		}
	}
	s.want(s.call("GET", "/user", nil, bearer(r.text("access_token"))...), 200, "")
	s.clock.Add(10 * time.Second)
	gone := s.want(s.refresh(c[0]), 400, "refresh_token_already_used")
	if gone.header.Get("Sb-Auth-Refresh-Token-Rotated") != "true" || gone.text("msg") != "Invalid Refresh Token: Already Used" {
		t.Errorf("older, late: %s %v", gone.raw, gone.header)
	}
	s.want(s.refresh(c[2]), 400, "refresh_token_not_found") // the session is deleted
	s.want(s.call("GET", "/user", nil, bearer(r.text("access_token"))...), 403, "session_not_found")
}

func TestCountedRefreshRefusals(t *testing.T) {
	s := newStack(t, counting)
	c := chain(s, "a@example.com")
	b, err := base64.RawURLEncoding.DecodeString(c[2])
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		bad := append([]byte{}, b...)
		bad[i] ^= 1
		s.want(s.refresh(base64.RawURLEncoding.EncodeToString(bad)), 400, "validation_failed") // the checksum tells
	}
	for _, bad := range []string{"", c[2][:50], c[2] + "A", strings.Repeat("A", 51)} {
		s.want(s.refresh(bad), 400, "validation_failed")
	}
	s.want(s.call("POST", "/logout?scope=local", nil, bearer(s.want(s.refresh(c[2]), 200, "").text("access_token"))...), 204, "")
	s.want(s.refresh(c[2]), 400, "refresh_token_not_found")
	s.want(s.refresh("aaaaaaaaaaaa"), 400, "refresh_token_not_found") // of the first version
	in := s.want(s.login("a@example.com", "secret-1"), 200, "")
	if _, err := s.pool.Exec(context.Background(), `UPDATE auth.sessions SET refresh_token_hmac_key = 'AAAA'`); err != nil {
		t.Fatal(err)
	}
	s.want(s.refresh(in.text("refresh_token")), 400, "refresh_token_not_found") // signed with another key
}

// TestCountedRefreshAtOnce: what holds for the first version holds for the second.
func TestCountedRefreshAtOnce(t *testing.T) { factsOfRefresh(newStack(t, counting)) }

// TestCountedRefreshWithSecondFactor: the token of before is the parent of the lifted session's.
func TestCountedRefreshWithSecondFactor(t *testing.T) {
	s := newStack(t, counting)
	in := s.want(s.signup("a@example.com", "secret-1"), 200, "")
	tok := in.text("access_token")
	f := s.enroll(tok, "phone")
	up := s.want(s.verifyFactor(tok, f, s.challenge(tok, f.id), s.code(f)), 200, "")
	r := s.want(s.refresh(in.text("refresh_token")), 200, "")
	if r.text("refresh_token") != up.text("refresh_token") {
		t.Errorf("%s, want %s", r.text("refresh_token"), up.text("refresh_token"))
	}
}
