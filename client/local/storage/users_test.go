package storage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// files are the contents on disk.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const jsonl = "application/x-jsonlines"

// TestTwoUsersAndNobody walks all verbs over our own buckets as the owner, as
// another user and as nobody.
func TestTwoUsersAndNobody(t *testing.T) {
	s := newStack(t)
	mine := "/lora-datasets/" + alice + "/d/train.jsonl"
	key := strings.TrimPrefix(mine, "/lora-datasets/")
	s.ok(s.call(alice, "POST", "/object"+mine, "{}", "Content-Type", jsonl))
	s.ok(s.call(alice, "POST", "/object"+mine, "{} ", "Content-Type", jsonl, "X-Upsert", "true"))
	for _, who := range []string{bob, "anon"} {
		s.refused(s.call(who, "POST", "/object/lora-datasets/"+alice+"/d/other.jsonl", "{}", "Content-Type", jsonl), "403 AccessDenied")
		s.refused(s.call(who, "POST", "/object"+mine, "{}", "Content-Type", jsonl, "X-Upsert", "true"), "403 AccessDenied")
		s.refused(s.call(who, "GET", "/object"+mine, nil), "404 NoSuchKey")
		s.refused(s.call(who, "GET", "/object/info"+mine, nil), "404 NoSuchKey")
		s.refused(s.call(who, "POST", "/object/sign"+mine, object{"expiresIn": 60}), "404 NoSuchKey")
		s.refused(s.call(who, "DELETE", "/object"+mine, nil), "403 AccessDenied")
		s.refused(s.call(who, "POST", "/object/move", object{"bucketId": "lora-datasets", "sourceKey": key, "destinationKey": who + "/x"}), "404 NoSuchKey")
		s.refused(s.call(who, "POST", "/object/copy", object{"bucketId": "lora-datasets", "sourceKey": key, "destinationKey": who + "/x"}), "404 NoSuchKey")
		for _, q := range []reply{s.call(who, "POST", "/object/list/lora-datasets", object{"prefix": alice + "/d"}),
			s.call(who, "DELETE", "/object/lora-datasets", object{"prefixes": []string{key}})} {
			if s.ok(q); string(q.raw) != "[]" {
				t.Errorf("%s sees or deletes: %s", who, q.raw)
			}
		}
	}
	s.refused(s.call("", "GET", "/object"+mine, nil), "400 InvalidRequest")
	if r := s.ok(s.call(alice, "GET", "/object"+mine, nil)); string(r.raw) != "{} " {
		t.Errorf("content %q", r.raw)
	}
	s.ok(s.call("service_role", "GET", "/object"+mine, nil))
	s.ok(s.call(alice, "DELETE", "/object"+mine, nil))
	s.refused(s.call(alice, "DELETE", "/object"+mine, nil), "404 NoSuchKey")
}

func TestModelsAreReadOnly(t *testing.T) {
	s := newStack(t)
	key := alice + "/m/adapter_config.json"
	if err := s.server.Put(context.Background(), "lora-models", key, "application/json", alice, strings.NewReader("{}")); err != nil {
		t.Fatal(err)
	}
	s.ok(s.call(alice, "GET", "/object/lora-models/"+key, nil))
	s.refused(s.call(bob, "GET", "/object/lora-models/"+key, nil), "404 NoSuchKey")
	s.refused(s.call(alice, "POST", "/object/lora-models/"+alice+"/m/x", object{}), "403 AccessDenied")
	s.refused(s.call(alice, "PUT", "/object/lora-models/"+key, object{}), "403 AccessDenied")
	s.refused(s.call(alice, "DELETE", "/object/lora-models/"+key, nil), "403 AccessDenied")
	f, err := s.server.Open(context.Background(), "lora-models", key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if b, err := io.ReadAll(f); err != nil || string(b) != "{}" {
		t.Errorf("%q %v", b, err)
	}
}

func TestList(t *testing.T) {
	s := newStack(t)
	for i, k := range []string{"p/b.txt", "p/a.txt", "p/deep/x/y.txt", "p/deep/z.txt", "p/100%25.txt", "q.txt"} {
		if k == "p/100%25.txt" {
			k = "p/Cc.txt"
		}
		s.ok(s.call(alice, "POST", "/object/box/"+k, strings.Repeat("x", i)))
	}
	list := func(body object) string {
		var out []struct {
			Name     string
			ID       *string
			Metadata map[string]any
		}
		s.ok(s.call(alice, "POST", "/object/list/box", body)).json(t, &out)
		var names []string
		for _, o := range out {
			if (o.ID == nil) != (o.Metadata == nil) {
				t.Errorf("%s: id %v, metadata %v", o.Name, o.ID, o.Metadata)
			}
			if o.ID == nil {
				o.Name += "/"
			} else if o.Metadata["eTag"] == nil || o.Metadata["mimetype"] != "text/plain" || o.Metadata["size"] != o.Metadata["contentLength"] {
				t.Errorf("%s: %v", o.Name, o.Metadata)
			}
			names = append(names, o.Name)
		}
		return strings.Join(names, " ")
	}
	for want, body := range map[string]object{
		"p/ q.txt":                 {"prefix": ""},
		"deep/ Cc.txt a.txt b.txt": {"prefix": "p"},
		"x/ z.txt":                 {"prefix": "p/deep/"},
		"a.txt":                    {"prefix": "p", "search": "A"},
		"Cc.txt a.txt":             {"prefix": "p", "limit": 2, "offset": 1},
		"deep/ b.txt a.txt Cc.txt": {"prefix": "p", "sortBy": object{"column": "name", "order": "desc"}},
		"":                         {"prefix": "nowhere"},
		"deep/ ":                   {"prefix": "p", "search": "deep"},
	} {
		if got := list(body); got != strings.TrimSpace(want) {
			t.Errorf("%v: got %q, want %q", body, got, want)
		}
	}
	s.refused(s.call(alice, "POST", "/object/list/box", object{}), "400 InvalidRequest")
	s.refused(s.call(alice, "POST", "/object/list/box", object{"prefix": "", "sortBy": object{"column": "1; drop table x"}}), "400 InvalidRequest")
	if r := s.ok(s.call(alice, "POST", "/object/list/none", object{"prefix": ""})); string(r.raw) != "[]" {
		t.Errorf("missing bucket: %s", r.raw)
	}
}

func TestMoveCopyDelete(t *testing.T) {
	s := newStack(t)
	s.ok(s.call(alice, "POST", "/object/box/a", "A"))
	s.ok(s.call(alice, "POST", "/object/box/b", "B"))
	body := func(from, to string) object {
		return object{"bucketId": "box", "sourceKey": from, "destinationKey": to}
	}
	s.refused(s.call(alice, "POST", "/object/move", body("a", "b")), "409 ResourceAlreadyExists")
	s.refused(s.call(alice, "POST", "/object/copy", body("a", "b")), "409 KeyAlreadyExists")
	s.refused(s.call(alice, "POST", "/object/move", body("none", "x")), "404 NoSuchKey")
	s.refused(s.call(alice, "POST", "/object/move", body("a", "é")), "400 InvalidKey")
	s.ok(s.call(alice, "POST", "/object/move", body("a", "dir/c")))
	var made map[string]any
	s.ok(s.call(alice, "POST", "/object/copy", body("dir/c", "d"))).json(t, &made)
	if made["Key"] != "box/d" || made["Id"] == nil || made["name"] != "d" {
		t.Errorf("copy: %v", made)
	}
	for k, want := range map[string]string{"dir/c": "A", "d": "A", "b": "B"} {
		if r := s.ok(s.call(alice, "GET", "/object/box/"+k, nil)); string(r.raw) != want {
			t.Errorf("%s: %q", k, r.raw)
		}
	}
	s.refused(s.call(alice, "GET", "/object/box/a", nil), "404 NoSuchKey")
	var gone []struct{ Name string }
	s.ok(s.call(alice, "DELETE", "/object/box", object{"prefixes": []string{"b", "d", "none"}})).json(t, &gone)
	if len(gone) != 2 {
		t.Errorf("deleted %v", gone)
	}
	s.refused(s.call(alice, "DELETE", "/object/box", object{"prefixes": []string{}}), "400 InvalidRequest")
	s.refused(s.call(alice, "DELETE", "/object/box/dir/c", nil, "Content-Type", "application/json"), "400 InvalidRequest")
	if n := len(files(t, s.dir)); n != 1 {
		t.Errorf("%d files, want the one of dir/c", n)
	}
}

// TestUpsertsAtATime leaves the content of one writer, and no other file.
func TestUpsertsAtATime(t *testing.T) {
	s := newStack(t)
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() {
			errs[i] = s.server.Put(context.Background(), "box", "same", "text/plain", alice, strings.NewReader(fmt.Sprint("writer ", i)))
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if r := s.ok(s.call(alice, "GET", "/object/box/same", nil)); r.header.Get("Etag") != etag(string(r.raw)) {
		t.Errorf("content %q, etag %s", r.raw, r.header.Get("Etag"))
	}
	if n := len(files(t, s.dir)); n != 1 {
		t.Errorf("%d files for one object", n)
	}
}

func TestSignedDownload(t *testing.T) {
	s := newStack(t)
	s.ok(s.call(alice, "POST", "/object/box/a%20b", "secret"))
	s.ok(s.call(alice, "POST", "/object/box/c", "other"))
	var one struct{ SignedURL string }
	s.refused(s.call(alice, "POST", "/object/sign/box/a%20b", object{"expiresIn": 0}), "400 InvalidRequest")
	s.ok(s.call(alice, "POST", "/object/sign/box/a%20b", object{"expiresIn": 60})).json(t, &one)
	if !strings.HasPrefix(one.SignedURL, "/object/sign/box/a b?token=") {
		t.Fatalf("the url is not escaped: %q", one.SignedURL)
	}
	one.SignedURL = strings.Replace(one.SignedURL, " ", "%20", 1)
	r := s.call("", "GET", one.SignedURL+"&download=x", nil, "Range", "bytes=0-2")
	if r.status != 206 || string(r.raw) != "sec" || !strings.Contains(r.header.Get("Content-Disposition"), "filename=x") {
		t.Errorf("signed: %d %q %v", r.status, r.raw, r.header)
	}
	s.ok(s.call("", "HEAD", one.SignedURL, nil))
	tok := one.SignedURL[strings.Index(one.SignedURL, "?"):]
	s.refused(s.call("", "GET", "/object/sign/box/c"+tok, nil), "400 InvalidSignature")
	s.refused(s.call("", "PUT", "/object/upload/sign/box/a%20b"+tok, "x"), "400 InvalidSignature")
	s.refused(s.call("", "GET", "/object/sign/box/c?token=x", nil), "400 InvalidJWT")
	s.now = s.now.Add(61e9)
	s.refused(s.call("", "GET", one.SignedURL, nil), "400 InvalidJWT")

	var many []struct {
		Error     *string
		Path      string
		SignedURL *string
	}
	s.ok(s.call(alice, "POST", "/object/sign/box", object{"expiresIn": 60, "paths": []string{"c", "none"}})).json(t, &many)
	if len(many) != 2 || many[0].SignedURL == nil || many[0].Error != nil || many[1].SignedURL != nil || many[1].Error == nil {
		t.Errorf("many: %+v", many)
	}
}

func TestSignedUpload(t *testing.T) {
	s := newStack(t)
	path := "/lora-datasets/" + alice + "/f.jsonl"
	var signed struct{ URL, Token string }
	s.refused(s.call(bob, "POST", "/object/upload/sign"+path, nil), "403 AccessDenied")
	s.ok(s.call(alice, "POST", "/object/upload/sign"+path, nil)).json(t, &signed)
	s.ok(s.call("", "PUT", signed.URL, "{}", "Content-Type", jsonl))
	s.refused(s.call("", "PUT", signed.URL, "{}", "Content-Type", jsonl), "409 KeyAlreadyExists")
	if r := s.ok(s.call(alice, "GET", "/object"+path, nil)); string(r.raw) != "{}" {
		t.Errorf("%q", r.raw)
	}
	var owner string
	if err := s.pool.QueryRow(context.Background(), `SELECT owner_id FROM storage.objects WHERE name LIKE '%f.jsonl'`).Scan(&owner); err != nil || owner != alice {
		t.Errorf("owner %q, %v", owner, err)
	}
}

func TestBuckets(t *testing.T) {
	s := newStack(t)
	if r := s.ok(s.call(alice, "GET", "/bucket", nil)); string(r.raw) != "[]" {
		t.Errorf("no policy shows buckets to users: %s", r.raw)
	}
	s.refused(s.call(alice, "GET", "/bucket/box", nil), "404 NoSuchBucket")
	s.refused(s.call(alice, "POST", "/bucket", object{"id": "mine"}), "403 AccessDenied")
	s.ok(s.call("service_role", "POST", "/bucket", object{"id": "new", "name": "new", "file_size_limit": "1KB", "allowed_mime_types": []string{"text/*"}}))
	s.refused(s.call("service_role", "POST", "/bucket", object{"id": "new"}), "409 BucketAlreadyExists")
	var b struct {
		ID        string
		Public    bool
		SizeLimit int      `json:"file_size_limit"`
		MIMEs     []string `json:"allowed_mime_types"`
	}
	s.ok(s.call("service_role", "GET", "/bucket/new", nil)).json(t, &b)
	if b.SizeLimit != 1000 || fmt.Sprint(b.MIMEs) != "[text/*]" || b.Public {
		t.Errorf("%+v", b)
	}
	s.ok(s.call("service_role", "PUT", "/bucket/new", object{"public": true}))
	s.ok(s.call("service_role", "POST", "/object/new/x", "public text"))
	if r := s.ok(s.call("", "GET", "/object/public/new/x", nil)); string(r.raw) != "public text" {
		t.Errorf("%s", r.raw)
	}
	s.refused(s.call("", "GET", "/object/public/box/x", nil), "404 NoSuchBucket")
	s.refused(s.call("service_role", "DELETE", "/bucket/new", nil), "409 ResourceNotEmpty")
	s.ok(s.call("service_role", "POST", "/bucket/new/empty", nil))
	s.ok(s.call("service_role", "DELETE", "/bucket/new", nil))
	s.refused(s.call("service_role", "DELETE", "/bucket/new", nil), "404 NoSuchBucket")
}

// TestKeysStayInside stores under keys of every legal form and finds all files
// below the folder, and all contents under their own keys.
func TestKeysStayInside(t *testing.T) {
	s := newStack(t)
	ctx := context.Background()
	want := map[string]string{}
	rapid.Check(t, func(rt *rapid.T) {
		key := rapid.OneOf(rapid.StringMatching(`[a-z./ ]{1,12}`), rapid.SampledFrom([]string{"../../etc/passwd", "..", "/", "//a", "a/../b", ".", "a//b"})).Draw(rt, "key")
		text := rapid.StringN(0, 20, 40).Draw(rt, "text")
		if err := s.server.Put(ctx, "box", key, "text/plain", alice, strings.NewReader(text)); err != nil {
			rt.Fatalf("put %q: %v", key, err)
		}
		want[key] = text
		for k, v := range want {
			f, err := s.server.Open(ctx, "box", k)
			if err != nil {
				rt.Fatalf("open %q: %v", k, err)
			}
			b, err := io.ReadAll(f)
			_ = f.Close()
			if err != nil || string(b) != v {
				rt.Fatalf("%q holds %q, want %q (%v)", k, b, v, err)
			}
			break
		}
	})
	if n := len(files(t, s.dir)); n != len(want) {
		t.Errorf("%d files for %d keys", n, len(want))
	}
}
