package screens

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client"
	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/faults"
	"github.com/loratop/loratop/models"
)

// meter counts what the answers to requests for data bring, and how many of
// them fail. It changes nothing: what breaks is the server and the network.
type meter struct {
	base                http.RoundTripper
	read, asked, killed atomic.Int64
}

func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(req.URL.Path, "/rest/") {
		return m.base.RoundTrip(req)
	}
	m.asked.Add(1)
	res, err := m.base.RoundTrip(req)
	if err != nil {
		m.killed.Add(1)
		return nil, err
	}
	if res.StatusCode >= 400 {
		m.killed.Add(1)
	}
	res.Body = &metered{m, res.Body}
	return res, nil
}

type metered struct {
	m *meter
	io.ReadCloser
}

func (b *metered) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.m.read.Add(int64(n))
	if err != nil && err != io.EOF {
		b.m.killed.Add(1)
	}
	return n, err
}

// stackRig is the real thing: a whole stack that can be made to misbehave, and
// a user with a client of their own.
type stackRig struct {
	stack *local.Stack
	pool  *pgxpool.Pool
	user  string
	net   *meter
	c     *client.Client
}

const rigMail, rigPassword = "stream@example.com", "correct horse battery"

func newStackRig(t testing.TB) *stackRig {
	t.Helper()
	stack, err := local.Start(t.Context(), local.Options{Dir: t.TempDir(), Faults: true, PasswordCost: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stack.Close() })
	config, err := pgxpool.ParseConfig(stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 48 // transactions that are left open have one each
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	r := &stackRig{stack: stack, pool: pool, net: &meter{base: &http.Transport{DisableKeepAlives: true}}} // else net/http repeats what was cut before an answer
	if r.c, err = client.New(client.Options{URL: stack.URL, Key: stack.AnonKey, HTTP: r.net}); err != nil {
		t.Fatal(err)
	}
	up, err := r.c.SignUp(t.Context(), rigMail, rigPassword)
	if err != nil || up.Session == nil {
		t.Fatalf("sign up: %+v, %v", up, err)
	}
	r.user = up.Session.UserID
	r.exec(t, `INSERT INTO datasets (id, user_id, name, storage_path, file_name, file_size) VALUES ($1, $1, 'd', 'p', 'f', 1)`, r.user)
	return r
}

func (r *stackRig) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := r.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// job adds a running job with so many points in the hours before a time.
func (r *stackRig) job(t testing.TB, points int, before time.Time) string {
	t.Helper()
	id := uuid.NewString()
	r.exec(t, `INSERT INTO training_jobs (id, user_id, dataset_id, preset_id, hyperparameters, gpu_config, status, total_epochs, estimated_total_cost)
		VALUES ($1, $2, $2, 'balanced', '{}', '{}', 'running', 3, 1)`, id, r.user)
	r.exec(t, `INSERT INTO metrics_points (job_id, timestamp, epoch, step, training_loss, validation_loss, learning_rate)
		SELECT $1, $2::timestamptz - make_interval(secs => ($3 - i) / 3 + 1), 0, i * 10, 1 + i / 100.0, CASE WHEN i % 7 = 0 THEN 2 END, 0.0001 FROM generate_series(1, $3::int) i`,
		id, before, points)
	return id
}

// rows reads the table itself, past gateway and policies.
func (r *stackRig) rows(ctx context.Context, job string) (out []models.MetricsPoint, err error) {
	var text []byte
	if err := r.pool.QueryRow(ctx, `SELECT coalesce(json_agg(p), '[]') FROM metrics_points p WHERE job_id = $1`, job).Scan(&text); err != nil {
		return nil, err
	}
	return out, json.Unmarshal(text, &out)
}

// misbehave has more than 30 % of the requests for data fail, in every way that
// the stack knows; tokens are good, and then are not.
func (r *stackRig) misbehave(t testing.TB) {
	t.Helper()
	rule := func(kind faults.Kind, share float64, after int64) faults.Rule {
		f := faults.Rule{Kind: kind, Path: "/rest/v1/", Probability: &share, AfterBytes: after}
		if after > 0 {
			f.Part = faults.Response
		}
		return f
	}
	if err := r.stack.Faults.SetRules([]faults.Rule{
		rule(faults.Drop, 0.18, 0), rule(faults.Drop, 0.1, 100), rule(faults.Drop, 0.06, 900), rule(faults.Drop, 0.12, 9000), rule(faults.Drop, 0.12, 40_000),
		rule(faults.TooManyRequests, 0.03, 0), rule(faults.SchemaReload, 0.03, 0), rule(faults.BadGateway, 0.02, 0), rule(faults.InternalError, 0.02, 0),
		rule(faults.ExpiredToken, 0.04, 0),
	}); err != nil {
		t.Fatal(err)
	}
}

// whole is how many bytes one full read takes, from the first page to the last.
func (r *stackRig) whole(t testing.TB, job string) int64 {
	t.Helper()
	before := r.net.read.Load()
	var at models.MetricCursor
	for {
		points, err := r.c.Metrics(t.Context(), job, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(points) < metricsPage {
			return r.net.read.Load() - before
		}
		last := points[len(points)-1]
		at = models.MetricCursor{Time: last.Timestamp.Time, ID: last.ID}
	}
}

// pointWriter writes the points of one job, with a clock of its own.
type pointWriter struct {
	pool *pgxpool.Pool
	rng  *rand.Rand
	job  string
	now  time.Time
	step int
	open []pgx.Tx // written, and seen some points later
	held pgx.Tx   // written, and seen minutes later
}

const insertPoint = `INSERT INTO metrics_points (job_id, timestamp, epoch, step, training_loss, validation_loss, learning_rate, gradient_norm, gpu_utilization)
	VALUES ($1, $2, $3, $4, $5::text::numeric, $6::text::numeric, 0.0002, $7, 93.5)`

func (w *pointWriter) args() []any {
	loss, val, grad := fmt.Sprintf("%.6f", w.rng.Float64()*3), any(nil), any(nil)
	switch w.rng.IntN(8) {
	case 0:
		loss = "NaN"
	case 1: // an evaluation, logged apart with the same step
		loss, val = "0", fmt.Sprintf("%.6f", w.rng.Float64())
	case 2:
		grad = w.rng.Float64()
	}
	return []any{w.job, w.now, w.step / 500, w.step, loss, val, grad}
}

// hold writes a point that is committed later.
func (w *pointWriter) hold(ctx context.Context) (pgx.Tx, error) {
	tx, err := w.pool.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, insertPoint, w.args()...)
	}
	return tx, err
}

// tick writes as trainers do: in order, several of one step, back to a
// checkpoint, and in transactions that commit when later points have been read.
func (w *pointWriter) tick(ctx context.Context) error {
	batch := &pgx.Batch{}
	for range w.rng.IntN(60) {
		switch w.rng.IntN(10) {
		case 0:
			tx, err := w.hold(ctx)
			if err != nil {
				return err
			}
			if w.open = append(w.open, tx); len(w.open) > 2 {
				if err := w.commit(ctx); err != nil {
					return err
				}
			}
		case 1:
			if w.rng.IntN(5) == 0 {
				w.step = max(0, w.step-300)
			}
		case 2:
		default:
			w.step += 10
			w.now = w.now.Add(200 * time.Millisecond)
		}
		batch.Queue(insertPoint, w.args()...)
	}
	if err := w.pool.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if w.rng.IntN(2) == 0 {
		return w.commit(ctx)
	}
	return nil
}

// commit ends all open transactions but the one that is held, the youngest first.
func (w *pointWriter) commit(ctx context.Context) error {
	for len(w.open) > 0 {
		tx := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if err := tx.Commit(ctx); err != nil {
			return err
		}
	}
	return nil
}
