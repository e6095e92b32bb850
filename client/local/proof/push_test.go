package proof_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/loratop/loratop/migrations"
)

// pushFolder is a folder as `supabase init` makes one, with our files in it.
func pushFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	into := filepath.Join(dir, "supabase", "migrations")
	if err := os.MkdirAll(filepath.Dir(into), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(into, migrations.FS()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// push runs `supabase db push` and returns all that it says.
func push(t *testing.T, databaseURL string) string {
	t.Helper()
	c := command(t, node(t, "supabase"), nil, "db", "push", "--yes", "--remote="+databaseURL)
	c.Dir = pushFolder(t)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("supabase db push: %v\n%s", err, out)
	}
	return string(out)
}

// status asks our own tool, and returns how many files are applied and not.
func status(t *testing.T, databaseURL string) (applied, pending int) {
	t.Helper()
	list, err := migrations.Status(t.Context(), open(t, databaseURL))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Applied {
			applied++
		} else {
			pending++
		}
	}
	return applied, pending
}

func open(t *testing.T, databaseURL string) *sql.DB {
	t.Helper()
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cfg)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func up(t *testing.T, databaseURL string) int {
	t.Helper()
	done, err := migrations.Up(t.Context(), open(t, databaseURL))
	if err != nil {
		t.Fatal(err)
	}
	return len(done)
}

func files(t *testing.T) int {
	t.Helper()
	list, err := fs.Glob(migrations.FS(), "*.sql")
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	return len(list)
}

// What Supabase's tool applies, ours sees as done.
func TestSupabasePushesThenLoratopAgrees(t *testing.T) {
	t.Parallel()
	node(t, "supabase")
	db, conn := emptyDatabase(t)
	n := files(t)
	if applied, pending := status(t, db); applied != 0 || pending != n {
		t.Fatalf("before: %d applied, %d pending", applied, pending)
	}
	if said := push(t, db); strings.Count(said, "Applying migration ") != n {
		t.Errorf("it said\n%s", said)
	}
	if applied, pending := status(t, db); applied != n || pending != 0 {
		t.Errorf("after: %d applied, %d pending", applied, pending)
	}
	if again := up(t, db); again != 0 {
		t.Errorf("loratop migrate up did %d more", again)
	}
	var tables, policies int
	err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND rowsecurity),
	  (SELECT count(*) FROM pg_policies WHERE schemaname = 'storage')`).Scan(&tables, &policies)
	if err != nil || tables != 6 || policies != 5 {
		t.Errorf("%d tables under row level security, %d policies of storage, %v", tables, policies, err)
	}
}

// What ours applies, Supabase's tool sees as done.
func TestLoratopMigratesThenSupabaseAgrees(t *testing.T) {
	t.Parallel()
	node(t, "supabase")
	db, _ := emptyDatabase(t)
	if did := up(t, db); did != files(t) {
		t.Fatalf("loratop migrate up did %d", did)
	}
	if said := push(t, db); !strings.Contains(said, "up to date") || strings.Contains(said, "Applying") {
		t.Errorf("it said\n%s", said)
	}
}
