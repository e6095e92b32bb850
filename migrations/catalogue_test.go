package migrations_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
)

// The catalogue of the specification's own script as it stands in the shared
// conformance folder, read from PostgreSQL 15 after running that, not ours.
//
//go:embed testdata/fr-1.1.catalogue
var specified string

// describe prints everything of the schema public that the specification
// speaks of, a line a thing.
const describe = `
WITH t AS (SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r')
SELECT line FROM (
  SELECT 1 AS o, 0 AS p, format('table %s rls=%s forced=%s', relname, relrowsecurity, relforcerowsecurity) AS line FROM t
  UNION ALL
  SELECT 2, a.attnum, format('column %s.%s %s %s default %s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, coalesce(pg_get_expr(d.adbin, d.adrelid), '-'))
    FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  UNION ALL
  SELECT 3, 0, format('constraint %s.%s %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
    FROM t JOIN pg_constraint c ON c.conrelid = t.oid WHERE c.contype <> 'n'
  UNION ALL
  SELECT 4, 0, format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL
  SELECT 5, 0, format('policy %s."%s" %s %s to %s using %s check %s', tablename, policyname, permissive, cmd, roles, coalesce(qual, '-'), coalesce(with_check, '-'))
    FROM pg_policies WHERE schemaname = 'public'
  UNION ALL
  SELECT 6, 0, format('trigger %s', pg_get_triggerdef(g.oid)) FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
  UNION ALL
  SELECT 7, 0, format('function %s returns %s language %s: %s', p.oid::regprocedure, p.prorettype::regtype, l.lanname, p.prosrc)
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace
) AS x ORDER BY o, CASE WHEN o = 2 THEN split_part(line, '.', 1) ELSE line END, p, line`

func lines(t *testing.T, pool *pgxpool.Pool, query string, args ...any) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return out
}

// TestCatalogue: every table, column, constraint, index, policy, trigger and
// function of the specification is there in every detail, and nothing beside
// but the indexes of the third file and the function of the fourth.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	have := map[string]bool{}
	for _, line := range lines(t, db.Pool, describe) {
		have[line] = true
	}
	for line := range strings.Lines(specified) {
		line = strings.TrimSpace(line)
		if !have[line] {
			t.Errorf("missing: %s", line)
		}
		delete(have, line)
	}
	for _, line := range []string{
		"index CREATE INDEX idx_metrics_points_stream ON public.metrics_points USING btree (job_id, \"timestamp\", id)",
		"index CREATE INDEX idx_datasets_list ON public.datasets USING btree (user_id, created_at DESC, id DESC)",
		"index CREATE INDEX idx_training_jobs_list ON public.training_jobs USING btree (user_id, created_at DESC, id DESC)",
		"index CREATE INDEX idx_model_artifacts_list ON public.model_artifacts USING btree (user_id, created_at DESC, id DESC)",
		"index CREATE INDEX idx_notifications_list ON public.notifications USING btree (user_id, created_at DESC, id DESC)",
		"index CREATE INDEX idx_cost_records_list ON public.cost_records USING btree (user_id, recorded_at DESC, id DESC)",
	} {
		if !have[line] {
			t.Errorf("missing: %s", line)
		}
		delete(have, line)
	}
	for line := range have {
		if !slices.ContainsFunc(ours(), func(f string) bool { return strings.HasPrefix(line, f) }) {
			t.Errorf("not specified: %s", line)
		}
	}
}

// ours are the functions that we add; see TestFunctionsAreTheInvokers.
func ours() []string {
	return []string{
		"function metrics_window(uuid,integer,integer,integer) returns json language sql: ",
		"function loratop_point(metrics_points) returns text language sql: ",
		"function loratop_job(training_jobs) returns json language sql: ",
	}
}

// TestCatalogueCounts guards the golden file itself against being cut.
func TestCatalogueCounts(t *testing.T) {
	t.Parallel()
	got := map[string]int{}
	for line := range strings.Lines(specified) {
		kind, _, _ := strings.Cut(line, " ")
		got[kind]++
	}
	for kind, want := range map[string]int{"table": 6, "column": 96, "constraint": 21, "index": 30, "policy": 13, "trigger": 3, "function": 1} {
		if got[kind] != want {
			t.Errorf("%d lines of %s, want %d", got[kind], kind, want)
		}
	}
}
