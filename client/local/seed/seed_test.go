package seed_test

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/seed"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/models"
)

func now() time.Time { return time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC) }

type world struct {
	pool  *pgxpool.Pool
	files *storage.Server
	users []seed.User
}

func seeded(t *testing.T) world {
	t.Helper()
	db := pgtest.New(t)
	w := world{pool: db.Pool, files: storage.New(storage.Options{Pool: db.Pool, Secret: []byte("a secret of thirty-two characters"), Dir: t.TempDir()})}
	w.apply(t)
	return w
}

func (w *world) apply(t *testing.T) {
	t.Helper()
	users, err := seed.Apply(t.Context(), w.pool, w.files, now())
	if err != nil {
		t.Fatal(err)
	}
	w.users = users
}

// rows reads a query's rows as JSON into T.
func rows[T any](t *testing.T, pool *pgxpool.Pool, query string, args ...any) []T {
	t.Helper()
	var text []byte
	if err := pool.QueryRow(t.Context(), "SELECT coalesce(jsonb_agg(q), '[]') FROM ("+query+") AS q", args...).Scan(&text); err != nil {
		t.Fatal(err)
	}
	var out []T
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func one[T any](t *testing.T, pool *pgxpool.Pool, query string, args ...any) (v T) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

const counts = `SELECT string_agg(format('%s=%s', t, n), ' ' ORDER BY t) FROM (
  SELECT 'users' AS t, count(*) AS n FROM auth.users UNION ALL SELECT 'identities', count(*) FROM auth.identities
  UNION ALL SELECT 'datasets', count(*) FROM datasets UNION ALL SELECT 'jobs', count(*) FROM training_jobs
  UNION ALL SELECT 'points', count(*) FROM metrics_points UNION ALL SELECT 'artifacts', count(*) FROM model_artifacts
  UNION ALL SELECT 'costs', count(*) FROM cost_records UNION ALL SELECT 'notes', count(*) FROM notifications
  UNION ALL SELECT 'objects', count(*) FROM storage.objects) AS c`

func TestApplyOnce(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	if _, err := w.pool.Exec(t.Context(), "DELETE FROM notifications WHERE read"); err != nil {
		t.Fatal(err)
	}
	before := one[string](t, w.pool, counts)
	w.apply(t)
	if after := one[string](t, w.pool, counts); after != before {
		t.Errorf("a second Apply changed %s to %s", before, after)
	}
	t.Log(before)
}

// TestApplyResumes: what was cut off between users and rows is completed.
func TestApplyResumes(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	want := one[string](t, w.pool, counts)
	const undo = `DELETE FROM loratop_local.seeded; UPDATE training_jobs SET artifact_id = NULL; DELETE FROM model_artifacts; DELETE FROM training_jobs;
	  DELETE FROM datasets; DELETE FROM cost_records; DELETE FROM notifications; DELETE FROM auth.users WHERE email LIKE 'bob%'`
	if _, err := w.pool.Exec(t.Context(), undo); err != nil {
		t.Fatal(err)
	}
	w.apply(t)
	if got := one[string](t, w.pool, counts); got != want {
		t.Errorf("resumed: %s, want %s", got, want)
	}
}

func checkUsersCanSignIn(t *testing.T, w world) {
	if len(w.users) != 2 {
		t.Fatalf("%d users", len(w.users))
	}
	for _, u := range w.users {
		hash := one[string](t, w.pool, "SELECT encrypted_password FROM auth.users WHERE id = $1 AND email = $2 AND email_confirmed_at IS NOT NULL", u.ID, u.Email)
		if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(u.Password)); err != nil {
			t.Errorf("%s: %v", u.Email, err)
		}
	}
}

// TestSeed looks at one seeded database from all sides.
func TestSeed(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	for name, check := range map[string]func(*testing.T, world){
		"users": checkUsersCanSignIn, "datasets": checkDatasetsAreTrue, "jobs": checkJobsInEveryState,
		"histories": checkHistories, "artifacts": checkArtifactFiles,
	} {
		t.Run(name, func(t *testing.T) { check(t, w) })
	}
}

// checkDatasetsAreTrue: rows say of their files what the files are.
func checkDatasetsAreTrue(t *testing.T, w world) {
	formats := map[models.LineFormat]bool{}
	states := map[models.DatasetStatus]int{}
	for _, d := range rows[models.Dataset](t, w.pool, "SELECT * FROM datasets") {
		states[d.Status]++
		if d.Status == models.DatasetUploading {
			if _, err := w.files.Open(t.Context(), d.StorageBucket, d.StoragePath); err == nil {
				t.Errorf("%s: an upload that never came has a file", d.ID)
			}
			continue
		}
		content := read(t, w.files, d.StorageBucket, d.StoragePath)
		if int64(len(content)) != int64(d.FileSize) {
			t.Errorf("%s: file_size %d, the file has %d", d.Name, d.FileSize, len(content))
		}
		for _, line := range lines(content) {
			if l, err := models.ParseLine(line); err == nil {
				formats[l.Format] = true
			}
		}
		checkNumbers(t, d, content)
	}
	for _, f := range []models.LineFormat{models.LineMeta, models.LinePair, models.LineTurns, models.LineMessages, models.LineConversations} {
		if !formats[f] {
			t.Errorf("no dataset has lines of format %s", f)
		}
	}
	for _, s := range []models.DatasetStatus{models.DatasetUploading, models.DatasetValidating, models.DatasetReady, models.DatasetError} {
		if states[s] == 0 {
			t.Errorf("no dataset is %s", s)
		}
	}
}

func checkJobsInEveryState(t *testing.T, w world) {
	states := map[models.JobStatus]int{}
	stuck := 0
	jobs := rows[models.Job](t, w.pool, "SELECT * FROM training_jobs WHERE user_id = $1", w.users[0].ID)
	for _, j := range jobs {
		states[j.Status]++
		if models.DiagnoseJob(j, now()) != nil {
			stuck++
		}
		if j.Status == models.JobFailed && models.ErrorHint(*j.ErrorMessage) == "" {
			t.Errorf("no hint for %q", *j.ErrorMessage)
		}
		if j.Status == models.JobFailed && j.ErrorMessage == nil {
			t.Errorf("job %s failed without a message", j.ID)
		}
	}
	for _, s := range []models.JobStatus{models.JobQueued, models.JobInitializing, models.JobRunning, models.JobCompleted, models.JobFailed, models.JobCancelled, "paused"} {
		if states[s] == 0 {
			t.Errorf("no job is %s", s)
		}
	}
	if stuck < 4 {
		t.Errorf("%d stuck jobs, want 4 or more", stuck)
	}
	fresh := rows[models.Dataset](t, w.pool, "SELECT d.* FROM datasets d JOIN training_jobs j ON j.dataset_id = d.id WHERE j.status = 'queued'")
	if len(fresh) == 0 {
		t.Error("nothing is queued for the trainer")
	}
	for _, d := range fresh {
		if ok, why := d.Trainable(); !ok {
			t.Errorf("a queued job's dataset is not trainable: %s", why)
		}
	}
}

func checkHistories(t *testing.T, w world) {
	if n := one[int](t, w.pool, "SELECT max(n) FROM (SELECT count(*) AS n FROM metrics_points GROUP BY job_id) AS c"); n < 1900 {
		t.Errorf("the longest history has %d points", n)
	}
	if n := one[int](t, w.pool, "SELECT count(DISTINCT job_id) FROM metrics_points WHERE validation_loss IS NOT NULL"); n < 4 {
		t.Errorf("%d histories have validation losses", n)
	}
	if n := one[int](t, w.pool, "SELECT count(*) FROM metrics_points WHERE training_loss = 'NaN'"); n == 0 {
		t.Error("no NaN among the losses")
	}
	if n := one[int](t, w.pool, `SELECT count(*) FROM metrics_points p JOIN training_jobs j ON j.id = p.job_id
	   WHERE p.timestamp < j.started_at OR p.timestamp > coalesce(j.completed_at, j.updated_at)`); n > 0 {
		t.Errorf("%d points lie outside their job's run", n)
	}
	if n := one[int](t, w.pool, `SELECT count(*) FROM training_jobs WHERE updated_at > $1`, now()); n > 0 {
		t.Errorf("%d jobs were touched after the seed's now: triggers ran", n)
	}
}

// checkArtifactFiles: every path of every artifact is a file in storage.
func checkArtifactFiles(t *testing.T, w world) {
	list := rows[models.Artifact](t, w.pool, "SELECT a.* FROM model_artifacts a JOIN training_jobs j ON j.artifact_id = a.id AND j.id = a.job_id")
	if len(list) < 5 {
		t.Fatalf("%d artifacts", len(list))
	}
	for _, a := range list {
		if len(a.Files) < 3 {
			t.Errorf("%s has %d files", a.Name, len(a.Files))
		}
		for _, f := range a.Files {
			content := read(t, w.files, "lora-models", f.Path)
			if len(content) == 0 || f.Size != nil && int64(*f.Size) != int64(len(content)) {
				t.Errorf("%s: %s has %d bytes", a.Name, f.Path, len(content))
			}
		}
	}
}

func read(t *testing.T, files *storage.Server, bucket, key string) []byte {
	t.Helper()
	r, err := files.Open(context.Background(), bucket, key)
	if err != nil {
		t.Fatalf("%s/%s: %v", bucket, key, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
