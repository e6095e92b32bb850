package cmd

import (
	"time"

	"github.com/loratop/loratop/models"
)

// watched is one job of a watch. Points that were read already are told by
// their id: the stream looks back a little, so that rows committed late are not
// missed.
type watched struct {
	id      string
	job     models.Job
	cursor  models.MetricCursor
	seen    map[string]time.Time // of the look back; older ones do not come again
	points  int
	newest  models.MetricsPoint
	values  map[string]float64 // the newest of each metric
	heard   time.Time          // when the last point came while we watched
	started bool               // what was there before is read

	holding []bool // by alert: its condition held when it was last looked at
	alarmed bool   // one has fired
	stopped bool   // by the budget
	early   bool   // ended by --until, before the job did
	done    bool
}

func newWatched(id string, alerts int) *watched {
	return &watched{id: id, seen: map[string]time.Time{}, values: map[string]float64{}, holding: make([]bool, alerts)}
}

// seenMost is how many ids are kept before those out of the look back go.
const seenMost = 2000

// fresh takes a point in, and tells whether it was not there yet.
func (j *watched) fresh(p *models.MetricsPoint, now time.Time) bool {
	if _, dup := j.seen[p.ID]; dup {
		return false
	}
	j.seen[p.ID] = p.Timestamp.Time
	j.points++
	if j.started {
		j.heard = now
	}
	if c := (models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}); later(c, j.cursor) {
		j.cursor = c
	}
	if len(j.seen) > seenMost {
		j.prune()
	}
	if j.newest.ID == "" || !p.Timestamp.Before(j.newest.Timestamp.Time) {
		j.newest = *p
		for name, v := range map[string]*models.F64{
			"loss": p.TrainingLoss, "val": p.ValidationLoss, "lr": p.LearningRate, "grad": p.GradientNorm, "throughput": p.Throughput, "gpu": p.GPUUtilization,
		} {
			if v != nil {
				j.values[name] = float64(*v)
			}
		}
	}
	return true
}

func (j *watched) prune() {
	for id, at := range j.seen {
		if at.Before(j.cursor.Time.Add(-2 * models.LookBack)) {
			delete(j.seen, id)
		}
	}
}

// recent are the ids that the next look back would bring again.
func (j *watched) recent() []string {
	var ids []string
	for id, at := range j.seen {
		if !at.Before(j.cursor.Time.Add(-models.LookBack)) {
			ids = append(ids, id)
		}
	}
	return ids
}

func later(a, b models.MetricCursor) bool {
	if !a.Time.Equal(b.Time) {
		return a.Time.After(b.Time)
	}
	return a.ID > b.ID
}

// take puts the columns that move into the row.
func (j *watched) take(v models.Job) {
	k := &j.job
	k.Status, k.Stage, k.Progress = v.Status, v.Stage, v.Progress
	k.CurrentEpoch, k.CurrentStep, k.TotalSteps, k.CurrentMetrics = v.CurrentEpoch, v.CurrentStep, v.TotalSteps, v.CurrentMetrics
	k.StartedAt, k.CompletedAt, k.UpdatedAt = v.StartedAt, v.CompletedAt, v.UpdatedAt
	k.CurrentCost, k.FinalCost, k.ErrorMessage = v.CurrentCost, v.FinalCost, v.ErrorMessage
}

// value looks up what alerts ask for.
func (j *watched) value(a *app) func(string) (float64, bool) {
	return func(name string) (float64, bool) {
		switch name {
		case "step":
			return float64(j.newest.Step), j.newest.ID != ""
		case "epoch":
			return float64(j.newest.Epoch), j.newest.ID != ""
		case "progress":
			if p := j.job.Progress; p != nil {
				return float64(*p), true
			}
			return 0, false
		case "cost":
			m, _ := a.spent(j.job)
			if m == nil {
				return 0, false
			}
			return m.Ratio(models.Dollars(100)), true
		}
		v, ok := j.values[name]
		return v, ok
	}
}

// idle is how long a running job has given no point: since its last one by its
// own time or ours, whichever is later, else since its start.
func (j *watched) idle(now time.Time) time.Duration {
	if j.job.Status != models.JobRunning {
		return 0
	}
	last := j.newest.Timestamp.Time
	if j.heard.After(last) {
		last = j.heard
	}
	if last.IsZero() {
		last = j.job.StartedAt.Time
	}
	if last.IsZero() || now.Before(last) {
		return 0
	}
	return now.Sub(last)
}

// exit is what a job's end comes to, and how serious that is (rank).
func (j *watched) exit(until string) (rank int, err error) {
	switch {
	case j.stopped:
		return 4, exitError{exitBudget}
	case j.early:
		return 0, nil
	case j.job.Status == models.JobFailed:
		return 3, exitError{exitJobFailed}
	case j.job.Status == models.JobCancelled:
		return 2, exitError{exitCancelled}
	case until == untilCompleted && j.job.Status != models.JobCompleted:
		return 1, exitError{exitFailure}
	}
	return 0, nil
}
