package storage_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/token"
)

const (
	testSecret = "super-secret-jwt-token-with-at-least-32-characters"
	alice      = "a11ce000-0000-4000-8000-000000000001"
	bob        = "b0b00000-0000-4000-8000-000000000002"
)

type stack struct {
	t      testing.TB
	url    string
	dir    string
	pool   *pgxpool.Pool
	server *storage.Server
	now    time.Time

	far *far // nil: in this process
}

// newStack serves Storage on a database with our own buckets and policies, two
// users, and a bucket "box" with narrow limits where every signed-in user may all.
func newStack(t *testing.T) *stack {
	t.Helper()
	t.Parallel()
	return openStack(t)
}

func openStack(t testing.TB) *stack {
	t.Helper()
	s := &stack{t: t, pool: pgtest.New(t).Pool, dir: t.TempDir(), now: time.Now()}
	_, err := s.pool.Exec(context.Background(), `
	  INSERT INTO auth.users (id, email) VALUES ('`+alice+`', 'alice@example.com'), ('`+bob+`', 'bob@example.com');
	  INSERT INTO storage.buckets (id, name, file_size_limit, allowed_mime_types) VALUES ('box', 'box', 1000, ARRAY['text/*', 'application/json']);
	  INSERT INTO storage.buckets (id, name, public) VALUES ('open', 'open', true);
	  CREATE POLICY box ON storage.objects TO authenticated USING (bucket_id IN ('box', 'open')) WITH CHECK (bucket_id IN ('box', 'open'));`)
	if err != nil {
		t.Fatal(err)
	}
	s.server = storage.New(storage.Options{Pool: s.pool, Secret: []byte(testSecret), Dir: s.dir, Now: func() time.Time { return s.now }})
	srv := httptest.NewServer(s.server)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// as is the header of a user, of "anon" and "service_role", or none for "".
func (s *stack) as(who string) string {
	s.t.Helper()
	if who == "" {
		return ""
	}
	c := token.Claims{"role": "authenticated", "sub": who, "exp": s.now.Unix() + 3600}
	if who == "anon" || who == "service_role" {
		c = token.Claims{"role": who}
	}
	t, err := token.Sign([]byte(testSecret), c)
	if err != nil {
		s.t.Fatal(err)
	}
	return "Bearer " + t
}

type reply struct {
	status int
	header http.Header
	raw    []byte
}

// json decodes the body.
func (r reply) json(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(r.raw, v); err != nil {
		t.Fatalf("%v: %s", err, r.raw)
	}
}

func (r reply) code() string {
	var e struct{ Code, StatusCode string }
	_ = json.Unmarshal(r.raw, &e)
	return e.StatusCode + " " + e.Code
}

func (s *stack) call(who, method, path string, body any, headers ...string) reply {
	s.t.Helper()
	var in io.Reader
	kind, text := "", ""
	switch b := body.(type) {
	case nil:
	case string:
		in, kind, text = bytes.NewBufferString(b), "text/plain", b
	default:
		j, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		text = s.far.there(string(j))
		in, kind = strings.NewReader(text), "application/json"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, s.base()+s.far.path(path), in)
	if err != nil {
		s.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	auth := ""
	if s.far == nil {
		auth = s.as(who)
	} else {
		auth = s.far.as(who, path, s.far.back(text))
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], s.far.there(headers[i+1]))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, []byte(s.far.back(string(b)))}
}

// base is where the paths of Storage begin.
func (s *stack) base() string {
	if s.far == nil {
		return s.url
	}
	return s.url + "/storage/v1"
}

func (s *stack) ok(r reply) reply {
	s.t.Helper()
	if r.status != 200 {
		s.t.Fatalf("status %d: %s", r.status, r.raw)
	}
	return r
}

// refused wants HTTP 400 with the real status and the code inside.
func (s *stack) refused(r reply, code string) reply {
	s.t.Helper()
	if r.status != 400 || r.code() != code {
		s.t.Fatalf("want 400 around %q, got %d: %s", code, r.status, r.raw)
	}
	return r
}

type object map[string]any

func etag(s string) string {
	h := md5.Sum([]byte(s))
	return `"` + hex.EncodeToString(h[:]) + `"`
}

func TestUploadAndDownload(t *testing.T) { uploadAndDownload(t, newStack(t)) }

func uploadAndDownload(t *testing.T, s *stack) {
	const text = "hello, adapter"
	var made struct{ Key, ID string }
	s.ok(s.call(alice, "POST", "/object/box/a/b%20(1).txt", text, "Cache-Control", "max-age=60")).json(t, &made)
	if made.Key != "box/a/b (1).txt" || len(made.ID) != 36 {
		t.Errorf("made %+v", made)
	}
	for _, path := range []string{"/object/box/a/b%20(1).txt", "/object/authenticated/box/a/b%20(1).txt"} {
		r := s.ok(s.call(alice, "GET", path, nil))
		if string(r.raw) != text || r.header.Get("Etag") != etag(text) || r.header.Get("Content-Type") != "text/plain" ||
			r.header.Get("Cache-Control") != "max-age=60" || r.header.Get("Accept-Ranges") != "bytes" || r.header.Get("Last-Modified") == "" {
			t.Errorf("%s: %q %v", path, r.raw, r.header)
		}
	}
	h := s.ok(s.call(alice, "HEAD", "/object/box/a/b%20(1).txt", nil))
	if h.header.Get("Content-Length") != "14" || len(h.raw) != 0 {
		t.Errorf("HEAD: %v", h.header)
	}
	d := s.ok(s.call(alice, "GET", "/object/box/a/b%20(1).txt?download=x%20y.txt", nil))
	if got := d.header.Get("Content-Disposition"); got != "attachment; filename=x%20y.txt; filename*=UTF-8''x%20y.txt;" {
		t.Errorf("disposition %q", got)
	}
	if r := s.call(alice, "GET", "/object/box/a/b%20(1).txt", nil, "If-None-Match", etag(text)); r.status != 304 || len(r.raw) != 0 {
		t.Errorf("unchanged: %d %q", r.status, r.raw)
	}
}

func TestUpsertKeepsIdentity(t *testing.T) {
	s := newStack(t)
	type info struct {
		ID, Version, ETag, CreatedAt string
		Size                         int
		ContentType                  string `json:"content_type"`
	}
	read := func() (i info) {
		s.ok(s.call(alice, "GET", "/object/info/box/k", nil)).json(t, &i)
		return i
	}
	s.ok(s.call(alice, "PUT", "/object/box/k", "one")) // PUT creates
	before := read()
	s.refused(s.call(alice, "POST", "/object/box/k", "two"), "409 KeyAlreadyExists")
	s.ok(s.call(alice, "POST", "/object/box/k", "three", "X-Upsert", "true"))
	after := read()
	if after.ID != before.ID || after.CreatedAt != before.CreatedAt || after.Version == before.Version || after.ETag == before.ETag || after.Size != 5 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if r := s.ok(s.call(alice, "GET", "/object/box/k", nil)); string(r.raw) != "three" {
		t.Errorf("content %q", r.raw)
	}
	if n := len(files(t, s.dir)); n != 1 {
		t.Errorf("%d files on disk for one object", n)
	}
}

func TestMultipart(t *testing.T) {
	s := newStack(t)
	body := "--B\r\nContent-Disposition: form-data; name=\"\"; filename=\"f.json\"\r\nContent-Type: application/json\r\n\r\n{}\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"cacheControl\"\r\n\r\n3600\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"kind\":\"x\"}\r\n--B--\r\n"
	s.ok(s.call(alice, "POST", "/object/box/f.json", body, "Content-Type", "multipart/form-data; boundary=B"))
	var i struct {
		ContentType  string `json:"content_type"`
		CacheControl string `json:"cache_control"`
		Metadata     map[string]string
	}
	s.ok(s.call(alice, "GET", "/object/info/box/f.json", nil)).json(t, &i)
	if i.ContentType != "application/json" || i.CacheControl != "max-age=3600" || i.Metadata["kind"] != "x" {
		t.Errorf("info %+v", i)
	}
	s.refused(s.call(alice, "POST", "/object/box/g.json", "--B\r\nnonsense", "Content-Type", "multipart/form-data; boundary=B"), "400 InvalidRequest")
}

func TestLimits(t *testing.T) {
	s := newStack(t)
	long := string(bytes.Repeat([]byte("x"), 1001))
	s.refused(s.call(alice, "POST", "/object/box/long", long), "413 EntityTooLarge")
	s.refused(s.call(alice, "POST", "/object/box/long", io.NopCloser(nil), "Content-Type", "image/png"), "415 InvalidMimeType")
	s.refused(s.call(alice, "POST", "/object/box/caf%C3%A9", "x"), "400 InvalidKey")
	s.refused(s.call(alice, "POST", "/object/box/a%23b", "x"), "400 InvalidKey")
	s.refused(s.call(alice, "POST", "/object/box/a%00b", "x"), "400 InvalidKey")
	s.refused(s.call(alice, "POST", "/object/none/a", "x"), "404 NoSuchBucket")
	s.refused(s.call(alice, "GET", "/object/none/a", nil), "404 NoSuchBucket")
	s.refused(s.call(alice, "GET", "/object/box/a", nil), "404 NoSuchKey")
	if n := len(files(t, s.dir)); n != 0 {
		t.Errorf("%d files left by refused uploads", n)
	}
	s.ok(s.call(alice, "POST", "/object/box/full", long[:1000]))
}

func TestChunkedBodyOverTheLimit(t *testing.T) {
	s := newStack(t)
	req, err := http.NewRequestWithContext(context.Background(), "POST", s.url+"/object/box/k", io.MultiReader(bytes.NewReader(make([]byte, 2000)))) // no length known
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", s.as(alice))
	req.Header.Set("Content-Type", "text/plain")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	s.refused(reply{res.StatusCode, res.Header, b}, "413 EntityTooLarge")
	if n := len(files(t, s.dir)); n != 0 {
		t.Errorf("%d files left", n)
	}
}

func TestRanges(t *testing.T) { ranges(t, newStack(t)) }

func ranges(t *testing.T, s *stack) {
	s.ok(s.call(alice, "POST", "/object/box/r", "0123456789"))
	for h, want := range map[string][2]string{
		"bytes=0-3":    {"0123", "bytes 0-3/10"},
		"bytes=7-":     {"789", "bytes 7-9/10"},
		"bytes=-2":     {"89", "bytes 8-9/10"},
		"bytes=8-1000": {"89", "bytes 8-9/10"},
		"bytes=-99":    {"0123456789", "bytes 0-9/10"},
	} {
		r := s.call(alice, "GET", "/object/box/r", nil, "Range", h, "If-Match", `"stale"`, "If-Range", `"stale"`)
		if r.status != 206 || string(r.raw) != want[0] || r.header.Get("Content-Range") != want[1] {
			t.Errorf("%s: %d %q %q", h, r.status, r.raw, r.header.Get("Content-Range"))
		}
	}
	for _, h := range []string{"bytes=10-", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=", "bytes=-0"} {
		if r := s.call(alice, "GET", "/object/box/r", nil, "Range", h); r.status != 416 || r.code() != "416 InvalidRange" {
			t.Errorf("%s: %d %s", h, r.status, r.raw)
		}
	}
}

func TestTokens(t *testing.T) {
	s := newStack(t)
	r := s.refused(s.call("", "GET", "/object/box/x", nil), "400 InvalidRequest")
	if !bytes.Contains(r.raw, []byte("headers must have required property 'authorization'")) {
		t.Errorf("%s", r.raw)
	}
	old, err := token.Sign([]byte(testSecret), token.Claims{"role": "authenticated", "sub": alice, "exp": s.now.Unix() - 1})
	if err != nil {
		t.Fatal(err)
	}
	root, err := token.Sign([]byte(testSecret), token.Claims{"role": "postgres"})
	if err != nil {
		t.Fatal(err)
	}
	for tok, text := range map[string]string{old: `\"exp\" claim timestamp check failed`, "a.b": "Invalid Compact JWS",
		old[:len(old)-3] + "abc": "signature verification failed", root: "not permitted"} {
		r := s.refused(s.call("", "GET", "/object/box/x", nil, "Authorization", "Bearer "+tok), "403 AccessDenied")
		if !bytes.Contains(r.raw, []byte(text)) {
			t.Errorf("want %q in %s", text, r.raw)
		}
	}
	if r := s.call(alice, "GET", "/elsewhere", nil); r.status != 404 {
		t.Errorf("unknown route: %d", r.status)
	}
	if r := s.call(alice, "HEAD", "/object/box/x", nil); r.status != 400 || len(r.raw) != 0 {
		t.Errorf("HEAD of a missing object: %d %q", r.status, r.raw)
	}
}

func TestDatabaseDown(t *testing.T) {
	s := newStack(t)
	s.pool.Close()
	if r := s.call(alice, "GET", "/object/box/x", nil); r.status != 500 || r.code() != "500 InternalError" {
		t.Errorf("%d %s", r.status, r.raw)
	}
}
