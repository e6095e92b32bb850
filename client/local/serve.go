package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/faults"
	"github.com/loratop/loratop/client/local/rest"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/trainer"
	"github.com/loratop/loratop/client/local/validator"
)

// What the API roles are and how much they get, as hosted projects have it.
const (
	apiSchema        = "public"
	anonRole         = "anon"
	maxRows          = 1000
	statementTimeout = 8 * time.Second
)

// ServeOptions of a gateway over a database that exists already.
type ServeOptions struct {
	DatabaseURL string // of a role that may become anon, authenticated and service_role
	JWTSecret   string
	Port        int    // on loopback; 0 = any free one
	StorageDir  string // of the objects' contents; "" = no /storage/v1
	RateLimit   int    // of requests to Auth, see Options

	Log *slog.Logger // nil = silent
}

// Serve puts the gateway over a database and changes nothing in it: no
// schema, no migration, no seed, no trainer. /auth/v1 is served when the
// database has Auth's tables. Requests without an API key are let through, as
// a PostgREST without a gateway does.
func Serve(ctx context.Context, o ServeOptions) (_ *Stack, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stack{DatabaseURL: o.DatabaseURL, Users: []User{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.keys(o.JWTSecret); err != nil {
		return nil, err
	}
	pool, err := openPool(ctx, o.DatabaseURL, 16)
	if err != nil {
		return nil, err
	}
	s.later(func(context.Context) error { pool.Close(); return nil })
	listener, err := s.listen(ctx, o.Port)
	if err != nil {
		return nil, err
	}
	g := GatewayOptions{Secret: []byte(o.JWTSecret), KeyOptional: true, Log: o.Log}
	if g.Rest, err = s.rest(pool, o.Log, time.Now); err != nil {
		return nil, err
	}
	has, err := hasAuth(ctx, pool)
	if err != nil {
		return nil, err
	}
	if has {
		s.accounts(&g, auth.Options{Pool: pool, Secret: []byte(o.JWTSecret), RateLimit: o.RateLimit, Log: o.Log})
	}
	if o.StorageDir != "" {
		g.Storage = storage.New(storage.Options{Pool: pool, Secret: []byte(o.JWTSecret), Dir: o.StorageDir, Log: o.Log})
	}
	s.serve(listener, NewGateway(g), o.Log)
	return s, nil
}

func hasAuth(ctx context.Context, pool *pgxpool.Pool) (has bool, err error) {
	const q = `SELECT to_regclass('auth.sessions') IS NOT NULL AND to_regclass('auth.refresh_tokens') IS NOT NULL`
	if err := pool.QueryRow(ctx, q).Scan(&has); err != nil {
		return false, fmt.Errorf("look for the auth schema: %w", err)
	}
	return has, nil
}

// gateway serves all three parts of a whole stack.
func (s *Stack) gateway(listener net.Listener, o Options, p pools, files *storage.Server) error {
	secret := []byte(s.JWTSecret)
	r, err := s.rest(p.api, o.Log, o.Now)
	if err != nil {
		return err
	}
	g := GatewayOptions{Secret: secret, Rest: r, Storage: files, Log: o.Log}
	s.accounts(&g, auth.Options{Pool: p.admin, Secret: secret, BcryptCost: o.PasswordCost, RateLimit: o.RateLimit, RefreshTokens: o.RefreshTokens, OnMail: o.OnMail, Now: o.Now, Log: o.Log})
	h := NewGateway(g)
	if o.Faults {
		s.Faults = faults.New(faults.Options{Next: h, Secret: secret, Pool: p.admin, Clock: o.clock, ExpireUploads: files.ExpireUploads,
			Restart: func(pause time.Duration) { s.door.restart(pause) }}) // the door is there before any request
		h = s.Faults
	}
	s.serve(listener, h, o.Log)
	return nil
}

// accounts serves Auth, its mailbox and the identity providers that it plays.
func (s *Stack) accounts(g *GatewayOptions, o auth.Options) {
	o.BaseURL, o.Autoconfirm, o.Providers = s.URL, true, []string{"github", "google"}
	a := auth.New(o)
	g.Auth = a
	g.Pages = map[string]http.Handler{auth.MailPath: a.MailPage(), auth.IdentityPath: a.IdentityPage()}
	s.MailURL = s.URL + auth.MailPath
}

func (s *Stack) rest(pool *pgxpool.Pool, log *slog.Logger, now func() time.Time) (http.Handler, error) {
	r, err := rest.New(rest.Options{
		Pool: pool, Secret: []byte(s.JWTSecret), Schema: apiSchema, AnonRole: anonRole,
		MaxRows: maxRows, StatementTimeout: statementTimeout, Now: now, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("rest: %w", err)
	}
	s.later(func(context.Context) error { r.Close(); return nil })
	return r, nil
}

// listen takes the port and with it the stack's address.
func (s *Stack) listen(ctx context.Context, port int) (net.Listener, error) {
	l, err := listen(ctx, port)
	if err != nil {
		return nil, err
	}
	s.URL = "http://" + l.Addr().String()
	s.later(func(context.Context) error { // closed by the server before, as a rule
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, nil
}

// serve answers until Close.
func (s *Stack) serve(l net.Listener, h http.Handler, log *slog.Logger) {
	s.door = newDoor(l, s, h, log)
	s.later(s.door.close)
}

// train runs the platform's workers, the trainer and the validator, until Close
// or the end of ctx.
func (s *Stack) train(ctx context.Context, o Options, p pools, files *storage.Server) {
	t := trainer.New(trainer.Options{Pool: p.admin, Files: files, Speed: o.Speed, Now: o.Now, Log: o.Log})
	s.work(ctx, "trainer", t.Run)
	v := validator.New(validator.Options{Pool: p.admin, Files: files, Now: o.Now, Log: o.Log})
	s.work(ctx, "validator", v.Run)
}

// work runs a worker that Close stops and waits for.
func (s *Stack) work(ctx context.Context, name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	s.later(func(closing context.Context) error {
		cancel()
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		case <-closing.Done():
			return fmt.Errorf("the %s does not stop: %w", name, closing.Err())
		}
	})
}
