package screens

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/loratop/loratop/models"
)

// metric names a column of metrics_points.
type metric int

const (
	metricTraining metric = iota
	metricValidation
	metricLearningRate
	metricGradient
	metricThroughput
	metricGPU
	metricCount
)

// value reads a metric of a point; nil for null.
func (m metric) value(p *models.MetricsPoint) *models.F64 {
	switch m {
	case metricTraining:
		return p.TrainingLoss
	case metricValidation:
		return p.ValidationLoss
	case metricLearningRate:
		return p.LearningRate
	case metricGradient:
		return p.GradientNorm
	case metricThroughput:
		return p.Throughput
	default:
		return p.GPUUtilization
	}
}

// series gathers the points of one job: columns in the order of (timestamp,
// id), each point once, whatever comes twice, late or out of order. The zero
// series is empty and ready. Appending at the end costs constant time; a late
// point costs what lies behind it.
type series struct {
	ids    []uint64
	times  []int64 // nanoseconds
	steps  []int64
	epochs []int32
	tracks [metricCount]track

	cursor  models.MetricCursor   // behind the newest point
	latest  []models.MetricCursor // points that came last, a few of them for recent
	version uint64                // counts changes
}

// row is one point on its way into the columns.
type row struct {
	key   rowKey
	step  int64
	epoch int32
	has   uint8 // bit m: value m is not null
	v     [metricCount]float64
}

// rowKey is where a point stands: by its time, and among those of one time by
// a number made of its id, which tells points apart as well as the id does.
type rowKey struct {
	time int64
	id   uint64
}

func (k rowKey) compare(o rowKey) int {
	if c := cmp.Compare(k.time, o.time); c != 0 {
		return c
	}
	return cmp.Compare(k.id, o.id)
}

// idNumber is FNV-1a: half of the memory that an id takes, and unlike half of
// an id different also where ids begin or end alike.
func idNumber(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

func newRow(p *models.MetricsPoint) row {
	r := row{
		key:  rowKey{time: math.MinInt64, id: idNumber(p.ID)},
		step: int64(p.Step), epoch: int32(max(math.MinInt32, min(p.Epoch, math.MaxInt32))),
	}
	if !p.Timestamp.IsZero() {
		r.key.time = p.Timestamp.UnixNano()
	}
	for m := range metricCount {
		if v := m.value(p); v != nil {
			r.has |= 1 << m
			r.v[m] = float64(*v)
		}
	}
	return r
}

// length is the number of points.
func (s *series) length() int { return len(s.ids) }

func (s *series) key(i int) rowKey { return rowKey{s.times[i], s.ids[i]} }

// add takes points in, in any order, and tells how many were new.
func (s *series) add(points []models.MetricsPoint) int {
	fresh := s.fresh(points)
	if len(fresh) == 0 {
		return 0
	}
	s.version++
	rows := fresh
	if at := s.find(fresh[0].key); at < s.length() {
		rows = merge(s.suffix(at), fresh)
		s.truncate(at)
	}
	for i := range rows {
		s.push(&rows[i])
	}
	return len(fresh)
}

// fresh gives the rows that are not there yet, in order and each once.
func (s *series) fresh(points []models.MetricsPoint) []row {
	var out []row
	for i := range points {
		p := &points[i]
		s.advance(p)
		r := newRow(p)
		if at := s.find(r.key); at < s.length() && s.key(at) == r.key {
			continue
		}
		out = append(out, r)
		s.note(p)
	}
	byKey := func(a, b row) int { return a.key.compare(b.key) }
	if !slices.IsSortedFunc(out, byKey) {
		slices.SortFunc(out, byKey)
	}
	return slices.CompactFunc(out, func(a, b row) bool { return a.key == b.key })
}

// advance moves the cursor behind p.
func (s *series) advance(p *models.MetricsPoint) {
	if p.Timestamp.IsZero() {
		return // nothing can be asked for behind it
	}
	c := p.Timestamp.Compare(s.cursor.Time)
	if s.cursor.IsZero() || c > 0 || c == 0 && p.ID > s.cursor.ID {
		s.cursor = models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}
	}
}

// noted is how many of the points that came last are remembered by their ids.
const noted = 200

// note remembers a point for recent.
func (s *series) note(p *models.MetricsPoint) {
	if p.Timestamp.Before(s.cursor.Time.Add(-models.LookBack)) {
		return
	}
	if len(s.latest) >= 2*noted {
		s.latest = slices.Delete(s.latest, 0, noted)
	}
	s.latest = append(s.latest, models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID})
}

// recent gives the ids of points that the next look back would bring again.
func (s *series) recent() []string {
	from := s.cursor.Time.Add(-models.LookBack)
	var ids []string
	for _, c := range s.latest[max(0, len(s.latest)-noted):] {
		if !c.Time.Before(from) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// replace takes other rows in the place of all; the cursor stays.
func (s *series) replace(rows []row) {
	s.version++
	s.truncate(0)
	for i := range rows {
		s.push(&rows[i])
	}
}

// find is the index of the first row that is not before k.
func (s *series) find(k rowKey) int {
	if n := s.length(); n == 0 || s.key(n-1).compare(k) < 0 {
		return n
	}
	return sort.Search(s.length(), func(i int) bool { return s.key(i).compare(k) >= 0 })
}

// suffix gives the rows from at on.
func (s *series) suffix(at int) []row {
	out := make([]row, s.length()-at)
	for i := range out {
		out[i] = row{key: s.key(at + i), step: s.steps[at+i], epoch: s.epochs[at+i]}
	}
	for m := range metricCount {
		t := &s.tracks[m]
		for i := t.firstOf(at); i < t.Len(); i++ {
			if r := t.row(i); r >= at {
				out[r-at].has |= 1 << m
				out[r-at].v[m] = t.Y(i)
			}
		}
	}
	return out
}

func merge(a, b []row) []row {
	out := make([]row, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].key.compare(b[0].key) < 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

func (s *series) truncate(n int) {
	for m := range s.tracks {
		s.tracks[m].truncate(n)
	}
	s.ids, s.times, s.steps, s.epochs = s.ids[:n], s.times[:n], s.steps[:n], s.epochs[:n]
}

func (s *series) push(r *row) {
	n := s.length()
	s.ids, s.times = append(s.ids, r.key.id), append(s.times, r.key.time)
	s.steps, s.epochs = append(s.steps, r.step), append(s.epochs, r.epoch)
	for m := range metricCount {
		if r.has&(1<<m) != 0 {
			s.tracks[m].push(s, n, r.v[m])
		}
	}
}

// track gives a metric as a line over steps.
func (s *series) track(m metric) *track {
	t := &s.tracks[m]
	t.s = s
	return t
}

// when is the time of a point, zero when it has none.
func (s *series) when(i int) time.Time {
	if s.times[i] == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, s.times[i])
}
