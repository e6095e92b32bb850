package client

import (
	"context"
	"errors"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	keyringService = "loratop"
	keyringTime    = 3 * time.Second // a keyring that asks the user must not hang us
)

// keyringEntry is one secret of the system's keyring.
type keyringEntry interface {
	get() (string, error)
	set(secret string) error
	del() error
}

type systemEntry struct{ account string }

func (e systemEntry) get() (string, error) { return keyring.Get(keyringService, e.account) }
func (e systemEntry) set(s string) error   { return keyring.Set(keyringService, e.account, s) }
func (e systemEntry) del() error           { return keyring.Delete(keyringService, e.account) }

// openKeyring probes the keyring: nil when this machine has none that answers
// (no D-Bus session, say). Later failures are then failures and not absence.
func openKeyring(dir, url string) keyringEntry {
	e := systemEntry{url + " " + dir}
	_, err := within(context.Background(), e.get)
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return e
}

// ringStore keeps the session in the keyring, or in the file where the keyring
// refuses it (some have a size limit). It is never in both.
type ringStore struct {
	ring keyringEntry
	file *fileStore
}

func (r *ringStore) Load(ctx context.Context) (StoredSession, error) {
	text, err := within(ctx, r.ring.get)
	switch {
	case err == nil:
		if s, err := decodeSession([]byte(text)); err == nil {
			return s, nil
		}
	case !errors.Is(err, keyring.ErrNotFound):
		if s, ferr := r.file.Load(ctx); ferr == nil {
			return s, nil
		}
		return StoredSession{}, storeError("read", err)
	}
	return r.file.Load(ctx)
}

func (r *ringStore) Save(ctx context.Context, s StoredSession) error {
	b, err := encodeSession(s)
	if err != nil {
		return err
	}
	_, err = within(ctx, func() (string, error) { return "", r.ring.set(string(b)) })
	if err == nil {
		return r.file.Delete(ctx)
	}
	_, _ = within(ctx, func() (string, error) { return "", r.ring.del() }) // an old entry would win over the file
	return r.file.Save(ctx, s)
}

func (r *ringStore) Delete(ctx context.Context) error {
	_, err := within(ctx, func() (string, error) { return "", r.ring.del() })
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return errors.Join(storeError("remove", err), r.file.Delete(ctx))
	}
	return r.file.Delete(ctx)
}

func (r *ringStore) Lock(ctx context.Context) (func(), error) { return r.file.Lock(ctx) }

// within bounds a call of the keyring library, which takes no context: past
// the limit its answer is dropped when it comes.
func within(ctx context.Context, f func() (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, keyringTime)
	defer cancel()
	type answer struct {
		s   string
		err error
	}
	ch := make(chan answer, 1)
	go func() {
		s, err := f()
		ch <- answer{s, err}
	}()
	select {
	case a := <-ch:
		return a.s, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
