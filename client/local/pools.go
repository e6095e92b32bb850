package local

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/loratop/loratop/client/local/pgproc"
	"github.com/loratop/loratop/client/local/platform"
	"github.com/loratop/loratop/migrations"
)

// pools are the connections of a stack: the owner's for Auth, Storage and the
// trainer, and the authenticator's, who can do nothing but become an API role.
type pools struct {
	admin, api *pgxpool.Pool
}

func (p pools) close() {
	for _, pool := range []*pgxpool.Pool{p.api, p.admin} {
		if pool != nil {
			pool.Close()
		}
	}
}

// openPools connects and applies the platform's schema and our migrations.
func openPools(ctx context.Context, server *pgproc.Server) (p pools, err error) {
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.admin, err = openPool(ctx, server.URL("postgres"), 12); err != nil {
		return p, err
	}
	if _, err := p.admin.Exec(ctx, platform.SQL()); err != nil {
		return p, fmt.Errorf("schema of the platform: %w", err)
	}
	// The password is hexadecimal: it needs no quoting.
	if _, err := p.admin.Exec(ctx, "ALTER ROLE authenticator PASSWORD '"+server.Password()+"'"); err != nil {
		return p, fmt.Errorf("authenticator: %w", err)
	}
	db := stdlib.OpenDBFromPool(p.admin)
	defer db.Close()
	if _, err := migrations.Up(ctx, db); err != nil {
		return p, err
	}
	u, err := url.Parse(server.URL("postgres"))
	if err != nil {
		return p, err
	}
	u.User = url.UserPassword("authenticator", server.Password())
	p.api, err = openPool(ctx, u.String(), 16)
	return p, err
}

func openPool(ctx context.Context, databaseURL string, size int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	cfg.MaxConns = size
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return pool, nil
}
