package client

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

func TestStackDatasetEdits(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, bobID := s.user(t, "bob@example.com")
	ctx := t.Context()
	ds, other, bobs := s.dataset(t, id, "Tickets"), s.dataset(t, id, "Chats"), s.dataset(t, bobID, "Bob's")
	d, err := alice.UpdateDataset(ctx, ds, models.DatasetPatch{Name: models.Ptr("  " + strings.Repeat("é", 200) + " "), Description: models.Ptr("two\nlines")})
	if err != nil || d.Name != strings.Repeat("é", 200) || d.Description == nil || *d.Description != "two\nlines" {
		t.Fatalf("%+v, %v", d, err)
	}
	if d, err = alice.UpdateDataset(ctx, ds, models.DatasetPatch{Description: models.Ptr("")}); err != nil || d.Description != nil || d.Name == "" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, p := range []models.DatasetPatch{{Name: models.Ptr(" ")}, {Name: models.Ptr(strings.Repeat("é", 201))}, {Name: models.Ptr("a\tb")}, {Description: models.Ptr("a\x00")}} {
		_, err := alice.UpdateDataset(ctx, ds, p)
		wantError(t, err, models.CodeInvalid)
	}
	wantError(t, errOf(alice.UpdateDataset(ctx, ds, models.DatasetPatch{})), models.CodeUsage)
	wantError(t, errOf(bob.UpdateDataset(ctx, ds, models.DatasetPatch{Name: models.Ptr("mine")})), models.CodeNotFound)

	// the trash: others' rows stay, and a row that lies there keeps its day
	moved, err := alice.TrashDatasets(ctx, []string{ds, other, bobs, ds})
	if err != nil || len(moved) != 2 || moved[0] != ds || moved[1] != other {
		t.Fatalf("%v, %v", moved, err)
	}
	before, err := alice.Dataset(ctx, ds)
	if err != nil {
		t.Fatal(err)
	}
	if moved, err = alice.TrashDatasets(ctx, []string{ds}); err != nil || len(moved) != 1 {
		t.Errorf("%v, %v", moved, err)
	}
	if after, err := alice.Dataset(ctx, ds); err != nil || !after.DeletedAt.Equal(before.DeletedAt.Time) || after.DeletedAt.IsZero() {
		t.Errorf("%v, %v, %v", before.DeletedAt, after.DeletedAt, err)
	}
	_, err = alice.TrashDatasets(ctx, []string{bobs})
	wantError(t, err, models.CodeNotFound)
	if restored, err := alice.RestoreDatasets(ctx, []string{other, ds}); err != nil || len(restored) != 2 {
		t.Errorf("%v, %v", restored, err)
	}
	page, err := alice.Datasets(ctx, models.ListQuery{})
	if err != nil || len(page.Items) != 2 {
		t.Errorf("%d, %v", len(page.Items), err)
	}
	many := make([]string, 230)
	for i := range many {
		many[i] = s.dataset(t, id, "one of many")
	}
	if moved, err := alice.TrashDatasets(ctx, many); err != nil || len(moved) != 230 {
		t.Errorf("%d, %v", len(moved), err)
	}
	s.exec(t, `DROP POLICY "Users can update own datasets" ON datasets`)
	_, err = alice.TrashDatasets(ctx, []string{ds, other})
	wantError(t, err, models.CodeNoRows)
	wantError(t, errOf(alice.UpdateDataset(ctx, ds, models.DatasetPatch{Name: models.Ptr("new")})), models.CodeNoRows)
}

func TestStackDatasetFile(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	ctx := t.Context()
	ds := s.dataset(t, id, "Tickets")
	content := strings.Repeat(goodLine, 3000)
	s.put(t, "lora-datasets", id+"/"+ds+"/a.jsonl", id, []byte(content))
	d, err := alice.Dataset(ctx, ds)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(len(content))
	for _, tt := range []struct{ from, n, want int64 }{{0, 10, 10}, {100, 1000, 1000}, {size - 5, 100, 5}, {size, 10, 0}, {size + 100, 10, 0}, {0, 16 << 20, size}} {
		p, err := alice.DatasetPart(ctx, d, tt.from, tt.n)
		if err != nil || p.From != tt.from || string(p.Data) != content[min(tt.from, size):min(tt.from+tt.want, size)] {
			t.Errorf("%+v: %d bytes, %v", tt, len(p.Data), err)
		}
		if tt.want > 0 && (p.Size != size || p.ETag == "") {
			t.Errorf("%+v: size %d, tag %q", tt, p.Size, p.ETag)
		}
	}
	_, err = alice.DatasetPart(ctx, d, 0, 17<<20)
	wantError(t, err, models.CodeUsage)
	_, err = bob.DatasetPart(ctx, d, 0, 10)
	wantError(t, err, models.CodeNotFound)
	out, err := alice.DownloadDataset(ctx, ds, t.TempDir(), nil)
	if err != nil || out.SHA256 != sumOf([]byte(content)) || filepath.Base(out.Path) != "a.jsonl" {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = bob.DownloadDataset(ctx, ds, t.TempDir(), nil)
	wantError(t, err, models.CodeNotFound)

	// imports lie in another bucket
	s.exec(t, `INSERT INTO storage.buckets (id, name, public) VALUES ('training-files', 'training-files', false)`)
	s.exec(t, `CREATE POLICY "tf" ON storage.objects FOR SELECT TO authenticated USING (bucket_id = 'training-files')`)
	s.exec(t, `UPDATE datasets SET storage_bucket = 'training-files', storage_path = 'x/training.jsonl' WHERE id = $1`, ds)
	s.put(t, "training-files", "x/training.jsonl", id, []byte("imported\n"))
	if d, err = alice.Dataset(ctx, ds); err != nil {
		t.Fatal(err)
	}
	if p, err := alice.DatasetPart(ctx, d, 0, 8); err != nil || string(p.Data) != "imported" {
		t.Errorf("%q, %v", p.Data, err)
	}
}

func TestStackRevalidate(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	ctx := t.Context()
	ds := s.dataset(t, id, "Tickets")
	s.exec(t, `UPDATE datasets SET status = 'validating', training_ready = false WHERE id = $1`, ds)
	_, err := alice.Revalidate(ctx, ds, nil)
	wantError(t, err, models.CodeNotFound) // no file
	s.put(t, "lora-datasets", id+"/"+ds+"/a.jsonl", id, []byte(strings.Repeat(goodLine, 10)))
	var last models.Progress
	d, err := alice.Revalidate(ctx, ds, func(p models.Progress) { last = p })
	if err != nil || d.Status != models.DatasetReady || !d.TrainingReady || *d.TotalTrainingPairs != 20 || *d.TotalTokens != 39 || len(d.Samples()) != 3 || d.ValidatedAt.IsZero() {
		t.Fatalf("%+v, %v", d, err)
	}
	if last.Done != last.Total || last.Done == 0 {
		t.Errorf("%+v", last)
	}
	wantError(t, errOf(bob.Revalidate(ctx, ds, nil)), models.CodeNotFound)
	s.exec(t, `DELETE FROM storage.objects`)
	s.put(t, "lora-datasets", id+"/"+ds+"/a.jsonl", id, []byte("not json\n"))
	if d, err = alice.Revalidate(ctx, ds, nil); err != nil || d.Status != models.DatasetError || d.TrainingReady || d.Errors()[0].Error != "JSON parse error" {
		t.Errorf("%+v, %v", d, err)
	}
	// changed by another meanwhile
	changed := false
	_, err = alice.Revalidate(ctx, ds, func(models.Progress) {
		if !changed {
			changed = true
			s.exec(t, `UPDATE datasets SET status = 'ready' WHERE id = $1`, ds)
		}
	})
	wantError(t, err, models.CodeConflict)
	s.exec(t, `DROP POLICY "Users can update own datasets" ON datasets`)
	wantError(t, errOf(alice.Revalidate(ctx, ds, nil)), models.CodeNoRows)
	s.exec(t, `UPDATE datasets SET deleted_at = now() WHERE id = $1`, ds)
	wantError(t, errOf(alice.Revalidate(ctx, ds, nil)), models.CodeConflict)
}

// A file that breaks off while it is read is read on; one that changes is not.
func TestRevalidateReadsOn(t *testing.T) {
	d := newDepot(0)
	d.content = []byte(strings.Repeat(goodLine, 4000))
	d.tag()
	d.cut = 100_000
	c, _ := depotClient(t, d)
	src := source{"lora-datasets", aliceID + "/x/a.jsonl"}
	r, err := c.openStored(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := jsonl.Validate(t.Context(), r, nil)
	r.close()
	if err != nil || rep.SHA256 != d.sha() || rep.Platform.Lines != 4000 {
		t.Errorf("%d lines, %v", rep.Platform.Lines, err)
	}
	n := 0
	d.onData = func() { // in the middle of the second reading
		if n++; n == 3 {
			d.content = append([]byte("x"), d.content...)
			d.tag()
		}
	}
	if r, err = c.openStored(t.Context(), src, nil); err != nil {
		t.Fatal(err)
	}
	defer r.close()
	_, err = jsonl.Validate(t.Context(), r, nil)
	wantError(t, err, models.CodeConflict)
}

func TestCheckFile(t *testing.T) {
	f := newFake(t, nil)
	c := signedIn(t, f)
	path := fileOf(t, "a.jsonl", goodLine+"{}\n")
	rep, err := c.CheckFile(t.Context(), path, jsonl.Options{})
	if err != nil || rep.File != path || rep.Lines != 2 || rep.ErrorCount == 0 {
		t.Errorf("%+v, %v", rep, err)
	}
	_, err = c.CheckFile(t.Context(), "/no/such/file", jsonl.Options{})
	wantError(t, err, models.CodeNotFound)
}
