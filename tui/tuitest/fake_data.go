package tuitest

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/loratop/loratop/models"
)

// NewFake makes a signed-in backend with some of everything: datasets of each
// status, a job of each status with its points, an artifact, costs and
// notifications. All times are relative to now; the same now gives the same.
func NewFake(now time.Time) *Fake {
	f := &Fake{
		Conn:   models.Connection{Profile: "test", URL: "http://127.0.0.1:54321"},
		User:   &models.Session{UserID: "user-alice", Email: "alice@example.com", AAL: "aal1"},
		Points: map[string][]models.MetricsPoint{},
	}
	f.DatasetRows = sampleDatasets(now)
	f.JobRows = sampleJobs(now, f.DatasetRows)
	for _, j := range f.JobRows {
		if j.CurrentStep != nil && *j.CurrentStep > 0 {
			f.Points[j.ID] = SamplePoints(j.ID, int(*j.CurrentStep), j.StartedAt.Time)
		}
	}
	f.ArtifactRows = sampleArtifacts(now, f.JobRows)
	f.CostRows = sampleCosts(now, f.JobRows)
	f.NotificationRows = sampleNotifications(now, f.JobRows)
	return f
}

func ptr[T any](v T) *T { return &v }

func sampleDatasets(now time.Time) []models.Dataset {
	names := []struct {
		name   string
		status models.DatasetStatus
		pairs  models.Int
	}{
		{"support-conversations", models.DatasetReady, 12480},
		{"contract-clauses", models.DatasetReady, 830},
		{"marketing-persona", models.DatasetValidating, 0},
		{"clinic-notes-de", models.DatasetError, 0},
		{"fresh-upload", models.DatasetUploading, 0},
	}
	samples := json.RawMessage(`[{"messages":[{"role":"system","content":"You are a patient support agent."},{"role":"user","content":"My invoice is wrong."},{"role":"assistant","content":"I am sorry to hear that. Which line of it?"}]}]`)
	var out []models.Dataset
	for i, n := range names {
		at := models.At(now.Add(-time.Duration(i*i+1) * time.Hour))
		d := models.Dataset{
			ID: fmt.Sprintf("d0000000-0000-4000-8000-%012d", i+1), UserID: "user-alice", Name: n.name,
			Format: models.FormatV4, Status: n.status, StorageBucket: "lora-datasets",
			StoragePath: "user-alice/" + n.name + ".jsonl", FileName: n.name + ".jsonl",
			FileSize: models.Int(1_234_567 * (i + 1)), CreatedAt: at, UpdatedAt: at,
		}
		if n.status == models.DatasetReady {
			d.TrainingReady, d.ValidatedAt, d.SampleData = true, at, samples
			d.TotalTrainingPairs, d.TotalValidationPairs = ptr(n.pairs), ptr(n.pairs/10)
			d.TotalTokens = ptr(n.pairs * 310)
			d.AvgTurnsPerConversation, d.AvgTokensPerTurn = ptr(models.F64(4.2)), ptr(models.F64(73.5))
		}
		if n.status == models.DatasetError {
			d.ErrorMessage = ptr("3 lines could not be read")
			d.ValidationErrors = json.RawMessage(`[{"line":7,"error":"no assistant turn","suggestion":"end each conversation with the assistant"}]`)
		}
		out = append(out, d)
	}
	return out
}

func sampleJobs(now time.Time, ds []models.Dataset) []models.Job {
	states := []struct {
		status models.JobStatus
		stage  models.JobStage
		step   models.Int
	}{
		{models.JobRunning, models.StageTraining, 420},
		{models.JobQueued, models.StageQueued, 0},
		{models.JobInitializing, models.StageInitializing, 0},
		{models.JobCompleted, models.StageCompleted, 1000},
		{models.JobFailed, models.StageTraining, 137},
		{models.JobCancelled, models.StageTraining, 250},
	}
	var out []models.Job
	for i, st := range states {
		at := models.At(now.Add(-time.Duration(i+1) * 40 * time.Minute))
		rate := models.Dollars(389)
		j := models.Job{
			ID: fmt.Sprintf("a0000000-0000-4000-8000-%012d", i+1), UserID: "user-alice",
			DatasetID: ds[i%2].ID, Dataset: refOf(ds[i%2]), PresetID: "balanced",
			Status: st.status, Stage: st.stage, TotalEpochs: 3, TotalSteps: ptr(models.Int(1000)),
			CurrentStep: ptr(st.step), CurrentEpoch: ptr(1 + st.step/334), Progress: ptr(models.F64(st.step) / 10),
			QueuedAt: at, CreatedAt: at, UpdatedAt: models.At(now), RetryCount: ptr(models.Int(0)),
			CurrentCost: ptr(models.Dollars(int64(st.step) * 2)), EstimatedTotalCost: ptr(models.Dollars(2140)),
			GPU: models.GPUConfig{Type: "A100-80GB", Count: ptr(models.Int(1)), CostPerGPUHour: &rate},
			Hyperparameters: models.Hyperparameters{
				BaseModel: models.DefaultBaseModel, LearningRate: ptr(models.F64(2e-4)), BatchSize: ptr(models.Int(4)),
				Epochs: ptr(models.Int(3)), Rank: ptr(models.Int(16)), Alpha: ptr(models.F64(32)), Dropout: ptr(models.F64(0.05)),
			},
		}
		if st.step > 0 {
			j.StartedAt = models.At(at.Add(2 * time.Minute))
			j.CurrentMetrics = models.CurrentMetrics{
				TrainingLoss: ptr(models.F64(lossAt(int(st.step)))), LearningRate: ptr(models.F64(1.4e-4)),
				Throughput: ptr(models.F64(2150)), GPUUtilization: ptr(models.F64(93)),
			}
		}
		if st.status.Done() {
			j.CompletedAt, j.FinalCost = models.At(at.Add(30*time.Minute)), j.CurrentCost
		}
		if st.status == models.JobFailed {
			j.ErrorMessage, j.ErrorStack = ptr("CUDA out of memory"), ptr("Traceback (most recent call last):\n  File \"train.py\", line 88\nRuntimeError: CUDA out of memory")
		}
		if st.status == models.JobCompleted {
			j.ArtifactID = ptr("b0000000-0000-4000-8000-000000000001")
		}
		out = append(out, j)
	}
	return out
}

func lossAt(step int) float64 {
	return 0.6 + 1.9*math.Exp(-float64(step)/220) + 0.05*math.Sin(float64(step)*1.7)
}

// SamplePoints are n points of a loss that falls, one every two seconds since
// start, with a validation loss every 50.
func SamplePoints(jobID string, n int, start time.Time) []models.MetricsPoint {
	out := make([]models.MetricsPoint, n)
	for i := range out {
		p := &out[i]
		*p = models.MetricsPoint{
			ID: fmt.Sprintf("c0000000-0000-4000-8000-%012d", i+1), JobID: jobID,
			Timestamp: models.At(start.Add(time.Duration(i) * 2 * time.Second)),
			Epoch:     models.Int(1 + i/334), Step: models.Int(i + 1),
			TrainingLoss: ptr(models.F64(lossAt(i))), LearningRate: ptr(models.F64(2e-4 * (1 - float64(i)/1200))),
			GradientNorm: ptr(models.F64(1 + 0.3*math.Cos(float64(i)))),
			Throughput:   ptr(models.F64(2100 + 60*math.Sin(float64(i)/9))), GPUUtilization: ptr(models.F64(92)),
		}
		if i%50 == 49 {
			p.ValidationLoss = ptr(models.F64(lossAt(i) + 0.12))
		}
	}
	return out
}

func sampleArtifacts(now time.Time, jobs []models.Job) []models.Artifact {
	j := jobs[3]
	return []models.Artifact{{
		ID: *j.ArtifactID, UserID: j.UserID, JobID: j.ID, DatasetID: j.DatasetID,
		Name: "contract-clauses-lora", Status: models.ModelStored, CreatedAt: models.At(now.Add(-30 * time.Minute)),
		Quality: models.QualityMetrics{
			OverallScore: ptr(models.F64(4.2)), ConvergenceQuality: "good", FinalTrainingLoss: ptr(models.F64(0.62)),
			FinalValidationLoss: ptr(models.F64(0.74)), Perplexity: ptr(models.F64(2.1)), LossReductionPercent: ptr(models.F64(74)),
		},
		Summary: models.TrainingSummary{
			Epochs: ptr(models.Int(3)), TotalSteps: ptr(models.Int(1000)), FinalLoss: ptr(models.F64(0.62)),
			DurationSeconds: ptr(models.F64(1800)), GPUType: "A100-80GB", TotalCost: ptr(models.Dollars(2000)),
		},
		Configuration: models.Configuration{PresetID: "balanced", Hyperparameters: j.Hyperparameters, GPU: j.GPU},
		Files: models.ArtifactFiles{
			{Label: "adapter_config.json", Path: "user-alice/" + j.ID + "/adapter_config.json", Size: ptr(models.Int(612))},
			{Label: "adapter_model.safetensors", Path: "user-alice/" + j.ID + "/adapter_model.safetensors", Size: ptr(models.Int(16_801_234))},
		},
		Dataset: j.Dataset,
		Job:     &models.JobRef{ID: j.ID, PresetID: j.PresetID, Status: j.Status, Hyperparameters: j.Hyperparameters, GPU: j.GPU, StartedAt: j.StartedAt, CompletedAt: j.CompletedAt, FinalCost: j.FinalCost},
	}}
}

func sampleCosts(now time.Time, jobs []models.Job) []models.CostRecord {
	var out []models.CostRecord
	for i, cents := range []int64{2000, 274, 500, 35} {
		at := models.At(now.Add(-time.Duration(i) * 9 * 24 * time.Hour))
		kind := models.CostTrainingCompute
		if i == 3 {
			kind = models.CostStorage
		}
		out = append(out, models.CostRecord{
			ID: fmt.Sprintf("e0000000-0000-4000-8000-%012d", i+1), UserID: "user-alice", JobID: &jobs[3+i%3].ID,
			Type: kind, Amount: ptr(models.Dollars(cents)), BillingPeriod: at, RecordedAt: at,
			Details: models.CostDetails{GPUType: "A100-80GB", GPUCount: ptr(models.Int(1)), DurationHours: ptr(models.F64(0.5))},
		})
	}
	return out
}

func sampleNotifications(now time.Time, jobs []models.Job) []models.Notification {
	var out []models.Notification
	for i, n := range []struct {
		kind  models.NotificationType
		title string
		prio  models.Priority
		read  bool
	}{
		{models.NotifyJobCompleted, "Training completed", models.PriorityHigh, false},
		{models.NotifyJobFailed, "Training failed", models.PriorityCritical, false},
		{models.NotifyDatasetReady, "Dataset is ready", models.PriorityLow, true},
	} {
		url := "/training/jobs/" + jobs[3+i%2].ID
		out = append(out, models.Notification{
			ID: fmt.Sprintf("f0000000-0000-4000-8000-%012d", i+1), UserID: "user-alice", Type: n.kind,
			Title: n.title, Message: "Something happened to it.", Priority: n.prio, Read: n.read,
			ActionURL: &url, CreatedAt: models.At(now.Add(-time.Duration(i+1) * 20 * time.Minute)),
		})
	}
	return out
}
