package screens

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

const (
	metricsPage = 1000             // points of a full page of history
	liveTail    = 240              // newest points that a first read brings
	finalReads  = 2                // reads after a job has ended, for points that were committed late
	finalEvery  = 6 * time.Second  // between them
	slowSums    = 3                // that the database gave up on, until the points are read instead
	finalChecks = 8                // counts after that, until none is missing
	atOnce      = time.Millisecond // the next page follows right away
	fillPages   = 8                // pages of history between two looks at what is new
)

// streamStep is what the next read of a jobStream is.
type streamStep int

const (
	stepTail   streamStep = iota // the newest points: all there are, for most jobs
	stepWindow                   // how many more there are, summed up
	stepFill                     // the next page backwards
	stepLive                     // what is new
	stepDetail                   // a stretch of a long history that is looked at closer
	stepCheck                    // whether all points up to the cursor are there
)

// jobStream reads the points of one job: the newest first, then backwards to
// the start, and what comes. A long history is summed up by the database
// instead, and looked into where it is zoomed. One read is in flight at a time,
// each from a cursor behind or before what is there, so that an error costs a
// repetition and never a gap. What was committed so late that no cursor meets it
// is found by counting, see lateRows.
type jobStream struct {
	feed   *screen.Feed[streamRead]
	now    func() time.Time
	id     string
	series series
	job    models.Job // as of the last live read
	known  bool       // job is set

	step    streamStep
	oldest  models.MetricCursor // first of the points that were read backwards
	filled  bool                // the history is there up to the first point
	pages   int                 // of history since the last live read
	long    *longRun            // the history is summed up
	blind   bool                // the database cannot sum up
	counted bool                // it was asked to
	sums    int                 // how often since it did
	ask     struct {
		from, to int64
		due      bool
	}
	more    bool // the last live answer did not hold all
	final   int  // reads done after the end
	ended   bool // the last read saw the job end
	checks  checkClock
	checked bool  // the points of the ended job were counted, and all there
	tries   int   // to do so
	odd     int64 // by how much a sum differed from the count when it was made anew
}

func newJobStream(sc screen.Scope, b Metrics, id string) *jobStream {
	s := &jobStream{id: id, now: sc.Now}
	s.feed = screen.NewFeed[streamRead](sc, "watch the job", s.every, nil)
	s.feed.Prepare(func() func(context.Context) (streamRead, error) { return s.plan(b) })
	return s
}

// complete reports that the history is there, whole or summed up.
func (s *jobStream) complete() bool { return s.filled || s.long != nil }

// count is how many points the job has, as far as it is known.
func (s *jobStream) count() int64 {
	if s.long != nil {
		return s.long.overview.Rows + s.long.added
	}
	return int64(s.series.length())
}

// note says in what way the history is not simply there, "" when it is.
func (s *jobStream) note() string {
	switch {
	case s.long != nil:
		return "summed up: zoom in for the points"
	case s.complete() || s.series.length() < liveTail:
		return ""
	case s.blind:
		return "reading the history backwards, without metrics_window: "
	}
	return "reading the history: "
}

// every plans the next read. The feed asks it right after each good read and
// before anything else, so the read is taken in here: the next one starts
// behind it, whatever starts it.
func (s *jobStream) every(focused bool) time.Duration {
	r, _ := s.feed.Value()
	s.take(r)
	switch {
	case s.step != stepLive || s.more || s.ask.due, r.step == stepCheck && s.job.Status.Live():
		return atOnce
	case !s.known:
		return liveWaiting
	case !s.job.Status.Live():
		if s.final >= finalReads {
			return 0
		}
		return finalEvery
	case !focused:
		return liveBlurred
	case s.job.Status == models.JobRunning:
		return liveFast
	}
	return liveWaiting
}

// take moves on by one read.
func (s *jobStream) take(r streamRead) {
	switch r.step {
	case stepTail:
		s.takeTail(r.live)
	case stepWindow:
		s.sums = 0
		s.takeWindow(r.window, r.err)
	case stepFill:
		s.takePage(r.points, r.part)
	case stepDetail:
		s.ask.due, s.sums = false, 0
		if s.long != nil && r.err == nil {
			s.long.detail = r.window
			s.series.replace(s.long.compose())
		}
	case stepCheck:
		s.takeCheck(r)
	default:
		s.takeLive(r.live)
	}
}

// takeTail takes the newest points. That they are fewer than were asked for says
// nothing: a server may send fewer rows at once.
func (s *jobStream) takeTail(live []models.LiveJob) {
	s.takeLive(live)
	if s.series.length() == 0 {
		s.filled = true
		s.goLive()
		return
	}
	s.step = stepFill
	if s.guess() > longHistory {
		s.step = stepWindow
	}
	for i := range live {
		if p := live[i].Points; live[i].Job.ID == s.id && len(p) > 0 {
			s.oldest = models.MetricCursor{Time: p[0].Timestamp.Time, ID: p[0].ID}
		}
	}
}

// guess is how many points the job may have, by how far the newest are apart
// and how far they have come.
func (s *jobStream) guess() int64 {
	n := s.series.length()
	first, last := s.series.steps[0], s.series.steps[n-1]
	if last <= first || last <= 0 {
		return int64(n)
	}
	return int64(float64(last) / float64(last-first) * float64(n-1))
}

func (s *jobStream) takeWindow(w models.MetricsWindow, missing error) {
	if s.long != nil { // summed up anew
		if missing == nil && w.Rows > 0 {
			s.long.renew(w)
			s.series.replace(s.long.compose())
			s.ask.due = s.ask.from < s.ask.to
		}
		s.goLive()
		return
	}
	s.step, s.counted = stepFill, true
	s.blind = missing != nil
	if s.blind || w.Rows <= longHistory {
		return
	}
	s.long = &longRun{overview: w, raw: s.series.suffix(0)}
	s.series.replace(s.long.compose())
	s.goLive()
}

// takePage takes a page of history; a short one is the first of all. In between
// a look at what is new keeps a long way back from hiding it.
func (s *jobStream) takePage(points []models.MetricsPoint, part bool) {
	s.series.add(points)
	if len(points) > 0 {
		s.oldest = models.MetricCursor{Time: points[0].Timestamp.Time, ID: points[0].ID}
	}
	s.pages++
	s.filled = len(points) < metricsPage && !part
	switch {
	case s.filled || s.pages >= fillPages:
		s.goLive()
	case s.series.length() > longHistory && !s.counted:
		s.step = stepWindow
	}
}

// goLive has the next read look at what is new.
func (s *jobStream) goLive() { s.step, s.pages = stepLive, 0 }

func (s *jobStream) takeLive(live []models.LiveJob) {
	s.more, s.ended = false, false
	for i := range live {
		lj := &live[i]
		if lj.Job.ID != s.id {
			continue
		}
		s.grow(lj.Points)
		s.more = lj.Gap
		s.ended = s.known && s.job.Status.Live() && !lj.Job.Status.Live()
		s.job, s.known = lj.Job, true
	}
	if s.known && !s.job.Status.Live() && !s.more {
		s.final++
	}
	s.goOn()
}

// goOn goes from what is new back to the history, or at the end to the count.
func (s *jobStream) goOn() {
	switch {
	case s.step != stepLive || s.more:
	case !s.complete():
		s.step = stepFill
	case s.final >= finalReads && !s.checked && s.series.length() > 0:
		s.step = stepCheck
	}
}

// takeCheck takes late points in. A sum that lacks some is made anew, once for
// the same difference: rows without a time are in it and not in the count.
func (s *jobStream) takeCheck(r streamRead) {
	n := s.grow(r.points)
	found := n > 0
	if s.long != nil {
		s.long.late(n)
	}
	if r.failed {
		s.checks.failed(s.now())
	} else {
		s.checks.done(s.now(), found)
	}
	s.step = stepLive
	if s.final >= finalReads {
		s.checked = !found || s.tries >= finalChecks
		if !s.checked {
			s.step = stepCheck
			return
		}
	}
	if d := r.total - s.count(); r.counts && d != 0 && d != s.odd {
		s.odd, s.step = d, stepWindow
	}
}

// grow takes points in and tells how many were new.
func (s *jobStream) grow(points []models.MetricsPoint) int {
	if s.long != nil {
		points = s.long.newer(points)
	}
	return s.series.add(points)
}

// look asks for a finer sum of the steps in view; it pokes the feed if there is
// something to ask.
func (s *jobStream) look(lo, hi int64) tea.Cmd {
	if s.long == nil {
		return nil
	}
	from, to, ok := s.long.wants(lo, hi)
	if !ok || s.ask.from == from && s.ask.to == to {
		return nil
	}
	s.ask.from, s.ask.to, s.ask.due = from, to, true
	return s.feed.Poke()
}

// update takes every message; ended says that the job has just ended.
func (s *jobStream) update(msg tea.Msg) (cmd tea.Cmd, fresh, ended bool) {
	cmd, fresh = s.feed.Update(msg)
	if !fresh {
		return cmd, false, false
	}
	ended, s.ended = s.ended, false
	return cmd, true, ended
}

// merged is the row with what the stream knows newer about it.
func (s *jobStream) merged(j models.Job) models.Job {
	if s.known && !s.job.UpdatedAt.Before(j.UpdatedAt.Time) {
		return withLive(j, s.job)
	}
	return j
}
