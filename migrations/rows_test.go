package migrations_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/migrations"
)

func storageFile(t *testing.T) string {
	t.Helper()
	b, err := fs.ReadFile(migrations.FS(), "20241223000100_create_lora_storage.sql")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const (
	dataset  = "d0000000-0000-4000-8000-000000000001"
	job      = "70b00000-0000-4000-8000-000000000001"
	artifact = "a27e0000-0000-4000-8000-000000000001"
)

// chain puts one row into every table, all of alice, each pointing to the last.
func chain(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	users(t, pool)
	for _, stmt := range []string{
		`INSERT INTO datasets (id, user_id, name, storage_path, file_name, file_size, updated_at) VALUES ('` + dataset + `', '` + alice + `', 'd', 'p', 'f', 1, '2020-01-01Z')`,
		`INSERT INTO training_jobs (id, user_id, dataset_id, preset_id, hyperparameters, gpu_config, total_epochs, estimated_total_cost, updated_at)
		 VALUES ('` + job + `', '` + alice + `', '` + dataset + `', 'balanced', '{}', '{}', 3, 1.5, '2020-01-01Z')`,
		`INSERT INTO metrics_points (job_id, epoch, step, training_loss, learning_rate) VALUES ('` + job + `', 0, 1, 2.5, 0.0001), ('` + job + `', 0, 1, 'NaN', 0.0001)`,
		`INSERT INTO model_artifacts (id, user_id, job_id, dataset_id, name, quality_metrics, training_summary, configuration, artifacts, updated_at)
		 VALUES ('` + artifact + `', '` + alice + `', '` + job + `', '` + dataset + `', 'm', '{}', '{}', '{}', '{}', '2020-01-01Z')`,
		`INSERT INTO cost_records (user_id, job_id, cost_type, amount, billing_period) VALUES ('` + alice + `', '` + job + `', 'compute', 1.5, '2026-01-01')`,
		`INSERT INTO notifications (user_id, type, title, message) VALUES ('` + alice + `', 'job_complete', 't', 'm')`,
	} {
		if _, err := pool.Exec(t.Context(), stmt); err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	chain(t, db.Pool)
	got := lines(t, db.Pool, `SELECT concat_ws(' ', d.format, d.status, d.storage_bucket, d.training_ready, j.status, j.current_stage, j.progress, j.current_cost, j.retry_count, a.version, a.status, n.priority, n.read)
	  FROM datasets d, training_jobs j, model_artifacts a, notifications n`)
	want := "brightrun_lora_v4 uploading lora-datasets f queued queued 0.00 0.00 0 1.0.0 stored medium f"
	if got[0] != want {
		t.Errorf("defaults %q, want %q", got[0], want)
	}
}

func TestUpdatedAtMoves(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	chain(t, db.Pool)
	for _, table := range []string{"datasets", "training_jobs", "model_artifacts"} {
		if _, err := db.Pool.Exec(t.Context(), "UPDATE "+table+" SET status = 'other'"); err != nil {
			t.Fatal(err)
		}
		var at time.Time
		if err := db.Pool.QueryRow(t.Context(), "SELECT updated_at FROM "+table).Scan(&at); err != nil {
			t.Fatal(err)
		}
		if at.Year() < 2024 {
			t.Errorf("%s: updated_at stayed at %v", table, at)
		}
	}
}

func TestDeletes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	chain(t, db.Pool)
	exec := func(stmt string) error {
		_, err := db.Pool.Exec(t.Context(), stmt)
		return err
	}
	refused := func(what, stmt string) {
		t.Helper()
		var pg *pgconn.PgError
		// 23001 (restrict_violation) from PostgreSQL 18 on.
		if err := exec(stmt); !errors.As(err, &pg) || pg.Code != "23503" && pg.Code != "23001" {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("a dataset with a job", "DELETE FROM datasets")
	refused("a job with an artifact", "DELETE FROM training_jobs")
	if err := exec(`UPDATE training_jobs SET artifact_id = '` + artifact + `'`); err != nil {
		t.Fatal(err)
	}
	refused("an artifact that its job points to", "DELETE FROM model_artifacts")
	if err := exec(`UPDATE training_jobs SET artifact_id = NULL; DELETE FROM model_artifacts; DELETE FROM training_jobs`); err != nil {
		t.Fatal(err)
	}
	got := lines(t, db.Pool, `SELECT format('points %s, costs %s without a job', (SELECT count(*) FROM metrics_points), (SELECT count(*) FROM cost_records WHERE job_id IS NULL))`)
	if got[0] != "points 0, costs 1 without a job" {
		t.Errorf("after deleting a job: %s", got[0])
	}
	if err := exec(`DELETE FROM auth.users WHERE id = '` + alice + `'`); err != nil {
		t.Fatal(err)
	}
	got = lines(t, db.Pool, `SELECT ((SELECT count(*) FROM datasets) + (SELECT count(*) FROM cost_records) + (SELECT count(*) FROM notifications))::text`)
	if got[0] != "0" {
		t.Errorf("%s rows survive their user", got[0])
	}
}

// TestRowLevelSecurity tries every table as its owner, as another user and as
// nobody.
func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	chain(t, db.Pool)
	for _, table := range []string{"datasets", "training_jobs", "metrics_points", "model_artifacts", "cost_records", "notifications"} {
		for _, c := range []struct {
			role, sub string
			sees      bool
		}{{"authenticated", alice, true}, {"authenticated", bob, false}, {"anon", "", false}, {"service_role", "", true}} {
			n, err := as(t, db.Pool, c.role, c.sub, "SELECT * FROM "+table)
			if err != nil || (n > 0) != c.sees {
				t.Errorf("%s %s sees %d rows of %s (%v)", c.role, c.sub, n, table, err)
			}
			if c.sees {
				continue
			}
			for _, stmt := range []string{"UPDATE " + table + " SET id = id", "DELETE FROM " + table} {
				if n, err := as(t, db.Pool, c.role, c.sub, stmt); err != nil || n != 0 {
					t.Errorf("%s %s: %s touched %d rows (%v)", c.role, c.sub, stmt, n, err)
				}
			}
		}
	}
	checkOwnersRights(t, db.Pool)
}

// checkOwnersRights: the owner may do what FR-1.1 lets him and no more.
func checkOwnersRights(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for stmt, want := range map[string]int64{
		"UPDATE datasets SET name = 'x'": 1, "UPDATE training_jobs SET status = 'cancelled'": 1, "UPDATE model_artifacts SET name = 'x'": 1,
		"UPDATE notifications SET read = true": 1, "UPDATE cost_records SET amount = 0": 0, "UPDATE metrics_points SET step = 0": 0,
		"DELETE FROM training_jobs": 0, "DELETE FROM metrics_points": 0, "DELETE FROM model_artifacts": 0, "DELETE FROM cost_records": 0, "DELETE FROM notifications": 0,
	} {
		if n, err := as(t, pool, "authenticated", alice, stmt); err != nil || n != want {
			t.Errorf("owner: %s touched %d rows, want %d (%v)", stmt, n, want, err)
		}
	}
	for _, stmt := range []string{
		`INSERT INTO datasets (user_id, name, storage_path, file_name, file_size) VALUES ('` + bob + `', 'n', 'q', 'f', 1)`,
		`INSERT INTO notifications (user_id, type, title, message) VALUES ('` + alice + `', 't', 't', 't')`,
		`INSERT INTO cost_records (user_id, cost_type, amount, billing_period) VALUES ('` + alice + `', 'c', 1, '2026-01-01')`,
		`INSERT INTO metrics_points (job_id, epoch, step, training_loss, learning_rate) VALUES ('` + job + `', 0, 2, 1, 1)`,
		`UPDATE datasets SET user_id = '` + bob + `'`,
	} {
		if _, err := as(t, pool, "authenticated", alice, stmt); !denied(err) {
			t.Errorf("owner: %s: %v", stmt, err)
		}
	}
}
