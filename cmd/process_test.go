package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/pgtest"
)

// process is a running loratop.
type process struct {
	cmd   *exec.Cmd
	out   *bufio.Reader
	stack map[string]any
}

// environment is this process's own without what would lead to a user's files.
func environment(t *testing.T, more ...string) []string {
	env := append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME=", "GORACE="+raceOptions, "LORATOP_KEYRING=false")
	return append(env, more...)
}

// startLocal runs loratop local --json and reads its line.
func startLocal(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.Command("loratop", append([]string{"local", "--json"}, args...)...)
	cmd.Env = environment(t, env...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
	})
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("no line: %v", err)
	}
	if err := json.Unmarshal([]byte(line), &p.stack); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return p
}

// stop sends a signal and returns what was still printed and the exit code.
func (p *process) stop(t *testing.T, sig syscall.Signal) (rest string, code int) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(b), p.cmd.ProcessState.ExitCode()
}

// rest asks the gateway for a table.
func (p *process) rest(t *testing.T, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.stack["url"].(string)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("apikey", p.stack["anon_key"].(string))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func reachable(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return false
	}
	_ = c.Close(ctx)
	return true
}

// TestLocalPrintsOneLineAndStopsByAnySignal starts the stack three times over
// the same folder and stops it by each signal: nothing may be left running.
func TestLocalPrintsOneLineAndStopsByAnySignal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for sig, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGHUP: 129, syscall.SIGINT: 130} {
		p := startLocal(t, nil, "--dir", dir, "--no-trainer")
		keys := []string{}
		for k := range p.stack {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if got := strings.Join(keys, " "); got != "anon_key database_url jwt_secret service_key url users" {
			t.Errorf("fields: %s", got)
		}
		users := p.stack["users"].([]any)
		if first := users[0].(map[string]any); len(users) != 2 || len(first) != 3 || first["email"] != "alice@example.com" || first["id"] == "" || first["password"] == "" {
			t.Errorf("users: %v", users)
		}
		if code, body := p.rest(t, "/rest/v1/datasets?select=id"); code != http.StatusOK || body != "[]" {
			t.Errorf("nobody sees: %d %s", code, body)
		}
		db := p.stack["database_url"].(string)
		if !reachable(t.Context(), db) {
			t.Error("the database cannot be reached")
		}
		rest, code := p.stop(t, sig)
		if code != want || rest != "" {
			t.Errorf("%s: exit %d, want %d; more on stdout: %q", sig, code, want, rest)
		}
		if reachable(t.Context(), db) {
			t.Errorf("%s: the database still runs", sig)
		}
	}
}

func TestBareServesAndChangesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	before := catalogue(t, db)
	const secret = "a-secret-of-at-least-thirty-two-characters"
	p := startLocal(t, []string{"LORATOP_JWT_SECRET=" + secret}, "--bare", "--database-url", db.URL)
	if p.stack["jwt_secret"] != secret || len(p.stack["users"].([]any)) != 0 {
		t.Errorf("stack %v", p.stack)
	}
	if code, body := p.rest(t, "/rest/v1/datasets?select=id"); code != http.StatusOK || body != "[]" {
		t.Errorf("%d %s", code, body)
	}
	if rest, code := p.stop(t, syscall.SIGTERM); code != 143 || rest != "" {
		t.Errorf("exit %d, more on stdout: %q", code, rest)
	}
	if after := catalogue(t, db); after != before {
		t.Errorf("changed:\n%s\n%s", before, after)
	}
}

// catalogue fingerprints what a change of the schema or of roles would move.
func catalogue(t *testing.T, db pgtest.DB) string {
	t.Helper()
	var s string
	err := db.Pool.QueryRow(t.Context(), `SELECT concat_ws(' ',
		(SELECT md5(string_agg(c.oid::text || relname || relkind::text || coalesce(relacl::text, ''), ',' ORDER BY c.oid)) FROM pg_class c),
		(SELECT md5(string_agg(oid::text || proname, ',' ORDER BY oid)) FROM pg_proc),
		(SELECT md5(string_agg(oid::text || polname, ',' ORDER BY oid)) FROM pg_policy))`).Scan(&s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestClosedOutputIsQuiet holds that a reader which goes away is no failure:
// the real signal becomes an error of the write, and nothing is said.
func TestClosedOutputIsQuiet(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "loratop", "version")
	cmd.Env, cmd.Stdout = environment(t), w
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Errorf("%v %q", err, errs.String())
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
