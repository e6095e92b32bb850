package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// cutter ends the bodies of answers early, at a place that a test chooses.
type cutter struct {
	at   func(path string, n int) int // how much of n bytes arrives
	read int
	asks int
}

func (c *cutter) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || !strings.HasPrefix(req.URL.Path, "/rest/") {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	c.asks++
	n := c.at(req.URL.Path, len(body))
	c.read += n
	res.Body = io.NopCloser(bytes.NewReader(body))
	if n < len(body) {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:n]), cutOff{}))
	}
	return res, nil
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// cutStack is a user behind a cutter, with jobs of so many points each.
func cutStack(t *testing.T, maxRows int, points ...int) (*stack, *Client, *cutter, []string) {
	t.Helper()
	s := newStackOf(t, maxRows)
	k := &cutter{at: func(_ string, n int) int { return n }}
	c, err := New(Options{URL: s.url, Key: s.anon, HTTP: k})
	if err != nil {
		t.Fatal(err)
	}
	c.net.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	r, err := c.SignUp(t.Context(), "alice@example.com", "correct horse battery")
	if err != nil || r.Session == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	ds := s.dataset(t, r.Session.UserID, "Tickets")
	var jobs []string
	for _, n := range points {
		job := s.job(t, r.Session.UserID, ds, "running")
		jobs = append(jobs, job)
		s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,validation_loss,learning_rate)
			SELECT $1, $2::timestamptz + make_interval(secs=>i/7), 1, i, 0.5, CASE WHEN i % 3 = 0 THEN 'NaN'::numeric END, 0.1 FROM generate_series(1,$3::int) i`, job, now().Add(-time.Hour), n)
	}
	return s, c, k, jobs
}

// ids are those of the table in the order of the stream.
func (s *stack) ids(t *testing.T, job string) (out []string) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), `SELECT array_agg(id::text ORDER BY timestamp, id) FROM metrics_points WHERE job_id=$1`, job).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every answer is cut somewhere, and yet pages in both directions bring every
// row once, with hardly a byte read twice. With and without our functions, with
// a server that sends 1000 rows at once and with one that sends 100.
func TestStackCutPages(t *testing.T) {
	for _, maxRows := range []int{1000, 100} {
		for _, brief := range []bool{true, false} {
			if !brief && maxRows == 100 {
				continue
			}
			t.Run(fmt.Sprintf("%d %v", maxRows, brief), func(t *testing.T) {
				t.Parallel()
				s, c, k, jobs := cutStack(t, maxRows, 1300)
				if !brief {
					s.exec(t, `DROP FUNCTION loratop_point; DROP FUNCTION loratop_job`)
				}
				want := s.ids(t, jobs[0])
				if got := gather(t, c, jobs[0]); !slices.Equal(got, want) {
					t.Fatalf("uncut: %d points of %d", len(got), len(want))
				}
				whole := k.read
				rng := rand.New(rand.NewPCG(uint64(maxRows), 1))
				k.at = func(_ string, n int) int { return max(min(n, 400), rng.IntN(n+1)) }
				k.read = 0
				if got := gather(t, c, jobs[0]); !slices.Equal(got, want) {
					t.Fatalf("cut, forwards: %d points of %d", len(got), len(want))
				}
				forwards := k.read
				k.read = 0
				if got := gatherBack(t, c, jobs[0]); !slices.Equal(got, want) {
					t.Fatalf("cut, backwards: %d points of %d", len(got), len(want))
				}
				for _, read := range []int{forwards, k.read} {
					if float64(read) > 1.06*float64(whole) {
						t.Errorf("%d bytes were read of %d", read, whole)
					}
				}
				t.Logf("%d bytes whole, %d and %d cut", whole, forwards, k.read)
			})
		}
	}
}

func gather(t *testing.T, c *Client, job string) (ids []string) {
	t.Helper()
	for at := (models.MetricCursor{}); ; {
		points, err := c.Metrics(t.Context(), job, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			ids = append(ids, p.ID)
			at = models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}
		}
		if len(points) < pageMax {
			return ids
		}
	}
}

func gatherBack(t *testing.T, c *Client, job string) (ids []string) {
	t.Helper()
	for at := (models.MetricCursor{}); ; {
		points, err := c.MetricsBefore(t.Context(), job, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range slices.Backward(points) {
			ids = append(ids, p.ID)
			at = models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}
		}
		if len(points) < pageMax {
			slices.Reverse(ids)
			return ids
		}
	}
}

// A live answer that is cut has the jobs that came, points and all, and the
// others are asked for again; a tail is completed, new points come next time.
func TestStackCutLive(t *testing.T) {
	t.Parallel()
	s, c, k, jobs := cutStack(t, 1000, 300, 250, 10)
	f := newFollower(c, jobs...)
	rng := rand.New(rand.NewPCG(3, 1))
	k.at = func(_ string, n int) int {
		if rng.IntN(3) == 0 {
			return n
		}
		return rng.IntN(n + 1)
	}
	out, err := f.poll(t.Context())
	if err != nil || len(out) != 3 {
		t.Fatalf("%d jobs, %v", len(out), err)
	}
	for i, n := range []int{liveTail, liveTail, 10} {
		if len(out[i].Points) != n || out[i].Job.Status != models.JobRunning || out[i].Job.CurrentCost == nil {
			t.Errorf("job %d: %d points of a tail of %d, %+v", i, len(out[i].Points), n, out[i].Job)
		}
	}
	have := map[string]int{}
	for _, j := range jobs {
		have[j] = len(f.g[j].got)
		s.exec(t, `INSERT INTO metrics_points (job_id,timestamp,epoch,step,training_loss,learning_rate)
			SELECT $1, now() + make_interval(secs => i), 1, i, 0.5, 0.1 FROM generate_series(1, 60) i`, j)
	}
	for range 200 {
		if _, err := f.poll(t.Context()); err != nil && models.CodeOf(err) != models.CodeNetwork {
			t.Fatal(err)
		}
	}
	for _, j := range jobs {
		if n := len(f.g[j].got) - have[j]; n != 60 {
			t.Errorf("%d new points of 60", n)
		}
	}
}

// An answer cut before anything of it is whole is tried again as ever, and a
// page that breaks for good gives what it had.
func TestCutBeforeTheFirstRow(t *testing.T) {
	t.Parallel()
	s, c, k, jobs := cutStack(t, 1000, 40)
	k.at = func(string, int) int { return 30 }
	k.asks = 0
	if got, err := c.Metrics(t.Context(), jobs[0], models.MetricCursor{}); models.CodeOf(err) != models.CodeNetwork || len(got) != 0 || k.asks != maxTries {
		t.Errorf("%d points after %d requests, %v", len(got), k.asks, err)
	}
	if _, err := c.Live(t.Context(), []models.LiveRequest{{JobID: jobs[0]}}, 0); models.CodeOf(err) != models.CodeNetwork {
		t.Error(err)
	}
	first := true
	k.at = func(_ string, n int) int {
		if first {
			first = false
			return n / 2
		}
		return 0
	}
	got, err := c.Metrics(t.Context(), jobs[0], models.MetricCursor{})
	want := s.ids(t, jobs[0])
	if models.CodeOf(err) != models.CodeNetwork || len(got) < 10 || got[len(got)-1].ID != want[len(got)-1] {
		t.Errorf("%d points, %v", len(got), err)
	}
}

// FuzzCutAnswer cuts an answer anywhere: what is read of it is the start of what
// the whole of it says.
func FuzzCutAnswer(f *testing.F) {
	page := `[{"p":"` + "AAAAAAAAQACAAAAAAAAAAQ" + `,1764038012123456,1,2,0.5"},{"id":"x","t":null,"e":1,"s":2,"a":"NaN"},{"id":"y","s":3}]`
	live := `[{"id":"j","s":"running","m":{"training_loss":[{}]},"new":` + page + `,"tail":[]},{"k":["AAAAAAAAQACAAAAAAAAAAQ","failed",null,1,2,3,null,17],"new":[],"tail":` + page + `}]`
	for _, s := range []string{page, live, "[", "{}", "null", `[{"new":[`} {
		f.Add([]byte(s), len(s)/2)
	}
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		at = max(0, min(at, len(data)))
		all, some := cutPoints(data), cutPoints(data[:at])
		if len(some) > len(all) {
			t.Fatalf("%d rows of %d", len(some), len(all))
		}
		whole, part := cutRows(data), cutRows(data[:at])
		if len(part) > len(whole) {
			t.Fatalf("%d jobs of %d", len(part), len(whole))
		}
		for i := range part {
			if part[i].ID != whole[i].ID || len(part[i].New) > len(whole[i].New) || part[i].S != whole[i].S {
				t.Fatalf("%+v of %+v", part[i], whole[i])
			}
		}
	})
}
