//go:build unix

package pgproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child that has an owner waiting for it.
type process struct {
	done chan struct{} // closed when it has ended
}

// run starts cmd. The goroutine that starts it is the one that waits for it,
// on a thread of its own: on Linux the child gets a signal when its parent
// *thread* ends, so that thread has to live as long as the child does.
func run(cmd *exec.Cmd, detached bool) (*process, error) {
	if detached {
		cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Setsid = false, true
	} else {
		dieWithParent(cmd.SysProcAttr)
	}
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the exit code says nothing that the log does not
		}
	}()
	return p, <-started
}

// Stop ends the server: a fast shutdown, then an immediate one, then a kill;
// each step is bounded, and a ctx that ends hurries to the last one. Stopping
// what has stopped is no error.
func (s *Server) Stop(ctx context.Context) error {
	if s.stopKeep != nil {
		s.stopKeep()
	}
	return s.end(ctx)
}

// end ends the process of the latest start.
func (s *Server) end(ctx context.Context) error {
	pid, proc := s.PID(), s.process()
	if proc == nil {
		return stopPID(ctx, pid, func() bool { return !alive(pid) })
	}
	return stopPID(ctx, pid, func() bool {
		select {
		case <-proc.done:
			return true
		default:
			return false
		}
	})
}

// stopPID walks through PostgreSQL's three shutdown modes until gone is true.
func stopPID(ctx context.Context, pid int, gone func() bool) error {
	if pid <= 1 {
		return fmt.Errorf("stop PostgreSQL: %d is no process of ours", pid)
	}
	steps := []struct {
		sig  syscall.Signal
		wait time.Duration
	}{
		{syscall.SIGINT, fastStop},
		{syscall.SIGQUIT, immediateStop},
		{syscall.SIGKILL, killStop},
	}
	for i, step := range steps {
		if gone() {
			return nil
		}
		if i < len(steps)-1 && ctx.Err() != nil {
			continue
		}
		if err := syscall.Kill(pid, step.sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop PostgreSQL (process %d): %w", pid, err)
		}
		if step.sig == syscall.SIGKILL {
			ctx = context.WithoutCancel(ctx) // its end is worth the wait
		}
		if waitFor(ctx, step.wait, gone) {
			return nil
		}
	}
	return fmt.Errorf("PostgreSQL (process %d) does not stop", pid)
}

// waitFor polls cond until it holds, d is over or ctx ends.
func waitFor(ctx context.Context, d time.Duration, cond func() bool) bool {
	deadline := time.Now().Add(d)
	for !cond() {
		if time.Now().After(deadline) || pause(ctx, 5*time.Millisecond) != nil {
			return cond()
		}
	}
	return true
}

// stopOrphan stops a server that still runs on data although nobody owns it
// any more, and removes a lock file whose process is somebody else's by now.
func stopOrphan(data string) error {
	lock := filepath.Join(data, "postmaster.pid")
	if _, err := os.Stat(lock); err != nil {
		return nil // none, or no data yet
	}
	pid := lockedBy(data)
	if !alive(pid) || !servesData(pid, data) {
		if err := os.Remove(lock); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("stale lock of PostgreSQL: %w", err)
		}
		return nil
	}
	return stopPID(context.Background(), pid, func() bool { return !alive(pid) })
}

// lockedBy is the process id in the data folder's lock file, 0 without one.
func lockedBy(data string) int {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(string(b), "\n", 2)[0]))
	if err != nil {
		return 0
	}
	return pid
}

// alive reports whether a process exists that is not a zombie.
func alive(pid int) bool {
	if pid <= 1 {
		return false // 0 and below mean groups of processes to kill(2)
	}
	err := syscall.Kill(pid, 0)
	if err != nil {
		return errors.Is(err, syscall.EPERM)
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true // no /proc here
	}
	after := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return !strings.HasPrefix(after, " Z")
}

// servesData reports whether the process is a PostgreSQL that was started
// with this data folder.
func servesData(pid int, data string) bool {
	args, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		args, err = exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
		if err != nil {
			return false
		}
	}
	line := strings.ReplaceAll(string(args), "\x00", " ")
	return strings.Contains(line, "postgres") && strings.Contains(line, " "+data+" ")
}
