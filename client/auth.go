package client

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/supabase-community/gotrue-go/types"

	"github.com/loratop/loratop/models"
)

const signOutTime = 8 * time.Second

// Session returns who is signed in; CodeSignIn when nobody is. Without a
// network it still tells, from what is stored.
func (c *Client) Session(ctx context.Context) (models.Session, error) {
	l, err := c.sess.current(ctx)
	if err == nil {
		return l.view(), nil
	}
	if kept := c.sess.cur.Load(); kept != nil && models.CodeOf(fail("", err)) != models.CodeSignIn {
		return kept.view(), nil
	}
	return models.Session{}, fail("session", err)
}

// SignIn signs in with e-mail and password and keeps the session.
func (c *Client) SignIn(ctx context.Context, email, password string) (models.Session, error) {
	const op = "sign in"
	email = strings.TrimSpace(email)
	if email == "" || password == "" {
		return models.Session{}, fail(op, usage("e-mail and password are both needed", ""))
	}
	if _, fixed := c.opts.Store.(tokenStore); fixed {
		return models.Session{}, fail(op, errFixedToken())
	}
	at, err := c.sess.bridge.auth(ctx, "", nil)
	if err != nil {
		return models.Session{}, fail(op, err)
	}
	res, err := at.SignInWithEmailPassword(email, password)
	if err != nil {
		return models.Session{}, fail(op, authError(err))
	}
	l, err := c.sess.adopt(ctx, res.Session)
	if err != nil {
		return models.Session{}, fail(op, err)
	}
	return l.view(), nil
}

// SignUp makes an account. Where e-mails must be confirmed there is no session
// yet; the same answer comes for an address that has an account already, which
// the server does not tell.
func (c *Client) SignUp(ctx context.Context, email, password string) (models.SignUpResult, error) {
	const op = "sign up"
	email = strings.TrimSpace(email)
	if email == "" || password == "" {
		return models.SignUpResult{}, fail(op, usage("e-mail and password are both needed", ""))
	}
	if _, fixed := c.opts.Store.(tokenStore); fixed {
		return models.SignUpResult{}, fail(op, errFixedToken())
	}
	at, err := c.sess.bridge.auth(ctx, "", nil)
	if err != nil {
		return models.SignUpResult{}, fail(op, err)
	}
	res, err := at.Signup(types.SignupRequest{Email: email, Password: password})
	if err != nil {
		return models.SignUpResult{}, fail(op, authError(err))
	}
	if res.AccessToken == "" {
		return models.SignUpResult{Confirmation: true}, nil
	}
	l, err := c.sess.adopt(ctx, res.Session)
	if err != nil {
		return models.SignUpResult{}, fail(op, err)
	}
	v := l.view()
	return models.SignUpResult{Session: &v}, nil
}

// SignOut ends this session, not the user's others, and forgets it here also
// when the server cannot be reached: its access token then lives until it
// expires by itself.
func (c *Client) SignOut(ctx context.Context) error {
	const op = "sign out"
	if _, fixed := c.opts.Store.(tokenStore); fixed {
		return fail(op, errFixedToken())
	}
	l, err := c.sess.loaded(ctx)
	if models.CodeOf(err) == models.CodeSignIn {
		return nil
	}
	if err == nil {
		c.tellSignOut(ctx, l)
	}
	return fail(op, c.sess.forget(ctx))
}

// tellSignOut asks the server to end the session, for a few seconds.
func (c *Client) tellSignOut(ctx context.Context, l *live) {
	ctx, cancel := context.WithTimeout(ctx, signOutTime)
	defer cancel()
	at, err := c.sess.bridge.auth(ctx, l.AccessToken, url.Values{"scope": {"local"}})
	if err == nil {
		err = at.Logout()
	}
	if err != nil {
		c.opts.Log.DebugContext(ctx, "sign-out not confirmed", slog.String("error", clip(err.Error(), 200)))
	}
}

// forget drops the session from memory and store.
func (s *sessions) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
	defer cancel()
	unlock, err := s.store.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s.ended.Add(1)
	s.cur.Store(nil)
	return s.store.Delete(ctx)
}

// adopt takes a session that the server has just made.
func (s *sessions) adopt(ctx context.Context, t types.Session) (*live, error) {
	stored, err := s.stored(t)
	if err != nil {
		return nil, err
	}
	unlock, err := s.store.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	l, err := s.install(ctx, stored)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// grantRefresh trades a refresh token in.
func (s *sessions) grantRefresh(ctx context.Context, token string) (StoredSession, error) {
	if token == "" {
		return StoredSession{}, errors.New("the session has no refresh token")
	}
	at, err := s.bridge.auth(ctx, "", nil)
	if err != nil {
		return StoredSession{}, err
	}
	res, err := at.RefreshToken(token)
	if err != nil {
		return StoredSession{}, authError(err)
	}
	return s.stored(res.Session)
}

// authError names what is left when neither the server nor the network said
// what is wrong: gotrue-go could not read the reply.
func authError(err error) error {
	if e := fail("", err); models.CodeOf(e) != models.CodeUnknown {
		return e
	}
	return undecodable(err)
}

// stored reads the server's session. The end is counted from now by this
// machine's clock, so that a clock that is wrong here does not matter.
func (s *sessions) stored(t types.Session) (StoredSession, error) {
	cl, ok := parseClaims(t.AccessToken)
	if !ok || cl.Sub == "" || t.RefreshToken == "" {
		return StoredSession{}, &models.Error{Code: models.CodeServer, Msg: "the server's session could not be understood",
			Hint: "check that the URL is a Supabase project's"}
	}
	out := StoredSession{
		AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, UserID: cl.Sub,
		Email: first(t.User.Email, cl.Email), ExpiresAt: cl.expiry(),
	}
	if t.ExpiresIn > 0 {
		out.ExpiresAt = s.now().Add(time.Duration(t.ExpiresIn) * time.Second).UTC()
	}
	return out, nil
}
