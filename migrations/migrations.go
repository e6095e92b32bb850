// Package migrations holds the database schema of loratop and applies it.
//
// The files are named and written so that `supabase db push` takes the folder
// as it is, and history is kept in Supabase's own table
// supabase_migrations.schema_migrations: whichever of the two tools ran a
// file, the other sees it as done.
//
// A database where FR-1.1 was applied by hand (its tables exist, its version
// is not in the history) is recognised when the catalogue has all that the
// file would make: the version is then recorded as done, without running it,
// and Up goes on with the later files. When something is missing there, for
// instance a policy or row level security, Up changes nothing and returns a
// *DriftError that lists it.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed *.sql
var files embed.FS

// FS returns the migration files.
func FS() fs.FS { return files }

// Migration is one file and what the database knows of it.
type Migration struct {
	Version string `json:"version"` // 14 digits, a time
	Name    string `json:"name"`
	File    string `json:"file"`
	Applied bool   `json:"applied"`
	Adopted bool   `json:"adopted,omitempty"` // Up found it done by hand and recorded it
	SQL     string `json:"-"`                 // the file's text
}

// Up applies what is pending, each file in a transaction of its own, and
// returns what it did. Two runs at once are safe: the second waits and then
// finds nothing to do. On an error the files before the failing one stay.
func Up(ctx context.Context, db *sql.DB) ([]Migration, error) { return Set{files}.Up(ctx, db) }

// Status lists every file and whether it was applied. It changes nothing.
func Status(ctx context.Context, db *sql.DB) ([]Migration, error) { return Set{files}.Status(ctx, db) }

// Plan lists what Up would apply, in order. It changes nothing.
func Plan(ctx context.Context, db *sql.DB) ([]Migration, error) { return Set{files}.Plan(ctx, db) }

// Set is a folder of migration files; the package's functions work on the
// embedded one.
type Set struct{ Files fs.FS }

// List returns the files in order, without asking a database.
func (s Set) List() ([]Migration, error) {
	names, err := fs.Glob(s.Files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	list := make([]Migration, 0, len(names))
	for _, file := range names { // sorted, and all versions have 14 digits
		version, name, ok := strings.Cut(strings.TrimSuffix(file, ".sql"), "_")
		if _, err := strconv.ParseInt(version, 10, 64); err != nil || !ok || len(version) != 14 {
			return nil, fmt.Errorf("migration %s is not named like 20060102150405_what_it_does.sql", file)
		}
		text, err := fs.ReadFile(s.Files, file)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		list = append(list, Migration{Version: version, Name: name, File: file, SQL: string(text)})
	}
	return list, nil
}

// Status is the package's Status for this set.
func (s Set) Status(ctx context.Context, db *sql.DB) ([]Migration, error) {
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	done, err := history(ctx, db)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Applied = done[list[i].Version]
	}
	return list, nil
}

// Plan is the package's Plan for this set.
func (s Set) Plan(ctx context.Context, db *sql.DB) ([]Migration, error) {
	list, err := s.Status(ctx, db)
	if err != nil {
		return nil, err
	}
	var pending []Migration
	for _, m := range list {
		if !m.Applied {
			pending = append(pending, m)
		}
	}
	return pending, nil
}

// Up is the package's Up for this set.
func (s Set) Up(ctx context.Context, db *sql.DB) (done []Migration, err error) {
	if db.Stats().MaxOpenConnections == 1 {
		return nil, errors.New("migrations need two connections: one holds the lock")
	}
	pending, err := s.Plan(ctx, db)
	if err != nil || len(pending) == 0 {
		return nil, err
	}
	unlock, conn, err := lock(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	st := store{list: list}
	if err := st.CreateVersionTable(ctx, conn); err != nil {
		return nil, err
	}
	adopted, err := adopt(ctx, conn, st)
	if err != nil {
		return nil, err
	}
	applied, err := s.run(ctx, db, st)
	return append(adopted, applied...), err
}

// run lets goose do the work. Files may be older than the newest version in
// the history, which the project's other migrations share.
func (s Set) run(ctx context.Context, db *sql.DB, st store) ([]Migration, error) {
	provider, err := goose.NewProvider(goose.DialectCustom, db, s.Files, goose.WithStore(st),
		goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
		err = fmt.Errorf("migration %s failed and was rolled back: %w", partial.Failed.Source.Path, partial.Err)
	} else if err != nil {
		err = fmt.Errorf("apply migrations: %w", err)
	}
	var applied []Migration
	for _, r := range results {
		if m, ok := st.find(r.Source.Version); ok {
			m.Applied = true
			applied = append(applied, m)
		}
	}
	return applied, err
}

// lockID is an arbitrary number of our own: "loramig" in ASCII.
const lockID int64 = 0x6c6f72616d6967

// lock takes the advisory lock on a connection of its own and waits for it as
// long as ctx allows. The database drops the lock when the connection ends,
// however that comes.
func lock(ctx context.Context, db *sql.DB) (unlock func() error, conn *sql.Conn, err error) {
	conn, err = db.Conn(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", lockID); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("wait for another migration: %w", err), conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lockID)
		return errors.Join(err, conn.Close())
	}, conn, nil
}
