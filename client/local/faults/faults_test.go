package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/client/local/faults"
	"github.com/loratop/loratop/client/local/token"
)

const secret = "super-secret-jwt-token-with-at-least-32-characters"

// bench is an injector on a real socket before a server that echoes.
type bench struct {
	t       *testing.T
	in      *faults.Injector
	url     string
	service string
	slept   *sleeper
}

// sleeper takes note of the rests instead of resting.
type sleeper struct {
	mu    sync.Mutex
	rests []time.Duration
}

func (s *sleeper) sleep(_ context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rests = append(s.rests, d)
	return nil
}

func (s *sleeper) take() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.rests
	s.rests = nil
	return out
}

// echo gives back a body of the size that the query names, or else the request's own.
func echo(w http.ResponseWriter, r *http.Request) {
	in, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	var n int
	if _, err := fmt.Sscan(r.URL.Query().Get("size"), &n); err == nil {
		in = bytes.Repeat([]byte("x"), n)
	}
	if r.URL.Query().Get("length") != "" {
		w.Header().Set("Content-Length", fmt.Sprint(len(in)))
	}
	_, _ = w.Write(in)
}

func newBench(t *testing.T, o faults.Options) *bench {
	t.Helper()
	b := &bench{t: t, slept: &sleeper{}}
	if o.Next == nil {
		o.Next = http.HandlerFunc(echo)
	}
	o.Secret, o.Sleep = []byte(secret), b.slept.sleep
	var err error
	if b.service, err = token.ServiceKey(o.Secret); err != nil {
		t.Fatal(err)
	}
	b.in = faults.New(o)
	server := httptest.NewServer(b.in)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error // of the exchange or of reading the body
}

func (b *bench) do(method, path, body string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(got), err}
}

func (b *bench) get(path string) answer { b.t.Helper(); return b.do("GET", path, "") }

// order sets faults through the endpoint and returns the state that it tells.
func (b *bench) order(body string) map[string]any {
	b.t.Helper()
	a := b.do("POST", faults.ControlPath, body, "Apikey", b.service)
	if a.status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", body, a.status, a.body)
	}
	var state map[string]any
	if err := json.Unmarshal([]byte(a.body), &state); err != nil {
		b.t.Fatal(err)
	}
	return state
}

func TestNoFaultNoChange(t *testing.T) {
	b := newBench(t, faults.Options{})
	if a := b.do("POST", "/rest/v1/x", "hello"); a.status != 200 || a.body != "hello" || a.err != nil {
		t.Errorf("%+v", a)
	}
}

func TestAnswers(t *testing.T) {
	b := newBench(t, faults.Options{})
	for _, c := range []struct {
		kind, path string
		status     int
		body       string
		header     []string
	}{
		{"too_many_requests", "/auth/v1/token", 429, `{"code":429,"error_code":"over_request_rate_limit","msg":"Request rate limit reached"}`, nil},
		{"too_many_requests", "/auth/v1/token", 429, `{"code":"over_request_rate_limit","message":"Request rate limit reached"}`, []string{"X-Supabase-Api-Version", "2024-01-01"}},
		{"too_many_requests", "/storage/v1/object/b/k", 429, `"code":"SlowDown"`, nil},
		{"too_many_requests", "/rest/v1/jobs", 429, `"message"`, nil},
		{"internal_error", "/auth/v1/user", 500, `"error_code":"unexpected_failure"`, nil},
		{"internal_error", "/storage/v1/bucket", 500, `"code":"InternalError"`, nil},
		{"internal_error", "/rest/v1/jobs", 500, `"code":"XX000"`, nil},
		{"bad_gateway", "/rest/v1/jobs", 502, "<html>", nil},
		{"schema_reload", "/rest/v1/jobs", 503, `"code":"PGRST002"`, nil},
		{"schema_reload", "/auth/v1/health", 200, "", nil},
	} {
		b.order(`{"rules":[{"kind":"` + c.kind + `"}]}`)
		a := b.do("GET", c.path, "", c.header...)
		if a.status != c.status || !strings.Contains(a.body, c.body) || a.err != nil {
			t.Errorf("%s on %s: %+v", c.kind, c.path, a)
		}
		isJSON := json.Valid([]byte(a.body))
		if wantJSON := c.kind != "bad_gateway" && c.status != 200; isJSON != wantJSON {
			t.Errorf("%s on %s: %q is JSON: %v", c.kind, c.path, a.body, isJSON)
		}
		if a.header.Get("Retry-After") != "" {
			t.Errorf("%s on %s: Retry-After", c.kind, c.path)
		}
	}
	b.order(`{"rules":[{"kind":"too_many_requests","retry_after":7}]}`)
	if a := b.get("/rest/v1/jobs"); a.header.Get("Retry-After") != "7" {
		t.Errorf("Retry-After: %v", a.header)
	}
}

func TestLatency(t *testing.T) {
	b := newBench(t, faults.Options{})
	b.order(`{"seed":3,"rules":[{"kind":"latency","delay_ms":200,"jitter_ms":100},{"kind":"latency","path":"/rest/","delay_ms":50}]}`)
	first := make([]time.Duration, 0, 8)
	for range 8 {
		b.get("/rest/v1/jobs")
		rests := b.slept.take()
		if len(rests) != 1 || rests[0] < 250*time.Millisecond || rests[0] >= 350*time.Millisecond {
			t.Fatalf("rests %v", rests)
		}
		first = append(first, rests[0])
	}
	b.order(`{"seed":3,"rules":[{"kind":"latency","delay_ms":200,"jitter_ms":100},{"kind":"latency","path":"/rest/","delay_ms":50}]}`)
	different := false
	for n := range 8 {
		b.get("/rest/v1/jobs")
		if rests := b.slept.take(); len(rests) != 1 || rests[0] != first[n] {
			t.Errorf("request %d: %v, before %v", n, rests, first[n])
		}
		different = different || first[n] != first[0]
	}
	if !different {
		t.Error("there is no jitter")
	}
	b.get("/auth/v1/health")
	if rests := b.slept.take(); len(rests) != 1 || rests[0] >= 300*time.Millisecond {
		t.Errorf("the rule of /rest/ also met /auth/: %v", rests)
	}
}

func TestBandwidth(t *testing.T) {
	b := newBench(t, faults.Options{})
	b.order(`{"rules":[{"kind":"bandwidth","bytes_per_second":1000}]}`)
	if a := b.get("/rest/v1/x?size=3000"); len(a.body) != 3000 || a.err != nil {
		t.Fatalf("%d bytes, %v", len(a.body), a.err)
	}
	if got := total(b.slept.take()); got != 3*time.Second {
		t.Errorf("3000 bytes at 1000 a second took %v", got)
	}
	if a := b.do("POST", "/rest/v1/x?size=0", strings.Repeat("y", 2000)); a.err != nil {
		t.Fatal(a.err)
	}
	if got := total(b.slept.take()); got != 2*time.Second {
		t.Errorf("2000 bytes to the server took %v", got)
	}
}

func total(rests []time.Duration) (sum time.Duration) {
	for _, d := range rests {
		sum += d
	}
	return sum.Round(time.Millisecond)
}

func TestDrops(t *testing.T) {
	b := newBench(t, faults.Options{})
	b.order(`{"rules":[{"kind":"drop"}]}`)
	if a := b.get("/rest/v1/x"); a.err == nil {
		t.Errorf("before: %+v", a)
	}
	b.order(`{"rules":[{"kind":"drop","part":"response","after_bytes":1500}]}`)
	for _, path := range []string{"/x?size=4000", "/x?size=4000&length=1", "/x?size=400000"} {
		if a := b.get(path); a.status != 200 || len(a.body) != 1500 || a.err == nil {
			t.Errorf("%s: %d, %d bytes, %v", path, a.status, len(a.body), a.err)
		}
	}
	if a := b.get("/x?size=1000"); a.err != nil || len(a.body) != 1000 {
		t.Errorf("a short answer is whole: %d bytes, %v", len(a.body), a.err)
	}
	b.order(`{"rules":[{"kind":"drop","part":"request","after_bytes":100}]}`)
	if a := b.do("POST", "/x", strings.Repeat("y", 5000)); a.err == nil {
		t.Errorf("inside the request: %+v", a)
	}
	if a := b.do("POST", "/x", strings.Repeat("y", 100)); a.err != nil || len(a.body) != 100 {
		t.Errorf("a request of just so many bytes is whole: %+v", a)
	}
	if a := b.do("POST", "/x", "short"); a.err != nil || a.body != "short" {
		t.Errorf("a short request is whole: %+v", a)
	}
}

// What came before the cut has reached the server.
func TestDropInsideTheRequestDeliversTheStart(t *testing.T) {
	got := make(chan int, 1)
	b := newBench(t, faults.Options{Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		got <- int(n)
		w.WriteHeader(http.StatusNoContent)
	})})
	b.order(`{"rules":[{"kind":"drop","part":"request","after_bytes":1234}]}`)
	if a := b.do("PATCH", "/x", strings.Repeat("y", 100_000)); a.err == nil {
		t.Errorf("answered: %+v", a)
	}
	if n := <-got; n != 1234 {
		t.Errorf("%d bytes reached the server", n)
	}
}

func TestRulesCountAndChoose(t *testing.T) {
	b := newBench(t, faults.Options{})
	b.order(`{"rules":[{"kind":"internal_error","path":"/rest/v1/jobs","method":"post","skip":1,"count":2}]}`)
	var got []int
	for range 5 {
		got = append(got, b.do("POST", "/rest/v1/jobs", "").status, b.get("/rest/v1/jobs").status, b.get("/rest/v1/datasets").status)
	}
	if want := "[200 200 200 500 200 200 500 200 200 200 200 200 200 200 200]"; fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	a := b.do("GET", faults.ControlPath, "", "Authorization", "Bearer "+b.service)
	if !strings.Contains(a.body, `"matched":5,"struck":2`) {
		t.Errorf("state: %s", a.body)
	}
}

// The n-th request that a rule is meant for has the same fate in every run.
func TestSeedDecides(t *testing.T) {
	run := func(seed uint64, p float64, n int) string {
		in := faults.New(faults.Options{Next: http.HandlerFunc(echo), Seed: seed})
		if err := in.SetRules([]faults.Rule{{Kind: faults.InternalError, Probability: &p}}); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for range n {
			w := httptest.NewRecorder()
			in.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
			out.WriteString(map[int]string{200: ".", 500: "!"}[w.Code])
		}
		return out.String()
	}
	rapid.Check(t, func(t *rapid.T) {
		seed, p := rapid.Uint64().Draw(t, "seed"), rapid.Float64Range(0.3, 0.7).Draw(t, "p")
		one := run(seed, p, 200)
		if two := run(seed, p, 200); one != two {
			t.Fatalf("two runs of one seed:\n%s\n%s", one, two)
		}
		if hits := strings.Count(one, "!"); float64(hits) < 200*p-70 || float64(hits) > 200*p+70 {
			t.Fatalf("%d of 200 at a probability of %v", hits, p)
		}
		if other := run(seed+1, p, 200); one == other {
			t.Fatal("another seed, the same run")
		}
	})
	if got := run(1, 0, 50); strings.Contains(got, "!") {
		t.Errorf("probability 0: %s", got)
	}
}

func TestControlIsGuarded(t *testing.T) {
	b := newBench(t, faults.Options{})
	anon, err := token.AnonKey([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"", "x", anon} {
		if a := b.do("POST", faults.ControlPath, `{"rules":[{"kind":"drop"}]}`, "Apikey", key); a.status != 401 {
			t.Errorf("key %q: %+v", key, a)
		}
	}
	for _, bad := range []string{
		``, `[]`, `{"rules":[{"kind":"flood"}]}`, `{"rules":[{"kind":"drop","part":"middle"}]}`, `{"nonsense":1}`,
		`{"rules":[{"kind":"latency","delay_ms":-1}]}`, `{"rules":[{"kind":"bandwidth"}]}`,
		`{"rules":[{"kind":"drop","probability":1.5}]}`, `{"rules":[{"kind":"drop","after_bytes":-1}]}`,
		`{"freeze":"yesterday"}`, `{"freeze":"now"}`, `{"revoke":"*"}`,
	} {
		if a := b.do("POST", faults.ControlPath, bad, "Apikey", b.service); a.status != 400 || !json.Valid([]byte(a.body)) {
			t.Errorf("%s: %+v", bad, a)
		}
	}
	if a := b.do("PUT", faults.ControlPath, "", "Apikey", b.service); a.status != 405 {
		t.Errorf("PUT: %+v", a)
	}
	if a := b.get("/x"); a.status != 200 {
		t.Errorf("something of all that took effect: %+v", a)
	}
}

func TestDeleteEndsEverything(t *testing.T) {
	clock := faults.NewClock(nil)
	b := newBench(t, faults.Options{Clock: clock})
	b.order(`{"rules":[{"kind":"internal_error"}],"seed":5,"freeze":"now","expire_tokens":true}`)
	if a := b.do("DELETE", faults.ControlPath, "", "Apikey", b.service); !strings.Contains(a.body, `{"seed":0,"rules":[],"tokens_expired":false`) {
		t.Errorf("state: %s", a.body)
	}
	if a := b.get("/x"); a.status != 200 || clock.Frozen() {
		t.Errorf("%+v, frozen: %v", a, clock.Frozen())
	}
}

func TestClock(t *testing.T) {
	base := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := faults.NewClock(func() time.Time { base = base.Add(time.Second); return base })
	b := newBench(t, faults.Options{Clock: clock})
	if one, two := clock.Now(), clock.Now(); !two.After(one) {
		t.Fatal("the clock stands")
	}
	s := b.order(`{"freeze":"2030-01-01T00:00:00Z"}`)
	if s["now"] != "2030-01-01T00:00:00Z" || s["frozen"] != true {
		t.Errorf("state: %v", s)
	}
	if one, two := clock.Now(), clock.Now(); !one.Equal(two) || one.Year() != 2030 {
		t.Errorf("%v, then %v", one, two)
	}
	if s := b.order(`{"move_ms":3600000}`); s["now"] != "2030-01-01T01:00:00Z" {
		t.Errorf("moved: %v", s)
	}
	b.order(`{"freeze":"now"}`)
	if got := clock.Now(); got.Hour() != 1 {
		t.Errorf("frozen where it stood: %v", got)
	}
}
