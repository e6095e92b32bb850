package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/token"
)

// caller is who a valid access token speaks for.
type caller struct {
	user      *user
	sessionID string
	aal       string
}

// userHandler answers a request of a user.
type userHandler func(http.ResponseWriter, *http.Request, caller) error

// authenticated asks for an access token whose user and session still exist.
func (s *Server) authenticated(next userHandler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := s.caller(r)
		if err != nil {
			return err
		}
		return next(w, r, c)
	}
}

// claims reads and checks the bearer token.
func (s *Server) claims(r *http.Request) (token.Claims, error) {
	scheme, raw, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") || strings.TrimSpace(raw) == "" {
		return nil, fault(http.StatusUnauthorized, "no_authorization", "This endpoint requires a valid Bearer token")
	}
	claims, err := token.Parse(s.o.Secret, strings.TrimSpace(raw), s.o.Now())
	if err != nil {
		return nil, badJWT("invalid JWT: unable to parse or verify signature, %s", reason(err))
	}
	return claims, nil
}

func (s *Server) caller(r *http.Request) (caller, error) {
	claims, err := s.claims(r)
	if err != nil {
		return caller{}, err
	}
	if claims.Text("sub") == "" {
		return caller{}, badJWT("invalid claim: missing sub claim")
	}
	if _, err := uuid.Parse(claims.Text("sub")); err != nil {
		return caller{}, badJWT("invalid claim: sub claim must be a UUID")
	}
	u, err := userByID(r.Context(), s.o.Pool, claims.Text("sub"))
	if err != nil {
		return caller{}, err
	}
	if u == nil {
		return caller{}, fault(http.StatusForbidden, "user_not_found", "User from sub claim in JWT does not exist")
	}
	c := caller{user: u, sessionID: claims.Text("session_id"), aal: claims.Text("aal")}
	return c, s.checkSession(r.Context(), c)
}

// checkSession passes tokens without a session claim, as GoTrue does: they were
// made by someone who has the secret.
func (s *Server) checkSession(ctx context.Context, c caller) error {
	if c.sessionID == "" {
		return nil
	}
	if _, err := uuid.Parse(c.sessionID); err != nil {
		return badJWT("invalid claim: session_id claim must be a UUID")
	}
	var one int
	err := s.o.Pool.QueryRow(ctx, `SELECT 1 FROM auth.sessions WHERE id = $1`, c.sessionID).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault(http.StatusForbidden, "session_not_found", "Session from session_id claim in JWT does not exist")
	}
	if err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	return nil
}

func badJWT(format string, args ...any) error {
	return fault(http.StatusForbidden, "bad_jwt", format, args...)
}

// reason says in GoTrue's words what is wrong with a token, without quoting it.
func reason(err error) string {
	switch {
	case errors.Is(err, token.ErrExpired):
		return "token has invalid claims: token is expired"
	case errors.Is(err, token.ErrNotYet):
		return "token has invalid claims: token is not valid yet"
	case errors.Is(err, token.ErrMalformed):
		return "token is malformed"
	default:
		return "token signature is invalid: signature is invalid"
	}
}
