package local_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/pgtest"
)

// envChild makes this test binary a program that runs a stack in the named
// folder, prints it and waits: for the tests that kill it.
const envChild = "LORATOP_TEST_LOCAL_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(envChild); dir != "" {
		os.Exit(child(dir))
	}
	if database := os.Getenv(envGateway); database != "" {
		os.Exit(gatewayChild(database))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	s, err := local.Start(context.Background(), local.Options{Dir: dir, Seed: true, Trainer: true})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	line, err := json.Marshal(s)
	if err != nil {
		return 1
	}
	// Nobody holds s from here on; the folder stays locked.
	for range 2 {
		runtime.GC()
		time.Sleep(50 * time.Millisecond) // for what the collector does afterwards
	}
	fmt.Println(string(line))
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent lets go
	return 0                             // without Close, as a panic would end it
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// answers reports whether something takes connections at a URL's address.
func answers(t *testing.T, address string) bool {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func scalar(t *testing.T, databaseURL, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var out string
	if err := conn.QueryRow(t.Context(), query).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestKilled: the program was killed with all that it ran; the next start in
// the same folder finds its data and nothing in its way.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "demo")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), envChild+"="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var first local.Stack
	if err != nil || json.Unmarshal([]byte(line), &first) != nil {
		t.Fatalf("the child said %q", line)
	}
	checkInUse(t, dir, cmd.Process.Pid, first.URL)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	second := start(t, local.Options{Dir: dir, Seed: true})
	if second.JWTSecret != first.JWTSecret {
		t.Error("the secret changed")
	}
	if n := len(names(t, second, signIn(t, second, second.Users[0]))); n < 10 {
		t.Errorf("%d datasets after the crash", n)
	}
}

// checkInUse: a second stack in the folder is told who has it.
func checkInUse(t *testing.T, dir string, pid int, address string) {
	t.Helper()
	s, err := local.Start(t.Context(), local.Options{Dir: dir})
	if err == nil {
		_ = s.Close()
		t.Fatal("two stacks run in one folder")
	}
	for _, want := range []string{fmt.Sprint("process ", pid), address, "--dir"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
}

// TestTrainerAndClose: queued jobs move by themselves; Close works although
// the context is over, and leaves nothing running.
func TestTrainerAndClose(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := local.Start(ctx, local.Options{Dir: filepath.Join(folder(t), "demo"), Seed: true, Trainer: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	eventually(t, "a queued job is trained", func() bool {
		return scalar(t, s.DatabaseURL, `SELECT count(*)::text FROM training_jobs j JOIN metrics_points p ON p.job_id = j.id WHERE j.status = 'running' AND p.timestamp > j.created_at AND j.queued_at > now() - interval '5 minutes'`) != "0"
	})
	cancel()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	for _, address := range []string{s.URL, s.DatabaseURL} {
		if answers(t, address) {
			t.Errorf("%s still answers", address)
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "demo")
	first := start(t, local.Options{Dir: dir})
	conn, err := pgx.Connect(t.Context(), first.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, local.Options{Dir: dir, Reset: true})
	if second.JWTSecret == first.JWTSecret {
		t.Error("the secret survived a reset")
	}
	if got := scalar(t, second.DatabaseURL, "SELECT coalesce(to_regclass('mine')::text, 'gone')"); got != "gone" {
		t.Error("a table survived a reset")
	}
}

// TestStrangersFolder: a folder with other things in it is left alone, also
// with Reset.
func TestStrangersFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	kept := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(kept, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := local.Start(t.Context(), local.Options{Dir: dir, Reset: true}); err == nil {
		_ = s.Close()
		t.Error("a stack moved in")
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	dir := filepath.Join(folder(t), "demo")
	s, err := local.Start(t.Context(), local.Options{Dir: dir, Port: port})
	if err == nil {
		_ = s.Close()
		t.Fatal("started on a port that is taken")
	}
	if !strings.Contains(err.Error(), fmt.Sprint(port)) {
		t.Errorf("error %q does not name the port", err)
	}
	start(t, local.Options{Dir: dir}) // the failed start has let go of the folder
}

// TestSecretsAreClosed: nobody else reads what is kept in the folder.
func TestSecretsAreClosed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "demo")
	start(t, local.Options{Dir: dir})
	for _, name := range []string{"jwt-secret", "owner.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

// TestServeBare: only the gateway, over somebody's database, which it leaves
// as it is.
func TestServeBare(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Conformance)
	const fingerprint = `SELECT md5(string_agg(format('%s %s %s %s', c.oid, c.relname, c.relnatts, c.relfilenode), ',' ORDER BY c.oid)) FROM pg_class c`
	before := scalar(t, db.URL, fingerprint)
	s, err := local.Serve(t.Context(), local.ServeOptions{DatabaseURL: db.URL, JWTSecret: strings.Repeat("conformance ", 4)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/rest/v1/datasets?select=name&order=created_at", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.ServiceKey) // and no apikey
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var rows []map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&rows); err != nil || len(rows) != 5 {
		t.Errorf("%d: %v %v", resp.StatusCode, rows, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if after := scalar(t, db.URL, fingerprint); after != before {
		t.Error("the gateway changed the catalogue")
	}
	if answers(t, s.URL) {
		t.Error("the gateway still answers")
	}
}

// TestStartCut: a start that is cut off at any moment leaves nothing running
// and nothing in the way of the next.
func TestStartCut(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "demo")
	for _, after := range []time.Duration{0, 200 * time.Millisecond, 900 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		s, err := local.Start(ctx, local.Options{Dir: dir, Seed: true, Trainer: true})
		cancel()
		if err == nil {
			if err := s.Close(); err != nil { // it was faster
				t.Error(err)
			}
		}
	}
	s := start(t, local.Options{Dir: dir, Seed: true})
	if n := len(names(t, s, signIn(t, s, s.Users[0]))); n < 10 {
		t.Errorf("%d datasets after starts that were cut off", n)
	}
}
