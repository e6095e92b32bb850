package migrations_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
)

const (
	alice = "a11ce000-0000-4000-8000-000000000001"
	bob   = "b0b00000-0000-4000-8000-000000000002"
)

func users(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `INSERT INTO auth.users (id, email) VALUES ($1, 'alice@example.com'), ($2, 'bob@example.com')`, alice, bob); err != nil {
		t.Fatal(err)
	}
}

// as runs statements as an API role does, in one transaction, and returns how
// many rows the last one touched.
func as(t *testing.T, pool *pgxpool.Pool, role, sub string, stmt string, args ...any) (n int64, err error) {
	t.Helper()
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		claims := `{"role":"` + role + `"}`
		if sub != "" {
			claims = `{"role":"` + role + `","sub":"` + sub + `"}`
		}
		if _, err := tx.Exec(t.Context(), `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`, role, claims); err != nil {
			return err
		}
		tag, err := tx.Exec(t.Context(), stmt, args...)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func denied(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	got := lines(t, db.Pool, `SELECT format('%s public=%s %s %s', id, public, file_size_limit, array_to_string(allowed_mime_types, ',')) FROM storage.buckets ORDER BY id`)
	want := []string{
		"lora-datasets public=f 524288000 application/json,application/x-jsonlines",
		"lora-models public=f 5368709120 application/octet-stream,application/x-tar,application/json",
	}
	if !slices.Equal(got, want) {
		t.Errorf("buckets\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	policies := lines(t, db.Pool, `SELECT format('%s %s %s', cmd, roles, policyname) FROM pg_policies WHERE schemaname = 'storage' AND tablename = 'objects' ORDER BY 1`)
	if !slices.Equal(policies, []string{
		"DELETE {authenticated} Users can delete own LoRA dataset files",
		"INSERT {authenticated} Users can upload own LoRA dataset files",
		"SELECT {authenticated} Users can view own LoRA dataset files",
		"SELECT {authenticated} Users can view own LoRA model files",
		"UPDATE {authenticated} Users can replace own LoRA dataset files",
	}) {
		t.Errorf("policies:\n%s", strings.Join(policies, "\n"))
	}
}

func TestStoragePolicies(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	users(t, db.Pool)
	put := `INSERT INTO storage.objects (bucket_id, name) VALUES ($1, $2)`
	for _, c := range []struct {
		role, sub, bucket, name string
		ok                      bool
	}{
		{"authenticated", alice, "lora-datasets", alice + "/d1/a.jsonl", true},
		{"authenticated", alice, "lora-datasets", bob + "/d1/a.jsonl", false},
		{"authenticated", alice, "lora-datasets", alice, false},               // a file, not a folder, of that name
		{"authenticated", alice, "lora-datasets", "x/" + alice + "/a", false}, // not the first folder
		{"authenticated", alice, "lora-models", alice + "/m/a.bin", false},
		{"authenticated", alice, "other", alice + "/a", false},
		{"authenticated", "", "lora-datasets", alice + "/d2/a.jsonl", false},
		{"anon", "", "lora-datasets", alice + "/d3/a.jsonl", false},
		{"service_role", "", "lora-models", alice + "/m/w.bin", true},
		{"service_role", "", "lora-models", bob + "/m/w.bin", true},
		{"authenticated", bob, "lora-datasets", bob + "/d1/b.jsonl", true},
	} {
		if c.bucket == "other" {
			if _, err := db.Pool.Exec(t.Context(), "INSERT INTO storage.buckets (id, name) VALUES ('other', 'other') ON CONFLICT DO NOTHING"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := as(t, db.Pool, c.role, c.sub, put, c.bucket, c.name); c.ok && err != nil || !c.ok && !denied(err) {
			t.Errorf("%s %s puts %s/%s: %v", c.role, c.sub, c.bucket, c.name, err)
		}
	}
	for _, c := range []struct {
		what, role, sub, stmt string
		rows                  int64
	}{
		{"alice sees her dataset and her model", "authenticated", alice, "SELECT * FROM storage.objects", 2},
		{"bob too", "authenticated", bob, "SELECT * FROM storage.objects", 2},
		{"nobody sees anything", "anon", "", "SELECT * FROM storage.objects", 0},
		{"alice cannot replace bob's", "authenticated", alice, "UPDATE storage.objects SET version = 'x' WHERE name LIKE '" + bob + "%'", 0},
		{"alice replaces hers", "authenticated", alice, "UPDATE storage.objects SET version = 'x' WHERE bucket_id = 'lora-datasets'", 1},
		{"a model cannot be replaced", "authenticated", alice, "UPDATE storage.objects SET version = 'x' WHERE bucket_id = 'lora-models'", 0},
		{"a model cannot be deleted", "authenticated", alice, "DELETE FROM storage.objects WHERE bucket_id = 'lora-models'", 0},
		{"alice deletes only hers", "authenticated", alice, "DELETE FROM storage.objects", 1},
	} {
		if n, err := as(t, db.Pool, c.role, c.sub, c.stmt); err != nil || n != c.rows {
			t.Errorf("%s: %d rows, %v", c.what, n, err)
		}
	}
	if _, err := as(t, db.Pool, "authenticated", bob, "UPDATE storage.objects SET name = '"+alice+"/d9/b.jsonl' WHERE bucket_id = 'lora-datasets'"); !denied(err) {
		t.Errorf("bob moved a file into alice's folder: %v", err)
	}
}

// TestBucketsExist: what an administrator set stays as it is.
func TestBucketsExist(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	db := open(t, raw)
	mustExec(t, db, `INSERT INTO storage.buckets (id, name, public, file_size_limit) VALUES ('lora-datasets', 'lora-datasets', false, 1000);
	  CREATE POLICY "Users can view own LoRA dataset files" ON storage.objects FOR SELECT USING (false)`)
	mustUp(t, db)
	got := lines(t, raw.Pool, `SELECT id || ' ' || file_size_limit FROM storage.buckets ORDER BY id`)
	if !slices.Equal(got, []string{"lora-datasets 1000", "lora-models 5368709120"}) {
		t.Errorf("buckets %v", got)
	}
	if got := lines(t, raw.Pool, `SELECT qual FROM pg_policies WHERE policyname = 'Users can view own LoRA dataset files'`); !slices.Equal(got, []string{"false"}) {
		t.Errorf("policy %v", got)
	}
}

// TestNoStorageSchema: a plain PostgreSQL with Auth takes the files, and says
// what it left out.
func TestNoStorageSchema(t *testing.T) {
	t.Parallel()
	raw := pgtest.New(t, pgtest.Platform)
	if _, err := raw.Pool.Exec(t.Context(), "DROP SCHEMA storage CASCADE"); err != nil {
		t.Fatal(err)
	}
	mustUp(t, open(t, raw))
	var notices []string
	cfg, err := pgx.ParseConfig(raw.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), storageFile(t)); err != nil {
		t.Fatal(err)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "no storage schema") {
		t.Errorf("notices %q", notices)
	}
}
