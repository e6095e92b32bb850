package local_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/token"
)

// envGateway makes this test binary a gateway over the named database. For
// every line that it reads it prints the CPU time it has used so far: the
// clients and PostgreSQL are other processes, so this is the gateway's own.
const envGateway = "LORATOP_TEST_GATEWAY"

const benchSecret = "a secret of the benchmark, of 32 bytes or more"

func gatewayChild(database string) int {
	s, err := local.Serve(context.Background(), local.ServeOptions{DatabaseURL: database, JWTSecret: benchSecret})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer s.Close()
	fmt.Println(s.URL)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return 1
		}
		fmt.Println((u.Utime.Nano() + u.Stime.Nano()) / 1000)
	}
	return 0
}

// gateway is a gatewayChild that runs.
type gateway struct {
	URL string
	in  io.WriteCloser
	out *bufio.Reader
}

func startGateway(b *testing.B, database string) *gateway {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), self) // it ends with its input
	cmd.Env = append(os.Environ(), envGateway+"="+database)
	cmd.Stderr = os.Stderr
	g := &gateway{}
	if g.in, err = cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		g.in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the gateway: %v", err)
		}
	})
	g.out = bufio.NewReader(out)
	g.URL = g.line(b)
	if !strings.HasPrefix(g.URL, "http://") {
		b.Fatalf("the gateway said %q", g.URL)
	}
	return g
}

func (g *gateway) line(b *testing.B) string {
	b.Helper()
	s, err := g.out.ReadString('\n')
	if err != nil {
		b.Fatalf("the gateway said %q: %v", s, err)
	}
	return strings.TrimSpace(s)
}

// cpu is the time that the gateway has used, user and system.
func (g *gateway) cpu(b *testing.B) time.Duration {
	b.Helper()
	if _, err := fmt.Fprintln(g.in); err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(g.line(b), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n) * time.Microsecond
}

const (
	alice    = "a11ce000-0000-4000-8000-000000000001"
	crowdJob = "70b00000-0000-4000-8000-000000000001"
)

// crowd fills the conformance database: 2000 jobs of Alice, and 20 000 metrics of one of them.
const crowd = `
INSERT INTO training_jobs (user_id, dataset_id, preset_id, hyperparameters, gpu_config, total_epochs, estimated_total_cost, created_at)
SELECT '` + alice + `', 'd0000000-0000-4000-8000-000000000001', 'balanced', '{"learning_rate":0.0002,"lora_rank":16}',
       '{"instance_type":"H100","num_gpus":1}', 3, 3.75, timestamptz '2025-03-01Z' + g * interval '1 minute' FROM generate_series(1, 2000) g;
INSERT INTO metrics_points (job_id, epoch, step, training_loss, learning_rate)
SELECT '` + crowdJob + `', 1, 1000 + g, 0.5, 0.0001 FROM generate_series(1, 20000) g;
ANALYZE;`

// BenchmarkGatewayKeysetPage reads 100 jobs with their dataset, at another
// place of the list each time, 16 clients at once.
func BenchmarkGatewayKeysetPage(b *testing.B) {
	from := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	crowded(b, 100, func(i int) string {
		at := from.Add(time.Duration(i%1000) * time.Minute).Format(time.RFC3339)
		return "/training_jobs?select=*,dataset:datasets(id,name)&user_id=eq." + alice +
			"&or=(created_at.lt." + at + ",and(created_at.eq." + at + ",id.lt." + crowdJob + "))" +
			"&order=created_at.desc,id.desc&limit=100"
	})
}

// BenchmarkGatewayMetricsDelta reads the 50 points after one of a job, another
// one each time, 16 clients at once.
func BenchmarkGatewayMetricsDelta(b *testing.B) {
	crowded(b, 50, func(i int) string {
		return "/metrics_points?select=id,job_id,epoch,step,training_loss,validation_loss,learning_rate,timestamp" +
			"&job_id=eq." + crowdJob + "&step=gt." + strconv.Itoa(1000+i*7%19000) + "&order=step.asc,id.asc&limit=50"
	})
}

// crowded measures requests to a gateway in a process of its own. Reported are
// the gateway's CPU time a request (neither the clients' nor PostgreSQL's), the
// 99th percentile and the rate.
func crowded(b *testing.B, rows int, path func(i int) string) {
	db := pgtest.New(b, pgtest.Conformance)
	if _, err := db.Pool.Exec(b.Context(), crowd); err != nil {
		b.Fatal(err)
	}
	g := startGateway(b, db.URL)
	user, err := token.Sign([]byte(benchSecret), token.Claims{"sub": alice, "role": "authenticated", "exp": time.Now().Add(time.Hour).Unix()})
	if err != nil {
		b.Fatal(err)
	}
	key, err := token.AnonKey([]byte(benchSecret))
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	get := func(i int) error {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, g.URL+"/rest/v1"+path(i), nil)
		if err != nil {
			return err
		}
		r.Header = http.Header{"Apikey": {key}, "Authorization": {"Bearer " + user}, "Accept": {"application/json"}}
		return fetchRows(client, r, i, rows)
	}
	inParallel(b, 1600, get) // connections, what PostgreSQL prepares on each, and buffers that have grown
	b.ResetTimer()
	begin, cpu := time.Now(), g.cpu(b)
	took := inParallel(b, b.N, get)
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "req/s")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric((g.cpu(b)-cpu).Seconds()*1000/float64(b.N), "cpu-ms/req")
}

// inParallel runs get n times, in 16 goroutines, and says how long each took.
func inParallel(b *testing.B, n int, get func(i int) error) []time.Duration {
	took := make([]time.Duration, n)
	work := make(chan int)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range work {
				start := time.Now()
				if err := get(i); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(start)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	return took
}

// fetchRows sends a request; now and then the rows of the answer are counted.
func fetchRows(c *http.Client, r *http.Request, i, rows int) error {
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	if i%100 != 0 {
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil || len(list) != rows {
		return fmt.Errorf("%d rows (%v)", len(list), err)
	}
	return nil
}
