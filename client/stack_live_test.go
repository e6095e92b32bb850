package client

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	eventualTime = 20 * time.Second
	eventualStep = 20 * time.Millisecond
)

// gatherer follows one job as a screen does: cursor at the last point, points
// that it has are skipped by their id.
type gatherer struct {
	at   models.MetricCursor
	seen map[string]bool
	got  []models.MetricsPoint
}

func (g *gatherer) take(points []models.MetricsPoint) {
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	for _, p := range points {
		if g.seen[p.ID] {
			continue
		}
		g.seen[p.ID] = true
		g.got = append(g.got, p)
		if isAfter(p, g.at) {
			g.at = models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}
		}
	}
}

// follower polls several jobs with one request a tick.
type follower struct {
	c    *Client
	jobs []string
	g    map[string]*gatherer
}

func newFollower(c *Client, jobs ...string) *follower {
	f := &follower{c, jobs, map[string]*gatherer{}}
	for _, j := range jobs {
		f.g[j] = &gatherer{}
	}
	return f
}

func (f *follower) poll(ctx context.Context) ([]models.LiveJob, error) {
	var reqs []models.LiveRequest
	for _, j := range f.jobs {
		reqs = append(reqs, models.LiveRequest{JobID: j, After: f.g[j].at})
	}
	out, err := f.c.Live(ctx, reqs, 0)
	for _, lj := range out {
		for i, p := range lj.Points {
			if p.JobID != lj.Job.ID {
				return out, fmt.Errorf("a point of %s with %s", p.JobID, lj.Job.ID)
			}
			if i > 0 && !isAfter(p, models.MetricCursor{Time: lj.Points[i-1].Timestamp.Time, ID: lj.Points[i-1].ID}) {
				return out, fmt.Errorf("points out of order")
			}
		}
		f.g[lj.Job.ID].take(lj.Points)
	}
	return out, err
}

// Points with equal timestamps and steps, and points that are committed late
// behind those already read: everyone gets each of them.
func TestStackLiveIsComplete(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	_, bobID := s.user(t, "bob@example.com")
	ds := s.dataset(t, id, "Tickets")
	jobs := []string{s.job(t, id, ds, "running"), s.job(t, id, ds, "running"), s.job(t, id, ds, "running")}
	theirs := s.job(t, bobID, s.dataset(t, bobID, "x"), "running")
	s.point(t, theirs, now(), 1)
	base := now().Add(-time.Hour)
	s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate)
		SELECT $1, $2::timestamptz + make_interval(secs=>i), 1, i, 0.5, 0.1 FROM generate_series(0,299) i`, jobs[0], base)

	f := newFollower(alice, append(jobs, theirs)...)
	poll := func() {
		t.Helper()
		out, err := f.poll(t.Context())
		if err != nil || len(out) != 3 || out[0].Gap || out[0].Job.Status != models.JobRunning {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	poll()
	if g := f.g[jobs[0]].got; len(g) != liveTail || g[0].Step != 60 {
		t.Fatalf("the tail has %d points, the first at step %d", len(g), g[0].Step)
	}
	s.lateCommits(t, jobs, base.Add(time.Hour), poll)
	for _, j := range jobs {
		var want int
		if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM metrics_points WHERE job_id=$1 AND timestamp >= $2`, j, base.Add(60*time.Second)).Scan(&want); err != nil {
			t.Fatal(err)
		}
		if len(f.g[j].got) != want {
			t.Errorf("%d points of %d", len(f.g[j].got), want)
		}
	}
	if len(f.g[theirs].got) != 0 {
		t.Error("points of another user's job")
	}
}

// lateCommits writes points through transactions that begin in one order and
// end in another, polling between.
func (s *stack) lateCommits(t *testing.T, jobs []string, start time.Time, poll func()) {
	t.Helper()
	ctx := t.Context()
	insert := `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate) VALUES ($1,$2,1,$3,'NaN',0.1)`
	for round := range 12 {
		at := start.Add(time.Duration(round) * 3 * time.Second)
		tx, err := s.pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs { // taken now, seen later
			if _, err := tx.Exec(ctx, insert, j, at, round); err != nil {
				t.Fatal(err)
			}
		}
		for _, j := range jobs[:1+round%3] {
			for k := range 5 { // equal timestamps and steps
				s.exec(t, insert, j, at.Add(time.Duration(k/2)*time.Second), round)
			}
		}
		poll()
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		poll()
	}
}

// A burst beyond one answer is told, and the next answers go on without a hole.
func TestStackLiveCatchesUp(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	job := s.job(t, id, s.dataset(t, id, "Tickets"), "running")
	first := s.point(t, job, now().Add(-time.Hour), 0)
	f := newFollower(alice, job)
	read := func() bool {
		t.Helper()
		out, err := f.poll(t.Context())
		if err != nil || len(out) != 1 {
			t.Fatalf("%v, %v", out, err)
		}
		return out[0].Gap
	}
	read()
	// 1,700 within two seconds: more than an answer, and all in the look-back of each other
	s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate)
		SELECT $1, now() - interval '30 min' + make_interval(secs => i/1000.0), 1, i, 0.1, 0.1 FROM generate_series(1,1700) i`, job)
	gaps := 0
	for range 10 {
		if read() {
			gaps++
		}
	}
	if g := f.g[job].got; len(g) != 1701 || g[0].ID != first || gaps == 0 {
		t.Errorf("%d points of 1701, %d gaps", len(g), gaps)
	}
	// by pages alone
	h := &gatherer{at: models.MetricCursor{Time: now().Add(-2 * time.Hour), ID: first}}
	for {
		points, err := alice.Metrics(t.Context(), job, h.at)
		if err != nil {
			t.Fatal(err)
		}
		h.take(points)
		if len(points) < pageMax {
			break
		}
	}
	if len(h.got) != 1701 {
		t.Errorf("%d points of 1701 by pages", len(h.got))
	}
}

// Writers and a reader at once, with real clocks.
func TestStackLiveWithWriters(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	ds := s.dataset(t, id, "Tickets")
	jobs := []string{s.job(t, id, ds, "running"), s.job(t, id, ds, "running")}
	f := newFollower(alice, jobs...)
	const writers, each = 4, 40
	var wg sync.WaitGroup
	defer wg.Wait()
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				_, err := s.pool.Exec(context.WithoutCancel(t.Context()),
					`INSERT INTO metrics_points (job_id,epoch,step,training_loss,learning_rate) VALUES ($1,1,$2,0.1,0.1)`, jobs[w%2], i)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	eventually(t, func() error {
		if _, err := f.poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			if n := len(f.g[j].got); n != writers/2*each {
				return fmt.Errorf("%d points of %d", n, writers/2*each)
			}
		}
		return nil
	})
}

// What is seen is not sent again, what came late beside it is; and the history
// is the same backwards as forwards.
func TestStackLiveLeavesOutWhatIsSeen(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	job := s.job(t, id, s.dataset(t, id, "Tickets"), "running")
	base := now().Add(-time.Hour)
	s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate)
		SELECT $1, $2::timestamptz + make_interval(secs=>i/3), 1, i, 0.5, 0.1 FROM generate_series(1,2500) i`, job, base)
	g := &gatherer{}
	for {
		points, err := alice.Metrics(t.Context(), job, g.at)
		if err != nil {
			t.Fatal(err)
		}
		g.take(points)
		if len(points) < pageMax {
			break
		}
	}
	var back []models.MetricsPoint
	for at := (models.MetricCursor{}); ; {
		points, err := alice.MetricsBefore(t.Context(), job, at)
		if err != nil {
			t.Fatal(err)
		}
		back = append(points, back...)
		if len(points) < pageMax {
			break
		}
		at = models.MetricCursor{Time: points[0].Timestamp.Time, ID: points[0].ID}
	}
	if len(g.got) != 2500 || len(back) != 2500 {
		t.Fatalf("%d points forwards, %d backwards", len(g.got), len(back))
	}
	seen := make([]string, 0, 60)
	for i, p := range g.got {
		if p.ID != back[i].ID {
			t.Fatalf("point %d differs", i)
		}
		if !p.Timestamp.Before(g.at.Time.Add(-models.LookBack)) {
			seen = append(seen, p.ID)
		}
	}
	late := s.point(t, job, g.at.Time.Add(-3*time.Second), 1)
	out, err := alice.Live(t.Context(), []models.LiveRequest{{JobID: job, After: g.at, Seen: append(seen, "no id")}}, 0)
	if err != nil || len(out) != 1 || len(out[0].Points) != 1 || out[0].Points[0].ID != late || len(seen) < 30 {
		t.Errorf("%d seen: %+v, %v", len(seen), out, err)
	}
}
