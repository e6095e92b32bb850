package storage_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const resumable = "/upload/resumable"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func meta(bucket, key, mime string) string {
	return "bucketName " + b64(bucket) + ",objectName " + b64(key) + ",contentType " + b64(mime) + ",cacheControl " + b64("60")
}

// tus sends a request of the protocol; no text/plain content type sneaks in.
func (s *stack) tus(who, method, path, body string, headers ...string) reply {
	s.t.Helper()
	h := append([]string{"Tus-Resumable", "1.0.0", "Content-Type", "application/offset+octet-stream"}, headers...)
	if method == "PATCH" || body != "" {
		return s.call(who, method, path, body, h...)
	}
	return s.call(who, method, path, nil, h...)
}

func (s *stack) createUpload(who, key string, size int, headers ...string) string {
	s.t.Helper()
	h := append([]string{"Upload-Length", strconv.Itoa(size), "Upload-Metadata", meta("box", key, "text/plain")}, headers...)
	r := s.tus(who, "POST", resumable, "", h...)
	loc := r.header.Get("Location")
	if r.status != 201 || !strings.HasPrefix(loc, s.url+"/storage/v1"+resumable+"/") {
		s.t.Fatalf("create: %d %s, location %q", r.status, r.raw, loc)
	}
	return strings.TrimPrefix(loc, s.url+"/storage/v1")
}

func (s *stack) wantText(r reply, status int, text string) reply {
	s.t.Helper()
	if r.status != status || !strings.HasPrefix(string(r.raw), text) || strings.Contains(string(r.raw), "ERR_") {
		s.t.Errorf("want %d %q, got %d %q", status, text, r.status, r.raw)
	}
	return r
}

func offset(n int) []string { return []string{"Upload-Offset", strconv.Itoa(n)} }

func TestResumableUpload(t *testing.T) { resumableUpload(t, newStack(t)) }

func resumableUpload(t *testing.T, s *stack) {
	at := s.createUpload(alice, "big.txt", 10)
	r := s.wantText(s.tus(alice, "PATCH", at, "0123", offset(0)...), 204, "")
	if r.header.Get("Upload-Offset") != "4" || r.header.Get("Tus-Complete") != "" {
		t.Errorf("after 4: %v", r.header)
	}
	s.refused(s.call(alice, "GET", "/object/box/big.txt", nil), "404 NoSuchKey")
	s.wantText(s.tus(alice, "PATCH", at, "x", offset(0)...), 409, "Upload-Offset conflict")
	s.wantText(s.tus(alice, "PATCH", at, "4567890", offset(4)...), 413, "upload's size exceeded")
	h := s.wantText(s.tus(bob, "HEAD", at, ""), 200, "") // not checked against the policies
	if h.header.Get("Upload-Offset") != "4" || h.header.Get("Upload-Length") != "10" || h.header.Get("Cache-Control") != "no-store" || h.header.Get("Upload-Metadata") == "" {
		t.Errorf("HEAD: %v", h.header)
	}
	if r := s.wantText(s.tus(alice, "PATCH", at, "456789", offset(4)...), 204, ""); r.header.Get("Tus-Complete") != "1" || r.header.Get("Upload-Offset") != "10" {
		t.Errorf("end: %v", r.header)
	}
	got := s.ok(s.call(alice, "GET", "/object/box/big.txt", nil))
	if string(got.raw) != "0123456789" || got.header.Get("Etag") != etag("0123456789") || got.header.Get("Cache-Control") != "max-age=60" {
		t.Errorf("object: %q %v", got.raw, got.header)
	}
	if h := s.wantText(s.tus(alice, "HEAD", at, ""), 200, ""); h.header.Get("Upload-Offset") != "10" {
		t.Errorf("HEAD after the end: %v", h.header)
	}
	s.wantText(s.tus(alice, "PATCH", at, "", offset(10)...), 409, "The resource already exists")
	s.wantText(s.tus(alice, "DELETE", at, ""), 409, "The resource already exists")
}

func TestResumableRefusals(t *testing.T) { resumableRefusals(t, newStack(t)) }

func resumableRefusals(t *testing.T, s *stack) {
	s.ok(s.call(alice, "POST", "/object/box/there", "x"))
	post := func(who, bucket, key, mime string, size int, more ...string) reply {
		h := append([]string{"Upload-Length", strconv.Itoa(size), "Upload-Metadata", meta(bucket, key, mime)}, more...)
		return s.tus(who, "POST", resumable, "", h...)
	}
	s.wantText(post(alice, "box", "k", "text/plain", 1001), 413, "Maximum size exceeded")
	s.wantText(post(alice, "box", "k", "image/png", 10), 415, "mime type image/png is not supported")
	s.wantText(post(alice, "none", "k", "text/plain", 10), 404, "Bucket not found")
	s.wantText(post(alice, "box", "é", "text/plain", 10), 400, "Invalid key")
	s.wantText(post("anon", "box", "k", "text/plain", 10), 403, "new row violates row-level security policy")
	s.wantText(post(alice, "box", "there", "text/plain", 10), 409, "The resource already exists")
	s.wantText(s.tus(alice, "POST", resumable, "", "Upload-Length", "1"), 400, "")
	s.wantText(s.tus(alice, "POST", resumable, "", "Upload-Length", "1", "Upload-Metadata", "bucketName %%"), 400, "")
	s.wantText(s.tus(alice, "POST", resumable, "", "Upload-Metadata", meta("box", "k", "text/plain")), 400, "")
	s.wantText(s.call(alice, "POST", resumable, nil), 412, "Tus-Resumable Required")
	s.wantText(s.tus(alice, "POST", resumable, "", "Tus-Resumable", "2.0.0"), 400, "")
	s.refused(s.tus("", "POST", resumable, ""), "400 InvalidRequest")
	s.wantText(s.tus(alice, "HEAD", resumable+"/garbage", ""), 400, "")

	at := s.createUpload(alice, "k", 10)
	s.wantText(s.tus(alice, "PATCH", at, "x"), 403, "Upload-Offset header required")
	s.wantText(s.tus(alice, "PATCH", at, "x", "Upload-Offset", "0", "Content-Type", "text/plain"), 400, "Invalid content-type")
	s.wantText(s.tus("anon", "PATCH", at, "x", offset(0)...), 403, "new row violates row-level security policy")
	s.wantText(s.tus(alice, "DELETE", at, ""), 204, "")
	s.wantText(s.tus(alice, "HEAD", at, ""), 404, "")
	s.wantText(s.tus(alice, "PATCH", at, "x", offset(0)...), 404, "The file for this url was not found")
	o := s.call("", "OPTIONS", resumable, nil)
	if o.status != 204 || o.header.Get("Tus-Version") != "1.0.0" || !strings.Contains(o.header.Get("Tus-Extension"), "creation-defer-length,termination,expiration") {
		t.Errorf("OPTIONS: %d %v", o.status, o.header)
	}
}

func TestResumableUpsertIsAskedEachTime(t *testing.T) { resumableUpsert(t, newStack(t)) }

func resumableUpsert(t *testing.T, s *stack) {
	s.ok(s.call(alice, "POST", "/object/box/k", "old"))
	at := s.createUpload(alice, "k", 3, "X-Upsert", "true")
	s.wantText(s.tus(alice, "PATCH", at, "new", offset(0)...), 409, "The resource already exists")
	s.wantText(s.tus(alice, "PATCH", at, "new", "Upload-Offset", "0", "X-Upsert", "true"), 204, "")
	if r := s.ok(s.call(alice, "GET", "/object/box/k", nil)); string(r.raw) != "new" {
		t.Errorf("%q", r.raw)
	}
}

func TestResumableForms(t *testing.T) { resumableForms(t, newStack(t)) }

func resumableForms(t *testing.T, s *stack) {
	zero := s.tus(alice, "POST", resumable, "", "Upload-Length", "0", "Upload-Metadata", meta("box", "zero", "text/plain"))
	if zero.status != 201 || zero.header.Get("Tus-Complete") != "1" {
		t.Errorf("empty: %d %v", zero.status, zero.header)
	}
	s.ok(s.call(alice, "GET", "/object/box/zero", nil))
	body := s.tus(alice, "POST", resumable, "hello", "Upload-Length", "5", "Upload-Metadata", meta("box", "at-once", "text/plain"))
	if body.status != 201 || body.header.Get("Upload-Offset") != "5" || body.header.Get("Tus-Complete") != "1" {
		t.Errorf("with upload: %d %v %s", body.status, body.header, body.raw)
	}
	later := s.tus(alice, "POST", resumable, "", "Upload-Defer-Length", "1", "Upload-Metadata", meta("box", strings.Repeat("long/", 60)+"k", "text/plain"))
	at := strings.TrimPrefix(later.header.Get("Location"), s.url+"/storage/v1")
	s.wantText(s.tus(alice, "PATCH", at, "hello", "Upload-Offset", "0", "Upload-Length", "5"), 204, "")
	if r := s.ok(s.call(alice, "GET", "/object/box/"+strings.Repeat("long/", 60)+"k", nil)); string(r.raw) != "hello" {
		t.Errorf("%q", r.raw)
	}
}

// TestResumableCutBody breaks the connection in the middle of a PATCH: what
// arrived counts.
func TestResumableCutBody(t *testing.T) {
	s := newStack(t)
	at := s.createUpload(alice, "cut", 900)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pr, pw := io.Pipe()
	req, err := http.NewRequestWithContext(ctx, "PATCH", s.url+at, pr)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Authorization": s.as(alice), "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} {
		req.Header.Set(k, v)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
	}()
	if _, err := pw.Write(bytes.Repeat([]byte("x"), 300)); err != nil {
		t.Fatal(err)
	}
	s.waitStored(300)
	cancel()
	_ = pw.CloseWithError(context.Canceled)
	<-done
	if h := s.wantText(s.tus(alice, "HEAD", at, ""), 200, ""); h.header.Get("Upload-Offset") != "300" {
		t.Errorf("offset %q", h.header.Get("Upload-Offset"))
	}
	s.wantText(s.tus(alice, "PATCH", at, strings.Repeat("y", 600), offset(300)...), 204, "")
	if r := s.ok(s.call(alice, "GET", "/object/box/cut", nil)); len(r.raw) != 900 {
		t.Errorf("%d bytes", len(r.raw))
	}
}

// waitStored waits until an unfinished upload has so many bytes on disk.
func (s *stack) waitStored(n int64) {
	s.t.Helper()
	stored := func() bool {
		for _, f := range files(s.t, filepath.Join(s.dir, "uploads")) {
			if st, err := os.Stat(f); err == nil && st.Size() == n {
				return true
			}
		}
		return false
	}
	for deadline := time.Now().Add(2 * time.Minute); !stored(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("the bytes never reached the disk")
		}
	}
}
