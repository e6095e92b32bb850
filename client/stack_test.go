package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/rest"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/token"
)

// stack is the real thing: PostgreSQL with the real policies behind the local
// gateway, on loopback HTTP.
type stack struct {
	url, anon string
	pool      *pgxpool.Pool // the owner: row level security does not bind it
	files     *storage.Server
}

func newStack(t testing.TB) *stack { return newStackOf(t, 1000) }

// newStackOf has a limit of rows that the server puts on every answer.
func newStackOf(t testing.TB, maxRows int) *stack {
	t.Helper()
	secret := []byte("a secret of at least thirty-two bytes")
	db := pgtest.New(t)
	anon, err := token.AnonKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rest.New(rest.Options{Pool: db.Pool, Secret: secret, MaxRows: maxRows})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	s := &stack{anon: anon, pool: db.Pool}
	s.files = storage.New(storage.Options{Pool: db.Pool, Secret: secret, Dir: t.TempDir()})
	srv := httptest.NewUnstartedServer(nil)
	s.url = "http://" + srv.Listener.Addr().String()
	srv.Config.Handler = local.NewGateway(local.GatewayOptions{
		Rest: r, Storage: s.files, Secret: secret,
		Auth: auth.New(auth.Options{Pool: db.Pool, Secret: secret, BaseURL: s.url, Autoconfirm: true, BcryptCost: bcrypt.MinCost}),
	})
	srv.Start()
	t.Cleanup(srv.Close)
	return s
}

// user signs up a new user and returns their client.
func (s *stack) user(t *testing.T, email string) (*Client, string) {
	t.Helper()
	c, err := New(Options{URL: s.url, Key: s.anon})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.SignUp(t.Context(), email, "correct horse "+email)
	if err != nil || r.Session == nil {
		t.Fatalf("sign up: %+v, %v", r, err)
	}
	return c, r.Session.UserID
}

func (s *stack) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// dataset adds a ready dataset of a user.
func (s *stack) dataset(t testing.TB, user, name string) string {
	t.Helper()
	id := uuid.NewString()
	s.exec(t, `INSERT INTO datasets (id,user_id,name,status,training_ready,storage_path,file_name,file_size,total_training_pairs,total_tokens)
		VALUES ($1,$2,$3,'ready',true,$4,'a.jsonl',10,100,20000)`, id, user, name, user+"/"+id+"/a.jsonl")
	return id
}

// job adds a job of a user.
func (s *stack) job(t testing.TB, user, dataset, status string) string {
	t.Helper()
	id := uuid.NewString()
	s.exec(t, `INSERT INTO training_jobs (id,user_id,dataset_id,preset_id,hyperparameters,gpu_config,status,total_epochs,estimated_total_cost,current_cost)
		VALUES ($1,$2,$3,'balanced','{"rank":8}','{"type":"A100-80GB","count":1}',$4,3,2.76,1.25)`, id, user, dataset, status)
	return id
}

func (s *stack) artifact(t testing.TB, user, job, dataset string) string {
	t.Helper()
	id := uuid.NewString()
	s.exec(t, `INSERT INTO model_artifacts (id,user_id,job_id,dataset_id,name,quality_metrics,training_summary,configuration,artifacts)
		VALUES ($1,$2,$3,$4,'adapter','{"overall_score":4}','{}','{}',$5)`, id, user, job, dataset,
		fmt.Sprintf(`{"adapter_model.safetensors":"%s/%s/adapter_model.safetensors"}`, user, id))
	return id
}

func (s *stack) point(t testing.TB, job string, at time.Time, step int) string {
	t.Helper()
	id := uuid.NewString()
	s.exec(t, `INSERT INTO metrics_points (id,job_id,timestamp,epoch,step,training_loss,learning_rate) VALUES ($1,$2,$3,1,$4,0.5,0.0001)`, id, job, at, step)
	return id
}

// raw sends a request as a user (nil: nobody) with nothing of the client's
// own care, and returns status and body.
func (s *stack) raw(t *testing.T, as *Client, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("apikey", s.anon)
	bearer := s.anon
	if as != nil {
		bearer = as.sess.cur.Load().AccessToken
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func idsOf(t *testing.T, body string) []string {
	t.Helper()
	var rows []struct{ ID string }
	if err := json.Unmarshal([]byte(body), &rows); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

func (s *stack) put(t *testing.T, bucket, key, owner string, content []byte) {
	t.Helper()
	if err := s.files.Put(context.Background(), bucket, key, "application/json", owner, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}

func newID() string { return uuid.NewString() }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
