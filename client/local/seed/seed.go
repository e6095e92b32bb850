// Package seed fills a fresh local stack with two users and everything that a
// user of the platform meets: datasets in every line format, jobs in every
// state with their histories, artifacts with real files, costs and
// notifications, odd and hostile rows among them. All of it is computed here,
// the same every time.
package seed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/auth"
)

// The users' ids.
const (
	alice = "a11ce000-0000-4000-8000-000000000001"
	bob   = "b0b00000-0000-4000-8000-000000000002"
)

// User is a seeded account with its password, which is no secret.
type User struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Users lists the accounts; the first is the one the demo signs in.
func Users() []User {
	return []User{
		{alice, "alice@example.com", "alice-in-loraland"},
		{bob, "bob@example.com", "bob-the-builder"},
	}
}

// Files is where dataset and artifact files go. Put replaces what is there.
type Files interface {
	Put(ctx context.Context, bucket, key, contentType, ownerID string, r io.Reader) error
}

// Apply fills the database and the files once; on a database that was filled
// before it changes nothing, whatever happened to the rows since. A run that
// was cut off is taken up again. Times count back from now.
func Apply(ctx context.Context, pool *pgxpool.Pool, files Files, now time.Time) ([]User, error) {
	done, err := applied(ctx, pool)
	if err != nil || done {
		return Users(), err
	}
	for _, u := range Users() {
		name, _, _ := strings.Cut(u.Email, "@")
		account := auth.Account{ID: u.ID, Email: u.Email, Password: u.Password, Metadata: map[string]any{"full_name": name}}
		if _, err := auth.EnsureUser(ctx, pool, account, now.Add(-150*day)); err != nil {
			return nil, fmt.Errorf("seed users: %w", err)
		}
	}
	w, err := makeWorld(now.UTC().Truncate(time.Microsecond))
	if err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	if err := importsBucket(ctx, pool); err != nil {
		return nil, fmt.Errorf("seed buckets: %w", err)
	}
	for _, f := range w.files() {
		if err := files.Put(ctx, f.bucket, f.path, f.contentType, f.owner, bytes.NewReader(f.content)); err != nil {
			return nil, fmt.Errorf("seed file %s/%s: %w", f.bucket, f.path, err)
		}
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return w.insert(ctx, tx, now) })
	if err != nil {
		return nil, fmt.Errorf("seed rows: %w", err)
	}
	return Users(), nil
}

// world is all that is seeded.
type world struct {
	datasets  []dataset
	jobs      []job
	artifacts []artifact
	costs     []row
	notes     []row
}

func makeWorld(now time.Time) (w world, err error) {
	if w.datasets, err = makeDatasets(now); err != nil {
		return w, err
	}
	if w.jobs, err = makeJobs(w.datasets, now); err != nil {
		return w, err
	}
	if w.artifacts, err = makeArtifacts(w.jobs); err != nil {
		return w, err
	}
	w.costs = makeCosts(w.jobs, now)
	w.notes = makeNotes(w.datasets, w.jobs, w.artifacts, now)
	return w, nil
}

func (w world) files() []file {
	var out []file
	for _, d := range w.datasets {
		if !d.noFile {
			out = append(out, file{d.bucket, d.path, d.owner, "application/x-jsonlines", d.content})
		}
	}
	for _, a := range w.artifacts {
		out = append(out, a.files...)
	}
	return out
}

// insert writes all rows and the mark that they are written.
func (w world) insert(ctx context.Context, tx pgx.Tx, now time.Time) error {
	// The links between jobs and artifacts go both ways, and setting the second
	// must not move updated_at, from which stuck jobs are told.
	if _, err := tx.Exec(ctx, "ALTER TABLE training_jobs DISABLE TRIGGER update_training_jobs_updated_at"); err != nil {
		return err
	}
	var datasets, jobs, artifacts []row
	for _, d := range w.datasets {
		datasets = append(datasets, d.row)
	}
	links := map[string]any{}
	for _, j := range w.jobs {
		links[j.id] = j.row["artifact_id"]
		j.row["artifact_id"] = nil
		jobs = append(jobs, j.row)
	}
	for _, a := range w.artifacts {
		artifacts = append(artifacts, a.row)
	}
	for _, t := range []struct {
		table string
		rows  []row
	}{
		{"datasets", datasets}, {"training_jobs", jobs}, {"model_artifacts", artifacts},
		{"cost_records", w.costs}, {"notifications", w.notes},
	} {
		if err := insertRows(ctx, tx, t.table, t.rows); err != nil {
			return fmt.Errorf("%s: %w", t.table, err)
		}
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"metrics_points"}, metricColumns(), pgx.CopyFromRows(metricRows(w.jobs))); err != nil {
		return fmt.Errorf("metrics_points: %w", err)
	}
	for id, artifact := range links {
		if _, err := tx.Exec(ctx, "UPDATE training_jobs SET artifact_id = $2 WHERE id = $1 AND $2::uuid IS NOT NULL", id, artifact); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "ALTER TABLE training_jobs ENABLE TRIGGER update_training_jobs_updated_at"); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO loratop_local.seeded (at) VALUES ($1)", now)
	return err
}

// applied looks for the mark, and makes its table.
func applied(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	const table = `CREATE SCHEMA IF NOT EXISTS loratop_local;
	  CREATE TABLE IF NOT EXISTS loratop_local.seeded (one boolean PRIMARY KEY DEFAULT true CHECK (one), at timestamptz NOT NULL)`
	if _, err := pool.Exec(ctx, table); err != nil {
		return false, fmt.Errorf("seed: %w", err)
	}
	var done bool
	if err := pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM loratop_local.seeded)").Scan(&done); err != nil {
		return false, fmt.Errorf("seed: %w", err)
	}
	return done, nil
}

// importsBucket makes the bucket that imported datasets point into; the
// platform lets every signed-in user read it.
func importsBucket(ctx context.Context, pool *pgxpool.Pool) error {
	const sql = `
	INSERT INTO storage.buckets (id, name, public) VALUES ('training-files', 'training-files', false) ON CONFLICT DO NOTHING;
	DO $$ BEGIN
	  IF NOT EXISTS (SELECT FROM pg_policies WHERE schemaname = 'storage' AND policyname = 'Signed-in users can view training files') THEN
	    CREATE POLICY "Signed-in users can view training files" ON storage.objects FOR SELECT TO authenticated USING (bucket_id = 'training-files');
	  END IF;
	END $$`
	_, err := pool.Exec(ctx, sql)
	return err
}

// row is one row of a table, by column.
type row map[string]any

// insertRows writes rows, which all have the same columns, in one statement.
func insertRows(ctx context.Context, tx pgx.Tx, table string, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	var columns []string
	for _, c := range sortedKeys(rows[0]) {
		columns = append(columns, pgx.Identifier{c}.Sanitize())
	}
	list := strings.Join(columns, ", ")
	_, err = tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM jsonb_populate_recordset(NULL::%s, $1)", table, list, list, table), b)
	return err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// uuidOf is the same for the same kind and name, always.
func uuidOf(kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("loratop demo "+kind+" "+name)).String()
}

func uuidBytes(kind, name string) [16]byte {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("loratop demo "+kind+" "+name))
}

// money is an amount as PostgreSQL reads it.
func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

func base(p string) string { return path.Base(p) }

func ptr[T any](v T) *T { return &v }

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nilIfZero(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
