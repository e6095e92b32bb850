package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/token"
	"github.com/loratop/loratop/client/local/wiretest"
)

func TestMain(m *testing.M) { wiretest.Main(m) }

// far is a project in another process or at another place. The tests name
// users as they do here; on the way there and back these are its own.
type far struct {
	wiretest.Project
	out, in *strings.Replacer
	missing map[string]string // facts that it cannot be asked, and why
}

func (f *far) there(text string) string {
	if f == nil {
		return text
	}
	return f.out.Replace(text)
}

func (f *far) back(text string) string {
	if f == nil {
		return text
	}
	return f.in.Replace(text)
}

func (f *far) lacks(name string) string {
	if f == nil {
		return ""
	}
	return f.missing[name]
}

// openFar is a stack over a project elsewhere. a@example.com is its first account.
func openFar(t *testing.T) *stack {
	t.Helper()
	p := wiretest.Open(t)
	one, domain := p.Accounts[0], "-"+wiretest.Word()+"@example.com"
	f := &far{Project: p, missing: map[string]string{},
		out: strings.NewReplacer("a@example.com", one.Email, "secret-1", one.Password, "@example.com", domain),
		in:  strings.NewReplacer(one.Email, "a@example.com", domain, "@example.com")}
	s := &stack{t: t, url: p.URL + "/auth/v1", far: f}
	f.without(s)
	return s
}

// without notes which facts need what the project has not.
func (f *far) without(s *stack) {
	no := func(why string, names ...string) {
		for _, n := range names {
			f.missing[n] = why
		}
	}
	if f.Secret == "" {
		no("needs the project's secret", "expired", "expired, to log out")
	}
	if f.ServiceKey == "" {
		no("needs the service key", "user that is gone")
	}
	set := s.want(s.call("GET", "/settings", nil), 200, "")
	if set.body["mailer_autoconfirm"] != true {
		no("needs sign-up without confirmation", "existing")
	}
	external, _ := set.body["external"].(map[string]any)
	if external["github"] != true {
		no("needs sign-in with GitHub", "s256", "plain", "no PKCE", "the longest", "skip_http_redirect is not heard", "bad method", "too short",
			"too long", "of other letters", "no method", "no challenge", "settings")
	}
	if external["gitlab"] != false {
		no("needs GitLab to be off", "disabled provider", "settings")
	}
}

// time is that of the servers.
func (s *stack) time() time.Time {
	if s.clock == nil {
		return time.Now()
	}
	return s.clock.Now()
}

// enter opens a session of a@example.com, who exists elsewhere and not here.
func (s *stack) enter(email string) reply {
	s.t.Helper()
	if s.far != nil {
		return s.want(s.login(email, "secret-1"), 200, "")
	}
	return s.want(s.signup(email, "secret-1"), 200, "")
}

// ended is the access token of a user who is no more; "" where nobody can be made.
func (s *stack) ended() string {
	s.t.Helper()
	if s.far != nil && s.far.ServiceKey == "" {
		return ""
	}
	made := s.want(s.call("POST", "/admin/users", creds{"email": "gone@example.com", "password": "secret-1", "email_confirm": true}, s.service()...), 200, "")
	tok := s.want(s.login("gone@example.com", "secret-1"), 200, "").text("access_token")
	s.want(s.call("DELETE", "/admin/users/"+made.text("id"), nil, s.service()...), 200, "")
	return tok
}

// anon is the header of the anon key as a bearer token.
func (s *stack) anon() []string {
	s.t.Helper()
	if s.far != nil {
		return bearer(s.far.Key)
	}
	return s.signed(token.Claims{"role": "anon"})
}

// TestFactsOnTheWire goes through the measured tables over HTTP, with a stack of
// ours in another process or with the real project that is named.
func TestFactsOnTheWire(t *testing.T) {
	s := openFar(t)
	for _, c := range []struct {
		name string
		run  func(*stack)
	}{
		{"errors", factsOfErrors}, {"PKCE", factsOfPKCE}, {"refusals", refusals}, {"shapes", bothErrorShapes}, {"refresh", factsOfRefresh},
	} {
		t.Run(c.name, func(t *testing.T) {
			here := *s
			here.t = t
			c.run(&here)
		})
	}
}

func TestFactsOfRefresh(t *testing.T) { factsOfRefresh(newStack(t, nil)) }

// factsOfRefresh: a client that lost our answer gets the same token again, and
// so do many who ask at once.
func factsOfRefresh(s *stack) {
	t0 := s.enter("a@example.com").text("refresh_token")
	first := s.want(s.refresh(t0), 200, "")
	if first.header.Get("Sb-Auth-Refresh-Token-Reuse") != "false" || first.text("refresh_token") == t0 {
		s.t.Errorf("%s %v", first.raw, first.header)
	}
	again := s.want(s.refresh(t0), 200, "")
	if again.text("refresh_token") != first.text("refresh_token") || again.text("access_token") == "" {
		s.t.Errorf("the parent of %s gave %s", first.text("refresh_token"), again.raw)
	}
	var all [6]reply
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() { all[i] = s.refresh(first.text("refresh_token")) })
	}
	wg.Wait()
	for _, r := range all {
		if r.status != 200 || r.text("refresh_token") != all[0].text("refresh_token") || r.text("refresh_token") == first.text("refresh_token") {
			s.t.Errorf("at once: %d %s, want %s", r.status, r.text("refresh_token"), all[0].text("refresh_token"))
		}
	}
	s.want(s.call("POST", "/logout?scope=local", nil, bearer(all[0].text("access_token"))...), 204, "")
	s.want(s.refresh(all[0].text("refresh_token")), 400, "refresh_token_not_found")
}
