package cmd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/faults"
)

// yard is a stack that misbehaves on demand, and a home whose loratop is signed
// in to it.
type yard struct {
	*local.Stack
	dir string
	env []string
}

func newYard(t *testing.T) *yard {
	t.Helper()
	dir := t.TempDir()
	s, err := local.Start(t.Context(), local.Options{Dir: dir, Seed: true, Faults: true, PasswordCost: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	y := &yard{Stack: s, dir: dir}
	y.env = environment(t, "LORATOP_URL="+s.URL, "LORATOP_KEY="+s.AnonKey)
	login := y.command(t, "login", "--email", s.Users[0].Email, "--password-stdin")
	login.Stdin = strings.NewReader(s.Users[0].Password + "\n")
	if out, err := login.CombinedOutput(); err != nil {
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
	if err := y.Faults.SetRules(rules); err != nil {
		t.Fatal(err)
	}
}

// arrived is how many bytes of unfinished uploads are on the server's disk.
func (y *yard) arrived(t *testing.T) (n int64) {
	t.Helper()
	_ = filepath.WalkDir(y.dir, func(p string, e fs.DirEntry, err error) error { // what goes meanwhile is no failure
		if err != nil || e.IsDir() || filepath.Base(filepath.Dir(p)) != "uploads" {
			return nil
		}
		if info, err := e.Info(); err == nil && filepath.Ext(p) == "" {
			n += info.Size()
		}
		return nil
	})
	return n
}

// until waits for a condition; the process may end before.
func until(t *testing.T, c *exec.Cmd, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
		if syscall.Kill(c.Process.Pid, 0) != nil {
			return
		}
	}
}

// storedSum reads a dataset's file as the server has it.
func (y *yard) storedSum(t *testing.T, id string) string {
	t.Helper()
	doc := jsonOf(t, y.run(t, "datasets", "get", id, "--json").out)["dataset"].(map[string]any)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/storage/v1/object/%s/%s", y.URL, doc["storage_bucket"], doc["storage_path"]), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("apikey", y.ServiceKey)
	req.Header.Set("Authorization", "Bearer "+y.ServiceKey)
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
	y.slow(t, 400_000_000)
	killed := 0
	for i, share := range []float64{0, 0.2, 0.6, 0.999} {
		c := y.command(t, args...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		switch {
		case i == 0: // before or while the row and the upload are made
			time.Sleep(rand.N(600 * time.Millisecond)) // a random point is what is wanted
		default:
			at := int64(size * (share + 0.1*rand.Float64()))
			until(t, c, "bytes arrive", func() bool { return y.arrived(t) >= min(at, size) })
		}
		_ = c.Process.Kill()
		if err := c.Wait(); err != nil {
			killed++
		}
		t.Logf("killed at %d bytes", y.arrived(t))
	}
	if killed < 3 {
		t.Errorf("%d processes were killed", killed)
	}
	y.slow(t, 0)
	r := y.run(t, args...)
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
	y.slow(t, 8_000_000)
	c := y.command(t, "datasets", "push", path, "--name", "parked one")
	var errs bytes.Buffer
	c.Stderr = &errs
	before := y.arrived(t)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, c, "bytes arrive", func() bool { return y.arrived(t) > before+7_000_000 })
	_ = c.Process.Signal(os.Interrupt)
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(errs.String(), "to go on: loratop datasets push '"+path+"'") {
		t.Fatalf("exit %d %s", code, errs.String())
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
	y.slow(t, 8_000_000)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first := exec.CommandContext(ctx, "loratop", "datasets", "push", path, "--json", "--no-check")
	first.Env = y.env
	done := make(chan result, 1)
	var out, errs bytes.Buffer
	first.Stdout, first.Stderr = &out, &errs
	before := y.arrived(t)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = first.Wait()
		done <- result{out.String(), errs.String(), first.ProcessState.ExitCode()}
	}()
	until(t, first, "bytes arrive", func() bool { return y.arrived(t) > before })
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
	r = <-done
	if r.code != 0 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	if id := jsonOf(t, r.out)["dataset"].(map[string]any)["id"].(string); y.storedSum(t, id) != sum {
		t.Error("another file is stored")
	}
}
