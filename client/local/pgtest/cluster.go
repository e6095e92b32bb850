//go:build unix

package pgtest

import (
	"context"
	_ "embed" // for guardian.sh
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/loratop/loratop/client/local/pgproc"
)

// The cluster outlives the process that starts it: all test processes of a
// `go test` run share it. A pointer file names the folder of the present one.
// Who wants to use it leaves a file with his process id there and then looks
// whether the pointer still stands; the guardian takes the pointer away first
// and then looks for users. So either he is seen, or he sees.

//go:embed guardian.sh
var guardianScript string

// connections that one cluster takes; every test database has a small pool.
const maxConnections = 400

// state is what a process has to know of the running cluster.
type state struct {
	URL      string `json:"url"` // of the database postgres
	PID      int    `json:"pid"`
	Guardian int    `json:"guardian"`
}

// attach returns the URL of the cluster's own database, starting a cluster if
// there is none.
func attach(ctx context.Context) (string, error) {
	root, err := rootDir()
	if err != nil {
		return "", err
	}
	if url, err := join(ctx, root); err == nil {
		return url, nil
	}
	lock := flock.New(filepath.Join(root, "lock"))
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return "", fmt.Errorf("lock of the test cluster: %w", err)
	}
	defer lock.Unlock()
	if err := revive(root); err != nil {
		return "", err
	}
	url, err := join(ctx, root)
	if err == nil {
		return url, nil
	}
	if !errors.Is(err, errNone) {
		return "", err
	}
	if err := sweep(root); err != nil {
		return "", err
	}
	return begin(ctx, root)
}

// rootDir is a folder of this user alone for all his test clusters, where the
// user who runs PostgreSQL can get to.
func rootDir() (string, error) {
	dir := filepath.Join(os.TempDir(), "loratop-pgtest-"+strconv.Itoa(os.Getuid()))
	place, err := pgproc.Place(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(place, 0o711); err != nil {
		return "", fmt.Errorf("folder of the test cluster: %w", err)
	}
	info, err := os.Lstat(place)
	if err != nil {
		return "", fmt.Errorf("folder of the test cluster: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(st.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s is not ours", place)
	}
	return place, os.Chmod(place, 0o711)
}

func pointer(root string) string { return filepath.Join(root, "current") }

// errNone tells that there is no living cluster.
var errNone = errors.New("no test cluster")

// join registers this process as a user of the present cluster.
func join(ctx context.Context, root string) (string, error) {
	dir, st, err := current(root)
	if err != nil {
		return "", err
	}
	if !living(st.Guardian, dir) || !living(st.PID, dir) {
		return "", errNone // dead, or nobody would ever stop it
	}
	for _, pid := range users() {
		if err := os.WriteFile(filepath.Join(dir, "users", strconv.Itoa(pid)), nil, 0o600); err != nil {
			return "", errNone // just taken away
		}
	}
	if again, _, err := current(root); err != nil || again != dir {
		return "", errNone
	}
	return st.URL, answers(ctx, dir, st)
}

// current reads the pointer and what it points to.
func current(root string) (dir string, st state, err error) {
	b, err := os.ReadFile(pointer(root))
	if err != nil {
		return "", st, errNone
	}
	dir = strings.TrimSpace(string(b))
	b, err = os.ReadFile(filepath.Join(dir, "state.json"))
	if err != nil || json.Unmarshal(b, &st) != nil {
		return "", st, errNone
	}
	return dir, st, nil
}

// answers waits until the cluster takes a connection; a busy one is not dead.
func answers(ctx context.Context, dir string, st state) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, st.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		var pg *pgconn.PgError
		if !errors.As(err, &pg) && !living(st.PID, dir) {
			return errNone
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the test cluster does not answer: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// users are the processes whose end matters: this one and, between two test
// binaries of one run, the go command.
func users() []int {
	pids := []int{os.Getpid()}
	if parent := os.Getppid(); commandName(parent) == "go" {
		pids = append(pids, parent)
	}
	return pids
}

func commandName(pid int) string {
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil {
		return strings.TrimSpace(string(b))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return filepath.Base(strings.TrimSpace(string(out)))
}

// revive gives a living cluster whose guardian was killed a new one.
func revive(root string) error {
	dir, st, err := current(root)
	if err != nil || !living(st.PID, dir) || living(st.Guardian, dir) {
		return nil // nothing there, or nothing to mend
	}
	if st.Guardian, err = guard(dir, st.PID, pointer(root)); err != nil {
		return err
	}
	return st.write(dir)
}

// write replaces the state file as a whole.
func (st state) write(dir string) error {
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, "state.json"), b)
}

// replace writes a file so that readers find the old or the new one.
func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// sweep removes what killed runs left: clusters without a guardian.
func sweep(root string) error {
	if err := os.Remove(pointer(root)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("pointer to the test cluster: %w", err)
	}
	dirs, err := filepath.Glob(filepath.Join(root, "c-*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		var st state
		if b, err := os.ReadFile(filepath.Join(dir, "state.json")); err == nil && json.Unmarshal(b, &st) == nil && living(st.Guardian, dir) {
			continue
		}
		if err := pgproc.Remove(dir); err != nil {
			return fmt.Errorf("left-over test cluster: %w", err)
		}
	}
	return nil
}

// begin starts a cluster with its guardian and points to it.
func begin(ctx context.Context, root string) (string, error) {
	dir, err := os.MkdirTemp(root, "c-")
	if err != nil {
		return "", fmt.Errorf("folder of the test cluster: %w", err)
	}
	server, err := pgproc.Start(ctx, pgproc.Options{Dir: dir, MaxConnections: maxConnections, Throwaway: true, Detached: true})
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, "users"), 0o700); err != nil {
		return "", err
	}
	for _, pid := range users() {
		if err := os.WriteFile(filepath.Join(dir, "users", strconv.Itoa(pid)), nil, 0o600); err != nil {
			return "", err
		}
	}
	st := state{URL: server.SocketURL("postgres"), PID: server.PID()}
	if st.Guardian, err = guard(dir, st.PID, pointer(root)); err != nil {
		return "", err
	}
	if err := st.write(dir); err != nil {
		return "", err
	}
	return st.URL, replace(pointer(root), []byte(dir+"\n"))
}

// guard starts the guardian in a session of its own: neither a Ctrl-C nor the
// end of this process reaches it.
func guard(dir string, pid int, pointer string) (int, error) {
	cmd := exec.Command("/bin/sh", "-c", guardianScript, "loratop-pgtest-guardian", dir, strconv.Itoa(pid), pointer)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("guardian of the test cluster: %w", err)
	}
	guardian := cmd.Process.Pid // Release forgets it
	return guardian, cmd.Process.Release()
}

// living reports whether a process of the cluster in dir runs. The id alone
// does not tell: after a restart of the machine it is somebody else's.
func living(pid int, dir string) bool {
	if pid <= 1 || syscall.Kill(pid, 0) != nil && !errors.Is(syscall.Kill(pid, 0), syscall.EPERM) {
		return false // 0 and below mean groups of processes to kill(2)
	}
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err == nil && len(args) == 0 {
		// A zombie, or a program that is being loaded this very moment.
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && !strings.Contains(string(stat), ") Z ")
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		args, err = exec.CommandContext(ctx, "ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	}
	return err == nil && strings.Contains(string(args), dir)
}
