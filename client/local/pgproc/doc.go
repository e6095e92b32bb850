// Package pgproc runs one PostgreSQL server in a folder of its own: it finds
// the binaries (or fetches them once), makes the cluster, starts the server as
// an unprivileged user, and stops it again. A run that was killed leaves
// nothing behind that would hinder the next one.
package pgproc

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Superuser is the role that owns the cluster.
const Superuser = "postgres"

// Bounds of a stop: a fast shutdown, then an immediate one, then a kill.
const (
	fastStop      = 8 * time.Second
	immediateStop = 3 * time.Second
	killStop      = 2 * time.Second
)

// startTimeout bounds one start, crash recovery included.
const startTimeout = 60 * time.Second

// Options of a server.
type Options struct {
	// Dir holds everything: data, socket, password, log. It is made when
	// missing and belongs to this server alone. As root it must lie where an
	// unprivileged user may reach it: see Place.
	Dir string
	// MaxConnections of the server; 0 is 60.
	MaxConnections int
	// Throwaway gives up durability for speed (fsync off) and trusts whoever
	// may enter the socket's folder: for tests only.
	Throwaway bool
	// Detached lets the server outlive this process; otherwise it is stopped
	// with it where the system can do so.
	Detached bool
	// Keep starts the server again, on its port, when it ends without Stop.
	Keep bool
	// Notify, when set, is told what takes long (a download), in one line.
	Notify func(string)
}

// Server is a running PostgreSQL.
type Server struct {
	dir       string
	port      int
	password  string
	socketDir string // "" when the path would be too long for a socket
	throwaway bool
	stopKeep  func() // ends the goroutine that starts it again; nil without one

	mu   sync.Mutex // of what a new start changes
	pid  int
	proc *process // nil when adopted or detached
}

// Port is the loopback TCP port.
func (s *Server) Port() int { return s.port }

// PID is the postmaster's process id.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pid
}

// Password of the superuser.
func (s *Server) Password() string { return s.password }

// URL is a connection string over loopback TCP for the superuser.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(Superuser, s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// SocketURL is a connection string over the Unix socket, or URL when there is
// none. On a throwaway server it needs no password.
func (s *Server) SocketURL(database string) string {
	if s.socketDir == "" {
		return s.URL(database)
	}
	user := url.User(Superuser)
	if !s.throwaway {
		user = url.UserPassword(Superuser, s.password)
	}
	q := url.Values{"host": {s.socketDir}, "port": {strconv.Itoa(s.port)}, "sslmode": {"disable"}}
	return fmt.Sprintf("postgres://%s@/%s?%s", user, url.PathEscape(database), q.Encode())
}
