package client

import (
	"context"
	"errors"
	"log/slog"

	"github.com/loratop/loratop/models"
)

// renew is what the transport calls when a server says that a token is too
// old: it returns the one to use instead. (Two tokens of one session that were
// made in the same second are the same text.)
func (s *sessions) renew(ctx context.Context, stale string) (string, error) {
	l := s.cur.Load()
	if l == nil {
		return "", notSignedIn()
	}
	if l.AccessToken != stale {
		return l.AccessToken, nil // renewed meanwhile
	}
	if l.RefreshToken == "" {
		return "", signIn("the access token has expired", "set a new LORATOP_ACCESS_TOKEN, or unset it and sign in")
	}
	fresh, err := s.refresh(ctx, l, true)
	if err != nil {
		return "", err
	}
	return fresh.AccessToken, nil
}

// refresh renews the session at most once however many callers ask, in this
// process (single flight) and in all others (the store's lock). Without force
// a token that still lives is good enough when renewing fails.
func (s *sessions) refresh(ctx context.Context, stale *live, force bool) (*live, error) {
	key := "early"
	if force {
		key = "forced"
	}
	ch := s.flight.DoChan(key, func() (any, error) {
		// The flight serves many: one caller's end must not end it.
		fctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
		defer cancel()
		return s.refreshLocked(fctx, stale, force)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-ch:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*live), nil //nolint:forcetypeassert // refreshLocked returns nothing else
	}
}

func (s *sessions) refreshLocked(ctx context.Context, stale *live, force bool) (*live, error) {
	unlock, err := s.store.Lock(ctx)
	if err != nil {
		return s.keep(stale, force, err)
	}
	defer unlock()
	if l := s.cur.Load(); l != nil && l.AccessToken != stale.AccessToken && l.lives(s.now(), 0) {
		return l, nil
	}
	stored, err := s.store.Load(ctx)
	switch {
	case errors.Is(err, ErrNoSession):
		s.cur.CompareAndSwap(stale, nil)
		return nil, signIn("you were signed out in another window", signInHint)
	case err != nil:
		return s.keep(stale, force, err)
	case stored.UserID != stale.UserID:
		s.cur.CompareAndSwap(stale, nil)
		return nil, signIn("someone else has signed in to this profile in another window", signInHint)
	}
	l, err := s.live(stored)
	if err != nil {
		return nil, err
	}
	if stored.AccessToken != stale.AccessToken && l.lives(s.now(), refreshMargin) {
		s.cur.Store(l) // another process was first
		return l, nil
	}
	return s.exchange(ctx, stale, stored, force)
}

// exchange makes the one call to /token. It runs under the lock.
func (s *sessions) exchange(ctx context.Context, stale *live, stored StoredSession, force bool) (*live, error) {
	fresh, err := s.grantRefresh(ctx, stored.RefreshToken)
	if err == nil && fresh.UserID != stored.UserID {
		err = &models.Error{Code: models.CodeServer, Msg: "the server renewed the session of another user"}
	}
	if err != nil {
		if !ends(err) {
			return s.keep(stale, force, err)
		}
		if derr := s.store.Delete(ctx); derr != nil {
			s.log.WarnContext(ctx, "ended session not removed", slog.String("error", clip(derr.Error(), 200)))
		}
		s.cur.CompareAndSwap(stale, nil)
		return nil, signIn("your session has ended: you were signed out elsewhere, or it is too old", signInHint)
	}
	if fresh.Email == "" {
		fresh.Email = stored.Email
	}
	l, err := s.install(ctx, fresh)
	if err != nil && l != nil {
		s.log.WarnContext(ctx, "renewed session not stored", slog.String("error", clip(err.Error(), 200)))
		return l, nil
	}
	return l, err
}

// keep answers a refresh that failed for a reason that may pass: the session
// stays, and so does the token while it lives.
func (s *sessions) keep(stale *live, force bool, err error) (*live, error) {
	if !force && stale.lives(s.now(), 0) {
		s.quiet.Store(s.now().Add(refreshPause).UnixNano())
		s.log.Debug("early refresh failed", slog.String("error", clip(err.Error(), 200)))
		return stale, nil
	}
	var e *models.Error
	if errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && !e.Retry {
		return nil, signIn("the session could not be renewed: "+e.Msg, signInHint)
	}
	return nil, err
}

// ends reports the answers after which a session is over for good. Whatever
// else goes wrong, it may still be renewed later.
func ends(err error) bool {
	var e *models.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Server {
	case "refresh_token_not_found", "refresh_token_already_used", "session_not_found", "session_expired", "user_banned":
		return true
	}
	return false
}
