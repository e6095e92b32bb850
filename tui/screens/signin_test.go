package screens

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

func TestSignInKeepsTheFormThroughFailures(t *testing.T) {
	var failure error = &models.Error{Code: models.CodeSignIn, Server: "invalid_credentials", Msg: "Invalid login credentials"}
	var got [2]string
	b := &fakeBackend{signIn: func(email, password string) (models.Session, error) {
		got = [2]string{email, password}
		return models.Session{UserID: "u", Email: email}, failure
	}}
	r := newRig(t, newSignIn(b, Options{}))
	r.see("http://127.0.0.1:1")
	r.typing(" ann@example.com ")
	r.press("tab")
	r.typing("s3cret! q?")
	r.never("s3cret")
	r.press("enter")
	r.see("Wrong e-mail or password.")
	r.see("ann@example.com")
	r.never("s3cret")
	if got != [2]string{"ann@example.com", "s3cret! q?"} {
		t.Fatalf("sent %q", got)
	}
	failure = &models.Error{Code: models.CodeRate, Msg: "you can only request this after 56 seconds"}
	r.press("enter")
	r.see("wait 56 seconds")
	failure = &models.Error{Code: models.CodeNetwork, Msg: "connection refused"}
	r.press("enter")
	r.see("cannot be reached")
	failure = nil
	r.press("enter")
	r.asks(screen.SignedInMsg{Session: models.Session{UserID: "u", Email: "ann@example.com"}})
}

func TestSignInSendsOnceAtATime(t *testing.T) {
	calls, release := make(chan struct{}, 10), make(chan struct{})
	b := &fakeBackend{signIn: func(string, string) (models.Session, error) {
		calls <- struct{}{}
		<-release
		return models.Session{}, errors.New("x")
	}}
	r := newRig(t, newSignIn(b, Options{}))
	r.typing("a@b")
	r.press("tab")
	r.typing("pw")
	r.press("enter", "enter", "enter")
	r.see("Signing in…")
	close(release)
	r.until("failed", func() bool { return !strings.Contains(r.text(), "Signing in…") })
	if n := len(calls); n != 1 {
		t.Fatalf("%d calls", n)
	}
}

func TestSignInChecksBeforeItSends(t *testing.T) {
	r := newRig(t, newSignIn(&fakeBackend{}, Options{}))
	r.typing("nobody")
	r.press("tab", "enter") // signIn is nil: a call would panic
	r.see("an e-mail address is needed")
}

func TestSignUpThatNeedsConfirmation(t *testing.T) {
	b := &fakeBackend{signUp: func(string, string) (models.SignUpResult, error) {
		return models.SignUpResult{Confirmation: true}, nil
	}}
	r := newRig(t, newSignIn(b, Options{}))
	r.typing("a@b")
	r.press("ctrl+t")
	r.see("Sign up")
	r.see("a@b")
	r.press("tab")
	r.run(r.s.Update(tea.PasteMsg{Content: "pasted\n"}))
	r.press("enter")
	r.see("Open the link in the mail")
	r.see("a@b")
	if r.s.Title() != "Sign in" {
		t.Fatalf("title %q", r.s.Title())
	}
}
