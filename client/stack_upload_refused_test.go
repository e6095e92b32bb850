package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

const goodLine = `{"conversation_id":"a","turns":[{"role":"user","content":"x y"},{"role":"assistant","content":"z"}]}` + "\n"

func fileOf(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What can be known beforehand is refused before anything is sent.
func TestUploadRefusedUnsent(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 500, `{}`) })
	dir := t.TempDir()
	c := signedIn(t, f, func(o *Options) { o.State = dir })
	var zip bytes.Buffer
	z := gzip.NewWriter(&zip)
	_, _ = z.Write([]byte(goodLine))
	_ = z.Close()
	huge := fileOf(t, "huge.jsonl", goodLine)
	if err := os.Truncate(huge, 500<<20+1); err != nil {
		t.Fatal(err)
	}
	good := fileOf(t, "good.jsonl", goodLine)
	pipe := filepath.Join(t.TempDir(), "pipe")
	mkfifo(t, pipe)
	for _, tt := range []struct {
		u    models.NewUpload
		code models.Code
		says string
	}{
		{models.NewUpload{Path: ""}, models.CodeUsage, "which file"},
		{models.NewUpload{Path: "/no/such/file"}, models.CodeNotFound, "no file"},
		{models.NewUpload{Path: dir}, models.CodeInvalid, "folder"},
		{models.NewUpload{Path: pipe}, models.CodeInvalid, "no ordinary file"},
		{models.NewUpload{Path: fileOf(t, "a.jsonl", "")}, models.CodeInvalid, "empty"},
		{models.NewUpload{Path: huge}, models.CodeInvalid, "524288001 bytes"},
		{models.NewUpload{Path: fileOf(t, "a.jsonl.gz", zip.String())}, models.CodeInvalid, "compressed"},
		{models.NewUpload{Path: fileOf(t, "a.csv", "a,b\n1,2\n")}, models.CodeInvalid, "not JSONL"},
		{models.NewUpload{Path: fileOf(t, "a.json", "{\n \"a\": [\n  1]\n}\n")}, models.CodeInvalid, "not JSONL"},
		{models.NewUpload{Path: fileOf(t, "a.json", "[{\"a\":1},\n{\"b\":2}]\n")}, models.CodeInvalid, "JSONL"},
		{models.NewUpload{Path: fileOf(t, "a.jsonl", "\n \n")}, models.CodeInvalid, "not JSONL"},
		{models.NewUpload{Path: fileOf(t, "u16.jsonl", "{\x00\"\x00")}, models.CodeInvalid, "UTF-8"},
		{models.NewUpload{Path: good, Name: strings.Repeat("é", 201)}, models.CodeInvalid, "201 characters"},
		{models.NewUpload{Path: good, Name: "a\x1b[31mb"}, models.CodeInvalid, "cannot be shown"},
		{models.NewUpload{Path: good, Description: "a\x00"}, models.CodeInvalid, "not a text"},
		{models.NewUpload{Path: good, DatasetID: "nonsense"}, models.CodeUsage, "not the id"},
	} {
		_, err := c.Upload(t.Context(), tt.u, nil)
		if e := wantError(t, err, tt.code); !strings.Contains(e.Msg, tt.says) {
			t.Errorf("%+v: %v", tt.u, e)
		}
	}
	readOnly := signedIn(t, f, func(o *Options) { o.State, o.ReadOnly = dir, true })
	_, err := readOnly.Upload(t.Context(), models.NewUpload{Path: good}, nil)
	wantError(t, err, models.CodeForbidden)
	stranger, err := New(Options{URL: f.URL, Key: anonKey, State: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = stranger.Upload(t.Context(), models.NewUpload{Path: good}, nil)
	wantError(t, err, models.CodeSignIn)
	if n := len(f.requests()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
	wantNothingLeft(t, dir)
}

// What only the server knows is said plainly, and nothing of it stays.
func TestStackUploadRefused(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, user := r.uploader(t, "alice@example.com", dir)
	bob, bobID := r.uploader(t, "bob@example.com", t.TempDir())
	path := fileOf(t, "good.jsonl", strings.Repeat(goodLine, 1000))
	refuse := func(name string, u models.NewUpload, code models.Code, says, hint string) {
		t.Helper()
		_, err := c.Upload(t.Context(), u, nil)
		if e := wantError(t, err, code); !strings.Contains(e.Msg, says) || !strings.Contains(e.Hint, hint) {
			t.Errorf("%s: %v; %s", name, e, e.Hint)
		}
		wantNothingLeft(t, dir)
		var left int
		if err := r.pool.QueryRow(t.Context(), `SELECT count(*) FROM datasets WHERE user_id=$1 AND deleted_at IS NULL`, user).Scan(&left); err != nil || left != 0 {
			t.Errorf("%s: %d rows are left, %v", name, left, err)
		}
	}
	u := models.NewUpload{Path: path}
	r.exec(t, `UPDATE storage.buckets SET file_size_limit = 1000 WHERE id = 'lora-datasets'`)
	refuse("bucket's limit", u, models.CodeInvalid, "takes no file of", "raise the limit")
	r.exec(t, `UPDATE storage.buckets SET file_size_limit = NULL, allowed_mime_types = ARRAY['image/png'] WHERE id = 'lora-datasets'`)
	refuse("MIME types", u, models.CodeInvalid, "takes no JSONL", "application/x-jsonlines")
	r.exec(t, `UPDATE storage.buckets SET allowed_mime_types = ARRAY['application/json'] WHERE id = 'lora-datasets'`)
	d, err := c.Upload(t.Context(), u, nil) // the older type
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, errOf(bob.Upload(t.Context(), models.NewUpload{Path: path, DatasetID: d.ID}, nil)), models.CodeConflict) // Alice's id
	if again, err := c.Upload(t.Context(), models.NewUpload{Path: path, DatasetID: d.ID}, nil); err != nil || again.ID != d.ID || again.Status != models.DatasetReady {
		t.Errorf("a finished upload again: %+v, %v", again, err)
	}
	other := fileOf(t, "other.jsonl", goodLine)
	wantError(t, errOf(c.Upload(t.Context(), models.NewUpload{Path: other, DatasetID: d.ID}, nil)), models.CodeConflict)
	r.exec(t, `UPDATE datasets SET deleted_at = now() WHERE id = $1`, d.ID)
	wantError(t, errOf(c.Upload(t.Context(), models.NewUpload{Path: path, DatasetID: d.ID}, nil)), models.CodeConflict)
	if err := c.DropUpload(t.Context(), d.ID); err != nil {
		t.Error(err)
	}

	taken := newID()
	r.put(t, datasetBucket, user+"/"+taken+"/good.jsonl", user, []byte("something else\n"))
	refuse("path taken", models.NewUpload{Path: path, DatasetID: taken}, models.CodeConflict, "is not this file", "new id")
	r.exec(t, `DROP POLICY "Users can upload own LoRA dataset files" ON storage.objects`)
	refuse("no policy for files", u, models.CodeForbidden, "policies of the bucket lora-datasets", "migrate status")
	r.exec(t, `DROP POLICY "Users can create own datasets" ON datasets`)
	refuse("no policy for rows", u, models.CodeForbidden, "do not let this user create datasets", "migrate status")

	// nobody gets into another's folder, whatever his client says
	for _, key := range []string{user + "/x/a.jsonl", bobID + "/../" + user + "/a.jsonl", "a.jsonl"} {
		if id, err := bob.tusCreate(t.Context(), datasetBucket, key, "application/json", 10); err == nil {
			t.Errorf("%s: upload %s", key, id)
		}
	}
}

func errOf(_ models.Dataset, err error) error { return err }

// Without a bucket, and when the results cannot be written.
func TestStackUploadLacksPolicies(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, _ := r.uploader(t, "alice@example.com", dir)
	path := fileOf(t, "good.jsonl", goodLine)
	u := models.NewUpload{Path: path}
	r.exec(t, `DROP POLICY "Users can update own datasets" ON datasets`)
	_, err := c.Upload(t.Context(), u, nil)
	if e := wantError(t, err, models.CodeNoRows); !strings.Contains(e.Msg, "results were not written") {
		t.Errorf("%+v", e)
	}
	r.exec(t, `CREATE POLICY "Users can update own datasets" ON datasets FOR UPDATE USING (auth.uid() = user_id)`)
	d, err := c.Upload(t.Context(), u, nil) // it stayed, and goes on
	if err != nil || d.Status != models.DatasetReady {
		t.Fatalf("%+v, %v", d, err)
	}
	wantNothingLeft(t, dir)

	r.exec(t, `DROP POLICY "Users can view own LoRA dataset files" ON storage.objects`)
	_, err = c.Upload(t.Context(), u, nil)
	if e := wantError(t, err, models.CodeForbidden); !strings.Contains(e.Msg, "cannot be read back") {
		t.Errorf("%+v", e)
	}
	pending, err := c.PendingUploads(t.Context())
	if err != nil || len(pending) != 1 {
		t.Fatalf("%+v, %v", pending, err)
	}
	if err := c.DropUpload(t.Context(), pending[0].DatasetID); err != nil {
		t.Fatal(err)
	}
	wantNothingLeft(t, dir)
	if got := r.row(t, pending[0].DatasetID, `status, deleted_at IS NOT NULL`); got != "uploading t" {
		t.Error(got)
	}
	wantError(t, c.DropUpload(t.Context(), pending[0].DatasetID), models.CodeNotFound)

	r.exec(t, `DELETE FROM storage.objects`)
	r.exec(t, `DELETE FROM storage.buckets`)
	_, err = c.Upload(t.Context(), u, nil)
	if e := wantError(t, err, models.CodeNotFound); !strings.Contains(e.Msg, "nowhere to upload to") {
		t.Errorf("%+v", e)
	}
	wantNothingLeft(t, dir)
}

// Dropping ends the upload on the server, its row and its note.
func TestStackUploadDrop(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, _ := r.uploader(t, "alice@example.com", dir)
	path, _ := jsonlFile(t, "a.jsonl", 20<<20, 4)
	r.order(t, `{"rules":[{"kind":"bandwidth","bytes_per_second":40000000,"method":"PATCH"}]}`)
	ctx, pause := context.WithCancel(t.Context())
	var id string
	_, err := c.Upload(ctx, models.NewUpload{Path: path, Unchecked: true}, func(p models.UploadProgress) {
		if id = p.DatasetID; p.Stage == models.UploadSending && p.Done > 7<<20 {
			if e := wantError(t, c.DropUpload(t.Context(), id), models.CodeConflict); !strings.Contains(e.Msg, "is being sent") {
				t.Errorf("%+v", e)
			}
			pause()
		}
	})
	wantError(t, err, models.CodeCanceled)
	n, err := (&journal{onlyFolder(t, filepath.Join(dir, "uploads"))}).read(id)
	if err != nil || n.Upload == "" {
		t.Fatalf("%+v, %v", n, err)
	}
	if err := c.DropUpload(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	_, err = c.tusOffset(t.Context(), n.Upload, n.Size)
	if f, _ := fateOf(err); f != fateGone {
		t.Errorf("the server still has it: %v", err)
	}
	wantNothingLeft(t, dir)
	if got := r.row(t, id, `status, deleted_at IS NOT NULL`); got != "uploading t" {
		t.Error(got)
	}
}

func onlyFolder(t testing.TB, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	return filepath.Join(dir, list[0].Name())
}
