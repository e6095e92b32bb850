// Package auth answers as Supabase Auth (GoTrue) does, over the auth schema of
// a PostgreSQL database: passwords, sessions, rotating refresh tokens,
// one-time codes. It is one part of the local stack.
package auth

import (
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"
)

// Options configure a Server. Pool and Secret are required.
type Options struct {
	Pool   *pgxpool.Pool // a role that may read and write the auth schema
	Secret []byte        // signs access tokens (HS256)

	BaseURL     string // of the gateway, "http://127.0.0.1:54321"; issuer and links follow from it
	SiteURL     string // where links of mails lead when nothing else was asked for; "" = BaseURL
	Autoconfirm bool   // sign-up needs no confirmation by mail

	Providers []string // that IdentityPage plays, such as "github"; all others are off
	Redirects []string // patterns of redirect_to beside the site and loopback, such as "https://*.example.com/**"

	TokenLife    time.Duration // of access tokens; 0 = 1 hour
	ReuseWindow  time.Duration // in which a spent refresh token is forgiven; 0 = 10 s
	MailInterval time.Duration // between two mails to one user; 0 = 60 s
	BcryptCost   int           // 0 = bcrypt.DefaultCost
	RateLimit    int           // burst of each kind of request that an address has, 30 in the real server; 0 = no limits

	// RefreshTokens is the version of those that new sessions get: 1 or 2; 0 = 1.
	RefreshTokens int

	OnMail func(Mail) // told of each mail, from the request's goroutine; nil = nobody

	Now func() time.Time // nil = time.Now
	Log *slog.Logger     // nil = silent
}

// Server is the http.Handler below /auth/v1.
type Server struct {
	o       Options
	routes  []route
	mail    mailbox
	limiter limiter

	redirects []*regexp.Regexp
}

// New makes a Server; it starts nothing and needs no closing.
func New(o Options) *Server {
	o.TokenLife = orDefault(o.TokenLife, time.Hour)
	o.ReuseWindow = orDefault(o.ReuseWindow, 10*time.Second)
	o.MailInterval = orDefault(o.MailInterval, time.Minute)
	o.BcryptCost = orDefault(o.BcryptCost, bcrypt.DefaultCost)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SiteURL == "" {
		o.SiteURL = o.BaseURL
	}
	s := &Server{o: o}
	for _, p := range o.Redirects {
		s.redirects = append(s.redirects, redirectPattern(p))
	}
	s.routes = s.table()
	return s
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// now is the time of the stack in UTC, to the microsecond as PostgreSQL keeps it.
func (s *Server) now() time.Time { return s.o.Now().UTC().Truncate(time.Microsecond) }

// handler answers a request, or returns the error to answer with.
type handler func(http.ResponseWriter, *http.Request) error

type route struct {
	method, path string // a path element "{id}" matches any one
	handle       handler
}

func (s *Server) table() []route {
	return []route{
		{http.MethodGet, "/health", s.health},
		{http.MethodGet, "/settings", s.settings},
		{http.MethodGet, "/.well-known/jwks.json", s.jwks},
		{http.MethodPost, "/signup", s.signup},
		{http.MethodPost, "/token", s.token},
		{http.MethodPost, "/otp", s.limited("otp", rateMail, s.otp)},
		{http.MethodPost, "/magiclink", s.limited("magiclink", rateMail, s.otp)},
		{http.MethodPost, "/recover", s.limited("recover", rateMail, s.recover)},
		{http.MethodPost, "/resend", s.limited("resend", rateMail, s.resend)},
		{http.MethodPost, "/verify", s.limited("verify", rateVerify, s.verify)},
		{http.MethodGet, "/verify", s.limited("verify", rateVerify, s.followLink)},
		{http.MethodGet, "/authorize", s.authorize},
		{http.MethodGet, "/callback", s.callback},
		{http.MethodPost, "/callback", s.callback},
		{http.MethodPost, "/logout", s.authenticated(s.logout)},
		{http.MethodGet, "/user", s.authenticated(s.getUser)},
		{http.MethodPut, "/user", s.authenticated(s.limitedUser("user", rateMail, s.putUser))},
		{http.MethodPost, "/factors", s.authenticated(s.enroll)},
		{http.MethodPost, "/factors/{id}/challenge", s.authenticated(s.limitedUser("challenge", rateFactor, s.challenge))},
		{http.MethodPost, "/factors/{id}/verify", s.authenticated(s.limitedUser("factor", rateFactor, s.verifyFactor))},
		{http.MethodDelete, "/factors/{id}", s.authenticated(s.unenroll)},
		{http.MethodGet, "/admin/users", s.admin(s.adminUsers)},
		{http.MethodPost, "/admin/users", s.admin(s.adminCreate)},
		{http.MethodGet, "/admin/users/{id}", s.admin(s.adminUser)},
		{http.MethodPut, "/admin/users/{id}", s.admin(s.adminChange)},
		{http.MethodDelete, "/admin/users/{id}", s.admin(s.adminDelete)},
		{http.MethodPost, "/admin/generate_link", s.admin(s.adminLink)},
	}
}

const (
	bodyLimit     = 1 << 20 // bytes
	versionHeader = "X-Supabase-Api-Version"
	versionNamed  = "2024-01-01" // from this on, error codes are text in "code"
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, rt := range s.routes {
		if !matches(rt.path, r) {
			continue
		}
		if rt.method != r.Method {
			allow = append(allow, rt.method)
			continue
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		if namedCodes(r) {
			w.Header().Set(versionHeader, versionNamed)
		}
		if err := rt.handle(w, r); err != nil {
			s.fail(w, r, err)
		}
		return
	}
	if allow != nil {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	http.Error(w, "404 page not found", http.StatusNotFound)
}

// matches compares a route's path with the request's and sets the path values.
func matches(pattern string, r *http.Request) bool {
	want := strings.Split(pattern, "/")
	have := strings.Split(strings.TrimSuffix(r.URL.Path, "/"), "/")
	if len(want) != len(have) {
		return false
	}
	for i, p := range want {
		if strings.HasPrefix(p, "{") {
			r.SetPathValue(strings.Trim(p, "{}"), have[i])
		} else if p != have[i] {
			return false
		}
	}
	return true
}

func namedCodes(r *http.Request) bool {
	v, err := time.Parse(time.DateOnly, r.Header.Get(versionHeader))
	return err == nil && v.Format(time.DateOnly) >= versionNamed
}

// isConflict reports a broken unique constraint.
func isConflict(err error) bool {
	var pg interface{ SQLState() string }
	return errors.As(err, &pg) && pg.SQLState() == "23505"
}
