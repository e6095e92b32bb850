package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
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
	g, err := s.redeem(r, in.Type, hash)
	if err != nil {
		return err
	}
	writeGrant(w, g, false)
	return nil
}

// followLink is GET /verify: the link of a mail, opened in a browser.
func (s *Server) followLink(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	target := s.redirectTarget(q.Get("redirect_to"))
	g, err := s.redeem(r, q.Get("type"), q.Get("token"))
	var e *apiError
	if errors.As(err, &e) {
		target.Fragment = url.Values{"error": {"access_denied"}, "error_code": {e.code}, "error_description": {e.msg}, "sb": {""}}.Encode()
	} else if err != nil {
		return err
	} else {
		target.Fragment = url.Values{"access_token": {g.AccessToken}, "expires_at": {strconv.FormatInt(g.ExpiresAt, 10)},
			"expires_in": {strconv.FormatInt(g.ExpiresIn, 10)}, "refresh_token": {g.RefreshToken}, "token_type": {"bearer"},
			"type": {q.Get("type")}, "sb": {""}}.Encode()
	}
	base, fragment := *target, target.Fragment
	base.Fragment = ""
	w.Header().Set("Location", base.String()+"#"+fragment)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// redirectTarget lets links lead to the site and to loopback, and nowhere else.
func (s *Server) redirectTarget(asked string) *url.URL {
	site, err := url.Parse(s.o.SiteURL)
	if err != nil {
		site = &url.URL{Path: "/"}
	}
	u, err := url.Parse(asked)
	if err != nil || asked == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return site
	}
	if h := u.Hostname(); h == "127.0.0.1" || h == "localhost" || h == "::1" || u.Host == site.Host {
		return u
	}
	return site
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
		return []string{"email_change_token_new"}
	default:
		return nil
	}
}

// redeem spends a code: it can work once only, also for two requests at a time.
func (s *Server) redeem(r *http.Request, kind, hash string) (*grant, error) {
	ctx := r.Context()
	var g *grant
	err := pgx.BeginFunc(ctx, s.o.Pool, func(tx pgx.Tx) error {
		var userID, tokenType, to string
		var created time.Time
		err := tx.QueryRow(ctx, `DELETE FROM auth.one_time_tokens WHERE token_hash = $1 AND token_type::text = ANY ($2)
		  RETURNING user_id::text, token_type::text, relates_to, created_at`, hash, tokenTypes(kind)).Scan(&userID, &tokenType, &to, &created)
		if errors.Is(err, pgx.ErrNoRows) {
			return otpExpired()
		}
		if err != nil {
			return fmt.Errorf("read code: %w", err)
		}
		if s.now().Sub(created) > codeLife {
			return otpExpired()
		}
		if err := confirm(ctx, tx, userID, tokenType, to, s.now()); err != nil {
			return err
		}
		u, err := userByID(ctx, tx, userID)
		if err != nil || u == nil {
			return errors.Join(err, otpExpired())
		}
		g, err = s.startSession(ctx, tx, r, u, "otp")
		return err
	})
	return g, err
}

// confirm notes that the user reads mail at the address.
func confirm(ctx context.Context, tx pgx.Tx, userID, tokenType, to string, now time.Time) error {
	if tokenType == "email_change_token_new" {
		return setEmail(ctx, tx, userID, to, now)
	}
	_, err := tx.Exec(ctx, `UPDATE auth.users SET email_confirmed_at = coalesce(email_confirmed_at, $2), updated_at = $2,
	    raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}' WHERE id = $1`, userID, now)
	if err != nil {
		return fmt.Errorf("confirm address: %w", err)
	}
	return nil
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
