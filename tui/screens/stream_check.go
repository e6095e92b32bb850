package screens

import (
	"context"
	"sort"
	"time"

	"github.com/loratop/loratop/models"
)

// Rows that are committed late are behind the cursor, where nobody asks any
// more. A row's only witness is then how many there are, so now and then the
// rows up to the cursor are counted, which costs a request without a body; where
// there are more than are held, the place is searched by halves.
const (
	checkFirst = 5 * time.Second  // after a late row was found, as another may follow
	checkEvery = time.Minute      // in calm
	checkNear  = 15 * time.Minute // of a long history, how far back every check looks;
	checkFar   = 10               // one in so many looks at all of it
	checkLeaf  = 24               // rows held of a stretch that is read instead of halved
	checkMost  = 5000             // late rows that one check brings
)

// beyond is an id behind all ids of the same time.
const beyond = "ffffffff-ffff-ffff-ffff-ffffffffffff"

// heldRows are the times of the points held of a stretch, ascending, in
// nanoseconds: a copy, as it is used beside the Update goroutine.
type heldRows struct {
	from, to time.Time // both included; from zero: from the first there is
	times    []int64
}

// count is how many of the times lie within a stretch.
func (h *heldRows) count(from, to time.Time) int64 { return int64(h.after(to) - h.before(from)) }

func (h *heldRows) before(t time.Time) int {
	if t.IsZero() {
		return 0
	}
	return sort.Search(len(h.times), func(i int) bool { return h.times[i] >= t.UnixNano() })
}

func (h *heldRows) after(t time.Time) int {
	return sort.Search(len(h.times), func(i int) bool { return h.times[i] > t.UnixNano() })
}

// lateSearch finds the points that the server has and we do not hold.
type lateSearch struct {
	b    Metrics
	job  string
	held *heldRows
	out  []models.MetricsPoint
}

// lateRows gives points among which all are that the held ones lack, and
// nothing when none is lacking. What was found before an error is worth having.
func lateRows(ctx context.Context, b Metrics, job string, held *heldRows) ([]models.MetricsPoint, error) {
	s := &lateSearch{b: b, job: job, held: held}
	total, err := b.MetricsCount(ctx, job, held.from, held.to)
	if err == nil {
		err = s.look(ctx, held.from, held.to, total)
	}
	if len(s.out) > 0 {
		err = nil
	}
	return s.out, err
}

// look searches a stretch of which the server has so many rows.
func (s *lateSearch) look(ctx context.Context, from, to time.Time, total int64) error {
	have := s.held.count(from, to)
	if total <= have || len(s.out) >= checkMost {
		return nil
	}
	mid, ok := s.half(from, to)
	if have <= checkLeaf || !ok {
		return s.read(ctx, from, to)
	}
	older, err := s.b.MetricsCount(ctx, s.job, from, mid)
	if err != nil {
		return err
	}
	// The newer half first: it is what is looked at.
	if err := s.look(ctx, mid.Add(time.Microsecond), to, total-older); err != nil {
		return err
	}
	return s.look(ctx, from, mid, older)
}

// half is a time that leaves as many held rows before as behind it; not ok when
// they are all of one time.
func (s *lateSearch) half(from, to time.Time) (mid time.Time, ok bool) {
	lo, hi := s.held.before(from), s.held.after(to)
	if hi-lo < 2 {
		return mid, false
	}
	at := s.held.times[(lo+hi)/2-1]
	if at == s.held.times[hi-1] { // the upper half is of one time: split before it
		first := s.held.before(time.Unix(0, at))
		if first == lo {
			return mid, false
		}
		at = s.held.times[first-1]
	}
	return time.Unix(0, at), true
}

// read takes a stretch row by row.
func (s *lateSearch) read(ctx context.Context, from, to time.Time) error {
	at := models.MetricCursor{}
	if !from.IsZero() {
		at = models.MetricCursor{Time: from.Add(-time.Microsecond), ID: beyond}
	}
	for len(s.out) < checkMost {
		points, err := s.b.MetricsBetween(ctx, s.job, at, to)
		s.out = append(s.out, points...)
		if err != nil {
			return err
		}
		if len(points) < metricsPage {
			return nil
		}
		last := points[len(points)-1]
		at = models.MetricCursor{Time: last.Timestamp.Time, ID: last.ID}
	}
	return nil
}

// checkClock says when to count next.
type checkClock struct {
	due   time.Time // zero: not set
	every time.Duration
	n     int // checks done
	fails int // in a row
}

// ready reports that it is time; the first time is one period after the first
// call.
func (c *checkClock) ready(now time.Time) bool {
	if c.due.IsZero() {
		c.every = checkFirst
		c.due = now.Add(c.every)
	}
	return !now.Before(c.due) || now.Before(c.due.Add(-checkEvery)) // the clock was set back
}

// done plans the next one: soon after late rows, then ever more seldom.
func (c *checkClock) done(now time.Time, found bool) {
	c.n, c.fails = c.n+1, 0
	c.every = min(2*c.every, checkEvery)
	if found {
		c.every = checkFirst
	}
	c.due = now.Add(c.every)
}

// failed plans the next try.
func (c *checkClock) failed(now time.Time) {
	c.due = now.Add(min(checkFirst<<c.fails, checkEvery))
	c.fails = min(c.fails+1, 8)
}

// held are the points up to a time of which the server must not have more.
func (s *jobStream) held(to time.Time, whole bool) *heldRows {
	var from time.Time
	n := s.series.length()
	switch {
	case s.long != nil:
		n = len(s.long.raw)
		if n > 0 {
			from = time.Unix(0, s.long.raw[0].key.time+1000)
		}
	case !s.filled && !s.oldest.IsZero():
		from = s.oldest.Time.Add(time.Microsecond)
	}
	if near := to.Add(-checkNear); !whole && n > longHistory && near.After(from) {
		from = near
	}
	if s.long != nil {
		return s.long.held(from, to)
	}
	return s.series.held(from, to)
}

// held copies the times of the points from the one time to the other. Points
// without a time are no part of it.
func (s *series) held(from, to time.Time) *heldRows {
	lo := sort.Search(len(s.times), func(i int) bool { return s.times[i] >= lowest(from) })
	hi := sort.Search(len(s.times), func(i int) bool { return s.times[i] > to.UnixNano() })
	return &heldRows{from: from, to: to, times: append([]int64(nil), s.times[lo:max(lo, hi)]...)}
}

// held are the rows that are not only summed up.
func (l *longRun) held(from, to time.Time) *heldRows {
	h := &heldRows{from: from, to: to}
	for i := range l.raw {
		if t := l.raw[i].key.time; t >= lowest(from) && t <= to.UnixNano() {
			h.times = append(h.times, t)
		}
	}
	return h
}

// lowest is the time of a first row from then on; rows without a time are before
// all.
func lowest(from time.Time) int64 {
	if from.IsZero() {
		return -1<<63 + 1
	}
	return from.UnixNano()
}
