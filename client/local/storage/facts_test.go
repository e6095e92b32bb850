package storage_test

import (
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local/token"
)

// fact is one measured answer of Supabase Storage.
type fact struct {
	name, who, method, path string
	body                    any
	header                  []string
	status                  int
	code                    string   // "statusCode code" of the envelope, "" for none
	parts                   []string // contained in the body
	want                    []string // pairs of answered headers; a value of "" for none
}

func (s *stack) check(t *testing.T, f fact) {
	t.Helper()
	if f.name == "expired" && s.secret() == nil {
		t.Skip("needs the project's secret")
	}
	r := s.call(f.who, f.method, f.path, f.body, f.header...)
	if r.status != f.status || f.code != "" && r.code() != f.code {
		t.Errorf("want %d %q, got %d %s", f.status, f.code, r.status, r.raw)
	}
	for _, p := range f.parts {
		if p == "" && len(r.raw) != 0 || !strings.Contains(string(r.raw), p) {
			t.Errorf("the body lacks %q: %s", p, r.raw)
		}
	}
	for i := 0; i+1 < len(f.want); i += 2 {
		if got := r.header.Get(f.want[i]); (f.want[i+1] == "") != (got == "") || !strings.Contains(got, f.want[i+1]) {
			t.Errorf("%s: %q, want %q", f.want[i], got, f.want[i+1])
		}
	}
}

// secret signs tokens; nil where it is not known.
func (s *stack) secret() []byte {
	switch {
	case s.far == nil:
		return []byte(testSecret)
	case s.far.Secret == "":
		return nil
	}
	return []byte(s.far.Secret)
}

// fill brings Alice's file "mine" and makes a token for each way to be wrong.
func (s *stack) fill(t *testing.T) (expired, forged string) {
	t.Helper()
	s.ok(s.call(alice, "POST", "/object/lora-datasets/"+alice+"/mine", "0123456789", "Content-Type", jsonl))
	s.ok(s.call(alice, "POST", "/object/box/a", "AAA"))
	s.ok(s.call(alice, "POST", "/object/box/b", "B"))
	s.ok(s.call("service_role", "POST", "/object/open/p", "public"))
	var err error
	if expired, err = token.Sign(s.secret(), token.Claims{"role": "authenticated", "sub": alice, "exp": s.now.Unix() - 1}); err != nil {
		t.Fatal(err)
	}
	if forged, err = token.Sign([]byte("another secret of some length, not this one"), token.Claims{"role": "service_role"}); err != nil {
		t.Fatal(err)
	}
	return expired, forged
}

// TestFactsOfErrors goes through the measured table of errors, row by row.
func TestFactsOfErrors(t *testing.T) { factsOfErrors(t, newStack(t)) }

func factsOfErrors(t *testing.T, s *stack) {
	expired, forged := s.fill(t)
	mine := "/lora-datasets/" + alice + "/mine"
	file, none := []string{"Content-Type", jsonl}, []string{"Content-Type", ""}
	bearer := func(tok string) []string { return []string{"Authorization", "Bearer " + tok} }
	to := func(dest string) object {
		return object{"bucketId": "box", "sourceKey": "a", "destinationKey": dest}
	}
	for _, f := range []fact{
		{"no Authorization", "", "GET", "/object/box/a", nil, nil, 400, "400 InvalidRequest", []string{"headers must have required property 'authorization'"}, nil},
		{"apikey alone", "", "GET", "/object/box/a", nil, []string{"Apikey", "x"}, 400, "400 InvalidRequest", nil, nil},
		{"garbage", "", "GET", "/object/box/a", nil, bearer("x"), 400, "403 AccessDenied", []string{"Invalid Compact JWS"}, nil},
		{"forged", "", "GET", "/object/box/a", nil, bearer(forged), 400, "403 AccessDenied", []string{"signature verification failed"}, nil},
		{"expired", "", "GET", "/object/box/a", nil, bearer(expired), 400, "403 AccessDenied", []string{`\"exp\" claim timestamp check failed`}, nil},
		{"insert that RLS refuses", bob, "POST", "/object/lora-datasets/" + alice + "/x", "{}", file, 400, "403 AccessDenied", []string{"new row violates row-level security policy"}, nil},
		{"update that RLS refuses", bob, "PUT", "/object" + mine, "{}", file, 400, "403 AccessDenied", []string{"new row violates row-level security policy"}, nil},
		{"read that RLS hides", bob, "GET", "/object" + mine, nil, nil, 400, "404 NoSuchKey", []string{`"error":"not_found"`, "Object not found"}, nil},
		{"signing that RLS hides", bob, "POST", "/object/sign" + mine, object{"expiresIn": 9}, nil, 400, "404 NoSuchKey", nil, nil},
		{"info that RLS hides", bob, "GET", "/object/info" + mine, nil, nil, 400, "404 NoSuchKey", nil, nil},
		{"deletion of another's", bob, "DELETE", "/object" + mine, nil, none, 400, "403 AccessDenied", []string{"Access denied"}, nil},
		{"deletion of nothing", bob, "DELETE", "/object" + mine + "x", nil, none, 400, "404 NoSuchKey", nil, nil},
		{"read of no bucket", alice, "GET", "/object/nobucket/x", nil, nil, 400, "404 NoSuchBucket", nil, nil},
		{"upload to no bucket", alice, "POST", "/object/nobucket/x", "x", nil, 400, "404 NoSuchBucket", nil, nil},
		{"list of no bucket", alice, "POST", "/object/list/nobucket", object{"prefix": ""}, nil, 200, "", []string{"[]"}, nil},
		{"list of a hidden folder", bob, "POST", "/object/list/lora-datasets", object{"prefix": alice}, nil, 200, "", []string{"[]"}, nil},
		{"object exists", alice, "POST", "/object/box/a", "x", nil, 400, "409 KeyAlreadyExists", []string{`"error":"Duplicate"`}, nil},
		{"bucket exists", "service_role", "POST", "/bucket", object{"id": "box"}, nil, 400, "409 BucketAlreadyExists", nil, nil},
		{"move onto another", alice, "POST", "/object/move", to("b"), nil, 400, "409 ResourceAlreadyExists", nil, nil},
		{"copy onto another", alice, "POST", "/object/copy", to("b"), nil, 400, "409 KeyAlreadyExists", nil, nil},
		{"over the limit", alice, "POST", "/object/box/l", strings.Repeat("x", 1001), nil, 400, "413 EntityTooLarge", nil, nil},
		{"wrong kind", alice, "POST", "/object/box/k", "x", []string{"Content-Type", "image/png"}, 400, "415 InvalidMimeType", []string{`"error":"invalid_mime_type"`, "mime type image/png is not supported"}, nil},
		{"é in a key", alice, "POST", "/object/box/%C3%A9", "x", nil, 400, "400 InvalidKey", nil, nil},
		{"# in a key", alice, "POST", "/object/box/a%23", "x", nil, 400, "400 InvalidKey", nil, nil},
		{"NUL in a key", alice, "POST", "/object/box/a%00", "x", nil, 400, "400 InvalidKey", nil, nil},
		{"space, () and & in a key", alice, "POST", "/object/box/a%20(1)%20&%20b", "x", nil, 200, "", []string{`"Key":"box/a (1) \u0026 b"`}, nil},
		{"bucket is not empty", "service_role", "DELETE", "/bucket/box", nil, none, 400, "409 ResourceNotEmpty", nil, nil},
		{"range beyond the end", alice, "GET", "/object/box/a", nil, []string{"Range", "bytes=3-"}, 416, "416 InvalidRange", nil, nil},
		{"many ranges", alice, "GET", "/object/box/a", nil, []string{"Range", "bytes=0-0,2-2"}, 416, "416 InvalidRange", nil, nil},
		{"role of emptying", alice, "POST", "/bucket/box/empty", nil, nil, 403, "", []string{`"statusCode":"403"`}, nil},
		{"unknown route", alice, "GET", "/nonsense", nil, nil, 404, "", []string{`"statusCode":404`, `"error":"Not Found"`}, nil},
		{"HEAD of nothing", alice, "HEAD", "/object/box/none", nil, nil, 400, "", []string{""}, nil},
		{"empty JSON", alice, "DELETE", "/object/box/a", nil, []string{"Content-Type", "application/json"}, 400, "400 InvalidRequest", nil, nil},
		{"deletion of none", alice, "DELETE", "/object/box", object{"prefixes": []string{}}, nil, 400, "400 InvalidRequest", nil, nil},
		{"signing for no time", alice, "POST", "/object/sign/box/a", object{"expiresIn": 0}, nil, 400, "400 InvalidRequest", nil, nil},
		{"signed with garbage", "", "GET", "/object/sign/box/a?token=x", nil, nil, 400, "400 InvalidJWT", nil, nil},
		{"list without a prefix", alice, "POST", "/object/list/box", object{}, nil, 400, "400 InvalidRequest", nil, nil},
		{"bucket that is hidden", alice, "GET", "/bucket/box", nil, nil, 400, "404 NoSuchBucket", nil, nil},
	} {
		t.Run(f.name, func(t *testing.T) { s.check(t, f) })
	}
}

// TestFactsOfAnswers goes through what was measured of the endpoints.
func TestFactsOfAnswers(t *testing.T) { factsOfAnswers(t, newStack(t)) }

func factsOfAnswers(t *testing.T, s *stack) {
	s.fill(t)
	var signed struct{ SignedURL string }
	s.ok(s.call(alice, "POST", "/object/sign/box/a", object{"expiresIn": 60})).json(t, &signed)
	if !strings.HasPrefix(signed.SignedURL, "/object/sign/box/a?token=") {
		t.Fatalf("signed URL %q", signed.SignedURL)
	}
	var up struct{ URL string }
	s.ok(s.call(alice, "POST", "/object/upload/sign/box/a", nil, "X-Upsert", "true")).json(t, &up)
	from := func(to string) object {
		return object{"bucketId": "box", "sourceKey": "a", "destinationKey": to}
	}
	for _, f := range []fact{
		{"download", alice, "GET", "/object/authenticated/box/a", nil, nil, 200, "", []string{"AAA"}, []string{"Accept-Ranges", "bytes", "Etag", etag("AAA"), "Last-Modified", "GMT", "Content-Type", "text/plain", "Cache-Control", "no-cache"}},
		{"of a public bucket, any Authorization", "", "GET", "/object/public/open/p", nil, []string{"Authorization", "Bearer x"}, 200, "", []string{"public"}, nil},
		{"to a name", alice, "GET", "/object/box/a?download=n.txt", nil, nil, 200, "", nil, []string{"Content-Disposition", "n.txt"}},
		{"a part", alice, "GET", "/object/box/a", nil, []string{"Range", "bytes=1-9"}, 206, "", []string{"AA"}, []string{"Content-Range", "bytes 1-2/3"}},
		{"a stale If-Match is ignored", alice, "GET", "/object/box/a", nil, []string{"Range", "bytes=-1", "If-Match", `"x"`, "If-Range", `"x"`}, 206, "", []string{"A"}, []string{"Content-Range", "bytes 2-2/3"}},
		{"not changed", alice, "GET", "/object/box/a", nil, []string{"If-None-Match", etag("AAA")}, 304, "", []string{""}, nil},
		{"information", alice, "GET", "/object/info/box/a", nil, nil, 200, "", []string{`"size":3`, `"content_type":"text/plain"`, `"cache_control":"no-cache"`, `"bucket_id":"box"`, `"version":"`, `"etag":"`, `"last_modified":"`, `"created_at":"`, `"metadata":null`}, nil},
		{"list of folders", alice, "POST", "/object/list/lora-datasets", object{"prefix": ""}, nil, 200, "", []string{`"name":"` + alice + `"`, `"id":null`, `"metadata":null`}, nil},
		{"list of files", alice, "POST", "/object/list/box", object{"prefix": "", "limit": 1, "sortBy": object{"column": "name", "order": "desc"}}, nil, 200, "", []string{`"name":"b"`, `"httpStatusCode":200`, `"contentLength":1`}, nil},
		{"list-v2", alice, "POST", "/object/list-v2/box", object{"prefix": "", "limit": 1}, nil, 200, "", []string{`"hasNext":true`, `"nextCursor":"`, `"nextCursorKey":"a"`, `"folders":[]`, `"key":"a"`}, nil},
		{"signed, of another path", "", "GET", strings.Replace(signed.SignedURL, "/box/a?", "/box/b?", 1), nil, nil, 400, "400 InvalidSignature", nil, nil},
		{"signed, a part and a name", "", "GET", signed.SignedURL + "&download=n.txt", nil, []string{"Range", "bytes=0-0"}, 206, "", []string{"A"}, []string{"Content-Disposition", "n.txt"}},
		{"signed, HEAD", "", "HEAD", signed.SignedURL, nil, nil, 200, "", []string{""}, []string{"Etag", etag("AAA")}},
		{"many signed", alice, "POST", "/object/sign/box", object{"expiresIn": 60, "paths": []string{"a", "none"}}, nil, 200, "", []string{`"error":null,"path":"a"`, `"path":"none","signedURL":null`}, nil},
		{"signed upload over it", "", "PUT", up.URL, "CCC", nil, 200, "", []string{`{"Key":"box/a"}`}, nil},
		{"PUT makes it", alice, "PUT", "/object/box/c", "c", []string{"Cache-Control", "max-age=7", "X-Metadata", b64(`{"k":1}`)}, 200, "", []string{`"Key":"box/c"`, `"Id":"`}, nil},
		{"with its metadata", alice, "GET", "/object/info/box/c", nil, nil, 200, "", []string{`"metadata":{"k":1}`, `"cache_control":"max-age=7"`}, nil},
		{"copy", alice, "POST", "/object/copy", from("copy"), nil, 200, "", []string{`"Key":"box/copy"`, `"Id":"`, `"name":"copy"`, `"bucket_id":"box"`}, nil},
		{"move", alice, "POST", "/object/move", from("moved"), nil, 200, "", []string{"Successfully moved"}, nil},
		{"deletion of many", alice, "DELETE", "/object/box", object{"prefixes": []string{"moved", "none"}}, nil, 200, "", []string{`"name":"moved"`}, nil},
		{"deletion", alice, "DELETE", "/object/box/copy", nil, nil, 200, "", []string{`{"message":"Successfully deleted"}`}, nil},
		{"buckets that are hidden", alice, "GET", "/bucket", nil, nil, 200, "", []string{"[]"}, nil},
		{"bucket", "service_role", "POST", "/bucket", object{"id": "second", "name": "second", "public": false, "file_size_limit": "1MB", "allowed_mime_types": []string{"text/*"}}, nil, 200, "", []string{`{"name":"second"}`}, nil},
		{"emptying", "service_role", "POST", "/bucket/box/empty", nil, nil, 200, "", nil, nil},
	} {
		t.Run(f.name, func(t *testing.T) { s.check(t, f) })
	}
}
