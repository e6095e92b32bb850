package cmd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/pgproc"
)

// terminal is loratop on a pseudo-terminal.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File
	done chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

func onTerminal(t *testing.T, env []string, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command("loratop", args...)
	cmd.Env = environment(t, append([]string{"TERM=xterm-256color"}, env...)...)
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	tm := &terminal{t: t, cmd: cmd, file: file, done: make(chan struct{})}
	go func() {
		defer close(tm.done)
		buf := make([]byte, 4096)
		for {
			n, err := file.Read(buf)
			tm.mu.Lock()
			tm.out.Write(buf[:n])
			tm.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
		_ = file.Close()
		<-tm.done
	})
	return tm
}

func (tm *terminal) text() string {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	return tm.out.String()
}

// see waits until the program has written a text.
func (tm *terminal) see(text string) {
	tm.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !strings.Contains(tm.text(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			tm.t.Fatalf("never wrote %q:\n%q", text, tm.text())
		}
	}
}

func (tm *terminal) press(keys string) {
	tm.t.Helper()
	if _, err := io.WriteString(tm.file, keys); err != nil {
		tm.t.Fatal(err)
	}
}

// end waits for the program and returns its exit code and all that it wrote.
func (tm *terminal) end() (int, string) {
	tm.t.Helper()
	var exit *exec.ExitError
	if err := tm.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		tm.t.Fatal(err)
	}
	<-tm.done
	return tm.cmd.ProcessState.ExitCode(), tm.text()
}

func testPrompts(t *testing.T, stack *local.Stack) {
	home := t.TempDir()
	env := []string{"HOME=" + home, "LORATOP_KEY=" + stack.AnonKey}
	alice := stack.Users[0]

	t.Run("password is not shown", func(t *testing.T) {
		tm := onTerminal(t, env, "login", "--url", stack.URL, "--allow-http")
		tm.see("E-mail:")
		tm.press(alice.Email + "\n")
		tm.see("Password:")
		tm.press(alice.Password + "\n")
		code, out := tm.end()
		if code != 0 || !strings.Contains(out, "signed in as "+alice.Email) || strings.Contains(out, alice.Password) {
			t.Errorf("exit %d\n%s", code, out)
		}
	})
	t.Run("ctrl+c at the password", func(t *testing.T) {
		tm := onTerminal(t, env, "login", "--url", stack.URL, "--email", alice.Email)
		tm.see("Password:")
		tm.press("\x03")
		if code, out := tm.end(); code != 130 || strings.Contains(out, "loratop:") {
			t.Errorf("exit %d %q", code, out)
		}
	})
	t.Run("cancelling asks", func(t *testing.T) {
		tm := onTerminal(t, env, "jobs", "launch", "--dataset", "Helpdesk chat, OpenAI format")
		tm.see("Launch this job for about $")
		tm.press("no\n")
		if code, out := tm.end(); code != exitFailure || !strings.Contains(out, "nothing was changed") {
			t.Errorf("exit %d %q", code, out)
		}
	})
	t.Run("the terminal interface opens and quits", func(t *testing.T) {
		tm := onTerminal(t, append(env, "NO_COLOR=please"))
		tm.see("Datasets")
		tm.press("q")
		code, out := tm.end()
		if code != 0 || !restored(out) {
			t.Errorf("exit %d, restored %v", code, restored(out))
		}
		if strings.Contains(out, "\x1b[38;") || strings.Contains(out, "\x1b[48;") {
			t.Error("NO_COLOR=please, and there are colours")
		}
	})
}

// restored reports that the alternate screen was left and the cursor is shown.
func restored(out string) bool {
	return strings.LastIndex(out, "\x1b[?1049l") > strings.LastIndex(out, "\x1b[?1049h") && strings.LastIndex(out, "\x1b[?25h") > strings.LastIndex(out, "\x1b[?25l")
}

// TestDemo runs the demo twice over one folder: quit by a key, then by a lost
// terminal. Both times the terminal is put back and nothing is left running.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tm := onTerminal(t, nil, "demo", "--dir", dir)
	tm.see("DEMO")
	tm.see("live")
	tm.press("q")
	code, out := tm.end()
	_, farewell, _ := strings.Cut(out, "\x1b[?1049l")
	if code != 0 || !restored(out) || strings.Count(farewell, "loratop: ") != 1 || !strings.Contains(farewell, "demo stopped") {
		t.Errorf("exit %d, restored %v, farewell %q", code, restored(out), farewell)
	}
	noPostgres(t, dir)

	tm = onTerminal(t, nil, "demo", "job", "--dir", dir)
	tm.see("DEMO")
	if err := tm.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	code, out = tm.end()
	_, farewell, _ = strings.Cut(out, "\x1b[?1049l")
	if code != 129 || !restored(out) || strings.Contains(farewell, "loratop: ") {
		t.Errorf("exit %d, restored %v, farewell %q", code, restored(out), farewell)
	}
	noPostgres(t, dir)
	if log, err := os.ReadFile(filepath.Join(dir, "demo.log")); err != nil || bytes.Contains(log, []byte("alice-in-loraland")) {
		t.Errorf("log: %v", err)
	}
}

// noPostgres looks for a server that still owns the data of a stack.
func noPostgres(t *testing.T, dir string) {
	t.Helper()
	place, err := pgproc.Place(filepath.Join(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	err = filepath.WalkDir(place, func(p string, _ os.DirEntry, err error) error {
		switch filepath.Base(p) {
		case "PG_VERSION":
			found = true
		case "postmaster.pid":
			t.Errorf("%s: the database was not stopped", p)
		}
		return err
	})
	if err != nil || !found {
		t.Errorf("no database in %s: %v", place, err)
	}
}
