package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// watchLongest is the longest pause between attempts while the server cannot be
// reached.
const watchLongest = 30 * time.Second

func (a *app) watchCmd() *cobra.Command {
	var refresh time.Duration
	c := &cobra.Command{
		Use: "watch JOB", Short: "Print a job's metrics as they come, until it ends", Args: exactArgs("JOB"),
		Long: "Prints every metrics point of the job, first what there is and then as it comes, one line\n" +
			"a point, and ends with the job. Exit code 10 when the job failed, 11 when it was cancelled.",
		Example: "  loratop watch JOB\n  loratop watch JOB --json | jq .training_loss",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if !c.Flags().Changed("refresh") {
				refresh = cfg.Refresh
			}
			if refresh < 100*time.Millisecond {
				return usagef("for example --refresh 1s", "--refresh must be at least 100ms")
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			return a.newWatcher(b, args[0], refresh).run(c.Context())
		},
	}
	c.Flags().DurationVar(&refresh, "refresh", 0, "poll interval (default: refresh of the configuration, 1s)")
	return c
}

// watcher follows one job. Points that were read already are told by their id:
// the stream re-reads a little, so that rows committed late are not missed.
type watcher struct {
	app     *app
	backend screens.Backend
	job     string
	every   time.Duration
	seen    map[string]struct{}
	cursor  models.MetricCursor
}

func (a *app) newWatcher(b screens.Backend, job string, every time.Duration) *watcher {
	return &watcher{app: a, backend: b, job: job, every: every, seen: map[string]struct{}{}}
}

func (w *watcher) run(ctx context.Context) error {
	var job models.Job
	err := w.insist(ctx, func() (err error) { job, err = w.backend.Job(ctx, w.job); return err })
	if err != nil {
		return err
	}
	if err := w.catchUp(ctx); err != nil {
		return err
	}
	for job.Status.Live() {
		if err := w.pause(ctx, w.every); err != nil {
			return err
		}
		if job, err = w.poll(ctx); err != nil {
			return err
		}
	}
	if err := w.catchUp(ctx); err != nil {
		return err
	}
	return w.end(ctx)
}

// insist repeats what fails for a reason that may pass, with growing pauses, for
// as long as the context lives: a watch never ends because a network did.
func (w *watcher) insist(ctx context.Context, try func() error) error {
	delay := w.every
	for {
		err := try()
		if err == nil || !retryable(err) || ctx.Err() != nil {
			return err
		}
		w.app.warnf("%s; next try in %s", err, delay)
		if err := w.pause(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, watchLongest)
	}
}

// poll asks for the job and what is new of it.
func (w *watcher) poll(ctx context.Context) (models.Job, error) {
	var live []models.LiveJob
	err := w.insist(ctx, func() (err error) {
		live, err = w.backend.Live(ctx, []models.LiveRequest{{JobID: w.job, After: w.cursor}}, 0)
		return err
	})
	switch {
	case err != nil:
		return models.Job{}, err
	case len(live) == 0:
		return models.Job{}, &models.Error{Code: models.CodeNotFound, Op: "watch", Msg: "the job is gone"}
	case live[0].Gap || w.cursor.IsZero():
		return live[0].Job, w.catchUp(ctx)
	}
	return live[0].Job, w.print(live[0].Points)
}

// catchUp pages from the cursor to the newest point.
func (w *watcher) catchUp(ctx context.Context) error {
	for {
		var points []models.MetricsPoint
		err := w.insist(ctx, func() (err error) { points, err = w.backend.Metrics(ctx, w.job, w.cursor); return err })
		if err != nil {
			return err
		}
		before := w.cursor
		if err := w.print(points); err != nil {
			return err
		}
		if len(points) < maxPage || w.cursor == before {
			return nil
		}
	}
}

func (w *watcher) print(points []models.MetricsPoint) error {
	for _, p := range points {
		if _, dup := w.seen[p.ID]; dup {
			continue
		}
		w.seen[p.ID] = struct{}{}
		if c := (models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}); later(c, w.cursor) {
			w.cursor = c
		}
		if err := w.line(p); err != nil {
			return err
		}
	}
	return nil
}

func later(a, b models.MetricCursor) bool {
	if !a.Time.Equal(b.Time) {
		return a.Time.After(b.Time)
	}
	return a.ID > b.ID
}

func (w *watcher) line(p models.MetricsPoint) error {
	if w.app.flags.json.on {
		return w.app.writeLine(object{
			"type": "point", "job_id": p.JobID, "id": p.ID, "timestamp": timeJSON(p.Timestamp), "epoch": p.Epoch, "step": p.Step,
			"training_loss": p.TrainingLoss, "validation_loss": p.ValidationLoss, "learning_rate": p.LearningRate,
			"gradient_norm": p.GradientNorm, "throughput": p.Throughput, "gpu_utilization": p.GPUUtilization,
		})
	}
	_, err := fmt.Fprintf(w.app.sys.Out, "%s  epoch %d  step %-6d loss %-9s val %-9s lr %-9s grad %s\n",
		p.Timestamp.UTC().Format(time.TimeOnly), p.Epoch, p.Step, floatText(p.TrainingLoss, 5),
		floatText(p.ValidationLoss, 5), floatText(p.LearningRate, 3), floatText(p.GradientNorm, 4))
	return err
}

// end prints the last line and turns the job's end into an exit code.
func (w *watcher) end(ctx context.Context) error {
	var job models.Job
	err := w.insist(ctx, func() (err error) { job, err = w.backend.Job(ctx, w.job); return err })
	if err != nil {
		return err
	}
	if w.app.flags.json.on {
		err = w.app.writeLine(object{"type": "end", "job": w.app.jobJSON(job), "points": len(w.seen)})
	} else {
		_, err = fmt.Fprintf(w.app.sys.Out, "%s after %d points, cost %s\n", models.Clean(string(job.Status)), len(w.seen), w.app.spentText(job))
	}
	if err != nil {
		return err
	}
	w.app.notify(fmt.Sprintf("job %s: %s", job.ID, job.Status))
	return jobExit(job.Status)
}

func (w *watcher) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func retryable(err error) bool {
	switch models.CodeOf(err) {
	case models.CodeNetwork, models.CodeServer, models.CodeRate, models.CodeTimeout:
		return true
	}
	return false
}
