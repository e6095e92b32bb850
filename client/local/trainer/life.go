package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/loratop/loratop/client/local/trainer/lora"
	"github.com/loratop/loratop/models"
)

// Pauses at speed 1, in place of what a cluster spends its time with.
const (
	pauseInit  = 1500 * time.Millisecond
	pauseQueue = 2 * time.Second
	pauseCheck = 1500 * time.Millisecond
	pauseSave  = 1500 * time.Millisecond
)

// life is the whole way of a job from claimed to completed.
func (t *Trainer) life(ctx context.Context, j *job) error {
	cfg, err := j.config()
	if err != nil {
		return err
	}
	if err := t.pause(ctx, j, pauseInit); err != nil {
		return err
	}
	file, err := t.o.Files.Open(ctx, j.bucket, j.path)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return failure{text: fmt.Sprintf("Failed to generate dataset signed URL from bucket: %s: %s", j.bucket, models.Clean(err.Error())), before: true}
	}
	defer func() { _ = file.Close() }()
	if err := t.submit(ctx, j); err != nil {
		return err
	}
	if err := t.pause(ctx, j, pauseQueue); err != nil {
		return err
	}
	data, err := lora.Read(file, cfg.Seed)
	if err != nil {
		f := failure{text: "Dataset loading failed - invalid format or empty file"}
		if !errors.Is(err, lora.ErrNoData) {
			f.stack = models.Clean(err.Error())
		}
		return f
	}
	return t.course(ctx, j, cfg, data)
}

// course trains, validates and saves.
func (t *Trainer) course(ctx context.Context, j *job, cfg lora.Config, data *lora.Dataset) error {
	total := lora.Steps(data.Train(), cfg.BatchSize) * cfg.Epochs
	c := &course{t: t, j: j, pace: newPace(t.o.Speed, total), total: total}
	cfg.Tokens = c.pace.tokens
	c.run = lora.NewRun(data, cfg)
	if err := t.stage(ctx, j, models.StageTraining, total); err != nil {
		return err
	}
	if err := c.train(ctx); err != nil {
		return err
	}
	if err := t.stage(ctx, j, models.StageValidating, total); err != nil {
		return err
	}
	c.validate()
	if err := t.pause(ctx, j, pauseCheck); err != nil {
		return err
	}
	if err := t.stage(ctx, j, models.StageSaving, total); err != nil {
		return err
	}
	if err := t.pause(ctx, j, pauseSave); err != nil {
		return err
	}
	return t.finish(ctx, j, c, cfg, data)
}

// course is a training on its way.
type course struct {
	t          *Trainer
	j          *job
	run        *lora.Run
	pace       *pace
	total      int
	points     int
	step       lora.Step
	firstLoss  float64 // of the first point
	lastLoss   float64 // of the newest one; both are means over their steps
	validation *float64
}

// validateEvery so many points the held-out text is looked at.
const validateEvery = 4

// train does all steps, tells every few of them, and keeps the pace.
func (c *course) train(ctx context.Context) error {
	m := meter{began: time.Now()}
	for n := 1; n <= c.total; n++ {
		begun := time.Now()
		c.step = c.run.Step()
		took := time.Since(begun)
		m.add(c.step, took)
		stable := c.step.Stable()
		if n%c.pace.every == 0 || n == c.total || !stable {
			begun = time.Now()
			if err := c.tell(ctx, m, stable); err != nil {
				return err
			}
			m = meter{began: begun}
		}
		if !stable {
			return c.lost()
		}
		rest := time.Now()
		if err := c.t.await(ctx, c.j, c.pace.wait(n, took, len(c.t.atWork()))); err != nil {
			return err
		}
		m.rested += time.Since(rest)
	}
	return nil
}

// lost is the failure of a run whose numbers left the range.
func (c *course) lost() error {
	s := c.step
	return failure{
		text: fmt.Sprintf("Training instability (NaN): loss %s, gradient norm %s at step %d of %d. Try a lower learning_rate.",
			short(s.Loss), short(s.GradNorm), s.Step, c.total),
		stack: fmt.Sprintf("lora.Run.Step: epoch %d, step %d\n  learning_rate %.3g, loss %s, gradient_norm %s",
			s.Epoch, s.Step, s.LearningRate, short(s.Loss), short(s.GradNorm)),
	}
}

func short(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return "Inf"
	default:
		return fmt.Sprintf("%.4g", v)
	}
}

func (c *course) validate() *float64 {
	v, ok := c.run.Validate()
	if !ok {
		return nil
	}
	c.validation = &v
	return &v
}

// meter gathers what happened since the last point.
type meter struct {
	began        time.Time
	busy, rested time.Duration
	tokens       int
	loss         float64
	steps        int
}

func (m *meter) add(s lora.Step, took time.Duration) {
	m.busy += took
	m.tokens += s.Tokens
	m.loss += s.Loss
	m.steps++
}

// utilization is the percentage of the time not spent resting that went into
// training proper; the rest is validation and writing. It stands for what a
// GPU would report.
func (m *meter) utilization() float64 {
	active := time.Since(m.began) - m.rested
	if active <= 0 {
		return 100
	}
	return min(100*m.busy.Seconds()/active.Seconds(), 100)
}

// tell writes a point and the job's row, and learns whether the job still is ours.
func (c *course) tell(ctx context.Context, m meter, stable bool) error {
	c.lastLoss = m.loss / float64(m.steps)
	if c.points == 0 {
		c.firstLoss = c.lastLoss
	}
	var v *float64
	if stable && (c.points%validateEvery == 0 || c.step.Step == c.total) {
		v = c.validate()
	}
	c.points++
	return c.t.point(ctx, c.j, reading{step: c.step, total: c.total, loss: c.lastLoss, validation: v, latest: c.validation,
		throughput: float64(m.tokens) / max(time.Since(m.began).Seconds(), 1e-3), utilization: m.utilization()})
}
