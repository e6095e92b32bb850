package client

import (
	"slices"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// newsReader asks as the interface does: each read from the one before.
type newsReader struct {
	t *testing.T
	c *Client
	q models.NewsQuery
}

func (r *newsReader) read() models.News {
	r.t.Helper()
	n, err := r.c.News(r.t.Context(), r.q)
	if err != nil {
		r.t.Fatal(err)
	}
	if n.At.Before(r.q.Since.Time) {
		r.t.Errorf("the clock ran back from %v to %v", r.q.Since, n.At)
	}
	r.q.Since, r.q.Known = n.At, nil
	for _, j := range n.Jobs {
		if j.Status.Live() {
			r.q.Known = append(r.q.Known, j.ID)
		}
	}
	return n
}

func statusOf(n models.News, id string) string {
	for _, j := range n.Jobs {
		if j.ID == id {
			return string(j.Status)
		}
	}
	return ""
}

func TestStackNews(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	_, bobID := s.user(t, "bob@example.com")
	ds := s.dataset(t, id, "Tickets")
	r := &newsReader{t: t, c: alice}
	if n := r.read(); len(n.Jobs) != 0 || !n.At.IsZero() {
		t.Errorf("nobody has jobs yet: %+v", n)
	}
	old := s.job(t, id, ds, "completed")
	a, b := s.job(t, id, ds, "running"), s.job(t, id, ds, "queued")
	theirs := s.job(t, bobID, s.dataset(t, bobID, "x"), "running")
	s.exec(t, `INSERT INTO metrics_points (job_id,epoch,step,training_loss,learning_rate) VALUES ($1,1,1,'NaN',0.1)`, theirs)
	r.q = models.NewsQuery{}
	n := r.read()
	if statusOf(n, a) != "running" || statusOf(n, b) != "queued" || statusOf(n, old) != "" || statusOf(n, theirs) != "" || len(n.Odd) != 0 {
		t.Fatalf("%+v", n)
	}
	if d := n.Jobs[0].Dataset; d == nil || d.Name != "Tickets" {
		t.Errorf("the dataset is not named: %+v", d)
	}

	// One ends, another is not touched, and a point is no number.
	s.exec(t, `UPDATE training_jobs SET status='failed', error_message='CUDA out of memory' WHERE id=$1`, b)
	s.exec(t, `INSERT INTO metrics_points (job_id,epoch,step,training_loss,learning_rate,gradient_norm) VALUES ($1,1,7,0.5,0.1,1), ($1,1,8,0.5,0.1,'NaN')`, a)
	n = r.read()
	if statusOf(n, b) != "failed" || statusOf(n, a) != "running" || len(n.Odd) != 1 || n.Odd[0].Step != 8 || n.Odd[0].JobID != a {
		t.Errorf("%+v", n)
	}
	if name, _, odd := n.Odd[0].OddMetric(); !odd || name != "gradient norm" {
		t.Errorf("%q %v", name, odd)
	}
	r.q.Skip = []string{a}
	if n = r.read(); len(n.Odd) != 0 {
		t.Errorf("skipped, and there is %+v", n.Odd)
	}

	// A job that ended in a transaction older than the last answer is not lost.
	later := s.job(t, id, ds, "running")
	r.read()
	s.exec(t, `ALTER TABLE training_jobs DISABLE TRIGGER USER`)
	s.exec(t, `UPDATE training_jobs SET status='completed', updated_at=$2 WHERE id=$1`, later, r.q.Since.Add(-time.Hour))
	if n = r.read(); statusOf(n, later) != "completed" {
		t.Errorf("the late end is lost: %+v", n)
	}
	if slices.Contains(r.q.Known, later) {
		t.Error("it is still known")
	}
	if _, err := alice.News(t.Context(), models.NewsQuery{Known: []string{"x) or (true"}}); models.CodeOf(err) != models.CodeUsage {
		t.Errorf("an id that is none: %v", err)
	}
}
