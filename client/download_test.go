package client

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// depot serves one file with ranges, as Storage does: If-Range is ignored.
type depot struct {
	mu      sync.Mutex
	content []byte
	etag    string
	cut     int    // bytes after which a connection is dropped, 0: never
	onData  func() // before every reply with more than the first byte
	refuse  func(w http.ResponseWriter, r *http.Request) bool
}

func newDepot(size int) *depot {
	rng := rand.New(rand.NewPCG(1, uint64(size)))
	d := &depot{content: make([]byte, size)}
	for i := range d.content {
		d.content[i] = byte(rng.Uint32())
	}
	d.tag()
	return d
}

func (d *depot) tag() {
	sum := md5.Sum(d.content)
	d.etag = `"` + hex.EncodeToString(sum[:]) + `"`
}

func (d *depot) sha() string {
	sum := sha256.Sum256(d.content)
	return hex.EncodeToString(sum[:])
}

func (d *depot) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil && d.refuse(w, r) {
		return
	}
	from, to, status := 0, len(d.content)-1, 200
	if s, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		a, b, _ := strings.Cut(s, "-")
		from, _ = strconv.Atoi(a)
		if b != "" {
			to, _ = strconv.Atoi(b)
		}
		if from >= len(d.content) {
			reply(w, 416, `{"statusCode":"416","code":"InvalidRange","error":"InvalidRange","message":"invalid range"}`)
			return
		}
		status = 206
	}
	if (to > from || status == 200) && d.onData != nil {
		d.onData()
	}
	body := d.content[from : to+1]
	w.Header().Set("Etag", d.etag)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if status == 206 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(d.content)))
	}
	w.WriteHeader(status)
	if d.cut > 0 && len(body) > d.cut {
		_, _ = w.Write(body[:d.cut])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

func depotClient(t *testing.T, d *depot) (*Client, *fake) {
	f := newFake(t, d.serve)
	f.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	return signedIn(t, f), f
}

func fetch(t *testing.T, c *Client, dest string) (models.Downloaded, error) {
	t.Helper()
	last := models.Progress{}
	out, err := c.Download(context.Background(), models.Download{Bucket: "lora-models", Path: "lora-models/" + aliceID + "/x y/a#b.bin", Dest: dest},
		func(p models.Progress) {
			if p.Done < 0 || p.Total >= 0 && p.Done > p.Total {
				t.Errorf("progress %+v", p)
			}
			last = p
		})
	if err == nil && (last.Done != out.Bytes || last.Total != out.Bytes) {
		t.Errorf("last progress %+v of %d bytes", last, out.Bytes)
	}
	return out, err
}

func wantFile(t *testing.T, dest string, d *depot, out models.Downloaded, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	got, rerr := os.ReadFile(dest)
	if rerr != nil || !bytes.Equal(got, d.content) {
		t.Fatalf("%d bytes (%v), want %d equal ones", len(got), rerr, len(d.content))
	}
	if out.SHA256 != d.sha() || out.Bytes != int64(len(d.content)) || out.Path != dest {
		t.Errorf("%+v", out)
	}
	if left, _ := filepath.Glob(dest + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDownload(t *testing.T) {
	for _, size := range []int{0, 1, 1000, 3 << 20} {
		d := newDepot(size)
		c, f := depotClient(t, d)
		dest := filepath.Join(t.TempDir(), "new", "a.bin")
		out, err := fetch(t, c, dest)
		wantFile(t, dest, d, out, err)
		r := f.requests()[0]
		if want := "/storage/v1/object/authenticated/lora-models/" + aliceID + "/x y/a#b.bin"; r.path != want {
			t.Errorf("path %q, want %q", r.path, want)
		}
		if r.header.Get("Accept-Encoding") != "identity" {
			t.Error("a compressed reply has other ranges")
		}
		// there already, and the same
		n := len(f.requests())
		out, err = fetch(t, c, dest)
		wantFile(t, dest, d, out, err)
		if len(f.requests()) > n+2 {
			t.Error("it was downloaded again")
		}
	}
}

func TestDownloadIntoAFolder(t *testing.T) {
	d := newDepot(10)
	c, _ := depotClient(t, d)
	dir := t.TempDir()
	out, err := c.Download(context.Background(), models.Download{Path: aliceID + "/a.bin", Dest: dir}, nil)
	wantFile(t, filepath.Join(dir, "a.bin"), d, out, err)
	for _, path := range []string{"", "x/", "../a", "a//b", "a/..", "a/./b"} {
		if _, err := c.Download(context.Background(), models.Download{Path: path, Dest: dir}, nil); err == nil {
			t.Errorf("%q was taken", path)
		}
	}
	_, err = c.Download(context.Background(), models.Download{Path: "x/\x1b[2Jevil", Dest: dir}, nil)
	wantError(t, err, models.CodeInvalid)
}

func TestDownloadResumes(t *testing.T) {
	d := newDepot(1 << 20)
	d.cut = 300_000
	c, f := depotClient(t, d)
	dest := filepath.Join(t.TempDir(), "a.bin")
	out, err := fetch(t, c, dest)
	wantFile(t, dest, d, out, err)
	if n := len(f.requests()); n < 4 || n > 6 {
		t.Errorf("%d requests for 4 pieces", n)
	}
}

func TestDownloadResumesInAnotherProcess(t *testing.T) {
	for name, change := range map[string]func(*depot){
		"unchanged": func(*depot) {},
		"changed":   func(d *depot) { d.content[0]++; d.tag() },
		"longer":    func(d *depot) { d.content = append(d.content, 1, 2, 3); d.tag() },
		"shorter":   func(d *depot) { d.content = d.content[:100]; d.tag() },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDepot(1 << 20)
			d.cut = 400_000
			c, f := depotClient(t, d)
			dest := filepath.Join(t.TempDir(), "a.bin")
			ctx, cancel := context.WithCancel(context.Background())
			c.net.sleep = func(context.Context, time.Duration) error { cancel(); return context.Canceled }
			_, err := c.Download(ctx, models.Download{Path: aliceID + "/x y/a#b.bin", Dest: dest}, nil)
			wantError(t, err, models.CodeCanceled)
			if info, err := os.Stat(dest + ".part"); err != nil || info.Size() == 0 {
				t.Fatalf("no part: %v", err)
			}
			if _, err := os.Stat(dest); err == nil {
				t.Fatal("half a file under its name")
			}
			d.mu.Lock()
			d.cut = 0
			change(d)
			d.mu.Unlock()
			before := len(f.requests())
			c2 := signedIn(t, f)
			out, err := fetch(t, c2, dest)
			wantFile(t, dest, d, out, err)
			resumed := false
			for _, r := range f.requests()[before:] {
				rg := r.header.Get("Range")
				resumed = resumed || rg != "" && rg != "bytes=0-0"
			}
			if resumed != (name == "unchanged") {
				t.Errorf("resumed: %v", resumed)
			}
		})
	}
}

func TestDownloadOfAFileThatChangesMeanwhile(t *testing.T) {
	d := newDepot(1 << 20)
	d.cut = 300_000
	c, _ := depotClient(t, d)
	times := 0
	d.onData = func() {
		if times++; times == 2 { // before the resuming request is answered
			d.content = bytes.Clone(d.content)
			d.content[5] ^= 0xff
			d.tag()
		}
	}
	dest := filepath.Join(t.TempDir(), "a.bin")
	out, err := fetch(t, c, dest)
	wantFile(t, dest, d, out, err)
}

func TestDownloadNeverOverwrites(t *testing.T) {
	for name, tc := range map[string]struct {
		old  func(d *depot) []byte
		md5  bool
		good bool
	}{
		"other size":          {func(*depot) []byte { return []byte("mine") }, true, false},
		"same size":           {func(d *depot) []byte { return bytes.Repeat([]byte("m"), len(d.content)) }, true, false},
		"same, foreign etag":  {func(d *depot) []byte { return bytes.Clone(d.content) }, false, true},
		"other, foreign etag": {func(d *depot) []byte { return bytes.Repeat([]byte("m"), len(d.content)) }, false, false},
		"same, and known so":  {func(d *depot) []byte { return bytes.Clone(d.content) }, true, true},
	} {
		d := newDepot(5000)
		if !tc.md5 {
			d.etag = `"abc-7"`
		}
		c, _ := depotClient(t, d)
		dest := filepath.Join(t.TempDir(), "a.bin")
		old := tc.old(d)
		if err := os.WriteFile(dest, old, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := fetch(t, c, dest)
		if tc.good != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			wantError(t, err, models.CodeConflict)
		}
		if got, _ := os.ReadFile(dest); !bytes.Equal(got, old) {
			t.Errorf("%s: the file there was changed", name)
		}
		if left, _ := filepath.Glob(dest + ".*"); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

func TestDownloadRefusals(t *testing.T) {
	for body, code := range map[string]models.Code{
		`{"statusCode":"404","error":"not_found","message":"Object not found","code":"NoSuchKey"}`: models.CodeNotFound,
		`{"statusCode":"403","error":"Unauthorized","message":"no","code":"AccessDenied"}`:         models.CodeForbidden,
	} {
		d := newDepot(10)
		d.refuse = func(w http.ResponseWriter, _ *http.Request) bool { reply(w, 400, body); return true }
		c, f := depotClient(t, d)
		dest := filepath.Join(t.TempDir(), "a.bin")
		_, err := fetch(t, c, dest)
		wantError(t, err, code)
		if left, _ := filepath.Glob(dest + "*"); len(left) > 0 || len(f.requests()) != 1 {
			t.Errorf("left %v, %d requests", left, len(f.requests()))
		}
	}
}

func TestDownloadRenewsAnExpiredToken(t *testing.T) {
	d := newDepot(1000)
	var first string
	d.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			reply(w, 200, sessionJSON(aliceID, time.Hour, 2))
		case r.Header.Get("Authorization") == "Bearer "+first:
			reply(w, 400, `{"statusCode":"403","error":"Unauthorized","message":"\"exp\" claim timestamp check failed","code":"AccessDenied"}`)
		default:
			return false
		}
		return true
	}
	c, f := depotClient(t, d)
	s, _ := c.opts.Store.Load(context.Background())
	first = s.AccessToken
	dest := filepath.Join(t.TempDir(), "a.bin")
	out, err := fetch(t, c, dest)
	wantFile(t, dest, d, out, err)
	if f.count("/token") != 1 {
		t.Errorf("%d refreshes", f.count("/token"))
	}
}

func TestOneDownloadOfAFileAtATime(t *testing.T) {
	d := newDepot(1000)
	c, _ := depotClient(t, d)
	dest := filepath.Join(t.TempDir(), "a.bin")
	p, err := openPart(dest, source{"b", "k"}, version{`"x"`, 5})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	_, err = fetch(t, c, dest)
	wantError(t, err, models.CodeConflict)
}

func TestProgressIsThrottled(t *testing.T) {
	d := newDepot(8 << 20)
	c, _ := depotClient(t, d)
	start, n := time.Now(), 0
	_, err := c.Download(context.Background(), models.Download{Path: aliceID + "/a", Dest: filepath.Join(t.TempDir(), "a")}, func(models.Progress) { n++ })
	if err != nil {
		t.Fatal(err)
	}
	if limit := int(time.Since(start)/progressEvery) + 2; n > limit {
		t.Errorf("%d reports, at most %d are due", n, limit)
	}
}

func TestEmptyFileAnswers(t *testing.T) {
	d := newDepot(0)
	c, _ := depotClient(t, d)
	v, err := c.stat(context.Background(), source{"b", "k"})
	if err != nil || v.Total != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}
