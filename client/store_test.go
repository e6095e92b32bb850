package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/loratop/loratop/models"
)

func TestFileStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "loratop")
	store, err := OpenStore(dir, "https://one.example", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := store.Load(ctx); !errors.Is(err, ErrNoSession) {
		t.Errorf("empty store: %v", err)
	}
	want := storedFor(aliceID, time.Hour, 1)
	want.ExpiresAt = want.ExpiresAt.UTC().Round(0)
	if err := store.Save(ctx, want); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Load(ctx); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	checkMode(t, dir, 0o700)
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	if len(files) != 1 {
		t.Fatalf("%v", files)
	}
	checkMode(t, files[0], 0o600)

	// loosened by someone: tightened again
	if err := os.Chmod(files[0], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(ctx); err != nil {
		t.Fatal(err)
	}
	checkMode(t, files[0], 0o600)

	other, err := OpenStore(dir, "https://two.example", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Load(ctx); !errors.Is(err, ErrNoSession) {
		t.Errorf("another project's session: %v", err)
	}
	for _, junk := range []string{"", "{", "null", `{"version":1}`, "\x00\x01"} {
		if err := os.WriteFile(files[0], []byte(junk), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Load(ctx); !errors.Is(err, ErrNoSession) {
			t.Errorf("file %q: %v", junk, err)
		}
	}
	if err := errors.Join(store.Delete(ctx), store.Delete(ctx)); err != nil {
		t.Error(err)
	}
}

func checkMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
	}
}

func TestLockExcludes(t *testing.T) {
	dir := t.TempDir()
	inside, most := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			store, err := OpenStore(dir, "https://one.example", false)
			if err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				unlock, err := store.Lock(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				mu.Lock()
				inside--
				mu.Unlock()
				unlock()
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d were inside at once", most)
	}
	a, _ := OpenStore(dir, "https://one.example", false)
	unlock, err := a.Lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	b, _ := OpenStore(dir, "https://one.example", false)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
	defer cancel()
	if _, err := b.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second lock: %v", err)
	}
}

func TestKeyringStore(t *testing.T) {
	keyring.MockInit()
	dir := t.TempDir()
	store, err := OpenStore(dir, "https://one.example", true)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	want := storedFor(aliceID, time.Hour, 1)
	want.ExpiresAt = want.ExpiresAt.UTC().Round(0)
	if err := store.Save(ctx, want); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Load(ctx); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.json")); len(files) != 0 {
		t.Errorf("the session is in the keyring and in %v", files)
	}
	// the scope is the folder, as the lock's is
	other, _ := OpenStore(t.TempDir(), "https://one.example", true)
	if _, err := other.Load(ctx); !errors.Is(err, ErrNoSession) {
		t.Errorf("another folder's session: %v", err)
	}
	if err := store.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(ctx); !errors.Is(err, ErrNoSession) {
		t.Errorf("after Delete: %v", err)
	}
}

// fullRing refuses everything beyond a size, as some keyrings do.
type fullRing struct{ held string }

func (r *fullRing) get() (string, error) {
	if r.held == "" {
		return "", keyring.ErrNotFound
	}
	return r.held, nil
}

func (r *fullRing) set(string) error { return keyring.ErrSetDataTooBig }

func (r *fullRing) del() error {
	if r.held == "" {
		return keyring.ErrNotFound
	}
	r.held = ""
	return nil
}

func TestKeyringThatRefuses(t *testing.T) {
	old := storedFor(aliceID, time.Hour, 1)
	b, _ := encodeSession(old)
	dir := t.TempDir()
	store := &ringStore{&fullRing{string(b)}, &fileStore{filepath.Join(dir, "s.json"), filepath.Join(dir, "s.lock")}}
	ctx := context.Background()
	next := storedFor(aliceID, time.Hour, 2)
	if err := store.Save(ctx, next); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Load(ctx); err != nil || got.RefreshToken != "refresh-2" {
		t.Errorf("the old entry won: %v, %v", got.RefreshToken, err)
	}
}

// sickRing fails for a while: that is no sign-out.
type sickRing struct{ fullRing }

func (r *sickRing) get() (string, error) { return "", errors.New("locked") }

func TestKeyringThatFailsIsNotAbsence(t *testing.T) {
	dir := t.TempDir()
	store := &ringStore{&sickRing{}, &fileStore{filepath.Join(dir, "s.json"), filepath.Join(dir, "s.lock")}}
	_, err := store.Load(context.Background())
	if errors.Is(err, ErrNoSession) || models.CodeOf(err) != models.CodeConfig {
		t.Errorf("%v", err)
	}
}

func TestNoKeyringOnThisMachine(t *testing.T) {
	keyring.MockInitWithError(errors.New("no D-Bus"))
	t.Cleanup(keyring.MockInit)
	store, err := OpenStore(t.TempDir(), "https://one.example", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := store.(*fileStore); !ok {
		t.Errorf("%T", store)
	}
}

func TestPrintingHidesTokens(t *testing.T) {
	s := storedFor(aliceID, time.Hour, 1)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%v", &s)} {
		if strings.Contains(text, s.AccessToken) || strings.Contains(text, s.RefreshToken) {
			t.Errorf("%s", text)
		}
	}
}
