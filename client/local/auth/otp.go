package auth

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func (s *Server) otp(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		pkceInput
		Email, Phone string
		CreateUser   *bool          `json:"create_user"`
		Data         map[string]any `json:"data"`
	}
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
	m, err := s.mailing(r, mailMagicLink, in.pkceInput)
	if err != nil {
		return err
	}
	u, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	if u == nil {
		if in.CreateUser != nil && !*in.CreateUser {
			return fault(http.StatusUnprocessableEntity, "otp_disabled", "Signups not allowed for otp")
		}
		if u, err = s.makeUnconfirmed(r.Context(), email, in.Data); err != nil {
			return err
		}
		m.kind = mailSignup
	} else if u.EmailConfirmedAt == nil {
		m.kind = mailSignup
	}
	if err := s.mailUser(r.Context(), u, m); err != nil {
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
	var in struct {
		pkceInput
		Email string
	}
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
	m, err := s.mailing(r, mailRecovery, in.pkceInput)
	if err != nil {
		return err
	}
	u, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	if u != nil {
		if err := s.mailUser(r.Context(), u, m); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// resend is POST /resend {"type","email"}: the confirmation again.
func (s *Server) resend(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		pkceInput
		Type, Email string
	}
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
	m, err := s.mailing(r, mailKind(in.Type), in.pkceInput)
	if err != nil {
		return err
	}
	u, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	if u != nil && (m.kind == mailSignup && u.EmailConfirmedAt == nil || m.kind == mailEmailChange && u.NewEmail != "") {
		err = s.mailUser(r.Context(), u, m)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
