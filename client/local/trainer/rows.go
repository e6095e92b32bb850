package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/trainer/lora"
	"github.com/loratop/loratop/models"
)

// mine is the condition of every write: a job that the user cancelled, or that
// another trainer took over, is not touched.
const mine = ` WHERE id = $1 AND external_job_id = $2 AND status IN ('initializing', 'running')`

// own runs one conditional update and what belongs to it.
func (t *Trainer) own(ctx context.Context, j *job, set string, args []any, more ...func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, t.o.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE training_jobs SET `+set+mine, append([]any{j.id, j.external}, args...)...)
		if err != nil {
			return fmt.Errorf("write job: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return errGone
		}
		for _, f := range more {
			if err := f(tx); err != nil {
				return err
			}
		}
		return nil
	})
	j.looked = time.Now()
	return err
}

// submit makes the job running. As on the platform, its clock starts now, in
// the queue of the GPUs.
func (t *Trainer) submit(ctx context.Context, j *job) error {
	j.started = time.Now()
	return t.own(ctx, j, `status = 'running', current_stage = 'queued_on_gpu', started_at = $3`, []any{t.now()}, func(tx pgx.Tx) error {
		return t.notify(ctx, tx, j, note{kind: models.NotifyJobStarted, priority: models.PriorityMedium, title: "Training Started",
			text: fmt.Sprintf("Training on %s has started on %s.", j.dataset, j.gpus()), meta: map[string]any{"job_id": j.id}})
	})
}

func (t *Trainer) stage(ctx context.Context, j *job, s models.JobStage, totalSteps int) error {
	return t.own(ctx, j, `current_stage = $3, total_steps = $4, current_cost = coalesce($5::numeric, current_cost)`, []any{string(s), totalSteps, t.cost(j)})
}

// hours is the GPU time that the job is billed for so far, by the demo's clock.
func (t *Trainer) hours(j *job) float64 {
	if j.started.IsZero() {
		return 0
	}
	return time.Since(j.started).Hours() * t.o.Speed * DemoClock
}

// cost so far, for a numeric(10,2); nil when nobody knows the price.
func (t *Trainer) cost(j *job) *string { return amount(t.money(j)) }

// amount is m as text for a numeric column, nil for null.
func amount(m *models.Money) *string {
	if m == nil {
		return nil
	}
	s := m.String()
	return &s
}

func (t *Trainer) money(j *job) *models.Money {
	if j.rate == nil {
		return nil
	}
	m := j.rate.Cost(t.hours(j)).Round()
	if most := models.Dollars(99_999_999_99); m.Cmp(most) > 0 {
		m = most
	}
	return &m
}

// gpus is "2 × A100-80GB".
func (j *job) gpus() string {
	n := 1
	if j.gpu.Count != nil {
		n = int(*j.gpu.Count)
	}
	name := j.gpu.Type
	if name == "" {
		name = "GPU"
	}
	return fmt.Sprintf("%d × %s", n, name)
}

// reading is a point of the curves.
type reading struct {
	step                    lora.Step
	total                   int
	loss                    float64
	validation              *float64 // of this point
	latest                  *float64 // of any point so far
	throughput, utilization float64
}

// point adds a row of metrics and brings the job's own row up to date.
func (t *Trainer) point(ctx context.Context, j *job, r reading) error {
	current, err := json.Marshal(models.CurrentMetrics{TrainingLoss: f64(r.loss), ValidationLoss: optional(r.latest), LearningRate: f64(r.step.LearningRate),
		GradientNorm: f64(r.step.GradNorm), Throughput: f64(round(r.throughput, 2)), GPUUtilization: f64(round(r.utilization, 2))})
	if err != nil {
		return fmt.Errorf("encode metrics: %w", err)
	}
	progress := min(100*float64(r.step.Step)/float64(r.total), 99.99)
	set := `progress = $3, current_epoch = $4, current_step = $5, current_metrics = $6, current_cost = coalesce($7::numeric, current_cost)`
	return t.own(ctx, j, set, []any{numeric(progress, 2, 100), r.step.Epoch, r.step.Step, current, t.cost(j)}, func(tx pgx.Tx) error {
		var validation *string
		if r.validation != nil {
			v := numeric(*r.validation, 6, lora.LossLimit)
			validation = &v
		}
		_, err := tx.Exec(ctx, `INSERT INTO metrics_points (job_id, timestamp, epoch, step, training_loss, validation_loss, learning_rate,
		    gradient_norm, throughput, gpu_utilization)
		  VALUES ($1, $2, $3, $4, $5::numeric, $6::numeric, $7::numeric, $8::numeric, $9::numeric, $10::numeric)`,
			j.id, t.now(), r.step.Epoch, r.step.Step, numeric(r.loss, 6, lora.LossLimit), validation, numeric(r.step.LearningRate, 10, 100),
			numeric(r.step.GradNorm, 6, 1e4), numeric(r.throughput, 2, 1e8), numeric(r.utilization, 2, 1e3))
		if err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
		return nil
	})
}

func f64(v float64) *models.F64 { return models.Ptr(models.F64(v)) }

func optional(v *float64) *models.F64 {
	if v == nil {
		return nil
	}
	return f64(*v)
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

// numeric is v as text for a numeric column with so many digits behind the
// point that holds values below limit. What is larger becomes the largest, and
// what is no number becomes NaN, which the column can hold where it cannot
// hold an infinity.
func numeric(v float64, digits int, limit float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "NaN"
	}
	most := limit - math.Pow10(-digits)
	return strconv.FormatFloat(max(min(v, most), -most), 'f', digits, 64)
}

// fail records the end of the job. A job that was never submitted has no end
// time and keeps its stage, as on the platform.
func (t *Trainer) fail(ctx context.Context, j *job, f failure) error {
	var stack *string
	if f.stack != "" {
		stack = &f.stack
	}
	set := `status = 'failed', error_message = $3, error_stack = $4`
	args := []any{f.text, stack}
	if !f.before {
		set += `, completed_at = $5, current_cost = coalesce($6::numeric, current_cost), final_cost = coalesce($6::numeric, current_cost)`
		args = append(args, t.now(), t.cost(j))
	}
	err := t.own(ctx, j, set, args, func(tx pgx.Tx) error {
		return t.notify(ctx, tx, j, note{kind: models.NotifyJobFailed, priority: models.PriorityHigh, title: "Training Failed",
			text: fmt.Sprintf("Training on %s failed: %s", j.dataset, f.text), meta: map[string]any{"job_id": j.id}})
	})
	if errors.Is(err, errGone) {
		return nil // cancelled in the same moment: that stands
	}
	return err
}

// note is a notification to the job's owner.
type note struct {
	kind        models.NotificationType
	priority    models.Priority
	title, text string
	url         string // "" = the job's
	meta        map[string]any
}

func (t *Trainer) notify(ctx context.Context, tx pgx.Tx, j *job, n note) error {
	if n.url == "" {
		n.url = "/training/jobs/" + j.id
	}
	_, err := tx.Exec(ctx, `INSERT INTO notifications (user_id, type, title, message, priority, action_url, metadata, created_at)
	  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, j.userID, string(n.kind), n.title, n.text, string(n.priority), n.url, n.meta, t.now())
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}
