package auth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/token"
)

// methodOAuth is the amr method of sign-ins at a provider.
const methodOAuth = "oauth"

// providers are the names that GoTrue knows.
func providers() []string {
	return []string{"apple", "azure", "bitbucket", "discord", "facebook", "figma", "fly", "github", "gitlab", "google",
		"kakao", "keycloak", "linkedin", "linkedin_oidc", "notion", "slack", "slack_oidc", "snapchat", "spotify", "twitch", "twitter", "workos", "x", "zoom"}
}

// authorize is GET /authorize: it sends the browser to the provider.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	name := q.Get("provider")
	if !slices.Contains(providers(), name) {
		return invalid("Unsupported provider: Provider %s could not be found", name)
	}
	if !slices.Contains(s.o.Providers, name) {
		return invalid("Unsupported provider: provider is not enabled")
	}
	c, err := readChallenge(q.Get("code_challenge"), q.Get("code_challenge_method"))
	if err != nil {
		return err
	}
	f, err := s.insertFlow(r.Context(), s.o.Pool, flow{provider: name, method: methodOAuth, referrer: s.redirectTarget(askedTarget(r)).String(), challenge: c})
	if err != nil {
		return err
	}
	ask := url.Values{"client_id": {"loratop-local"}, "redirect_uri": {s.callbackURL()}, "response_type": {"code"}, "state": {f.id}}
	for name := range q { // the rest of the query is the provider's
		if !ownParameter(name) {
			ask.Set(name, q.Get(name))
		}
	}
	if scopes := q.Get("scopes"); scopes != "" {
		ask.Set("scope", scopes)
	}
	http.Redirect(w, r, s.o.BaseURL+IdentityPath+"/"+name+"?"+ask.Encode(), http.StatusFound)
	return nil
}

// ownParameter says whether a parameter is Auth's own to set or to keep.
func ownParameter(name string) bool {
	return slices.Contains([]string{"provider", "scopes", "client_id", "client_secret", "redirect_uri", "response_type", "state",
		"code_challenge", "code_challenge_method", "code_verifier"}, strings.ToLower(name))
}

func (s *Server) callbackURL() string { return s.o.BaseURL + "/auth/v1/callback" }

// callback is where the provider sends the browser back to: by GET, or by POST
// for those that answer with a form (response_mode=form_post). It answers with a
// redirect in any case; only who it is for decides where to.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) error {
	q, err := callbackParameters(r)
	if err != nil {
		return err
	}
	target := s.redirectTarget("")
	state := q.Get("state")
	if err := checkState(state); err != nil {
		redirectStranger(w, target, err)
		return nil
	}
	var g *grant
	var f *flow
	var refused error // told in the redirect
	err = pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) (err error) {
		f, err = findFlow(r.Context(), tx, `id = $1 AND authentication_method = 'oauth'`, state)
		if err != nil {
			return err
		}
		if refused = s.usable(f); refused != nil {
			f = nil
			return nil
		}
		target = s.redirectTarget(f.referrer)
		g, err = s.cameBack(r, q, tx, f)
		return err
	})
	var e *apiError
	if errors.As(err, &e) {
		refused, err = e, nil
	}
	switch {
	case err != nil:
		return err
	case refused != nil && f == nil:
		redirectStranger(w, target, refused)
	case refused != nil:
		redirectFault(w, target, refused)
	case g == nil:
		query := target.Query()
		query.Set("code", f.code)
		target.RawQuery = query.Encode()
		redirect(w, http.StatusFound, target, nil)
	default:
		redirect(w, http.StatusFound, target, fragmentOf(g, ""))
	}
	return nil
}

func callbackParameters(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return r.URL.Query(), nil
	}
	if err := r.ParseForm(); err != nil {
		return nil, fault(http.StatusBadRequest, "bad_oauth_callback", "Could not read the provider's form")
	}
	return r.Form, nil
}

// checkState refuses a state that no flow can have.
func checkState(state string) error {
	if state == "" {
		return fault(http.StatusBadRequest, "bad_oauth_callback", "OAuth state parameter missing")
	}
	if _, err := uuid.Parse(state); err != nil {
		return badState("OAuth state parameter is invalid")
	}
	return nil
}

func badState(text string) *apiError {
	return fault(http.StatusBadRequest, "bad_oauth_state", "%s", text)
}

// usable refuses a flow that is not under way.
func (s *Server) usable(f *flow) error {
	switch {
	case f == nil:
		return badState("OAuth state not found or expired")
	case s.now().Sub(f.createdAt) > flowLife:
		return badState("OAuth state has expired")
	case f.issuedAt != nil:
		return fault(http.StatusBadRequest, "flow_state_already_used", "State has already been used")
	}
	return nil
}

// cameBack signs in whom the provider tells. It returns no grant when the
// client has to exchange the flow's code for one.
func (s *Server) cameBack(r *http.Request, q url.Values, tx pgx.Tx, f *flow) (*grant, error) {
	if denied := q.Get("error"); denied != "" {
		return nil, &apiError{status: http.StatusForbidden, oauth: denied, msg: q.Get("error_description")}
	}
	if q.Get("code") == "" {
		return nil, fault(http.StatusBadRequest, "bad_oauth_callback", "OAuth callback with missing authorization code missing")
	}
	who, err := s.readIdentity(q.Get("code"), f)
	if err != nil {
		return nil, err
	}
	u, err := s.externalUser(r.Context(), tx, f.provider, who)
	if err != nil {
		return nil, err
	}
	if err := s.mayEnter(u); err != nil {
		return nil, err
	}
	access := "local-" + f.provider + "-" + uuid.NewString()
	if f.challenge.given() {
		return nil, s.issueCode(r.Context(), tx, f, u.ID, access)
	}
	if err := dropFlow(r.Context(), tx, f.id); err != nil {
		return nil, err
	}
	g, err := s.startSession(r.Context(), tx, r, u, methodOAuth)
	if err != nil {
		return nil, err
	}
	g.ProviderToken = access
	return g, nil
}

// identityCode is what the identity page hands out: who agreed, for one flow.
// Its key is not that of access tokens, so that neither passes for the other.
func (s *Server) identityCode(provider, state, email string) (string, error) {
	return token.Sign(s.identityKey(), token.Claims{"provider": provider, "state": state, "email": email, "exp": s.now().Add(time.Minute).Unix()})
}

func (s *Server) identityKey() []byte { return append([]byte("identity page "), s.o.Secret...) }

func (s *Server) readIdentity(code string, f *flow) (email string, err error) {
	claims, err := token.Parse(s.identityKey(), code, s.o.Now())
	if err != nil || claims.Text("state") != f.id || claims.Text("provider") != f.provider {
		return "", fault(http.StatusInternalServerError, "unexpected_failure", "Unable to exchange external code")
	}
	return claims.Text("email"), nil
}

// oauthError is the OAuth word for a status.
func (e *apiError) oauthError() string {
	switch {
	case e.oauth != "":
		return e.oauth
	case e.status == http.StatusUnauthorized:
		return "unauthorized_client"
	case e.status == http.StatusForbidden:
		return "access_denied"
	case e.status >= http.StatusInternalServerError || e.status == http.StatusUnprocessableEntity:
		return "server_error"
	default:
		return "invalid_request"
	}
}

// redirectFault tells a failure in the query and in the fragment: pages read
// the one, programs without a server the other.
func redirectFault(w http.ResponseWriter, target *url.URL, err error) {
	v := tellFault(target, err)
	v.Set("sb", "")
	redirect(w, http.StatusFound, target, v)
}

// redirectStranger is redirectFault while it is not known who asks: to the
// site, with nothing in the fragment, and by another status.
func redirectStranger(w http.ResponseWriter, target *url.URL, err error) {
	tellFault(target, err)
	redirect(w, http.StatusSeeOther, target, nil)
}

// tellFault puts a failure into the target's query and returns what it put there.
func tellFault(target *url.URL, err error) url.Values {
	var e *apiError
	if !errors.As(err, &e) {
		e = fault(http.StatusInternalServerError, "unexpected_failure", "Unexpected failure")
	}
	v := url.Values{"error": {e.oauthError()}, "error_description": {e.msg}}
	if e.code != "" {
		v.Set("error_code", e.code)
	}
	query := target.Query()
	for k := range v {
		query.Set(k, v.Get(k))
	}
	target.RawQuery = query.Encode()
	return v
}

// fragmentOf is a session as the browser carries it to a page.
func fragmentOf(g *grant, kind string) url.Values {
	v := url.Values{"access_token": {g.AccessToken}, "expires_at": {strconv.FormatInt(g.ExpiresAt, 10)},
		"expires_in": {strconv.FormatInt(g.ExpiresIn, 10)}, "refresh_token": {g.RefreshToken}, "token_type": {"bearer"}, "sb": {""}}
	if kind != "" {
		v.Set("type", kind)
	}
	if g.ProviderToken != "" {
		v.Set("provider_token", g.ProviderToken)
	}
	return v
}

// redirect sends the browser on. The fragment is written by hand: url.URL
// would escape it twice.
func redirect(w http.ResponseWriter, status int, target *url.URL, fragment url.Values) {
	to := *target
	to.Fragment, to.RawFragment = "", ""
	location := to.String()
	if fragment != nil {
		location += "#" + fragment.Encode()
	}
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}
