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
	finalReads  = 2                // reads after a job has ended, for points that were committed late
	finalEvery  = 6 * time.Second  // between them
	atOnce      = time.Millisecond // the next page follows right away
)

// streamStep is what the next read of a jobStream is.
type streamStep int

const (
	stepHistory streamStep = iota // the next page from the start
	stepTail                      // the newest points, to show while a long history loads
	stepLive                      // what is new
)

// jobStream reads all points of one job, from the start to the newest, and then
// what comes: one request at a time, each from the cursor behind the last, so
// that an error costs a repetition and never a gap.
type jobStream struct {
	feed   *screen.Feed[streamRead]
	id     string
	series series
	job    models.Job // as of the last live read
	known  bool       // job is set

	step     streamStep
	history  models.MetricCursor // behind the last page of history
	tailFrom rowKey              // first point of the tail
	tailed   bool
	asked    bool // there was a live answer
	more     bool // the last one did not hold all
	final    int  // reads done after the end
	ended    bool // the last read saw the job end
}

type streamRead struct {
	step   streamStep
	live   []models.LiveJob
	points []models.MetricsPoint
}

func newJobStream(sc screen.Scope, b Metrics, id string) *jobStream {
	s := &jobStream{id: id}
	s.feed = screen.NewFeed[streamRead](sc, "watch the job", s.every, nil)
	s.feed.Prepare(func() func(context.Context) (streamRead, error) {
		step, after := s.step, s.history
		if step == stepLive {
			after = s.series.cursor
		}
		return func(ctx context.Context) (r streamRead, err error) {
			r.step = step
			if step == stepHistory {
				r.points, err = b.Metrics(ctx, id, after)
				return r, err
			}
			if step == stepTail {
				after = models.MetricCursor{}
			}
			r.live, err = b.Live(ctx, []models.LiveRequest{{JobID: id, After: after}}, 0)
			return r, err
		}
	})
	return s
}

// complete reports that the history is there.
func (s *jobStream) complete() bool { return s.step == stepLive }

// every plans the next read. The feed asks it right after each good read and
// before anything else, so the read is taken in here: the next one starts
// behind it, whatever starts it.
func (s *jobStream) every(focused bool) time.Duration {
	r, _ := s.feed.Value()
	s.take(r)
	switch {
	case s.step != stepLive || s.more || !s.asked:
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
	case stepHistory:
		s.takePage(r.points)
	case stepTail:
		s.step = stepHistory
		s.takeLive(r.live, true)
	case stepLive:
		s.takeLive(r.live, false)
	}
}

// takePage takes a page of history. A short one is the last; after the first
// full one the newest points are fetched, so that a long history is seen to its
// end while it loads.
func (s *jobStream) takePage(points []models.MetricsPoint) {
	s.series.add(points)
	if n := len(points); n > 0 {
		last := &points[n-1]
		s.history = models.MetricCursor{Time: last.Timestamp.Time, ID: last.ID}
		if s.tailed && newRow(last).key.compare(s.tailFrom) >= 0 {
			s.step = stepLive
			return
		}
	}
	switch {
	case len(points) < metricsPage:
		s.step = stepLive
	case !s.tailed:
		s.step = stepTail
	}
}

func (s *jobStream) takeLive(live []models.LiveJob, tail bool) {
	s.more, s.ended = false, false
	s.asked = s.asked || !tail
	for i := range live {
		lj := &live[i]
		if lj.Job.ID != s.id {
			continue
		}
		s.series.add(lj.Points)
		s.more = lj.Gap && !tail
		s.ended = s.known && s.job.Status.Live() && !lj.Job.Status.Live()
		s.job, s.known = lj.Job, true
		if tail && len(lj.Points) > 0 {
			s.tailFrom, s.tailed = newRow(&lj.Points[0]).key, true
		}
	}
	if tail {
		s.tailed = true
	} else if s.known && !s.job.Status.Live() && !s.more {
		s.final++
	}
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
