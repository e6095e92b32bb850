package tui

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// watchtower is a lookout that is given answers by hand.
type watchtower struct {
	l    *lookout
	now  time.Time
	rows map[string]models.Job
}

func newWatchtower(t *testing.T) *watchtower {
	w := &watchtower{now: noonUTC(), rows: map[string]models.Job{}}
	sc, cancel := screen.NewScope(t.Context(), 1, func() time.Time { return w.now })
	t.Cleanup(cancel)
	w.l = newLookout(sc, func(context.Context, models.NewsQuery) (models.News, error) { return models.News{}, nil })
	return w
}

func noonUTC() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// set puts a row as it is from now on.
func (w *watchtower) set(id string, status models.JobStatus, change func(*models.Job)) {
	j := w.rows[id]
	if j.ID == "" {
		j = models.Job{ID: id, CreatedAt: models.At(w.now), QueuedAt: models.At(w.now), Dataset: &models.DatasetRef{Name: "set " + id}}
	}
	j.Status, j.UpdatedAt = status, models.At(w.now)
	if change != nil {
		change(&j)
	}
	w.rows[id] = j
}

// read is one read: what it tells, without what only counts as told.
func (w *watchtower) read(odd ...models.MetricsPoint) (told []string) {
	n := models.News{At: models.At(w.now), Odd: odd}
	for _, j := range w.rows {
		n.Jobs = append(n.Jobs, j)
	}
	slices.SortFunc(n.Jobs, func(a, b models.Job) int { return strings.Compare(a.ID, b.ID) })
	w.l.take(n)
	for _, m := range w.l.news {
		told = append(told, m.Text)
	}
	w.l.news = nil
	w.now = w.now.Add(time.Second)
	return told
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestLookoutTellsOfEnds(t *testing.T) {
	w := newWatchtower(t)
	w.set("old", models.JobFailed, nil)
	w.set("a", models.JobRunning, nil)
	w.set("b", models.JobQueued, nil)
	same(t, w.read()) // how things stand is no news
	w.set("a", models.JobCompleted, func(j *models.Job) { j.FinalCost = models.Ptr(models.Dollars(321)) })
	w.set("b", models.JobFailed, func(j *models.Job) { j.ErrorMessage = models.Ptr("out\x1b[2J of memory") })
	same(t, w.read(), "job on set a: completed, cost $3.21", "job on set b: failed (out of memory)")
	w.set("old", models.JobFailed, func(j *models.Job) { j.Progress = models.Ptr(models.F64(1)) }) // touched, not ended
	same(t, w.read())
	w.set("quick", models.JobCancelled, nil) // came and went between two reads
	same(t, w.read(), "job on set quick: cancelled")
}

func TestLookoutTellsOfOddValuesAndStalls(t *testing.T) {
	nan := func(id string, step int64) models.MetricsPoint {
		return models.MetricsPoint{JobID: id, Step: models.Int(step), TrainingLoss: models.Ptr(models.F64(math.NaN()))}
	}
	w := newWatchtower(t)
	w.set("a", models.JobRunning, nil)
	w.set("b", models.JobRunning, nil)
	same(t, w.read(nan("a", 3)), "")
	if !w.l.odd["a"] || w.l.odd["b"] {
		t.Errorf("searched on: %v", w.l.odd)
	}
	inf := models.MetricsPoint{JobID: "b", Step: 70, TrainingLoss: models.Ptr(models.F64(1)), GradientNorm: models.Ptr(models.F64(math.Inf(1)))}
	same(t, w.read(inf, nan("b", 1234), nan("gone", 1)),
		"Alert: job on set b: gradient norm is inf at step 70", "Alert: job on set b: training loss is NaN at step 1,234")

	w.set("c", models.JobQueued, nil)
	same(t, w.read())
	w.now = w.now.Add(9 * time.Minute)
	w.set("a", models.JobRunning, nil)
	w.set("b", models.JobRunning, nil)
	same(t, w.read(), "job on set c: queued and not picked up for 9m 01s")
	same(t, w.read())
}

// TestLookoutAsksForWhatItKnows holds what the reads are asked with.
func TestLookoutAsksForWhatItKnows(t *testing.T) {
	w := newWatchtower(t)
	var asked models.NewsQuery
	w.l = newLookout(w.l.sc, func(_ context.Context, q models.NewsQuery) (models.News, error) {
		asked = q
		return models.News{At: models.At(w.now), Jobs: []models.Job{{ID: "z", Status: models.JobRunning}, {ID: "a", Status: models.JobQueued}, {ID: "e", Status: models.JobFailed}}}, nil
	})
	cmd := w.l.feed.Start()
	if asked.Since.IsZero() != true {
		t.Error("the first read has a time")
	}
	m := cmd().(screen.Addressed)
	w.l.update(m.Msg)
	if d := w.l.every(true); d != lookoutBusy {
		t.Errorf("reads every %v", d)
	}
	w.l.feed.Poke()() // asks
	if !slices.Equal(asked.Known, []string{"a", "z"}) || !asked.Since.Equal(w.now) {
		t.Errorf("%+v", asked)
	}
}
