package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

func TestLiveIsOneRequest(t *testing.T) {
	at := models.MetricCursor{Time: time.Date(2026, 2, 1, 0, 0, 20, 123456000, time.UTC), ID: jobA}
	point := func(id int) string {
		return fmt.Sprintf(`{"id":"11e00000-0000-4000-8000-%012d","t":"2026-02-01T00:00:%02dZ","e":1,"s":%d,"a":"NaN","c":0.1}`, id, 30+id, id)
	}
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `[{"id":"`+jobB+`","s":"queued","new":[],"tail":[`+point(3)+`,`+point(2)+`]},
			{"id":"`+jobA+`","s":"running","p":"12.5","new":[`+point(1)+`],"tail":[]}]`)
	})
	c := signedIn(t, f)
	out, err := c.Live(context.Background(), []models.LiveRequest{{JobID: jobA, After: at}, {JobID: jobB}, {JobID: jobA}, {JobID: aliceID}}, 30)
	if err != nil {
		t.Fatal(err)
	}
	r := f.requests()
	if len(r) != 1 || r[0].path != "/rest/v1/training_jobs" {
		t.Fatalf("%d requests", len(r))
	}
	wantQuery(t, lastQuery(t, f), map[string]string{
		"select":  liveColumns + ",new:metrics_points(p:loratop_point),tail:metrics_points(p:loratop_point)",
		"id":      "in.(" + jobA + "," + jobB + "," + aliceID + ")",
		"user_id": "eq." + aliceID, "limit": "3",
		"new.timestamp":  "gte.2026-02-01T00:00:10.123456Z",
		"tail.timestamp": "lt.infinity",
		"new.or":         "(and(job_id.eq." + jobA + ",timestamp.gte.2026-02-01T00:00:10.123456Z))",
		"new.order":      "timestamp.asc.nullslast,id.asc.nullslast",
		"new.limit":      "500",
		"tail.job_id":    "in.(" + jobB + "," + aliceID + ")",
		"tail.order":     "timestamp.desc.nullsfirst,id.desc.nullslast",
		"tail.limit":     "30",
	})
	if len(out) != 2 || out[0].Job.ID != jobA || out[1].Job.ID != jobB {
		t.Fatalf("%+v", out)
	}
	if len(out[0].Points) != 1 || out[0].Gap || *out[0].Job.Progress != 12.5 {
		t.Errorf("%+v", out[0])
	}
	if p := out[1].Points; len(p) != 2 || p[0].Step != 2 || p[1].Step != 3 {
		t.Errorf("the tail is not ascending: %+v", p)
	}
}

func TestLiveWithoutTailOrWithoutCursor(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`) })
	c := signedIn(t, f)
	at := models.MetricCursor{Time: time.Unix(1e9, 0), ID: jobA}
	for _, r := range []models.LiveRequest{{JobID: jobA}, {JobID: jobA, After: at}} {
		if _, err := c.Live(context.Background(), []models.LiveRequest{r}, 0); err != nil {
			t.Fatal(err)
		}
		q := lastQuery(t, f)
		if q.Has("new.order") == r.After.IsZero() || q.Has("tail.order") != r.After.IsZero() {
			t.Errorf("%v", q)
		}
	}
	if out, err := c.Live(context.Background(), nil, 0); err != nil || len(out) != 0 || len(f.requests()) != 2 {
		t.Errorf("nothing asked: %v, %v", out, err)
	}
	for _, bad := range []models.LiveRequest{{JobID: "x"}, {JobID: jobA, After: models.MetricCursor{ID: jobA}}, {JobID: jobA, After: models.MetricCursor{Time: time.Unix(1, 0), ID: "1),x"}}} {
		_, err := c.Live(context.Background(), []models.LiveRequest{bad}, 0)
		wantError(t, err, models.CodeUsage)
	}
}

func TestLiveManyJobs(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`) })
	c := signedIn(t, f)
	reqs := func(n int) []models.LiveRequest {
		out := make([]models.LiveRequest, n)
		for i := range out {
			id := fmt.Sprintf("70b00000-0000-4000-8000-%012d", i)
			out[i] = models.LiveRequest{JobID: id, After: models.MetricCursor{Time: time.Now(), ID: id}}
		}
		return out
	}
	for n, want := range map[int]int{20: 1, 40: 1, 41: 2, 100: 3} {
		before := len(f.requests())
		if _, err := c.Live(context.Background(), reqs(n), 0); err != nil {
			t.Fatal(err)
		}
		got := f.requests()[before:]
		if len(got) != want {
			t.Errorf("%d jobs: %d requests, want %d", n, len(got), want)
		}
		for _, r := range got {
			if size := len(r.path) + len(r.query); size > 8000 {
				t.Errorf("%d jobs: a URL of %d bytes", n, size)
			}
		}
	}
}

// More points than fit are told, and the answer still moves on, also where all
// of it lies in the look-back.
func TestLiveGap(t *testing.T) {
	at := models.MetricCursor{Time: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), ID: "ffffffff-0000-4000-8000-000000000000"}
	start := at.Time
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		var b []string
		n := 500
		if strings.HasSuffix(r.URL.Path, "metrics_points") {
			if start.After(at.Time) { // behind those two
				reply(w, 200, "[]")
				return
			}
			n = 2
			start = at.Time.Add(time.Second)
		}
		for i := range n {
			b = append(b, fmt.Sprintf(`{"id":"11e00000-0000-4000-8000-%012d","t":%q,"e":1,"s":%d}`, i, instant(start), i))
		}
		if n == 2 {
			reply(w, 200, "["+strings.Join(b, ",")+"]")
			return
		}
		reply(w, 200, `[{"id":"`+jobA+`","new":[`+strings.Join(b, ",")+`]}]`)
	})
	c := signedIn(t, f)
	ask := []models.LiveRequest{{JobID: jobA, After: at}}
	out, err := c.Live(context.Background(), ask, 0)
	if err != nil {
		t.Fatal(err)
	}
	if p := out[0].Points; len(p) != 502 || !isAfter(p[501], at) {
		t.Errorf("%d points, and the last is not behind the cursor", len(p))
	}
	start = at.Time.Add(time.Second)
	out, err = c.Live(context.Background(), ask, 0)
	if err != nil || !out[0].Gap || len(out[0].Points) != 500 {
		t.Errorf("gap %v, %d points, %v", out[0].Gap, len(out[0].Points), err)
	}
}

func TestMetricsRequest(t *testing.T) {
	f := emptyServer(t)
	c := signedIn(t, f)
	at := models.MetricCursor{Time: time.Date(2026, 2, 1, 0, 0, 20, 123456000, time.UTC), ID: jobB}
	if _, err := c.Metrics(context.Background(), jobA, at); err != nil {
		t.Fatal(err)
	}
	wantQuery(t, lastQuery(t, f), map[string]string{
		"select":    "p:loratop_point,job:training_jobs!inner()",
		"timestamp": "gte.2026-02-01T00:00:20.123456Z",
		"job_id":    "eq." + jobA, "job.user_id": "eq." + aliceID, "limit": "1000",
		"order": "timestamp.asc.nullslast,id.asc.nullslast",
		"and":   `(or(timestamp.gt."2026-02-01T00:00:20.123456Z",and(timestamp.eq."2026-02-01T00:00:20.123456Z",id.gt.` + jobB + `)))`,
	})
}
