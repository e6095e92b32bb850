package tui

import (
	"context"
	"maps"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// Periods of the lookout: while a job has not ended, and while all have.
const (
	lookoutBusy  = 5 * time.Second
	lookoutIdle  = 15 * time.Second
	lookoutAway  = 15 * time.Second // nobody looks, and a job has not ended
	lookoutSleep = time.Minute
)

// lookout notices, whatever page is open, that a job has ended, hangs, or gives
// values that are no numbers. It is the only one that tells of these: pages that
// see it earlier have it look at once. What was so at its first read is not news.
type lookout struct {
	feed  *screen.Feed[models.News]
	sc    screen.Scope
	since models.Time // of the server
	base  models.Time // since, at the first read
	began bool
	live  map[string]models.Job // those that have not ended
	stuck map[string]bool       // those of them that hang
	odd   map[string]bool       // jobs whose training loss was no number
	news  []screen.NotifyMsg    // of the last read
}

func newLookout(sc screen.Scope, read func(context.Context, models.NewsQuery) (models.News, error)) *lookout {
	l := &lookout{sc: sc, live: map[string]models.Job{}, stuck: map[string]bool{}, odd: map[string]bool{}}
	l.feed = screen.NewFeed[models.News](sc, "news of jobs", l.every, nil)
	l.feed.Prepare(func() func(context.Context) (models.News, error) {
		q := models.NewsQuery{Since: l.since, Known: slices.Sorted(maps.Keys(l.live)), Skip: slices.Sorted(maps.Keys(l.odd))}
		return func(ctx context.Context) (models.News, error) { return read(ctx, q) }
	})
	return l
}

// every plans the next read, and takes the last one in, so that the next starts
// behind it whatever starts it.
func (l *lookout) every(focused bool) time.Duration {
	n, _ := l.feed.Value()
	l.take(n)
	switch {
	case focused && len(l.live) > 0:
		return lookoutBusy
	case focused:
		return lookoutIdle
	case len(l.live) > 0:
		return lookoutAway
	}
	return lookoutSleep
}

// update takes every message; news is what there is to tell.
func (l *lookout) update(msg tea.Msg) (cmd tea.Cmd, news []screen.NotifyMsg) {
	cmd, _ = l.feed.Update(msg)
	news, l.news = l.news, nil
	return cmd, news
}

func (l *lookout) take(n models.News) {
	first := !l.began
	l.since = n.At
	if first {
		l.began, l.base = true, n.At
	}
	was := l.live
	l.live = make(map[string]models.Job, len(n.Jobs))
	for _, j := range n.Jobs {
		_, known := was[j.ID]
		switch {
		case j.Status.Live():
			l.live[j.ID] = j
			l.look(j, first)
		case known, !first && j.CreatedAt.After(l.base.Time): // or it came and went between two reads
			l.tell(endNews(j))
		}
	}
	maps.DeleteFunc(l.stuck, func(id string, _ bool) bool { _, ok := l.live[id]; return !ok })
	for _, p := range n.Odd {
		l.takeOdd(p, first)
	}
	maps.DeleteFunc(l.odd, func(id string, _ bool) bool { _, ok := l.live[id]; return !ok })
}

// look tells of a job that has come to hang.
func (l *lookout) look(j models.Job, first bool) {
	d := models.DiagnoseJob(j, l.sc.Now())
	before := l.stuck[j.ID]
	l.stuck[j.ID] = d != nil
	if d == nil || before || first {
		return
	}
	l.tell(screen.NotifyMsg{
		Key: "stuck/" + j.ID + "/" + string(j.Status), Level: screen.LevelWarn,
		Text: jobName(j) + ": " + d.Text + " for " + kit.Duration(d.Age),
	})
}

// takeOdd tells of a value that is no number, each metric of a job once. Where
// the training loss is none, that says it all.
func (l *lookout) takeOdd(p models.MetricsPoint, first bool) {
	j, ok := l.live[p.JobID]
	name, v, odd := p.OddMetric()
	if !ok || !odd {
		return
	}
	if p.TrainingLoss != nil && !p.TrainingLoss.Finite() {
		l.odd[p.JobID] = true
	}
	m := screen.NotifyMsg{
		Key: "odd/" + j.ID + "/" + name, Level: screen.LevelBad,
		Text: "Alert: " + jobName(j) + ": " + name + " is " + kit.Float(&v, 4) + " at step " + kit.Int(&p.Step),
	}
	if first {
		m.Text = "" // counts as told
	}
	l.tell(m)
}

func (l *lookout) tell(m screen.NotifyMsg) {
	m.Text = models.Clean(m.Text)
	l.news = append(l.news, m)
}

// endNews tells how a job has ended.
func endNews(j models.Job) screen.NotifyMsg {
	m := screen.NotifyMsg{Key: screen.EndKey(j.ID, string(j.Status)), Level: screen.LevelInfo}
	m.Text = jobName(j) + ": " + string(j.Status)
	if c := j.FinalCost; c != nil && c.Known() {
		m.Text += ", cost " + kit.Money(c)
	}
	switch j.Status {
	case models.JobCompleted:
		m.Level = screen.LevelGood
	case models.JobFailed:
		m.Level = screen.LevelBad
		if e := j.ErrorMessage; e != nil && *e != "" {
			m.Text += " (" + *e + ")"
		}
	}
	return m
}

// jobName names a job to people: by its dataset, else by its id.
func jobName(j models.Job) string {
	if j.Dataset != nil && j.Dataset.Name != "" {
		return "job on " + models.Clean(j.Dataset.Name)
	}
	return "job " + models.Clean(j.ID[:min(len(j.ID), 8)])
}
