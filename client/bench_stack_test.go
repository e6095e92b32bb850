package client

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// meter counts the bytes of answers' bodies.
type meter struct{ read atomic.Int64 }

func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	m.read.Add(int64(len(body)))
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, err
}

// BenchmarkOpenMillionPoints is what the page of a job of a million points
// reads until its charts are whole: the newest points, and all summed up.
func BenchmarkOpenMillionPoints(b *testing.B) {
	s := newStack(b)
	c, m, job := s.metered(b)
	s.exec(b, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,validation_loss,learning_rate,gradient_norm,throughput,gpu_utilization)
		SELECT $1, now() - interval '20 days' + make_interval(secs=>i), i/100000, i, 2.5*exp(-i/300000.0)+random()*0.2, CASE WHEN i%100=0 THEN 2+random() END,
		0.0002*(1-i/1000001.0), random()*3, 1500+random()*100, 90+random()*9 FROM generate_series(1,1000000) i`, job)
	s.exec(b, `ANALYZE metrics_points`)
	ctx := b.Context()
	for b.Loop() {
		m.read.Store(0)
		live, err := c.Live(ctx, []models.LiveRequest{{JobID: job}}, 0)
		if err != nil || len(live) != 1 || len(live[0].Points) != liveTail {
			b.Fatalf("%v, %v", live, err)
		}
		w, err := c.MetricsWindow(ctx, job, 0, 0, 320)
		if err != nil || w.Rows != 1_000_000 {
			b.Fatalf("%d rows, %v", w.Rows, err)
		}
	}
	b.ReportMetric(float64(m.read.Load()), "wire-B/op")
}

// BenchmarkOneNewPoint is one tick of one running job with one new point with
// all metrics, which also moved the job's row. The bytes are those of the
// answer's body: wire-B/op of all of it, point-B/op of what the point adds to an
// answer without any, old-B/op of all of it from a database without our functions.
func BenchmarkOneNewPoint(b *testing.B) {
	s := newStack(b)
	c, m, job := s.metered(b)
	at := now().Add(-time.Hour)
	g := &gatherer{}
	ask := func() int64 {
		m.read.Store(0)
		r := models.LiveRequest{JobID: job, After: g.at}
		for _, p := range g.got[max(0, len(g.got)-11):] {
			r.Seen = append(r.Seen, p.ID)
		}
		live, err := c.Live(b.Context(), []models.LiveRequest{r}, 0)
		if err != nil || len(live) != 1 {
			b.Fatalf("%v, %v", live, err)
		}
		g.take(live[0].Points)
		return m.read.Load()
	}
	full := func() {
		at = at.Add(time.Second)
		s.exec(b, `UPDATE training_jobs SET progress = 45.67, current_step = 123456, current_epoch = 12, current_stage = 'training', current_cost = 12.34,
			current_metrics = '{"training_loss":0.123456,"validation_loss":0.234567,"learning_rate":0.0001234567,"throughput":1534.25,"gpu_utilization":97.31}' WHERE id = $1`, job)
		s.exec(b, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,validation_loss,learning_rate,gradient_norm,throughput,gpu_utilization)
			VALUES ($1,$2,12,123456,0.123456,0.234567,0.0001234567,1.234567,1534.25,97.31)`, job, at)
	}
	for range 15 {
		full()
	}
	ask()
	var with, without int64
	for b.Loop() {
		b.StopTimer()
		without = ask()
		full()
		b.StartTimer()
		with = ask()
	}
	if len(g.got) < 15 {
		b.Fatal("points are missing")
	}
	b.ReportMetric(float64(with), "wire-B/op")
	b.ReportMetric(float64(with-without), "point-B/op")
	s.exec(b, `DROP FUNCTION loratop_point; DROP FUNCTION loratop_job`)
	ask()
	full()
	b.ReportMetric(float64(ask()), "old-B/op")
}

// metered is a user with a running job whose client's bytes are counted.
func (s *stack) metered(b *testing.B) (*Client, *meter, string) {
	b.Helper()
	m := &meter{}
	c, err := New(Options{URL: s.url, Key: s.anon, HTTP: m})
	if err != nil {
		b.Fatal(err)
	}
	r, err := c.SignUp(b.Context(), "alice@example.com", "correct horse battery")
	if err != nil || r.Session == nil {
		b.Fatalf("%+v, %v", r, err)
	}
	id := r.Session.UserID
	return c, m, s.job(b, id, s.dataset(b, id, "Tickets"), "running")
}
