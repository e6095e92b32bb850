package proof_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

const (
	sv    = "/storage/v1"
	box   = "lora-datasets"
	jsonl = "application/x-jsonlines"
)

// wrapped is Storage's error: nearly always HTTP 400, the real status inside.
func wrapped(status, code string) []string {
	return []string{`"statusCode":"` + status + `"`, `"code":"` + code + `"`}
}

// TestWireStorage: files, and the envelope of what is refused.
func TestWireStorage(t *testing.T) {
	t.Parallel()
	s := newSuite(t)
	one := s["one"]
	dir := one.id + "/wire"
	at := "/" + box + "/" + dir
	clean := func() {
		one.do("DELETE", sv+"/object/"+box, obj("prefixes", []string{dir + "/a", dir + "/b", dir + "/c"}))
	}
	clean()
	t.Cleanup(clean)
	file := []string{"Content-Type", jsonl}
	with := func(more ...string) []string { return append([]string{"Content-Type", jsonl}, more...) }
	move := func(to string) map[string]any {
		return obj("bucketId", box, "sourceKey", dir+"/a", "destinationKey", dir+"/"+to)
	}
	s.run(t, []exchange{
		{"upload", "one", "POST", sv + "/object" + at + "/a", "0123456789", file, 200, []string{`"Key":"` + box + "/" + dir + `/a"`, `"Id":"`}, nil},
		{"upload of a double", "one", "POST", sv + "/object" + at + "/a", "x", file, 400, wrapped("409", "KeyAlreadyExists"), nil},
		{"upload over it", "one", "POST", sv + "/object" + at + "/a", "0123456789", with("x-upsert", "true", "cache-control", "max-age=7"), 200, nil, nil},
		{"upload by PUT makes it", "one", "PUT", sv + "/object" + at + "/b", "b", file, 200, nil, nil},
		{"upload of a wrong kind", "one", "POST", sv + "/object" + at + "/c", "x", []string{"Content-Type", "image/png"}, 400, wrapped("415", "InvalidMimeType"), nil},
		{"upload under a bad name", "one", "POST", sv + "/object" + at + "/%C3%A9", "x", file, 400, wrapped("400", "InvalidKey"), nil},
		{"upload into no bucket", "one", "POST", sv + "/object/no-such-bucket/x", "x", file, 400, wrapped("404", "NoSuchBucket"), nil},
		{"upload to another", "two", "POST", sv + "/object" + at + "/c", "x", file, 400, append(wrapped("403", "AccessDenied"), "row-level security"), nil},
		{"upload without a token", "nobody", "POST", sv + "/object" + at + "/c", "x", file, 400, append(wrapped("400", "InvalidRequest"), "'authorization'"), nil},
		{"upload with garbage", "nobody", "POST", sv + "/object" + at + "/c", "x", with("Authorization", "Bearer x"), 400, append(wrapped("403", "AccessDenied"), "Invalid Compact JWS"), nil},
		{"download", "one", "GET", sv + "/object/authenticated" + at + "/a", nil, nil, 200, []string{"0123456789"}, []string{"Content-Type", jsonl, "Cache-Control", "max-age=7", "Accept-Ranges", "bytes", "Etag", `"`}},
		{"download to a name", "one", "GET", sv + "/object" + at + "/a?download=n.jsonl", nil, nil, 200, nil, []string{"Content-Disposition", "n.jsonl"}},
		{"download of a part", "one", "GET", sv + "/object" + at + "/a", nil, []string{"Range", "bytes=2-3"}, 206, []string{"23"}, []string{"Content-Range", "bytes 2-3/10"}},
		{"download of the end", "one", "GET", sv + "/object" + at + "/a", nil, []string{"Range", "bytes=-3"}, 206, []string{"789"}, []string{"Content-Range", "bytes 7-9/10"}},
		{"download past the end", "one", "GET", sv + "/object" + at + "/a", nil, []string{"Range", "bytes=8-99"}, 206, []string{"89"}, []string{"Content-Range", "bytes 8-9/10"}},
		{"download beyond the end", "one", "GET", sv + "/object" + at + "/a", nil, []string{"Range", "bytes=10-"}, 416, wrapped("416", "InvalidRange"), nil},
		{"download of what is missing", "one", "GET", sv + "/object" + at + "/none", nil, nil, 400, wrapped("404", "NoSuchKey"), nil},
		{"download by another", "two", "GET", sv + "/object" + at + "/a", nil, nil, 400, wrapped("404", "NoSuchKey"), nil},
		{"head of what is missing", "one", "HEAD", sv + "/object" + at + "/none", nil, nil, 400, []string{""}, nil},
		{"information", "one", "GET", sv + "/object/info" + at + "/a", nil, nil, 200, []string{`"size":10`, `"version":"`, `"content_type":"` + jsonl, `"cache_control":"max-age=7"`}, nil},
		{"list", "one", "POST", sv + "/object/list/" + box, obj("prefix", dir), nil, 200, []string{`"name":"a"`, `"mimetype":"` + jsonl}, nil},
		{"list of folders", "one", "POST", sv + "/object/list/" + box, obj("prefix", one.id, "search", "wire"), nil, 200, []string{`"name":"wire"`, `"id":null`, `"metadata":null`}, nil},
		{"list of no bucket", "one", "POST", sv + "/object/list/no-such-bucket", obj("prefix", ""), nil, 200, []string{"[]"}, nil},
		{"list without a prefix", "one", "POST", sv + "/object/list/" + box, obj(), nil, 400, wrapped("400", "InvalidRequest"), nil},
		{"move onto another", "one", "POST", sv + "/object/move", move("b"), nil, 400, wrapped("409", "ResourceAlreadyExists"), nil},
		{"copy onto another", "one", "POST", sv + "/object/copy", move("b"), nil, 400, wrapped("409", "KeyAlreadyExists"), nil},
		{"signing for no time", "one", "POST", sv + "/object/sign" + at + "/a", obj("expiresIn", 0), nil, 400, wrapped("400", "InvalidRequest"), nil},
		{"signing by another", "two", "POST", sv + "/object/sign" + at + "/a", obj("expiresIn", 60), nil, 400, wrapped("404", "NoSuchKey"), nil},
		{"signed with garbage", "nobody", "GET", sv + "/object/sign" + at + "/a?token=x.y.z", nil, nil, 400, wrapped("400", "InvalidJWT"), nil},
		{"bucket that is hidden", "one", "GET", sv + "/bucket/" + box, nil, nil, 400, wrapped("404", "NoSuchBucket"), nil},
		{"deletion by another", "two", "DELETE", sv + "/object" + at + "/a", nil, []string{"Content-Type", ""}, 400, wrapped("403", "AccessDenied"), nil},
		{"deletion of what is missing", "one", "DELETE", sv + "/object" + at + "/none", nil, []string{"Content-Type", ""}, 400, wrapped("404", "NoSuchKey"), nil},
		{"deletion with an empty JSON", "one", "DELETE", sv + "/object" + at + "/a", nil, nil, 400, []string{"InvalidRequest"}, nil},
		{"deletion", "one", "DELETE", sv + "/object" + at + "/b", nil, []string{"Content-Type", ""}, 200, []string{"Successfully deleted"}, nil},
		{"unknown path", "one", "GET", sv + "/nonsense", nil, nil, 404, []string{`"statusCode":404`}, nil},
	})
}

// TestWireResumable: the protocol's own statuses and plain texts.
func TestWireResumable(t *testing.T) {
	t.Parallel()
	s := newSuite(t)
	one := s["one"]
	b64 := func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) }
	meta := func(bucket, key, mime string) string {
		return "bucketName " + b64(bucket) + ",objectName " + b64(key) + ",contentType " + b64(mime)
	}
	key, small := one.id+"/wire-tus", one.id+"/wire-small"
	clean := func() { one.do("DELETE", sv+"/object/"+box, obj("prefixes", []string{key, small})) }
	clean()
	t.Cleanup(clean)
	h := func(more ...string) []string {
		return append([]string{"Tus-Resumable", "1.0.0", "Content-Type", "application/offset+octet-stream"}, more...)
	}
	const root = sv + "/upload/resumable"
	create := func(size, key string) string {
		r := one.do("POST", root, nil, h("Upload-Length", size, "Upload-Metadata", meta(box, key, jsonl))...)
		_, path, ok := strings.Cut(r.header.Get("Location"), sv)
		if r.status != 201 || !ok {
			t.Fatalf("create: %d %v %s", r.status, r.header, r.body)
		}
		return sv + path
	}
	up, gone, taken := create("10", key), create("5", small), create("1", key)
	good := meta(box, one.id+"/wire-x", jsonl)
	s.run(t, []exchange{
		{"options", "nobody", "OPTIONS", root, nil, []string{"Tus-Resumable", "1.0.0"}, 204, nil, []string{"Tus-Version", "1.0.0", "Tus-Extension", "creation,creation-with-upload,creation-defer-length,termination"}},
		{"no version", "one", "POST", root, nil, []string{"Upload-Length", "1", "Upload-Metadata", good}, 412, []string{"Tus-Resumable"}, nil},
		{"no length", "one", "POST", root, nil, h("Upload-Metadata", good), 400, nil, nil},
		{"no metadata", "one", "POST", root, nil, h("Upload-Length", "1"), 400, nil, nil},
		{"no bucket", "one", "POST", root, nil, h("Upload-Length", "1", "Upload-Metadata", meta("no-such-bucket", key, jsonl)), 404, []string{"Bucket not found"}, nil},
		{"wrong kind", "one", "POST", root, nil, h("Upload-Length", "1", "Upload-Metadata", meta(box, key, "text/plain")), 415, []string{"mime type text/plain is not supported"}, nil},
		{"somebody else's folder", "two", "POST", root, nil, h("Upload-Length", "1", "Upload-Metadata", meta(box, key, jsonl)), 403, []string{"row-level security"}, nil},
		{"beyond the bucket's limit", "one", "POST", root, nil, h("Upload-Length", "99999999999", "Upload-Metadata", good), 413, []string{"Maximum size exceeded"}, nil},
		{"a token of garbage is JSON", "nobody", "POST", root, nil, h("Upload-Length", "1", "Upload-Metadata", good, "Authorization", "Bearer x"), 400, wrapped("403", "AccessDenied"), nil},
		{"bad id", "one", "PATCH", root + "/!!", "x", h("Upload-Offset", "0"), 400, nil, nil},
		{"no offset", "one", "PATCH", up, "x", h(), 403, []string{"Upload-Offset header required"}, nil},
		{"wrong offset", "one", "PATCH", up, "x", h("Upload-Offset", "5"), 409, []string{"Upload-Offset conflict"}, nil},
		{"wrong content type", "one", "PATCH", up, "x", h("Upload-Offset", "0", "Content-Type", "text/plain"), 400, []string{"Invalid content-type"}, nil},
		{"first part", "one", "PATCH", up, "01234", h("Upload-Offset", "0"), 204, nil, []string{"Upload-Offset", "5", "Tus-Complete", ""}},
		{"where it is", "one", "HEAD", up, nil, h(), 200, nil, []string{"Upload-Offset", "5", "Upload-Length", "10", "Cache-Control", "no-store"}},
		{"where it is, for another", "two", "HEAD", up, nil, h(), 200, nil, []string{"Upload-Offset", "5"}},
		{"part by another", "two", "PATCH", up, "x", h("Upload-Offset", "5"), 403, nil, nil},
		{"too much", "one", "PATCH", up, "567890", h("Upload-Offset", "5"), 413, nil, nil},
		{"no object yet", "one", "GET", sv + "/object/info/" + box + "/" + key, nil, nil, 400, wrapped("404", "NoSuchKey"), nil},
		{"last part", "one", "PATCH", up, "56789", h("Upload-Offset", "5"), 204, nil, []string{"Upload-Offset", "10", "Tus-Complete", "1"}},
		{"now the object", "one", "GET", sv + "/object/" + box + "/" + key, nil, nil, 200, []string{"0123456789"}, []string{"Content-Type", jsonl}},
		{"where it ended", "one", "HEAD", up, nil, h(), 200, nil, []string{"Upload-Offset", "10"}},
		{"after the end", "one", "PATCH", up, "x", h("Upload-Offset", "10"), 409, []string{"The resource already exists"}, nil},
		{"the slower of two", "one", "PATCH", taken, "x", h("Upload-Offset", "0"), 409, []string{"The resource already exists"}, nil},
		{"one that exists", "one", "POST", root, nil, h("Upload-Length", "1", "Upload-Metadata", meta(box, key, jsonl)), 409, []string{"The resource already exists"}, nil},
		{"termination", "one", "DELETE", gone, nil, h(), 204, nil, nil},
		{"after termination", "one", "HEAD", gone, nil, h(), 404, nil, nil},
		{"nothing is whole at once", "one", "POST", root, nil, h("Upload-Length", "0", "Upload-Metadata", meta(box, small, jsonl)), 201, nil, []string{"Tus-Complete", "1"}},
	})
}
