package screens

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/loratop/loratop/models"
)

// signInWords says in plain words why signing in or up failed, and what to do.
// Nothing of the form is ever part of it.
func signInWords(err error, where string) (text, hint string) {
	if err == nil {
		return "", ""
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "The server did not answer in time.", "Try again; what you typed is kept."
	}
	var e *models.Error
	if !errors.As(err, &e) {
		return models.Explain(err)
	}
	switch e.Server {
	case "invalid_credentials", "invalid_grant":
		return "Wrong e-mail or password.", "Check both, or sign up if you have no account here."
	case "email_not_confirmed":
		return "This e-mail address is not confirmed yet.", "Open the link in the mail that was sent to it, then sign in."
	case "user_already_exists", "email_exists":
		return "There is an account with this e-mail already.", "Sign in instead."
	case "weak_password":
		return "This password is too weak: " + sentence(e.Msg), e.Hint
	case "signup_disabled":
		return "This project does not take new accounts.", "Ask who runs it to invite you."
	case "user_banned":
		return "This account is locked.", "Ask who runs the project."
	}
	return signInByCode(e, where)
}

func signInByCode(e *models.Error, where string) (text, hint string) {
	switch e.Code {
	case models.CodeRate:
		if s := waitSeconds(e.Msg + " " + e.Hint); s != "" {
			return fmt.Sprintf("Too many tries: the server asks to wait %s seconds.", s), "What you typed is kept."
		}
		return "Too many tries: the server asks to wait a little.", "What you typed is kept."
	case models.CodeNetwork, models.CodeTimeout:
		text = "The server cannot be reached."
		if where != "" {
			text = models.Clean(where) + " cannot be reached."
		}
		if e.Hint != "" {
			return text, e.Hint
		}
		return text, "Check the network and the address; what you typed is kept."
	case models.CodeServer:
		return "The server has a problem: " + sentence(e.Msg), orElse(e.Hint, "Try again in a moment.")
	}
	return sentence(e.Msg), e.Hint
}

// sentence closes a message with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(models.Clean(s))
	if s == "" {
		return "no reason was given."
	}
	if strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// waitSeconds finds "after 56 seconds" or "retry in 12 s" in a message.
func waitSeconds(s string) string {
	if m := regexp.MustCompile(`(\d{1,5})\s*s(?:ec|\b)`).FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
