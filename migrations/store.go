package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pressly/goose/v3/database"
)

// historyTable is Supabase CLI's.
const historyTable = "supabase_migrations.schema_migrations"

// store keeps goose's history in Supabase CLI's table. Goose wants a version
// 0, which that table never has: it is made up on reading.
type store struct{ list []Migration }

var _ database.StoreExtender = store{}

func (s store) find(version int64) (Migration, bool) {
	for _, m := range s.list {
		if m.Version == strconv.FormatInt(version, 10) {
			return m, true
		}
	}
	return Migration{}, false
}

// Tablename is part of database.Store.
func (s store) Tablename() string { return historyTable }

// TableExists is part of database.StoreExtender.
func (s store) TableExists(ctx context.Context, db database.DBTxConn) (bool, error) {
	return historyExists(ctx, db)
}

// CreateVersionTable is part of database.Store. It makes the table as
// Supabase CLI does, and completes one that an old CLI made.
func (s store) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	for _, stmt := range []string{
		"CREATE SCHEMA IF NOT EXISTS supabase_migrations",
		"CREATE TABLE IF NOT EXISTS " + historyTable + " (version text NOT NULL PRIMARY KEY)",
		"ALTER TABLE " + historyTable + " ADD COLUMN IF NOT EXISTS statements text[]",
		"ALTER TABLE " + historyTable + " ADD COLUMN IF NOT EXISTS name text",
	} {
		if _, err := db.ExecContext(ctx, stmt); err != nil {
			return fmt.Errorf("migration history: %w", err)
		}
	}
	return nil
}

// Insert is part of database.Store.
func (s store) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	if req.Version == 0 {
		return nil
	}
	m, ok := s.find(req.Version)
	if !ok {
		return fmt.Errorf("migration history: there is no version %d", req.Version)
	}
	const q = "INSERT INTO " + historyTable + " (version, name, statements) VALUES ($1, $2, ARRAY[$3::text])"
	if _, err := db.ExecContext(ctx, q, m.Version, m.Name, m.SQL); err != nil {
		return fmt.Errorf("migration history: %w", err)
	}
	return nil
}

// Delete is part of database.Store.
func (s store) Delete(ctx context.Context, db database.DBTxConn, version int64) error {
	_, err := db.ExecContext(ctx, "DELETE FROM "+historyTable+" WHERE version = $1", strconv.FormatInt(version, 10))
	return err
}

// GetMigration is part of database.Store.
func (s store) GetMigration(ctx context.Context, db database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	if version == 0 {
		return &database.GetMigrationResult{IsApplied: true}, nil
	}
	var one int
	err := db.QueryRowContext(ctx, "SELECT 1 FROM "+historyTable+" WHERE version = $1", strconv.FormatInt(version, 10)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, database.ErrVersionNotFound
	}
	if err != nil {
		return nil, err
	}
	return &database.GetMigrationResult{Timestamp: versionTime(version), IsApplied: true}, nil
}

// GetLatestVersion is part of database.Store.
func (s store) GetLatestVersion(ctx context.Context, db database.DBTxConn) (int64, error) {
	all, err := s.ListMigrations(ctx, db)
	if err != nil {
		return 0, err
	}
	return all[0].Version, nil
}

// ListMigrations is part of database.Store.
func (s store) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	// Supabase's versions are text; what is no number is not ours.
	rows, err := db.QueryContext(ctx, "SELECT version::bigint AS v FROM "+historyTable+" WHERE version ~ '^[0-9]{1,18}$' ORDER BY v DESC")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*database.ListMigrationsResult
	for rows.Next() {
		r := &database.ListMigrationsResult{IsApplied: true}
		if err := rows.Scan(&r.Version); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return append(out, &database.ListMigrationsResult{Version: 0, IsApplied: true}), rows.Err()
}

// versionTime is when a file was written, as its version says.
func versionTime(version int64) time.Time {
	t, err := time.Parse("20060102150405", strconv.FormatInt(version, 10))
	if err != nil {
		return time.Time{}
	}
	return t
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func historyExists(ctx context.Context, db querier) (bool, error) {
	var exists bool
	err := db.QueryRowContext(ctx, "SELECT to_regclass('"+historyTable+"') IS NOT NULL").Scan(&exists)
	if err != nil {
		return false, fmt.Errorf("migration history: %w", err)
	}
	return exists, nil
}

// history reads the versions that are done; none without the table.
func history(ctx context.Context, db querier) (map[string]bool, error) {
	exists, err := historyExists(ctx, db)
	if err != nil || !exists {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT version FROM "+historyTable)
	if err != nil {
		return nil, fmt.Errorf("migration history: %w", err)
	}
	defer rows.Close()
	done := map[string]bool{}
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, fmt.Errorf("migration history: %w", err)
		}
		done[v] = true
	}
	return done, rows.Err()
}
