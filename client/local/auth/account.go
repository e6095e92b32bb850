package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"
)

func (s *Server) getUser(w http.ResponseWriter, _ *http.Request, c caller) error {
	writeJSON(w, http.StatusOK, c.user)
	return nil
}

// changes is the body of PUT /user; nil members stay as they are.
type changes struct {
	pkceInput
	Email, Password, Phone *string
	Data                   map[string]any
}

func (s *Server) putUser(w http.ResponseWriter, r *http.Request, c caller) error {
	var in changes
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := in.allowed(c); err != nil {
		return err
	}
	m, err := s.mailing(r, mailEmailChange, in.pkceInput)
	if err != nil {
		return err
	}
	hash, err := s.newHash(in, c.user)
	if err != nil {
		return err
	}
	email, err := s.newEmail(r.Context(), in, c.user)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) error {
		return s.applyChanges(r.Context(), tx, c, in.Data, hash, email)
	})
	if err != nil {
		return err
	}
	u, err := userByID(r.Context(), s.o.Pool, c.user.ID)
	if err != nil {
		return err
	}
	if email != "" && !s.o.Autoconfirm {
		if err := s.mailUser(r.Context(), u, m); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

// allowed refuses changes that this session may not ask for.
func (in changes) allowed(c caller) error {
	if in.Phone != nil && *in.Phone != "" {
		return fault(http.StatusUnprocessableEntity, "phone_provider_disabled", "Phone logins are disabled")
	}
	if (in.Password != nil || in.Email != nil) && c.user.hasVerifiedFactor() && c.aal != "aal2" {
		return fault(http.StatusUnauthorized, "insufficient_aal", "AAL2 session is required to update email or password when MFA is enabled.")
	}
	return nil
}

// newHash is "" when the password stays.
func (s *Server) newHash(in changes, u *user) (string, error) {
	if in.Password == nil {
		return "", nil
	}
	if err := checkStrength(*in.Password); err != nil {
		return "", err
	}
	if u.password != "" && s.isPassword(u, *in.Password) {
		return "", fault(http.StatusUnprocessableEntity, "same_password", "New password should be different from the old password.")
	}
	return s.hash(*in.Password)
}

// newEmail is "" when the address stays.
func (s *Server) newEmail(ctx context.Context, in changes, u *user) (string, error) {
	if in.Email == nil || normalEmail(*in.Email) == u.Email {
		return "", nil
	}
	email, err := parseEmail(*in.Email)
	if err != nil {
		return "", badEmail()
	}
	other, err := userByEmail(ctx, s.o.Pool, email)
	if err != nil {
		return "", err
	}
	if other != nil {
		return "", fault(http.StatusUnprocessableEntity, "email_exists", "A user with this email address has already been registered")
	}
	return email, nil
}

func (s *Server) applyChanges(ctx context.Context, tx pgx.Tx, c caller, data map[string]any, hash, email string) error {
	now := s.now()
	if data != nil {
		b, err := json.Marshal(data)
		if err != nil {
			return fmt.Errorf("encode data: %w", err)
		}
		_, err = tx.Exec(ctx, `UPDATE auth.users SET raw_user_meta_data =
		    (SELECT coalesce(jsonb_object_agg(k, v), '{}') FROM jsonb_each(coalesce(raw_user_meta_data, '{}') || $2::jsonb) AS e(k, v) WHERE v <> 'null'),
		    updated_at = $3 WHERE id = $1`, c.user.ID, b, now)
		if err != nil {
			return fmt.Errorf("write metadata: %w", err)
		}
	}
	if hash != "" { // the other sessions end: who changed the password may be driving out a thief
		_, err := tx.Exec(ctx, `UPDATE auth.users SET encrypted_password = $2, updated_at = $3 WHERE id = $1`, c.user.ID, hash, now)
		if err != nil {
			return fmt.Errorf("write password: %w", err)
		}
		if err := endSessions(ctx, tx, c, "others"); err != nil {
			return err
		}
	}
	if email == "" {
		return nil
	}
	if s.o.Autoconfirm {
		return setEmail(ctx, tx, c.user.ID, email, now)
	}
	_, err := tx.Exec(ctx, `UPDATE auth.users SET email_change = $2, updated_at = $3 WHERE id = $1`, c.user.ID, email, now)
	if err != nil {
		return fmt.Errorf("write new address: %w", err)
	}
	return nil
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request, c caller) error {
	scope := r.URL.Query().Get("scope")
	switch scope {
	case "":
		scope = "global"
	case "global", "local", "others":
	default:
		return invalid("Unsupported logout scope %q", scope)
	}
	if err := endSessions(r.Context(), s.o.Pool, c, scope); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// endSessions deletes sessions of the caller; their refresh tokens go with them.
func endSessions(ctx context.Context, q querier, c caller, scope string) error {
	_, err := q.Exec(ctx, `DELETE FROM auth.sessions WHERE user_id = $1 AND CASE $3::text
	    WHEN 'local'  THEN id::text = $2
	    WHEN 'others' THEN id::text <> $2
	    ELSE true END`, c.user.ID, c.sessionID, scope)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
