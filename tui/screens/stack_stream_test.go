package screens

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client"
	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/rest"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/token"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

const stackSecret = "a secret of at least thirty-two bytes"

// killer is a network that breaks: before a request arrives, in the middle of
// its answer, for a while altogether; and that lets tokens age on the way.
type killer struct {
	rng     *rand.Rand
	rate    float64 // of requests to the data that are killed
	aged    string  // an expired token of the same user
	down    int     // so many more requests find no server
	read    int     // bytes of answers that arrived, whole or not
	asked   int
	killed  int
	expired int
}

func (k *killer) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(req.URL.Path, "/rest/") {
		return http.DefaultTransport.RoundTrip(req)
	}
	k.asked++
	if k.down > 0 {
		k.down--
		k.killed++
		return nil, syscall.ECONNREFUSED
	}
	fate := k.rng.Float64()
	if fate < k.rate/2 {
		k.killed++
		return nil, syscall.ECONNRESET
	}
	if k.aged != "" && k.rng.IntN(12) == 0 {
		k.expired++
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+k.aged)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if fate < k.rate { // cut anywhere, and read up to there
		k.killed++
		body = body[:k.rng.IntN(len(body)+1)]
		k.read += len(body)
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{}))
		return res, nil
	}
	k.read += len(body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// stackRig is the real thing: PostgreSQL with its policies behind the gateway,
// the client, and a network that a test can break.
type stackRig struct {
	pool *pgxpool.Pool
	user string
	c    *client.Client
	net  *killer
}

func newStackRig(t testing.TB) *stackRig {
	t.Helper()
	db := pgtest.New(t)
	secret := []byte(stackSecret)
	r, err := rest.New(rest.Options{Pool: db.Pool, Secret: secret, MaxRows: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	srv := httptest.NewUnstartedServer(nil)
	url := "http://" + srv.Listener.Addr().String()
	srv.Config.Handler = local.NewGateway(local.GatewayOptions{
		Rest: r, Storage: storage.New(storage.Options{Pool: db.Pool, Secret: secret, Dir: t.TempDir()}), Secret: secret,
		Auth: auth.New(auth.Options{Pool: db.Pool, Secret: secret, BaseURL: url, Autoconfirm: true, BcryptCost: bcrypt.MinCost}),
	})
	srv.Start()
	t.Cleanup(srv.Close)
	anon, err := token.AnonKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	rig := &stackRig{pool: db.Pool, net: &killer{}}
	if rig.c, err = client.New(client.Options{URL: url, Key: anon, HTTP: rig.net}); err != nil {
		t.Fatal(err)
	}
	up, err := rig.c.SignUp(t.Context(), "alice@example.com", "correct horse battery")
	if err != nil || up.Session == nil {
		t.Fatalf("sign up: %+v, %v", up, err)
	}
	rig.user = up.Session.UserID
	rig.exec(t, `INSERT INTO datasets (id, user_id, name, storage_path, file_name, file_size) VALUES ($1, $1, 'd', 'p', 'f', 1)`, rig.user)
	return rig
}

func (r *stackRig) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := r.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (r *stackRig) job(t testing.TB) string {
	t.Helper()
	id := uuid.NewString()
	r.exec(t, `INSERT INTO training_jobs (id, user_id, dataset_id, preset_id, hyperparameters, gpu_config, status, total_epochs, estimated_total_cost)
		VALUES ($1, $2, $2, 'balanced', '{}', '{}', 'running', 3, 1)`, id, r.user)
	return id
}

// rows reads the table itself, past gateway and policies.
func (r *stackRig) rows(t testing.TB, job string) (out []models.MetricsPoint) {
	t.Helper()
	var text []byte
	if err := r.pool.QueryRow(t.Context(), `SELECT coalesce(json_agg(p), '[]') FROM metrics_points p WHERE job_id = $1`, job).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// trainer writes the points of one job, with a clock of its own.
type pointWriter struct {
	rig  *stackRig
	t    testing.TB
	rng  *rand.Rand
	job  string
	now  time.Time
	step int
	open []pgx.Tx // written, and seen later
}

const insertPoint = `INSERT INTO metrics_points (job_id, timestamp, epoch, step, training_loss, validation_loss, learning_rate, gradient_norm, gpu_utilization)
	VALUES ($1, $2, $3, $4, $5::text::numeric, $6::text::numeric, 0.0002, $7, 93.5)`

func (w *pointWriter) args(at time.Time) []any {
	loss, val, grad := fmt.Sprintf("%.6f", w.rng.Float64()*3), any(nil), any(nil)
	switch w.rng.IntN(8) {
	case 0:
		loss = "NaN"
	case 1: // an evaluation, logged apart with the same step
		loss, val = "0", fmt.Sprintf("%.6f", w.rng.Float64())
	case 2:
		grad = w.rng.Float64()
	}
	return []any{w.job, at, w.step / 500, w.step, loss, val, grad}
}

// tick writes as trainers do: in order, several of one step, back to a
// checkpoint, and in transactions that commit when later points have been read.
func (w *pointWriter) tick() {
	for range w.rng.IntN(60) {
		switch w.rng.IntN(10) {
		case 0:
			tx, err := w.rig.pool.Begin(w.t.Context())
			if err != nil {
				w.t.Fatal(err)
			}
			if _, err := tx.Exec(w.t.Context(), insertPoint, w.args(w.now)...); err != nil {
				w.t.Fatal(err)
			}
			if w.open = append(w.open, tx); len(w.open) > 3 {
				w.commit()
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
		w.rig.exec(w.t, insertPoint, w.args(w.now)...)
	}
	if w.rng.IntN(2) == 0 {
		w.commit()
	}
}

// commit ends all open transactions, the youngest first. None is open for more
// than the look back.
func (w *pointWriter) commit() {
	for len(w.open) > 0 {
		tx := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if err := tx.Commit(context.WithoutCancel(w.t.Context())); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestStreamEqualsTheTableOverABrokenNetwork drives the page's stream through
// the client, the gateway and PostgreSQL while 30 % of the requests are killed,
// tokens expire between pages and the server goes away for a while. In the end
// the series is the table, point for point, and not much was read twice: half
// of the kills cut an answer somewhere, of which 11 % more are to be expected.
func TestStreamEqualsTheTableOverABrokenNetwork(t *testing.T) {
	t.Parallel() // it mostly waits
	rig := newStackRig(t)
	aged, err := token.Sign([]byte(stackSecret), token.Claims{"sub": rig.user, "role": "authenticated", "aud": "authenticated", "exp": time.Now().Add(-time.Hour).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	read, whole, killed, asked := 0, 0, 0, 0
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 4))
		*rig.net = killer{rng: rng}
		job := rig.job(t)
		w := &pointWriter{rig: rig, t: t, rng: rng, job: job, now: time.Now().Add(-time.Hour).Truncate(time.Microsecond)}
		n := []int{0, 5, 239, 240, 1241, 2300, 4500, 7000}[seed]
		w.step = n * 10
		rig.exec(t, `INSERT INTO metrics_points (job_id, timestamp, epoch, step, training_loss, validation_loss, learning_rate)
			SELECT $1, $2::timestamptz - make_interval(secs => ($3 - i) / 3 + 1), 0, i * 10, 1 + i / 100.0, CASE WHEN i % 7 = 0 THEN 2 END, 0.0001 FROM generate_series(1, $3::int) i`,
			job, w.now, n)
		sc, cancel := screen.NewScope(t.Context(), 1, time.Now)
		s := newJobStream(sc, rig.c, job)
		rig.net.rate, rig.net.aged = 0.3, aged
		for range 12 {
			readOnce(s)
			w.tick()
			if rng.IntN(9) == 0 {
				rig.net.down = rng.IntN(6)
			}
		}
		w.commit()
		rig.exec(t, `UPDATE training_jobs SET status = 'completed' WHERE id = $1`, job)
		for tries := 0; s.final < finalReads || s.step != stepLive; tries++ {
			if tries > 300 {
				t.Fatalf("seed %d: not done after %d requests, %d killed: %v", seed, rig.net.asked, rig.net.killed, s.feed.Err())
			}
			readOnce(s)
		}
		cancel()
		rows := rig.rows(t, job)
		sameSeries(t, &s.series, rows)
		read, killed, asked = read+rig.net.read, killed+rig.net.killed, asked+rig.net.asked
		rig.net.rate, rig.net.aged, rig.net.read, rig.net.down = 0, "", 0, 0
		whole += rig.whole(t, job)
		t.Logf("seed %d: %d points, %d requests, %d killed, %d with an aged token", seed, len(rows), rig.net.asked, rig.net.killed, rig.net.expired)
	}
	if ratio := float64(read) / float64(whole); ratio >= 1.2 || killed*5 < asked {
		t.Errorf("%d bytes were read for %d of one full read: %.2f times; %d of %d requests killed", read, whole, ratio, killed, asked)
	} else {
		t.Logf("%.2f full reads, %d of %d requests killed", ratio, killed, asked)
	}
}

// whole is how many bytes one full read takes, from the first page to the last.
func (r *stackRig) whole(t testing.TB, job string) int {
	t.Helper()
	before := r.net.read
	var at models.MetricCursor
	for {
		points, err := r.c.Metrics(t.Context(), job, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(points) < metricsPage {
			return r.net.read - before
		}
		last := points[len(points)-1]
		at = models.MetricCursor{Time: last.Timestamp.Time, ID: last.ID}
	}
}
