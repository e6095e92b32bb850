package screens

import (
	"context"
	"fmt"
	"math"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/screen"
)

// compareBuckets is into how many buckets a long history is summed up: some
// dots of the widest chart each.
const compareBuckets = 1500

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

	window bool // the history was asked for in one piece
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
	runs    []*compareRun
	windows bool // the database sums up; false once it has said no
}

// comparePlan is what a read asks about one job.
type comparePlan struct {
	id     string
	row    bool
	window bool
	page   bool
	after  models.MetricCursor
}

// compareRead is the answer, by job.
type compareRead struct {
	rows      map[string]models.Job
	gone      map[string]string
	windows   map[string]models.MetricsWindow
	pages     map[string][]models.MetricsPoint
	live      []models.LiveJob
	noWindows bool
}

func newCompareStream(sc screen.Scope, b jobStore, ids []string) *compareStream {
	s := &compareStream{windows: true}
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
		switch {
		case r.gone != "":
		case !r.known || !r.whole:
			plans = append(plans, comparePlan{
				id: r.id, row: !r.known, after: r.after,
				window: s.windows && r.window, page: !r.whole && !(s.windows && r.window),
			})
		case !r.settled:
			live = append(live, models.LiveRequest{JobID: r.id, After: r.series.cursor, Seen: r.series.recent()})
		}
	}
	return plans, live
}

func readCompare(ctx context.Context, b jobStore, plans []comparePlan, live []models.LiveRequest) (out compareRead, err error) {
	out = compareRead{
		rows: map[string]models.Job{}, gone: map[string]string{},
		windows: map[string]models.MetricsWindow{}, pages: map[string][]models.MetricsPoint{},
	}
	for _, p := range plans {
		if err = out.read(ctx, b, p); err != nil {
			return out, err
		}
	}
	if len(live) > 0 {
		out.live, err = b.Live(ctx, live, 0)
	}
	return out, err
}

func (out *compareRead) read(ctx context.Context, b jobStore, p comparePlan) error {
	if p.row {
		j, err := b.Job(ctx, p.id)
		switch code := models.CodeOf(err); {
		case err == nil:
			out.rows[p.id] = j
		case code == models.CodeNotFound || code == models.CodeForbidden || code == models.CodeInvalid:
			out.gone[p.id], _ = models.Explain(err)
			return nil
		default:
			return err
		}
	}
	switch {
	case p.window && !out.noWindows:
		w, err := b.MetricsWindow(ctx, p.id, 0, 0, compareBuckets)
		if models.WindowMissing(err) {
			out.noWindows = true
			return nil // the next read pages
		}
		if err != nil {
			return err
		}
		out.windows[p.id] = w
	case p.page:
		points, err := b.Metrics(ctx, p.id, p.after)
		if err != nil {
			return err
		}
		out.pages[p.id] = points
	}
	return nil
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
		r.take(&read)
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
		r.series.add(windowPoints(w))
		r.series.cursor, r.whole = w.Newest, true
		r.newestSummed = rowKey{time: w.Newest.Time.UnixNano()}
	}
	if points, ok := read.pages[r.id]; ok {
		r.series.add(points)
		r.after, r.whole = r.series.cursor, len(points) < metricsPage
	}
}

func (r *compareRun) takeLive(lj *models.LiveJob) {
	r.series.add(lj.Points)
	r.settled = !lj.Job.Status.Live() && !lj.Gap && len(lj.Points) == 0
	r.job = withLive(r.job, lj.Job)
}

// update takes every message; fresh says that something was read.
func (s *compareStream) update(msg tea.Msg) (cmd tea.Cmd, fresh bool) { return s.feed.Update(msg) }

// windowPoints are points that look like the window: of each bucket and metric
// the first value, the least, the greatest and the last, and a NaN where there
// was one among them.
func windowPoints(w models.MetricsWindow) []models.MetricsPoint {
	const rows = 5
	out := make([]models.MetricsPoint, 0, len(w.Buckets)*rows)
	index := make(map[int64]int, len(w.Buckets))
	for i, b := range w.Buckets {
		index[b.Step] = i * rows
		next := b.Time
		if i+1 < len(w.Buckets) && w.Buckets[i+1].Time.After(b.Time) {
			next = w.Buckets[i+1].Time
		}
		last := min(b.Step+w.Width-1, w.To)
		for k := range rows {
			share := float64(k) / rows
			out = append(out, models.MetricsPoint{
				ID: fmt.Sprintf("%s/%d/%d", w.JobID, b.Step, k), Epoch: models.Int(b.Epoch),
				Step:      models.Int(b.Step + int64(share*float64(last-b.Step))),
				Timestamp: models.At(b.Time.Add(time.Duration(share * float64(next.Sub(b.Time))))),
			})
		}
	}
	for m := range metricCount {
		for _, v := range w.Metrics[m] {
			if i, ok := index[v.Step]; ok && v.N > 0 {
				m.fill(out[i:i+rows], v)
			}
		}
	}
	return out
}

// fill puts a metric of a bucket into its rows.
func (m metric) fill(rows []models.MetricsPoint, v models.WindowValue) {
	m.put(&rows[0], v.First)
	if v.N == 1 {
		return
	}
	if v.Odd > 0 && v.First-v.First == 0 {
		m.put(&rows[1], math.NaN())
	}
	if v.Min <= v.Max {
		m.put(&rows[2], v.Min)
		m.put(&rows[3], v.Max)
	}
	m.put(&rows[4], v.Last)
}

// put writes a metric of a point.
func (m metric) put(p *models.MetricsPoint, v float64) {
	f := models.Ptr(models.F64(v))
	switch m {
	case metricTraining:
		p.TrainingLoss = f
	case metricValidation:
		p.ValidationLoss = f
	case metricLearningRate:
		p.LearningRate = f
	case metricGradient:
		p.GradientNorm = f
	case metricThroughput:
		p.Throughput = f
	default:
		p.GPUUtilization = f
	}
}
