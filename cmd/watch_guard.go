package cmd

import (
	"context"
	"fmt"

	"github.com/loratop/loratop/models"
)

// alert is one --alert.
type alert struct {
	text  string
	holds condition
}

// alarm tells of the conditions that have come to hold.
func (w *watcher) alarm(j *watched, v alertView) error {
	for i, a := range w.o.alerts {
		before := j.holding[i]
		j.holding[i] = a.holds(v)
		if before || !j.holding[i] {
			continue
		}
		j.alarmed = true
		if err := w.tell(j, a.text); err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher) tell(j *watched, text string) error {
	w.app.notify(fmt.Sprintf("job %s: %s", j.id, text))
	if w.app.flags.json.on {
		return w.app.writeLine(object{"type": "alert", "job_id": j.id, "alert": text, "step": j.newest.Step, "timestamp": timeJSON(j.newest.Timestamp)})
	}
	_, err := fmt.Fprintf(w.app.sys.Out, "%salert: %s at step %d\n", w.name(j.id), models.Clean(text), j.newest.Step)
	return err
}

// guard cancels a job that has cost more than it may, and looks whether it is
// cancelled: an update that policies forbid is no error to the database.
func (w *watcher) guard(ctx context.Context, j *watched) error {
	spent, derived := w.app.spent(j.job)
	if w.o.limit == nil || !j.job.Status.Live() || spent == nil || spent.Cmp(*w.o.limit) <= 0 {
		return nil
	}
	err := w.app.insist(ctx, w.o.every, func() error { _, err := w.backend.CancelJob(ctx, j.id); return err })
	if err != nil && models.CodeOf(err) != models.CodeConflict { // it may have ended by itself meanwhile
		return err
	}
	ended := err != nil
	err = w.app.insist(ctx, w.o.every, func() (err error) { j.job, err = w.backend.Job(ctx, j.id); return err })
	if err != nil {
		return err
	}
	switch {
	case j.job.Status == models.JobCancelled:
		j.stopped = true
	case ended && !j.job.Status.Live():
		return nil
	default:
		return &models.Error{Code: models.CodeNoRows, Op: "cancel job",
			Msg:  fmt.Sprintf("job %s has cost $%s and was cancelled, but the database still calls it %s", j.id, spent, j.job.Status),
			Hint: "it goes on costing: stop it where it runs, and see loratop migrate status for the policies"}
	}
	if w.app.flags.json.on {
		return w.app.writeLine(object{"type": "cancelled", "job_id": j.id, "status": j.job.Status, "spent": spent, "spent_derived": derived, "limit": w.o.limit.String()})
	}
	_, err = fmt.Fprintf(w.app.sys.Out, "%scancelled: it has cost $%s, more than $%s\n", w.name(j.id), spent, w.o.limit)
	return err
}
