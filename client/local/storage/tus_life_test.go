package storage_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/storage"
)

// An upload that nobody goes on with is forgotten after a day, with the next
// one that begins; its bytes go with it.
func TestResumableExpiry(t *testing.T) {
	s := newStack(t)
	old := s.createUpload(alice, "old", 10)
	s.wantText(s.tus(alice, "PATCH", old, "12345", offset(0)...), 204, "")
	s.now = s.now.Add(23 * time.Hour)
	s.createUpload(alice, "meanwhile", 10)
	if h := s.wantText(s.tus(alice, "HEAD", old, ""), 200, ""); h.header.Get("Upload-Offset") != "5" {
		t.Errorf("before a day is over: %v", h.header)
	}
	s.now = s.now.Add(2 * time.Hour)
	s.createUpload(alice, "new", 10)
	s.wantText(s.tus(alice, "HEAD", old, ""), 404, "")
	s.wantText(s.tus(alice, "PATCH", old, "67890", offset(5)...), 404, "")
	if n := len(files(t, filepath.Join(s.dir, "uploads"))); n != 4 {
		t.Errorf("%d files, want two of each that is not a day old", n)
	}
}

// An upload has one writer: who asks while another is stuck takes over, and
// what the other sends after that does not count.
func TestResumableOneWriter(t *testing.T) {
	s := newStack(t)
	at := s.createUpload(alice, "one", 900)
	pr, pw := io.Pipe()
	defer pw.Close()
	req, err := http.NewRequestWithContext(context.Background(), "PATCH", s.url+at, pr)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Authorization": s.as(alice), "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} {
		req.Header.Set(k, v)
	}
	stuck := make(chan struct{})
	go func() {
		defer close(stuck)
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	if _, err := pw.Write(bytes.Repeat([]byte("x"), 100)); err != nil {
		t.Fatal(err)
	}
	s.waitStored(100)
	if head := s.tus(alice, "HEAD", at, ""); head.status != 200 || head.header.Get("Upload-Offset") != "100" {
		t.Fatalf("HEAD beside a stuck writer: %d %v", head.status, head.header)
	}
	s.wantText(s.tus(alice, "PATCH", at, strings.Repeat("y", 800), offset(100)...), 204, "")
	_ = pw.CloseWithError(io.ErrUnexpectedEOF)
	<-stuck
	want := strings.Repeat("x", 100) + strings.Repeat("y", 800)
	if r := s.ok(s.call(alice, "GET", "/object/box/one", nil)); string(r.raw) != want {
		t.Errorf("%d bytes of another kind", len(r.raw))
	}
}

// A server that died in the middle is replaced by another over the same
// folder: the upload goes on where the bytes end.
func TestResumableSurvivesTheServer(t *testing.T) {
	s := newStack(t)
	at := s.createUpload(alice, "long", 10)
	s.wantText(s.tus(alice, "PATCH", at, "01234", offset(0)...), 204, "")
	s.url = openStackOver(s).url
	if h := s.wantText(s.tus(alice, "HEAD", at, ""), 200, ""); h.header.Get("Upload-Offset") != "5" {
		t.Errorf("HEAD: %v", h.header)
	}
	s.wantText(s.tus(alice, "PATCH", at, "56789", offset(5)...), 204, "")
	if r := s.ok(s.call(alice, "GET", "/object/box/long", nil)); string(r.raw) != "0123456789" {
		t.Errorf("%q", r.raw)
	}
}

// openStackOver is another server over the folder and the database of s.
func openStackOver(s *stack) *stack {
	s.t.Helper()
	other := *s
	other.server = storage.New(storage.Options{Pool: s.pool, Secret: []byte(testSecret), Dir: s.dir, Now: func() time.Time { return s.now }})
	srv := httptest.NewServer(other.server)
	s.t.Cleanup(srv.Close)
	other.url = srv.URL
	return &other
}
