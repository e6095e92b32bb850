package screens

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

// longServer has so many points of which one is a spike and one is no number.
func longServer(n int) *metricServer {
	m := &metricServer{now: clock(), job: models.Job{ID: "j", Status: models.JobRunning}, burst: 100, fail: func() bool { return false }}
	m.history(n)
	m.rows[n/3].TrainingLoss = models.Ptr(models.F64(1e6))
	m.rows[n/2].TrainingLoss = models.Ptr(models.F64(math.NaN()))
	return m
}

// TestLongHistoryIsSummedUp opens it with two reads, sees the extremes, looks
// closer, and goes on with what is new.
func TestLongHistoryIsSummedUp(t *testing.T) {
	const n = 30_000
	m := longServer(n)
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	defer cancel()
	s := newJobStream(sc, m, "j")
	readOnce(s)
	readOnce(s)
	k := s.series.track(metricTraining)
	e := k.Extent(0, k.Len())
	if !s.complete() || m.reads != 2 || m.sent != liveTail || s.count() != n || e.Max != 1e6 || e.Odd == 0 || k.X(0) != 1 || k.X(k.Len()-1) != n {
		t.Fatalf("complete %v, %d reads, %d points sent of %d, %+v", s.complete(), m.reads, m.sent, s.count(), e)
	}
	if k.Len() > overviewBuckets*4+liveTail || len(k.Runs()) != 0 {
		t.Errorf("%d points in %d runs", k.Len(), len(k.Runs())+1)
	}
	if s.look(1, n) != nil {
		t.Error("it asks again for what is there")
	}
	closer(t, s, n/3-50, n/3+50)
	if at := indexOf(k, 1e6); at < 0 || k.X(at) != n/3+1 {
		t.Errorf("the spike is not where it is: %v", at)
	}
	for range 5 {
		m.history(1)
		readOnce(s)
	}
	closer(t, s, n-1000, n+5)
	if s.count() != n+5 || k.X(k.Len()-1) != n+5 || m.sent != liveTail+5 {
		t.Errorf("%d points, the last at %v, %d sent", s.count(), k.X(k.Len()-1), m.sent)
	}
	if !slices.IsSorted(s.series.steps) || !slices.IsSorted(s.series.times) {
		t.Error("out of order")
	}
}

func closer(t *testing.T, s *jobStream, lo, hi int64) {
	t.Helper()
	cmd := s.look(lo, hi)
	if cmd == nil {
		t.Fatal("nothing to look closer at")
	}
	_, _, _ = s.update(cmd().(screen.Addressed).Msg)
	if s.ask.due || s.long.detail.Rows == 0 {
		t.Fatalf("no detail: %+v", s.long.detail)
	}
	if s.look(lo, hi) != nil {
		t.Error("it asks twice")
	}
}

func indexOf(k *track, v float64) int {
	for i := range k.Len() {
		if k.Y(i) == v {
			return i
		}
	}
	return -1
}

// TestResumedLongHistoryKeepsTheFirstRun: the newest points are of steps that
// an earlier run had passed.
func TestResumedLongHistoryKeepsTheFirstRun(t *testing.T) {
	m := longServer(20_000)
	m.step = 5000
	m.history(500)
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	defer cancel()
	s := newJobStream(sc, m, "j")
	for !s.complete() {
		readOnce(s)
	}
	k := s.series.track(metricTraining)
	n := k.Len()
	if len(k.Runs()) != 1 || k.X(n-1) != 5500 || k.X(k.Runs()[0]-1) < 19_900 || k.Extent(0, n).Max != 1e6 {
		t.Errorf("runs %v of %d points, the last at %v", k.Runs(), n, k.X(n-1))
	}
}

// TestSumsKeepExtremes: what is composed of windows shows, between any two
// bounds of buckets, the least and greatest of what the points show.
func TestSumsKeepExtremes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := longServer(rapid.IntRange(10, 600).Draw(t, "points"))
		for i := range m.rows {
			if rapid.IntRange(0, 3).Draw(t, "odd") == 0 {
				m.rows[i].TrainingLoss = models.Ptr(models.F64(rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), 0, 7, -3}).Draw(t, "value")))
			}
		}
		w := tuitest.Window("j", m.rows, 0, 0, rapid.IntRange(1, 50).Draw(t, "buckets"))
		var s series
		s.replace((&longRun{overview: w}).compose())
		var want series
		want.add(m.rows)
		for m := range metricCount {
			sameExtents(t, s.track(m), want.track(m), w)
		}
	})
}

func sameExtents(t *rapid.T, got, want *track, w models.MetricsWindow) {
	for _, b := range w.Buckets {
		a, z := spanOf(got, b.Step, b.Step+w.Width), spanOf(want, b.Step, b.Step+w.Width)
		g, e := got.Extent(a[0], a[1]), want.Extent(z[0], z[1])
		if g.N > 0 != (e.N > 0) || e.N > 0 && (g.Min != e.Min || g.Max != e.Max) || g.Odd != 0 != (e.Odd != 0) {
			t.Fatalf("steps %d to %d: %+v, want %+v", b.Step, b.Step+w.Width, g, e)
		}
	}
}

func spanOf(k *track, from, to int64) [2]int {
	at := func(x int64) int {
		i := 0
		for i < k.Len() && int64(k.X(i)) < x {
			i++
		}
		return i
	}
	return [2]int{at(from), at(to)}
}

// TestWhatIsSeenIsNotSentAgain: the ids in the look back go with the request.
func TestWhatIsSeenIsNotSentAgain(t *testing.T) {
	var s series
	for i := range 1000 {
		s.add([]models.MetricsPoint{point(i, clock().Add(time.Duration(i)*time.Second/4), int64(i), false)})
	}
	ids := s.recent()
	if len(ids) != 41 || ids[40] != s.cursor.ID || ids[0] != point(959, clock(), 0, false).ID {
		t.Errorf("%d ids up to %v", len(ids), ids[len(ids)-1])
	}
	for i := range 1000 {
		s.add([]models.MetricsPoint{point(2000+i, clock().Add(time.Hour+time.Duration(i)), int64(i), false)})
	}
	if n := len(s.recent()); n != noted || len(s.latest) > 2*noted {
		t.Errorf("%d ids of %d", n, len(s.latest))
	}
}
