package client

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	childURL, childDir = "LORATOP_TEST_CHILD_URL", "LORATOP_TEST_CHILD_DIR"
	processes          = 20
)

// barrierServer is an auth server whose /barrier answers when all are there:
// each process holds the expired token by then.
func barrierServer(t *testing.T, n int) *fake {
	var serial atomic.Int32
	serial.Store(1)
	var arrived sync.WaitGroup
	arrived.Add(n)
	return newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/barrier":
			arrived.Done()
			arrived.Wait()
		case "/auth/v1/token":
			reply(w, 200, sessionJSON(aliceID, time.Hour, int(serial.Add(1))))
		default:
			reply(w, 200, `[]`, "Content-Range", "*/0")
		}
	})
}

// The acceptance test of the session: 20 processes share one expired token.
func TestTwentyProcessesRefreshOnce(t *testing.T) {
	if url := os.Getenv(childURL); url != "" {
		childProcess(t, url, os.Getenv(childDir))
		return
	}
	f := barrierServer(t, processes)
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
	for range processes {
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
	if n := f.count("/datasets"); n != processes {
		t.Errorf("%d processes got through, want %d", n, processes)
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
	if l, err := c.sess.loaded(t.Context()); err != nil || l.RefreshToken != "refresh-1" {
		t.Fatalf("loaded: %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/barrier", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if _, err := c.Datasets(t.Context(), models.ListQuery{}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Load(t.Context())
	if err != nil || s.RefreshToken != "refresh-2" {
		t.Fatalf("stored %v, %v", s, err)
	}
}
