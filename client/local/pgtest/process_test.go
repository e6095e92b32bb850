//go:build unix

package pgtest_test

import (
	"bufio"
	"encoding/json"
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

	"github.com/loratop/loratop/client/local/pgtest"
)

// envHold makes TestInChild report and then hold its database until its input
// ends.
const envHold = "LORATOP_TEST_PGTEST_HOLD"

// TestInChild uses the cluster as any test does; the tests below run it in
// processes of its own.
func TestInChild(t *testing.T) {
	db := pgtest.New(t, pgtest.Platform)
	if n := count(t, db, "SELECT count(*) FROM auth.users"); n != 0 {
		t.Fatalf("%d users", n)
	}
	if os.Getenv(envHold) != "" {
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent lets go
	}
}

// held is a process that holds a database.
type held struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// hold starts one on the clusters below temp.
func hold(t *testing.T, temp string) held {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := held{cmd: exec.CommandContext(t.Context(), self, "-test.run=^TestInChild$")}
	h.cmd.Env = append(os.Environ(), envHold+"=1", "TMPDIR="+temp)
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.letGo() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	return h
}

func (h held) letGo() { _ = h.in.Close(); _ = h.cmd.Wait() }

func (h held) kill() { _ = h.cmd.Process.Kill(); _ = h.cmd.Wait() }

// temp is a folder for clusters of a test's own. It goes away with the last
// of them.
func temp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgt-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "the clusters stop after their last user", func() bool { return len(clusters(t, dir)) == 0 })
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

type cluster struct {
	Dir           string
	PID, Guardian int
}

func clusters(t *testing.T, temp string) []cluster {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(temp, "*", "c-*"))
	if err != nil {
		t.Fatal(err)
	}
	var out []cluster
	for _, dir := range dirs {
		c := cluster{Dir: dir}
		if b, err := os.ReadFile(filepath.Join(dir, "state.json")); err == nil {
			if err := json.Unmarshal(b, &c); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, c)
	}
	return out
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Errorf("never: %s", what)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func running(pid int) bool {
	if pid <= 1 {
		return false
	}
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// killOf kills a process of the cluster, after a look whether it is one: a
// slip in a process id must not hit anybody else.
func killOf(t *testing.T, c cluster, pid int) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if pid <= 1 || err != nil || !strings.Contains(string(out), c.Dir) {
		t.Fatalf("process %d is not of %s: %q, %v", pid, c.Dir, out, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// TestOneCluster: processes that start at once share one; it survives those
// that go, also a killed one, and stops after the last.
func TestOneCluster(t *testing.T) {
	t.Parallel()
	dir := temp(t)
	ready := make(chan held, 3)
	for range cap(ready) {
		go func() { ready <- hold(t, dir) }()
	}
	first, second, third := <-ready, <-ready, <-ready
	list := clusters(t, dir)
	if len(list) != 1 {
		t.Fatalf("%d clusters for three processes", len(list))
	}
	first.letGo()
	second.kill()
	fourth := hold(t, dir)
	if again := clusters(t, dir); len(again) != 1 || again[0] != list[0] {
		t.Errorf("a later process uses %v, the others used %v", again, list)
	}
	third.letGo()
	fourth.letGo()
	eventually(t, "PostgreSQL stops", func() bool { return !running(list[0].PID) })
}

// TestDeadCluster: everything was killed; the next run clears it away.
func TestDeadCluster(t *testing.T) {
	t.Parallel()
	dir := temp(t)
	h := hold(t, dir)
	dead := clusters(t, dir)[0]
	killOf(t, dead, dead.Guardian)
	killOf(t, dead, dead.PID)
	h.kill()
	eventually(t, "all are dead", func() bool { return !running(dead.Guardian) && !running(dead.PID) })
	next := hold(t, dir)
	if list := clusters(t, dir); len(list) != 1 || list[0].PID == dead.PID {
		t.Errorf("after a crash: %v", list)
	}
	next.letGo()
}

// TestDeadGuardian: the cluster gets a new one and nobody notices.
func TestDeadGuardian(t *testing.T) {
	t.Parallel()
	dir := temp(t)
	h := hold(t, dir)
	before := clusters(t, dir)[0]
	killOf(t, before, before.Guardian)
	eventually(t, "the guardian is dead", func() bool { return !running(before.Guardian) })
	next := hold(t, dir)
	after := clusters(t, dir)
	if len(after) != 1 || after[0].PID != before.PID || after[0].Guardian == before.Guardian {
		t.Errorf("before %v, after %v", before, after)
	}
	h.letGo()
	next.letGo()
}

// TestOwnDatabases: two databases of one test do not see each other, and both
// are gone when it is over.
func TestOwnDatabases(t *testing.T) {
	t.Parallel()
	watch := pgtest.New(t, pgtest.Bare)
	var names []string
	t.Run("inner", func(t *testing.T) {
		a, b := pgtest.New(t), pgtest.New(t)
		names = []string{a.Name, b.Name}
		if _, err := a.Pool.Exec(t.Context(), "CREATE TABLE only_here ()"); err != nil {
			t.Fatal(err)
		}
		if n := count(t, b, "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'"); n != 0 {
			t.Error("a table of one database is in the other")
		}
	})
	for _, name := range names {
		if n := count(t, watch, "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"); n != 0 {
			t.Errorf("%s is still there", name)
		}
	}
}
