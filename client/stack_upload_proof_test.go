package client

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// multipartTag is S3's ETag of parts of the given sizes.
func multipartTag(b []byte, part int) string {
	all, n := md5.New(), 0
	for ; len(b) > 0; n++ {
		k := min(part, len(b))
		sum := md5.Sum(b[:k])
		all.Write(sum[:])
		b = b[k:]
	}
	return fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(all.Sum(nil)), n)
}

// A proof costs no second transfer when the ETag is one; else the file is read
// back, and what differs is refused.
func TestStackUploadProof(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	path, sha := jsonlFile(t, "a.jsonl", 14<<20, 5)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, tag string
		back      bool
		garble    bool
	}{
		{name: "md5"},
		{name: "parts of six MiB", tag: multipartTag(content, chunkSize)},
		{name: "parts of five MiB", tag: multipartTag(content, 5<<20), back: true},
		{name: "no known hash", tag: `W/"abc"`, back: true},
		{name: "another content", tag: `"abc"`, back: true, garble: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got atomic.Int64
			wire := &counting{reply: func(req *http.Request, res *http.Response) {
				if !strings.Contains(req.URL.Path, "/object/") {
					return
				}
				if tt.tag != "" {
					res.Header.Set("Etag", tt.tag)
				}
				res.Body = &garbled{res.Body, &got, tt.garble}
			}}
			c, _ := r.uploader(t, strings.ReplaceAll(tt.name, " ", "")+"@example.com", dir, func(o *Options) { o.HTTP = wire })
			d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, nil)
			if tt.garble {
				if e := wantError(t, err, models.CodeConflict); !strings.Contains(e.Msg, "its content differs") {
					t.Errorf("%+v", e)
				}
			} else if err != nil {
				t.Fatal(err)
			} else {
				r.wantStored(t, d, sha)
			}
			if back := got.Load() > 10; back != tt.back {
				t.Errorf("%d bytes were read back", got.Load())
			}
			wantNothingLeft(t, dir)
		})
	}
}

// garbled counts what is read and may change it.
type garbled struct {
	io.ReadCloser
	n      *atomic.Int64
	garble bool
}

func (g *garbled) Read(p []byte) (int, error) {
	n, err := g.ReadCloser.Read(p)
	if g.n.Add(int64(n)); g.garble && n > 100 {
		p[50]++
	}
	return n, err
}

// The row gets what the platform's validator would write, in both ends, with
// and without the optional column.
func TestStackUploadResults(t *testing.T) {
	r := newRig(t)
	c, user := r.uploader(t, "alice@example.com", t.TempDir())
	bad := fileOf(t, "bad.jsonl", goodLine+"\n{\"messages\":[]}\n"+strings.Repeat("{\"conversation_id\":\"x\"}\n", 20))
	nul := fileOf(t, "nul.jsonl", strings.ReplaceAll(goodLine, "x y", `x\u0000y`)+goodLine)
	for _, column := range []bool{false, true} {
		if column {
			r.exec(t, `ALTER TABLE datasets ADD COLUMN error_message TEXT`)
			r.exec(t, `NOTIFY pgrst, 'reload schema'`)
			for status := 0; status != 200; time.Sleep(10 * time.Millisecond) {
				status, _ = r.raw(t, c, "GET", "/rest/v1/datasets?select=error_message", "")
			}
			c.noMessage.Store(false)
		}
		d, err := c.Upload(t.Context(), models.NewUpload{Path: bad}, nil)
		if err != nil || d.Status != models.DatasetError || d.TrainingReady || len(d.Errors()) != 10 || d.Errors()[0].Error != "Missing conversation_id" || int64(*d.Errors()[0].Line) != 2 {
			t.Fatalf("%+v, %v", d, err)
		}
		if got := r.row(t, d.ID, `validated_at IS NOT NULL, total_training_pairs IS NULL, sample_data IS NULL`); got != "t t t" {
			t.Error(got)
		}
		if column && (d.ErrorMessage == nil || *d.ErrorMessage != "Found 21 validation error(s)") {
			t.Errorf("%v", d.ErrorMessage)
		}
		d, err = c.Upload(t.Context(), models.NewUpload{Path: nul}, nil) // text that jsonb does not take
		if err != nil || d.Status != models.DatasetReady || len(d.SampleData) > 4 {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	r.exec(t, `CREATE POLICY "may" ON notifications FOR INSERT WITH CHECK (auth.uid() = user_id)`)
	d, err := c.Upload(t.Context(), models.NewUpload{Path: fileOf(t, "good.jsonl", goodLine)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := r.pool.QueryRow(t.Context(), `SELECT concat_ws(' ', type, priority, title, action_url) FROM notifications WHERE user_id=$1`, user).Scan(&got); err != nil || got != "dataset_ready medium Dataset Ready /datasets/"+d.ID {
		t.Errorf("%q, %v", got, err)
	}
}

// A policy that ends in the middle is told, not tried for ever.
func TestStackUploadForbiddenMidway(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	c, _ := r.uploader(t, "alice@example.com", dir)
	path, _ := jsonlFile(t, "a.jsonl", 30<<20, 6)
	r.order(t, `{"rules":[{"kind":"bandwidth","bytes_per_second":60000000,"method":"PATCH"}]}`)
	_, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, once(7<<20, func() {
		r.exec(t, `DROP POLICY "Users can upload own LoRA dataset files" ON storage.objects`)
	}))
	wantError(t, err, models.CodeForbidden)
	wantNothingLeft(t, dir)
}

// What a user sees while it waits.
func TestStackUploadTellsWhy(t *testing.T) {
	r := newRig(t)
	c, _ := r.uploader(t, "alice@example.com", t.TempDir())
	path, sha := jsonlFile(t, "a.jsonl", 14<<20, 7)
	r.order(t, `{"rules":[{"kind":"bad_gateway","method":"PATCH","path":"/storage/v1/upload","skip":1,"count":3}]}`)
	var waits []models.UploadProgress
	d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, func(p models.UploadProgress) {
		if p.Stage == models.UploadWaiting {
			waits = append(waits, p)
			if pending, err := c.PendingUploads(t.Context()); err != nil || len(pending) != 1 || !pending[0].Active || pending[0].LastError == "" || pending[0].Sent != 6<<20 {
				t.Errorf("%+v, %v", pending, err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r.wantStored(t, d, sha)
	if len(waits) < 3 || waits[0].Retry <= 0 || waits[0].Done != 6<<20 || !strings.Contains(waits[0].Note, "502") || strings.Contains(waits[0].Note, "<") {
		t.Errorf("%+v", waits)
	}
}

// A machine that slept is told by its wall clock, a dead connection by the one
// that stands still.
func TestWatch(t *testing.T) {
	wall := time.Now()
	c := &Client{opts: Options{Now: func() time.Time { return wall }}}
	w := c.newWatch()
	wall = wall.Add(14 * time.Second)
	if err := w.look(1, false); err != nil {
		t.Error(err)
	}
	wall = wall.Add(16 * time.Second)
	if err := w.look(2, false); err != errWoke { //nolint:errorlint // exactly this
		t.Error(err)
	}
	if err := w.look(3, false); err != nil {
		t.Errorf("it woke twice: %v", err)
	}
	w.moved = w.moved.Add(-stallTime - time.Second)
	if err := w.look(3, true); err != nil {
		t.Errorf("all was sent: %v", err)
	}
	if err := w.look(3, false); err != errStalled { //nolint:errorlint // exactly this
		t.Error(err)
	}
	if err := w.look(4, false); err != nil {
		t.Error(err)
	}
}

// A sleep of the machine in the middle of a chunk ends the dead connection and
// goes on at once.
func TestStackUploadSleep(t *testing.T) {
	r := newRig(t)
	var jump atomic.Int64
	c, _ := r.uploader(t, "alice@example.com", t.TempDir(), func(o *Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
	})
	path, sha := jsonlFile(t, "a.jsonl", 14<<20, 8)
	r.order(t, `{"rules":[{"kind":"bandwidth","bytes_per_second":100000,"method":"PATCH","count":1}]}`) // a minute for the first chunk
	notes := map[string]bool{}
	d, err := c.Upload(t.Context(), models.NewUpload{Path: path, Unchecked: true}, func(p models.UploadProgress) {
		if p.Stage == models.UploadSending && p.Done > 0 {
			jump.CompareAndSwap(0, int64(20*time.Minute))
		}
		notes[p.Note] = true
	})
	if err != nil || !notes[errWoke.Error()] {
		t.Fatalf("%v, %v", err, notes)
	}
	r.wantStored(t, d, sha)
}
