package models_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func in(pairs, tokens int64, gpu string, n, batch, epochs models.Int) models.EstimateInput {
	g, _ := models.FindGPU(models.GPUs(), gpu)
	e := models.EstimateInput{BatchSize: batch, Epochs: epochs, GPUs: n, Throughput: g.Throughput, PricePerHour: g.PricePerHour}
	if pairs >= 0 {
		e.Pairs, e.Tokens = models.Ptr(models.Int(pairs)), models.Ptr(models.Int(tokens))
	}
	return e
}

// The vectors of platform-facts §2.5.
func TestEstimateVectors(t *testing.T) {
	for _, c := range []struct {
		in    models.EstimateInput
		hours float64
		total string
		steps models.Int
	}{
		{in(15, 3000, "A100-80GB", 2, 4, 3), 0.50, "4.01", 12},
		{in(1567, 313400, "A100-80GB", 1, 4, 3), 0.65, "2.76", 1176},
		{in(8000, 1600000, "A100-40GB", 1, 4, 3), 1.39, "4.39", 6000},
		{in(1567, 1200000, "H100", 2, 2, 5), 1.05, "9.28", 3920},
		{in(-1, -1, "V100-32GB", 1, 8, 1), 0.38, "1.30", 125},
	} {
		got, err := c.in.Estimate()
		if err != nil {
			t.Fatal(err)
		}
		if got.TotalSteps != c.steps || math.Round(got.Hours*100)/100 != c.hours || got.Total.String() != c.total {
			t.Errorf("%+v: %d steps, %.4f h, %s; want %d, %.2f, %s", c.in, got.TotalSteps, got.Hours, got.Total, c.steps, c.hours, c.total)
		}
	}
}

func TestEstimateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := in(rapid.Int64Range(0, 1e9).Draw(t, "pairs"), rapid.Int64Range(0, 1e12).Draw(t, "tokens"), "H100",
			models.Int(rapid.Int64Range(1, 8).Draw(t, "gpus")), models.Int(rapid.Int64Range(1, 64).Draw(t, "batch")), models.Int(rapid.Int64Range(1, 20).Draw(t, "epochs")))
		got, err := e.Estimate()
		if err != nil {
			t.Fatal(err)
		}
		if got.Hours <= 0 || got.TotalSteps < got.StepsPerEpoch || got.Total.Cmp(got.Storage) < 0 {
			t.Fatalf("%+v", got)
		}
		more := e
		more.Epochs++
		next, err := more.Estimate()
		if err != nil || next.Hours <= got.Hours || next.Total.Cmp(got.Total) < 0 {
			t.Fatalf("one more epoch: %+v then %+v, %v", got, next, err)
		}
	})
}

func TestEstimateRefuses(t *testing.T) {
	for _, e := range []models.EstimateInput{
		{}, {BatchSize: 1, Epochs: 1, GPUs: 1}, {BatchSize: 0, Epochs: 1, GPUs: 1, Throughput: 1},
		{BatchSize: 1, Epochs: 1, GPUs: 1, Throughput: math.NaN()}, {BatchSize: 1, Epochs: -1, GPUs: 1, Throughput: 1},
		{BatchSize: 1, Epochs: 1, GPUs: 1, Throughput: 1, Pairs: models.Ptr(models.Int(math.MaxInt64))},
	} {
		if got, err := e.Estimate(); models.CodeOf(err) != models.CodeInvalid {
			t.Errorf("%+v gave %+v, %v", e, got, err)
		}
	}
}

func TestCheckLaunch(t *testing.T) {
	p, _ := models.FindPreset(models.Presets(), "balanced")
	g := models.GPUConfig{Type: "H100", Count: models.Ptr(models.Int(1))}
	for _, p := range models.Presets() {
		for _, problem := range models.CheckLaunch(p.Hyperparameters, g) {
			if problem.Hard {
				t.Errorf("preset %s: %s", p.ID, problem.Text)
			}
		}
	}
	h := p.Hyperparameters
	h.LearningRate, h.Rank, h.BatchSize = models.Ptr(models.F64(5e-4)), models.Ptr(models.Int(2)), nil
	h.Alpha = models.Ptr(models.F64(math.NaN()))
	hard := map[string]bool{}
	for _, problem := range models.CheckLaunch(h, models.GPUConfig{}) {
		hard[problem.Field] = problem.Hard
	}
	want := map[string]bool{"learning_rate": false, "rank": true, "batch_size": true, "alpha": true, "gpu_count": true, "gpu_type": true}
	for field, isHard := range want {
		if got, ok := hard[field]; !ok || got != isHard {
			t.Errorf("%s: hard %v, found %v; want %v", field, got, ok, isHard)
		}
	}
	if len(hard) != len(want) {
		t.Errorf("problems %v", hard)
	}
}

func job(status models.JobStatus, started time.Time) models.Job {
	return models.Job{
		ID: "j", Status: status, StartedAt: models.At(started), CreatedAt: models.At(started), UpdatedAt: models.At(started),
		GPU: models.GPUConfig{Type: "H100", Count: models.Ptr(models.Int(2))},
	}
}

func TestForecast(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	j := job(models.JobRunning, now.Add(-time.Hour))
	if _, ok := models.ForecastJob(j, models.GPUs(), now); ok {
		t.Error("forecast without progress")
	}
	j.Progress = models.Ptr(models.F64(25))
	f, ok := models.ForecastJob(j, models.GPUs(), now)
	if !ok || f.Left != 3*time.Hour || !f.Finish.Equal(now.Add(3*time.Hour)) || f.Cost.String() != "33.60" { // 4 h × 2 × 4.20
		t.Errorf("%+v %v cost %v", f, ok, f.Cost)
	}
	for _, odd := range []float64{math.NaN(), math.Inf(1), -3} {
		j.Progress = models.Ptr(models.F64(odd))
		if f, ok := models.ForecastJob(j, models.GPUs(), now); ok {
			t.Errorf("progress %v gave %+v", odd, f)
		}
	}
}

func TestSpend(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	final, current := models.Dollars(700), models.Dollars(300)
	for _, c := range []struct {
		name    string
		change  func(*models.Job)
		want    string
		derived bool
	}{
		{"final", func(j *models.Job) { j.FinalCost, j.CurrentCost = &final, &current }, "7.00", false},
		{"current", func(j *models.Job) { j.CurrentCost = &current }, "3.00", false},
		{"null costs", func(*models.Job) {}, "8.40", true},
		{"own price", func(j *models.Job) { j.GPU.CostPerGPUHour = models.Ptr(models.Dollars(100)) }, "2.00", true},
		{"ended", func(j *models.Job) { j.Status, j.CompletedAt = models.JobFailed, models.At(now.Add(-30*time.Minute)) }, "4.20", true},
		{"never started", func(j *models.Job) { j.StartedAt = models.Time{} }, "0.00", false},
	} {
		j := job(models.JobRunning, now.Add(-time.Hour))
		c.change(&j)
		m, derived, ok := models.Spend(j, models.GPUs(), now)
		if !ok || m.String() != c.want || derived != c.derived {
			t.Errorf("%s: %s derived %v ok %v; want %s %v", c.name, m, derived, ok, c.want, c.derived)
		}
	}
	j := job(models.JobRunning, now.Add(-time.Hour))
	j.GPU.Type = "abacus"
	if _, _, ok := models.Spend(j, models.GPUs(), now); ok {
		t.Error("a price was made up")
	}
}

func TestDiagnose(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status models.JobStatus
		age    time.Duration
		stuck  bool
	}{
		{models.JobQueued, time.Minute, false}, {models.JobQueued, 9 * time.Minute, true},
		{models.JobInitializing, 11 * time.Minute, true}, {models.JobRunning, 29 * time.Minute, false},
		{models.JobRunning, 31 * time.Minute, true}, {models.JobCompleted, time.Hour, true},
		{models.JobFailed, time.Hour, false}, {"paused", time.Hour, false},
	} {
		j := job(c.status, now.Add(-c.age))
		j.QueuedAt = j.CreatedAt
		d := models.DiagnoseJob(j, now)
		if (d != nil) != c.stuck || d != nil && (d.Age != c.age || d.Text == "" || d.Hint == "") {
			t.Errorf("%s for %s: %+v", c.status, c.age, d)
		}
	}
	d := models.Dataset{Status: models.DatasetValidating, UpdatedAt: models.At(now.Add(-time.Hour))}
	if models.DiagnoseDataset(d, now) == nil {
		t.Error("validating for an hour is stuck")
	}
	d.Status = models.DatasetReady
	if models.DiagnoseDataset(d, now) != nil {
		t.Error("ready is not stuck")
	}
}

func TestErrorHint(t *testing.T) {
	for _, m := range []string{
		"GPU Out of Memory: tried to allocate 2 GiB. Try reducing batch_size or lora_rank.", "Training instability (NaN): loss",
		"Dataset loading failed - invalid format or empty file", "GPU cluster submission failed: 404", "Validation error: Missing hyperparameter: rank",
		"Failed to generate dataset signed URL from bucket: x", "Job failed on GPU cluster", "Download failed: 403", "Repo id must be in the form 'a/b'",
	} {
		if models.ErrorHint(m) == "" {
			t.Errorf("no hint for %q", m)
		}
	}
	if h := models.ErrorHint("the cat sat on it"); h != "" {
		t.Errorf("made up %q", h)
	}
}
