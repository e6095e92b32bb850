package trainer_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/trainer"
	"github.com/loratop/loratop/models"
)

const alice = "a11ce000-0000-4000-8000-000000000001"

// shop is a database with a user, a store of files, and a way to run trainers.
type shop struct {
	t     *testing.T
	pool  *pgxpool.Pool
	files *storage.Server
}

func newShop(t *testing.T) *shop {
	t.Helper()
	t.Parallel()
	s := &shop{t: t, pool: pgtest.New(t).Pool}
	s.files = storage.New(storage.Options{Pool: s.pool, Secret: []byte("secret"), Dir: t.TempDir()})
	s.exec(`INSERT INTO auth.users (id, email) VALUES ($1, 'alice@example.com')`, alice)
	return s
}

func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// train runs a trainer until the test ends, or until stop is called.
func (s *shop) train(speed float64) (stop func()) {
	s.t.Helper()
	return s.trainAt(speed, 0)
}

func (s *shop) trainAt(speed float64, atOnce int) (stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- trainer.New(trainer.Options{Pool: s.pool, Files: s.files, Speed: speed, AtOnce: atOnce}).Run(ctx)
	}()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("trainer: %v", err)
		}
	}
	s.t.Cleanup(stop)
	return stop
}

// dataset stores a file and its row.
func (s *shop) dataset(text string) string {
	s.t.Helper()
	id := uuid.NewString()
	path := alice + "/" + id + "/train.jsonl"
	if err := s.files.Put(context.Background(), "lora-datasets", path, "application/x-jsonlines", alice, strings.NewReader(text)); err != nil {
		s.t.Fatal(err)
	}
	s.exec(`INSERT INTO datasets (id, user_id, name, status, training_ready, storage_path, file_name, file_size) VALUES ($1, $2, 'Calm planning', 'ready', true, $3, 'train.jsonl', $4)`,
		id, alice, path, len(text))
	return id
}

func pairs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"messages":[{"role":"user","content":"question %d"},{"role":"assistant","content":"list what comes in, then what goes out"}]}`+"\n", i)
	}
	return b.String()
}

// queue inserts a job as the web page does.
func (s *shop) queue(dataset, hyper string) string {
	s.t.Helper()
	id := uuid.NewString()
	s.exec(`INSERT INTO training_jobs (id, user_id, dataset_id, preset_id, hyperparameters, gpu_config, total_epochs, estimated_total_cost, current_metrics)
	  VALUES ($1, $2, $3, 'balanced', $4, '{"type":"A100-80GB","count":2}', 2, 4.01, '{}')`, id, alice, dataset, hyper)
	return id
}

const hyper = `{"learning_rate":0.001,"batch_size":4,"epochs":2,"rank":4,"alpha":8,"dropout":0.1}`

// row is a job's row as PostgREST would tell it.
func (s *shop) row(id string) models.Job {
	s.t.Helper()
	return read[models.Job](s, `SELECT to_jsonb(j) FROM training_jobs j WHERE id = $1`, id)[0]
}

// read decodes rows of one JSON column.
func read[T any](s *shop, sql string, args ...any) []T {
	s.t.Helper()
	rows, err := s.pool.Query(context.Background(), sql, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var b []byte
		var v T
		if err := rows.Scan(&b); err != nil {
			s.t.Fatal(err)
		}
		if err := json.Unmarshal(b, &v); err != nil {
			s.t.Fatalf("%v: %s", err, b)
		}
		out = append(out, v)
	}
	return out
}

// until polls the job's row for a condition.
func (s *shop) until(id, what string, ok func(models.Job) bool) models.Job {
	s.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		j := s.row(id)
		if ok(j) {
			return j
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waiting for %s: status %s, stage %s", what, j.Status, j.Stage)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func done(j models.Job) bool { return j.Status.Done() }

func TestJobFromQueueToArtifact(t *testing.T) {
	s := newShop(t)
	id := s.queue(s.dataset(pairs(60)), hyper)
	s.train(300)
	j := s.until(id, "the end", done)
	if j.Status != models.JobCompleted || j.Stage != models.StageCompleted || *j.Progress != 100 || j.StartedAt.IsZero() || j.CompletedAt.IsZero() ||
		*j.TotalSteps != 28 || *j.CurrentStep != 28 || *j.CurrentEpoch != 2 || !strings.HasPrefix(*j.ExternalJobID, "demo-") || j.ArtifactID == nil {
		t.Fatalf("job: %+v", j)
	}
	if j.FinalCost == nil || j.FinalCost.IsZero() || j.FinalCost.Cmp(*j.CurrentCost) != 0 {
		t.Errorf("cost: final %v, current %v", j.FinalCost, j.CurrentCost)
	}
	s.checkPoints(id)
	s.checkLedger(id, j)
	s.checkArtifact(j)
}

func (s *shop) checkPoints(id string) {
	s.t.Helper()
	points := read[models.MetricsPoint](s, `SELECT to_jsonb(m) FROM metrics_points m WHERE job_id = $1 ORDER BY timestamp, step`, id)
	if len(points) != 28 {
		s.t.Fatalf("%d points", len(points))
	}
	first, last := points[0], points[27]
	if !(*last.TrainingLoss < *first.TrainingLoss-0.2) || first.ValidationLoss == nil || last.ValidationLoss == nil || !(*last.ValidationLoss < *first.ValidationLoss) {
		s.t.Errorf("loss %v -> %v, validation %v -> %v", *first.TrainingLoss, *last.TrainingLoss, first.ValidationLoss, last.ValidationLoss)
	}
	for i, p := range points {
		if int(p.Step) != i+1 || *p.GradientNorm <= 0 || *p.Throughput <= 0 || *p.GPUUtilization <= 0 || *p.GPUUtilization > 100 {
			s.t.Errorf("point %d: %+v", i, p)
		}
	}
	if peak := points[2].LearningRate; *peak != 0.001 || !(*last.LearningRate < 0.0001) {
		s.t.Errorf("learning rate: peak %v, end %v", *peak, *last.LearningRate)
	}
}

func (s *shop) checkLedger(id string, j models.Job) {
	s.t.Helper()
	costs := read[models.CostRecord](s, `SELECT to_jsonb(c) FROM cost_records c WHERE job_id = $1`, id)
	if len(costs) != 1 || costs[0].Type != models.CostTrainingCompute || costs[0].Amount.Cmp(*j.FinalCost) != 0 || costs[0].Details.GPUType != "A100-80GB" || *costs[0].Details.GPUCount != 2 {
		s.t.Errorf("costs: %+v", costs)
	}
	var kinds []string
	for _, n := range read[models.Notification](s, `SELECT to_jsonb(n) FROM notifications n ORDER BY created_at, type`) {
		kinds = append(kinds, string(n.Type)+" "+*n.ActionURL)
	}
	want := []string{"job_started /training/jobs/" + id, "job_completed /training/jobs/" + id, "artifact_ready /models/" + *j.ArtifactID}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		s.t.Errorf("notifications %v, want %v", kinds, want)
	}
}

func (s *shop) checkArtifact(j models.Job) {
	s.t.Helper()
	list := read[models.Artifact](s, `SELECT to_jsonb(a) FROM model_artifacts a`)
	if len(list) != 1 || list[0].ID != *j.ArtifactID || list[0].JobID != j.ID || !strings.HasPrefix(list[0].Name, "Calm planning - ") || len(list[0].Files) != 4 {
		s.t.Fatalf("artifacts: %+v", list)
	}
	a := list[0]
	if a.Quality.OverallScore == nil || a.Quality.Perplexity == nil || *a.Summary.TotalSteps != 28 || *a.Configuration.Hyperparameters.Rank != 4 ||
		a.Description == nil || !strings.Contains(*a.Description, "demo trainer") {
		s.t.Errorf("artifact: %+v", a)
	}
	for _, f := range a.Files {
		b := s.content(f.Path)
		if f.Size == nil || int(*f.Size) != len(b) || !strings.HasPrefix(f.Path, alice+"/"+a.ID+"/") {
			s.t.Errorf("file %+v has %d bytes", f, len(b))
		}
		switch f.Name() {
		case "adapter_model.safetensors":
			checkSafetensors(s.t, b)
		default:
			if !json.Valid(b) {
				s.t.Errorf("%s is no JSON", f.Name())
			}
		}
	}
}

func (s *shop) content(path string) []byte {
	s.t.Helper()
	f, err := s.files.Open(context.Background(), "lora-models", path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// checkSafetensors reads the file as the format's specification says.
func checkSafetensors(t *testing.T, b []byte) {
	t.Helper()
	n := binary.LittleEndian.Uint64(b)
	var header map[string]struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	end := 0
	for name, h := range header {
		if name == "__metadata__" {
			continue
		}
		if h.Type != "F32" || h.Offsets[1]-h.Offsets[0] != 4*h.Shape[0]*h.Shape[1] {
			t.Errorf("%s: %+v", name, h)
		}
		end = max(end, h.Offsets[1])
	}
	if len(header) != 5 || (8+n)%8 != 0 || int(8+n)+end != len(b) {
		t.Errorf("%d entries, header of %d bytes, data to %d of %d", len(header), n, end, len(b))
	}
}

func TestFailures(t *testing.T) {
	s := newShop(t)
	good := s.dataset(pairs(40))
	gone := s.dataset(pairs(4))
	s.exec(`UPDATE datasets SET storage_path = 'nowhere' WHERE id = $1`, gone)
	cases := map[string]struct {
		dataset, hyper string
		text           string
		ended          bool // has an end time: it failed after it was submitted
	}{
		"empty":    {s.dataset("\n"), hyper, "Dataset loading failed - invalid format or empty file", true},
		"no JSON":  {s.dataset("not json"), hyper, "Dataset loading failed - invalid format or empty file", true},
		"missing":  {gone, hyper, "Failed to generate dataset signed URL from bucket: lora-datasets", false},
		"diverges": {good, `{"learning_rate":50,"batch_size":4,"rank":4,"alpha":8}`, "Training instability (NaN): ", true},
		"rank":     {good, `{"learning_rate":0.001,"batch_size":4}`, "Validation error: Missing hyperparameter: rank", false},
		"batch":    {good, `{"learning_rate":0.001,"batch_size":0,"rank":4}`, "Validation error: batch_size", false},
	}
	ids := map[string]string{}
	for name, c := range cases {
		ids[name] = s.queue(c.dataset, c.hyper)
	}
	s.train(300)
	for name, c := range cases {
		j := s.until(ids[name], name, done)
		if j.Status != models.JobFailed || j.ErrorMessage == nil || !strings.HasPrefix(*j.ErrorMessage, c.text) || j.CompletedAt.IsZero() == c.ended || j.ArtifactID != nil {
			t.Errorf("%s: status %s, message %v, completed %v", name, j.Status, j.ErrorMessage, j.CompletedAt)
		}
	}
	points := read[models.MetricsPoint](s, `SELECT to_jsonb(m) FROM metrics_points m WHERE job_id = $1 ORDER BY timestamp DESC LIMIT 1`, ids["diverges"])
	if len(points) != 1 || points[0].TrainingLoss.Finite() && *points[0].TrainingLoss < 9999 {
		t.Errorf("the last point before the failure: %+v", points)
	}
	if n := read[int](s, `SELECT to_jsonb(count(*)) FROM notifications WHERE type = 'job_failed'`); n[0] != len(cases) {
		t.Errorf("%d failures were told", n[0])
	}
}

func TestCancelStopsAndStands(t *testing.T) {
	s := newShop(t)
	id := s.queue(s.dataset(pairs(400)), hyper)
	s.trainAt(6, 1)
	s.until(id, "training", func(j models.Job) bool { return j.CurrentStep != nil && *j.CurrentStep > 0 })
	s.exec(`UPDATE training_jobs SET status = 'cancelled', completed_at = now(), final_cost = current_cost WHERE id = $1`, id)
	next := s.queue(s.dataset(""), hyper) // there is one worker: it must let go to take this
	s.until(next, "the next job", done)
	j := s.row(id)
	late := read[int](s, `SELECT to_jsonb(count(*)) FROM metrics_points m JOIN training_jobs j ON j.id = m.job_id
	  WHERE j.id = $1 AND m.timestamp > j.completed_at + interval '1 second'`, id)
	if j.Status != models.JobCancelled || j.Stage != models.StageTraining || j.ArtifactID != nil || late[0] != 0 {
		t.Errorf("status %s, stage %s, %d points later than a second", j.Status, j.Stage, late[0])
	}
}

func TestJobOfADeadTrainerIsBegunAnew(t *testing.T) {
	s := newShop(t)
	set := s.dataset(pairs(40))
	id := s.queue(set, hyper)
	stop := s.train(6)
	s.until(id, "training", func(j models.Job) bool { return j.CurrentStep != nil && *j.CurrentStep > 0 })
	stop()
	if j := s.row(id); j.Status != models.JobRunning {
		t.Fatalf("a stopped trainer leaves the job: %s", j.Status)
	}
	s.train(300)
	j := s.until(id, "the end", done)
	steps := read[int](s, `SELECT to_jsonb(step) FROM metrics_points WHERE job_id = $1 ORDER BY timestamp`, id)
	if j.Status != models.JobCompleted || *j.RetryCount != 1 || steps[0] != 1 || len(steps) != int(*j.TotalSteps) {
		t.Errorf("status %s, retries %d, steps %v", j.Status, *j.RetryCount, steps)
	}
}

func TestUnknownPriceCostsNull(t *testing.T) {
	s := newShop(t)
	id := s.queue(s.dataset(pairs(8)), hyper)
	s.exec(`UPDATE training_jobs SET gpu_config = '{"type":"abacus"}', current_cost = NULL WHERE id = $1`, id)
	s.train(300)
	j := s.until(id, "the end", done)
	if n := read[int](s, `SELECT to_jsonb(count(*)) FROM cost_records`); j.Status != models.JobCompleted || j.FinalCost != nil || n[0] != 0 {
		t.Errorf("status %s, cost %v, %d records", j.Status, j.FinalCost, n[0])
	}
}
