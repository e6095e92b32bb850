package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func queued(id string, status models.JobStatus, at, started time.Time) models.Job {
	j := models.Job{ID: id, Status: status, QueuedAt: models.At(at), CreatedAt: models.At(at), UpdatedAt: models.At(at)}
	if !started.IsZero() {
		j.StartedAt = models.At(started)
	}
	return j
}

func TestQueueOrder(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	jobs := []models.Job{
		queued("young", models.JobQueued, ago(5*time.Second), time.Time{}),
		queued("old", models.JobQueued, ago(20*time.Second), time.Time{}),
		queued("sub", models.JobInitializing, ago(time.Minute), time.Time{}),
		queued("run", models.JobRunning, ago(10*time.Minute), ago(9*time.Minute)),
		queued("done", models.JobCompleted, ago(3*time.Hour), ago(3*time.Hour-40*time.Second)),
	}
	q := models.BuildQueue(jobs, now)
	var order []string
	for _, e := range q.Jobs {
		order = append(order, fmt.Sprint(e.Job.ID, e.Position))
	}
	if fmt.Sprint(order) != "[sub0 old1 young2]" || q.Waiting != 2 || q.Starting != 1 || q.Running != 1 || q.Down {
		t.Fatalf("%v %+v", order, q)
	}
	if q.Usual != time.Minute || q.Starts != 2 || !q.LastStart.Equal(ago(9*time.Minute)) {
		t.Errorf("usual %v of %d, last %v", q.Usual, q.Starts, q.LastStart)
	}
	if e := q.Jobs[1]; !e.Known || e.Expect != 40*time.Second || e.Overdue {
		t.Errorf("%+v", e)
	}
	if e := q.Jobs[2]; !strings.Contains(e.Hold, "1 of your jobs is ahead") {
		t.Errorf("%+v", e)
	}
}

func TestQueueWhatHolds(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var many []models.Job
	for i := range 7 {
		many = append(many, queued(fmt.Sprint(i), models.JobQueued, now.Add(time.Duration(i-10)*time.Second), time.Time{}))
	}
	q := models.BuildQueue(many, now)
	if e := q.Jobs[6]; e.Position != 7 || !strings.Contains(e.Hold, "6 of your jobs are ahead") || e.Expect < models.ProcessorCycle {
		t.Errorf("%+v", e)
	}
	down := models.BuildQueue([]models.Job{
		queued("a", models.JobQueued, now.Add(-20*time.Minute), time.Time{}),
		queued("b", models.JobCompleted, now.Add(-time.Hour), now.Add(-50*time.Minute)),
	}, now)
	if e := down.Jobs[0]; !down.Down || !e.Overdue || e.Known || e.Hint == "" || !strings.Contains(e.Hold, "20 minutes") {
		t.Errorf("%+v", down)
	}
	up := models.BuildQueue([]models.Job{
		queued("a", models.JobQueued, now.Add(-20*time.Minute), time.Time{}),
		queued("b", models.JobRunning, now.Add(-10*time.Minute), now.Add(-9*time.Minute)),
	}, now)
	if e := up.Jobs[0]; up.Down || !e.Overdue || !strings.Contains(e.Hold, "younger jobs have started") {
		t.Errorf("%+v", up)
	}
	stuck := models.BuildQueue([]models.Job{queued("a", models.JobInitializing, now.Add(-time.Hour), time.Time{})}, now)
	if e := stuck.Jobs[0]; !e.Overdue || e.Hint == "" {
		t.Errorf("%+v", e)
	}
	if q := models.BuildQueue([]models.Job{{ID: "x", Status: models.JobQueued}}, now); len(q.Jobs) != 1 || q.Down || q.Jobs[0].Waited != 0 {
		t.Errorf("a job without times: %+v", q)
	}
}

// Every queued job is there once, positions count from 1, waits are no negative,
// and who is behind does not start before.
func TestQueueProperties(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	states := []models.JobStatus{models.JobQueued, models.JobInitializing, models.JobRunning, models.JobCompleted, models.JobFailed, "odd"}
	rapid.Check(t, func(t *rapid.T) {
		var jobs []models.Job
		for i := range rapid.IntRange(0, 40).Draw(t, "n") {
			at := now.Add(-time.Duration(rapid.Int64Range(-60, 7200).Draw(t, "age")) * time.Second)
			j := queued(fmt.Sprint(i), rapid.SampledFrom(states).Draw(t, "status"), at, time.Time{})
			if j.Status != models.JobQueued && rapid.Bool().Draw(t, "started") {
				j.StartedAt = models.At(at.Add(time.Duration(rapid.Int64Range(0, 600).Draw(t, "wait")) * time.Second))
			}
			jobs = append(jobs, j)
		}
		q := models.BuildQueue(jobs, now)
		if len(q.Jobs) != q.Waiting+q.Starting {
			t.Fatalf("%d rows for %d and %d", len(q.Jobs), q.Waiting, q.Starting)
		}
		place, start := 0, time.Duration(0)
		for _, e := range q.Jobs {
			if e.Waited < 0 || e.Expect < 0 || e.Hold == "" {
				t.Fatalf("%+v", e)
			}
			if e.Position == 0 {
				continue
			}
			if place++; e.Position != place {
				t.Fatalf("position %d is the %d.", e.Position, place)
			}
			if e.Known && e.Expect > 0 && e.Expect+models.ProcessorCycle < start {
				t.Fatalf("%d starts before the one ahead", place)
			}
			start = max(start, e.Expect)
		}
	})
}
