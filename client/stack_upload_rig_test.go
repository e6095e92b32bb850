package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/faults"
	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/rest"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/token"
	"github.com/loratop/loratop/models"
)

// rig is a stack that misbehaves on demand and can be restarted.
type rig struct {
	*stack
	faults  *faults.Injector
	service string
	handler http.Handler

	mu   sync.Mutex
	srv  *http.Server
	addr string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	secret := []byte("a secret of at least thirty-two bytes")
	db := pgtest.New(t)
	r := &rig{stack: &stack{pool: db.Pool}}
	var err error
	if r.anon, err = token.AnonKey(secret); err != nil {
		t.Fatal(err)
	}
	if r.service, err = token.ServiceKey(secret); err != nil {
		t.Fatal(err)
	}
	api, err := rest.New(rest.Options{Pool: db.Pool, Secret: secret, MaxRows: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	r.files = storage.New(storage.Options{Pool: db.Pool, Secret: secret, Dir: t.TempDir()})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	r.url = "http://" + r.addr
	next := local.NewGateway(local.GatewayOptions{Rest: api, Storage: r.files, Secret: secret,
		Auth: auth.New(auth.Options{Pool: db.Pool, Secret: secret, BaseURL: r.url, Autoconfirm: true, BcryptCost: bcrypt.MinCost})})
	r.faults = faults.New(faults.Options{Next: next, Secret: secret, Pool: db.Pool, ExpireUploads: r.files.ExpireUploads})
	r.handler = r.faults
	r.serve(l)
	t.Cleanup(r.stop)
	return r
}

func (r *rig) serve(l net.Listener) {
	srv := &http.Server{Handler: r.handler, ReadHeaderTimeout: 10 * time.Second}
	r.mu.Lock()
	r.srv = srv
	r.mu.Unlock()
	go func() { _ = srv.Serve(l) }()
}

// stop cuts all connections, as a crash does.
func (r *rig) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.srv.Close()
}

// start opens the port again; somebody may hold it for a moment.
func (r *rig) start(t testing.TB) {
	t.Helper()
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var l net.Listener
		if l, err = net.Listen("tcp", r.addr); err == nil {
			r.serve(l)
			return
		}
	}
	t.Error(err)
}

// order sets faults.
func (r *rig) order(t testing.TB, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, r.url+faults.ControlPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("apikey", r.service)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, b)
	}
}

// uploader signs up a user whose client keeps its state in dir and does not
// dawdle between tries.
func (r *rig) uploader(t testing.TB, email, dir string, change ...func(*Options)) (*Client, string) {
	t.Helper()
	o := Options{URL: r.url, Key: r.anon, State: dir}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.SignUp(context.Background(), email, "correct horse "+email)
	if err != nil || s.Session == nil {
		t.Fatalf("sign up: %+v, %v", s, err)
	}
	hurry(c)
	return c, s.Session.UserID
}

// hurry makes waits short, so that a test of many of them is fast.
func hurry(c *Client) {
	c.net.sleep = func(ctx context.Context, d time.Duration) error { return sleep(ctx, min(d, 20*time.Millisecond)) }
}

// jsonlFile writes a valid file of about size bytes and returns path and hash.
func jsonlFile(t testing.TB, name string, size int, seed uint64) (path, sha string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	w := io.MultiWriter(f, h)
	rng := rand.New(rand.NewPCG(1, seed))
	const alphabet = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"
	filler := make([]byte, 16<<10)
	for i := range filler {
		filler[i] = alphabet[rng.IntN(len(alphabet))]
	}
	for n := 0; n < size; {
		part := filler[rng.IntN(8<<10):][:min(8<<10, max(10, size-n-120))]
		m, err := fmt.Fprintf(w, "{\"conversation_id\":\"c%d\",\"turns\":[{\"role\":\"user\",\"content\":\"hello\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}\n", n, part)
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path, hex.EncodeToString(h.Sum(nil))
}

// wantStored compares what the server has with what was sent.
func (r *rig) wantStored(t testing.TB, d models.Dataset, sha string) {
	t.Helper()
	f, err := r.files.Open(context.Background(), datasetBucket, d.StoragePath)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil || n != int64(d.FileSize) || hex.EncodeToString(h.Sum(nil)) != sha {
		t.Fatalf("stored: %d of %d bytes, hash %v, %v", n, d.FileSize, hex.EncodeToString(h.Sum(nil)) == sha, err)
	}
}

// wantNothingLeft holds that a state folder has no note and no lock any more.
func wantNothingLeft(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != "folder.lock" {
			t.Errorf("left behind: %s", p)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// row is one text made of the dataset's columns.
func (r *rig) row(t testing.TB, id, columns string) string {
	t.Helper()
	var s string
	if err := r.pool.QueryRow(context.Background(), `SELECT concat_ws(' ', `+columns+`) FROM datasets WHERE id=$1`, id).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func sumOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// journalText is all that is on disk of the state.
func journalText(t testing.TB, dir string) string {
	t.Helper()
	var all bytes.Buffer
	_ = filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			b, _ := os.ReadFile(p)
			all.Write(b)
		}
		return nil
	})
	return all.String()
}

func mustJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
