package client

import (
	"testing"

	"github.com/loratop/loratop/models"
)

// Points of a range of steps, by pages: each once, also those of a run that was
// resumed at smaller steps.
func TestStackMetricsIn(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	job := s.job(t, id, s.dataset(t, id, "Tickets"), "completed")
	s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate)
		SELECT $1, now() - make_interval(secs => 9000 - i), 1, CASE WHEN i > 3000 THEN i - 1500 ELSE i END, i, 0.1 FROM generate_series(1,6000) i`, job)
	read := func(c *Client, from, to int64) (out []models.MetricsPoint) {
		t.Helper()
		var at models.MetricCursor
		for {
			p, err := c.MetricsIn(t.Context(), job, from, to, at)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, p...)
			if len(p) < pageMax {
				return out
			}
			at = models.MetricCursor{Time: p[len(p)-1].Timestamp.Time, ID: p[len(p)-1].ID}
		}
	}
	if n := len(read(alice, 0, 0)); n != 6000 {
		t.Errorf("%d points in all", n)
	}
	got := read(alice, 1501, 2700) // of both runs
	seen := map[string]bool{}
	for _, p := range got {
		if p.Step < 1501 || p.Step > 2700 || seen[p.ID] {
			t.Fatalf("step %d, again %v", p.Step, seen[p.ID])
		}
		seen[p.ID] = true
	}
	if len(got) != 2400 {
		t.Errorf("%d points of 2400", len(got))
	}
	if n := len(read(bob, 0, 0)); n != 0 {
		t.Errorf("another user reads %d", n)
	}
}
