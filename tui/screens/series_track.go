package screens

import "github.com/loratop/loratop/tui/chart"

// track is one metric of a series: the points that have it, ordered by step.
// It is chart.Points. A metric that every point has needs no index of rows.
type track struct {
	s    *series
	rows []uint32 // row of each point; nil while point i is row i
	y    chart.Column
	runs []int
	low  int // points before it are as they were when it was set to Len
}

// lookback is by how many points a smaller step is taken as out of order; what
// goes back further is a resumed training and starts a new run.
const lookback = 8

func (t *track) row(i int) int {
	if t.rows == nil {
		return i
	}
	return int(t.rows[i])
}

// Len is the number of points.
func (t *track) Len() int { return t.y.Len() }

// X is the step.
func (t *track) X(i int) float64 { return float64(t.s.steps[t.row(i)]) }

// Y is the value.
func (t *track) Y(i int) float64 { return t.y.At(i) }

// Runs are where a resumed training starts.
func (t *track) Runs() []int { return t.runs }

// Extent sums up values.
func (t *track) Extent(lo, hi int) chart.Extent { return t.y.Extent(lo, hi) }

// CountAbove counts values.
func (t *track) CountAbove(v float64) int { return t.y.CountAbove(v) }

// push adds the value of a row that is newer than all rows of the track.
func (t *track) push(s *series, row int, v float64) {
	t.s = s
	n := t.Len()
	at := n
	start := 0
	if k := len(t.runs); k > 0 {
		start = t.runs[k-1]
	}
	step := float64(s.steps[row])
	for at > start && at > n-lookback && t.X(at-1) > step {
		at--
	}
	switch {
	case at == n:
		t.append(row, v)
	case at > start && t.X(at-1) > step:
		t.runs = append(t.runs, n)
		t.append(row, v)
	default:
		t.insert(at, row, v)
	}
}

func (t *track) append(row int, v float64) {
	t.low = min(t.low, t.Len())
	if t.rows == nil && row != t.Len() {
		t.index()
	}
	if t.rows != nil {
		t.rows = append(t.rows, uint32(row))
	}
	t.y.Append(v)
}

// index writes out which row each point is.
func (t *track) index() {
	t.rows = make([]uint32, t.Len(), t.Len()+16)
	for i := range t.rows {
		t.rows[i] = uint32(i)
	}
}

// insert puts a point among the last few.
func (t *track) insert(at, row int, v float64) {
	if t.rows == nil {
		t.index()
	}
	t.low = min(t.low, at)
	n := t.Len()
	ys := make([]float64, 0, lookback)
	for i := at; i < n; i++ {
		ys = append(ys, t.Y(i))
	}
	t.y.Truncate(at)
	t.y.Append(v)
	for _, y := range ys {
		t.y.Append(y)
	}
	t.rows = append(t.rows, 0)
	copy(t.rows[at+1:], t.rows[at:])
	t.rows[at] = uint32(row)
}

// firstOf is the first index from which on rows ≥ n occur. Rows are out of
// order by less than lookback places.
func (t *track) firstOf(n int) int {
	if t.rows == nil {
		return min(n, t.Len())
	}
	first := t.Len()
	for i, older := t.Len()-1, 0; i >= 0 && older <= lookback; i-- {
		if t.row(i) >= n {
			first, older = i, 0
		} else {
			older++
		}
	}
	return first
}

// truncate takes the rows from n on out.
func (t *track) truncate(n int) {
	at := t.firstOf(n)
	var keep []uint32
	var ys []float64
	for i := at; i < t.Len(); i++ {
		if r := t.row(i); r < n {
			keep, ys = append(keep, uint32(r)), append(ys, t.Y(i))
		}
	}
	t.low = min(t.low, at)
	t.y.Truncate(at)
	if t.rows != nil {
		t.rows = t.rows[:at]
	}
	for len(t.runs) > 0 && t.runs[len(t.runs)-1] >= at {
		t.runs = t.runs[:len(t.runs)-1]
	}
	for i, r := range keep {
		t.push(t.s, int(r), ys[i])
	}
}
