package cmd

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/spf13/cobra"

	"github.com/loratop/loratop/migrations"
	"github.com/loratop/loratop/models"
)

func (a *app) migrateCmd() *cobra.Command {
	var url string
	c := &cobra.Command{
		Use: "migrate", Short: "Apply the database schema, or show what is applied",
		Long: "Applies the SQL files that loratop needs to a project's database. The address comes\n" +
			"from LORATOP_DB_URL, DATABASE_URL or --db-url; a password in a flag can be seen by\n" +
			"other users of this machine, so prefer the variables.",
		Example: "  LORATOP_DB_URL=postgres://… loratop migrate plan\n  loratop migrate up --yes\n  loratop migrate status --json",
	}
	c.PersistentFlags().StringVar(&url, "db-url", "", "postgres:// address of the database")
	c.AddCommand(
		a.migrateVerb(&url, "up", "Apply what is pending", "applied", migrations.Up),
		a.migrateVerb(&url, "status", "List every file and whether it is applied", "migrations", migrations.Status),
		a.migrateVerb(&url, "plan", "List what up would apply; changes nothing", "pending", migrations.Plan),
	)
	return needVerb(c)
}

func (a *app) migrateVerb(url *string, use, short, key string, act func(context.Context, *sql.DB) ([]migrations.Migration, error)) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error {
			if done, err := a.fields(migrationJSON(migrations.Migration{})); done || err != nil {
				return err
			}
			if use == "up" {
				if err := a.write("change the schema"); err != nil {
					return err
				}
			}
			db, err := a.openDB(*url)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			list, err := act(c.Context(), db)
			if err != nil {
				return migrateError("migrate "+use, err)
			}
			return a.printMigrations(use, key, list)
		},
	}
	return c
}

// openDB parses the address; it connects on first use.
func (a *app) openDB(url string) (*sql.DB, error) {
	for _, name := range []string{"LORATOP_DB_URL", "DATABASE_URL"} {
		if url == "" {
			url = a.sys.Getenv(name)
		}
	}
	if url == "" {
		return nil, usagef("set LORATOP_DB_URL, or give --db-url", "no database to migrate")
	}
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, &models.Error{Code: models.CodeUsage, Msg: "the database address cannot be read", Hint: "for example postgres://postgres@localhost:5432/postgres", Err: err}
	}
	return stdlib.OpenDB(*cfg), nil
}

// migrateError keeps the server's words and tells a lost connection from SQL.
func migrateError(op string, err error) error {
	e := &models.Error{Code: models.CodeUnknown, Op: op, Msg: models.CleanLines(err.Error()), Err: err}
	var pg *pgconn.PgError
	var conn *pgconn.ConnectError
	switch {
	case errors.As(err, &pg) && strings.HasPrefix(pg.Code, "28"):
		e.Server, e.Code = pg.Code, models.CodeForbidden
		e.Msg, e.Hint = "the database refuses this user or password", "check both in the address; the password of a hosted project is under Settings, Database"
	case errors.As(err, &conn):
		e.Code, e.Retry, e.Msg = models.CodeNetwork, true, "cannot connect to the database: "+models.Clean(redact(err.Error()))
	case errors.As(err, &pg):
		e.Server = pg.Code
		if pg.Code == "42501" {
			e.Code = models.CodeForbidden
		}
		if pg.Hint != "" {
			e.Hint = models.Clean(pg.Hint)
		}
	}
	return e
}

// redact takes a password out of a message of the driver.
func redact(s string) string {
	head, rest, ok := strings.Cut(s, "password=")
	if !ok {
		return s
	}
	_, tail, _ := strings.Cut(rest, " ")
	return head + "password=… " + tail
}

func migrationJSON(m migrations.Migration) object {
	return object{"version": m.Version, "name": m.Name, "file": m.File, "applied": m.Applied, "adopted": m.Adopted}
}

func (a *app) printMigrations(use, key string, list []migrations.Migration) error {
	ids, docs, rows := []string{}, []object{}, [][]string{}
	for _, m := range list {
		state := "pending"
		switch {
		case m.Adopted:
			state = "was there already"
		case m.Applied:
			state = "applied"
		}
		ids = append(ids, m.Version)
		docs = append(docs, migrationJSON(m))
		rows = append(rows, []string{m.Version, m.Name, state})
	}
	if len(list) == 0 && !a.flags.json.on && !a.flags.quiet && use != "status" {
		_, err := fmt.Fprintln(a.sys.Out, "nothing to do: every migration is applied")
		return err
	}
	return a.printList(key, listing{ids, docs, []string{"VERSION", "NAME", "STATE"}, rows, ""})
}
