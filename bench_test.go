package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/tui/tuitest"
)

// watchSpan is how long the watching process is measured.
const watchSpan = 20 * time.Second

// BenchmarkWatchTenJobs measures the process that watches ten live jobs, each
// with one new point a second: CPU in percent of one core, resident memory, and
// what reaches the terminal.
func BenchmarkWatchTenJobs(b *testing.B) { watch(b, 10, "3", 120, 36) }

// BenchmarkWatchOneJob is one live job's list at 80×24.
func BenchmarkWatchOneJob(b *testing.B) { watch(b, 1, "3", 80, 24) }

// BenchmarkWatchJobPage is the page of charts of one live job at 80×24.
func BenchmarkWatchJobPage(b *testing.B) { watch(b, 1, "3 enter", 80, 24) }

// BenchmarkBlurredJobPage is that page while the terminal has no focus: what has
// changed is drawn now and then.
func BenchmarkBlurredJobPage(b *testing.B) { watch(b, 1, "3 enter blur", 80, 24) }

// BenchmarkIdleList is a list in which nothing happens.
func BenchmarkIdleList(b *testing.B) { watch(b, 0, "2", 80, 24) }

func watch(b *testing.B, jobs int, section string, w, h int) {
	ctx := b.Context()
	stack, err := local.Start(ctx, local.Options{Dir: filepath.Join(b.TempDir(), "stack"), Seed: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = stack.Close() }()
	pool, err := pgxpool.New(ctx, stack.DatabaseURL)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	makeLive(b, pool, stack.Users[0].ID, jobs)
	stop := feed(ctx, pool)
	defer stop()

	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.CommandContext(ctx, exe)
	home := b.TempDir()
	c.Env = append(os.Environ(), asProgram+"=1", "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home,
		"LORATOP_URL="+stack.URL, "LORATOP_KEY="+stack.AnonKey, "LORATOP_ACCESS_TOKEN="+accessToken(b, stack), "NO_COLOR=")
	term := tuitest.Exec(b, c, w, h)
	term.See("live")
	for key := range strings.SplitSeq(section, " ") {
		if key == "blur" {
			term.Focus(false)
		} else {
			term.Press(key)
		}
		time.Sleep(time.Second)
	}
	time.Sleep(3 * time.Second) // past the first reads
	for b.Loop() {
		cpu, written := processCPU(b, c.Process.Pid), term.Written()
		time.Sleep(watchSpan)
		b.ReportMetric(100*(processCPU(b, c.Process.Pid)-cpu).Seconds()/watchSpan.Seconds(), "cpu-%")
		b.ReportMetric(float64(term.Written()-written)/watchSpan.Seconds(), "terminal-B/s")
		b.ReportMetric(residentMB(b, c.Process.Pid), "resident-MB")
	}
	term.Press("ctrl+c")
	_ = term.Wait()
}

// makeLive ends every job of the user but the newest n, which run.
func makeLive(b *testing.B, pool *pgxpool.Pool, user string, n int) {
	b.Helper()
	for _, sql := range []string{
		`UPDATE training_jobs SET status = 'completed', current_stage = 'completed' WHERE user_id = $1 AND $2 >= 0`,
		`UPDATE training_jobs SET status = 'running', current_stage = 'training', progress = 10, started_at = now(), completed_at = NULL
		 WHERE id IN (SELECT id FROM training_jobs WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2)`,
	} {
		if _, err := pool.Exec(b.Context(), sql, user, n); err != nil {
			b.Fatal(err)
		}
	}
}

// feed writes one point a second for every running job until it is stopped.
func feed(ctx context.Context, pool *pgxpool.Pool) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			_, _ = pool.Exec(ctx, `WITH p AS (
				INSERT INTO metrics_points (job_id, epoch, step, training_loss, learning_rate, gradient_norm, throughput, gpu_utilization)
				SELECT id, 1, current_step + 1, 2 * random() + 1, 0.0001, 1 + random(), 1000, 90 FROM training_jobs WHERE status = 'running'
				RETURNING job_id, step)
				UPDATE training_jobs j SET current_step = p.step, progress = least(99, j.progress + 0.1) FROM p WHERE j.id = p.job_id`)
		}
	}()
	return func() { cancel(); <-done }
}

func accessToken(b *testing.B, stack *local.Stack) string {
	b.Helper()
	body, _ := json.Marshal(map[string]string{"email": stack.Users[0].Email, "password": stack.Users[0].Password})
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, stack.URL+"/auth/v1/token?grant_type=password", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("apikey", stack.AnonKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var session struct {
		AccessToken string `json:"access_token"`
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil || json.Unmarshal(raw, &session) != nil || session.AccessToken == "" {
		b.Fatalf("sign-in answered %d", res.StatusCode)
	}
	return session.AccessToken
}

// processCPU is user and system time of a process, from Linux's /proc.
func processCPU(b *testing.B, pid int) time.Duration {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("this machine has no /proc: ", err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * time.Second / 100 // USER_HZ is 100 on every Linux of ours
}

func residentMB(b *testing.B, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, _ := strconv.Atoi(strings.Fields(string(raw))[1])
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20)
}
