package screens

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// Periods of live reads.
const (
	liveFast    = time.Second      // focused, and something runs
	liveWaiting = 3 * time.Second  // focused, but jobs only wait
	liveBlurred = 15 * time.Second // the terminal has no focus
	liveKeep    = 200              // series kept of jobs that are out of sight
)

// liveSet watches several jobs at once: one request a tick for all of them. It
// rests while there is none. It belongs to the Update goroutine.
type liveSet struct {
	feed *screen.Feed[[]models.LiveJob]
	want func() []models.Job // those to watch now
	jobs map[string]models.Job
	runs map[string]*liveRun
	rest bool
	took struct {
		fresh bool
		over  bool // a job has ended
		odd   bool // a value is no number
	} // of the last read
}

// liveRun is what is kept of one watched job.
type liveRun struct {
	series series
	rate   rateOf
	dog    watchdog
	spark  string
	key    sparkKey
}

type sparkKey struct {
	theme   string
	w       int
	version uint64
}

// liveReader is the part of Metrics that a liveSet needs.
type liveReader interface {
	Live(ctx context.Context, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error)
}

func newLiveSet(sc screen.Scope, b liveReader, want func() []models.Job) *liveSet {
	l := &liveSet{want: want, jobs: map[string]models.Job{}, runs: map[string]*liveRun{}}
	l.feed = screen.NewFeed[[]models.LiveJob](sc, "watch jobs", l.every, nil)
	l.feed.Prepare(func() func(context.Context) ([]models.LiveJob, error) {
		reqs := l.requests()
		return func(ctx context.Context) ([]models.LiveJob, error) {
			if len(reqs) == 0 {
				return nil, nil
			}
			return b.Live(ctx, reqs, 0)
		}
	})
	return l
}

// requests asks for what is behind the cursor of every wanted job.
func (l *liveSet) requests() []models.LiveRequest {
	var out []models.LiveRequest
	for _, j := range l.want() {
		r := models.LiveRequest{JobID: j.ID}
		if run := l.runs[j.ID]; run != nil {
			r.After, r.Seen = run.series.cursor, run.series.recent()
		}
		out = append(out, r)
	}
	return out
}

// every plans the next read, and takes the last one in, so that the next starts
// behind it whatever starts it.
func (l *liveSet) every(focused bool) time.Duration {
	got, _ := l.feed.Value()
	l.took.fresh, l.took.over, l.took.odd = len(got) > 0, false, false
	for i := range got {
		l.took.over = l.take(&got[i]) || l.took.over
	}
	l.forget()
	want := l.want()
	l.rest = len(want) == 0
	if l.rest {
		return 0
	}
	if !focused {
		return liveBlurred
	}
	for _, j := range want {
		if j.Status == models.JobRunning {
			return liveFast
		}
	}
	return liveWaiting
}

// wake reads if there may be something to watch and nothing is planned.
func (l *liveSet) wake() tea.Cmd {
	if l.rest && len(l.want()) > 0 {
		l.rest = false
		return l.feed.Poke()
	}
	return nil
}

// update takes every message; fresh says that jobs moved, ended that some of
// them are over. Of values that are no numbers the shell is told, which looks.
func (l *liveSet) update(msg tea.Msg) (cmd tea.Cmd, fresh, ended bool) {
	cmd, fresh = l.feed.Update(msg)
	if !fresh {
		return cmd, false, false
	}
	if l.took.odd {
		cmd = tea.Batch(cmd, screen.Changed("metrics"))
	}
	return cmd, l.took.fresh, l.took.over
}

func (l *liveSet) take(lj *models.LiveJob) (ended bool) {
	id := lj.Job.ID
	run := l.runs[id]
	if run == nil {
		run = &liveRun{}
		l.runs[id] = run
	}
	run.series.add(lj.Points)
	before, known := l.jobs[id]
	l.jobs[id] = lj.Job
	l.took.odd = len(run.dog.look(&run.series)) > 0 || l.took.odd
	return !lj.Job.Status.Live() && (!known || before.Status.Live())
}

// forget drops the series of jobs that are out of sight, when there are many.
func (l *liveSet) forget() {
	if len(l.runs) <= liveKeep {
		return
	}
	keep := map[string]bool{}
	for _, j := range l.want() {
		keep[j.ID] = true
	}
	for id := range l.runs {
		if !keep[id] {
			delete(l.runs, id)
			delete(l.jobs, id)
		}
	}
}

// merged is the row with what is newer about it.
func (l *liveSet) merged(j models.Job) models.Job {
	if v, ok := l.jobs[j.ID]; ok && !v.UpdatedAt.Before(j.UpdatedAt.Time) {
		return withLive(j, v)
	}
	return j
}

// withLive puts the columns that move into a whole row.
func withLive(j, v models.Job) models.Job {
	j.Status, j.Stage, j.Progress = v.Status, v.Stage, v.Progress
	j.CurrentEpoch, j.TotalEpochs = v.CurrentEpoch, v.TotalEpochs
	j.CurrentStep, j.TotalSteps, j.CurrentMetrics = v.CurrentStep, v.TotalSteps, v.CurrentMetrics
	j.QueuedAt, j.StartedAt, j.CompletedAt = v.QueuedAt, v.StartedAt, v.CompletedAt
	j.CurrentCost, j.FinalCost, j.EstimatedTotalCost = v.CurrentCost, v.FinalCost, v.EstimatedTotalCost
	j.ArtifactID, j.UpdatedAt = v.ArtifactID, v.UpdatedAt
	if v.ErrorMessage != nil {
		j.ErrorMessage = v.ErrorMessage
	}
	return j
}

// spark is the training loss of a job in w cells, "" when there is none.
func (l *liveSet) spark(th theme.Theme, id string, w int) string {
	run := l.runs[id]
	if run == nil || run.series.length() == 0 || w <= 0 {
		return ""
	}
	k := sparkKey{th.ID, w, run.series.version}
	if run.key != k || run.spark == "" {
		run.key, run.spark = k, chart.SparkPoints(th, run.series.track(metricTraining), sparkPoints, w)
	}
	return run.spark
}

// sparkPoints is how many of the newest points a sparkline shows.
const sparkPoints = 240

// rowsKey is what built rows depend on beside the data.
type rowsKey struct {
	theme string
	tick  int64
}

// built remembers for what rows were built, so that moving in a list does not
// build them again. The zero value has built nothing.
type built struct {
	key  rowsKey
	done bool
}

// fresh reports whether the rows fit the frame; if not, they are taken as built
// for it now.
func (b *built) fresh(f screen.Frame) bool {
	k := rowsKey{f.Theme.ID, f.Now.Unix() / int64(paintTick/time.Second)}
	if b.done && b.key == k {
		return true
	}
	b.key, b.done = k, true
	return false
}

// stale says that the data changed.
func (b *built) stale() { b.done = false }
