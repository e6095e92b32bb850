package client

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/loratop/loratop/models"
)

// 1,100 rows whose sort values repeat and are null: every order pages through
// all of them, once each.
func TestStackPaging(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	_, bobID := s.user(t, "bob@example.com")
	const n = 1100
	s.exec(t, `INSERT INTO datasets (user_id,name,status,storage_path,file_name,file_size,total_tokens,total_training_pairs,validated_at,created_at,deleted_at)
		SELECT CASE WHEN i > $2 THEN $3::uuid ELSE $1::uuid END, (ARRAY['a','a,b "c"','(x.y)','\',U&'\00fc'])[i%5+1] || i/400, 'ready', 'p'||i||$1, 'f', i%7,
		  CASE WHEN i%3=0 THEN NULL ELSE 9007199254740993+i%4 END, NULLIF(i%11,0), CASE WHEN i%2=0 THEN now()-make_interval(secs=>i%50) END,
		  CASE WHEN i%97=0 THEN NULL ELSE now()-make_interval(secs=>i/10) END, CASE WHEN i > $2-5 AND i <= $2 THEN now() END
		FROM generate_series(1,$2+20) i`, id, n+5, bobID)
	for _, sort := range datasetList().sorts {
		for _, asc := range []bool{true, false} {
			checkPages(t, alice, models.ListQuery{Sort: sort, Asc: asc, Limit: 1000, Count: true}, n)
		}
	}
	trash, err := alice.Datasets(t.Context(), models.ListQuery{Deleted: true})
	if err != nil || len(trash.Items) != 5 {
		t.Errorf("trash: %d, %v", len(trash.Items), err)
	}
}

func checkPages(t *testing.T, c *Client, q models.ListQuery, n int) {
	t.Helper()
	seen := map[string]bool{}
	pages := 0
	for {
		p, err := c.Datasets(t.Context(), q)
		if err != nil {
			t.Fatalf("%s asc=%v: %v", q.Sort, q.Asc, err)
		}
		for _, d := range p.Items {
			if seen[d.ID] {
				t.Fatalf("%s asc=%v: %s came twice", q.Sort, q.Asc, d.ID)
			}
			seen[d.ID] = true
		}
		if p.Total == nil || *p.Total != int64(n) {
			t.Fatalf("%s: total %v", q.Sort, p.Total)
		}
		pages++
		if p.Next == "" {
			break
		}
		q.After = p.Next
	}
	if len(seen) != n || pages != 2 {
		t.Errorf("%s asc=%v: %d rows of %d on %d pages", q.Sort, q.Asc, len(seen), n, pages)
	}
}

func TestStackSearch(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	fox := "na\u00efve-\u65e5\u672c\u8a9e-\U0001F98A"
	for _, name := range []string{"100% cotton", "100 cotton", "snake_case", "snakeXcase", `back\slash`, `a,b (c.d) "e"`, fox} {
		s.job(t, id, s.dataset(t, id, name), "running")
	}
	for search, want := range map[string][]string{
		"100%": {"100% cotton"}, "_": {"snake_case"}, `\`: {`back\slash`}, `a,b (c.d) "`: {`a,b (c.d) "e"`}, "\u65e5\u672c": {fox},
		"COTTON": {"100 cotton", "100% cotton"}, "snake*case": {"snakeXcase", "snake_case"}, "nothing": nil,
	} {
		ds, err := alice.Datasets(t.Context(), models.ListQuery{Search: search, Sort: "name", Asc: true})
		if err != nil {
			t.Fatalf("%q: %v", search, err)
		}
		var got, byJob []string
		for _, d := range ds.Items {
			got = append(got, d.Name)
		}
		jobs, err := alice.Jobs(t.Context(), models.ListQuery{Search: search, Count: true})
		if err != nil {
			t.Fatalf("jobs %q: %v", search, err)
		}
		for _, j := range jobs.Items {
			byJob = append(byJob, j.Dataset.Name)
		}
		slices.Sort(got)
		slices.Sort(byJob)
		slices.Sort(want)
		if !slices.Equal(got, want) || !slices.Equal(byJob, want) || *jobs.Total != int64(len(want)) {
			t.Errorf("%q finds %q and jobs of %q, want %q", search, got, byJob, want)
		}
	}
}

// readWorld is a user's job with an artifact, and another user's job.
type readWorld struct {
	*stack
	alice, bob                *Client
	user, ds, done, live, art string
	theirs                    string
}

func newReadWorld(t *testing.T) readWorld {
	t.Helper()
	w := readWorld{stack: newStack(t)}
	var bobID string
	w.alice, w.user = w.stack.user(t, "alice@example.com")
	w.bob, bobID = w.stack.user(t, "bob@example.com")
	w.ds = w.dataset(t, w.user, "Tickets")
	w.done = w.job(t, w.user, w.ds, "completed")
	w.live = w.job(t, w.user, w.ds, "running")
	w.art = w.artifact(t, w.user, w.done, w.ds)
	w.exec(t, `UPDATE training_jobs SET artifact_id=$1 WHERE id=$2`, w.art, w.done)
	w.theirs = w.job(t, bobID, w.dataset(t, bobID, "Bob's"), "running")
	return w
}

func TestStackJobs(t *testing.T) {
	w := newReadWorld(t)
	ctx := t.Context()
	jobs, err := w.alice.Jobs(ctx, models.ListQuery{Status: []string{"running"}, DatasetID: w.ds})
	if err != nil || len(jobs.Items) != 1 || jobs.Items[0].ID != w.live || jobs.Items[0].Dataset.Name != "Tickets" {
		t.Errorf("%+v, %v", jobs, err)
	}
	j, err := w.alice.Job(ctx, w.done)
	if err != nil || j.ArtifactID == nil || *j.ArtifactID != w.art {
		t.Fatalf("%+v, %v", j, err)
	}
	if j.Dataset.TotalTokens == nil || *j.Dataset.TotalTokens != 20000 {
		t.Errorf("%+v", j.Dataset)
	}
	_, err = w.alice.Job(ctx, w.theirs)
	wantError(t, err, models.CodeNotFound)
	_, err = w.bob.Dataset(ctx, w.ds)
	wantError(t, err, models.CodeNotFound)
	if d, err := w.alice.Dataset(ctx, w.ds); err != nil || d.Name != "Tickets" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestStackArtifacts(t *testing.T) {
	w := newReadWorld(t)
	ctx := t.Context()
	file := bytes.Repeat([]byte("weights "), 50_000)
	w.put(t, "lora-models", w.user+"/"+w.art+"/adapter_model.safetensors", w.user, file)
	a, err := w.alice.ArtifactByJob(ctx, w.done)
	if err != nil || a.ID != w.art || len(a.Files) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	if a.Job == nil || a.Job.ID != w.done || a.Dataset == nil || a.Dataset.Name != "Tickets" {
		t.Errorf("%+v", a)
	}
	if a.Files[0].Size == nil || int(*a.Files[0].Size) != len(file) {
		t.Errorf("size %v from Storage, want %d", a.Files[0].Size, len(file))
	}
	_, err = w.alice.ArtifactByJob(ctx, w.live)
	wantError(t, err, models.CodeNotFound)
	arts, err := w.alice.Artifacts(ctx, models.ListQuery{Count: true})
	if err != nil || len(arts.Items) != 1 || arts.Items[0].Job.Status != models.JobCompleted || *arts.Total != 1 {
		t.Errorf("%+v, %v", arts, err)
	}
	w.checkDownload(t, a.Files[0].Path, int64(len(file)))
}

func (w readWorld) checkDownload(t *testing.T, path string, size int64) {
	t.Helper()
	ctx := t.Context()
	dest := filepath.Join(t.TempDir(), "adapter.safetensors")
	got, err := w.alice.Download(ctx, models.Download{Bucket: "lora-models", Path: path, Dest: dest}, nil)
	if err != nil || got.Bytes != size {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = w.bob.Download(ctx, models.Download{Path: path, Dest: dest + "2"}, nil)
	wantError(t, err, models.CodeNotFound)
	_, err = w.alice.Download(ctx, models.Download{Path: w.user + "/nothing.bin", Dest: dest + "3"}, nil)
	wantError(t, err, models.CodeNotFound)
}

// A database that lacks columns of FR-1.1, and has others.
func TestStackSchemaDrift(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	ds := s.dataset(t, id, "Tickets")
	s.job(t, id, ds, "running")
	s.exec(t, `ALTER TABLE datasets DROP COLUMN avg_tokens_per_turn, ADD COLUMN error_message text DEFAULT 'Found 2 validation error(s)', ADD COLUMN more jsonb DEFAULT '{"a":[1]}'`)
	s.exec(t, `ALTER TABLE training_jobs DROP COLUMN retry_count`)
	s.exec(t, `NOTIFY pgrst, 'reload schema'`)
	eventually(t, func() error {
		for range 2 {
			p, err := alice.Datasets(t.Context(), models.ListQuery{})
			if err != nil || len(p.Items) != 1 {
				return fmt.Errorf("%d datasets, %w", len(p.Items), err)
			}
			j, err := alice.Jobs(t.Context(), models.ListQuery{})
			if err != nil || len(j.Items) != 1 || j.Items[0].Dataset == nil {
				return fmt.Errorf("%d jobs, %w", len(j.Items), err)
			}
		}
		return nil
	})
	d, err := alice.Dataset(t.Context(), ds)
	if err != nil || d.ErrorMessage == nil || *d.ErrorMessage != "Found 2 validation error(s)" {
		t.Errorf("%+v, %v", d, err)
	}
}

// eventually repeats what needs the server to notice something first.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventualTime)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return
		}
		if sleep(ctx, eventualStep) != nil {
			t.Fatal(err)
		}
	}
}
