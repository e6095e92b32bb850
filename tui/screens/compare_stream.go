package screens

import (
	"cmp"
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/screen"
)

// compareWhole is up to how many points are read as they are.
const compareWhole = 4000

// compareRun is one of the jobs that are compared.
type compareRun struct {
	id     string
	job    models.Job
	known  bool // job was read
	gone   string
	series series
	clock  clockwork

	window bool     // the history was asked for in one piece
	long   *longRun // and is one
	ask    struct { // a stretch of it to look at closer
		from, to int64
		due      bool
	}
	checks  checkClock
	checked bool // the points of the ended job were counted
	tries   int  // to do so
	// newestSummed is where points begin behind a history in one piece.
	newestSummed rowKey
	after        models.MetricCursor
	whole        bool // the history is complete
	settled      bool // the job had ended when its points were read last
	avg          *chart.Smoothed
	avgOf        metric
	avgBy        float64
}

// compareStream reads several jobs with one feed: rows and histories, then what
// is new of those that run, in one request a tick.
type compareStream struct {
	feed    *screen.Feed[compareRead]
	now     func() time.Time
	width   int // cells of the chart, as it was drawn last
	runs    []*compareRun
	windows bool // the database sums up; false once it has said no
}

// compareWidth is how wide a chart is taken to be before it was drawn.
const compareWidth = 120

// buckets is into how many a long history is summed up: two a cell of the chart.
func (s *compareStream) buckets() int { return max(40, min(2*cmp.Or(s.width, compareWidth), 1200)) }

func newCompareStream(sc screen.Scope, b jobStore, ids []string) *compareStream {
	s := &compareStream{windows: true, now: sc.Now}
	for _, id := range ids {
		s.runs = append(s.runs, &compareRun{id: id, window: true})
	}
	s.feed = screen.NewFeed[compareRead](sc, "compare jobs", s.every, nil)
	s.feed.Prepare(func() func(context.Context) (compareRead, error) {
		plans, live := s.plans()
		return func(ctx context.Context) (compareRead, error) { return readCompare(ctx, b, plans, live) }
	})
	return s
}

// plans is what to ask next.
func (s *compareStream) plans() (plans []comparePlan, live []models.LiveRequest) {
	for _, r := range s.runs {
		if r.gone != "" {
			continue
		}
		if !r.known || !r.whole {
			plans = append(plans, comparePlan{
				id: r.id, row: !r.known, after: r.after, buckets: s.buckets(),
				window: s.windows && r.window, page: !r.whole && !(s.windows && r.window),
			})
			continue
		}
		if r.ask.due {
			plans = append(plans, comparePlan{id: r.id, detail: true, from: r.ask.from, to: r.ask.to, buckets: s.buckets()})
		}
		if r.checkDue(s.now()) {
			plans = append(plans, comparePlan{id: r.id, check: r.held()})
		}
		if !r.settled {
			live = append(live, models.LiveRequest{JobID: r.id, After: r.series.cursor, Seen: r.series.recent()})
		}
	}
	return plans, live
}

// checkDue reports that it is time to count the points of a run: now and then
// while it lives, and when it has ended until none is missing.
func (r *compareRun) checkDue(now time.Time) bool {
	if r.settled {
		return !r.checked
	}
	return r.job.Status.Live() && r.checks.ready(now)
}

// held are the points of which the server must not have more. What is only
// summed up stays as it was summed up.
func (r *compareRun) held() *heldRows {
	to := r.series.cursor.Time
	if r.long == nil {
		return r.series.held(time.Time{}, to)
	}
	if len(r.long.raw) == 0 {
		return &heldRows{from: to.Add(time.Microsecond), to: to}
	}
	return r.long.held(time.Unix(0, r.long.raw[0].key.time+1000), to)
}

// every takes the last read in and plans the next one.
func (s *compareStream) every(focused bool) time.Duration {
	read, _ := s.feed.Value()
	s.windows = s.windows && !read.noWindows
	for i := range read.live {
		for _, r := range s.runs {
			if r.id == read.live[i].Job.ID {
				r.takeLive(&read.live[i])
			}
		}
	}
	for _, r := range s.runs {
		r.ask.due = r.ask.due && !read.noWindows
		r.take(&read)
		if c, ok := read.checks[r.id]; ok {
			r.takeCheck(c, s.now())
		}
	}
	plans, live := s.plans()
	switch {
	case len(plans) > 0:
		return atOnce
	case len(live) == 0:
		return 0
	case !focused:
		return liveBlurred
	}
	return liveFast
}

func (r *compareRun) take(read *compareRead) {
	if j, ok := read.rows[r.id]; ok {
		r.job, r.known = j, true
	}
	if why, ok := read.gone[r.id]; ok {
		r.gone = why
	}
	w, ok := read.windows[r.id]
	switch {
	case ok && w.Rows <= compareWhole:
		r.window = false // few enough to be read one by one
	case ok:
		r.long = &longRun{overview: w, fine: int64(len(w.Buckets))}
		r.series.replace(r.long.compose())
		r.series.cursor, r.whole = w.Newest, true
		r.newestSummed = rowKey{time: w.Newest.Time.UnixNano()}
	}
	if w, ok := read.details[r.id]; ok {
		r.ask.due = false
		if r.long != nil && w.Rows > 0 {
			r.long.detail = w
			r.series.replace(r.long.compose())
		}
	}
	if page, ok := read.pages[r.id]; ok {
		r.series.add(page.points)
		r.after, r.whole = r.series.cursor, !page.part && len(page.points) < metricsPage
	}
}

// takeCheck takes late points in.
func (r *compareRun) takeCheck(c compareCheck, now time.Time) {
	found := r.grow(c.points) > 0
	if c.failed {
		r.checks.failed(now)
	} else {
		r.checks.done(now, found)
	}
	if r.settled {
		r.tries++
		r.checked = !found && !c.failed || r.tries >= finalChecks
	}
}

func (r *compareRun) takeLive(lj *models.LiveJob) {
	r.grow(lj.Points)
	r.settled = !lj.Job.Status.Live() && !lj.Gap && len(lj.Points) == 0
	r.job = withLive(r.job, lj.Job)
}

// grow takes points in and tells how many were new.
func (r *compareRun) grow(points []models.MetricsPoint) int {
	if r.long != nil {
		points = r.long.newer(points)
	}
	return r.series.add(points)
}

// look asks for finer sums where runs are seen closer than they are summed up.
func (s *compareStream) look(inView func(*compareRun) (lo, hi int64, ok bool)) tea.Cmd {
	due := false
	for _, r := range s.runs {
		if r.long == nil {
			continue
		}
		lo, hi, ok := inView(r)
		if !ok {
			continue
		}
		from, to, ok := r.long.wants(lo, hi)
		if ok && (r.ask.from != from || r.ask.to != to) {
			r.ask.from, r.ask.to, r.ask.due = from, to, true
			due = true
		}
	}
	if !due {
		return nil
	}
	return s.feed.Poke()
}

// update takes every message; fresh says that something was read.
func (s *compareStream) update(msg tea.Msg) (cmd tea.Cmd, fresh bool) { return s.feed.Update(msg) }
