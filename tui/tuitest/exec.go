package tuitest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Exec runs a command on a pseudo-terminal of w×h cells whose other end is the
// emulator: the real binary in a real terminal. At the end of the test it is
// asked to stop (SIGTERM), and killed if it does not.
func Exec(tb testing.TB, cmd *exec.Cmd, w, h int) *Term {
	tb.Helper()
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "COLORTERM=truecolor")
	f, err := pty.StartWithSize(cmd, winsize(w, h))
	if err != nil {
		tb.Fatalf("start %s on a pty: %v", cmd.Path, err)
	}
	t := newTerm(tb, w, h, f)
	t.send = func(s string) { _, _ = io.WriteString(f, s) }
	t.resize = func(w, h int) { _ = pty.Setsize(f, winsize(w, h)) }
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(t, f) // ends with EIO when the program has closed its side
	}()
	go func() {
		defer close(t.done)
		t.err = cmd.Wait()
		select {
		case <-drained:
		case <-time.After(time.Second): // a child of it may still hold the pty
		}
	}()
	tb.Cleanup(func() {
		stop(tb, cmd, t.done)
		_ = f.Close()
	})
	return t
}

func winsize(w, h int) *pty.Winsize {
	return &pty.Winsize{Cols: uint16(w), Rows: uint16(h)} //nolint:gosec // sizes of a test
}

// stop ends the process that this test started.
func stop(tb testing.TB, cmd *exec.Cmd, done <-chan struct{}) {
	select {
	case <-done:
		return
	default:
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Logf("SIGTERM: %v", err)
	}
	select {
	case <-done:
	case <-time.After(Patience):
		tb.Errorf("the program did not end at SIGTERM")
		_ = cmd.Process.Kill()
		<-done
	}
}

// Signal sends a signal to a command started with Exec.
func Signal(tb testing.TB, cmd *exec.Cmd, sig os.Signal) {
	tb.Helper()
	if err := cmd.Process.Signal(sig); err != nil {
		tb.Fatalf("signal: %v", err)
	}
}

// ExitCode waits for the end and gives the exit code.
func (t *Term) ExitCode() int {
	t.tb.Helper()
	err := t.Wait()
	var x *exec.ExitError
	if errors.As(err, &x) {
		return x.ExitCode()
	}
	if err != nil {
		t.tb.Fatalf("wait: %v", err)
	}
	return 0
}
