//go:build unix

package pgproc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/pgproc"
)

// folder is a place that the user who runs PostgreSQL can reach; t.TempDir is
// below folders that are closed to him.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "loratop-pgproc-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, o pgproc.Options) *pgproc.Server {
	t.Helper()
	s, err := pgproc.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var out string
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestStartStopAgain(t *testing.T) {
	t.Parallel()
	o := pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true}
	first := start(t, o)
	execute(t, first.URL("postgres"), "CREATE TABLE kept AS SELECT 'still here' AS v")
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := start(t, o)
	if got := query(t, second.SocketURL("postgres"), "SELECT v FROM kept"); got != "still here" {
		t.Fatalf("after a restart the table holds %q", got)
	}
}

// TestStopTwice: stopping is done once and stays done.
func TestStopTwice(t *testing.T) {
	t.Parallel()
	s := start(t, pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true})
	for range 2 {
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if running(s.PID()) {
		t.Error("the server still runs")
	}
}

// TestStopInAHurry: a context that is over skips the polite ways.
func TestStopInAHurry(t *testing.T) {
	t.Parallel()
	s := start(t, pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if running(s.PID()) {
		t.Error("the server still runs")
	}
}

// TestClosed: nobody gets in without the password, and its file is closed.
func TestClosed(t *testing.T) {
	t.Parallel()
	o := pgproc.Options{Dir: filepath.Join(folder(t), "pg")}
	s := start(t, o)
	stranger := strings.Replace(s.URL("postgres"), s.Password(), "guess", 1)
	conn, err := pgx.Connect(t.Context(), stranger)
	if err == nil {
		_ = conn.Close(t.Context())
		t.Error("a wrong password was taken")
	}
	info, err := os.Stat(filepath.Join(o.Dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the password's file has mode %v", info.Mode())
	}
	if got := query(t, s.URL("postgres"), "SELECT lower('ÄÖÜ')"); got != "äöü" {
		t.Errorf("lower('ÄÖÜ') = %q: the locale knows ASCII only", got)
	}
	if got := query(t, s.URL("postgres"), "SELECT usename::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"); got != pgproc.Superuser {
		t.Errorf("signed in as %q", got)
	}
}

// TestStepsDown: as root PostgreSQL runs as somebody else.
func TestStepsDown(t *testing.T) {
	t.Parallel()
	s := start(t, pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true})
	info, err := os.Stat(fmt.Sprintf("/proc/%d", s.PID()))
	if err != nil {
		t.Logf("no /proc here: %v", err)
		return
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid == 0 || os.Getuid() != 0 && int(st.Uid) != os.Getuid() {
		t.Errorf("PostgreSQL runs as user %d, the test as %d", st.Uid, os.Getuid())
	}
}

func TestFindHonoursEnvironment(t *testing.T) {
	t.Setenv(pgproc.EnvBin, t.TempDir())
	if _, err := pgproc.Find(t.Context(), 0); !errors.Is(err, pgproc.ErrNoBinaries) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := pgproc.Start(t.Context(), pgproc.Options{Dir: filepath.Join(folder(t), "pg")}); !errors.Is(err, pgproc.ErrNoBinaries) {
		t.Errorf("start without binaries: %v", err)
	}
	t.Setenv(pgproc.EnvBin, "")
	found, err := pgproc.Find(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pgproc.EnvBin, found.Dir)
	if again, err := pgproc.Find(t.Context(), found.Major); err != nil || again != found {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := pgproc.Find(t.Context(), 99); !errors.Is(err, pgproc.ErrNoBinaries) {
		t.Errorf("version 99: %v", err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	cmd, postmaster := victim(t, dir, true)
	kill(t, cmd)
	if err := pgproc.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || running(postmaster) {
		t.Errorf("after Remove: %v, running %v", err, running(postmaster))
	}
}
