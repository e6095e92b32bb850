package screens

import (
	"context"
	"time"

	"github.com/loratop/loratop/models"
)

// streamRead is what a read of a jobStream brought.
type streamRead struct {
	step   streamStep
	live   []models.LiveJob
	points []models.MetricsPoint
	part   bool // of a page: there is more of it
	window models.MetricsWindow
	total  int64 // points up to the cursor, where counted
	counts bool  // total is set
	failed bool  // the check could not be done
	err    error // of a window: the database has none
}

// streamAsk is what a read asks for.
type streamAsk struct {
	step     streamStep
	live     models.LiveRequest // job, and where its new points begin
	before   models.MetricCursor
	from, to int64
	enough   bool // a sum that is given up on once more counts as one that cannot be made
}

// plan is the next read.
func (s *jobStream) plan(b Metrics) func(context.Context) (streamRead, error) {
	a := streamAsk{step: s.next(), live: models.LiveRequest{JobID: s.id}, before: s.oldest, from: s.ask.from, to: s.ask.to}
	switch a.step {
	case stepCheck:
		return s.check(b)
	case stepLive:
		a.live.After, a.live.Seen = s.series.cursor, s.series.recent()
	case stepWindow, stepDetail:
		s.sums++
		a.enough = s.sums >= slowSums
	}
	return func(ctx context.Context) (streamRead, error) { return a.read(ctx, b) }
}

// next is the step to do, with what is asked for in between.
func (s *jobStream) next() streamStep {
	switch {
	case s.step == stepLive && s.ask.due:
		return stepDetail
	case s.step == stepLive && s.known && s.job.Status.Live() && s.checks.ready(s.now()):
		return stepCheck
	}
	return s.step
}

func (a *streamAsk) read(ctx context.Context, b Metrics) (r streamRead, err error) {
	r.step = a.step
	id := a.live.JobID
	switch a.step {
	case stepWindow:
		r.window, err = b.MetricsWindow(ctx, id, 0, 0, overviewBuckets)
	case stepDetail:
		r.window, err = b.MetricsWindow(ctx, id, a.from, a.to, detailBuckets)
	case stepFill:
		r.points, err = b.MetricsBefore(ctx, id, a.before)
		if err != nil && len(r.points) > 0 { // the next read goes on, or fails
			r.part, err = true, nil
		}
	default:
		r.live, err = b.Live(ctx, []models.LiveRequest{a.live}, liveTail)
	}
	if models.WindowMissing(err) || a.enough && models.WindowTooSlow(err) {
		r.err, err = err, nil
	}
	return r, err
}

// check is the read that counts. It looks back as far as single points are held,
// of very many only a while, and now and then at the sum of all.
func (s *jobStream) check(b Metrics) func(context.Context) (streamRead, error) {
	last := s.final >= finalReads
	if last {
		s.tries++
	}
	id, to := s.id, s.series.cursor.Time
	whole := last || s.checks.n%checkFar == checkFar-1
	sum := s.long != nil && whole
	held := s.held(to, whole)
	insist := last && s.tries < finalChecks
	return func(ctx context.Context) (r streamRead, err error) {
		r.step = stepCheck
		r.points, err = lateRows(ctx, b, id, held)
		if err == nil && sum {
			r.total, err = b.MetricsCount(ctx, id, time.Time{}, to)
			r.counts = err == nil
		}
		if err != nil && !insist { // reading what is new will tell it too
			r.failed, err = len(r.points) == 0, nil
		}
		return r, err
	}
}
