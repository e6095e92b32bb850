package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/loratop/loratop/models"
)

// name begins a line that could be of several jobs.
func (w *watcher) name(id string) string {
	if len(w.jobs) < 2 {
		return ""
	}
	return models.Clean(id[:min(8, len(id))]) + "  "
}

func (w *watcher) line(p models.MetricsPoint) error {
	if w.app.flags.json.on {
		return w.app.writeLine(object{
			"type": "point", "job_id": p.JobID, "id": p.ID, "timestamp": timeJSON(p.Timestamp), "epoch": p.Epoch, "step": p.Step,
			"training_loss": p.TrainingLoss, "validation_loss": p.ValidationLoss, "learning_rate": p.LearningRate,
			"gradient_norm": p.GradientNorm, "throughput": p.Throughput, "gpu_utilization": p.GPUUtilization,
		})
	}
	_, err := fmt.Fprintf(w.app.sys.Out, "%s%s  epoch %d  step %-6d loss %-9s val %-9s lr %-9s grad %s\n", w.name(p.JobID),
		pointTime(p.Timestamp.Time, w.app.sys.Now()), p.Epoch, p.Step, floatText(p.TrainingLoss, 5),
		floatText(p.ValidationLoss, 5), floatText(p.LearningRate, 3), floatText(p.GradientNorm, 4))
	return err
}

// pointTime is a point's time in UTC, with its date where that is not today's.
func pointTime(at, now time.Time) string {
	at, now = at.UTC(), now.UTC()
	if y, m, d := at.Date(); now.Year() == y && now.Month() == m && now.Day() == d {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

// end prints the last line of a job, whose whole row it reads.
func (w *watcher) end(ctx context.Context, j *watched) error {
	err := w.app.insist(ctx, w.o.every, func() (err error) { j.job, err = w.backend.Job(ctx, j.id); return err })
	if err != nil {
		return err
	}
	j.done = true
	if w.app.flags.json.on {
		err = w.app.writeLine(object{"type": "end", "job": w.app.jobJSON(j.job), "points": j.points})
	} else {
		after := fmt.Sprintf(" after %d points", j.points)
		if w.o.tail > 0 {
			after = "" // those before were not read
		}
		_, err = fmt.Fprintf(w.app.sys.Out, "%s%s%s, cost %s\n", w.name(j.id), models.Clean(string(j.job.Status)), after, w.app.spentText(j.job))
	}
	w.app.notify(fmt.Sprintf("job %s: %s", j.id, j.job.Status))
	return err
}

// reached says that --until is fulfilled.
func (w *watcher) reached(j *watched) error {
	if w.app.flags.json.on {
		return w.app.writeLine(object{"type": "reached", "job_id": j.id, "until": w.o.until, "status": j.job.Status, "points": j.points})
	}
	_, err := fmt.Fprintf(w.app.sys.Out, "%s%s, watched until %s\n", w.name(j.id), models.Clean(string(j.job.Status)), w.o.until)
	return err
}
