package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Bounds of a password in bytes: GoTrue's default, and what bcrypt takes.
const (
	minPassword = 6
	maxPassword = 72
)

func checkStrength(password string) error {
	if len(password) > maxPassword {
		return invalid("Password cannot be longer than %d characters", maxPassword)
	}
	if len(password) < minPassword {
		e := fault(http.StatusUnprocessableEntity, "weak_password", "Password should be at least %d characters.", minPassword)
		e.reasons = []string{"length"}
		return e
	}
	return nil
}

func (s *Server) hash(password string) (string, error) {
	h, err := bcrypt.GenerateFromPassword([]byte(password), s.o.BcryptCost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(h), nil
}

// isPassword compares in the time that bcrypt takes, also when there is
// nothing to compare with, so that the time does not tell who has an account.
func (s *Server) isPassword(u *user, password string) bool {
	if u == nil || u.password == "" {
		_, _ = bcrypt.GenerateFromPassword([]byte("nobody"), s.o.BcryptCost)
		return false
	}
	return bcrypt.CompareHashAndPassword([]byte(u.password), []byte(password)) == nil
}

func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

var errEmail = errors.New("not an e-mail address")

// parseEmail normalises a bare address "a@b.c".
func parseEmail(s string) (string, error) {
	s = normalEmail(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 255 || !strings.Contains(s[strings.LastIndex(s, "@"):], ".") {
		return "", errEmail
	}
	return s, nil
}

func badEmail() error { return invalid("Unable to validate email address: invalid format") }
