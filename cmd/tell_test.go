package cmd

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local"
)

// gateOf passes everything on to a stack and counts the reads of a table that
// were answered.
func gateOf(t *testing.T, stack *local.Stack, table string) (address string, answered *atomic.Int64) {
	t.Helper()
	to, err := url.Parse(stack.URL)
	if err != nil {
		t.Fatal(err)
	}
	answered = new(atomic.Int64)
	through := httputil.NewSingleHostReverseProxy(to)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through.ServeHTTP(w, r)
		if strings.HasSuffix(r.URL.Path, "/"+table) {
			answered.Add(1)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, answered
}

// testTellsTheTerminal runs the real program on a terminal that answers the
// question for OSC 99 and then loses the focus. A job fails while a page is open
// that shows no jobs: the terminal is told so, once, and of nothing that the
// error tries to smuggle in.
func testTellsTheTerminal(t *testing.T, stack *local.Stack) {
	alice := stack.Users[0]
	gate, answered := gateOf(t, stack, "metrics_points") // which only the news read here
	home := t.TempDir()
	login := exec.Command("loratop", "login", "--url", gate, "--allow-http", "--email", alice.Email, "--password-stdin")
	login.Env = environment(t, "HOME="+home, "LORATOP_KEY="+stack.AnonKey)
	login.Stdin = strings.NewReader(alice.Password + "\n")
	if out, err := login.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	db, err := pgx.Connect(t.Context(), stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(t.Context()) }()
	var job string
	if err := db.QueryRow(t.Context(), `INSERT INTO training_jobs (user_id,dataset_id,preset_id,hyperparameters,gpu_config,status,total_epochs,estimated_total_cost,started_at)
		SELECT user_id, dataset_id, preset_id, hyperparameters, gpu_config, 'running', 3, 5, now() FROM training_jobs WHERE user_id=$1 LIMIT 1 RETURNING id`,
		alice.ID).Scan(&job); err != nil {
		t.Fatal(err)
	}

	tm := onTerminal(t, []string{"HOME=" + home, "LORATOP_KEY=" + stack.AnonKey}, "/datasets")
	tm.see("\x1b]99;i=loratop:p=?;\x1b\\")
	tm.press("\x1b]99;i=loratop:p=?;a=report,focus:o=always,unfocused:p=title,body\x1b\\")
	for end := time.Now().Add(30 * time.Second); answered.Load() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the news are not read:\n%q", tm.text())
		}
	}
	tm.press("\x1b[O")
	if _, err := db.Exec(t.Context(), `UPDATE training_jobs SET status='failed', error_message=$2 WHERE id=$1`, job, "CUDA out of \x1b]52;c;eA==\x07memory; really"); err != nil {
		t.Fatal(err)
	}
	tm.see(":d=1:p=body;job on ")
	tm.press("\x1b[I")
	tm.press("q")
	code, out := tm.end()
	if n := strings.Count(out, ":p=body;"); code != 0 || n != 1 {
		t.Errorf("exit %d, told %d times", code, n)
	}
	_, told, _ := strings.Cut(out, "\x1b]99;i=loratop-1:d=1:p=body;")
	told, _, _ = strings.Cut(told, "\x1b\\")
	if !strings.Contains(told, ": failed (CUDA out of ") || !strings.Contains(told, "memory, really)") || strings.ContainsAny(told, "\x1b\a\n;") {
		t.Errorf("told %q", told)
	}
}
