package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

// lastQuery is the query of the last request, decoded and sorted by name.
func lastQuery(t *testing.T, f *fake) url.Values {
	t.Helper()
	r := f.requests()
	if len(r) == 0 {
		t.Fatal("no request")
	}
	q, err := url.ParseQuery(r[len(r)-1].query)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func wantQuery(t *testing.T, got url.Values, want map[string]string) {
	t.Helper()
	for k, v := range got {
		if len(v) != 1 {
			t.Errorf("%s is there %d times: a server takes one of them", k, len(v))
		}
		if w, ok := want[k]; !ok {
			t.Errorf("unexpected %s=%s", k, v[0])
		} else if v[0] != w {
			t.Errorf("%s\n got %s\nwant %s", k, v[0], w)
		}
	}
	for k := range want {
		if !got.Has(k) {
			t.Errorf("%s is missing", k)
		}
	}
}

func emptyServer(t *testing.T) *fake {
	return newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`, "Content-Range", "*/0") })
}

// listCase is a call and the one request that it must make.
type listCase struct {
	ask  func(*Client) error
	path string
	want map[string]string
}

func listCases() map[string]listCase {
	since := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.FixedZone("x", 3600))
	ds := "d0000000-0000-4000-8000-000000000001"
	jobCols, artCols := jobColumns+",dataset:datasets"+datasetRef, artifactColumns+","+artifactEmbed
	return map[string]listCase{
		"datasets": {
			func(c *Client) error { _, err := c.Datasets(context.Background(), models.ListQuery{}); return err }, "/rest/v1/datasets",
			map[string]string{"select": datasetColumns, "user_id": "eq." + aliceID, "deleted_at": "is.null",
				"order": "created_at.desc.nullslast,id.desc.nullslast", "limit": "50"},
		},
		"datasets, everything": {
			func(c *Client) error {
				_, err := c.Datasets(context.Background(), models.ListQuery{Search: ` 50%_of\it*s,"x" (a.b) `, Status: []string{"ready", `we,"ird`},
					Sort: "name", Asc: true, Limit: 1000, Deleted: true, Since: since})
				return err
			}, "/rest/v1/datasets",
			map[string]string{"select": datasetColumns, "user_id": "eq." + aliceID, "and": "(deleted_at.not.is.null)",
				"name": `ilike.*50\%\_of\\it_s,"x" (a.b)*`, "status": `in.(ready,"we,\"ird")`, "created_at": "gte.2026-03-01T11:00:00.123456Z",
				"order": "name.asc.nullslast,id.asc.nullslast", "limit": "1000"},
		},
		"jobs": {
			func(c *Client) error {
				_, err := c.Jobs(context.Background(), models.ListQuery{DatasetID: ds, Status: []string{"running"}})
				return err
			}, "/rest/v1/training_jobs",
			map[string]string{"select": jobCols, "user_id": "eq." + aliceID, "dataset_id": "eq." + ds, "status": "in.(running)",
				"order": "created_at.desc.nullslast,id.desc.nullslast", "limit": "50"},
		},
		"jobs by the name of their dataset": {
			func(c *Client) error {
				_, err := c.Jobs(context.Background(), models.ListQuery{Search: "x"})
				return err
			}, "/rest/v1/training_jobs",
			map[string]string{"select": jobColumns + ",dataset:datasets!inner" + datasetRef, "user_id": "eq." + aliceID, "dataset.name": "ilike.*x*",
				"order": "created_at.desc.nullslast,id.desc.nullslast", "limit": "50"},
		},
		"artifacts": {
			func(c *Client) error {
				_, err := c.Artifacts(context.Background(), models.ListQuery{Limit: 7})
				return err
			}, "/rest/v1/model_artifacts",
			map[string]string{"select": artCols, "user_id": "eq." + aliceID, "deleted_at": "is.null",
				"order": "created_at.desc.nullslast,id.desc.nullslast", "limit": "7"},
		},
		"notifications": {
			func(c *Client) error {
				_, err := c.Notifications(context.Background(), models.ListQuery{Unread: true, Search: `a"b,c`})
				return err
			}, "/rest/v1/notifications",
			map[string]string{"select": noticeColumns, "user_id": "eq." + aliceID,
				"and":   `(or(title.ilike."*a\"b,c*",message.ilike."*a\"b,c*"),or(read.is.false,read.is.null))`,
				"order": "created_at.desc.nullslast,id.desc.nullslast", "limit": "50"},
		},
	}
}

func TestListRequests(t *testing.T) {
	for name, tc := range listCases() {
		t.Run(name, func(t *testing.T) {
			f := emptyServer(t)
			if err := tc.ask(signedIn(t, f)); err != nil {
				t.Fatal(err)
			}
			r := f.requests()
			if len(r) != 1 || r[0].method != http.MethodGet || r[0].path != tc.path || r[0].header.Get("Prefer") != "count=exact" {
				t.Fatalf("%d requests, %+v", len(r), r)
			}
			if strings.Contains(r[0].query, "+00") {
				t.Errorf("a bare + in %s", r[0].query)
			}
			wantQuery(t, lastQuery(t, f), tc.want)
		})
	}
}

func TestListUsage(t *testing.T) {
	f := emptyServer(t)
	c := signedIn(t, f)
	ctx := context.Background()
	for name, q := range map[string]models.ListQuery{
		"sort": {Sort: "user_id; drop table"}, "limit": {Limit: 1001}, "negative": {Limit: -1}, "mark": {After: "nonsense"},
	} {
		_, err := c.Datasets(ctx, q)
		if e := wantError(t, err, models.CodeUsage); name == "sort" && !strings.Contains(e.Hint, "total_tokens") {
			t.Errorf("%s: hint %q does not name the choices", name, e.Hint)
		}
	}
	_, err := c.Jobs(ctx, models.ListQuery{DatasetID: "x,y"})
	wantError(t, err, models.CodeUsage)
	_, err = c.Job(ctx, "../etc")
	wantError(t, err, models.CodeUsage)
	if n := len(f.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// pager is a server whose one page and count a test sets.
type pager struct {
	rows  []string
	total int
}

func newPager() *pager {
	return &pager{total: 5, rows: []string{
		`{"id":"00000000-0000-4000-8000-000000000001","name":"a","created_at":"2025-01-02T03:04:05.678901+00:00","total_tokens":9007199254740993}`,
		`{"id":"00000000-0000-4000-8000-000000000002","name":"b,\"c\"","created_at":null,"total_tokens":null}`,
	}}
}

func (p *pager) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		reply(w, 200, "", "Content-Range", "0-4/5")
		return
	}
	reply(w, 206, "["+strings.Join(p.rows, ",")+"]", "Content-Range", fmt.Sprintf("0-1/%d", p.total))
}

func datasetsOf(t *testing.T, c *Client, q models.ListQuery) models.Page[models.Dataset] {
	t.Helper()
	p, err := c.Datasets(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeysetConditions(t *testing.T) {
	srv := newPager()
	f := newFake(t, srv.serve)
	c := signedIn(t, f)
	q := models.ListQuery{Sort: "total_tokens", Limit: 2, Count: true}
	p := datasetsOf(t, c, q)
	if len(p.Items) != 2 || p.Next == "" || p.Total == nil || *p.Total != 5 {
		t.Fatalf("%+v", p)
	}
	q.After = p.Next // ends on a null
	p = datasetsOf(t, c, q)
	if got := lastQuery(t, f).Get("and"); got != "(and(total_tokens.is.null,id.lt.00000000-0000-4000-8000-000000000002))" {
		t.Errorf("after null: %s", got)
	}
	if p.Total == nil || *p.Total != 5 {
		t.Errorf("a later page counts %v, want the whole list", p.Total)
	}
	srv.rows = srv.rows[:1]
	for sort, want := range map[string]string{
		"total_tokens": `(or(total_tokens.lt.9007199254740993,and(total_tokens.eq.9007199254740993,id.lt.00000000-0000-4000-8000-000000000001),total_tokens.is.null))`,
		"created_at":   `(or(created_at.lt."2025-01-02T03:04:05.678901+00:00",and(created_at.eq."2025-01-02T03:04:05.678901+00:00",id.lt.00000000-0000-4000-8000-000000000001),created_at.is.null))`,
	} {
		q := models.ListQuery{Sort: sort, Limit: 2}
		q.After = datasetsOf(t, c, q).Next
		datasetsOf(t, c, q)
		if got := lastQuery(t, f).Get("and"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sort, got, want)
		}
	}
}

func TestKeysetEnds(t *testing.T) {
	srv := newPager()
	c := signedIn(t, newFake(t, srv.serve))
	// a server whose row limit is below ours sends a short page: not the end
	if p := datasetsOf(t, c, models.ListQuery{Limit: 1000}); p.Next == "" {
		t.Error("a short page was taken for the end although 5 rows were counted")
	}
	srv.rows, srv.total = srv.rows[:1], 1
	if p := datasetsOf(t, c, models.ListQuery{Limit: 1}); p.Next != "" {
		t.Error("a full page that is all was followed by another")
	}
}

func TestMarksAreOfTheirOwnList(t *testing.T) {
	c := signedIn(t, newFake(t, newPager().serve))
	mark := datasetsOf(t, c, models.ListQuery{Sort: "name", Limit: 2}).Next
	for name, other := range map[string]models.ListQuery{
		"sort": {Sort: "created_at"}, "direction": {Sort: "name", Asc: true}, "status": {Sort: "name", Status: []string{"ready"}},
		"search": {Sort: "name", Search: "x"}, "trash": {Sort: "name", Deleted: true},
	} {
		other.After = mark
		if _, err := c.Datasets(context.Background(), other); models.CodeOf(err) != models.CodeUsage {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

func TestMissingColumnFallsBack(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Query().Get("select"), "*") {
			reply(w, 400, `{"code":"42703","message":"column datasets.avg_tokens_per_turn does not exist"}`)
			return
		}
		reply(w, 200, `[{"id":"`+jobA+`","name":"x","sample_data":[1],"some_extra":{"a":1}}]`, "Content-Range", "0-0/1")
	})
	c := signedIn(t, f)
	for range 2 {
		p, err := c.Datasets(context.Background(), models.ListQuery{})
		if err != nil || len(p.Items) != 1 || p.Items[0].SampleData != nil {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if n := len(f.requests()); n != 3 {
		t.Errorf("%d requests, want 3: the second list knows", n)
	}
}

func TestHostileRows(t *testing.T) {
	body := ""
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, body, "Content-Range", "0-0/1") })
	c := signedIn(t, f)
	for _, body = range []string{`{"id":1}`, `<html>`, ``, `[{"id":{}}]`, `[1]`, `[{"id":"x","created_at":"yesterday"}]`} {
		_, err := c.Datasets(context.Background(), models.ListQuery{})
		wantError(t, err, models.CodeServer)
	}
}

func TestAllPagesToTheEnd(t *testing.T) {
	const n = 2345
	for _, serverMax := range []int{1000, 300} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "cost_records") {
				reply(w, 200, `[]`, "Content-Range", "*/0")
				return
			}
			from := 0
			if and := r.URL.Query().Get("and"); and != "" {
				i := strings.LastIndex(and, "id.gt.00000000-0000-4000-8000-")
				_, _ = fmt.Sscanf(and[i:], "id.gt.00000000-0000-4000-8000-%012d", &from)
			}
			to := min(n, from+serverMax)
			var b strings.Builder
			for i := from + 1; i <= to; i++ {
				_, _ = fmt.Fprintf(&b, `,{"id":"00000000-0000-4000-8000-%012d","amount":1.10,"recorded_at":"2025-01-01T00:00:00Z"}`, i)
			}
			rng := fmt.Sprintf("0-%d/*", to-from-1)
			if r.Header.Get("Prefer") == "count=exact" {
				rng = fmt.Sprintf("0-%d/%d", to-from-1, n-from)
			}
			reply(w, 200, "["+strings.TrimPrefix(b.String(), ",")+"]", "Content-Range", rng)
		})
		d, err := signedIn(t, f).Costs(context.Background(), models.Time{})
		if err != nil || len(d.Records) != n {
			t.Fatalf("%d rows, %v; want %d", len(d.Records), err, n)
		}
		seen := map[string]bool{}
		for _, r := range d.Records {
			seen[r.ID] = true
		}
		if len(seen) != n {
			t.Errorf("%d distinct rows of %d", len(seen), n)
		}
	}
}

func FuzzCursor(f *testing.F) {
	v := "2025-01-01T00:00:00Z"
	f.Add(string(mark{List: "l", Value: &v, ID: jobA}.cursor()))
	f.Add("e30")
	f.Add("")
	f.Add("eyJ2IjoxfQ")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMark(models.Cursor(s), "l")
		if err != nil {
			if models.CodeOf(err) != models.CodeUsage {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := parseMark(m.cursor(), "l")
		if err != nil || again.ID != m.ID || (again.Value == nil) != (m.Value == nil) {
			t.Fatalf("%+v became %+v (%v)", m, again, err)
		}
	})
}

func TestMarksSurviveTheirTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		row, _ := json.Marshal(map[string]any{"id": jobA, "name": value})
		m, err := markOf(row, "l", "name")
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseMark(m.cursor(), "l")
		if err != nil || back.Value == nil || strings.ToValidUTF8(value, "\uFFFD") != *back.Value {
			t.Fatalf("%q became %v (%v)", value, back.Value, err)
		}
	})
}

// A quoted literal reads back as what it was by PostgREST's own rules.
func TestLiterals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.String().Draw(t, "v")
		s := literal(v)
		if s == v {
			if v == "" || strings.ContainsAny(v, `,.:()"\{} `) {
				t.Fatalf("%q went unquoted", v)
			}
			return
		}
		var out strings.Builder
		inner := s[1 : len(s)-1]
		for i := 0; i < len(inner); i++ {
			if inner[i] == '\\' {
				i++
			} else if inner[i] == '"' {
				t.Fatalf("%q ends early", s)
			}
			out.WriteByte(inner[i])
		}
		if out.String() != v {
			t.Fatalf("%q became %q", v, out.String())
		}
	})
}

func TestBuilderTraps(t *testing.T) {
	q := &query{table: "metrics_points", columns: "id"}
	q.where("step", "gt", "100")
	q.where("step", "lte", "200")
	if err := q.lint(); err == nil {
		t.Error("two filters on one column were not refused")
	}
	f := emptyServer(t)
	c := signedIn(t, f)
	me, _ := c.me(context.Background())
	ok := &query{table: "metrics_points", columns: "id"}
	ok.where("job_id", "eq", jobA)
	ok.cond("step.gt.100")
	ok.cond("step.lte.200")
	if _, err := ok.get(context.Background(), me, countNone, false); err != nil {
		t.Fatal(err)
	}
	wantQuery(t, lastQuery(t, f), map[string]string{"select": "id", "job_id": "eq." + jobA, "and": "(step.gt.100,step.lte.200)"})
	if err := (&query{columns: `id, "x"`}).lint(); err == nil {
		t.Error("a select that the builder changes was not refused")
	}
}
