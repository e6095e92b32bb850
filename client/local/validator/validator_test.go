package validator_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/validator"
)

const alice = "a11ce000-0000-4000-8000-000000000001"

type shop struct {
	t     *testing.T
	pool  *pgxpool.Pool
	files *storage.Server
}

func newShop(t *testing.T) *shop {
	t.Helper()
	t.Parallel()
	s := &shop{t: t, pool: pgtest.New(t).Pool}
	s.files = storage.New(storage.Options{Pool: s.pool, Secret: []byte("secret"), Dir: t.TempDir()})
	s.exec(`INSERT INTO auth.users (id, email) VALUES ($1, 'alice@example.com')`, alice)
	return s
}

func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// add makes a dataset that waits, with a file unless it is "".
func (s *shop) add(name, content string) {
	s.t.Helper()
	path := alice + "/" + name + ".jsonl"
	if content != "" {
		if err := s.files.Put(context.Background(), "lora-datasets", path, "application/x-jsonlines", alice, strings.NewReader(content)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.exec(`INSERT INTO datasets (user_id, name, storage_path, file_name, file_size, status) VALUES ($1, $2, $3, 'f', $4, 'validating')`, alice, name, path, len(content))
}

func (s *shop) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- validator.New(validator.Options{Pool: s.pool, Files: s.files, Every: 10 * time.Millisecond}).Run(ctx)
	}()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

type result struct {
	Status, Message string
	Ready           bool     `json:"training_ready"`
	Pairs           *int     `json:"total_training_pairs"`
	Tokens          *int     `json:"total_tokens"`
	Avg             *float64 `json:"avg_turns_per_conversation"`
	Errors          []struct {
		Line  int
		Error string
	} `json:"validation_errors"`
	Sample      []json.RawMessage `json:"sample_data"`
	ValidatedAt *time.Time        `json:"validated_at"`
}

func (s *shop) read(name string) (r result) {
	s.t.Helper()
	var b []byte
	if err := s.pool.QueryRow(context.Background(), `SELECT to_jsonb(d) FROM datasets d WHERE name = $1`, name).Scan(&b); err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// settled waits until the row is no longer validating.
func (s *shop) settled(name string) result {
	s.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if r := s.read(name); r.Status != "validating" {
			return r
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s is never validated", name)
		}
	}
}

// started waits until the validator takes what comes: rows from before its
// start are not its own, and when that is only it knows.
func (s *shop) started() {
	s.t.Helper()
	s.add("first", `{"conversation_id":"c","turns":[{"role":"user","content":"x"}]}`)
	for deadline := time.Now().Add(2 * time.Minute); s.read("first").Status == "validating"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("the validator does nothing")
		}
		s.exec(`UPDATE datasets SET description = 'again' WHERE name = 'first' AND status = 'validating'`)
	}
}

func TestValidatorWritesAsThePlatform(t *testing.T) {
	s := newShop(t)
	s.add("stuck", `{"conversation_id":"c","turns":[{"role":"user","content":"x"}]}`)
	s.exec(`ALTER TABLE datasets DISABLE TRIGGER update_datasets_updated_at`)
	s.exec(`UPDATE datasets SET updated_at = now() - interval '3 hours' WHERE name = 'stuck'`)
	s.exec(`ALTER TABLE datasets ENABLE TRIGGER update_datasets_updated_at`)
	s.start()
	s.started()
	s.add("no file", "")
	s.add("good", `{"conversation_id":"c1","turns":[{"role":"user","content":"one two"},{"role":"assistant","content":"three"}]}`+"\n\n"+
		`{"conversation_id":"c2","turns":[{"role":"user","content":"four"}]}`+"\n")
	s.add("bad", "nonsense\n"+`{"turns":[]}`+"\n")
	s.add("blank", "\n\n")
	s.add("nul", `{"conversation_id":"c","turns":[{"role":"user","content":"a\u0000b"}]}`)

	good := s.settled("good")
	if good.Status != "ready" || !good.Ready || *good.Pairs != 3 || *good.Tokens != 5 || *good.Avg != 1.5 || len(good.Sample) != 2 || good.Errors != nil || good.ValidatedAt == nil {
		t.Errorf("good: %+v", good)
	}
	bad := s.settled("bad")
	if bad.Status != "error" || bad.Ready || len(bad.Errors) != 2 || bad.Errors[0].Line != 1 || bad.Errors[0].Error != "JSON parse error" || bad.Errors[1].Line != 2 || bad.Pairs != nil || bad.ValidatedAt == nil {
		t.Errorf("bad: %+v", bad)
	}
	if blank := s.settled("blank"); blank.Status != "error" || len(blank.Errors) != 1 || blank.Errors[0].Error != "File is empty" {
		t.Errorf("blank: %+v", blank)
	}
	if nul := s.settled("nul"); nul.Status != "ready" || nul.Sample != nil {
		t.Errorf("text that PostgreSQL does not keep: %+v", nul)
	}
	var told string
	if err := s.pool.QueryRow(context.Background(), `SELECT type || ' ' || title || ' ' || priority || ' ' || (action_url = '/datasets/' || d.id)::text
	  FROM notifications n JOIN datasets d ON n.message LIKE d.name || ' %' WHERE d.name = 'good'`).Scan(&told); err != nil || told != "dataset_ready Dataset Ready medium true" {
		t.Errorf("notification %q, %v", told, err)
	}
	for _, name := range []string{"stuck", "no file"} {
		if r := s.read(name); r.Status != "validating" {
			t.Errorf("%s is to be left alone: %+v", name, r)
		}
	}
}

func TestValidatorTellsWhereTheColumnIs(t *testing.T) {
	s := newShop(t)
	s.exec(`ALTER TABLE datasets ADD COLUMN error_message text`)
	s.start()
	s.started()
	s.add("bad", "nonsense\n")
	s.settled("bad")
	var message string
	if err := s.pool.QueryRow(context.Background(), `SELECT error_message FROM datasets WHERE name = 'bad'`).Scan(&message); err != nil || message != "Found 1 validation error(s)" {
		t.Errorf("%q, %v", message, err)
	}
}
