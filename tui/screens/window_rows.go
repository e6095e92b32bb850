package screens

import (
	"cmp"
	"math"
	"slices"

	"github.com/loratop/loratop/models"
)

// longHistory is from how many points on a job is shown summed up instead of
// being read whole.
const longHistory = 10_000

// overviewBuckets are those of a whole long job; detailBuckets of a stretch
// that is looked at closer.
const (
	overviewBuckets = 320
	detailBuckets   = 480
)

// longRun is what is known of a job that is not read whole: all of it in coarse
// buckets, a stretch in finer ones, and the newest points themselves.
type longRun struct {
	overview models.MetricsWindow
	detail   models.MetricsWindow // Rows 0: none
	raw      []row                // from the tail on, in order
	added    int64                // points that came after the overview was made
	fresh    int64                // those of the last call of newer
	fine     int64                // buckets of a stretch that is looked at closer; 0: detailBuckets
}

// late counts points that newer took last as such that the overview does not
// have, though it has newer ones.
func (l *longRun) late(n int) { l.added += int64(n) - l.fresh }

// newer keeps the points that are not there yet, which are from then on.
func (l *longRun) newer(points []models.MetricsPoint) []models.MetricsPoint {
	var out []models.MetricsPoint
	before := l.added
	defer func() { l.fresh = l.added - before }()
	for i := range points {
		p := &points[i]
		r := newRow(p)
		at, found := slices.BinarySearchFunc(l.raw, r.key, func(a row, k rowKey) int { return a.key.compare(k) })
		if found {
			continue
		}
		l.raw = slices.Insert(l.raw, at, r)
		out = append(out, points[i])
		if n := l.overview.Newest; p.Timestamp.After(n.Time) || p.Timestamp.Equal(n.Time) && p.ID > n.ID {
			l.added++
		}
	}
	return out
}

// renew takes another sum of the whole.
func (l *longRun) renew(w models.MetricsWindow) {
	l.overview, l.added, l.detail = w, 0, models.MetricsWindow{}
	newest := rowKey{w.Newest.Time.UnixNano(), 0}
	for i := len(l.raw) - 1; i >= 0 && l.raw[i].key.time > newest.time; i-- {
		l.added++
	}
}

// compose makes the rows that are shown: of each bucket and metric the first,
// least, greatest and last value, at steps within the bucket.
func (l *longRun) compose() []row {
	d := &l.detail
	var out []row
	out = l.cells(out, &l.overview, func(step int64) bool { return d.Rows == 0 || step < d.From || step > d.To })
	if d.Rows > 0 {
		out = l.cells(out, d, func(int64) bool { return true })
		slices.SortStableFunc(out, func(a, b row) int { return int(a.step - b.step) })
	}
	// Rows stand in the order of time, which of those in a bucket is guessed.
	at := int64(math.MinInt64)
	for i := range out {
		at = max(at, out[i].key.time)
		if len(l.raw) > 0 {
			at = min(at, l.raw[0].key.time-1)
		}
		out[i].key.time = at
		out[i].key.id = uint64(i) // orders them
	}
	return append(out, l.raw...)
}

// cells adds the rows of a window whose steps are kept. What the raw points
// show is left to them, but for an earlier run that had gone further.
func (l *longRun) cells(out []row, w *models.MetricsWindow, keep func(step int64) bool) []row {
	start, from := int64(math.MaxInt64), int64(math.MaxInt64)
	if len(l.raw) > 0 {
		start, from = l.raw[0].step, l.raw[0].key.time
	}
	resumed := len(l.raw) > 0 && w.To > l.raw[len(l.raw)-1].step
	var at [metricCount]int
	for i := range w.Buckets {
		b := &w.Buckets[i]
		if !b.Time.IsZero() && b.Time.UnixNano() >= from {
			continue
		}
		for m := range metricCount {
			v := cellOf(w.Metrics[m], &at[m], b.Step)
			if v == nil {
				continue
			}
			for _, p := range shape(v) {
				if keep(p.step) && (resumed || p.step < start) {
					out = append(out, summedRow(w, i, m, p))
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b row) int { return int(a.step - b.step) })
	return sameStep(out)
}

// sameStep puts metrics of one step into one row.
func sameStep(rows []row) []row {
	out := rows[:0]
	for _, r := range rows {
		if n := len(out); n > 0 && out[n-1].step == r.step && out[n-1].has&r.has == 0 {
			o := &out[n-1]
			for m := range metricCount {
				if r.has&(1<<m) != 0 {
					o.v[m] = r.v[m]
				}
			}
			o.has |= r.has
			continue
		}
		out = append(out, r)
	}
	return out
}

// cellOf is what a metric has for the bucket that begins at step, nil for
// nothing; at is where the search goes on.
func cellOf(col models.WindowMetric, at *int, step int64) *models.WindowValue {
	for *at < len(col) && col[*at].Step < step {
		*at++
	}
	if *at == len(col) || col[*at].Step != step {
		return nil
	}
	return &col[*at]
}

// summedRow is a point that stands for others of the i-th bucket, at a time
// between its first point and the next bucket's.
func summedRow(w *models.MetricsWindow, i int, m metric, p stepValue) row {
	b := &w.Buckets[i]
	r := row{key: rowKey{time: math.MinInt64}, step: p.step, has: 1 << m}
	r.epoch = int32(max(math.MinInt32, min(b.Epoch, math.MaxInt32)))
	if !b.Time.IsZero() {
		next := w.Newest.Time
		if i+1 < len(w.Buckets) {
			next = w.Buckets[i+1].Time
		}
		share := float64(p.step-b.Step) / float64(max(1, w.Width))
		r.key.time = b.Time.UnixNano() + int64(share*float64(max(0, next.Sub(b.Time))))
	}
	r.v[m] = p.v
	return r
}

type stepValue struct {
	step int64
	v    float64
}

// shape is a bucket as at most five points: first, the extremes, a mark for
// values that are no number, and last, each at its own step.
func shape(v *models.WindowValue) []stepValue {
	if !v.Exact {
		return guessedShape(v)
	}
	out := append(make([]stepValue, 0, 5), stepValue{v.FirstStep, v.First})
	add := func(step int64, x float64) {
		same := func(p stepValue) bool { return p.step == step && (p.v == x || !isNumber(p.v) && !isNumber(x)) }
		if !slices.ContainsFunc(out, same) && !(step == v.LastStep && (v.Last == x || !isNumber(v.Last) && !isNumber(x))) {
			out = append(out, stepValue{step, x})
		}
	}
	if !math.IsNaN(v.Min) {
		add(v.MinStep, v.Min)
		add(v.MaxStep, v.Max)
	}
	if v.Odd > 0 {
		add(v.OddStep, math.NaN())
	}
	slices.SortStableFunc(out, func(a, b stepValue) int { return cmp.Compare(a.step, b.step) })
	if v.N > 1 {
		out = append(out, stepValue{v.LastStep, v.Last})
	}
	return out
}

// guessedShape is that of a database that does not say at which steps the
// extremes are.
func guessedShape(v *models.WindowValue) []stepValue {
	out := append(make([]stepValue, 0, 5), stepValue{v.FirstStep, v.First})
	inner := make([]float64, 0, 3)
	if v.N > 2 && !math.IsNaN(v.Min) {
		if v.Min != v.First && v.Min != v.Last {
			inner = append(inner, v.Min)
		}
		if v.Max != v.First && v.Max != v.Last && v.Max != v.Min {
			inner = append(inner, v.Max)
		}
		if len(inner) == 2 && v.Max-v.First < v.First-v.Min {
			inner[0], inner[1] = inner[1], inner[0] // the nearer one first
		}
	}
	if v.Odd > 0 && isNumber(v.First) && isNumber(v.Last) {
		inner = append(inner, math.NaN())
	}
	span := v.LastStep - v.FirstStep
	for i, x := range inner {
		out = append(out, stepValue{v.FirstStep + span*int64(i+1)/int64(len(inner)+1), x})
	}
	if v.N > 1 {
		out = append(out, stepValue{v.LastStep, v.Last})
	}
	return out
}

func isNumber(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// wants tells which stretch to ask for when steps lo…hi are looked at: the
// stretch with as much again on both sides, or nothing when what is there is
// fine enough.
func (l *longRun) wants(lo, hi int64) (from, to int64, ok bool) {
	if hi < lo || l.overview.Rows == 0 {
		return 0, 0, false
	}
	span := hi - lo + 1
	fine := max(1, span*2/cmp.Or(l.fine, detailBuckets)) // steps a bucket that would do
	if l.overview.Width <= fine {
		return 0, 0, false
	}
	if d := &l.detail; d.Rows > 0 && d.From <= max(lo, l.overview.From) && d.To >= min(hi, l.overview.To) && d.Width <= fine*2 {
		return 0, 0, false
	}
	return max(lo-span/2, l.overview.From), min(hi+span/2, l.overview.To), true
}
