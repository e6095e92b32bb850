package client

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// once runs f when the upload is past so many bytes.
func once(past int64, f func()) func(models.UploadProgress) {
	done := false
	return func(p models.UploadProgress) {
		if !done && p.Stage == models.UploadSending && p.Done >= past {
			done = true
			f()
		}
	}
}

// What the network and the server do to an upload of three chunks changes
// nothing about its end.
func TestStackUploadSurvives(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, user := r.uploader(t, "alice@example.com", dir)
	const tus, rest = `"path":"/storage/v1/upload/resumable"`, `"path":"/rest/v1/datasets"`
	for _, f := range []struct{ name, rules string }{
		{"cut inside a chunk", `{"kind":"drop","part":"request","after_bytes":2000000,"method":"PATCH",` + tus + `,"count":4}`},
		{"cut before", `{"kind":"drop",` + tus + `,"count":5}`},
		{"answer of a chunk lost", `{"kind":"drop","part":"response","method":"PATCH",` + tus + `,"skip":1,"count":1}`},
		{"answer of the last chunk lost", `{"kind":"drop","part":"response","method":"PATCH",` + tus + `,"skip":2,"count":1}`},
		{"answer of the creation lost", `{"kind":"drop","part":"response","method":"POST",` + tus + `,"count":2}`},
		{"answer about the row lost", `{"kind":"drop","part":"response","method":"POST",` + rest + `,"count":2}`},
		{"answer about the results lost", `{"kind":"drop","part":"response","method":"PATCH",` + rest + `,"count":2}`},
		{"errors", `{"kind":"internal_error",` + tus + `,"count":3},{"kind":"bad_gateway",` + tus + `,"skip":4,"count":2},{"kind":"bad_gateway","method":"PATCH",` + tus + `,"skip":2,"count":2}`},
		{"too fast", `{"kind":"too_many_requests","retry_after":1,` + tus + `,"skip":3,"count":2},{"kind":"too_many_requests","method":"PATCH",` + rest + `,"count":2}`},
		{"token too old for a chunk", `{"kind":"expired_token","method":"PATCH",` + tus + `,"skip":1,"count":1}`},
		{"token too old for all but POST", `{"kind":"expired_token","method":"HEAD",` + tus + `,"count":1},{"kind":"drop","part":"request","method":"PATCH",` + tus + `,"after_bytes":1000,"count":1}`},
		{"verification cut", `{"kind":"drop","path":"/storage/v1/object","count":7}`},
		{"schema cache reloads", `{"kind":"schema_reload","count":3}`},
	} {
		t.Run(f.name, func(t *testing.T) {
			path, sha := jsonlFile(t, "a.jsonl", 13<<20, uint64(len(f.name)))
			r.order(t, `{"rules":[`+f.rules+`]}`)
			d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil)
			if err != nil {
				t.Fatalf("%v %+v", err, err)
			}
			r.order(t, `{"rules":[]}`)
			r.wantStored(t, d, sha)
			if d.Status != models.DatasetValidating {
				t.Errorf("%+v", d)
			}
			wantNothingLeft(t, dir)
		})
	}
	var rows, live int
	if err := r.pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE status='validating' AND deleted_at IS NULL) FROM datasets WHERE user_id=$1`, user).Scan(&rows, &live); err != nil || rows != 13 || live != 13 {
		t.Errorf("%d rows, %d of them good, %v", rows, live, err)
	}
}

// The token, the upload and the server itself end in the middle.
func TestStackUploadMiddle(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, _ := r.uploader(t, "alice@example.com", dir)
	for name, act := range map[string]func(t *testing.T){
		"all tokens expire":  func(t *testing.T) { r.order(t, `{"expire_tokens":true}`) },
		"the upload expires": func(t *testing.T) { r.order(t, `{"expire_uploads":true}`) },
		"the server falls": func(t *testing.T) {
			r.stop()
			time.AfterFunc(300*time.Millisecond, func() { r.start(t) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, sha := jsonlFile(t, "a.jsonl", 20<<20, uint64(len(name)))
			acted, ids := false, map[string]bool{}
			d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, func(p models.UploadProgress) {
				ids[p.DatasetID] = true
				if !acted && p.Stage == models.UploadSending && p.Done >= 7<<20 {
					acted = true
					act(t)
				}
			})
			if err != nil || !acted {
				t.Fatalf("acted: %v, %v", acted, err)
			}
			r.wantStored(t, d, sha)
			wantNothingLeft(t, dir)
			if len(ids) != 1 {
				t.Errorf("rows %v", ids)
			}
		})
	}
}

// A full storage is said plainly and kept; with room again it goes on.
func TestStackUploadFull(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, _ := r.uploader(t, "alice@example.com", dir)
	for _, status := range []int{507, 413} {
		path, sha := jsonlFile(t, "a.jsonl", 20<<20, uint64(status))
		r.order(t, fmt.Sprintf(`{"rules":[{"kind":"storage_full","status":%d,"after_bytes":7000000}]}`, status))
		_, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil)
		e := wantError(t, err, models.CodeServer)
		if !strings.Contains(e.Msg, "storage is full; 6.3 MB of ") || !strings.Contains(e.Hint, "goes on from there") || e.Retry {
			t.Errorf("%+v", e)
		}
		pending, err := c.PendingUploads(t.Context())
		if err != nil || len(pending) != 1 || pending[0].Sent != 6291456 || pending[0].LastError == "" || pending[0].Active {
			t.Fatalf("%+v, %v", pending, err)
		}
		r.order(t, `{"rules":[]}`)
		d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil)
		if err != nil || d.ID != pending[0].DatasetID {
			t.Fatalf("%v, %v", d.ID, err)
		}
		r.wantStored(t, d, sha)
		wantNothingLeft(t, dir)
	}
}

// A paused upload goes on in another process, and sends only the rest.
func TestStackUploadPause(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	store := NewMemoryStore()
	c, _ := r.uploader(t, "alice@example.com", dir, func(o *Options) { o.Store = store })
	path, sha := jsonlFile(t, "a.jsonl", 30<<20, 3)
	r.order(t, `{"rules":[{"kind":"bandwidth","bytes_per_second":40000000,"method":"PATCH"}]}`)
	ctx, pause := context.WithCancel(t.Context())
	_, err := c.Upload(ctx, models.NewUpload{Path: path, Name: "Tickets", Unchecked: true}, once(13<<20, pause))
	if e := wantError(t, err, models.CodeCanceled); !strings.Contains(e.Msg, "parked") {
		t.Errorf("%+v", e)
	}
	r.order(t, `{"rules":[]}`)
	text := journalText(t, dir)
	for _, secret := range []string{c.sess.cur.Load().AccessToken, c.sess.cur.Load().RefreshToken, r.anon} {
		if strings.Contains(text, secret) {
			t.Error("a secret is in the state")
		}
	}
	wantPrivate(t, dir)
	if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)); err != nil { // touched only
		t.Fatal(err)
	}
	wire := &counting{}
	other, err := New(Options{URL: r.url, Key: r.anon, State: dir, Store: store, HTTP: wire})
	if err != nil {
		t.Fatal(err)
	}
	pending, err := other.PendingUploads(t.Context())
	if err != nil || len(pending) != 1 || pending[0].Changed || pending[0].Missing || pending[0].Name != "Tickets" || pending[0].Path != path {
		t.Fatalf("%+v, %v", pending, err)
	}
	d, err := other.Upload(t.Context(), models.NewUpload{Path: path, Name: "another name does not count any more", Unchecked: true}, nil)
	if err != nil || d.Name != "Tickets" || d.ID != pending[0].DatasetID {
		t.Fatalf("%+v, %v", d, err)
	}
	r.wantStored(t, d, sha)
	if sent := wire.sent.Load(); sent > 19<<20 {
		t.Errorf("%d bytes were sent for the rest", sent)
	}
}

// A file that is another one is noticed, before and while it is sent; no
// object comes to be of two files.
func TestStackUploadChangedFile(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, user := r.uploader(t, "alice@example.com", dir)
	path, _ := jsonlFile(t, "a.jsonl", 20<<20, 3)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change := func() {
		b := append([]byte{}, whole...)
		copy(b[len(b)-5000:], strings.Repeat("x", 100))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Error(err)
		}
	}
	r.order(t, `{"rules":[{"kind":"bandwidth","bytes_per_second":40000000,"method":"PATCH"}]}`)
	_, err = c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, once(1, change)) // in the middle
	r.order(t, `{"rules":[]}`)
	e := wantError(t, err, models.CodeConflict)
	pending, perr := c.PendingUploads(t.Context())
	if perr != nil || len(pending) != 1 || !pending[0].Changed || !strings.Contains(e.Hint, pending[0].DatasetID) {
		t.Fatalf("%+v, %v, %+v", pending, perr, e)
	}
	_, err = c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil) // before it goes on
	wantError(t, err, models.CodeConflict)
	if err := os.WriteFile(path, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil)
	wantError(t, err, models.CodeConflict)
	var objects int
	if err := r.pool.QueryRow(t.Context(), `SELECT count(*) FROM storage.objects`).Scan(&objects); err != nil || objects != 0 {
		t.Errorf("%d objects, %v", objects, err)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil { // put back
		t.Fatal(err)
	}
	d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil)
	if err != nil || d.ID != pending[0].DatasetID || !strings.HasPrefix(d.StoragePath, user) {
		t.Fatalf("%+v, %v", d, err)
	}
	r.wantStored(t, d, sumOf(whole))
	wantNothingLeft(t, dir)
}
