//go:build unix

package pgtest_test

import (
	"testing"

	"github.com/loratop/loratop/client/local/pgtest"
)

func count(t *testing.T, db pgtest.DB, sql string) int {
	t.Helper()
	var n int
	if err := db.Pool.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const ourTables = `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		kind          pgtest.Kind
		tables, users int
	}{
		{"full", pgtest.Full, 6, 0},
		{"conformance", pgtest.Conformance, 6, 3},
		{"platform", pgtest.Platform, 0, 0},
		{"bare", pgtest.Bare, 0, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, c.kind)
			if n := count(t, db, ourTables); n != c.tables {
				t.Errorf("%d tables in public, want %d", n, c.tables)
			}
			if c.users < 0 {
				if n := count(t, db, `SELECT count(*) FROM pg_namespace WHERE nspname IN ('auth', 'storage')`); n != 0 {
					t.Errorf("a bare database has %d schemas of the platform", n)
				}
				return
			}
			if n := count(t, db, `SELECT count(*) FROM auth.users`); n != c.users {
				t.Errorf("%d users, want %d", n, c.users)
			}
		})
	}
}
