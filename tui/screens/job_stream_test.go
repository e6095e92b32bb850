package screens

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

// metricServer answers as the client does: pages, a tail, what is behind a
// cursor with a look back of 10 s, and it fails when told to.
type metricServer struct {
	now    time.Time
	job    models.Job
	rows   []models.MetricsPoint // committed, in any order
	late   []lateRow
	n      int
	step   int64
	burst  int // most new points in one live answer
	fail   func() bool
	reads  int
	failed int
	sent   int  // points
	blind  bool // cannot sum up
	slow   bool // gives up on it
	most   int  // rows of one embed that it sends at once; 0: all
}

type lateRow struct {
	p  models.MetricsPoint
	at time.Time
}

func (m *metricServer) write(delay time.Duration, step int64, eval bool) {
	p := point(m.n, m.now, step, eval)
	m.n++
	if delay > 0 {
		m.late = append(m.late, lateRow{p, m.now.Add(delay)})
		return
	}
	m.rows = append(m.rows, p)
}

func (m *metricServer) advance(d time.Duration) {
	m.now = m.now.Add(d)
	m.late = slices.DeleteFunc(m.late, func(l lateRow) bool {
		if l.at.After(m.now) {
			return false
		}
		m.rows = append(m.rows, l.p)
		return true
	})
}

func (m *metricServer) broken() error {
	m.reads++
	if m.fail() {
		m.failed++
		return &models.Error{Code: models.CodeNetwork, Msg: "the connection was cut", Retry: true}
	}
	return nil
}

// behind gives the committed rows that ok, ascending.
func (m *metricServer) behind(ok func(models.MetricsPoint) bool) []models.MetricsPoint {
	if !slices.IsSortedFunc(m.rows, comparePoints) {
		sortPoints(m.rows)
	}
	var out []models.MetricsPoint
	for i := range m.rows {
		if ok(m.rows[i]) {
			out = append(out, m.rows[i])
		}
	}
	return out
}

func isBehind(p models.MetricsPoint, c models.MetricCursor) bool {
	d := p.Timestamp.Compare(c.Time)
	return c.IsZero() || d > 0 || d == 0 && p.ID > c.ID
}

func (m *metricServer) Metrics(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	panic("the stream of a job reads backwards")
}

func (m *metricServer) MetricsBefore(_ context.Context, _ string, before models.MetricCursor) ([]models.MetricsPoint, error) {
	if err := m.broken(); err != nil {
		return nil, err
	}
	got := m.behind(func(p models.MetricsPoint) bool {
		return before.IsZero() || !isBehind(p, before) && p.ID != before.ID
	})
	got = got[max(0, len(got)-metricsPage):]
	m.sent += len(got)
	return got, nil
}

func (m *metricServer) MetricsBetween(_ context.Context, _ string, after models.MetricCursor, to time.Time) ([]models.MetricsPoint, error) {
	if err := m.broken(); err != nil {
		return nil, err
	}
	got := m.behind(func(p models.MetricsPoint) bool { return isBehind(p, after) && !p.Timestamp.After(to) })
	got = got[:min(len(got), metricsPage)]
	m.sent += len(got)
	return got, nil
}

func (m *metricServer) MetricsCount(_ context.Context, _ string, from, to time.Time) (int64, error) {
	if err := m.broken(); err != nil {
		return 0, err
	}
	return int64(len(m.behind(func(p models.MetricsPoint) bool { return !p.Timestamp.Before(from) && !p.Timestamp.After(to) }))), nil
}

func (m *metricServer) MetricsWindow(_ context.Context, _ string, from, to int64, buckets int) (models.MetricsWindow, error) {
	if err := m.broken(); err != nil {
		return models.MetricsWindow{}, err
	}
	if m.slow {
		return models.MetricsWindow{}, &models.Error{Code: models.CodeServer, Server: "57014", Msg: "canceling statement due to statement timeout"}
	}
	if m.blind {
		return models.MetricsWindow{}, &models.Error{Code: models.CodeConfig, Server: "PGRST202", Msg: "no such function"}
	}
	return tuitest.Window("j", m.behind(func(models.MetricsPoint) bool { return true }), from, to, buckets), nil
}

func (m *metricServer) Live(_ context.Context, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error) {
	if err := m.broken(); err != nil {
		return nil, err
	}
	if tail == 0 {
		tail = 240
	}
	if m.most > 0 {
		tail = min(tail, m.most)
	}
	var out []models.LiveJob
	for _, r := range reqs {
		lj := models.LiveJob{Job: m.job}
		if r.After.IsZero() {
			all := m.behind(func(models.MetricsPoint) bool { return true })
			lj.Points = all[max(0, len(all)-tail):]
		} else {
			from := r.After.Time.Add(-10 * time.Second)
			all := m.behind(func(p models.MetricsPoint) bool { return !p.Timestamp.Before(from) && !slices.Contains(r.Seen, p.ID) })
			fresh := 0
			for i, p := range all {
				if isBehind(p, r.After) {
					if fresh++; fresh > m.burst {
						all, lj.Gap = all[:i], true
						break
					}
				}
			}
			lj.Points = all
		}
		m.sent += len(lj.Points)
		out = append(out, lj)
	}
	return out, nil
}

// read makes the stream read once, now.
func readOnce(s *jobStream) {
	if cmd := s.feed.Poke(); cmd != nil {
		if m, ok := cmd().(screen.Addressed); ok {
			_, _, _ = s.update(m.Msg)
		}
	}
}

// TestStreamEqualsTheTable drives the stream of one job through a history of
// pages, rows committed late, bursts, resumes and 30 % of failed requests: in
// the end it has every point, once, in order.
func TestStreamEqualsTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &metricServer{now: clock(), job: models.Job{ID: "j", Status: models.JobRunning}, burst: rapid.IntRange(1, 40).Draw(t, "burst"), blind: rapid.Bool().Draw(t, "blind"), most: rapid.SampledFrom([]int{0, 100}).Draw(t, "rows at once")}
		rate := rapid.SampledFrom([]int{0, 3, 3, 6}).Draw(t, "failures of 10")
		m.fail = func() bool { return rapid.IntRange(0, 9).Draw(t, "fail") < rate }
		for range rapid.SampledFrom([]int{0, 5, 999, 1000, 1001, 2300}).Draw(t, "history") {
			m.step += 10
			m.write(0, m.step, m.n%9 == 8)
			m.now = m.now.Add(time.Second)
		}
		sc, cancel := screen.NewScope(t.Context(), 1, clock)
		defer cancel()
		s := newJobStream(sc, m, "j")
		for range rapid.IntRange(0, 40).Draw(t, "ticks") {
			m.tick(t)
			readOnce(s)
		}
		m.advance(10 * time.Second)
		m.job.Status = models.JobCompleted
		for tries := 0; s.final < finalReads || s.step != stepLive; tries++ {
			if tries > 2000 {
				t.Fatalf("not done after %d reads of which %d failed: step %v, %+v, final %d more %v job %v known %v", m.reads, m.failed, s.step, s.feed.Err(), s.final, s.more, s.job, s.known)
			}
			readOnce(s)
		}
		sameSeries(t, &s.series, m.rows)
		if m.sent > len(m.rows)+liveTail {
			t.Fatalf("%d points were sent for %d", m.sent, len(m.rows))
		}
		if !s.complete() || s.every(true) != 0 {
			t.Fatal("the stream of a finished job goes on")
		}
	})
}

// tick lets some points be written.
func (m *metricServer) tick(t *rapid.T) {
	for range rapid.IntRange(0, 6).Draw(t, "points") {
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			m.write(time.Duration(rapid.IntRange(1, 9).Draw(t, "late"))*time.Second, m.step, true)
		case 1: // a resume from a checkpoint
			m.step = max(0, m.step-300)
			m.write(0, m.step, false)
		case 2: // several at one time and step
			m.write(0, m.step, false)
		default:
			m.step += 10
			m.advance(200 * time.Millisecond)
			m.write(0, m.step, false)
		}
	}
	m.advance(time.Duration(rapid.IntRange(100, 3000).Draw(t, "pause")) * time.Millisecond)
}

// TestStreamNeverEndsOnErrors keeps a stream whose server is down for long.
func TestStreamNeverEndsOnErrors(t *testing.T) {
	down := true
	m := &metricServer{now: clock(), job: models.Job{ID: "j", Status: models.JobRunning}, burst: 100}
	m.fail = func() bool { return down }
	m.write(0, 1, false)
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	defer cancel()
	s := newJobStream(sc, m, "j")
	for range 50 {
		readOnce(s)
		if st := s.feed.State(); st.Health != screen.HealthOffline || st.Next.IsZero() {
			t.Fatalf("after an error: %+v", st)
		}
	}
	down = false
	readOnce(s)
	if s.series.length() != 1 {
		t.Error("the stream did not come back")
	}
}

// history writes so many points, a second each.
func (m *metricServer) history(n int) {
	for range n {
		m.step++
		m.write(0, m.step, false)
		m.now = m.now.Add(time.Second)
	}
}

// TestHistoryIsReadFromItsEnd sees the newest points after one request, and
// the rest page by page; of a long one it says why.
func TestHistoryIsReadFromItsEnd(t *testing.T) {
	for _, n := range []int{5000, 12_500} {
		m := &metricServer{now: clock(), job: models.Job{ID: "j", Status: models.JobRunning}, burst: 100, fail: func() bool { return false }, blind: true}
		m.history(n)
		sc, cancel := screen.NewScope(t.Context(), 1, clock)
		defer cancel()
		s := newJobStream(sc, m, "j")
		readOnce(s)
		k := s.series.track(metricTraining)
		if got := k.Len(); got != liveTail || k.X(got-1) != float64(n) {
			t.Fatalf("%d points up to step %v", got, k.X(got-1))
		}
		readOnce(s)
		if said := s.note(); !strings.HasPrefix(said, "reading the history") || strings.Contains(said, "metrics_window") != (n > longHistory) {
			t.Errorf("it says %q", said)
		}
		for !s.complete() {
			readOnce(s)
		}
		sameSeries(t, &s.series, m.rows)
		if m.reads > n/metricsPage+4 || m.sent != n || s.note() != "" {
			t.Errorf("%d requests and %d points for %d points, %q", m.reads, m.sent, n, s.note())
		}
	}
}

// TestHistoryThatProvesLong is summed up when it does not end where the steps
// of the newest points let expect it.
func TestHistoryThatProvesLong(t *testing.T) {
	m := longServer(30_000)
	m.step = 100
	m.history(300)
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	defer cancel()
	s := newJobStream(sc, m, "j")
	for range 14 {
		readOnce(s)
	}
	if s.long == nil || s.count() != 30_300 || m.sent > longHistory+metricsPage+liveTail {
		t.Errorf("%d points known, %d sent", s.count(), m.sent)
	}
}

// TestHistoryThatCannotBeSummedUp is read instead, when the database has given up
// on the sum some times; what is new is not kept waiting for ever.
func TestHistoryThatCannotBeSummedUp(t *testing.T) {
	m := longServer(12_500)
	m.slow = true
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	defer cancel()
	s := newJobStream(sc, m, "j")
	for range slowSums {
		readOnce(s)
		if s.step != stepWindow || s.blind {
			t.Fatalf("step %v", s.step)
		}
	}
	for readOnce(s); !s.complete(); {
		readOnce(s)
	}
	sameSeries(t, &s.series, m.rows)
}

// TestLiveSetAsksOnceForAll watches several jobs with one request a tick.
func TestLiveSetAsksOnceForAll(t *testing.T) {
	calls, want := 0, []models.Job{{ID: "a", Status: models.JobRunning}, {ID: "b", Status: models.JobQueued}}
	var after []models.MetricCursor
	b := liveFunc(func(reqs []models.LiveRequest) ([]models.LiveJob, error) {
		calls++
		after = after[:0]
		var out []models.LiveJob
		for i, r := range reqs {
			after = append(after, r.After)
			out = append(out, models.LiveJob{Job: models.Job{ID: r.JobID, Status: models.JobRunning}, Points: []models.MetricsPoint{
				point(calls*10+i, clock().Add(time.Duration(calls)*time.Second), int64(calls), false),
			}})
		}
		if calls == 3 {
			return nil, errors.New("cut")
		}
		return out, nil
	})
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	defer cancel()
	l := newLiveSet(sc, b, func() []models.Job { return want })
	read := func() (fresh, ended bool) {
		if cmd := l.feed.Poke(); cmd != nil {
			_, fresh, ended = l.update(cmd().(screen.Addressed).Msg)
		}
		return fresh, ended
	}
	for range 4 {
		read()
	}
	if calls != 4 || len(after) != 2 || after[0].IsZero() {
		t.Fatalf("%d calls, cursors %v", calls, after)
	}
	if n := l.runs["a"].series.length(); n != 3 {
		t.Errorf("%d points: the third read failed", n)
	}
	want = nil
	if read(); l.every(true) != 0 || l.wake() != nil {
		t.Error("a set without jobs goes on")
	}
	want = []models.Job{{ID: "c", Status: models.JobQueued}}
	if l.wake() == nil {
		t.Error("a set does not wake")
	}
}

type liveFunc func(reqs []models.LiveRequest) ([]models.LiveJob, error)

func (f liveFunc) Live(_ context.Context, reqs []models.LiveRequest, _ int) ([]models.LiveJob, error) {
	return f(reqs)
}

func (f liveFunc) Metrics(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}
