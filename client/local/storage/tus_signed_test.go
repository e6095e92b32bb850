package storage_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/client/local/storage"
	"github.com/loratop/loratop/client/local/token"
)

const resumableSigned = resumable + "/sign"

// signUpload asks for a token that lets anybody write one key.
func (s *stack) signUpload(who, path string, headers ...string) []string {
	s.t.Helper()
	var signed struct{ Token string }
	s.ok(s.call(who, "POST", "/object/upload/sign/"+path, nil, headers...)).json(s.t, &signed)
	return []string{"X-Signature", signed.Token}
}

func TestResumableSigned(t *testing.T) {
	s := newStack(t)
	key := alice + "/signed.jsonl"
	md := []string{"Upload-Length", "4", "Upload-Metadata", meta("lora-datasets", key, jsonl)}
	sig := s.signUpload(alice, "lora-datasets/"+key)
	with := func(more ...string) []string { return append(append([]string{}, more...), sig...) }

	s.wantText(s.tus("", "POST", resumableSigned, "", md...), 400, "Missing x-signature header")
	s.wantText(s.tus("", "POST", resumableSigned, "", append(md, "X-Signature", "x.y.z")...), 400, "")
	download, err := token.Sign([]byte(testSecret), token.Claims{"url": "lora-datasets/" + key, "scope": "download", "exp": s.now.Unix() + 60})
	if err != nil {
		t.Fatal(err)
	}
	s.wantText(s.tus("", "POST", resumableSigned, "", append(md, "X-Signature", download)...), 400, "Invalid signature")
	s.wantText(s.tus("", "POST", resumableSigned, "", with("Upload-Length", "4", "Upload-Metadata", meta("lora-datasets", bob+"/x", jsonl))...), 400, "Invalid signature")
	s.refused(s.tus("", "POST", resumable, "", with(md...)...), "400 InvalidRequest") // only below /sign

	made := s.tus("", "POST", resumableSigned, "", with(md...)...)
	at, ok := strings.CutPrefix(made.header.Get("Location"), s.url+"/storage/v1")
	if made.status != 201 || !ok || !strings.HasPrefix(at, resumableSigned+"/") {
		t.Fatalf("create: %d %s %v", made.status, made.raw, made.header)
	}
	s.wantText(s.tus("", "PATCH", at, "{}", offset(0)...), 400, "Missing x-signature header")
	s.wantText(s.tus("", "PATCH", at, "{}", with(offset(0)...)...), 204, "")
	s.wantText(s.tus("", "HEAD", at, ""), 400, "")
	if h := s.wantText(s.tus("", "HEAD", at, "", sig...), 200, ""); h.header.Get("Upload-Offset") != "2" {
		t.Errorf("HEAD: %v", h.header)
	}
	other := s.signUpload(alice, "lora-datasets/"+alice+"/other.jsonl")
	s.wantText(s.tus("", "PATCH", at, "\n\n", append(offset(2), other...)...), 400, "Invalid signature")
	if r := s.wantText(s.tus("", "PATCH", at, "\n\n", with(offset(2)...)...), 204, ""); r.header.Get("Tus-Complete") != "1" {
		t.Errorf("end: %v", r.header)
	}
	if r := s.ok(s.call(alice, "GET", "/object/lora-datasets/"+key, nil)); string(r.raw) != "{}\n\n" {
		t.Errorf("content %q", r.raw)
	}
	var owner string
	if err := s.pool.QueryRow(context.Background(), `SELECT owner_id FROM storage.objects WHERE name = $1`, key).Scan(&owner); err != nil || owner != alice {
		t.Errorf("owner %q, %v", owner, err)
	}
	s.wantText(s.tus("", "POST", resumableSigned, "", with(md...)...), 409, "The resource already exists")
	sig = s.signUpload(alice, "lora-datasets/"+key, "X-Upsert", "true") // what was asked for when it was signed counts
	if r := s.tus("", "POST", resumableSigned, "new\n", with(md...)...); r.status != 201 || r.header.Get("Tus-Complete") != "1" {
		t.Errorf("over it: %d %s", r.status, r.raw)
	}
	s.now = s.now.Add(3 * time.Hour)
	s.wantText(s.tus("", "POST", resumableSigned, "", with(md...)...), 400, `"exp" claim timestamp check failed`)
}

func TestResumableTells(t *testing.T) {
	s := newStack(t)
	made := s.tus(alice, "POST", resumable, "", "Upload-Length", "4", "Upload-Metadata", meta("box", "k", "text/plain"))
	at := strings.TrimPrefix(made.header.Get("Location"), s.url+"/storage/v1")
	want := s.now.Add(24 * time.Hour)
	for name, r := range map[string]reply{"POST": made, "PATCH": s.tus(alice, "PATCH", at, "ab", offset(0)...)} {
		got, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", r.header.Get("Upload-Expires"))
		if d := want.Sub(got); err != nil || d < 0 || d > time.Minute {
			t.Errorf("%s: expires %q, %v", name, r.header.Get("Upload-Expires"), err)
		}
	}
	old := s.as(alice)
	s.now = s.now.Add(2 * time.Hour) // the token is over
	if r := s.tus("", "HEAD", at, "", "Authorization", old); r.status != 400 || len(r.raw) != 0 {
		t.Errorf("HEAD with an expired token: %d %q", r.status, r.raw)
	}
	s.refused(s.tus("", "PATCH", at, "cd", append(offset(2), "Authorization", old)...), "403 AccessDenied")
	s.wantText(s.tus("anon", "HEAD", at, ""), 200, "")
	if r := s.tus(alice, "PATCH", at, "cd", offset(2)...); r.header.Get("Upload-Expires") != "" || r.header.Get("Tus-Complete") != "1" {
		t.Errorf("what is whole expires: %v", r.header)
	}
	later := s.tus(alice, "POST", resumable, "", "Upload-Defer-Length", "1", "Upload-Metadata", meta("box", "l", "text/plain"))
	lat := strings.TrimPrefix(later.header.Get("Location"), s.url+"/storage/v1")
	s.wantText(s.tus(alice, "PATCH", lat, "x", "Upload-Offset", "0", "Upload-Length", "1001"), 413, "Maximum size exceeded")
	s.now = s.now.Add(25 * time.Hour)
	s.wantText(s.tus(alice, "HEAD", lat, ""), 404, "") // even before anything sweeps
	s.wantText(s.tus(alice, "PATCH", lat, "x", offset(0)...), 404, "The file for this url was not found")
}

func TestResumableDatabaseDown(t *testing.T) {
	s := newStack(t)
	at := s.createUpload(alice, "k", 4)
	s.pool.Close()
	s.wantText(s.tus(alice, "PATCH", at, "ab", offset(0)...), 500, "Something went wrong with that request")
	s.wantText(s.tus(alice, "POST", resumable, "", "Upload-Length", "4", "Upload-Metadata", meta("box", "k", "text/plain")), 500, "Something went wrong with that request")
}

// TestSweep: contents without a row go at the next start, all others stay.
func TestSweep(t *testing.T) {
	s := newStack(t)
	s.ok(s.call(alice, "POST", "/object/box/kept", "kept"))
	s.ok(s.call(alice, "POST", "/object/box/lost", "lost"))
	if _, err := s.pool.Exec(context.Background(), `DELETE FROM storage.objects WHERE name = 'lost'`); err != nil {
		t.Fatal(err)
	}
	half := uuid.NewString() // written, and killed before the row
	dir := filepath.Join(s.dir, "objects", half[:2])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, half), filepath.Join(s.dir, "objects", "README")} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := storage.New(storage.Options{Pool: s.pool, Secret: []byte(testSecret), Dir: s.dir})
	if n, err := again.Sweep(context.Background()); n != 2 || err != nil {
		t.Errorf("%d removed, %v", n, err)
	}
	if r := s.ok(s.call(alice, "GET", "/object/box/kept", nil)); string(r.raw) != "kept" {
		t.Errorf("%q", r.raw)
	}
	if n := len(files(t, filepath.Join(s.dir, "objects"))); n != 2 {
		t.Errorf("%d files, want the kept one and the stranger", n)
	}
	if n, err := storage.New(storage.Options{Pool: s.pool, Dir: filepath.Join(s.dir, "none")}).Sweep(context.Background()); n != 0 || err != nil {
		t.Errorf("no folder: %d, %v", n, err)
	}
}
