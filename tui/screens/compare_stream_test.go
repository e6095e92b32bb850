package screens

import (
	"context"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

// compareRig compares a long run and a short one, with a clock of its own.
type compareRig struct {
	f     *tuitest.Fake
	s     *compareStream
	now   time.Time
	asked []int64 // from, to, buckets of each window
	n     int
}

func newCompareRig(t *testing.T) *compareRig {
	t.Helper()
	r := &compareRig{now: clock(), f: &tuitest.Fake{Points: map[string][]models.MetricsPoint{}}}
	for id, n := range map[string]int{"long": 9000, "short": 50} {
		r.f.JobRows = append(r.f.JobRows, models.Job{ID: id, Status: models.JobRunning})
		for i := range n {
			r.f.Points[id] = append(r.f.Points[id], point(i, r.now.Add(time.Duration(i-n)*time.Second), int64(i), false))
		}
	}
	r.n = 9000
	r.f.Points["long"][4321].TrainingLoss = models.Ptr(models.F64(1e6))
	r.f.OnMetricsWindow = func(_ context.Context, id string, from, to int64, buckets int) (models.MetricsWindow, error) {
		r.asked = append(r.asked, from, to, int64(buckets))
		return tuitest.Window(id, r.f.Points[id], from, to, buckets), nil
	}
	sc, cancel := screen.NewScope(t.Context(), 1, func() time.Time { return r.now })
	t.Cleanup(cancel)
	r.s = newCompareStream(sc, r.f, []string{"long", "short"})
	return r
}

func (r *compareRig) read(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if m, ok := cmd().(screen.Addressed); ok {
		_, _ = r.s.update(m.Msg)
	}
}

// second writes a point to both and reads what there is.
func (r *compareRig) second() {
	r.now = r.now.Add(time.Second)
	for id, ps := range r.f.Points {
		r.f.Points[id] = append(ps, point(r.n, r.now, int64(r.n), false))
	}
	r.n++
	r.read(r.s.feed.Poke())
}

// TestCompareAsksWhatTheChartShows: two buckets a cell, and a stretch that is
// zoomed is summed up finer, once.
func TestCompareAsksWhatTheChartShows(t *testing.T) {
	r := newCompareRig(t)
	r.s.width = 90
	for range 4 {
		r.read(r.s.feed.Poke())
	}
	long, short := r.s.runs[0], r.s.runs[1]
	if !long.whole || !short.whole || long.long == nil || short.long != nil || short.series.length() != 50 {
		t.Fatalf("%d and %d points, %+v", long.series.length(), short.series.length(), r.f.JobRows)
	}
	if !slices.Equal(r.asked, []int64{0, 0, 180, 0, 0, 180}) {
		t.Errorf("asked for %v", r.asked)
	}
	k := long.series.track(metricTraining)
	if e := k.Extent(0, k.Len()); e.Max != 1e6 || k.X(indexOf(k, 1e6)) != 4321 || k.Len() > 180*5 {
		t.Errorf("%d points, %+v", k.Len(), e)
	}
	r.asked = nil
	at := func(lo, hi int64) func(*compareRun) (int64, int64, bool) {
		return func(*compareRun) (int64, int64, bool) { return lo, hi, true }
	}
	r.read(r.s.look(at(4000, 4200)))
	if !slices.Equal(r.asked, []int64{3900, 4300, 180}) || long.ask.due {
		t.Errorf("closer: asked for %v", r.asked)
	}
	if n := indexOf(long.series.track(metricTraining), 1e6); n < 0 {
		t.Error("the rest is gone")
	}
	if cmd := r.s.look(at(4010, 4190)); cmd != nil {
		t.Error("it asks twice")
	}
	if cmd := r.s.look(at(0, 9000)); cmd != nil {
		t.Error("it asks for what is there")
	}
}

// TestCompareFindsLateRows: they are there about a minute later, while the jobs
// run, and at their end.
func TestCompareFindsLateRows(t *testing.T) {
	r := newCompareRig(t)
	for range 90 {
		r.second()
	}
	late := func(id string) func() bool {
		p := point(r.n, r.now.Add(-40*time.Second), int64(r.n), false)
		r.n++
		r.f.Points[id] = append(r.f.Points[id], p)
		sortPoints(r.f.Points[id])
		run := r.s.runs[slices.IndexFunc(r.s.runs, func(c *compareRun) bool { return c.id == id })]
		return func() bool {
			at := run.series.find(newRow(&p).key)
			return at < run.series.length() && run.series.key(at) == newRow(&p).key
		}
	}
	a, b := late("long"), late("short")
	r.second()
	if a() || b() {
		t.Fatal("late rows are behind the cursor")
	}
	for range 70 {
		r.second()
	}
	if !a() || !b() {
		t.Fatalf("after a minute: %v, %v", a(), b())
	}
	b = late("short")
	for i := range r.f.JobRows {
		r.f.JobRows[i].Status = models.JobCompleted
	}
	for range 5 {
		r.read(r.s.feed.Poke())
	}
	if plans, live := r.s.plans(); !b() || len(plans) > 0 || len(live) > 0 {
		t.Errorf("at the end %v, and it goes on: %v %v", b(), plans, live)
	}
}
