//go:build unix

package pgproc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// maxSocketPath keeps a socket's path below what every system can hold.
const maxSocketPath = 90

// Start starts the server of o.Dir, making the cluster the first time, and
// returns when it answers. A server that an earlier, killed run left behind
// is stopped first. The caller makes sure that Dir has one user at a time.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	o.Dir = dir
	who, err := runner(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := stopOrphan(dataDir(o.Dir)); err != nil {
		return nil, err
	}
	bin, err := prepare(ctx, o, who)
	if err != nil {
		return nil, err
	}
	password, err := os.ReadFile(filepath.Join(o.Dir, "password"))
	if err != nil {
		return nil, fmt.Errorf("password of the database: %w", err)
	}
	s := &Server{dir: o.Dir, password: strings.TrimSpace(string(password)), throwaway: o.Throwaway}
	if err := s.makeSocketDir(who); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.launch(ctx, o, bin, who); err != nil {
		return nil, err
	}
	if o.Keep {
		s.keep(o, bin, who)
	}
	return s, nil
}

// makeSocketDir makes the folder of the socket, which only its owner enters.
func (s *Server) makeSocketDir(who *account) error {
	dir := filepath.Join(s.dir, "run")
	if len(dir) > maxSocketPath {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("folder of the socket: %w", err)
	}
	s.socketDir = dir
	return who.give(dir)
}

// launch tries a few ports, since a free one may be taken before PostgreSQL
// has it, and a few times, since the backends of a killed server need a
// moment to notice.
func (s *Server) launch(ctx context.Context, o Options, bin Binaries, who *account) error {
	var last error
	for range 5 {
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		s.port = port
		last = s.attempt(ctx, o, bin, who)
		if last == nil {
			return nil
		}
		if !passing(last) || ctx.Err() != nil {
			return last
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return last
		}
	}
	return last
}

// passing reports whether a failed start may succeed when tried again.
func passing(err error) bool {
	for _, text := range []string{"could not bind", "Address already in use", "could not create any TCP/IP sockets", "pre-existing shared memory block", "lock file"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func (s *Server) attempt(ctx context.Context, o Options, bin Binaries, who *account) error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log of PostgreSQL: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(bin.Dir, "postgres"), s.arguments(o)...)
	cmd.SysProcAttr, cmd.Env, cmd.Dir = who.attributes(), who.environment(), "/"
	cmd.Stdout, cmd.Stderr = log, log
	proc, err := run(cmd, o.Detached)
	if err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	s.mu.Lock()
	s.pid, s.proc = cmd.Process.Pid, proc
	s.mu.Unlock()
	if err := s.ready(ctx, proc); err != nil {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killStop)
		defer cancel()
		return errors.Join(err, s.end(stopCtx))
	}
	return nil
}

func (s *Server) logPath() string { return filepath.Join(s.dir, "postgres.log") }

// arguments are PostgreSQL's settings: small, quiet, on loopback only.
func (s *Server) arguments(o Options) []string {
	conns := o.MaxConnections
	if conns == 0 {
		conns = 60
	}
	settings := []string{
		"port=" + strconv.Itoa(s.port), "listen_addresses=127.0.0.1",
		"unix_socket_directories=" + s.socketDir, "unix_socket_permissions=0700",
		"max_connections=" + strconv.Itoa(conns), "shared_buffers=32MB",
		"wal_level=minimal", "max_wal_senders=0", "synchronous_commit=off",
		"timezone=UTC", "log_timezone=UTC", "jit=off", "logging_collector=off",
		"max_worker_processes=2", "max_parallel_workers=0", "max_parallel_workers_per_gather=0",
	}
	if o.Throwaway {
		settings = append(settings, "fsync=off", "full_page_writes=off", "max_wal_size=4GB", "checkpoint_timeout=1h")
	}
	args := []string{"-D", dataDir(s.dir)}
	for _, kv := range settings {
		args = append(args, "-c", kv)
	}
	return args
}

// ready waits until the server takes connections.
func (s *Server) ready(ctx context.Context, proc *process) error {
	for {
		if s.marked() {
			conn, err := pgx.Connect(ctx, s.URL("postgres"))
			if err == nil {
				return conn.Close(ctx)
			}
		}
		select {
		case <-proc.done:
			return fmt.Errorf("PostgreSQL did not start:\n%s", tail(s.logPath(), 2000))
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start in time: %w\n%s", ctx.Err(), tail(s.logPath(), 2000))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// marked reports whether the server itself says in its lock file that it is
// ready, which spares the log refused connections.
func (s *Server) marked() bool {
	b, err := os.ReadFile(filepath.Join(dataDir(s.dir), "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(b), "\n")
	return len(lines) >= 8 && lines[0] == strconv.Itoa(s.PID()) && strings.TrimSpace(lines[7]) == "ready"
}

// freePort asks the system for a loopback port that nobody uses.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("free port: %s is no TCP address", l.Addr())
	}
	return addr.Port, nil
}

// tail is the end of a file, for messages.
func tail(path string, n int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if len(b) > n {
		b = b[len(b)-n:]
	}
	return strings.TrimSpace(string(b))
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
