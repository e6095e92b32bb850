package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/loratop/loratop/models"
)

const (
	lockPoll    = 25 * time.Millisecond
	fileVersion = 1
)

// OpenStore opens the place where the session of one project is kept: the
// operating system's keyring when it is wanted and works, else a 0600 file in
// dir, which is made 0700 (the XDG state folder's loratop). The lock file is
// in dir as well, and a keyring entry is named after dir, so that a lock and
// what it protects always have the same scope.
func OpenStore(dir, url string, useKeyring bool) (SessionStore, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("session folder: %w", err)
	}
	if err := privateDir(dir); err != nil {
		return nil, config("the session folder cannot be used: "+clip(err.Error(), 200), "")
	}
	if u, err := parseURL(url, true); err == nil {
		url = u.String() // one project is one session, however its address is written
	}
	sum := sha256.Sum256([]byte(url))
	name := "session-" + hex.EncodeToString(sum[:8])
	f := &fileStore{path: filepath.Join(dir, name+".json"), lock: filepath.Join(dir, name+".lock")}
	if useKeyring {
		if ring := openKeyring(dir, url); ring != nil {
			return &ringStore{ring: ring, file: f}, nil
		}
	}
	return f, nil
}

// privateDir makes dir 0700, also when it was there with more.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a folder needs x
}

type fileStore struct{ path, lock string }

// storedFile is the file's form; the version lets a later one tell.
type storedFile struct {
	Version int `json:"version"`
	StoredSession
}

func (f *fileStore) Load(context.Context) (StoredSession, error) {
	b, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return StoredSession{}, ErrNoSession
	}
	if err != nil {
		return StoredSession{}, storeError("read", err)
	}
	if err := os.Chmod(f.path, 0o600); err != nil { // someone may have loosened it
		return StoredSession{}, storeError("protect", err)
	}
	return decodeSession(b)
}

// decodeSession reads the stored form. What cannot be read is no session:
// signing in replaces it.
func decodeSession(b []byte) (StoredSession, error) {
	var s storedFile
	if err := json.Unmarshal(b, &s); err != nil || s.AccessToken == "" || s.UserID == "" {
		return StoredSession{}, ErrNoSession
	}
	return s.StoredSession, nil
}

func encodeSession(s StoredSession) ([]byte, error) {
	return json.Marshal(storedFile{fileVersion, s})
}

func (f *fileStore) Save(_ context.Context, s StoredSession) error {
	b, err := encodeSession(s)
	if err != nil {
		return err
	}
	if err := writeFile(f.path, b, 0o600); err != nil {
		return storeError("write", err)
	}
	return nil
}

func (f *fileStore) Delete(context.Context) error {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storeError("remove", err)
	}
	return nil
}

func (f *fileStore) Lock(ctx context.Context) (func(), error) {
	l := flock.New(f.lock, flock.SetPermissions(0o600))
	ok, err := l.TryLockContext(ctx, lockPoll)
	if err != nil {
		return nil, fmt.Errorf("lock the session: %w", err)
	}
	if !ok {
		return nil, errors.New("lock the session: busy")
	}
	return func() { _ = l.Unlock() }, nil
}

// writeFile replaces path whole or not at all, and has it on the disk before
// it returns: a refresh token that is lost is a session that is lost.
func writeFile(path string, b []byte, mode os.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after the rename
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename durable; not every file system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

func storeError(what string, err error) error {
	return &models.Error{Code: models.CodeConfig, Msg: "cannot " + what + " the stored session: " + clip(err.Error(), 200),
		Hint: "check the permissions of the state folder", Err: err}
}
