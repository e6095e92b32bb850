package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/token"
)

// caller is in whose name PostgreSQL is asked.
type caller struct {
	role   string
	sub    string // user id, "" when none
	claims string // JSON, for request.jwt.claims
}

// service passes row level security.
func service() caller { return caller{role: "service_role", claims: `{"role":"service_role"}`} }

// caller reads the bearer token. Unlike PostgREST, Storage does not take a
// missing one for anon.
func (s *Server) caller(r request) (caller, error) {
	h := r.Header.Get("Authorization")
	if h == "" {
		return caller{}, badRequest("headers must have required property 'authorization'")
	}
	raw := h
	if scheme, t, ok := strings.Cut(h, " "); ok && strings.EqualFold(scheme, "bearer") {
		raw = strings.TrimSpace(t)
	}
	claims, err := token.Parse(s.o.Secret, raw, s.o.Now())
	if err != nil {
		return caller{}, denied(jwtText(err))
	}
	c := caller{role: claims.Text("role"), sub: claims.Text("sub")}
	if c.role == "" {
		c.role = "anon"
	}
	switch c.role { // never a role that happens to exist, such as the owner's
	case "anon", "authenticated", "service_role":
	default:
		return caller{}, denied(fmt.Sprintf("role %q is not permitted", c.role))
	}
	b, err := json.Marshal(claims)
	if err != nil {
		return caller{}, fmt.Errorf("encode claims: %w", err)
	}
	c.claims = string(b)
	return c, nil
}

// jwtText is how the real server's library words it; clients look for `"exp" claim`.
func jwtText(err error) string {
	switch {
	case errors.Is(err, token.ErrExpired):
		return `"exp" claim timestamp check failed`
	case errors.Is(err, token.ErrNotYet):
		return `"nbf" claim timestamp check failed`
	case errors.Is(err, token.ErrMalformed):
		return "Invalid Compact JWS"
	default:
		return "signature verification failed"
	}
}

// owner is the id as the uuid column takes it; nil when it is none.
func (c caller) owner() *string {
	if _, err := uuid.Parse(c.sub); err != nil {
		return nil
	}
	return &c.sub
}

// ownerID is the id as text; nil when there is none.
func (c caller) ownerID() *string {
	if c.sub == "" {
		return nil
	}
	return &c.sub
}

// as runs f in one transaction in which PostgreSQL takes us for the caller.
func (s *Server) as(ctx context.Context, c caller, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.o.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true),
		  set_config('request.jwt.claim.sub', $3, true), set_config('request.jwt.claim.role', $1, true)`, c.role, c.claims, c.sub)
		if err != nil {
			return fmt.Errorf("become %s: %w", c.role, err)
		}
		return f(tx)
	})
}

// errRollback ends a transaction that only tried whether something is permitted.
var errRollback = errors.New("tried only")

// try runs f as the caller and undoes it.
func (s *Server) try(ctx context.Context, c caller, f func(pgx.Tx) error) error {
	err := s.as(ctx, c, func(tx pgx.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return errRollback
	})
	if errors.Is(err, errRollback) {
		return nil
	}
	return err
}
