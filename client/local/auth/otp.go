package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// mailKind is why a code is sent; it is also the type of the link.
type mailKind string

const (
	mailSignup      mailKind = "signup"
	mailMagicLink   mailKind = "magiclink"
	mailRecovery    mailKind = "recovery"
	mailEmailChange mailKind = "email_change"
)

// tokenType is the kind of auth.one_time_tokens under which the code is kept.
func (k mailKind) tokenType() string {
	switch k {
	case mailSignup:
		return "confirmation_token"
	case mailEmailChange:
		return "email_change_token_new"
	default:
		return "recovery_token"
	}
}

// sentAt is the column of auth.users that notes the mail, and its place in u.
func (k mailKind) sentAt(u *user) (column string, at **time.Time) {
	switch k {
	case mailSignup:
		return "confirmation_sent_at", &u.ConfirmationSentAt
	case mailEmailChange:
		return "email_change_sent_at", &u.EmailChangeSentAt
	default:
		return "recovery_sent_at", &u.RecoverySentAt
	}
}

// codeLife is how long a code can be used.
const codeLife = time.Hour

func (s *Server) otp(w http.ResponseWriter, r *http.Request) error {
	in := struct {
		Email, Phone string
		CreateUser   *bool          `json:"create_user"`
		Data         map[string]any `json:"data"`
	}{}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Phone != "" {
		return fault(http.StatusBadRequest, "phone_provider_disabled", "Unsupported phone provider")
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return badEmail()
	}
	u, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	kind := mailMagicLink
	if u == nil {
		if in.CreateUser != nil && !*in.CreateUser {
			return fault(http.StatusUnprocessableEntity, "otp_disabled", "Signups not allowed for otp")
		}
		if u, err = s.makeUnconfirmed(r.Context(), email, in.Data); err != nil {
			return err
		}
		kind = mailSignup
	} else if u.EmailConfirmedAt == nil {
		kind = mailSignup
	}
	if err := s.mailUser(r.Context(), u, kind); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

func (s *Server) makeUnconfirmed(ctx context.Context, email string, data map[string]any) (*user, error) {
	id := uuid.NewString()
	err := pgx.BeginFunc(ctx, s.o.Pool, func(tx pgx.Tx) error {
		return insertUser(ctx, tx, newUser{id: id, email: email, metadata: data}, s.now())
	})
	if err != nil && !isConflict(err) {
		return nil, err
	}
	return userByEmail(ctx, s.o.Pool, email)
}

// recover is POST /recover. It says the same whether the address is known or not.
func (s *Server) recover(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Email string }
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Email == "" {
		return invalid("Password recovery requires an email")
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return badEmail()
	}
	u, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	if u != nil {
		if err := s.mailUser(r.Context(), u, mailRecovery); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// resend is POST /resend {"type","email"}: the confirmation again.
func (s *Server) resend(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Type, Email string }
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Type != "signup" && in.Type != "email_change" {
		return invalid("Missing one of these types: signup, email_change, sms, phone_change")
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return badEmail()
	}
	u, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	switch {
	case u == nil:
	case in.Type == "signup" && u.EmailConfirmedAt == nil:
		err = s.mailUser(r.Context(), u, mailSignup)
	case in.Type == "email_change" && u.NewEmail != "":
		err = s.mailUser(r.Context(), u, mailEmailChange)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// mailUser makes a code that replaces an older one, and "sends" it. u learns
// when. Two mails within MailInterval are one too many.
func (s *Server) mailUser(ctx context.Context, u *user, kind mailKind) error {
	now, to := s.now(), u.Email
	_, sent := kind.sentAt(u)
	if *sent != nil {
		if wait := (*sent).Add(s.o.MailInterval).Sub(now); wait > 0 {
			return fault(http.StatusTooManyRequests, "over_email_send_rate_limit",
				"For security purposes, you can only request this after %d seconds.", int(wait/time.Second))
		}
	}
	if kind == mailEmailChange {
		to = u.NewEmail
	}
	m, err := s.makeCode(ctx, u, kind, to)
	if err != nil {
		return err
	}
	*sent, u.UpdatedAt = &now, now
	s.mail.put(m.Mail)
	return nil
}

// issuedCode is a mail with the hash that the database keeps.
type issuedCode struct {
	Mail
	hash string
}

// makeCode makes a code for the address and notes it; an older one of the same
// kind is void.
func (s *Server) makeCode(ctx context.Context, u *user, kind mailKind, to string) (issuedCode, error) {
	now := s.now()
	code, err := newCode()
	if err != nil {
		return issuedCode{}, err
	}
	hash := hashCode(to, code)
	column, _ := kind.sentAt(u)
	err = pgx.BeginFunc(ctx, s.o.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
		  VALUES ($1, $2, $3::text::auth.one_time_token_type, $4, $5, $6, $6)
		  ON CONFLICT (user_id, token_type) DO UPDATE SET token_hash = excluded.token_hash, relates_to = excluded.relates_to,
		    created_at = excluded.created_at, updated_at = excluded.updated_at`,
			uuid.NewString(), u.ID, kind.tokenType(), hash, to, now)
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE auth.users SET `+column+` = $2, updated_at = $2 WHERE id = $1`, u.ID, now)
		}
		return err
	})
	if err != nil {
		return issuedCode{}, fmt.Errorf("note code: %w", err)
	}
	link := s.o.BaseURL + "/auth/v1/verify?" + url.Values{"token": {hash}, "type": {string(kind)}, "redirect_to": {s.o.SiteURL}}.Encode()
	return issuedCode{Mail{To: to, Kind: string(kind), Code: code, Link: link, At: now}, hash}, nil
}

// newCode is six digits, each code as likely as any other.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

// hashCode is what the database keeps of a code.
func hashCode(email, code string) string {
	h := sha256.Sum224([]byte(email + code))
	return hex.EncodeToString(h[:])
}
