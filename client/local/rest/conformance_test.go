package rest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local/pgtest"
)

// exchange is one recorded request with what a real PostgREST 14.17 answered.
type exchange struct {
	ID       string            `json:"id"`
	As       string            `json:"as"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers"`
	Body     json.RawMessage   `json:"body"`
	Mutates  bool              `json:"mutates"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	} `json:"response"`
}

func recordings(t *testing.T) []exchange {
	t.Helper()
	f, err := os.Open("testdata/postgrest-14.17.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []exchange
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var e exchange
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// requestBody is the text to send: a JSON string is sent as it is, anything else as JSON.
func requestBody(raw json.RawMessage) string {
	var text string
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func (e *exchange) request() *http.Request {
	r := httptest.NewRequest(e.Method, e.Path, strings.NewReader(requestBody(e.Body)))
	r.Header.Set("Content-Type", "application/json")
	for k, v := range e.Headers {
		r.Header.Set(k, v)
	}
	if auth := authorization(e.As); auth != "" {
		r.Header.Set("Authorization", auth)
	}
	return r
}

// sameJSON compares two JSON texts, numbers as they are written.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	read := func(raw []byte) (v any) {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Errorf("not JSON: %v: %q", err, raw)
		}
		return v
	}
	return reflect.DeepEqual(read(a), read(b))
}

func (e *exchange) check(t *testing.T, res *http.Response) {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != e.Response.Status {
		t.Errorf("status %d, recorded %d; body %s", res.StatusCode, e.Response.Status, body)
	}
	for k, v := range e.Response.Headers {
		if got := res.Header.Get(k); got != v {
			t.Errorf("header %s: %q, recorded %q", k, got, v)
		}
	}
	var want string
	if err := json.Unmarshal(e.Response.Body, &want); err != nil {
		want = string(e.Response.Body)
	}
	switch {
	case want == "":
		if len(body) > 0 {
			t.Errorf("body %q, recorded none", body)
		}
	case strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv"):
		if string(body) != want {
			t.Errorf("body %q, recorded %q", body, want)
		}
	case !sameJSON(t, body, []byte(want)):
		t.Errorf("body\n%s\nrecorded\n%s", body, want)
	}
}

// TestConformance replays what a real server was asked and compares what it answered.
func TestConformance(t *testing.T) {
	list := recordings(t)
	if len(list) < 126 {
		t.Fatalf("only %d recordings", len(list))
	}
	shared := newServer(t, pgtest.New(t, pgtest.Conformance))
	for _, e := range list {
		t.Run(e.ID, func(t *testing.T) {
			s := shared
			if e.Mutates {
				t.Parallel()
				s = newServer(t, pgtest.New(t, pgtest.Conformance))
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, e.request())
			e.check(t, w.Result())
		})
	}
}

// undo asks for a transaction that is rolled back.
const undo = "tx=rollback"

// Replay asks a server at an address for all recordings. Those that change
// something are rolled back, for which the server must allow it.
func Replay(t *testing.T, address string) {
	if !undoes(t, address) {
		t.Fatal("the server does not roll back on demand: set db-tx-end to commit-allow-override")
	}
	for _, e := range recordings(t) {
		t.Run(e.ID, func(t *testing.T) { e.over(t, address).check(t) })
	}
}

func undoes(t *testing.T, address string) bool {
	t.Helper()
	e := exchange{As: "service", Method: http.MethodGet, Path: "/datasets?limit=1", Mutates: true}
	got := e.over(t, address)
	return got.res.StatusCode == http.StatusOK && got.undone
}

// answered is a recording with another server's answer.
type answered struct {
	*exchange
	res    *http.Response
	undone bool
}

// over sends the recording's request to a server.
func (e *exchange) over(t *testing.T, address string) answered {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), e.Method, address+e.Path, strings.NewReader(requestBody(e.Body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = e.request().Header
	if e.Mutates {
		r.Header.Add("Prefer", undo)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	// What was asked for besides the recording is told besides it.
	var kept []string
	undone := false
	for _, p := range strings.Split(res.Header.Get("Preference-Applied"), ", ") {
		if p == undo {
			undone = true
		} else if p != "" {
			kept = append(kept, p)
		}
	}
	res.Header.Set("Preference-Applied", strings.Join(kept, ", "))
	return answered{e, res, undone}
}

func (a answered) check(t *testing.T) {
	t.Helper()
	a.exchange.check(t, a.res)
	if a.Mutates && a.res.StatusCode < 300 && !a.undone {
		t.Error("what it changed was not rolled back")
	}
}
