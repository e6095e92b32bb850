package pgproc_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/pgproc"
)

// folder is a place that the user who runs PostgreSQL can reach; t.TempDir is
// below folders that are closed to him.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "loratop-pgproc-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, o pgproc.Options) *pgproc.Server {
	t.Helper()
	s, err := pgproc.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var out string
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func exec(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestStartStopAgain(t *testing.T) {
	o := pgproc.Options{Dir: filepath.Join(folder(t), "pg"), Throwaway: true}
	first := start(t, o)
	exec(t, first.URL("postgres"), "CREATE TABLE kept AS SELECT 'still here' AS v")
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := start(t, o)
	if got := query(t, second.SocketURL("postgres"), "SELECT v FROM kept"); got != "still here" {
		t.Fatalf("after a restart the table holds %q", got)
	}
}
