package screens

import (
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// TestVeryLateRowsAreFoundAtTheEnd: a point that was committed long after those
// behind it is missed by every look back, and found when the job has ended.
func TestVeryLateRowsAreFoundAtTheEnd(t *testing.T) {
	m := &metricServer{now: clock(), job: models.Job{ID: "j", Status: models.JobRunning}, burst: 100, fail: func() bool { return false }}
	m.history(1500)
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	defer cancel()
	s := newJobStream(sc, m, "j")
	m.write(2*time.Minute, m.step, false)
	for range 5 {
		m.history(60)
		readOnce(s)
	}
	m.advance(0)
	m.job.Status = models.JobCompleted
	for range finalReads {
		readOnce(s)
	}
	if n := s.series.length(); n != len(m.rows)-1 {
		t.Fatalf("%d points of %d before the count", n, len(m.rows))
	}
	for s.step != stepLive || !s.complete() {
		readOnce(s)
	}
	sameSeries(t, &s.series, m.rows)
}

// TestLateRowsAppearWhileTheJobRuns: a point that is committed minutes after
// those behind it is there about a minute later, in a short history and in one
// that is summed up, and little is sent for it. So it is when the clock of the
// server has been set back, for every point.
func TestLateRowsAppearWhileTheJobRuns(t *testing.T) {
	for _, n := range []int{0, 100, 5000, 12_000} {
		m := longServer(n + 3) // with room for the odd values it sets
		sc, cancel := screen.NewScope(t.Context(), 1, func() time.Time { return m.now })
		defer cancel()
		s := newJobStream(sc, m, "j")
		tick := func() {
			m.history(1)
			m.advance(0)
			readOnce(s)
			readOnce(s) // one of them may count
		}
		for range 200 {
			tick()
		}
		sent := m.sent
		m.write(100*time.Second, m.step, false)
		late := m.late[0].p
		for range 100 {
			tick()
		}
		has := func() bool {
			at := s.series.find(newRow(&late).key)
			return at < s.series.length() && s.series.key(at) == newRow(&late).key
		}
		if len(m.late) > 0 || has() {
			t.Fatalf("%d points: the late row is there before it was committed", n)
		}
		for range 70 {
			tick()
		}
		if !has() {
			t.Fatalf("%d points: the late row is not there", n)
		}
		if more := m.sent - sent - 170; more > checkLeaf+2 {
			t.Errorf("%d points: %d were sent for one late row", n, more)
		}
		m.now = m.now.Add(-time.Hour) // and goes on from there
		m.step++
		m.write(0, m.step, false)
		back := m.rows[len(m.rows)-1]
		m.now = m.now.Add(time.Hour)
		for range 70 {
			tick()
		}
		if at := s.series.find(newRow(&back).key); n > 3600 && n < longHistory && (at == s.series.length() || s.series.key(at) != newRow(&back).key) {
			t.Errorf("%d points: a row of an hour ago is not there", n)
		}
		if s.long == nil {
			sameSeries(t, &s.series, m.rows)
		}
	}
}

// TestLateRowsOfTheSumAppear: rows that belong where a history is only summed up
// are in the sum some minutes later, and only then is it made anew.
func TestLateRowsOfTheSumAppear(t *testing.T) {
	m := longServer(12_000)
	sc, cancel := screen.NewScope(t.Context(), 1, func() time.Time { return m.now })
	defer cancel()
	s := newJobStream(sc, m, "j")
	windows := 0
	tick := func() {
		m.history(1)
		m.now = m.now.Add(19 * time.Second)
		for range 3 { // one of them may count, and one sum up
			if s.step == stepWindow {
				windows++
			}
			readOnce(s)
		}
	}
	for range 80 {
		tick()
	}
	if windows != 1 || s.long == nil {
		t.Fatalf("the sum was made %d times", windows)
	}
	p := point(m.n, m.rows[9000].Timestamp.Time, int64(m.rows[9000].Step), false)
	p.TrainingLoss = models.Ptr(models.F64(7e7))
	m.n++
	m.rows = append(m.rows, p)
	for range 40 {
		tick()
	}
	k := s.series.track(metricTraining)
	if windows != 2 || k.Extent(0, k.Len()).Max != 7e7 || s.count() != int64(len(m.rows)) {
		t.Errorf("summed %d times, greatest %v, %d points of %d", windows, k.Extent(0, k.Len()).Max, s.count(), len(m.rows))
	}
	for range 80 {
		tick()
	}
	if windows != 2 {
		t.Errorf("summed %d times", windows)
	}
}
