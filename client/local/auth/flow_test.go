package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/token"
)

func withGitHub(o *auth.Options) { o.Providers = []string{"github"} }

const verifier = "a-verifier-of-at-least-forty-three-characters-1"

func s256(v string) string {
	h := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

const backTo = "http://127.0.0.1:4444/back?from=test"

// begin asks for a sign-in at the provider and returns what the provider gets.
func (s *stack) begin(query url.Values) url.Values {
	s.t.Helper()
	r := s.call("GET", "/authorize?"+query.Encode(), nil)
	if r.status != http.StatusFound {
		s.t.Fatalf("authorize: %d %s", r.status, r.raw)
	}
	to, err := url.Parse(r.header.Get("Location"))
	if err != nil || to.Path != "/_identity/github" {
		s.t.Fatalf("location %q, %v", r.header.Get("Location"), err)
	}
	return to.Query()
}

// decide fills in the form of the identity page and returns the callback's answer.
func (s *stack) decide(state, decision, email string) *url.URL {
	s.t.Helper()
	form := url.Values{"state": {state}, "decision": {decision}, "email": {email}}
	w := s.page("POST", "/_identity/github", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
	to, err := url.Parse(w.Header().Get("Location"))
	if w.Code != http.StatusSeeOther || err != nil || to.Path != "/auth/v1/callback" {
		s.t.Fatalf("decision: %d %s, location %q", w.Code, w.Body, w.Header().Get("Location"))
	}
	return s.follow(to.RawQuery)
}

func (s *stack) follow(query string) *url.URL {
	s.t.Helper()
	r := s.call("GET", "/callback?"+query, nil)
	to, err := url.Parse(r.header.Get("Location"))
	if r.status != http.StatusFound || err != nil {
		s.t.Fatalf("callback: %d %s", r.status, r.raw)
	}
	return to
}

// page asks one of the pages that the gateway serves.
func (s *stack) page(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, "http://127.0.0.1:1"+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	if strings.HasPrefix(path, auth.MailPath) {
		s.server.MailPage().ServeHTTP(w, r)
	} else {
		s.server.IdentityPage().ServeHTTP(w, r)
	}
	return w
}

func (s *stack) exchange(code, verifier string) reply {
	s.t.Helper()
	return s.call("POST", "/token?grant_type=pkce", creds{"auth_code": code, "code_verifier": verifier})
}

func TestSignInAtProvider(t *testing.T) {
	s := newStack(t, withGitHub)
	for method, challenge := range map[string]string{"s256": s256(verifier), "S256": s256(verifier), "plain": verifier} {
		asked := s.begin(url.Values{"provider": {"github"}, "redirect_to": {backTo}, "code_challenge": {challenge}, "code_challenge_method": {method}, "scopes": {"repo"}, "skip_http_redirect": {"true"}})
		if _, err := uuid.Parse(asked.Get("state")); err != nil || asked.Has("code_challenge") || asked.Get("redirect_to") != backTo ||
			asked.Get("skip_http_redirect") != "true" || asked.Get("scope") != "repo" || asked.Get("redirect_uri") != "http://127.0.0.1:1/auth/v1/callback" {
			t.Fatalf("to the provider: %v", asked)
		}
		to := s.decide(asked.Get("state"), "allow", "Octo@example.com")
		code := to.Query().Get("code")
		if !strings.HasPrefix(to.String(), "http://127.0.0.1:4444/back?") || to.Query().Get("from") != "test" || uuid.Validate(code) != nil || to.Fragment != "" {
			t.Fatalf("back to %s", to)
		}
		s.want(s.exchange(code, verifier+"x"), 400, "bad_code_verifier")
		in := s.want(s.exchange(code, verifier), 200, "")
		if in.text("provider_token") == "" || in.header.Get("Sb-Auth-Session-Id") == "" {
			t.Errorf("session: %s", in.raw)
		}
		c, err := token.Parse([]byte(testSecret), in.text("access_token"), s.clock.Now())
		if err != nil || c["amr"].([]any)[0].(map[string]any)["method"] != "oauth" {
			t.Errorf("claims %v, %v", c, err)
		}
		again := s.want(s.refresh(in.text("refresh_token")), 200, "")
		if _, ok := again.body["provider_token"]; ok {
			t.Errorf("the provider's token is told once: %s", again.raw)
		}
		s.want(s.exchange(code, verifier), 404, "flow_state_not_found")
	}
}

// TestProviderLinksAndMakesUsers: one address is one user, whatever the way in.
func TestProviderLinksAndMakesUsers(t *testing.T) {
	s := newStack(t, withGitHub)
	up := s.want(s.signup("a@example.com", "secret-1"), 200, "")
	old := up.body["user"].(map[string]any)["id"]
	for email, wantOld := range map[string]bool{"a@example.com": true, "new@example.com": false} {
		for range 2 { // the second time by the identity
			asked := s.begin(url.Values{"provider": {"github"}, "redirect_to": {backTo}}) // no PKCE: the session is in the fragment
			frag, err := url.ParseQuery(s.decide(asked.Get("state"), "allow", email).Fragment)
			if err != nil || frag.Get("access_token") == "" || frag.Get("provider_token") == "" || frag.Get("token_type") != "bearer" || !frag.Has("sb") {
				t.Fatalf("fragment %v, %v", frag, err)
			}
			me := s.want(s.call("GET", "/user", nil, bearer(frag.Get("access_token"))...), 200, "")
			if (me.body["id"] == old) != wantOld || me.text("email") != email {
				t.Errorf("%s is %s", email, me.raw)
			}
			ids := map[bool]int{true: 2, false: 1}[wantOld]
			if app := me.body["app_metadata"].(map[string]any); len(me.body["identities"].([]any)) != ids || len(app["providers"].([]any)) != ids {
				t.Errorf("identities of %s: %s", email, me.raw)
			}
		}
	}
}

func TestProviderRefusals(t *testing.T) {
	s := newStack(t, withGitHub)
	asked := s.begin(url.Values{"provider": {"github"}, "redirect_to": {backTo}, "code_challenge": {s256(verifier)}, "code_challenge_method": {"s256"}})
	state := asked.Get("state")
	to := s.decide(state, "deny", "")
	frag, _ := url.ParseQuery(to.Fragment)
	for where, v := range map[string]url.Values{"query": to.Query(), "fragment": frag} {
		if v.Get("error") != "access_denied" || v.Get("error_description") == "" || v.Has("error_code") {
			t.Errorf("%s: %v", where, v)
		}
	}
	if !frag.Has("sb") || to.Host != "127.0.0.1:4444" {
		t.Errorf("denied: %s", to)
	}
	s.decide(state, "allow", "a@example.com")
	for query, code := range map[string]string{"": "bad_oauth_callback", "state=x": "bad_oauth_state", "state=" + state: "flow_state_already_used",
		"state=" + uuid.NewString() + "&code=x": "bad_oauth_state"} { // none, garbage, spent, unknown
		if to := s.stranger(query); to.Query().Get("error_code") != code || to.Query().Get("error") != "invalid_request" {
			t.Errorf("%q: %s", query, to)
		}
	}
	asked = s.begin(url.Values{"provider": {"github"}, "redirect_to": {backTo}})
	if to := s.follow("code=forged&state=" + asked.Get("state")); to.Query().Get("error") != "server_error" {
		t.Errorf("forged code: %s", to)
	}
	if to := s.follow("state=" + asked.Get("state")); to.Query().Get("error_code") != "bad_oauth_callback" {
		t.Errorf("no code: %s", to)
	}
}

// stranger follows a callback whose state tells nothing: the site learns of it, in the query only.
func (s *stack) stranger(query string) *url.URL {
	s.t.Helper()
	r := s.call("GET", "/callback?"+query, nil)
	to, err := url.Parse(r.header.Get("Location"))
	if r.status != http.StatusSeeOther || err != nil || to.Host != "127.0.0.1:1" || to.Fragment != "" {
		s.t.Fatalf("callback: %d %s", r.status, r.header.Get("Location"))
	}
	return to
}

// TestCallbackByForm: providers that answer with a form (response_mode=form_post) make the browser POST.
func TestCallbackByForm(t *testing.T) {
	s := newStack(t, withGitHub)
	asked := s.begin(url.Values{"provider": {"github"}, "redirect_to": {backTo}, "response_mode": {"form_post"}, "nonce": {"n"}, "state": {"mine"}, "Client_Secret": {"x"}})
	if asked.Get("response_mode") != "form_post" || asked.Get("nonce") != "n" || asked.Get("state") == "mine" || asked.Has("Client_Secret") {
		t.Fatalf("to the provider: %v", asked)
	}
	page := s.page("GET", "/_identity/github?"+asked.Encode(), "").Body.String()
	if !strings.Contains(page, `name="response_mode" value="form_post"`) {
		t.Errorf("form: %s", page)
	}
	kind := []string{"Content-Type", "application/x-www-form-urlencoded"}
	form := url.Values{"state": {asked.Get("state")}, "decision": {"allow"}, "email": {"a@example.com"}, "response_mode": {"form_post"}}
	w := s.page("POST", "/_identity/github", form.Encode(), kind...)
	back := url.Values{}
	for _, m := range regexp.MustCompile(`name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		back.Set(m[1], html.UnescapeString(m[2]))
	}
	if w.Code != 200 || !strings.Contains(w.Body.String(), `action="http://127.0.0.1:1/auth/v1/callback"`) || back.Get("code") == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	r := s.call("POST", "/callback", back.Encode(), kind...)
	to, err := url.Parse(r.header.Get("Location"))
	if r.status != 302 || err != nil || !strings.Contains(to.Fragment, "access_token=") || to.Host != "127.0.0.1:4444" {
		t.Errorf("%d %s", r.status, r.header.Get("Location"))
	}
	if r := s.call("POST", "/callback", "state="+asked.Get("state"), kind...); r.status != 303 { // it is spent
		t.Errorf("again: %d %s", r.status, r.header.Get("Location"))
	}
	asked = s.begin(url.Values{"provider": {"github"}, "redirect_to": {backTo}})
	r = s.call("POST", "/callback", url.Values{"state": {asked.Get("state")}, "error": {"access_denied"}, "error_description": {"no"}}.Encode(), kind...)
	if to, _ := url.Parse(r.header.Get("Location")); r.status != 302 || to.Query().Get("error") != "access_denied" || !strings.Contains(to.Fragment, "sb=") {
		t.Errorf("denied: %d %s", r.status, to)
	}
	if r := s.call("PUT", "/callback", nil); r.status != 405 || r.header.Get("Allow") != "GET, POST" {
		t.Errorf("PUT: %d %v", r.status, r.header)
	}
}

func TestFlowsExpire(t *testing.T) {
	s := newStack(t, withGitHub)
	pkce := url.Values{"provider": {"github"}, "redirect_to": {backTo}, "code_challenge": {s256(verifier)}, "code_challenge_method": {"s256"}}
	late := s.begin(pkce).Get("state")
	s.clock.Add(4 * time.Minute)
	code := s.decide(s.begin(pkce).Get("state"), "allow", "a@example.com").Query().Get("code")
	s.clock.Add(2 * time.Minute)
	if to := s.stranger("code=x&state=" + late); to.Query().Get("error_description") != "OAuth state has expired" {
		t.Errorf("late: %s", to)
	}
	s.clock.Add(3 * time.Minute)
	s.want(s.exchange(code, verifier), 200, "") // 300 s are not over yet
	code = s.decide(s.begin(pkce).Get("state"), "allow", "a@example.com").Query().Get("code")
	s.clock.Add(5*time.Minute + time.Second)
	s.want(s.exchange(code, verifier), 422, "flow_state_expired")
}

func TestMailsWithPKCE(t *testing.T) {
	s := newStack(t, confirming)
	body := creds{"email": "a@example.com", "code_challenge": s256(verifier), "code_challenge_method": "s256"}
	link := func() string {
		u, err := url.Parse(lastMail(s, "a@example.com").Link)
		if err != nil || !strings.HasPrefix(u.Query().Get("token"), "pkce_") {
			t.Fatalf("link %s, %v", u, err)
		}
		return strings.TrimPrefix(u.Path, "/auth/v1") + "?" + u.RawQuery
	}
	s.want(s.call("POST", "/otp?redirect_to="+url.QueryEscape(backTo), body), 200, "")
	first := link()
	r := s.call("GET", first, nil)
	to, err := url.Parse(r.header.Get("Location"))
	if r.status != 303 || err != nil || to.Host != "127.0.0.1:4444" || uuid.Validate(to.Query().Get("code")) != nil || to.Fragment != "" {
		t.Fatalf("%d %s, %v", r.status, to, err)
	}
	in := s.want(s.exchange(to.Query().Get("code"), verifier), 200, "")
	if _, ok := in.body["provider_token"]; ok {
		t.Errorf("a mail has no provider: %s", in.raw)
	}
	spent, _ := url.Parse(s.call("GET", first, nil).header.Get("Location"))
	if spent.Query().Get("error_code") != "otp_expired" || !strings.Contains(spent.Fragment, "error_code=otp_expired") {
		t.Errorf("spent: %s", spent)
	}
	s.clock.Add(time.Minute)
	s.want(s.call("POST", "/otp", body), 200, "")
	s.want(s.call("POST", "/verify", creds{"type": "email", "email": "a@example.com", "token": lastMail(s, "a@example.com").Code}), 200, "")
	s.clock.Add(time.Minute)
	s.want(s.call("POST", "/recover", body), 200, "")
	s.clock.Add(30 * time.Minute) // a mail may lie: the flow's time runs from the click
	to, _ = url.Parse(s.call("GET", link(), nil).header.Get("Location"))
	s.want(s.exchange(to.Query().Get("code"), verifier), 200, "")
}

func TestChangeOfAddressNeedsBothMails(t *testing.T) {
	s := newStack(t, confirming)
	s.want(s.call("POST", "/admin/users", creds{"email": "a@example.com", "password": "secret-1", "email_confirm": true}, s.service()...), 200, "")
	tok := bearer(s.want(s.login("a@example.com", "secret-1"), 200, "").text("access_token"))
	r := s.want(s.call("PUT", "/user", creds{"email": "b@example.com"}, tok...), 200, "")
	if r.text("new_email") != "b@example.com" || r.text("email") != "a@example.com" || len(s.server.Mailbox()) != 2 {
		t.Fatalf("%s, %d mails", r.raw, len(s.server.Mailbox()))
	}
	verify := func(email string) reply {
		return s.want(s.call("POST", "/verify", creds{"type": "email_change", "email": email, "token": lastMail(s, email).Code}), 200, "")
	}
	if half := verify("b@example.com"); half.text("access_token") != "" || half.text("code") != "200" || half.text("msg") == "" {
		t.Errorf("one of two: %s", half.raw)
	}
	s.want(s.login("b@example.com", "secret-1"), 400, "invalid_credentials")
	if whole := verify("a@example.com"); whole.text("access_token") == "" {
		t.Errorf("both: %s", whole.raw)
	}
	s.want(s.login("b@example.com", "secret-1"), 200, "")
}

func TestRedirectAllowList(t *testing.T) {
	s := newStack(t, func(o *auth.Options) {
		withGitHub(o)
		o.SiteURL = "https://site.example/app"
		o.Redirects = []string{"https://*.preview.example/**", "loratop://callback"}
	})
	for asked, want := range map[string]string{
		"":                                         "https://site.example/app",
		"https://site.example/other":               "https://site.example/other",
		"http://localhost:1234/x":                  "http://localhost:1234/x",
		"http://[::1]:9/x":                         "http://[::1]:9/x",
		"https://a.preview.example/x/y":            "https://a.preview.example/x/y",
		"loratop://callback":                       "loratop://callback",
		"https://evil.example/":                    "https://site.example/app",
		"https://a.b.preview.example/x":            "https://site.example/app",
		"https://evil.example/?.preview.example/x": "https://site.example/app",
		"http://user@127.0.0.1/":                   "https://site.example/app",
		"http://127.0.0.1.evil.example":            "https://site.example/app",
		"loratop://callback/x":                     "https://site.example/app",
		"javascript:alert(1)":                      "https://site.example/app",
		"//evil.example":                           "https://site.example/app",
		"::":                                       "https://site.example/app",
	} {
		asked, want := asked, want
		state := s.begin(url.Values{"provider": {"github"}, "redirect_to": {asked}}).Get("state")
		to := s.decide(state, "deny", "")
		to.RawQuery, to.Fragment = "", ""
		if to.String() != want {
			t.Errorf("%q leads to %s, want %s", asked, to, want)
		}
	}
}

func TestIdentityPage(t *testing.T) {
	s := newStack(t, withGitHub)
	s.want(s.signup("known@example.com", "secret-1"), 200, "")
	state := s.begin(url.Values{"provider": {"github"}}).Get("state")
	w := s.page("GET", "/_identity/github?state="+state+"%22%3E%3Cb%3E", "")
	if b := w.Body.String(); w.Code != 200 || !strings.Contains(b, `<option value="known@example.com">`) || strings.Contains(b, "<b>") || !strings.Contains(b, state) {
		t.Errorf("form: %d %s", w.Code, b)
	}
	form := "state=" + state + "&decision=allow&email=known@example.com"
	kind := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"another site":   {"POST", "/_identity/github", form, append([]string{"Sec-Fetch-Site", "cross-site"}, kind...), 403},
		"another origin": {"POST", "/_identity/github", form, append([]string{"Origin", "https://evil.example"}, kind...), 403},
		"no address":     {"POST", "/_identity/github", "decision=allow&state=" + state, kind, 400},
		"no state":       {"POST", "/_identity/github", "decision=allow&email=known@example.com", kind, 400},
		"off":            {"GET", "/_identity/google", "", nil, 404},
		"other method":   {"PUT", "/_identity/github", "", nil, 405},
	} {
		if w := s.page(c.method, c.path, c.body, c.header...); w.Code != c.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestMailPage(t *testing.T) {
	var told []auth.Mail
	s := newStack(t, func(o *auth.Options) { o.OnMail = func(m auth.Mail) { told = append(told, m) } })
	for _, who := range []string{"a@example.com", "b@example.com"} {
		s.want(s.call("POST", "/otp", creds{"email": who}), 200, "")
	}
	if len(told) != 2 || told[1] != lastMail(s, "b@example.com") {
		t.Errorf("told %v", told)
	}
	all := s.page("GET", "/_mail", "")
	if b := all.Body.String(); !strings.HasPrefix(b, `[{"to":"b@example.com","kind":"signup","code":"`+told[1].Code+`"`) || !strings.Contains(b, told[0].Code) {
		t.Errorf("JSON: %s", b)
	}
	if b := s.page("GET", "/_mail?to=A@example.com", "").Body.String(); strings.Contains(b, "b@example.com") || !strings.Contains(b, `"a@example.com"`) {
		t.Errorf("of one: %s", b)
	}
	html := s.page("GET", "/_mail", "", "Accept", "text/html,*/*")
	if b := html.Body.String(); !strings.Contains(b, "<code>"+told[0].Code+"</code>") || !strings.Contains(b, "/auth/v1/verify?") {
		t.Errorf("HTML: %s", b)
	}
	if w := s.page("POST", "/_mail", ""); w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
}
