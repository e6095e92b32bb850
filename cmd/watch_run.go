package cmd

import (
	"context"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// watchLongest is the longest pause between attempts while the server cannot be
// reached.
const watchLongest = 30 * time.Second

// watcher follows jobs with one request a tick for all of them.
type watcher struct {
	app     *app
	backend screens.Backend
	o       watchOptions
	jobs    []*watched
}

func (w *watcher) run(ctx context.Context) error {
	for _, j := range w.jobs {
		if err := w.start(ctx, j); err != nil {
			return err
		}
	}
	for {
		open := w.open()
		if len(open) == 0 {
			return w.outcome()
		}
		if err := w.app.pause(ctx, w.o.every); err != nil {
			return err
		}
		if err := w.poll(ctx, open); err != nil {
			return err
		}
	}
}

// open are the jobs that are watched still.
func (w *watcher) open() (out []*watched) {
	for _, j := range w.jobs {
		if !j.done {
			out = append(out, j)
		}
	}
	return out
}

// start reads a job and what there is of its points.
func (w *watcher) start(ctx context.Context, j *watched) error {
	err := w.app.insist(ctx, w.o.every, func() (err error) { j.job, err = w.backend.Job(ctx, j.id); return err })
	if err != nil {
		return err
	}
	if err := w.tail(ctx, j); err != nil {
		return err
	}
	if err := w.catchUp(ctx, j); err != nil {
		return err
	}
	j.started = true
	return w.settle(ctx, j)
}

// tail prints the newest points only, if that is wished; what comes goes on
// behind them.
func (w *watcher) tail(ctx context.Context, j *watched) error {
	if w.o.tail == 0 {
		return nil
	}
	var points []models.MetricsPoint
	err := w.app.insist(ctx, w.o.every, func() (err error) {
		points, err = w.backend.MetricsBefore(ctx, j.id, models.MetricCursor{})
		return err
	})
	if err != nil {
		return err
	}
	return w.print(j, points[max(0, len(points)-w.o.tail):])
}

// insist repeats what fails for a reason that may pass, with growing pauses, for
// as long as the context lives: a watch never ends because a network did.
func (a *app) insist(ctx context.Context, every time.Duration, try func() error) error {
	delay := every
	for {
		err := try()
		if err == nil || !retryable(err) || ctx.Err() != nil {
			return err
		}
		a.warnf("%s; next try in %s", err, delay)
		if err := a.pause(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, watchLongest)
	}
}

// poll asks for the jobs and what is new of them.
func (w *watcher) poll(ctx context.Context, open []*watched) error {
	reqs := make([]models.LiveRequest, len(open))
	for i, j := range open {
		reqs[i] = models.LiveRequest{JobID: j.id, After: j.cursor, Seen: j.recent()}
	}
	var live []models.LiveJob
	err := w.app.insist(ctx, w.o.every, func() (err error) { live, err = w.backend.Live(ctx, reqs, 0); return err })
	if err != nil {
		return err
	}
	news := make(map[string]models.LiveJob, len(live))
	for _, lj := range live {
		news[lj.Job.ID] = lj
	}
	for i, j := range open {
		lj, ok := news[j.id]
		if !ok {
			return &models.Error{Code: models.CodeNotFound, Op: "watch", Msg: "the job is gone", Hint: j.id}
		}
		j.take(lj.Job)
		if lj.Gap || reqs[i].After.IsZero() {
			err = w.catchUp(ctx, j)
		} else {
			err = w.print(j, lj.Points)
		}
		if err == nil {
			err = w.settle(ctx, j)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// catchUp pages from the cursor to the newest point.
func (w *watcher) catchUp(ctx context.Context, j *watched) error {
	for {
		var points []models.MetricsPoint
		err := w.app.insist(ctx, w.o.every, func() (err error) { points, err = w.backend.Metrics(ctx, j.id, j.cursor); return err })
		if err != nil {
			return err
		}
		before := j.cursor
		if err := w.print(j, points); err != nil {
			return err
		}
		if len(points) < maxPage || j.cursor == before {
			return nil
		}
	}
}

// print prints the points that were not there yet.
func (w *watcher) print(j *watched, points []models.MetricsPoint) error {
	for i := range points {
		p := &points[i]
		if !j.fresh(p, w.app.sys.Now()) {
			continue
		}
		if err := w.line(*p); err != nil {
			return err
		}
		if !j.started {
			continue // what was there before counts by its newest values only
		}
		if err := w.alarm(j, alertView{value: j.value(w.app)}); err != nil {
			return err
		}
	}
	return nil
}

// settle does what follows from the state of a job: alerts, the budget, its
// end.
func (w *watcher) settle(ctx context.Context, j *watched) error {
	if err := w.alarm(j, alertView{value: j.value(w.app), idle: j.idle(w.app.sys.Now())}); err != nil {
		return err
	}
	if err := w.guard(ctx, j); err != nil {
		return err
	}
	switch {
	case !j.job.Status.Live():
		if err := w.catchUp(ctx, j); err != nil {
			return err
		}
		return w.end(ctx, j)
	case w.o.until == untilAlert && j.alarmed, w.o.until == untilRunning && j.job.Status == models.JobRunning:
		j.done, j.early = true, true
		return w.reached(j)
	}
	return nil
}

// outcome turns the ends of the jobs into an exit code: the most serious one.
func (w *watcher) outcome() error {
	var exit error
	rank := 0
	for _, j := range w.jobs {
		if r, e := j.exit(w.o.until); r > rank {
			exit, rank = e, r
		}
	}
	return exit
}

func (a *app) pause(ctx context.Context, d time.Duration) error {
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
