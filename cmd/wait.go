package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
)

func (a *app) waitCmd() *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use: "wait JOB...", Short: "Wait until jobs have ended", Args: someArgs("JOB"),
		Long: "Waits, without printing points, until all jobs have ended, and prints a line for each.\n" +
			"Exit code 0 when all completed, 10 when one failed, 11 when one was cancelled, and 8\n" +
			"when one has not ended within --timeout; --timeout 0 looks once and does not wait.",
		Example: "  loratop wait JOB --timeout 6h\n  loratop wait JOB --timeout 0 || echo \"not yet, or not well\"",
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.refresh(c, &every); err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			once := a.flags.timeout == 0 && c.Flags().Changed("timeout")
			return a.wait(c.Context(), a.newWatcher(b, watchOptions{every: every}, args...), once)
		},
	}
	c.Flags().DurationVar(&every, "refresh", 0, "poll interval (default: refresh of the configuration, 1s)")
	return c
}

// wait polls until all jobs have ended or the time is over.
func (a *app) wait(ctx context.Context, w *watcher, once bool) error {
	for _, j := range w.jobs {
		err := a.insist(ctx, w.o.every, func() (err error) { j.job, err = w.backend.Job(ctx, j.id); return err })
		if err == nil {
			err = a.waited(j)
		}
		if err != nil {
			return a.waitEnd(ctx, w, err)
		}
	}
	for len(w.open()) > 0 {
		if once {
			return a.waitEnd(ctx, w, errTimeout)
		}
		err := a.pause(ctx, w.o.every)
		if err == nil {
			err = a.look(ctx, w)
		}
		if err != nil {
			return a.waitEnd(ctx, w, err)
		}
	}
	return w.outcome()
}

// look asks for all open jobs with one request, and their newest point only.
func (a *app) look(ctx context.Context, w *watcher) error {
	open := w.open()
	reqs := make([]models.LiveRequest, len(open))
	for i, j := range open {
		reqs[i].JobID = j.id
	}
	var live []models.LiveJob
	if err := a.insist(ctx, w.o.every, func() (err error) { live, err = w.backend.Live(ctx, reqs, 1); return err }); err != nil {
		return err
	}
	found := make(map[string]models.Job, len(live))
	for _, lj := range live {
		found[lj.Job.ID] = lj.Job
	}
	for _, j := range open {
		row, ok := found[j.id]
		if !ok {
			return &models.Error{Code: models.CodeNotFound, Op: "wait", Msg: "the job is gone", Hint: j.id}
		}
		j.take(row)
		if err := a.waited(j); err != nil {
			return err
		}
	}
	return nil
}

// waited prints the line of a job that has ended.
func (a *app) waited(j *watched) error {
	if j.job.Status.Live() {
		return nil
	}
	j.done = true
	a.notify(fmt.Sprintf("job %s: %s", j.id, j.job.Status))
	return a.waitLine("end", j)
}

func (a *app) waitLine(kind string, j *watched) error {
	switch {
	case a.flags.json.on:
		return a.writeLine(object{"type": kind, "job": a.jobJSON(j.job)})
	case a.flags.quiet:
		return writeIDs(a.sys.Out, []string{j.id})
	}
	_, err := fmt.Fprintf(a.sys.Out, "%s  %s, cost %s\n", models.Clean(j.id), models.Clean(string(j.job.Status)), a.spentText(j.job))
	return err
}

// waitEnd tells of the jobs that are not done when the time is over; any other
// error stands for itself.
func (a *app) waitEnd(ctx context.Context, w *watcher, err error) error {
	if !errors.Is(err, errTimeout) && !errors.Is(context.Cause(ctx), errTimeout) {
		return err
	}
	for _, j := range w.open() {
		if j.job.ID == "" || a.flags.quiet {
			continue // never seen, or not done
		}
		if err := a.waitLine("pending", j); err != nil {
			return err
		}
	}
	return exitError{exitPending}
}
