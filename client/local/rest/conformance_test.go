package rest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
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

// envReal is the address of a real PostgREST over the conformance database, whose jwt-secret is testSecret:
// TestConformance then asks that server, so that the recordings can be checked against other versions.
const envReal = "LORATOP_TEST_POSTGREST_URL"

// subject is a server over a new database, or the real one.
func subject(t *testing.T, mutates bool) http.Handler {
	t.Helper()
	address := os.Getenv(envReal)
	if address == "" {
		return newServer(t, pgtest.New(t, pgtest.Conformance))
	}
	if mutates {
		t.Skip("it would change the one database of the real server")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return httputil.NewSingleHostReverseProxy(u)
}

// TestConformance replays what a real server was asked and compares what it answered.
func TestConformance(t *testing.T) {
	list := recordings(t)
	if len(list) < 126 {
		t.Fatalf("only %d recordings", len(list))
	}
	shared := subject(t, false)
	for _, e := range list {
		t.Run(e.ID, func(t *testing.T) {
			s := shared
			if e.Mutates {
				t.Parallel()
				s = subject(t, true)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, e.request())
			e.check(t, w.Result())
		})
	}
}
