package client

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

const childURL, childDir = "LORATOP_TEST_CHILD_URL", "LORATOP_TEST_CHILD_DIR"

// The acceptance test of the session: 20 processes share one expired token.
func TestTwentyProcessesRefreshOnce(t *testing.T) {
	if url := os.Getenv(childURL); url != "" {
		childProcess(t, url, os.Getenv(childDir))
		return
	}
	f, _ := authServer(t, time.Hour)
	dir := t.TempDir()
	store, err := OpenStore(dir, f.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Save(context.Background(), storedFor(aliceID, -time.Second, 1)); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), exe, "-test.run", "^TestTwentyProcessesRefreshOnce$")
			cmd.Env = append(os.Environ(), childURL+"="+f.URL, childDir+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("a process was signed out: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	if n := f.count("/token"); n != 1 {
		t.Errorf("%d calls to /token, want 1", n)
	}
	if n := f.count("/datasets"); n != 20 {
		t.Errorf("%d processes got through, want 20", n)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.tmp-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func childProcess(t *testing.T, url, dir string) {
	store, err := OpenStore(dir, url, false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{URL: url, Key: anonKey, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Datasets(t.Context(), models.ListQuery{}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Load(t.Context())
	if err != nil || s.RefreshToken != "refresh-2" {
		t.Fatalf("stored %v, %v", s, err)
	}
}
