package cmd

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loratop/loratop/client"
	"github.com/loratop/loratop/config"
)

// TestProfilesAreAccounts: two profiles of one project keep two sessions, and no
// name of a profile leads out of the state folder.
func TestProfilesAreAccounts(t *testing.T) {
	state := t.TempDir()
	names := []string{"", "work", "..", "../../etc", "a/b", "日本"}
	seen := map[string]string{}
	for _, name := range names {
		cfg := &config.Config{Paths: config.Paths{State: state}, Profile: name, URL: "https://one.example.com"}
		dir := sessionDir(cfg)
		if rel, err := filepath.Rel(state, dir); err != nil || strings.HasPrefix(rel, "..") || strings.Contains(rel, string(filepath.Separator)) {
			t.Errorf("the sessions of %q are in %q", name, dir)
		}
		if other, ok := seen[dir]; ok {
			t.Errorf("%q and %q share %q", name, other, dir)
		}
		seen[dir] = name
		store, err := sessionStore(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Load(t.Context()); !errors.Is(err, client.ErrNoSession) {
			t.Errorf("%q begins with the session of another: %v", name, err)
		}
		if err := store.Save(t.Context(), client.StoredSession{AccessToken: "a", UserID: "user of " + name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		store, err := sessionStore(&config.Config{Paths: config.Paths{State: state}, Profile: name, URL: "https://one.example.com/"})
		if err != nil {
			t.Fatal(err)
		}
		if s, err := store.Load(t.Context()); err != nil || s.UserID != "user of "+name {
			t.Errorf("%q is signed in as %q: %v", name, s.UserID, err)
		}
	}
}
