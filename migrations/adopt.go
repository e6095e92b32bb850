package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3/database"
)

// first is the version of FR-1.1.
const first int64 = 20241223000000

// DriftError tells that FR-1.1's tables exist without our history, and differ
// from FR-1.1: running the file is not possible and skipping it would hide
// what is missing.
type DriftError struct {
	Missing []string // what FR-1.1 would have made and the database does not have
}

// Error names the first differences.
func (e *DriftError) Error() string {
	shown := e.Missing
	more := ""
	if len(shown) > 8 {
		more = fmt.Sprintf("\n  and %d more", len(shown)-8)
		shown = shown[:8]
	}
	return "tables of FR-1.1 exist already, not made by this history, and lack:\n  " + strings.Join(shown, "\n  ") + more +
		"\nadd what is missing by hand, then run this again"
}

// adopt records FR-1.1 as done when it was applied by hand and is complete.
func adopt(ctx context.Context, conn *sql.Conn, st store) ([]Migration, error) {
	m, ok := st.find(first)
	if !ok {
		return nil, nil // another set of files
	}
	done, err := history(ctx, conn)
	if err != nil || done[m.Version] {
		return nil, err
	}
	var found bool
	const q = `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename IN
	 ('datasets', 'training_jobs', 'metrics_points', 'model_artifacts', 'cost_records', 'notifications'))`
	if err := conn.QueryRowContext(ctx, q).Scan(&found); err != nil {
		return nil, fmt.Errorf("look for existing tables: %w", err)
	}
	if !found {
		return nil, nil
	}
	missing, err := compare(ctx, conn, m.SQL)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, &DriftError{Missing: missing}
	}
	if err := st.Insert(ctx, conn, database.InsertRequest{Version: first}); err != nil {
		return nil, err
	}
	m.Applied, m.Adopted = true, true
	return []Migration{m}, nil
}

// compare runs text in a schema of its own, reads what that made, takes it
// all back, and returns what the current schema lacks of it.
func compare(ctx context.Context, conn *sql.Conn, text string) (missing []string, err error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("compare with FR-1.1: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	var schema string
	if err := tx.QueryRowContext(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return nil, fmt.Errorf("compare with FR-1.1: %w", err)
	}
	have, err := catalogue(ctx, tx, schema)
	if err != nil {
		return nil, err
	}
	const scratch = "loratop_scratch"
	for _, stmt := range []string{"CREATE SCHEMA " + scratch, "SET LOCAL search_path = " + scratch, text} {
		if _, err := tx.ExecContext(ctx, stmt); err != nil {
			return nil, fmt.Errorf("compare with FR-1.1: %w", err)
		}
	}
	want, err := catalogue(ctx, tx, scratch)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, line := range have {
		seen[line] = true
	}
	for _, line := range want {
		if !seen[line] {
			missing = append(missing, line)
		}
	}
	return missing, nil
}

// catalogue describes a schema's tables, a line a thing, without its name.
func catalogue(ctx context.Context, tx *sql.Tx, schema string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, catalogueSQL, schema)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		lines = append(lines, strings.ReplaceAll(line, schema+".", ""))
	}
	return lines, rows.Err()
}

// catalogueSQL needs the schema in the search path, so that PostgreSQL prints
// its expressions without the schema's name.
const catalogueSQL = `
WITH t AS (
  SELECT c.oid, c.relname, c.relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind = 'r')
SELECT line FROM (
  SELECT 1 AS o, format('table %s', relname) AS line FROM t
  UNION ALL
  SELECT 2, format('column %s.%s %s%s%s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''))
    FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  UNION ALL
  SELECT 3, format('constraint %s on %s: %s', c.conname, t.relname, pg_get_constraintdef(c.oid))
    FROM t JOIN pg_constraint c ON c.conrelid = t.oid WHERE c.contype <> 'n'
  UNION ALL
  SELECT 4, pg_get_indexdef(i.indexrelid) FROM t JOIN pg_index i ON i.indrelid = t.oid
  UNION ALL
  SELECT 5, format('row level security on %s', relname) FROM t WHERE relrowsecurity
  UNION ALL
  SELECT 6, format('policy "%s" on %s for %s%s%s', p.polname, t.relname, p.polcmd,
      coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), ''),
      coalesce(' with check ' || pg_get_expr(p.polwithcheck, p.polrelid), ''))
    FROM t JOIN pg_policy p ON p.polrelid = t.oid
  UNION ALL
  SELECT 7, pg_get_triggerdef(g.oid) FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
) AS x ORDER BY o, line`
