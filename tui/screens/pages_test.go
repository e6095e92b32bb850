package screens

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

func sampleDataset() models.Dataset {
	d := readyDataset("ds1", "support chats", 1567, 313400)
	d.StorageBucket, d.StoragePath = "lora-datasets", "u/ds1/train.jsonl"
	d.CreatedAt = models.At(clock().Add(-48 * time.Hour))
	d.SampleData = json.RawMessage(`[{"conversation_id":"c1","turns":[{"role":"user","content":"Where do I start?"},{"role":"assistant","content":"With one list."}]}]`)
	return d
}

func TestDatasetPageShowsSamplesErrorsAndUses(t *testing.T) {
	d := sampleDataset()
	d.Status, d.TrainingReady = models.DatasetError, false
	d.ErrorMessage = models.Ptr("Found 1 validation error(s)")
	d.ValidationErrors = json.RawMessage(`[{"line":4,"error":"Missing conversation_id","suggestion":"Add one."}]`)
	b := &fakeBackend{
		dataset: func(string) (models.Dataset, error) { return d, nil },
		jobs: func(q models.ListQuery) (models.Page[models.Job], error) {
			if q.DatasetID != "ds1" {
				t.Errorf("asked for jobs of %q", q.DatasetID)
			}
			return models.Page[models.Job]{Items: []models.Job{{ID: "j1", Status: models.JobCompleted, PresetID: "balanced"}}}, nil
		},
		artifacts: func(models.ListQuery) (models.Page[models.Artifact], error) {
			return models.Page[models.Artifact]{Items: []models.Artifact{{ID: "a1", Name: "adapter", Status: models.ModelStored}}}, nil
		},
	}
	r := newRig(t, newDataset(b, Options{}), "ds1")
	r.h = 50
	r.see("Found 1 validation error(s)")
	r.see("line 4")
	r.see("Add one.")
	r.see("Where do I start?")
	r.see("With one list.")
	if r.action("dataset.launch").Why() == "" {
		t.Fatal("a failed dataset can be launched")
	}
	r.press("tab", "tab", "tab")
	r.see("1 job and 1 artifact")
	r.press("enter")
	r.asks(screen.GoMsg{Link: "artifact/a1"})
	r.press("down", "enter")
	r.asks(screen.GoMsg{Link: "job/j1"})
	r.press("p")
	r.asks(screen.CopyMsg{Label: "storage path", Text: "lora-datasets/u/ds1/train.jsonl"})
	r.w = 140
	r.see("line 4")
	r.see("1 job and 1 artifact")
}

func sampleArtifact() models.Artifact {
	return models.Artifact{
		ID: "a1", JobID: "j1", DatasetID: "ds1", Name: "support chats - 3/14/2026", Version: "1.0.0", Status: models.ModelStored,
		Quality: models.QualityMetrics{OverallScore: models.Ptr(models.F64(5)), ConvergenceQuality: "excellent",
			FinalValidationLoss: models.Ptr(models.F64(0.5)), Perplexity: models.Ptr(models.F64(1.6487)), LossReductionPercent: models.Ptr(models.F64(71))},
		Files: models.ArtifactFiles{
			{Label: "adapter_config.json", Path: "u/a1/adapter_config.json", Size: models.Ptr(models.Int(512))},
			{Label: "adapter_model.safetensors", Path: "u/a1/adapter_model.safetensors"},
		},
		Dataset: &models.DatasetRef{ID: "ds1", Name: "support chats"},
		Job:     &models.JobRef{ID: "j1", PresetID: "balanced", Status: models.JobCompleted, FinalCost: models.Ptr(models.Dollars(276))},
	}
}

func TestArtifactDownloadsAllWithProgress(t *testing.T) {
	step := make(chan struct{})
	b := &fakeBackend{
		artifact: func(string) (models.Artifact, error) { return sampleArtifact(), nil },
		download: func(ctx context.Context, d models.Download, p func(models.Progress)) (models.Downloaded, error) {
			p(models.Progress{Done: 250, Total: 1000})
			select {
			case <-step:
			case <-ctx.Done():
				return models.Downloaded{}, ctx.Err()
			}
			return models.Downloaded{Path: d.Dest, Bytes: 1000, SHA256: "abc123" + filepath.Ext(d.Dest)}, nil
		},
	}
	r := newRig(t, newArtifact(b, Options{DownloadDir: "/tmp/out"}), "a1")
	r.see("5.0/5 excellent")
	r.see("2 files")
	r.press("D")
	r.see("25%")
	r.see("waiting")
	if p, ok := r.s.(screen.Progresser).Progress(); !ok || p != 25 {
		t.Fatalf("progress %d %v", p, ok)
	}
	if r.s.(screen.Busy).Busy() == "" {
		t.Fatal("quitting would not ask")
	}
	step <- struct{}{}
	r.see("/tmp/out/a1/adapter_config.json")
	r.see("sha256 abc123.json")
	r.see("25%")
	r.press("x")
	r.see("stopped")
	if r.s.(screen.Busy).Busy() != "" {
		t.Fatal("still busy")
	}
	r.press("down", "d")
	r.see("25%")
	step <- struct{}{}
	r.see("adapter_model.safetensors")
	r.see("sha256 abc123.safetensors")
	r.toast("adapter_model.safetensors")
	r.press("J")
	r.asks(screen.GoMsg{Link: "job/j1"})
	r.press("T")
	r.asks(screen.GoMsg{Link: "dataset/ds1"})
}

func TestArtifactDownloadFailsPlainly(t *testing.T) {
	b := &fakeBackend{
		artifact: func(string) (models.Artifact, error) { return sampleArtifact(), nil },
		download: func(context.Context, models.Download, func(models.Progress)) (models.Downloaded, error) {
			return models.Downloaded{}, &models.Error{Code: models.CodeNotFound, Op: "download", Msg: "the file is not in storage", Hint: "Ask who runs it."}
		},
	}
	r := newRig(t, newArtifact(b, Options{DownloadDir: "/tmp/out"}), "a1")
	r.see("2 files")
	r.press("d")
	r.toast("the file is not in storage")
	r.see("failed")
	r.see("Ask who runs it.")
	b.download = func(context.Context, models.Download, func(models.Progress)) (models.Downloaded, error) {
		panic("boom")
	}
	r.press("d")
	r.see("internal error")
}

func TestArtifactSavesToTheWorkingFolderByDefault(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dest := make(chan string, 1)
	b := &fakeBackend{
		artifact: func(string) (models.Artifact, error) { return sampleArtifact(), nil },
		download: func(_ context.Context, d models.Download, _ func(models.Progress)) (models.Downloaded, error) {
			dest <- d.Dest
			return models.Downloaded{Path: d.Dest}, nil
		},
	}
	r := newRig(t, newArtifact(b, Options{}), "a1")
	r.see("2 files")
	r.press("d")
	r.toast("Saved")
	if got, want := <-dest, filepath.Join(here, "a1", "adapter_config.json"); got != want {
		t.Fatalf("saved to %q, want %q", got, want)
	}
}

func TestLocalNamesStayInTheFolder(t *testing.T) {
	files := models.ArtifactFiles{
		{Label: "a", Path: "u/a1/x.bin"}, {Label: "b", Path: "u/other/x.bin"}, {Label: "c", Path: "u/a1/X.bin"},
		{Label: "d", Path: "u/a1/.."}, {Label: "..", Path: ".."}, {Label: "e", Path: `u/a1/..\..\evil`},
		{Label: "f", Path: "u/a1/\x1b[2Jn\x00me"}, {Label: "g", Path: "u/" + strings.Repeat("ü", 300)},
	}
	seen := map[string]bool{}
	for i, name := range localNames(files) {
		low := strings.ToLower(name)
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00\x1b") || seen[low] || len(name) > 210 {
			t.Errorf("%q becomes %q", files[i].Path, name)
		}
		seen[low] = true
	}
}

func costBackend() *fakeBackend {
	now := clock()
	jobs := []models.Job{
		{ID: "j1", Status: models.JobCompleted, FinalCost: models.Ptr(models.Dollars(276)), Dataset: &models.DatasetRef{Name: "support chats"}, CreatedAt: models.At(now.Add(-3 * time.Hour)), CompletedAt: models.At(now.Add(-2 * time.Hour))},
		{ID: "j2", Status: models.JobFailed, CurrentCost: models.Ptr(models.Dollars(150)), Dataset: &models.DatasetRef{Name: "poems"}, CreatedAt: models.At(now.Add(-5 * time.Hour)), CompletedAt: models.At(now.Add(-4 * time.Hour))},
	}
	records := []models.CostRecord{
		{ID: "c1", JobID: models.Ptr("j1"), Type: models.CostTrainingCompute, Amount: models.Ptr(models.Dollars(276)), RecordedAt: models.At(now.Add(-2 * time.Hour)), BillingPeriod: models.At(now.Truncate(24 * time.Hour))},
		{ID: "c2", Type: models.CostStorage, Amount: models.Ptr(models.Dollars(500)), RecordedAt: models.At(now.AddDate(0, -2, 0)), BillingPeriod: models.At(now.AddDate(0, -2, 0))},
	}
	return &fakeBackend{costs: func(from models.Time) (models.CostData, error) {
		d := models.CostData{Jobs: jobs}
		for _, r := range records {
			if !r.RecordedAt.Before(from.Time) {
				d.Records = append(d.Records, r)
			}
		}
		return d, nil
	}}
}

func TestCostsTellRecordedFromDerived(t *testing.T) {
	o := testOptions()
	o.Budget = models.Ptr(models.Dollars(1000))
	r := newRig(t, newCosts(costBackend(), o))
	r.see("last 90 days: ~$9.26")
	r.see("January 2026")
	for range 3 { // 365 days, all time, this month
		r.press("p")
	}
	r.see("this month: ~$4.26")
	r.see("$2.76 recorded")
	r.see("~$1.50")
	r.see("derived")
	r.see("$4.26 of $10.00 (43%), $5.74 left")
	r.press("b")
	r.see("By type")
	r.see("training compute")
	r.press("b")
	r.see("By job")
	r.see("poems")
	for range 3 { // 7, 30, 90 days
		r.press("p")
	}
	r.see("last 90 days: ~$9.26")
	r.see("$5.74 left") // the budget is of the month whatever the period
	r.run(r.s.(screen.Filterer).Filter("POEM"))
	r.see("1 of 3 records match")
	r.press("enter")
	r.asks(screen.GoMsg{Link: "job/j2"})
}

func TestCostsEmptyAndFailing(t *testing.T) {
	r := newRig(t, newCosts(&fakeBackend{}, testOptions()))
	r.see("Nothing was spent")
	b := &fakeBackend{costs: func(models.Time) (models.CostData, error) {
		return models.CostData{}, &models.Error{Code: models.CodeForbidden, Msg: "not permitted"}
	}}
	r = newRig(t, newCosts(b, testOptions()))
	r.see("not permitted")
}
