//go:build unix

package pgtest

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/loratop/loratop/client/local/platform"
	"github.com/loratop/loratop/migrations"
)

//go:embed testdata/*.sql
var conformance embed.FS

// recipe makes a template: scripts in order, then our migrations.
type recipe struct {
	kind    string
	scripts []string
	migrate bool
}

func (k Kind) recipe() (recipe, error) {
	switch k {
	case Bare:
		return recipe{kind: "bare"}, nil
	case Platform:
		return recipe{kind: "platform", scripts: []string{platform.SQL()}}, nil
	case Conformance:
		r := recipe{kind: "conformance"}
		for _, name := range []string{"platform.sql", "fr-1.1.sql", "data.sql"} {
			b, err := conformance.ReadFile("testdata/" + name)
			if err != nil {
				return recipe{}, err
			}
			r.scripts = append(r.scripts, string(b))
		}
		return r, nil
	default:
		return recipe{kind: "full", scripts: []string{platform.SQL()}, migrate: true}, nil
	}
}

// name of the template: it changes with everything that goes into it.
func (r recipe) name() (string, error) {
	h := sha256.New()
	for _, s := range r.scripts {
		fmt.Fprintf(h, "%d %s", len(s), s)
	}
	if r.migrate {
		files, err := fs.Glob(migrations.FS(), "*")
		if err != nil {
			return "", err
		}
		for _, file := range files {
			b, err := fs.ReadFile(migrations.FS(), file)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s %d %s", file, len(b), b)
		}
	}
	return "tpl_" + r.kind + "_" + hex.EncodeToString(h.Sum(nil)[:6]), nil
}

// buildLock is held while a template is made: the roles in it belong to the
// whole cluster.
const buildLock int64 = 0x7067746573740a

// template makes sure that the template exists and returns its name.
func template(ctx context.Context, admin *pgx.Conn, r recipe) (string, error) {
	if r.kind == "bare" {
		return "template0", nil
	}
	name, err := r.name()
	if err != nil {
		return "", err
	}
	if ok, err := exists(ctx, admin, name); ok || err != nil {
		return name, err
	}
	if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock($1)", buildLock); err != nil {
		return "", err
	}
	err = build(ctx, admin, r, name)
	_, unlockErr := admin.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", buildLock)
	if err := errors.Join(err, unlockErr); err != nil {
		return "", fmt.Errorf("template database %s: %w", name, err)
	}
	return name, nil
}

func exists(ctx context.Context, admin *pgx.Conn, name string) (ok bool, err error) {
	err = admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&ok)
	return ok, err
}

// build makes the database under another name and renames it when all of it
// is there: half a template is never found.
func build(ctx context.Context, admin *pgx.Conn, r recipe, name string) error {
	if ok, err := exists(ctx, admin, name); ok || err != nil {
		return err // made while we waited
	}
	draft := name + "_draft"
	for _, stmt := range []string{
		"DROP DATABASE IF EXISTS " + draft + " WITH (FORCE)",
		"CREATE DATABASE " + draft + " TEMPLATE template0",
	} {
		if _, err := admin.Exec(ctx, stmt); err != nil {
			return err
		}
	}
	if err := fill(ctx, admin, r, draft); err != nil {
		return err
	}
	for _, stmt := range []string{
		"ALTER DATABASE " + draft + " RENAME TO " + name,
		"ALTER DATABASE " + name + " WITH IS_TEMPLATE true ALLOW_CONNECTIONS false",
	} {
		if _, err := admin.Exec(ctx, stmt); err != nil {
			return err
		}
	}
	return nil
}

func fill(ctx context.Context, admin *pgx.Conn, r recipe, database string) error {
	cfg := admin.Config().Copy()
	cfg.Database = database
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	for _, script := range r.scripts {
		if _, err := db.ExecContext(ctx, script); err != nil {
			return err
		}
	}
	if r.migrate {
		if _, err := migrations.Up(ctx, db); err != nil {
			return err
		}
	}
	return db.Close()
}
