// Package local is the other end of the wire on this machine: a real
// PostgreSQL with the platform's schema and our migrations, and a gateway that
// answers as Supabase's Auth, PostgREST and Storage do. Start runs all of it
// with seeded users and a trainer; Serve puts only the gateway over a database
// that exists already.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/adrg/xdg"

	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/faults"
	"github.com/loratop/loratop/client/local/pgproc"
	"github.com/loratop/loratop/client/local/seed"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/token"
)

// Options of a whole stack.
type Options struct {
	Dir     string  // everything is kept here; "" = DefaultDir
	Port    int     // of the gateway on loopback; 0 = any free one
	Reset   bool    // throw away what Dir holds before the start
	Seed    bool    // fill a fresh stack with users and rows
	Trainer bool    // train queued jobs, and validate datasets that are uploaded from now on
	Speed   float64 // of the trainer; 0 = its own default

	// Notify, when set, is told in one line what takes long.
	Notify func(string)

	// Faults adds faults.ControlPath to the gateway, by which a test makes the
	// stack misbehave. Without it there is no such path.
	Faults bool

	// RateLimit is how many requests of each kind one address can make to Auth
	// at once; they come back as slowly as in a hosted project. 0 = no limit.
	RateLimit int

	// RefreshTokens is the version of refresh tokens that Auth hands out: 1, or 2
	// as projects get them bit by bit. 0 = 1.
	RefreshTokens int

	// PasswordCost is bcrypt's of new passwords; 0 = its default. Tests that
	// make many users take the lowest, 4.
	PasswordCost int

	// OnMail, when set, is told of each mail that Auth would have sent. It may be
	// called from many goroutines and must not block.
	OnMail func(Mail)

	Log *slog.Logger     // nil = silent
	Now func() time.Time // nil = time.Now

	clock *faults.Clock // behind Now, with Faults
}

// HostedRateLimit is the RateLimit of hosted projects.
const HostedRateLimit = 30

// User is an account that can sign in.
type User = seed.User

// Mail is a message that Auth would have sent.
type Mail = auth.Mail

// Stack is what runs. Its JSON form is what other programs need to use it.
type Stack struct {
	URL         string `json:"url"`
	AnonKey     string `json:"anon_key"`
	ServiceKey  string `json:"service_key"`
	JWTSecret   string `json:"jwt_secret"`
	DatabaseURL string `json:"database_url"`
	Users       []User `json:"users"`

	// MailURL shows the mails of this run, to loopback only; "" without Auth.
	MailURL string `json:"-"`

	Faults *faults.Injector `json:"-"` // nil unless Options asked for it

	door     *door
	stops    []func(context.Context) error // last started, first stopped
	closing  sync.Once
	closeErr error
}

// DefaultDir is where the demo keeps its files: loratop/demo below the XDG
// data folder.
func DefaultDir() string { return filepath.Join(xdg.DataHome, "loratop", "demo") }

// closeTimeout bounds Close: a trainer at work, requests in flight, and
// PostgreSQL's own shutdown.
const closeTimeout = 15 * time.Second

// Start brings the stack up: PostgreSQL, the platform's schema, migrations,
// seed, gateway, trainer. On an error nothing is left running. ctx bounds the
// start, and the trainer ends with it; Close is needed in any case and does
// not need ctx to live.
func Start(ctx context.Context, o Options) (_ *Stack, err error) {
	o = o.withDefaults()
	s := &Stack{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.openDir(o); err != nil {
		return nil, err
	}
	if err := s.secrets(o.Dir); err != nil {
		return nil, err
	}
	listener, err := s.listen(ctx, o.Port) // before all that takes time
	if err != nil {
		return nil, err
	}
	p, err := s.database(ctx, o)
	if err != nil {
		return nil, err
	}
	files := storage.New(storage.Options{Pool: p.admin, Secret: []byte(s.JWTSecret), Dir: filepath.Join(o.Dir, "storage"), Now: o.Now, Log: o.Log})
	if err := sweep(ctx, o, files); err != nil {
		return nil, err
	}
	if o.Seed {
		if s.Users, err = seed.Apply(ctx, p.admin, files, o.Now()); err != nil {
			return nil, err
		}
	}
	if err := s.gateway(listener, o, p, files); err != nil {
		return nil, err
	}
	if o.Trainer {
		s.train(ctx, o, p, files)
	}
	return s, s.announce(o.Dir)
}

// sweep clears what a killed run left in the storage's folder.
func sweep(ctx context.Context, o Options, files *storage.Server) error {
	n, err := files.Sweep(ctx)
	if n > 0 {
		o.Log.Info("orphaned contents removed", slog.Int("count", n))
	}
	return err
}

func (o Options) withDefaults() Options {
	if o.Dir == "" {
		o.Dir = DefaultDir()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Faults {
		o.clock = faults.NewClock(o.Now)
		o.Now = o.clock.Now
	}
	return o
}

// later registers what Close has to stop, before all that is registered yet.
func (s *Stack) later(stop func(context.Context) error) { s.stops = append(s.stops, stop) }

// Close stops everything in the reverse order of its start: the trainer, the
// HTTP server, the connections, PostgreSQL, the lock. It is bounded in time
// and does the work once; later calls return the first one's result.
func (s *Stack) Close() error {
	s.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		var errs []error
		for i := len(s.stops) - 1; i >= 0; i-- {
			errs = append(errs, s.stops[i](ctx))
		}
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

// secrets reads or makes the JWT secret; the keys follow from it.
func (s *Stack) secrets(dir string) error {
	secret, err := keptSecret(filepath.Join(dir, "jwt-secret"))
	if err != nil {
		return err
	}
	return s.keys(secret)
}

func (s *Stack) keys(secret string) (err error) {
	s.JWTSecret = secret
	if s.AnonKey, err = token.AnonKey([]byte(secret)); err != nil {
		return err
	}
	s.ServiceKey, err = token.ServiceKey([]byte(secret))
	return err
}

// listen takes a port of loopback.
func listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", fmt.Sprint(port)))
	if err != nil {
		return nil, fmt.Errorf("port %d of loopback is taken, choose another or 0 for any: %w", port, err)
	}
	return l, nil
}

// database starts PostgreSQL and brings it to the state that the gateway needs.
func (s *Stack) database(ctx context.Context, o Options) (pools, error) {
	place, err := pgproc.Settle(filepath.Join(o.Dir, "postgres"))
	if err != nil {
		return pools{}, err
	}
	server, err := pgproc.Start(ctx, pgproc.Options{Dir: place, Keep: true, Notify: o.Notify})
	if err != nil {
		return pools{}, err
	}
	s.later(server.Stop)
	s.DatabaseURL = server.URL("postgres")
	p, err := openPools(ctx, server)
	if err != nil {
		return pools{}, err
	}
	s.later(func(context.Context) error { p.close(); return nil })
	return p, nil
}
