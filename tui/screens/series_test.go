package screens

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

// pointID makes UUIDs whose order is not that of n.
func pointID(n int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n)
}

// point makes the n-th point of a job: rows of evaluation have a validation
// loss only, and every value tells which row it is from.
func point(n int, at time.Time, step int64, eval bool) models.MetricsPoint {
	v := models.F64(n)
	p := models.MetricsPoint{ID: pointID(n), JobID: "j", Timestamp: models.At(at), Step: models.Int(step), Epoch: 1}
	if eval {
		p.ValidationLoss = &v
		return p
	}
	p.TrainingLoss, p.LearningRate = &v, models.Ptr(v*2)
	if n%5 == 0 {
		p.GradientNorm = models.Ptr(models.F64(math.NaN()))
	}
	return p
}

// table is a random history: several points of one time or step, rows of
// evaluation, resumed runs.
func table(t *rapid.T, n int) []models.MetricsPoint {
	at, step := clock(), int64(0)
	out := make([]models.MetricsPoint, 0, n)
	for i := range n {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0: // the same time
		case 1: // the same step
			at = at.Add(time.Second)
		case 2:
			at, step = at.Add(time.Minute), max(0, step-int64(rapid.IntRange(0, 400).Draw(t, "back")))
		default:
			at, step = at.Add(time.Second), step+10
		}
		out = append(out, point(i, at, step, i%7 == 6))
	}
	return out
}

func sortPoints(ps []models.MetricsPoint) {
	slices.SortFunc(ps, comparePoints)
}

func comparePoints(a, b models.MetricsPoint) int {
	if c := a.Timestamp.Compare(b.Timestamp.Time); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// sameSeries fails unless s is exactly the table.
func sameSeries(t rapid.TB, s *series, want []models.MetricsPoint) {
	t.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b models.MetricsPoint) int { return newRow(&a).key.compare(newRow(&b).key) })
	if s.length() != len(want) {
		t.Fatalf("%d points, want %d", s.length(), len(want))
	}
	rows := s.suffix(0)
	for i := range want {
		w := newRow(&want[i])
		g := rows[i]
		if g.key != w.key || g.step != w.step || g.epoch != w.epoch || g.has != w.has {
			t.Fatalf("row %d is %+v, want %+v", i, g, w)
		}
		for m := range metricCount {
			if g.v[m] != w.v[m] && !(math.IsNaN(g.v[m]) && math.IsNaN(w.v[m])) {
				t.Fatalf("row %d metric %d is %v, want %v", i, m, g.v[m], w.v[m])
			}
		}
	}
	for m := range metricCount {
		soundTrack(t, s.track(m))
	}
}

// soundTrack checks what chart.Points promises: steps never fall inside a run.
func soundTrack(t rapid.TB, k *track) {
	t.Helper()
	runs := k.Runs()
	if !slices.IsSorted(runs) {
		t.Fatalf("runs %v", runs)
	}
	for i := 1; i < k.Len(); i++ {
		if k.X(i) < k.X(i-1) && !slices.Contains(runs, i) {
			t.Fatalf("step falls from %v to %v at %d, runs %v", k.X(i-1), k.X(i), i, runs)
		}
	}
}

func TestSeriesEqualsTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := table(t, rapid.IntRange(0, 120).Draw(t, "n"))
		var s series
		taken := map[string]bool{}
		feed := func(ps []models.MetricsPoint) {
			fresh := 0
			for _, p := range ps {
				if !taken[p.ID] {
					taken[p.ID] = true
					fresh++
				}
			}
			if got := s.add(slices.Clone(ps)); got != fresh {
				t.Fatalf("%d new, want %d", got, fresh)
			}
		}
		for len(want) > 0 && rapid.IntRange(0, 20).Draw(t, "go on") > 0 {
			lo := rapid.IntRange(0, len(want)-1).Draw(t, "lo")
			batch := slices.Clone(want[lo:min(len(want), lo+rapid.IntRange(0, 40).Draw(t, "size"))])
			if rapid.Bool().Draw(t, "shuffle") {
				batch = rapid.Permutation(batch).Draw(t, "batch")
			}
			if rapid.Bool().Draw(t, "twice") {
				batch = append(batch, batch...)
			}
			feed(batch)
		}
		feed(want)
		sameSeries(t, &s, want)
		for _, p := range want {
			c := p.Timestamp.Compare(s.cursor.Time)
			if c > 0 || c == 0 && p.ID > s.cursor.ID {
				t.Fatalf("cursor %+v is before %+v", s.cursor, p.Timestamp)
			}
		}
	})
}

func TestOutOfOrderStepsAreSortedAndResumesAreRuns(t *testing.T) {
	var s series
	steps := []int64{10, 20, 40, 30, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 20, 30, 40}
	for i, st := range steps {
		s.add([]models.MetricsPoint{point(i, clock().Add(time.Duration(i)*time.Second), st, false)})
	}
	k := s.track(metricTraining)
	if got := k.Runs(); !slices.Equal(got, []int{15}) {
		t.Fatalf("runs %v: one resume after 15 points", got)
	}
	if k.X(2) != 30 || k.X(3) != 40 || k.Y(2) != 3 {
		t.Errorf("step 30 came late and stands at %v = %v", k.X(2), k.Y(2))
	}
	soundTrack(t, k)
}

func TestDenseSeriesNeedsNoIndex(t *testing.T) {
	var s series
	for i := range 1000 {
		s.add([]models.MetricsPoint{point(i, clock().Add(time.Duration(i)*time.Second), int64(i), false)})
	}
	if s.track(metricTraining).rows != nil {
		t.Error("a metric that every point has is indexed")
	}
	if k := s.track(metricGradient); k.Len() != 200 || k.X(1) != 5 {
		t.Errorf("sparse metric: %d points", k.Len())
	}
}

func BenchmarkSeriesAppendAtAMillion(b *testing.B) {
	var s series
	all := make([]models.MetricsPoint, 0, 1000)
	n := 0
	more := func(k int) []models.MetricsPoint {
		all = all[:0]
		for range k {
			p := point(n, clock().Add(time.Duration(n)*time.Millisecond), int64(n), false)
			p.GradientNorm, p.Throughput, p.GPUUtilization = p.TrainingLoss, p.TrainingLoss, p.TrainingLoss
			all = append(all, p)
			n++
		}
		return all
	}
	for range 1000 {
		s.add(more(1000))
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		p := more(1)
		b.StartTimer()
		s.add(p)
	}
}
