package client

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// TestStackWindow: the function through the gateway, as its owner, as someone
// else, for a range, for a job without points, and where there is no function.
func TestStackWindow(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	ds := s.dataset(t, id, "Tickets")
	job, empty := s.job(t, id, ds, "running"), s.job(t, id, ds, "queued")
	s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,validation_loss,learning_rate)
		SELECT $1, now() - interval '1 hour' + make_interval(secs=>i/10.0), i/1000, i, CASE WHEN i = 777 THEN 'NaN'::numeric WHEN i = 778 THEN 99 ELSE 1 END, CASE WHEN i % 500 = 0 THEN 2 END, 0.1
		FROM generate_series(1,5000) i`, job)
	last := s.point(t, job, now(), 5001)

	w, err := alice.MetricsWindow(t.Context(), job, 0, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if w.JobID != job || w.Rows != 5001 || w.From != 1 || w.To != 5001 || w.Newest.ID != last || len(w.Buckets) > 100 || len(w.Metrics[3]) != 0 {
		t.Errorf("%+v", w)
	}
	var n, odd int64
	top := 0.0
	for _, v := range w.Metrics[0] {
		n, odd, top = n+v.N, odd+v.Odd, math.Max(top, v.Max)
	}
	if n != 5001 || odd != 1 || top != 99 || len(w.Metrics[1]) != 10 {
		t.Errorf("%d values, %d odd, top %v, %d with validation", n, odd, top, len(w.Metrics[1]))
	}
	if w, err = alice.MetricsWindow(t.Context(), job, 777, 778, 10); err != nil || w.Rows != 2 || !math.IsNaN(w.Metrics[0][0].First) || w.Metrics[0][1].Max != 99 {
		t.Errorf("%+v, %v", w, err)
	}
	if w, err = alice.MetricsWindow(t.Context(), empty, 0, 0, 10); err != nil || w.Rows != 0 || !w.Newest.IsZero() {
		t.Errorf("%+v, %v", w, err)
	}
	_, err = bob.MetricsWindow(t.Context(), job, 0, 0, 10)
	wantError(t, err, models.CodeNotFound)

	s.exec(t, `DROP FUNCTION metrics_window; NOTIFY pgrst, 'reload schema'`)
	eventually(t, func() error {
		_, err := alice.MetricsWindow(t.Context(), job, 0, 0, 10)
		if !models.WindowMissing(err) {
			return fmt.Errorf("the function is still there: %v", err)
		}
		return nil
	})
}

func TestWindowRequest(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `null`) })
	c := signedIn(t, f, func(o *Options) { o.ReadOnly = true })
	_, err := c.MetricsWindow(context.Background(), jobA, -5, 1<<40, 3)
	wantError(t, err, models.CodeNotFound)
	r := f.requests()[0]
	if r.method != http.MethodGet || r.query != "p_buckets=3&p_from_step=-5&p_job_id="+jobA+"&p_to_step=2147483647" {
		t.Errorf("%s %s", r.method, r.query)
	}
	for _, bad := range []struct {
		id string
		n  int
	}{{"x", 3}, {jobA, 0}, {jobA, 2001}} {
		_, err := c.MetricsWindow(context.Background(), bad.id, 0, 0, bad.n)
		wantError(t, err, models.CodeUsage)
	}
}

func TestWindowOfAnotherShape(t *testing.T) {
	for _, body := range []string{
		`{"width":0,"buckets":{"b":[0],"n":[1],"time":[1],"epoch":[1]}}`,
		`{"width":1,"buckets":{"b":[1,1],"n":[1,1],"time":[1,1],"epoch":[1,1]}}`,
		`{"width":1,"buckets":{"b":[0],"n":[],"time":[1],"epoch":[1]}}`,
		`{"metrics":{"training_loss":{"b":[0],"n":[1]}}}`, `[]`, `"x"`,
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, body) })
		_, err := signedIn(t, f).MetricsWindow(context.Background(), jobA, 0, 0, 3)
		wantError(t, err, models.CodeServer)
	}
	var w models.MetricsWindow
	if err := w.UnmarshalJSON([]byte(`{"from":0,"to":9,"width":5,"rows":2,"newest_at":"2026-01-01T00:00:00+00:00","newest_id":"x",
		"buckets":{"b":[1],"n":[2],"time":[null],"epoch":[0]},"metrics":{"gpu_utilization":{"b":[1],"n":[2],"odd":[2],"first_step":[1],"first":["NaN"],"min":[null],"max":[null],"last_step":[4],"last":["Infinity"]}}}`)); err != nil {
		t.Fatal(err)
	}
	v := w.Metrics[5][0]
	if v.Step != 5 || v.FirstStep != 6 || v.LastStep != 9 || v.Odd != 2 || !math.IsNaN(v.Min) || !math.IsInf(v.Last, 1) || !w.Buckets[0].Time.IsZero() ||
		!w.Newest.Time.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", w)
	}
}
