package cmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/faults"
	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/rest"
	store "github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/token"
)

// yard is a stack that misbehaves on demand, and a home whose loratop is signed
// in to it.
type yard struct {
	url, service string
	faults       *faults.Injector
	dir          string // of Storage
	env          []string
}

func newYard(t *testing.T) *yard {
	t.Helper()
	secret := []byte("a secret of at least thirty-two bytes")
	db := pgtest.New(t)
	y := &yard{dir: t.TempDir()}
	anon, err := token.AnonKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	if y.service, err = token.ServiceKey(secret); err != nil {
		t.Fatal(err)
	}
	api, err := rest.New(rest.Options{Pool: db.Pool, Secret: secret, MaxRows: maxPage})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	srv := httptest.NewUnstartedServer(nil)
	y.url = "http://" + srv.Listener.Addr().String()
	y.faults = faults.New(faults.Options{Secret: secret, Next: local.NewGateway(local.GatewayOptions{
		Secret: secret, Rest: api, Storage: store.New(store.Options{Pool: db.Pool, Secret: secret, Dir: y.dir}),
		Auth: auth.New(auth.Options{Pool: db.Pool, Secret: secret, BaseURL: y.url, Autoconfirm: true, BcryptCost: bcrypt.MinCost}),
	})})
	srv.Config.Handler = y.faults
	srv.Start()
	t.Cleanup(srv.Close)
	y.env = environment(t, "LORATOP_URL="+y.url, "LORATOP_KEY="+anon)
	signUp := y.command(t, "signup", "--email", "alice@example.com", "--password-stdin")
	signUp.Stdin = strings.NewReader("correct horse battery\n")
	if out, err := signUp.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return y
}

func (y *yard) command(t *testing.T, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), "loratop", args...)
	c.Env = y.env
	return c
}

// run ends with what was printed and the exit code.
func (y *yard) run(t *testing.T, args ...string) result {
	t.Helper()
	return finished(t, y.command(t, args...))
}

func finished(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

// slow has contents pass at so many bytes a second; 0 ends it.
func (y *yard) slow(t *testing.T, bytesPerSecond int64) {
	t.Helper()
	var rules []faults.Rule
	if bytesPerSecond > 0 {
		rules = []faults.Rule{{Kind: faults.Bandwidth, Path: "/storage/v1/upload", Method: http.MethodPatch, BytesPerSecond: bytesPerSecond}}
	}
	if err := y.faults.SetRules(rules); err != nil {
		t.Fatal(err)
	}
}

// arrived is how many bytes of uploads are on the server's disk.
func (y *yard) arrived(t *testing.T) (n int64) {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(y.dir, "uploads"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range list {
		if info, err := e.Info(); err == nil && filepath.Ext(e.Name()) == "" { // what goes meanwhile is no failure
			n += info.Size()
		}
	}
	return n
}

// child is a loratop that was started.
type child struct {
	cmd       *exec.Cmd
	out, errs bytes.Buffer
	ended     chan struct{}
}

func (y *yard) start(t *testing.T, args ...string) *child {
	t.Helper()
	r := &child{cmd: y.command(t, args...), ended: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.errs
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = r.cmd.Wait() // its code tells
		close(r.ended)
	}()
	return r
}

// until waits for a condition, or for the end of the process.
func (r *child) until(ok func() bool) {
	for !ok() {
		select {
		case <-r.ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// result waits for the end.
func (r *child) result() result {
	<-r.ended
	return result{r.out.String(), r.errs.String(), r.cmd.ProcessState.ExitCode()}
}

// storedSum reads a dataset's file as the server has it.
func (y *yard) storedSum(t *testing.T, id string) string {
	t.Helper()
	doc := jsonOf(t, y.run(t, "datasets", "get", id, "--json").out)["dataset"].(map[string]any)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/storage/v1/object/%s/%s", y.url, doc["storage_bucket"], doc["storage_path"]), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("apikey", y.service)
	req.Header.Set("Authorization", "Bearer "+y.service)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	h := sha256.New()
	if n, err := io.Copy(h, res.Body); err != nil || float64(n) != doc["file_size"].(float64) {
		t.Fatalf("%d bytes of %v, %v", n, doc["file_size"], err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// dataFile writes a file of valid lines and returns its path and hash.
func dataFile(t *testing.T, size int) (path, sum string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "train set.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	w := io.MultiWriter(f, h)
	for n, i := 0, 0; n < size; i++ {
		m, err := fmt.Fprintf(w, "{\"conversation_id\":\"c%d\",\"turns\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}\n", i, strings.Repeat(fmt.Sprintf("%016x ", rand.Uint64()), 4000))
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

func TestPushProcesses(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	t.Run("killed", func(t *testing.T) { pushKilled(t, y) })
	t.Run("interrupted", func(t *testing.T) { pushInterrupted(t, y) })
	t.Run("two at once", func(t *testing.T) { pushTwice(t, y) })
}

// pushKilled kills the real process at random points of an upload of 200 MB,
// goes on each time, and compares what the server has with the file.
func pushKilled(t *testing.T, y *yard) {
	const size = 200_000_000
	path, sum := dataFile(t, size)
	args := []string{"datasets", "push", path, "--no-check", "--yes", "--json"}
	y.slow(t, 200_000_000)
	killed := 0
	var r result
	for i, share := range []float64{0, 0.2, 0.5, 0.8} {
		c := y.start(t, args...)
		if i == 0 { // before or while the row and the upload are made
			time.Sleep(rand.N(600 * time.Millisecond)) // a random point is what is wanted
		} else {
			at := int64(size * (share + 0.1*rand.Float64()))
			c.until(func() bool { return y.arrived(t) >= at })
		}
		_ = c.cmd.Process.Kill()
		if r = c.result(); r.code == 0 {
			break // it was faster than this test
		}
		killed++
		t.Logf("killed at %d bytes", y.arrived(t))
	}
	if killed < 2 {
		t.Errorf("%d processes were killed", killed)
	}
	y.slow(t, 0)
	if r.code != 0 {
		r = y.run(t, args...)
	}
	if r.code != 0 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	d := jsonOf(t, r.out)["dataset"].(map[string]any)
	if d["status"] != "validating" || d["file_name"] != "train set.jsonl" || !strings.HasSuffix(d["storage_path"].(string), "/train_set.jsonl") {
		t.Errorf("%v", d)
	}
	if y.storedSum(t, d["id"].(string)) != sum {
		t.Error("another file is stored")
	}
	if r := y.run(t, "datasets", "ls", "--search", "train set", "-q"); r.out != d["id"].(string)+"\n" {
		t.Errorf("rows: %q", r.out)
	}
	if r := y.run(t, "datasets", "uploads", "-q"); r.out != "" {
		t.Errorf("pending: %q", r.out)
	}
}

// pushInterrupted holds that SIGINT parks an upload, says how to go on, and
// that this goes on.
func pushInterrupted(t *testing.T, y *yard) {
	path, sum := dataFile(t, 14_000_000)
	y.slow(t, 5_000_000)
	before := y.arrived(t)
	c := y.start(t, "datasets", "push", path, "--name", "parked one")
	c.until(func() bool { return y.arrived(t) > before+7_000_000 })
	_ = c.cmd.Process.Signal(os.Interrupt)
	if r := c.result(); r.code != 130 || !strings.Contains(r.err, "to go on: loratop datasets push '"+path+"'") {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	u := jsonOf(t, y.run(t, "datasets", "uploads", "--json").out)["uploads"].([]any)
	if one := u[0].(map[string]any); len(u) != 1 || one["state"] != "parked" || one["name"] != "parked one" || one["sent"].(float64) < 6_000_000 {
		t.Errorf("%v", u)
	}
	y.slow(t, 0)
	r := y.run(t, "datasets", "push", path)
	if r.code != 0 || !strings.Contains(r.err, "continues the upload of train set.jsonl") || !strings.Contains(r.out, "parked one") || !strings.Contains(r.out, "ready") {
		t.Fatalf("exit %d %s %s", r.code, r.out, r.err)
	}
	id := u[0].(map[string]any)["dataset_id"].(string)
	if y.storedSum(t, id) != sum {
		t.Error("another file is stored")
	}
}

// pushTwice holds that two processes do not send one upload.
func pushTwice(t *testing.T, y *yard) {
	path, sum := dataFile(t, 14_000_000)
	y.slow(t, 1_500_000) // nine seconds for what is asked meanwhile
	before := y.arrived(t)
	first := y.start(t, "datasets", "push", path, "--json", "--no-check")
	first.until(func() bool { return y.arrived(t) > before })
	r := y.run(t, "datasets", "push", path, "--json", "--no-check")
	if r.code != exitFailure || !strings.Contains(r.err, "is being uploaded already") {
		t.Errorf("the second: exit %d %s %s", r.code, r.out, r.err)
	}
	u := jsonOf(t, y.run(t, "datasets", "uploads", "--json").out)["uploads"].([]any)
	if len(u) != 1 || u[0].(map[string]any)["state"] != "active" {
		t.Errorf("%v", u)
	} else if r := y.run(t, "datasets", "uploads", "drop", u[0].(map[string]any)["dataset_id"].(string), "--yes"); r.code != exitFailure {
		t.Errorf("an active upload was dropped: exit %d %s %s", r.code, r.out, r.err)
	}
	y.slow(t, 0)
	r = first.result()
	if r.code != 0 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	if id := jsonOf(t, r.out)["dataset"].(map[string]any)["id"].(string); y.storedSum(t, id) != sum {
		t.Error("another file is stored")
	}
}
