package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

type verification struct {
	Type      string `json:"type"`
	Email     string `json:"email"`
	Token     string `json:"token"`
	TokenHash string `json:"token_hash"`
}

// verify is POST /verify: a code, or the hash of a link, for a session.
func (s *Server) verify(w http.ResponseWriter, r *http.Request) error {
	var in verification
	if err := readJSON(r, &in); err != nil {
		return err
	}
	hash := in.TokenHash
	switch {
	case in.Token == "" && hash == "":
		return invalid("Verify requires a token or a token hash")
	case hash == "" && in.Email == "":
		return invalid("Only the token_hash and type should be provided")
	case hash == "":
		hash = hashCode(normalEmail(in.Email), in.Token)
	}
	out, err := s.redeem(r, in.Type, hash, false)
	if err != nil {
		return err
	}
	if out.grant == nil {
		writeJSON(w, http.StatusOK, map[string]string{"msg": halfConfirmed, "code": "200"})
		return nil
	}
	writeGrant(w, out.grant, false)
	return nil
}

// halfConfirmed: one of the two mails of a change of address was answered.
const halfConfirmed = "Confirmation link accepted. Please proceed to confirm link sent to the other email"

// followLink is GET /verify: the link of a mail, opened in a browser. Links
// that were asked for with PKCE lead to a code.
func (s *Server) followLink(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	target := s.redirectTarget(q.Get("redirect_to"))
	pkce := strings.HasPrefix(q.Get("token"), pkcePrefix)
	out, err := s.redeem(r, q.Get("type"), q.Get("token"), pkce)
	var e *apiError
	var fragment url.Values
	switch {
	case errors.As(err, &e) && pkce:
		redirectFault(w, target, e)
		return nil
	case errors.As(err, &e):
		fragment = url.Values{"error": {"access_denied"}, "error_code": {e.code}, "error_description": {e.msg}, "sb": {""}}
	case err != nil:
		return err
	case out.code != "":
		query := target.Query()
		query.Set("code", out.code)
		target.RawQuery = query.Encode()
	case out.grant == nil:
		fragment = url.Values{"message": {halfConfirmed}, "sb": {""}}
	default:
		fragment = fragmentOf(out.grant, q.Get("type"))
	}
	redirect(w, http.StatusSeeOther, target, fragment)
	return nil
}

func otpExpired() error {
	return fault(http.StatusForbidden, "otp_expired", "Token has expired or is invalid")
}

// tokenTypes are the kinds of code that a verification type accepts.
func tokenTypes(kind string) []string {
	switch kind {
	case "signup":
		return []string{"confirmation_token"}
	case "recovery", "magiclink":
		return []string{"recovery_token"}
	case "email":
		return []string{"confirmation_token", "recovery_token"}
	case "email_change":
		return []string{tokenEmailNew, tokenEmailCurrent}
	default:
		return nil
	}
}

// redeemed is what a code was good for: a session, a code to exchange for one,
// or nothing yet.
type redeemed struct {
	grant *grant
	code  string
}

// redeem spends a code: it can work once only, also for two requests at a
// time. byLink asks for a PKCE code; a typed code gives a session in any case.
func (s *Server) redeem(r *http.Request, kind, hash string, byLink bool) (out redeemed, err error) {
	ctx := r.Context()
	err = pgx.BeginFunc(ctx, s.o.Pool, func(tx pgx.Tx) error {
		var userID, tokenType string
		var created time.Time
		err := tx.QueryRow(ctx, `DELETE FROM auth.one_time_tokens WHERE token_hash IN ($1, $2) AND token_type::text = ANY ($3)
		  RETURNING user_id::text, token_type::text, created_at`, hash, pkcePrefix+hash, tokenTypes(kind)).Scan(&userID, &tokenType, &created)
		if errors.Is(err, pgx.ErrNoRows) {
			return otpExpired()
		}
		if err != nil {
			return fmt.Errorf("read code: %w", err)
		}
		if s.now().Sub(created) > codeLife {
			return otpExpired()
		}
		done, err := confirm(ctx, tx, userID, tokenType, s.now())
		if err != nil || !done {
			return err
		}
		u, err := userByID(ctx, tx, userID)
		if err != nil || u == nil {
			return errors.Join(err, otpExpired())
		}
		if byLink {
			out.code, err = s.codeOfLink(ctx, tx, u, mailKind(kind))
			return err
		}
		out.grant, err = s.startSession(ctx, tx, r, u, "otp")
		return err
	})
	return out, err
}

// codeOfLink is the code of the flow that asked for the mail.
func (s *Server) codeOfLink(ctx context.Context, tx pgx.Tx, u *user, kind mailKind) (string, error) {
	f, err := findFlow(ctx, tx, `user_id = $1 AND authentication_method = $2 AND auth_code_issued_at IS NULL`, u.ID, kind.method())
	if err != nil {
		return "", err
	}
	if f == nil {
		return "", fault(http.StatusNotFound, "flow_state_not_found", "No valid flow state found for user.")
	}
	return f.code, s.issueCode(ctx, tx, f, u.ID, "")
}

// confirm notes that the user reads mail at the address. It is not done while
// the other mail of a change of address is out.
func confirm(ctx context.Context, tx pgx.Tx, userID, tokenType string, now time.Time) (done bool, err error) {
	if tokenType == tokenEmailNew || tokenType == tokenEmailCurrent {
		return confirmChange(ctx, tx, userID, now)
	}
	_, err = tx.Exec(ctx, `UPDATE auth.users SET email_confirmed_at = coalesce(email_confirmed_at, $2), updated_at = $2,
	    raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}' WHERE id = $1`, userID, now)
	if err != nil {
		return false, fmt.Errorf("confirm address: %w", err)
	}
	return true, nil
}

func confirmChange(ctx context.Context, tx pgx.Tx, userID string, now time.Time) (done bool, err error) {
	var open int
	var email string
	err = tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM auth.one_time_tokens WHERE user_id = $1 AND token_type IN ('email_change_token_new', 'email_change_token_current')),
	  coalesce(email_change, '') FROM auth.users WHERE id = $1 FOR UPDATE`, userID).Scan(&open, &email)
	if err != nil {
		return false, fmt.Errorf("read change of address: %w", err)
	}
	if open > 0 {
		return false, nil
	}
	if email == "" {
		return false, otpExpired()
	}
	return true, setEmail(ctx, tx, userID, email, now)
}

// setEmail makes the new address the user's, in the identity as well.
func setEmail(ctx context.Context, q querier, userID, email string, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE auth.users SET email = $2::text, email_change = '', email_confirmed_at = coalesce(email_confirmed_at, $3),
	    updated_at = $3, raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || jsonb_build_object('email', $2::text) WHERE id = $1`, userID, email, now)
	if err == nil {
		_, err = q.Exec(ctx, `UPDATE auth.identities SET identity_data = identity_data || jsonb_build_object('email', $2::text), updated_at = $3
		  WHERE user_id = $1 AND provider = 'email'`, userID, email, now)
	}
	if isConflict(err) {
		return fault(http.StatusUnprocessableEntity, "email_exists", "A user with this email address has already been registered")
	}
	if err != nil {
		return fmt.Errorf("write address: %w", err)
	}
	return nil
}
