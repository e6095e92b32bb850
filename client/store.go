package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/loratop/loratop/models"
)

// StoredSession is a session as it is kept between runs. Its tokens let
// whoever holds them act as the user: it is never printed and never logged.
type StoredSession struct {
	AccessToken  string    `json:"access_token"`
	RefreshToken string    `json:"refresh_token,omitempty"` // "" when it cannot be renewed
	ExpiresAt    time.Time `json:"expires_at"`              // of the access token, by this machine's clock
	UserID       string    `json:"user_id"`
	Email        string    `json:"email,omitempty"`
}

// String hides the tokens from every print.
func (s StoredSession) String() string { return "session of " + s.UserID }

// GoString hides the tokens from %#v.
func (s StoredSession) GoString() string { return s.String() }

// SessionStore keeps one session. Load returns ErrNoSession when there is
// none. Lock excludes every other user of the same credential, other processes
// too; Save and Delete are called under it.
type SessionStore interface {
	Load(ctx context.Context) (StoredSession, error)
	Save(ctx context.Context, s StoredSession) error
	Delete(ctx context.Context) error
	Lock(ctx context.Context) (unlock func(), err error)
}

// ErrNoSession is what a store without a session returns from Load.
var ErrNoSession = errors.New("no session is stored")

// NewMemoryStore keeps a session for the life of the process.
func NewMemoryStore() SessionStore { return &memoryStore{turn: make(chan struct{}, 1)} }

type memoryStore struct {
	turn chan struct{}

	mu sync.Mutex
	s  *StoredSession
}

func (m *memoryStore) Load(context.Context) (StoredSession, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.s == nil {
		return StoredSession{}, ErrNoSession
	}
	return *m.s, nil
}

func (m *memoryStore) Save(_ context.Context, s StoredSession) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s = &s
	return nil
}

func (m *memoryStore) Delete(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s = nil
	return nil
}

func (m *memoryStore) Lock(ctx context.Context) (func(), error) {
	select {
	case m.turn <- struct{}{}:
		return func() { <-m.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// NewTokenStore is a store that holds one access token from the environment
// (LORATOP_ACCESS_TOKEN) and nothing else: it is never renewed, written down or
// signed out. A text that is no access token is refused with CodeConfig.
func NewTokenStore(token string) (SessionStore, error) {
	cl, ok := parseClaims(token)
	if !ok || cl.Sub == "" {
		return nil, config("the access token is not one of Supabase Auth", "LORATOP_ACCESS_TOKEN holds a user's JWT; unset it to sign in with a password")
	}
	if cl.Role == "service_role" || cl.Role == "supabase_admin" {
		return nil, config("this token has the role "+quote(cl.Role)+": it bypasses row level security", "use a user's access token")
	}
	return tokenStore{StoredSession{AccessToken: token, ExpiresAt: cl.expiry(), UserID: cl.Sub, Email: cl.Email}}, nil
}

type tokenStore struct{ s StoredSession }

func (t tokenStore) Load(context.Context) (StoredSession, error) { return t.s, nil }

func (t tokenStore) Save(context.Context, StoredSession) error { return errFixedToken() }

func (t tokenStore) Delete(context.Context) error { return errFixedToken() }

func (t tokenStore) Lock(context.Context) (func(), error) { return func() {}, nil }

func errFixedToken() error {
	return &models.Error{Code: models.CodeUsage, Msg: "the session comes from LORATOP_ACCESS_TOKEN",
		Hint: "unset the variable to sign in or out"}
}
