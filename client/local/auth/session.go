package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/client/local/token"
)

// grant is a session as a client gets it.
type grant struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	ExpiresAt    int64  `json:"expires_at"`
	RefreshToken string `json:"refresh_token"`
	User         *user  `json:"user"`

	// ProviderToken is told in the one reply that ends a sign-in at a provider.
	ProviderToken string `json:"provider_token,omitempty"`

	sessionID string
}

type amr struct {
	Method    string `json:"method"`
	Timestamp int64  `json:"timestamp"`
}

// startSession signs the user in: a session, its first refresh token, and the
// method by which it came about.
func (s *Server) startSession(ctx context.Context, q querier, r *http.Request, u *user, method string) (*grant, error) {
	now := s.now()
	id := uuid.NewString()
	_, err := q.Exec(ctx, `INSERT INTO auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
	  VALUES ($1, $2, $3, $3, 'aal1', $4, $5)`, id, u.ID, now, r.UserAgent(), peer(r))
	if err != nil {
		return nil, fmt.Errorf("insert session: %w", err)
	}
	if err := addMethod(ctx, q, id, method, now); err != nil {
		return nil, err
	}
	if _, err := q.Exec(ctx, `UPDATE auth.users SET last_sign_in_at = $2, updated_at = $2 WHERE id = $1`, u.ID, now); err != nil {
		return nil, fmt.Errorf("note sign-in: %w", err)
	}
	u.LastSignInAt, u.UpdatedAt = &now, now
	refresh, err := s.nextRefresh(ctx, q, u.ID, id, "", now)
	if err != nil {
		return nil, err
	}
	return s.issue(ctx, q, u, id, refresh)
}

func addMethod(ctx context.Context, q querier, sessionID, method string, now time.Time) error {
	_, err := q.Exec(ctx, `INSERT INTO auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
	  VALUES ($1, $2, $3, $3, $4)
	  ON CONFLICT (session_id, authentication_method) DO UPDATE SET updated_at = excluded.updated_at`,
		uuid.NewString(), sessionID, now, method)
	if err != nil {
		return fmt.Errorf("note method: %w", err)
	}
	return nil
}

// nextRefresh is a token for a session that begins, or reached another level.
func (s *Server) nextRefresh(ctx context.Context, q querier, userID, sessionID, parent string, now time.Time) (string, error) {
	if s.o.RefreshTokens == 2 {
		return countOn(ctx, q, sessionID)
	}
	return insertRefresh(ctx, q, userID, sessionID, parent, now)
}

// insertRefresh adds a token to the session's chain and returns it.
func insertRefresh(ctx context.Context, q querier, userID, sessionID, parent string, now time.Time) (string, error) {
	t := newRefreshToken()
	_, err := q.Exec(ctx, `INSERT INTO auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
	  VALUES ('00000000-0000-0000-0000-000000000000', $1, $2, false, $3, $3, nullif($4, ''), $5)`, t, userID, now, parent, sessionID)
	if err != nil {
		return "", fmt.Errorf("insert refresh token: %w", err)
	}
	return t, nil
}

const (
	refreshLength   = 12
	refreshAlphabet = "abcdefghijklmnopqrstuvwxyz234567" // 32 letters: no bias from a byte's low bits
)

func newRefreshToken() string {
	b := make([]byte, refreshLength)
	_, _ = rand.Read(b) // never fails: crypto/rand aborts the program instead
	for i := range b {
		b[i] = refreshAlphabet[b[i]%32]
	}
	return string(b)
}

// issue signs an access token for the session.
func (s *Server) issue(ctx context.Context, q querier, u *user, sessionID, refresh string) (*grant, error) {
	methods, aal, err := sessionFacts(ctx, q, sessionID)
	if err != nil {
		return nil, err
	}
	now := s.now()
	exp := now.Add(s.o.TokenLife)
	access, err := token.Sign(s.o.Secret, token.Claims{
		"iss": s.o.BaseURL + "/auth/v1", "sub": u.ID, "aud": u.Aud, "role": u.Role,
		"iat": now.Unix(), "exp": exp.Unix(), "email": u.Email, "phone": u.Phone,
		"app_metadata": json.RawMessage(u.AppMetadata), "user_metadata": json.RawMessage(u.UserMetadata),
		"aal": aal, "amr": methods, "session_id": sessionID, "is_anonymous": u.IsAnonymous,
	})
	if err != nil {
		return nil, err
	}
	return &grant{AccessToken: access, TokenType: "bearer", ExpiresIn: int64(s.o.TokenLife / time.Second),
		ExpiresAt: exp.Unix(), RefreshToken: refresh, User: u, sessionID: sessionID}, nil
}

func sessionFacts(ctx context.Context, q querier, sessionID string) (methods []amr, aal string, err error) {
	if err := q.QueryRow(ctx, `SELECT coalesce(aal::text, 'aal1') FROM auth.sessions WHERE id = $1`, sessionID).Scan(&aal); err != nil {
		return nil, "", fmt.Errorf("read session: %w", err)
	}
	rows, err := q.Query(ctx, `SELECT authentication_method, extract(epoch FROM updated_at)::bigint
	  FROM auth.mfa_amr_claims WHERE session_id = $1 ORDER BY updated_at DESC, authentication_method`, sessionID)
	if err != nil {
		return nil, "", fmt.Errorf("read methods: %w", err)
	}
	defer rows.Close()
	methods = []amr{}
	for rows.Next() {
		var m amr
		if err := rows.Scan(&m.Method, &m.Timestamp); err != nil {
			return nil, "", fmt.Errorf("read methods: %w", err)
		}
		methods = append(methods, m)
	}
	return methods, aal, rows.Err()
}

// writeGrant answers with a session. A password sign-in also tells, as GoTrue
// does, that nothing is wrong with the password.
func writeGrant(w http.ResponseWriter, g *grant, withPassword bool) {
	w.Header().Set("Sb-Auth-User-Id", g.User.ID)
	w.Header().Set("Sb-Auth-Session-Id", g.sessionID)
	if withPassword {
		writeJSON(w, http.StatusOK, struct {
			*grant
			WeakPassword *struct{} `json:"weak_password"`
		}{g, nil})
		return
	}
	writeJSON(w, http.StatusOK, g)
}

// peer is the caller's address; nil when it is not one that PostgreSQL knows.
func peer(r *http.Request) *string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || net.ParseIP(host) == nil {
		return nil
	}
	return &host
}
