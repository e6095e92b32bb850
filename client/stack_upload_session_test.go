package client

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

// A session that ends in the middle parks the upload; signed in again, it goes on.
func TestStackUploadSessionEnds(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, user := r.uploader(t, "alice@example.com", dir)
	path, sha := jsonlFile(t, "a.jsonl", 20<<20, 9)
	_, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, once(6<<20, func() {
		r.order(t, `{"expire_tokens":true,"revoke":"*"}`)
	}))
	wantError(t, err, models.CodeSignIn)
	if got := r.row(t, onlyNote(t, dir).DatasetID, `status, deleted_at IS NULL`); got != "uploading t" {
		t.Error(got)
	}
	if _, err := c.SignIn(t.Context(), "alice@example.com", "correct horse alice@example.com"); err != nil {
		t.Fatal(err)
	}
	d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil)
	if err != nil || !strings.HasPrefix(d.StoragePath, user) {
		t.Fatalf("%+v, %v", d, err)
	}
	r.wantStored(t, d, sha)

	// a token from the environment that cannot be renewed
	store, err := NewTokenStore(c.sess.cur.Load().AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := New(Options{URL: r.url, Key: r.anon, State: dir, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	hurry(fixed)
	_, err = fixed.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, once(6<<20, func() { r.order(t, `{"expire_tokens":true}`) }))
	if e := wantError(t, err, models.CodeSignIn); !strings.Contains(e.Hint, "LORATOP_ACCESS_TOKEN") {
		t.Errorf("%+v", e)
	}
	if n := onlyNote(t, dir); n.Sent < 6<<20 || n.LastError == "" {
		t.Errorf("%+v", n)
	}
}

// onlyNote is the one note in a state folder.
func onlyNote(t testing.TB, dir string) note {
	t.Helper()
	all, err := (&journal{onlyFolder(t, filepath.Join(dir, "uploads"))}).notes()
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	return all[0]
}

// Users of one machine see their own uploads; what cannot be read is none.
func TestStackPendingUploads(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	alice, _ := r.uploader(t, "alice@example.com", dir)
	bob, _ := r.uploader(t, "bob@example.com", dir)
	ctx := t.Context()
	if list, err := alice.PendingUploads(ctx); err != nil || list == nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	path, _ := jsonlFile(t, "a.jsonl", 20<<20, 10)
	stopped, stop := context.WithCancel(ctx)
	_, err := alice.Upload(stopped, models.NewUpload{Path: path, Unchecked: true}, once(6<<20, stop))
	wantError(t, err, models.CodeCanceled)
	id := onlyNote(t, dir).DatasetID
	if list, err := bob.PendingUploads(ctx); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	wantError(t, bob.DropUpload(ctx, id), models.CodeNotFound)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	list, err := alice.PendingUploads(ctx)
	if err != nil || len(list) != 1 || !list[0].Missing || list[0].Changed || list[0].Active {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = alice.Upload(ctx, models.NewUpload{Path: path}, nil)
	wantError(t, err, models.CodeNotFound)
	// the same id, another file: no
	other := fileOf(t, "b.jsonl", goodLine)
	_, err = alice.Upload(ctx, models.NewUpload{DatasetID: id, Path: other}, nil)
	if e := wantError(t, err, models.CodeConflict); !strings.Contains(e.Msg, "another file") {
		t.Errorf("%+v", e)
	}
	j := &journal{folderOf(t, dir, id)}
	if err := os.WriteFile(j.file(id), []byte(`{"version":99`), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := alice.PendingUploads(ctx); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// folderOf is the folder that holds the note of a dataset.
func folderOf(t testing.TB, dir, id string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "uploads", "*", id+".json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return filepath.Dir(found[0])
}

// Without a state folder an upload works, and is not noted.
func TestStackUploadWithoutState(t *testing.T) {
	r := newRig(t)
	c, _ := r.uploader(t, "alice@example.com", "")
	path, sha := jsonlFile(t, "a.jsonl", 1<<20, 11)
	d, err := c.Upload(t.Context(), models.NewUpload{Path: path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.wantStored(t, d, sha)
	if list, err := c.PendingUploads(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	wantError(t, c.DropUpload(t.Context(), d.ID), models.CodeNotFound)
}
