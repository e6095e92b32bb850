//go:build unix

// Package pgtest gives a test a PostgreSQL database of its own. One cluster
// serves all test processes of a run and stops by itself after the last; a
// database is a copy of a template and is dropped when the test ends.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DB is the database of one test.
type DB struct {
	URL  string        // of the cluster's owner, a superuser
	Name string        // of the database
	Pool *pgxpool.Pool // as URL; closed when the test ends
}

// Kind says what is in the database.
type Kind int

// What New can make.
const (
	Full        Kind = iota // platform, Auth, Storage and our migrations
	Bare                    // nothing
	Platform                // Full before any migration
	Conformance             // the shared conformance database: testdata/*.sql
)

// Option of New; a Kind is one.
type Option interface{ apply(*options) }

type options struct{ kind Kind }

func (k Kind) apply(o *options) { o.kind = k }

// timeout of everything that New and its clean-up do.
const timeout = 2 * time.Minute

// poolSize of a test database.
const poolSize = 8

// New makes a database for the test, Full unless an option says otherwise.
func New(t testing.TB, opts ...Option) DB {
	t.Helper()
	var o options
	for _, opt := range opts {
		opt.apply(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	db, drop, err := create(ctx, o.kind)
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := drop(ctx); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	return db
}

// create makes the database; drop takes it away again.
func create(ctx context.Context, kind Kind) (db DB, drop func(context.Context) error, err error) {
	admin, err := attach(ctx)
	if err != nil {
		return DB{}, nil, err
	}
	db.Name, err = copyTemplate(ctx, admin, kind)
	if err != nil {
		return DB{}, nil, err
	}
	u, err := url.Parse(admin)
	if err != nil {
		return DB{}, nil, err
	}
	u.Path = "/" + db.Name
	db.URL = u.String()
	cfg, err := pgxpool.ParseConfig(db.URL)
	if err != nil {
		return DB{}, nil, err
	}
	cfg.MaxConns = poolSize
	if db.Pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return DB{}, nil, err
	}
	return db, func(ctx context.Context) error {
		db.Pool.Close()
		return dropDatabase(ctx, admin, db.Name)
	}, nil
}

func copyTemplate(ctx context.Context, admin string, kind Kind) (string, error) {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	r, err := kind.recipe()
	if err != nil {
		return "", err
	}
	tpl, err := template(ctx, conn, r)
	if err != nil {
		return "", err
	}
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	name := fmt.Sprintf("t_%s_%s", r.kind, hex.EncodeToString(b))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+tpl); err != nil {
		return "", fmt.Errorf("copy %s: %w", tpl, err)
	}
	return name, nil
}

func dropDatabase(ctx context.Context, admin, name string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	return err
}
