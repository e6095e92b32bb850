package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sort"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/pgtest"
)

// crowd fills the conformance database: 2000 jobs of Alice, and 20 000 metrics of one of them.
func crowd(b *testing.B) *Server {
	b.Helper()
	db := pgtest.New(b, pgtest.Conformance)
	const fill = `
INSERT INTO training_jobs (user_id, dataset_id, preset_id, hyperparameters, gpu_config, total_epochs, estimated_total_cost, created_at)
SELECT 'a11ce000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000001', 'balanced', '{"learning_rate":0.0002,"lora_rank":16}',
       '{"instance_type":"H100","num_gpus":1}', 3, 3.75, timestamptz '2025-03-01Z' + g * interval '1 minute' FROM generate_series(1, 2000) g;
INSERT INTO metrics_points (job_id, epoch, step, training_loss, learning_rate)
SELECT '70b00000-0000-4000-8000-000000000001', 1, 1000 + g, 0.5, 0.0001 FROM generate_series(1, 20000) g;
ANALYZE;`
	if _, err := db.Pool.Exec(context.Background(), fill); err != nil {
		b.Fatal(err)
	}
	return newServer(b, db)
}

const (
	pagePath  = "/training_jobs?select=*,dataset:datasets(id,name)&user_id=eq." + alice + "&or=(created_at.lt.2025-03-02T00:00:00Z,and(created_at.eq.2025-03-02T00:00:00Z,id.lt.70b00000-0000-4000-8000-000000000001))&order=created_at.desc,id.desc&limit=100"
	deltaPath = "/metrics_points?select=id,job_id,step,training_loss,validation_loss&job_id=eq.70b00000-0000-4000-8000-000000000001&step=gt.20950&order=step.asc,id.asc&limit=1000"
)

// BenchmarkKeysetPage reads 100 jobs with their dataset, 16 clients at once.
func BenchmarkKeysetPage(b *testing.B) { crowded(b, pagePath) }

// BenchmarkMetricsDelta reads the 50 newest points of a job, 16 clients at once.
func BenchmarkMetricsDelta(b *testing.B) { crowded(b, deltaPath) }

func crowded(b *testing.B, path string) {
	s := crowd(b)
	srv := httptest.NewServer(s)
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	auth := authorization("alice")
	work := make(chan struct{})
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range work {
				start := time.Now()
				if err := fetch(client, srv.URL+path, auth); err != nil {
					b.Error(err)
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		}()
	}
	b.ResetTimer()
	begin, cpu := time.Now(), cpuTime()
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
	b.StopTimer()
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "req/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/1000/float64(b.N), "cpu-ms/req") // client and gateway, not PostgreSQL
}

func fetch(c *http.Client, url, auth string) error {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", auth)
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return nil
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkParseAndPlan is the gateway's own work on the keyset page, without HTTP and PostgreSQL.
func BenchmarkParseAndPlan(b *testing.B) {
	c := fixed()
	b.ReportAllocs()
	for range b.N {
		if w, _, e := sqlOf(c, "t", "select=*,u(a,b)&a=eq.x&or=(b.lt.2025-03-02T00:00:00Z,and(b.eq.2025-03-02T00:00:00Z,a.lt.70b00000))&order=b.desc,a.desc&limit=100"); e != nil || w.failed != nil {
			b.Fatal(e)
		}
	}
}
