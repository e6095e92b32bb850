package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/supabase-community/supabase-go"
	"golang.org/x/sync/singleflight"

	"github.com/loratop/loratop/models"
)

const (
	refreshMargin = 90 * time.Second // before the end, as auth-js does
	refreshPause  = 15 * time.Second // after an early refresh that failed
	refreshTime   = 25 * time.Second // for lock, call and write together
)

// live is a session in use: immutable, with the supabase client of its token.
type live struct {
	StoredSession
	aal string
	sb  *supabase.Client
}

// lives reports whether the access token is good for at least margin more.
// Wall clocks are compared, without Go's monotonic reading: after a suspend
// the token has aged with the world and not with the process.
func (l *live) lives(now time.Time, margin time.Duration) bool {
	return l.ExpiresAt.IsZero() || l.ExpiresAt.Round(0).After(now.Round(0).Add(margin))
}

// sessions owns the one session of a client: it loads, renews and ends it.
type sessions struct {
	store  SessionStore
	bridge *bridge
	now    func() time.Time
	log    *slog.Logger

	cur    atomic.Pointer[live]
	flight singleflight.Group
	quiet  atomic.Int64 // unix nanoseconds: no early refresh before
	ended  atomic.Int64 // sign-outs so far
}

func newSessions(store SessionStore, b *bridge, now func() time.Time, log *slog.Logger) *sessions {
	return &sessions{store: store, bridge: b, now: now, log: log}
}

// current returns a session whose token lives, renewing it when it is about to
// end. CodeSignIn when there is none.
func (s *sessions) current(ctx context.Context) (*live, error) {
	l, err := s.loaded(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	switch {
	case l.lives(now, refreshMargin):
		return l, nil
	case l.RefreshToken == "":
		if l.lives(now, 0) {
			return l, nil
		}
		return nil, signIn("the access token has expired", "set a new LORATOP_ACCESS_TOKEN, or unset it and sign in")
	case l.lives(now, 0) && now.UnixNano() < s.quiet.Load():
		return l, nil
	}
	return s.refresh(ctx, l, false)
}

// loaded returns the session in use, from the store the first time.
func (s *sessions) loaded(ctx context.Context) (*live, error) {
	if l := s.cur.Load(); l != nil {
		return l, nil
	}
	ended := s.ended.Load()
	stored, err := s.store.Load(ctx)
	if errors.Is(err, ErrNoSession) {
		return nil, notSignedIn()
	}
	if err != nil {
		return nil, err
	}
	l, err := s.live(stored)
	if err != nil {
		return nil, err
	}
	if !s.cur.CompareAndSwap(nil, l) {
		if other := s.cur.Load(); other != nil {
			return other, nil
		}
	}
	if s.ended.Load() != ended { // signed out between reading and installing
		s.cur.CompareAndSwap(l, nil)
		return nil, notSignedIn()
	}
	return l, nil
}

// live builds what is immutable about a session.
func (s *sessions) live(stored StoredSession) (*live, error) {
	sb, err := s.bridge.client(stored.AccessToken)
	if err != nil {
		return nil, fmt.Errorf("supabase client: %w", err)
	}
	l := &live{StoredSession: stored, sb: sb, aal: "aal1"}
	if cl, ok := parseClaims(stored.AccessToken); ok && cl.AAL != "" {
		l.aal = cl.AAL
	}
	return l, nil
}

// install stores a session and puts it into use. Failing to write it down is
// no reason to lose it for this run.
func (s *sessions) install(ctx context.Context, stored StoredSession) (*live, error) {
	l, err := s.live(stored)
	if err != nil {
		return nil, err
	}
	err = s.store.Save(ctx, stored)
	s.cur.Store(l)
	s.quiet.Store(0)
	return l, err
}

// view is the session as screens see it.
func (l *live) view() models.Session {
	return models.Session{UserID: l.UserID, Email: models.Clean(l.Email), ExpiresAt: l.ExpiresAt, AAL: l.aal}
}

func notSignedIn() *models.Error {
	return signIn("you are not signed in", "run `loratop login`, or sign in on the first screen")
}

func signIn(msg, hint string) *models.Error {
	return &models.Error{Code: models.CodeSignIn, Msg: msg, Hint: hint}
}
