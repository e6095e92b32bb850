package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const (
	challengeLife = 5 * time.Minute
	factorsMost   = 10 // of one user
)

func factorNotFound() error {
	return fault(http.StatusNotFound, "mfa_factor_not_found", "Factor not found")
}

// enroll is POST /factors: a second factor that is not verified yet.
func (s *Server) enroll(w http.ResponseWriter, r *http.Request, c caller) error {
	var in struct {
		Type   string `json:"factor_type"`
		Name   string `json:"friendly_name"`
		Issuer string `json:"issuer"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Type != "totp" {
		return invalid("factor_type needs to be totp, phone, or webauthn")
	}
	if c.user.hasVerifiedFactor() && c.aal != "aal2" {
		return fault(http.StatusForbidden, "insufficient_aal", "AAL2 required to enroll a new factor")
	}
	if len(c.user.Factors) >= factorsMost {
		return fault(http.StatusUnprocessableEntity, "too_many_enrolled_mfa_factors", "Maximum number of verified factors reached, unenroll to continue")
	}
	if in.Issuer == "" {
		in.Issuer = "loratop"
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: in.Issuer, AccountName: c.user.Email})
	if err != nil {
		return fmt.Errorf("make secret: %w", err)
	}
	svg, err := qrSVG(key)
	if err != nil {
		return err
	}
	id := uuid.NewString()
	_, err = s.o.Pool.Exec(r.Context(), `INSERT INTO auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret)
	  VALUES ($1, $2, $3, 'totp', 'unverified', $4, $4, $5)`, id, c.user.ID, in.Name, s.now(), key.Secret())
	if isConflict(err) {
		return fault(http.StatusUnprocessableEntity, "mfa_factor_name_conflict", "A factor with the friendly name %q for this user already exists", in.Name)
	}
	if err != nil {
		return fmt.Errorf("insert factor: %w", err)
	}
	writeJSON(w, http.StatusOK, map[string]any{"id": id, "type": "totp", "friendly_name": in.Name,
		"totp": map[string]string{"qr_code": svg, "secret": key.Secret(), "uri": key.URL()}})
	return nil
}

// ownFactor is the factor of the path, if it is the caller's.
func ownFactor(r *http.Request, c caller) (factor, error) {
	id := r.PathValue("id")
	if _, err := uuid.Parse(id); err != nil {
		return factor{}, fault(http.StatusNotFound, "validation_failed", "factor_id must be an UUID")
	}
	for _, f := range c.user.Factors {
		if f.ID == id {
			return f, nil
		}
	}
	return factor{}, factorNotFound()
}

func (s *Server) challenge(w http.ResponseWriter, r *http.Request, c caller) error {
	f, err := ownFactor(r, c)
	if err != nil {
		return err
	}
	id, now := uuid.NewString(), s.now()
	_, err = s.o.Pool.Exec(r.Context(), `INSERT INTO auth.mfa_challenges (id, factor_id, created_at, ip_address) VALUES ($1, $2, $3, $4)`,
		id, f.ID, now, peerOrLoopback(r))
	if err != nil {
		return fmt.Errorf("insert challenge: %w", err)
	}
	writeJSON(w, http.StatusOK, map[string]any{"id": id, "type": f.Type, "expires_at": now.Add(challengeLife).Unix()})
	return nil
}

func peerOrLoopback(r *http.Request) string {
	if p := peer(r); p != nil {
		return *p
	}
	return "127.0.0.1"
}

// verifyFactor is POST /factors/ID/verify: the session reaches the second
// level and gets a new refresh token, whose parent is the one at hand.
func (s *Server) verifyFactor(w http.ResponseWriter, r *http.Request, c caller) error {
	f, err := ownFactor(r, c)
	if err != nil {
		return err
	}
	var in struct {
		ChallengeID string `json:"challenge_id"`
		Code        string `json:"code"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := s.checkCode(r, f, in.ChallengeID, in.Code); err != nil {
		return err
	}
	var g *grant
	err = pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) (err error) {
		g, err = s.stepUp(r.Context(), tx, c, f, in.ChallengeID)
		return err
	})
	if err != nil {
		return err
	}
	writeGrant(w, g, false)
	return nil
}

func (s *Server) checkCode(r *http.Request, f factor, challengeID, code string) error {
	unknown := fault(http.StatusUnprocessableEntity, "mfa_factor_not_found", "MFA factor with the provided challenge ID not found")
	if _, err := uuid.Parse(challengeID); err != nil {
		return unknown
	}
	var created time.Time
	var used bool
	var from, secret string
	err := s.o.Pool.QueryRow(r.Context(), `SELECT c.created_at, c.verified_at IS NOT NULL, host(c.ip_address), coalesce(f.secret, '')
	  FROM auth.mfa_challenges c JOIN auth.mfa_factors f ON f.id = c.factor_id WHERE c.id = $1 AND f.id = $2`, challengeID, f.ID).
		Scan(&created, &used, &from, &secret)
	if errors.Is(err, pgx.ErrNoRows) {
		return unknown
	}
	if err != nil {
		return fmt.Errorf("read challenge: %w", err)
	}
	if used || from != peerOrLoopback(r) {
		return fault(http.StatusUnprocessableEntity, "mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch.")
	}
	now := s.now()
	if now.Sub(created) > challengeLife {
		return fault(http.StatusUnprocessableEntity, "mfa_challenge_expired", "MFA challenge %s has expired, verify against another challenge or create a new challenge.", challengeID)
	}
	ok, err := totp.ValidateCustom(code, secret, now, totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil || !ok {
		return fault(http.StatusUnprocessableEntity, "mfa_verification_failed", "Invalid TOTP code entered")
	}
	return nil
}

// stepUp marks factor and challenge, lifts the session to aal2, and ends the
// user's sessions that are below it.
func (s *Server) stepUp(ctx context.Context, tx pgx.Tx, c caller, f factor, challengeID string) (*grant, error) {
	now := s.now()
	tag, err := tx.Exec(ctx, `UPDATE auth.mfa_challenges SET verified_at = $2 WHERE id = $1 AND verified_at IS NULL`, challengeID, now)
	if err != nil {
		return nil, fmt.Errorf("note challenge: %w", err)
	}
	if tag.RowsAffected() == 0 { // spent in the same moment
		return nil, fault(http.StatusUnprocessableEntity, "mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch.")
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE auth.mfa_factors SET status = 'verified', updated_at = $2 WHERE id = $1 AND status <> 'verified'`, []any{f.ID, now}},
		{`UPDATE auth.sessions SET aal = 'aal2', factor_id = $2, updated_at = $3 WHERE id = $1`, []any{c.sessionID, f.ID, now}},
		{`DELETE FROM auth.sessions WHERE user_id = $1 AND id <> $2 AND aal < 'aal2'`, []any{c.user.ID, c.sessionID}},
		{`DELETE FROM auth.mfa_factors WHERE user_id = $1 AND status = 'unverified'`, []any{c.user.ID}},
	} {
		if _, err := tx.Exec(ctx, q.sql, q.args...); err != nil {
			return nil, fmt.Errorf("step up: %w", err)
		}
	}
	if err := addMethod(ctx, tx, c.sessionID, "totp", now); err != nil {
		return nil, err
	}
	var active string
	err = tx.QueryRow(ctx, `UPDATE auth.refresh_tokens SET revoked = true, updated_at = $2 WHERE id = (
	    SELECT id FROM auth.refresh_tokens WHERE session_id = $1 AND NOT revoked ORDER BY id DESC LIMIT 1) RETURNING token`, c.sessionID, now).Scan(&active)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("spend refresh token: %w", err)
	}
	next, err := s.nextRefresh(ctx, tx, c.user.ID, c.sessionID, active, now)
	if err != nil {
		return nil, err
	}
	u, err := userByID(ctx, tx, c.user.ID)
	if err != nil || u == nil {
		return nil, errors.Join(err, factorNotFound())
	}
	return s.issue(ctx, tx, u, c.sessionID, next)
}

// unenroll deletes a factor; sessions that were lifted by one sink again.
func (s *Server) unenroll(w http.ResponseWriter, r *http.Request, c caller) error {
	f, err := ownFactor(r, c)
	if err != nil {
		return err
	}
	if f.Status == "verified" && c.aal != "aal2" {
		return fault(http.StatusUnprocessableEntity, "insufficient_aal", "AAL2 required to unenroll verified factor")
	}
	err = pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(r.Context(), `DELETE FROM auth.mfa_factors WHERE id = $1`, f.ID); err != nil {
			return fmt.Errorf("delete factor: %w", err)
		}
		if _, err := tx.Exec(r.Context(), `UPDATE auth.sessions SET aal = 'aal1', factor_id = NULL WHERE user_id = $1 AND factor_id = $2`, c.user.ID, f.ID); err != nil {
			return fmt.Errorf("lower sessions: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": f.ID})
	return nil
}
