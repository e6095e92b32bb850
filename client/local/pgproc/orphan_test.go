//go:build unix

package pgproc_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/pgproc"
)

// envChild makes this test binary a program that starts a server and waits:
// the victim of the tests that kill.
const envChild = "LORATOP_TEST_PGPROC_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(envChild); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	o := pgproc.Options{Dir: dir, Throwaway: true, Detached: os.Getenv(envChild+"_DETACHED") != ""}
	s, err := pgproc.Start(context.Background(), o)
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println(s.PID())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent lets go
	return 0
}

// victim starts a server in a process of its own and returns both.
func victim(t *testing.T, dir string, detached bool) (cmd *exec.Cmd, postmaster int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), envChild+"="+dir)
	if detached {
		cmd.Env = append(cmd.Env, envChild+"_DETACHED=1")
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	postmaster, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("child said %q", line)
	}
	return cmd, postmaster
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// running reports a live process; a zombie that nobody reaps is dead.
func running(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestOrphanIsStopped: a server that outlived its killed owner is stopped by
// the next start, and the data are all there.
func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	cmd, postmaster := victim(t, dir, true)
	kill(t, cmd)
	if !running(postmaster) {
		t.Fatal("a detached server died with its starter: the test shows nothing")
	}
	s := start(t, pgproc.Options{Dir: dir, Throwaway: true})
	if running(postmaster) {
		t.Error("the orphan still runs beside the new server")
	}
	if got := query(t, s.URL("postgres"), "SELECT 'alive'"); got != "alive" {
		t.Errorf("the new server answers %q", got)
	}
}

// TestDiesWithOwner: a server that is not detached ends by itself when its
// owner is killed, where the system can do that.
func TestDiesWithOwner(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	cmd, postmaster := victim(t, dir, false)
	kill(t, cmd)
	if dies, err := os.ReadFile("/proc/sys/kernel/ostype"); err == nil && strings.TrimSpace(string(dies)) == "Linux" {
		eventually(t, "PostgreSQL ends after its owner was killed", func() bool { return !running(postmaster) })
	}
	start(t, pgproc.Options{Dir: dir, Throwaway: true})
}

// TestPostmasterKilled: PostgreSQL itself was killed, its backends, its lock
// file and its shared memory may still be there.
func TestPostmasterKilled(t *testing.T) {
	t.Parallel()
	o := pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true}
	first := start(t, o)
	execute(t, first.URL("postgres"), "CREATE TABLE kept AS SELECT 'still here' AS v")
	execute(t, first.URL("postgres"), "CHECKPOINT")
	if err := syscall.Kill(first.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the killed server is gone", func() bool { return !running(first.PID()) })
	if _, err := os.Stat(filepath.Join(o.Dir, "data", "postmaster.pid")); err != nil {
		t.Fatalf("a killed server leaves its lock file: %v", err)
	}
	second := start(t, o)
	if got := query(t, second.URL("postgres"), "SELECT v FROM kept"); got != "still here" {
		t.Errorf("after a crash the table holds %q", got)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Errorf("stopping the killed server: %v", err)
	}
	if !running(second.PID()) {
		t.Error("stopping the killed server stopped its successor")
	}
}

// TestKeep: a kept server that was killed comes back on its port with its data,
// until it is stopped.
func TestKeep(t *testing.T) {
	t.Parallel()
	s := start(t, pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Keep: true})
	execute(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 'still here' AS v")
	execute(t, s.URL("postgres"), "CHECKPOINT")
	url, first := s.URL("postgres"), s.PID()
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another process answers", func() bool {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return false
		}
		defer conn.Close(context.Background())
		return s.PID() != first
	})
	if got := query(t, url, "SELECT v FROM kept"); got != "still here" {
		t.Errorf("the server that came back holds %q", got)
	}
	second := s.PID()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if running(second) || s.PID() != second {
		t.Error("a stopped server runs, or was started again")
	}
}

// TestForeignLockFile: the process id in a left-over lock file belongs to
// somebody else by now; he must survive.
func TestForeignLockFile(t *testing.T) {
	t.Parallel()
	o := pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true}
	first := start(t, o)
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	bystander := exec.CommandContext(t.Context(), "sleep", "600")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, bystander) })
	lock := filepath.Join(o.Dir, "data", "postmaster.pid")
	text := fmt.Sprintf("%d\n%s\n1\n5432\n\n\n\nready\n", bystander.Process.Pid, filepath.Join(o.Dir, "data"))
	if err := os.WriteFile(lock, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, o)
	if !running(bystander.Process.Pid) {
		t.Error("a process that has nothing to do with PostgreSQL was stopped")
	}
}

// TestInterruptedInit: initdb was cut off; what it left is no cluster.
func TestInterruptedInit(t *testing.T) {
	t.Parallel()
	o := pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true}
	if err := os.MkdirAll(filepath.Join(o.Dir, "data", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "data", "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, o)
}
