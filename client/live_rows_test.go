package client

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// queries keeps what was asked of the data.
type queries struct {
	mu  sync.Mutex
	all []string
}

func (q *queries) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.URL.Path, "/rest/") {
		q.mu.Lock()
		q.all = append(q.all, req.URL.Path+"?"+req.URL.RawQuery)
		q.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(req)
}

func (q *queries) take() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.all
	q.all = nil
	return out
}

// What moves of a job is read every time, the rest now and then, and at once
// when its status is another one. With our functions and without.
func TestStackLiveReadsWhatMoves(t *testing.T) {
	for name, drop := range map[string]string{
		"brief": "", "plain": "DROP FUNCTION loratop_point; DROP FUNCTION loratop_job",
		"refused": "REVOKE ALL ON FUNCTION loratop_point, loratop_job FROM authenticated",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			q, clock := &queries{}, now()
			c, err := New(Options{URL: s.url, Key: s.anon, HTTP: q, Now: func() time.Time { return clock }})
			if err != nil {
				t.Fatal(err)
			}
			up, err := c.SignUp(t.Context(), "alice@example.com", "correct horse battery")
			if err != nil || up.Session == nil {
				t.Fatalf("%+v, %v", up, err)
			}
			job := s.job(t, up.Session.UserID, s.dataset(t, up.Session.UserID, "Tickets"), "running")
			if drop != "" {
				s.exec(t, drop)
			}
			at, seen := models.MetricCursor{}, []string(nil)
			read := func() (models.Job, []models.MetricsPoint, []string) {
				t.Helper()
				q.take()
				out, err := c.Live(t.Context(), []models.LiveRequest{{JobID: job, After: at, Seen: seen}}, 0)
				if err != nil || len(out) != 1 {
					t.Fatalf("%+v, %v", out, err)
				}
				if n := len(out[0].Points); n > 0 {
					at = models.MetricCursor{Time: out[0].Points[n-1].Timestamp.Time, ID: out[0].Points[n-1].ID}
					seen = append(seen, at.ID)
				}
				return out[0].Job, out[0].Points, q.take()
			}
			j, _, asked := read()
			if want := map[bool]int{true: 2, false: 1}[drop != ""]; len(asked) != want || j.TotalEpochs != 3 || j.EstimatedTotalCost.Cmp(models.Dollars(276)) != 0 {
				t.Fatalf("%d requests: %+v", len(asked), j)
			}
			s.point(t, job, now(), 7)
			s.exec(t, `UPDATE training_jobs SET progress = 12.5, current_epoch = 2, current_step = 7, current_stage = 'training', current_cost = 1.5 WHERE id = $1`, job)
			var updated time.Time
			if err := s.pool.QueryRow(t.Context(), `SELECT updated_at FROM training_jobs WHERE id = $1`, job).Scan(&updated); err != nil {
				t.Fatal(err)
			}
			j, points, asked := read()
			if len(asked) != 1 || strings.Contains(asked[0], "total_epochs") || len(points) != 1 || points[0].Step != 7 || points[0].JobID != job {
				t.Fatalf("%q: %+v", asked, points)
			}
			if *j.Progress != 12.5 || *j.CurrentEpoch != 2 || *j.CurrentStep != 7 || j.Stage != "training" || j.CurrentCost.Cmp(models.Dollars(150)) != 0 ||
				!j.UpdatedAt.Equal(updated) || j.TotalEpochs != 3 || *j.CurrentMetrics.TrainingLoss != 0.5 || j.QueuedAt.IsZero() {
				t.Errorf("%+v", j)
			}
			s.exec(t, `UPDATE training_jobs SET status = 'failed', error_message = 'out of memory', total_steps = 9 WHERE id = $1`, job)
			if j, _, asked = read(); len(asked) != 2 || j.Status != models.JobFailed || j.ErrorMessage == nil || *j.TotalSteps != 9 {
				t.Errorf("%d requests: %+v", len(asked), j)
			}
			if _, _, asked = read(); len(asked) != 1 || strings.Contains(asked[0], "error_message") {
				t.Errorf("%q", asked)
			}
			s.exec(t, `UPDATE training_jobs SET error_message = 'really' WHERE id = $1`, job)
			clock = clock.Add(wholeRows)
			if j, _, asked = read(); len(asked) != 1 || *j.ErrorMessage != "really" {
				t.Errorf("%q: %+v", asked, j)
			}
			s.exec(t, `DELETE FROM training_jobs WHERE id = $1`, job)
			if out, err := c.Live(t.Context(), []models.LiveRequest{{JobID: job, After: at}}, 0); err != nil || len(out) != 0 {
				t.Errorf("a job that is gone: %+v, %v", out, err)
			}
		})
	}
}

// Many jobs share a URL in which not all that is seen can be said: hardly
// anything is sent again for that, and what came a little late is there.
func TestStackLiveOfManyJobs(t *testing.T) {
	t.Parallel()
	const n, seconds = 30, 20
	s, c, k, jobs := cutStack(t, 1000, make([]int, n)...)
	g, seen := map[string]*gatherer{}, map[string][]models.MetricCursor{}
	for _, j := range jobs {
		g[j] = &gatherer{}
	}
	base, points := now().Add(-time.Hour), 0
	for sec := range seconds {
		at := base.Add(time.Duration(sec) * time.Second)
		for i, j := range jobs {
			if (i+sec)%4 == 0 { // two seconds late
				s.point(t, j, at.Add(-2*time.Second), sec)
			} else {
				s.point(t, j, at, sec)
			}
		}
		var reqs []models.LiveRequest
		for _, j := range jobs {
			r := models.LiveRequest{JobID: j, After: g[j].at}
			for _, p := range seen[j] {
				if !p.Time.Before(r.After.Time.Add(-models.LookBack)) {
					r.Seen = append(r.Seen, p.ID)
				}
			}
			reqs = append(reqs, r)
		}
		for range 1 + 5*(sec/(seconds-1)) { // at the end until one looks back far
			out, err := c.Live(t.Context(), reqs, 0)
			if err != nil || len(out) != n {
				t.Fatalf("%d jobs, %v", len(out), err)
			}
			for _, lj := range out {
				points += len(lj.Points)
				g[lj.Job.ID].take(lj.Points)
			}
		}
		for _, j := range jobs {
			seen[j] = nil
			for _, p := range g[j].got {
				seen[j] = append(seen[j], cursorOf(p))
			}
		}
	}
	for _, j := range jobs {
		if len(g[j].got) != seconds {
			t.Errorf("%d points of %d", len(g[j].got), seconds)
		}
	}
	t.Logf("%d points were sent for %d, %d bytes", points, n*seconds, k.read)
	if points > 5*n*seconds {
		t.Errorf("%d points were sent for %d", points, n*seconds)
	}
}

// A server whose row limit is below what is asked for: nothing stands still,
// nothing is lost, also when more lies in the look-back than it sends at once.
func TestStackLiveWithFewRowsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStackOf(t, 50)
	alice, id := s.user(t, "alice@example.com")
	job := s.job(t, id, s.dataset(t, id, "Tickets"), "running")
	s.point(t, job, now().Add(-time.Hour), 0)
	f := newFollower(alice, job)
	if _, err := f.poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for burst := range 3 { // each within two seconds
		s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate)
			SELECT $1, now() + make_interval(secs => $2 + i/200.0), 1, i, 0.1, 0.1 FROM generate_series(1,320) i`, job, 100*burst)
		for range 10 {
			if _, err := f.poll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(f.g[job].got); n != 961 {
		t.Errorf("%d points of 961", n)
	}
}

// Counts are exact, by bounds that belong to them, and only the owner's.
func TestStackMetricsCount(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	job := s.job(t, id, s.dataset(t, id, "Tickets"), "running")
	base := now().Add(-time.Hour)
	s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate)
		SELECT $1, $2::timestamptz + make_interval(secs=>i/10), 1, i, 0.5, 0.1 FROM generate_series(0,1199) i`, job, base)
	s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate) VALUES ($1,NULL,1,1,1,1), ($1,'infinity',1,1,1,1)`, job)
	at := func(secs int) time.Time { return base.Add(time.Duration(secs) * time.Second) }
	for _, c := range []struct {
		from, to time.Time
		want     int64
	}{{time.Time{}, time.Time{}, 1200}, {at(10), at(19), 100}, {at(119), time.Time{}, 10}, {time.Time{}, at(0), 10}, {at(200), at(300), 0}} {
		if n, err := alice.MetricsCount(t.Context(), job, c.from, c.to); err != nil || n != c.want {
			t.Errorf("%v to %v: %d, want %d, %v", c.from, c.to, n, c.want, err)
		}
	}
	if n, err := bob.MetricsCount(t.Context(), job, time.Time{}, time.Time{}); err != nil || n != 0 {
		t.Errorf("someone else counts %d, %v", n, err)
	}
	points, err := alice.MetricsBetween(t.Context(), job, models.MetricCursor{Time: at(10).Add(-time.Microsecond), ID: lastID}, at(11))
	if err != nil || len(points) != 20 || points[0].Step < 100 || points[19].Step > 119 {
		t.Errorf("%d points, %v", len(points), err)
	}
	if points, err = alice.MetricsBetween(t.Context(), job, models.MetricCursor{}, at(0)); err != nil || len(points) != 10 {
		t.Errorf("%d points, %v", len(points), err)
	}
}

const lastID = "ffffffff-ffff-4fff-bfff-ffffffffffff"
