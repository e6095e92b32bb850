package cmd

import (
	"encoding/json"
	"math"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	dsID  = "11111111-1111-4111-8111-111111111111"
	jobID = "22222222-2222-4222-8222-222222222222"
	artID = "33333333-3333-4333-8333-333333333333"
	evil  = "chats\x1b]52;c;aGk=\x07\x1b[2J\u202eevil"
)

func at(minutes int) models.Time {
	return models.At(noon().Add(time.Duration(minutes) * time.Minute))
}

func hyper() models.Hyperparameters {
	p, _ := models.FindPreset(models.Presets(), "balanced")
	return p.Hyperparameters
}

// sample is a small project with awkward values: NaN, nulls, control characters.
func sample() *fake {
	money := func(s string) *models.Money { m, _ := models.ParseMoney(s); return &m }
	ds := models.Dataset{
		ID: dsID, UserID: "u", Name: "support-chats", Format: models.FormatV4, Status: models.DatasetReady, TrainingReady: true,
		StorageBucket: "lora-datasets", StoragePath: "u/d/chats.jsonl", FileName: "chats.jsonl", FileSize: 12345,
		TotalTrainingPairs: models.Ptr(models.Int(1567)), TotalTokens: models.Ptr(models.Int(313400)), CreatedAt: at(-600), UpdatedAt: at(-500),
	}
	bad := models.Dataset{
		ID: "11111111-1111-4111-8111-111111111112", Name: evil, Status: models.DatasetError, CreatedAt: at(-700),
		ValidationErrors: json.RawMessage(`[{"line":2,"error":"Empty turns array","suggestion":"add turns"}]`),
	}
	job := models.Job{
		ID: jobID, UserID: "u", DatasetID: dsID, PresetID: "balanced", Hyperparameters: hyper(),
		GPU:    models.GPUConfig{Type: "H100", Count: models.Ptr(models.Int(2)), CostPerGPUHour: money("4.20")},
		Status: models.JobRunning, Stage: models.StageTraining, Progress: models.Ptr(models.F64(41.5)), TotalEpochs: 3,
		CurrentStep: models.Ptr(models.Int(120)), TotalSteps: models.Ptr(models.Int(300)),
		CurrentMetrics: models.CurrentMetrics{TrainingLoss: models.Ptr(models.F64(math.NaN()))},
		QueuedAt:       at(-40), StartedAt: at(-30), CurrentCost: money("1.234"), EstimatedTotalCost: money("5.00"), CreatedAt: at(-41), UpdatedAt: at(-1),
		Dataset: &models.DatasetRef{ID: dsID, Name: "support-chats"},
	}
	done := job
	done.ID, done.Status, done.Stage, done.CompletedAt, done.FinalCost = "22222222-2222-4222-8222-222222222223", models.JobCompleted, models.StageCompleted, at(-5), money("3.5")
	failed := job
	failed.ID, failed.Status, failed.ErrorMessage, failed.CurrentCost, failed.CompletedAt = "22222222-2222-4222-8222-222222222224", models.JobFailed, models.Ptr("CUDA out of memory"), nil, at(-15)
	art := models.Artifact{
		ID: artID, JobID: done.ID, DatasetID: dsID, Name: "support-chats - 3/14/2026", Version: "1.0.0", Status: models.ModelStored, CreatedAt: at(-4),
		Quality: models.QualityMetrics{OverallScore: models.Ptr(models.F64(4)), ConvergenceQuality: "good", Perplexity: models.Ptr(models.F64(math.Inf(1)))},
		Files:   models.ArtifactFiles{{Label: "adapter_config.json", Path: "u/a/adapter_config.json"}, {Label: "adapter_model.safetensors", Path: "u/a/adapter_model.safetensors"}},
		Dataset: &models.DatasetRef{ID: dsID, Name: "support-chats"},
	}
	f := &fake{
		session:  models.Session{UserID: "u", Email: "alice@example.com", ExpiresAt: noon().Add(time.Hour), AAL: "aal1"},
		datasets: []models.Dataset{ds, bad}, jobs: []models.Job{job, done, failed}, artifacts: []models.Artifact{art},
		notifications: []models.Notification{{
			ID: "n1", Type: models.NotifyJobCompleted, Title: "Training Complete", Message: "two\nlines", Priority: models.PriorityHigh,
			ActionURL: models.Ptr("/training/jobs/" + done.ID), CreatedAt: at(-5),
		}},
		costs:  models.CostData{Jobs: []models.Job{job, done, failed}, Records: []models.CostRecord{{ID: "c1", JobID: models.Ptr(done.ID), Type: models.CostTrainingCompute, Amount: money("3.5"), BillingPeriod: at(-5), RecordedAt: at(-5)}}},
		points: map[string][]models.MetricsPoint{},
	}
	for _, j := range f.jobs {
		for i := range 3 {
			f.points[j.ID] = append(f.points[j.ID], point(j.ID, i))
		}
	}
	return f
}

func point(job string, i int) models.MetricsPoint {
	loss := models.F64(2 - float64(i)/10)
	if i == 1 {
		loss = models.F64(math.NaN())
	}
	return models.MetricsPoint{
		ID: job[len(job)-3:] + string(rune('a'+i)), JobID: job, Timestamp: models.At(noon().Add(time.Duration(i) * time.Second)), Epoch: 1, Step: models.Int(i * 10),
		TrainingLoss: &loss, LearningRate: models.Ptr(models.F64(1e-4)),
	}
}
