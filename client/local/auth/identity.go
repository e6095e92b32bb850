package auth

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// IdentityPath is where the gateway serves IdentityPage.
const IdentityPath = "/_identity"

// knownShown is how many addresses the identity page offers.
const knownShown = 50

// IdentityPage plays the identity providers below IdentityPath: a form that
// lets whoever sits at this machine be anyone, or refuse.
func (s *Server) IdentityPage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		provider := strings.Trim(strings.TrimPrefix(r.URL.Path, IdentityPath), "/")
		if !slices.Contains(s.o.Providers, provider) {
			http.Error(w, "no such provider here", http.StatusNotFound)
			return
		}
		pageHeaders(w)
		switch r.Method {
		case http.MethodGet:
			s.showIdentity(w, r, provider)
		case http.MethodPost:
			s.decideIdentity(w, r, provider)
		default:
			w.Header().Set("Allow", "GET, POST")
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
}

// pageHeaders keep the pages of this stack out of frames and caches, and
// scripts out of the pages. form-action is left open: browsers apply it to
// the redirects that follow the form.
func pageHeaders(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

func (s *Server) showIdentity(w http.ResponseWriter, r *http.Request, provider string) {
	rows, err := s.o.Pool.Query(r.Context(), `SELECT email FROM auth.users WHERE email IS NOT NULL AND deleted_at IS NULL ORDER BY created_at, email LIMIT $1`, knownShown)
	if err != nil {
		http.Error(w, "the database does not answer", http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	page := struct {
		Provider, State, Hint, Mode string
		Known                       []string
	}{Provider: provider, State: r.URL.Query().Get("state"), Hint: r.URL.Query().Get("login_hint"), Mode: r.URL.Query().Get("response_mode")}
	for rows.Next() {
		var email string
		if rows.Scan(&email) == nil {
			page.Known = append(page.Known, email)
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = identityForm().Execute(w, page) // a failure is the reader's going away
}

func identityForm() *template.Template {
	return template.Must(template.New("identity").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in with {{.Provider}} (local)</title>
<style>body{font:1rem/1.5 sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem}input,button{font:inherit;padding:.4rem .8rem;margin:.2rem 0}</style>
<h1>{{.Provider}}, played by the local stack</h1>
<p>Nothing leaves this machine. Whose account shall it be?</p>
<form method="post"><input type="hidden" name="state" value="{{.State}}"><input type="hidden" name="response_mode" value="{{.Mode}}">
<p><label for="email">E-mail</label><br><input id="email" name="email" type="email" list="known" value="{{.Hint}}" autocomplete="off" autofocus>
<datalist id="known">{{range .Known}}<option value="{{.}}">{{end}}</datalist></p>
<p><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></p>
</form></html>
`))
}

// decideIdentity goes back to the stack's own callback, and nowhere else.
func (s *Server) decideIdentity(w http.ResponseWriter, r *http.Request, provider string) {
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	if !sameOrigin(r) {
		http.Error(w, "this form is for its own page", http.StatusForbidden)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	state := r.PostForm.Get("state")
	if _, err := uuid.Parse(state); err != nil {
		http.Error(w, "this form has no sign-in under way: begin at /auth/v1/authorize", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {state}}
	if r.PostForm.Get("decision") != "allow" {
		back.Set("error", "access_denied")
		back.Set("error_description", "The user has denied your application access.")
	} else {
		email, err := parseEmail(r.PostForm.Get("email"))
		if err != nil {
			http.Error(w, "that is no e-mail address", http.StatusBadRequest)
			return
		}
		code, err := s.identityCode(provider, state, email)
		if err != nil {
			http.Error(w, fmt.Sprintf("cannot sign: %v", err), http.StatusInternalServerError)
			return
		}
		back.Set("code", code)
	}
	s.goBack(w, r, back)
}

// formPost is the response_mode of providers that answer with a form.
const formPost = "form_post"

// goBack takes the browser to the callback. Scripts are off on these pages, so
// a form has to be sent by hand.
func (s *Server) goBack(w http.ResponseWriter, r *http.Request, back url.Values) {
	if r.PostForm.Get("response_mode") != formPost {
		http.Redirect(w, r, s.callbackURL()+"?"+back.Encode(), http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = backForm().Execute(w, struct { // a failure is the reader's going away
		To     string
		Values url.Values
	}{s.callbackURL(), back})
}

func backForm() *template.Template {
	return template.Must(template.New("back").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Back to the application</title>
<form method="post" action="{{.To}}">{{range $name, $all := .Values}}{{range $all}}<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
<button autofocus>Continue</button></form></html>
`))
}

// sameOrigin refuses forms that other sites make a browser send.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host
}
