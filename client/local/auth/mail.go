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
		return tokenEmailNew
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

// The two tokens of a change of address: both mailboxes must agree.
const (
	tokenEmailNew     = "email_change_token_new"
	tokenEmailCurrent = "email_change_token_current"
)

// method is what sessions of its link are noted to have come about by.
func (k mailKind) method() string {
	if k == mailSignup {
		return "email/signup"
	}
	return string(k)
}

// codeLife is how long a code can be used.
const codeLife = time.Hour

// pkceInput are the members of a body that ask for a code instead of a session.
type pkceInput struct {
	Challenge string `json:"code_challenge"`
	Method    string `json:"code_challenge_method"`
}

// mailing is a mail to be sent.
type mailing struct {
	kind     mailKind
	redirect string // where its link leads in the end
	pkce     challenge
}

func (s *Server) mailing(r *http.Request, kind mailKind, in pkceInput) (mailing, error) {
	c, err := readChallenge(in.Challenge, in.Method)
	return mailing{kind: kind, redirect: s.redirectTarget(askedTarget(r)).String(), pkce: c}, err
}

// mailUser makes a code that replaces an older one, and "sends" it. u learns
// when. Two mails within MailInterval are one too many. A change of address is
// told to both addresses.
func (s *Server) mailUser(ctx context.Context, u *user, m mailing) error {
	now := s.now()
	_, sent := m.kind.sentAt(u)
	if *sent != nil {
		if wait := (*sent).Add(s.o.MailInterval).Sub(now); wait > 0 {
			return fault(http.StatusTooManyRequests, "over_email_send_rate_limit",
				"For security purposes, you can only request this after %d seconds.", int(wait/time.Second))
		}
	}
	if err := s.mayMail(); err != nil {
		return err
	}
	to := map[string]string{m.kind.tokenType(): u.Email}
	if m.kind == mailEmailChange {
		to = map[string]string{tokenEmailCurrent: u.Email, tokenEmailNew: u.NewEmail}
	}
	var mails []Mail
	err := pgx.BeginFunc(ctx, s.o.Pool, func(tx pgx.Tx) error {
		if m.pkce.given() {
			f := flow{userID: u.ID, provider: m.kind.method(), method: m.kind.method(), referrer: m.redirect, challenge: m.pkce}
			if _, err := s.insertFlow(ctx, tx, f); err != nil {
				return err
			}
		}
		for kind, address := range to {
			code, err := s.makeCode(ctx, tx, u, m, kind, address)
			if err != nil {
				return err
			}
			mails = append(mails, code.Mail)
		}
		return nil
	})
	if err != nil {
		return err
	}
	*sent, u.UpdatedAt = &now, now
	for _, one := range mails {
		s.mail.put(one)
		if s.o.OnMail != nil {
			s.o.OnMail(one)
		}
	}
	return nil
}

// issuedCode is a mail with the hash that the database keeps.
type issuedCode struct {
	Mail
	hash string
}

// makeCode makes a code for the address and notes it; an older one of the same
// kind is void.
func (s *Server) makeCode(ctx context.Context, q querier, u *user, m mailing, tokenType, to string) (issuedCode, error) {
	now := s.now()
	code, err := newCode()
	if err != nil {
		return issuedCode{}, err
	}
	hash := hashCode(to, code)
	if m.pkce.given() {
		hash = pkcePrefix + hash
	}
	column, _ := m.kind.sentAt(u)
	_, err = q.Exec(ctx, `INSERT INTO auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
	  VALUES ($1, $2, $3::text::auth.one_time_token_type, $4, $5, $6, $6)
	  ON CONFLICT (user_id, token_type) DO UPDATE SET token_hash = excluded.token_hash, relates_to = excluded.relates_to,
	    created_at = excluded.created_at, updated_at = excluded.updated_at`, uuid.NewString(), u.ID, tokenType, hash, to, now)
	if err == nil {
		_, err = q.Exec(ctx, `UPDATE auth.users SET `+column+` = $2, updated_at = $2 WHERE id = $1`, u.ID, now)
	}
	if err != nil {
		return issuedCode{}, fmt.Errorf("note code: %w", err)
	}
	link := s.o.BaseURL + "/auth/v1/verify?" + url.Values{"token": {hash}, "type": {string(m.kind)}, "redirect_to": {m.redirect}}.Encode()
	return issuedCode{Mail{To: to, Kind: string(m.kind), Code: code, Link: link, At: now}, hash}, nil
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
