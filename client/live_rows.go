package client

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/loratop/loratop/models"
)

// wholeRows is how often all columns of a live job are read; in between only
// those that move are, unless its status does.
const wholeRows = 10 * time.Second

// liveRows remembers what was read last of the jobs that are watched.
type liveRows struct {
	mu   sync.Mutex
	user string
	rows map[string]liveKept
}

type liveKept struct {
	job models.Job
	at  time.Time // when all columns were read
}

// have tells whether every job is known well enough to ask for what moves only.
func (l *liveRows) have(user string, reqs []models.LiveRequest, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if user != l.user {
		l.user, l.rows = user, nil
	}
	for _, r := range reqs {
		if k, ok := l.rows[r.JobID]; !ok || now.Before(k.at) || now.Sub(k.at) >= wholeRows {
			return false
		}
	}
	return true
}

// get is a job as it was read last.
func (l *liveRows) get(id string) (models.Job, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.rows[id]
	return k.job, ok
}

// keep remembers a job; whole says that all of its columns are from now. Jobs
// that nobody watches any more are forgotten.
func (l *liveRows) keep(user string, j models.Job, whole bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if user != l.user {
		return // signed out meanwhile
	}
	if l.rows == nil {
		l.rows = map[string]liveKept{}
	}
	k, ok := l.rows[j.ID]
	if !ok && !whole {
		return
	}
	k.job = j
	if whole {
		k.at = now
		for id, old := range l.rows {
			if now.Sub(old.at) > 2*wholeRows {
				delete(l.rows, id)
			}
		}
	}
	l.rows[j.ID] = k
}

// fillRows completes rows of which only what moves was read: by what is known of
// them, or by reading the row, when its status is another one.
func (c *Client) fillRows(ctx context.Context, me *live, rows []liveRow, shape liveShape) error {
	now := c.opts.Now()
	var turned []string
	for i := range rows {
		r := &rows[i]
		if !shape.moving {
			c.known.keep(me.UserID, r.job(), true, now)
			continue
		}
		old, ok := c.known.get(r.ID)
		if !ok || old.Status != r.S {
			turned = append(turned, r.ID)
			continue
		}
		r.complete(old)
		c.known.keep(me.UserID, r.job(), false, now)
	}
	if len(turned) == 0 {
		return nil
	}
	q := &query{table: "training_jobs", columns: liveColumns, limit: len(turned)}
	q.where("id", "in", inList(turned))
	q.where("user_id", "eq", me.UserID)
	res, err := q.get(ctx, me, countNone, false)
	if err != nil {
		return err
	}
	var whole []liveRow
	if err := res.into(&whole); err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		if at := slices.IndexFunc(whole, func(w liveRow) bool { return w.ID == r.ID }); at >= 0 {
			w := whole[at]
			w.New, w.Tail, w.cut = r.New, r.Tail, r.cut
			*r = w
			c.known.keep(me.UserID, r.job(), true, now)
		}
	}
	return nil
}

// complete fills in the columns that do not move. The current metrics are those
// of the newest point, if one has come.
func (r *liveRow) complete(old models.Job) {
	r.TE, r.TN, r.M, r.Q, r.B, r.Z = old.TotalEpochs, old.TotalSteps, old.CurrentMetrics, old.QueuedAt, old.StartedAt, old.CompletedAt
	r.F, r.W, r.X, r.A = old.FinalCost, old.EstimatedTotalCost, old.ErrorMessage, old.ArtifactID
	newest := r.Tail // descending
	if n := len(r.New); n > 0 {
		newest = r.New[n-1:]
	}
	if len(newest) == 0 {
		return
	}
	p := pointsOf(r.ID, newest[:1])[0]
	m := &r.M
	for _, v := range []struct {
		to   **models.F64
		from *models.F64
	}{
		{&m.TrainingLoss, p.TrainingLoss}, {&m.ValidationLoss, p.ValidationLoss}, {&m.LearningRate, p.LearningRate},
		{&m.GradientNorm, p.GradientNorm}, {&m.Throughput, p.Throughput}, {&m.GPUUtilization, p.GPUUtilization},
	} {
		if v.from != nil {
			*v.to = v.from
		}
	}
}
