package auth

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func (s *Server) signup(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		pkceInput
		Email, Phone, Password string
		Data                   map[string]any
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Phone != "" {
		return fault(http.StatusBadRequest, "phone_provider_disabled", "Phone signups are disabled")
	}
	if in.Email == "" {
		return fault(http.StatusUnprocessableEntity, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
	}
	if err := s.within(r, "signup", rateMail); err != nil {
		return err
	}
	if in.Password == "" {
		return invalid("Signup requires a valid password")
	}
	if err := checkStrength(in.Password); err != nil {
		return err
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return badEmail()
	}
	m, err := s.mailing(r, mailSignup, in.pkceInput)
	if err != nil {
		return err
	}
	old, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	if old != nil {
		return s.signupAgain(w, r, old, m)
	}
	hash, err := s.hash(in.Password)
	if err != nil {
		return err
	}
	return s.signupNew(w, r, newUser{id: uuid.NewString(), email: email, hash: hash, metadata: in.Data}, m)
}

// signupAgain meets an address that is taken. Where mail confirms, the answer
// must not tell strangers who has an account.
func (s *Server) signupAgain(w http.ResponseWriter, r *http.Request, old *user, m mailing) error {
	if s.o.Autoconfirm {
		return userExists()
	}
	if old.EmailConfirmedAt == nil {
		if err := s.mailUser(r.Context(), old, m); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, old)
		return nil
	}
	now := s.now()
	writeJSON(w, http.StatusOK, &user{ID: uuid.NewString(), Aud: "authenticated", Email: old.Email, ConfirmationSentAt: &now,
		AppMetadata:  json.RawMessage(`{"provider":"email","providers":["email"]}`),
		UserMetadata: json.RawMessage(`{}`), Identities: []identity{}, CreatedAt: now, UpdatedAt: now})
	return nil
}

func userExists() error {
	return fault(http.StatusUnprocessableEntity, "user_already_exists", "User already registered")
}

func (s *Server) signupNew(w http.ResponseWriter, r *http.Request, n newUser, m mailing) error {
	ctx, now := r.Context(), s.now()
	if s.o.Autoconfirm {
		n.confirmedAt = &now
	}
	var u *user
	var g *grant
	err := pgx.BeginFunc(ctx, s.o.Pool, func(tx pgx.Tx) (err error) {
		if err := insertUser(ctx, tx, n, now); err != nil {
			return err
		}
		if u, err = userByID(ctx, tx, n.id); err != nil || !s.o.Autoconfirm {
			return err
		}
		g, err = s.startSession(ctx, tx, r, u, "password")
		return err
	})
	if isConflict(err) { // lost a race with the same address
		return userExists()
	}
	if err != nil {
		return err
	}
	if g != nil {
		writeGrant(w, g, false)
		return nil
	}
	if err := s.mailUser(ctx, u, m); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}
