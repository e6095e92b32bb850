package seed

import (
	"fmt"
	"math"
	"time"

	"github.com/loratop/loratop/models"
)

// job is a spec with its row and history.
type job struct {
	jobSpec
	id      string
	data    dataset
	started time.Time // zero: never
	ended   time.Time // of the run, or the last news
	cents   int64     // spent
	points  []point
	row     row
}

func makeJobs(datasets []dataset, now time.Time) ([]job, error) {
	var out []job
	for _, spec := range jobSpecs() {
		data, err := findDataset(datasets, spec.dataset)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", spec.key, err)
		}
		out = append(out, makeJob(spec, data, now))
	}
	return out, nil
}

func makeJob(spec jobSpec, data dataset, now time.Time) job {
	j := job{jobSpec: spec, id: uuidOf("job", spec.key), data: data}
	queued := now.Add(-spec.queued)
	if spec.ran > 0 {
		j.started = queued.Add(spec.wait)
		j.ended = j.started.Add(spec.ran)
		j.cents = int64(math.Round(float64(spec.hourly) * spec.ran.Hours()))
	}
	if spec.curve != nil {
		j.points = spec.curve.points(spec.key, j.started.Add(90*time.Second), spec.ran-2*time.Minute) // a cold start first
	}
	j.row = row{
		"id": j.id, "user_id": j.owner, "dataset_id": data.id, "preset_id": j.preset,
		"hyperparameters": j.hyper, "gpu_config": j.gpu, "status": j.status, "current_stage": j.stage, "progress": j.progress,
		"current_epoch": 0, "total_epochs": j.epochs, "current_step": 0, "total_steps": j.steps, "current_metrics": row{},
		"queued_at": queued, "started_at": nilIfZero(j.started), "completed_at": j.completedAt(queued), "estimated_completion_at": nil,
		"current_cost": money(j.cents), "estimated_total_cost": money(j.estimate), "final_cost": nil,
		"error_message": nilIfEmpty(j.message), "error_stack": nilIfEmpty(j.stack), "retry_count": 0,
		"external_job_id": nilIfEmpty(j.external), "artifact_id": nil, "created_at": queued, "updated_at": j.updatedAt(queued),
	}
	j.setProgress()
	j.setCosts()
	return j
}

// completedAt is null for what goes on, and for what failed at submission.
func (j job) completedAt(queued time.Time) any {
	if j.open || j.status.Live() {
		return nil
	}
	if j.ended.IsZero() {
		return queued.Add(3 * time.Minute) // cancelled while it waited
	}
	return j.ended
}

func (j job) updatedAt(queued time.Time) time.Time {
	if !j.ended.IsZero() {
		return j.ended
	}
	if j.status == models.JobQueued {
		return queued
	}
	return queued.Add(3 * time.Minute)
}

// setProgress copies the last point into the row, as the platform does.
func (j job) setProgress() {
	if len(j.points) == 0 {
		return
	}
	last := j.points[len(j.points)-1]
	j.row["current_epoch"], j.row["current_step"] = last.epoch+1, last.step
	metrics := row{
		"training_loss": number(last.train), "validation_loss": nil, "learning_rate": last.rate,
		"throughput": math.Round(last.speed*100) / 100, "gpu_utilization": math.Round(last.in*100) / 100,
	}
	for _, p := range j.points {
		if p.val != nil {
			metrics["validation_loss"] = number(*p.val)
		}
	}
	j.row["current_metrics"] = metrics
}

// setCosts: a row without prices ends with null costs, as the web's do.
func (j job) setCosts() {
	ran := !j.started.IsZero()
	if j.hourly == 0 && ran {
		j.row["current_cost"] = nil
		return
	}
	if j.status.Done() && !j.open {
		j.row["final_cost"] = money(j.cents)
	}
}

// number is a float for JSON, which has no NaN.
func number(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return models.F64(f)
	}
	return math.Round(f*1e6) / 1e6
}

// metricRows are the rows of metrics_points for CopyFrom, in the order of
// metricColumns.
func metricRows(jobs []job) [][]any {
	var out [][]any
	for _, j := range jobs {
		for i, p := range j.points {
			out = append(out, []any{
				uuidBytes("point", fmt.Sprint(j.key, i)), uuidBytes("job", j.key), p.at, p.epoch, p.step,
				p.train, p.val, p.rate, p.norm, p.speed, p.in,
			})
		}
	}
	return out
}

func metricColumns() []string {
	return []string{"id", "job_id", "timestamp", "epoch", "step", "training_loss", "validation_loss",
		"learning_rate", "gradient_norm", "throughput", "gpu_utilization"}
}
