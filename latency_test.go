package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local"
)

// Keys that are pressed for one figure, and the longest pause between two: of
// any length, so that they fall anywhere between two ticks of the renderer.
const (
	latencyKeys  = 400
	latencyPause = 60 * time.Millisecond
)

// BenchmarkKeyToFrame measures the real program on a pseudo-terminal while fifty
// jobs get a point a second: from the write of a key to the end of the frame
// that shows what it did, in the list of the jobs and over the charts of a
// million points.
func BenchmarkKeyToFrame(b *testing.B) {
	// The server runs in this process: more threads keep it from delaying the
	// look at what the program has written.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
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
	job := liveFifty(b, pool, stack.Users[0].ID)
	stop := feed(ctx, pool)
	defer stop()
	token := accessToken(b, stack)
	for _, c := range []struct {
		name, link string
		ready      string    // on the screen when the page is whole
		keys       [2]string // pressed by turns
		mark       string    // what only their frames draw
	}{
		{"list", "jobs", "50 jobs", [2]string{"j", "k"}, "running"},
		{"charts", "job/" + job, "summed up", [2]string{"\x1b[D", "\x1b[C"}, "│"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := openScreen(b, stack, token, c.link)
			s.see(b, c.ready)
			s.press(b, c.keys[0], c.mark) // charts get their cursor, at the end
			took := make([]time.Duration, 0, latencyKeys)
			for b.Loop() {
				took = took[:0]
				for i := range latencyKeys {
					time.Sleep(time.Duration(rand.Int64N(int64(latencyPause))))
					took = append(took, s.press(b, c.keys[i%2], c.mark))
				}
			}
			slices.Sort(took)
			ms := func(share float64) float64 {
				return float64(took[int(share*float64(len(took)-1))].Microseconds()) / 1000
			}
			b.ReportMetric(ms(0.5), "p50-ms")
			b.ReportMetric(ms(0.9), "p90-ms")
			b.ReportMetric(ms(0.99), "p99-ms")
			b.ReportMetric(0, "ns/op") // which is mostly pauses
		})
	}
}

// liveFifty has fifty running jobs, one with a million points, and no others.
func liveFifty(b *testing.B, pool *pgxpool.Pool, user string) (job string) {
	b.Helper()
	for _, sql := range []string{
		`UPDATE training_jobs SET artifact_id = NULL`, `DELETE FROM notifications`, `DELETE FROM cost_records`, `DELETE FROM model_artifacts`,
		`CREATE TEMP TABLE one AS SELECT * FROM training_jobs WHERE user_id = $1 LIMIT 1`,
		`DELETE FROM training_jobs`,
		`INSERT INTO training_jobs (user_id, dataset_id, preset_id, hyperparameters, gpu_config, status, current_stage, progress, total_epochs, total_steps, current_step, estimated_total_cost, started_at)
		 SELECT user_id, dataset_id, preset_id, hyperparameters, gpu_config, 'running', 'training', 10, 3, 2000000, 1000000, 5, now() - interval '12 days' FROM one, generate_series(1, 50)`,
	} {
		var args []any
		if bytes.Contains([]byte(sql), []byte("$1")) {
			sql = "CREATE TABLE one AS SELECT * FROM training_jobs WHERE user_id = '" + user + "' LIMIT 1"
		}
		if _, err := pool.Exec(b.Context(), sql, args...); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	if err := pool.QueryRow(b.Context(), `SELECT id FROM training_jobs LIMIT 1`).Scan(&job); err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), `INSERT INTO metrics_points (job_id, timestamp, epoch, step, training_loss, validation_loss, learning_rate, gradient_norm, throughput, gpu_utilization)
		SELECT $1, now() - make_interval(secs => 1000001 - i), 1, i, 1 + random(), CASE WHEN i % 500 = 0 THEN 1.5 END, 0.0001, 1 + random(), 1000, 90 FROM generate_series(1, 1000000) i`, job); err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), `ANALYZE metrics_points`); err != nil {
		b.Fatal(err)
	}
	return job
}

// rawScreen is the program on a pseudo-terminal whose other end only looks for
// what goes by.
type rawScreen struct {
	file *os.File
	came chan struct{}

	mu   sync.Mutex
	out  []byte // since the last key
	at   time.Time
	want []byte
}

// frameEnd ends a synchronised update.
const frameEnd = "\x1b[?2026l"

func openScreen(b *testing.B, stack *local.Stack, token, link string) *rawScreen {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.CommandContext(b.Context(), exe, "/"+link)
	home := b.TempDir()
	c.Env = append(os.Environ(), asProgram+"=1", "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home, "TERM=xterm-256color", "COLORTERM=truecolor",
		"SSH_TTY=/dev/pts/0", // synchronised output is on without a question
		"LORATOP_URL="+stack.URL, "LORATOP_KEY="+stack.AnonKey, "LORATOP_ACCESS_TOKEN="+token, "NO_COLOR=")
	file, err := pty.StartWithSize(c, &pty.Winsize{Rows: 36, Cols: 120})
	if err != nil {
		b.Fatal(err)
	}
	s := &rawScreen{file: file, came: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.read()
	}()
	b.Cleanup(func() {
		_, _ = file.WriteString("\x03")
		_ = c.Wait()
		_ = file.Close()
		<-done
	})
	return s
}

func (s *rawScreen) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := s.file.Read(buf)
		now := time.Now()
		s.mu.Lock()
		s.out = append(s.out, buf[:n]...)
		if i := bytes.Index(s.out, s.want); s.want != nil && i >= 0 && bytes.Contains(s.out[i:], []byte(frameEnd)) {
			s.at, s.want = now, nil
			select {
			case s.came <- struct{}{}:
			default:
			}
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// await has the reader look for a text and the end of its frame, from now on or
// in what has come already.
func (s *rawScreen) await(b *testing.B, want string, do func()) time.Time {
	b.Helper()
	s.mu.Lock()
	s.want = []byte(want)
	s.mu.Unlock()
	do()
	select {
	case <-s.came:
	case <-time.After(time.Minute):
		s.mu.Lock()
		defer s.mu.Unlock()
		b.Fatalf("%q does not come: %q", want, s.out[max(0, len(s.out)-4000):])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *rawScreen) see(b *testing.B, text string) {
	b.Helper()
	s.await(b, text, func() {})
}

// press writes a key and gives the time until the end of its frame.
func (s *rawScreen) press(b *testing.B, key, mark string) time.Duration {
	b.Helper()
	s.mu.Lock()
	s.out = s.out[:0]
	s.mu.Unlock()
	var from time.Time
	at := s.await(b, mark, func() {
		from = time.Now()
		if _, err := s.file.WriteString(key); err != nil {
			b.Fatal(err)
		}
	})
	return at.Sub(from)
}
