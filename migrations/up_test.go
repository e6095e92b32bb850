package migrations_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver

	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/migrations"
)

func open(t *testing.T, db pgtest.DB) *sql.DB {
	t.Helper()
	conn, err := sql.Open("pgx", db.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func mustUp(t *testing.T, db *sql.DB) []migrations.Migration {
	t.Helper()
	done, err := migrations.Up(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func mustExec(t *testing.T, db *sql.DB, stmt string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), stmt, args...); err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
}

func versions(list []migrations.Migration) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.Version)
	}
	return out
}

func all() []string {
	return []string{"20241223000000", "20241223000100", "20241223000200", "20241223000300", "20241223000400", "20241223000500"}
}

func TestPlanUpStatus(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	db := open(t, raw)
	plan, err := migrations.Plan(t.Context(), db)
	if err != nil || !slices.Equal(versions(plan), all()) {
		t.Fatalf("plan %v, %v", versions(plan), err)
	}
	if got := lines(t, raw.Pool, "SELECT nspname::text FROM pg_namespace WHERE nspname = 'supabase_migrations'"); len(got) > 0 {
		t.Error("Plan changed the database")
	}
	if done := mustUp(t, db); !slices.Equal(versions(done), all()) {
		t.Fatalf("Up did %v", versions(done))
	}
	if again := mustUp(t, db); len(again) > 0 {
		t.Errorf("a second Up did %v", versions(again))
	}
	status, err := migrations.Status(t.Context(), db)
	if err != nil || len(status) != len(all()) {
		t.Fatalf("status %v, %v", status, err)
	}
	for _, m := range status {
		if !m.Applied {
			t.Errorf("%s is not applied", m.File)
		}
	}
	if plan, err := migrations.Plan(t.Context(), db); err != nil || len(plan) > 0 {
		t.Errorf("after Up the plan is %v, %v", versions(plan), err)
	}
}

// TestHistoryIsSupabases: the rows are what `supabase db push` looks for, and
// what it wrote counts here.
func TestHistoryIsSupabases(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	db := open(t, raw)
	// An old CLI's table, with the project's own migrations around ours.
	mustExec(t, db, `CREATE SCHEMA supabase_migrations; CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY);
	  INSERT INTO supabase_migrations.schema_migrations VALUES ('20240101000000'), ('20991231235959'), ('not-a-number'), ('20241223000200')`)
	if done := mustUp(t, db); !slices.Equal(versions(done), slices.Concat(all()[:2], all()[3:])) {
		t.Fatalf("Up did %v: what the CLI recorded must count, later versions must not hinder", versions(done))
	}
	got := lines(t, raw.Pool, `SELECT version || ' ' || name || ' ' || (statements[1] LIKE '%CREATE TABLE IF NOT EXISTS datasets%')
	  FROM supabase_migrations.schema_migrations WHERE name IS NOT NULL ORDER BY version`)
	want := []string{"20241223000000 create_lora_training_tables true", "20241223000100 create_lora_storage false",
		"20241223000300 add_metrics_window false", "20241223000400 add_stream_rows false", "20241223000500 metrics_window_extremes false"}
	if !slices.Equal(got, want) {
		t.Errorf("history %q, want %q", got, want)
	}
}

func TestUpAtOnce(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	db := open(t, raw)
	var wg sync.WaitGroup
	errs := make([]error, 6)
	did := make([]int, len(errs))
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			done, err := migrations.Up(context.Background(), db)
			did[i], errs[i] = len(done), err
		}()
	}
	wg.Wait()
	sum := 0
	for i, err := range errs {
		if err != nil {
			t.Errorf("run %d: %v", i, err)
		}
		sum += did[i]
	}
	if sum != len(all()) {
		t.Errorf("together the runs applied %d files, want each of the %d once", sum, len(all()))
	}
}

// TestFailureLeavesNothing: the file before the broken one stays, of the
// broken one nothing does, and when it is mended the run goes on.
func TestFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Bare)
	db := open(t, raw)
	files := fstest.MapFS{
		"20300101000000_good.sql": {Data: []byte("-- +goose Up\nCREATE TABLE good (id int);\n")},
		"20300102000000_bad.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE half (id int);\nINSERT INTO good VALUES (1);\nSELECT 1/0;\n")},
	}
	done, err := migrations.Set{Files: files}.Up(t.Context(), db)
	if err == nil || !strings.Contains(err.Error(), "20300102000000_bad.sql") || !strings.Contains(err.Error(), "division by zero") {
		t.Fatalf("error %v does not say what happened where", err)
	}
	if !slices.Equal(versions(done), []string{"20300101000000"}) {
		t.Errorf("done %v", versions(done))
	}
	if got := lines(t, raw.Pool, "SELECT count(*)::text || coalesce(to_regclass('half')::text, ' none') FROM good"); got[0] != "0 none" {
		t.Errorf("the broken file left %q", got[0])
	}
	mended := maps.Clone(files)
	mended["20300102000000_bad.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE half (id int);\n")}
	done, err = migrations.Set{Files: mended}.Up(t.Context(), db)
	if err != nil || !slices.Equal(versions(done), []string{"20300102000000"}) {
		t.Errorf("after mending: %v, %v", versions(done), err)
	}
}

func TestCancelledUpLeavesNothing(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	db := open(t, raw)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := migrations.Up(ctx, db); !errors.Is(err, context.Canceled) {
		t.Fatalf("Up with a cancelled context: %v", err)
	}
	if done := mustUp(t, db); len(done) != len(all()) {
		t.Errorf("afterwards Up did %v", versions(done))
	}
}

// specScript is FR-1.1 as the specification has it: what a person pastes into
// an SQL editor.
func specScript(t *testing.T) string {
	t.Helper()
	b, err := fs.ReadFile(migrations.FS(), "20241223000000_create_lora_training_tables.sql")
	if err != nil {
		t.Fatal(err)
	}
	return "BEGIN;\n" + string(b) + "\nCOMMIT;"
}

func TestAppliedByHandIsAdopted(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	db := open(t, raw)
	mustExec(t, db, specScript(t))
	mustExec(t, db, `ALTER TABLE datasets ADD COLUMN error_message text; INSERT INTO auth.users (id, email) VALUES ('a11ce000-0000-4000-8000-000000000001', 'a@example.com');
	  INSERT INTO datasets (user_id, name, storage_path, file_name, file_size) VALUES ('a11ce000-0000-4000-8000-000000000001', 'kept', 'p', 'f', 1)`)
	done := mustUp(t, db)
	if !slices.Equal(versions(done), all()) || !done[0].Adopted || done[1].Adopted {
		t.Fatalf("Up did %+v", versions(done))
	}
	if got := lines(t, raw.Pool, "SELECT name FROM datasets"); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("rows after adoption: %v", got)
	}
	if got := lines(t, raw.Pool, "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'loratop%'"); len(got) > 0 {
		t.Errorf("the comparison left %v", got)
	}
}

// TestDriftIsRefused: the schema of the platform's own repository has fewer
// policies and no row level security on three tables.
func TestDriftIsRefused(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	db := open(t, raw)
	mustExec(t, db, specScript(t))
	mustExec(t, db, `DROP POLICY "Users can update own jobs" ON training_jobs; ALTER TABLE cost_records DISABLE ROW LEVEL SECURITY;
	  DROP INDEX idx_datasets_status; ALTER TABLE datasets DROP COLUMN sample_data, ALTER COLUMN name TYPE text`)
	_, err := migrations.Up(t.Context(), db)
	var drift *migrations.DriftError
	if !errors.As(err, &drift) {
		t.Fatalf("Up over a lacking schema: %v", err)
	}
	text := strings.Join(drift.Missing, "\n")
	for _, want := range []string{`policy "Users can update own jobs" on training_jobs`, "row level security on cost_records", "idx_datasets_status", "column datasets.sample_data", "column datasets.name character varying(200)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the error does not tell of %s:\n%v", want, err)
		}
	}
	if len(drift.Missing) != 5 {
		t.Errorf("%d differences, want 5:\n%s", len(drift.Missing), text)
	}
	if plan, err := migrations.Plan(t.Context(), db); err != nil || len(plan) != len(all()) {
		t.Errorf("a refused Up left the plan at %v, %v", versions(plan), err)
	}
}

// TestRefusesOneConnection: the lock needs one beside the work.
func TestRefusesOneConnection(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.New(t, pgtest.Platform))
	db.SetMaxOpenConns(1)
	if _, err := migrations.Up(t.Context(), db); err == nil {
		t.Error("Up over a single connection did not complain")
	}
}

func TestBadFileNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"1_short.sql", "20241223_day.sql", "20241223000000.sql", "abcdefghijklmn_x.sql"} {
		if _, err := (migrations.Set{Files: fstest.MapFS{name: {}}}).List(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
