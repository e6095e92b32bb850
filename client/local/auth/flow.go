package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// flowLife is how long a sign-in that was begun elsewhere can be finished.
const flowLife = 5 * time.Minute

// flowKept is how long one that nobody finishes stays in the table.
const flowKept = 24 * time.Hour

// pkcePrefix marks the tokens of mails that lead to a code and not to a session.
const pkcePrefix = "pkce_"

// challenge is PKCE's promise: who exchanges the code must know what it was
// made of. The zero challenge is a sign-in without PKCE.
type challenge struct{ text, method string }

func (c challenge) given() bool { return c.text != "" }

// Bounds of a challenge in characters (RFC 7636).
const (
	minChallenge = 43
	maxChallenge = 128
)

// readChallenge checks both parameters of a request.
func readChallenge(text, method string) (challenge, error) {
	if text == "" && method == "" {
		return challenge{}, nil
	}
	if text == "" || method == "" {
		return challenge{}, invalid("PKCE flow requires code_challenge_method and code_challenge")
	}
	if len(text) < minChallenge || len(text) > maxChallenge {
		return challenge{}, invalid("code challenge has to be between %d and %d characters", minChallenge, maxChallenge)
	}
	if strings.ContainsFunc(text, reserved) {
		return challenge{}, invalid("code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes")
	}
	method = strings.ToLower(method)
	if method != "s256" && method != "plain" {
		return challenge{}, invalid("unsupported code_challenge method %q", method)
	}
	return challenge{text, method}, nil
}

// reserved is whatever RFC 3986 does not call unreserved.
func reserved(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !letter && !('0' <= r && r <= '9') && !strings.ContainsRune("-._~", r)
}

// answers reports whether the verifier is what the challenge was made of.
func (c challenge) answers(verifier string) bool {
	if c.method == "s256" {
		h := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(h[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(c.text)) == 1
}

// flow is a row of auth.flow_state: a sign-in under way.
type flow struct {
	id, code  string
	userID    string // "" until it is known who signs in
	provider  string
	method    string // "oauth" or the kind of mail
	referrer  string // where the browser goes in the end
	access    string // the provider's own token, which is told once
	challenge challenge
	createdAt time.Time
	issuedAt  *time.Time // of the code
}

// expired: a mail may lie for long, so its time runs from the click.
func (f flow) expired(now time.Time) bool {
	since := f.createdAt
	if f.issuedAt != nil && f.method != methodOAuth {
		since = *f.issuedAt
	}
	return now.Sub(since) > flowLife
}

func (s *Server) insertFlow(ctx context.Context, q querier, f flow) (flow, error) {
	f.id, f.code, f.createdAt = uuid.NewString(), uuid.NewString(), s.now()
	if _, err := q.Exec(ctx, `DELETE FROM auth.flow_state WHERE created_at < $1`, f.createdAt.Add(-flowKept)); err != nil {
		return f, fmt.Errorf("forget flows: %w", err)
	}
	_, err := q.Exec(ctx, `INSERT INTO auth.flow_state (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
	    authentication_method, referrer, created_at, updated_at)
	  VALUES ($1, nullif($2, '')::uuid, $3, nullif($4, '')::auth.code_challenge_method, nullif($5, ''), $6, $7, $8, $9, $9)`,
		f.id, f.userID, f.code, f.challenge.method, f.challenge.text, f.provider, f.method, f.referrer, f.createdAt)
	if err != nil {
		return f, fmt.Errorf("insert flow: %w", err)
	}
	return f, nil
}

// findFlow reads and holds one flow; nil when there is none.
func findFlow(ctx context.Context, tx pgx.Tx, condition string, args ...any) (*flow, error) {
	f := &flow{}
	err := tx.QueryRow(ctx, `SELECT id::text, coalesce(auth_code, ''), coalesce(user_id::text, ''), provider_type, authentication_method,
	    coalesce(referrer, ''), coalesce(provider_access_token, ''), coalesce(code_challenge_method::text, ''), coalesce(code_challenge, ''),
	    coalesce(created_at, 'epoch'), auth_code_issued_at
	  FROM auth.flow_state WHERE `+condition+` ORDER BY created_at DESC LIMIT 1 FOR UPDATE`, args...).
		Scan(&f.id, &f.code, &f.userID, &f.provider, &f.method, &f.referrer, &f.access, &f.challenge.method, &f.challenge.text, &f.createdAt, &f.issuedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read flow: %w", err)
	}
	return f, nil
}

// issueCode notes who signs in; from now on the flow's code can be exchanged.
func (s *Server) issueCode(ctx context.Context, tx pgx.Tx, f *flow, userID, access string) error {
	_, err := tx.Exec(ctx, `UPDATE auth.flow_state SET user_id = $2, provider_access_token = nullif($3, ''), auth_code_issued_at = $4, updated_at = $4
	  WHERE id = $1`, f.id, userID, access, s.now())
	if err != nil {
		return fmt.Errorf("issue code: %w", err)
	}
	return nil
}

func dropFlow(ctx context.Context, tx pgx.Tx, id string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM auth.flow_state WHERE id = $1`, id); err != nil {
		return fmt.Errorf("delete flow: %w", err)
	}
	return nil
}

func flowExpired() error {
	return fault(http.StatusUnprocessableEntity, "flow_state_expired", "invalid flow state, flow state has expired")
}

// pkceGrant is POST /token?grant_type=pkce. A wrong verifier leaves the code
// usable: who guesses must not be able to spoil the owner's sign-in.
func (s *Server) pkceGrant(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Code     string `json:"auth_code"`
		Verifier string `json:"code_verifier"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Code == "" || in.Verifier == "" {
		return invalid("invalid request: both auth code and code verifier should be non-empty")
	}
	var g *grant
	err := pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) (err error) {
		g, err = s.exchange(r, tx, in.Code, in.Verifier)
		return err
	})
	if err != nil {
		return err
	}
	writeGrant(w, g, false)
	return nil
}

func (s *Server) exchange(r *http.Request, tx pgx.Tx, code, verifier string) (*grant, error) {
	f, err := findFlow(r.Context(), tx, `auth_code = $1 AND code_challenge IS NOT NULL AND auth_code_issued_at IS NOT NULL`, code)
	if err != nil {
		return nil, err
	}
	if f == nil || f.userID == "" {
		return nil, fault(http.StatusNotFound, "flow_state_not_found", "invalid flow state, no valid flow state found")
	}
	if f.expired(s.now()) {
		return nil, flowExpired()
	}
	if !f.challenge.answers(verifier) {
		return nil, fault(http.StatusBadRequest, "bad_code_verifier", "code challenge does not match previously saved code verifier")
	}
	u, err := userByID(r.Context(), tx, f.userID)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, userNotFound()
	}
	if err := s.mayEnter(u); err != nil {
		return nil, err
	}
	if err := dropFlow(r.Context(), tx, f.id); err != nil {
		return nil, err
	}
	g, err := s.startSession(r.Context(), tx, r, u, f.method)
	if err != nil {
		return nil, err
	}
	g.ProviderToken = f.access
	return g, nil
}
