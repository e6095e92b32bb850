package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// token is POST /token: the grants.
func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	grant := map[string]handler{"password": s.passwordGrant, "refresh_token": s.refreshGrant, "pkce": s.pkceGrant}[r.URL.Query().Get("grant_type")]
	if grant == nil {
		return fault(http.StatusBadRequest, "invalid_credentials", "unsupported_grant_type")
	}
	if err := s.within(r, "token", rateToken); err != nil {
		return err
	}
	return grant(w, r)
}

func (s *Server) passwordGrant(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Email, Phone, Password string }
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Email != "" && in.Phone != "" {
		return invalid("Only an email address or phone number should be provided on login.")
	}
	if in.Phone != "" {
		return fault(http.StatusUnprocessableEntity, "phone_provider_disabled", "Phone logins are disabled")
	}
	if in.Email == "" {
		return invalid("missing email or phone")
	}
	u, err := userByEmail(r.Context(), s.o.Pool, normalEmail(in.Email))
	if err != nil {
		return err
	}
	if !s.isPassword(u, in.Password) {
		return fault(http.StatusBadRequest, "invalid_credentials", "Invalid login credentials")
	}
	if err := s.mayEnter(u); err != nil {
		return err
	}
	var g *grant
	err = pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) error {
		g, err = s.startSession(r.Context(), tx, r, u, "password")
		return err
	})
	if err != nil {
		return err
	}
	writeGrant(w, g, true)
	return nil
}

// mayEnter refuses banned and unconfirmed users.
func (s *Server) mayEnter(u *user) error {
	if u.BannedUntil != nil && s.now().Before(*u.BannedUntil) {
		return fault(http.StatusBadRequest, "user_banned", "User is banned")
	}
	if u.EmailConfirmedAt == nil {
		return fault(http.StatusBadRequest, "email_not_confirmed", "Email not confirmed")
	}
	return nil
}

// Headers that tell how a refresh token was taken.
const headerReuse = "Sb-Auth-Refresh-Token-Reuse"

func (s *Server) refreshGrant(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	c, isCounted := readCounted(in.RefreshToken)
	if !isCounted && !refreshForm(in.RefreshToken) {
		return invalid("Refresh token is not valid")
	}
	var out rotation
	err := pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) (err error) {
		if isCounted {
			out, err = s.rotateCounted(r.Context(), tx, c)
		} else {
			out, err = s.rotate(r.Context(), tx, in.RefreshToken)
		}
		return err
	})
	if err != nil {
		return err
	}
	maps.Copy(w.Header(), out.header)
	if out.refused != nil { // what was changed is kept
		return out.refused
	}
	if !isCounted {
		w.Header().Set(headerReuse, map[bool]string{true: "true", false: "false"}[out.reused])
	}
	writeGrant(w, out.grant, false)
	return nil
}

func refreshForm(t string) bool {
	return len(t) == refreshLength && strings.Trim(t, refreshAlphabet) == ""
}

// rotation is the outcome of presenting a refresh token.
type rotation struct {
	grant   *grant
	reused  bool  // the token had been spent before
	refused error // told to the client after the transaction is committed
	header  http.Header
}

type refreshRow struct {
	id                       int64
	userID, sessionID, token string
	revoked                  bool
	updatedAt                time.Time
	notAfter                 *time.Time
}

// rotate spends a refresh token. A spent one is still good when it is the
// direct parent of the active one (the client lost our answer: it gets the
// same token again) or was touched within the reuse window (a race: it gets a
// branch). Anything older is theft, and the whole family ends.
func (s *Server) rotate(ctx context.Context, tx pgx.Tx, presented string) (rotation, error) {
	row, err := lockRefresh(ctx, tx, presented)
	if err != nil {
		return rotation{}, err
	}
	u, err := userByID(ctx, tx, row.userID)
	if err != nil {
		return rotation{}, err
	}
	if u == nil {
		return rotation{}, refreshUnknown()
	}
	now := s.now()
	if u.BannedUntil != nil && now.Before(*u.BannedUntil) {
		return rotation{}, fault(http.StatusBadRequest, "user_banned", "Invalid Refresh Token: User Banned")
	}
	if row.notAfter != nil && !now.Before(*row.notAfter) {
		return rotation{}, fault(http.StatusBadRequest, "session_expired", "Invalid Refresh Token: Session Expired")
	}
	if row.revoked {
		child, err := activeChild(ctx, tx, row)
		if err != nil {
			return rotation{}, err
		}
		if child != "" {
			return s.refreshed(ctx, tx, u, row, child, true)
		}
		if now.Sub(row.updatedAt) >= s.o.ReuseWindow {
			return rotation{refused: fault(http.StatusBadRequest, "refresh_token_already_used", "Invalid Refresh Token: Already Used")},
				revokeFamily(ctx, tx, row.sessionID, now)
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE auth.refresh_tokens SET revoked = true, updated_at = $2 WHERE id = $1`, row.id, now); err != nil {
		return rotation{}, fmt.Errorf("spend refresh token: %w", err)
	}
	next, err := insertRefresh(ctx, tx, u.ID, row.sessionID, row.token, now)
	if err != nil {
		return rotation{}, err
	}
	return s.refreshed(ctx, tx, u, row, next, row.revoked)
}

func (s *Server) refreshed(ctx context.Context, tx pgx.Tx, u *user, row refreshRow, next string, reused bool) (rotation, error) {
	now := s.now()
	if _, err := tx.Exec(ctx, `UPDATE auth.sessions SET refreshed_at = $2, updated_at = $3 WHERE id = $1`, row.sessionID, now, now); err != nil {
		return rotation{}, fmt.Errorf("note refresh: %w", err)
	}
	g, err := s.issue(ctx, tx, u, row.sessionID, next)
	return rotation{grant: g, reused: reused}, err
}

func refreshUnknown() error {
	return fault(http.StatusBadRequest, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
}

// lockRefresh finds the token and holds its session, so that two refreshes of
// one session run one after the other; then it reads the token as it is now.
func lockRefresh(ctx context.Context, tx pgx.Tx, presented string) (refreshRow, error) {
	row := refreshRow{token: presented}
	err := tx.QueryRow(ctx, `SELECT s.id::text, s.user_id::text, s.not_after FROM auth.sessions s
	  WHERE s.id = (SELECT session_id FROM auth.refresh_tokens WHERE token = $1) FOR UPDATE`, presented).
		Scan(&row.sessionID, &row.userID, &row.notAfter)
	if err == nil {
		err = tx.QueryRow(ctx, `SELECT id, coalesce(revoked, false), coalesce(updated_at, 'epoch') FROM auth.refresh_tokens WHERE token = $1`, presented).
			Scan(&row.id, &row.revoked, &row.updatedAt)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return row, refreshUnknown()
	}
	if err != nil {
		return row, fmt.Errorf("read refresh token: %w", err)
	}
	return row, nil
}

// activeChild is the session's newest live token if row is its parent, else "".
func activeChild(ctx context.Context, tx pgx.Tx, row refreshRow) (string, error) {
	var active, parent string
	err := tx.QueryRow(ctx, `SELECT token, coalesce(parent, '') FROM auth.refresh_tokens
	  WHERE session_id = $1 AND revoked = false ORDER BY id DESC LIMIT 1`, row.sessionID).Scan(&active, &parent)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read active token: %w", err)
	}
	if parent != row.token {
		return "", nil
	}
	return active, nil
}

func revokeFamily(ctx context.Context, tx pgx.Tx, sessionID string, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE auth.refresh_tokens SET revoked = true, updated_at = $2 WHERE session_id = $1`, sessionID, now); err != nil {
		return fmt.Errorf("revoke family: %w", err)
	}
	return nil
}
