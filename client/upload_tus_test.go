package client

import (
	"net/http"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

// What Storage answers to TUS, status by status, and what follows from it.
func TestTusFates(t *testing.T) {
	const json403 = `{"statusCode":"403","error":"Unauthorized","message":"%","code":"AccessDenied"}`
	for _, tt := range []struct {
		method string
		status int
		body   string
		want   fate
		code   models.Code
	}{
		{"POST", 413, "Maximum size exceeded\n", fateLarge, models.CodeInvalid},
		{"POST", 415, "mime type text/plain is not supported", fateType, models.CodeInvalid},
		{"POST", 400, "mime type text/plain is not supported", fateType, models.CodeInvalid},
		{"POST", 403, "new row violates row-level security policy", fateFinal, models.CodeForbidden},
		{"POST", 409, "The resource already exists", fateExists, models.CodeConflict},
		{"POST", 404, "Bucket not found", fateFinal, models.CodeConfig},
		{"POST", 400, "Invalid key: é", fateFinal, models.CodeInvalid},
		{"PATCH", 409, "The resource already exists", fateExists, models.CodeConflict},
		{"PATCH", 409, "Upload-Offset conflict\n", fateOffset, models.CodeConflict},
		{"PATCH", 413, "upload's size exceeded\n", fateOffset, models.CodeInvalid},
		{"PATCH", 413, "Maximum size exceeded\n", fateFull, models.CodeInvalid},
		{"PATCH", 404, "The file for this url was not found\n", fateGone, models.CodeConfig},
		{"PATCH", 410, "gone", fateGone, models.CodeNotFound},
		{"PATCH", 423, "file currently locked", fateAgain, ""},
		{"PATCH", 409, "", fateAgain, models.CodeConflict},
		{"PATCH", 403, "new row violates row-level security policy", fateFinal, models.CodeForbidden},
		{"PATCH", 400, strings.ReplaceAll(json403, "%", "signature verification failed"), fateSession, models.CodeSignIn},
		{"PATCH", 400, strings.ReplaceAll(json403, "%", "Invalid Compact JWS"), fateSession, models.CodeSignIn},
		{"PATCH", 507, "Insufficient Storage\n", fateFull, ""},
		{"PATCH", 402, `{"message":"exceed_storage_size_quota"}`, fateFull, ""},
		{"PATCH", 500, "Something went wrong with that request\nconnect ECONNREFUSED", fateAgain, models.CodeServer},
		{"PATCH", 502, "<html><body>Bad Gateway</body></html>", fateAgain, models.CodeServer},
		{"PATCH", 503, `{"message":"name resolution failed"}`, fateAgain, models.CodeServer},
		{"PATCH", 429, "", fateAgain, models.CodeRate},
		{"PATCH", 408, "", fateAgain, models.CodeTimeout},
		{"PATCH", 412, "Tus-Resumable Required", fateFinal, models.CodeInvalid},
		{"PATCH", 501, "", fateFinal, models.CodeServer},
		{"HEAD", 404, "", fateGone, models.CodeConfig},
		{"HEAD", 403, "", fateFinal, models.CodeForbidden},
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, tt.status, tt.body, "Content-Type", "text/plain", "Retry-After", "7")
		})
		id := "abc"
		if tt.method == http.MethodPost {
			id = ""
		}
		_, err := signedIn(t, f).tus(t.Context(), tusRequest{method: tt.method, id: id})
		got, after := fateOf(err)
		if got != tt.want || after.Seconds() != 7 || tt.code != "" && models.CodeOf(err) != tt.code {
			t.Errorf("%s %d %q: fate %d after %v, code %s; want %d and %s", tt.method, tt.status, tt.body, got, after, models.CodeOf(err), tt.want, tt.code)
		}
	}
}

// Replies that are none: a portal answers 200 to everything, a redirect is not
// followed, and an upload of another length is not ours.
func TestTusStrangers(t *testing.T) {
	var header []string
	status := 200
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, status, "<html>Welcome to our hotel</html>", header...)
	})
	c := signedIn(t, f)
	ctx := t.Context()
	again := func(name string, err error) {
		t.Helper()
		if got, _ := fateOf(err); err == nil || got != fateAgain {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := c.tusCreate(ctx, "b", "k", "m", 10)
	again("no Location", err)
	_, err = c.tusOffset(ctx, "id", 10)
	again("no offset", err)
	_, err = c.tusPatch(ctx, "id", 0, 10, []byte("x"), false, func(int) {})
	again("no offset after a chunk", err)
	header = []string{"Upload-Offset", "11", "Upload-Length", "10"}
	_, err = c.tusOffset(ctx, "id", 10)
	again("more than there is", err)
	header = []string{"Upload-Offset", "5", "Upload-Length", "9"}
	_, err = c.tusOffset(ctx, "id", 10)
	if got, _ := fateOf(err); got != fateGone {
		t.Errorf("another length: %v", err)
	}
	header = []string{"Location", "https://evil.example.com/steal/abc%2Fdef?x=1"}
	id, err := c.tusCreate(ctx, "b", "k", "m", 10)
	if err != nil || strings.Contains(id, "evil") {
		t.Errorf("%q, %v", id, err)
	}
	if limit := c.tusLimit(ctx); limit != -1 {
		t.Errorf("limit %d", limit)
	}
	status, header = 302, []string{"Location", "https://evil.example.com/"}
	_, err = c.tusCreate(ctx, "b", "k", "m", 10)
	if got, _ := fateOf(err); got != fateFinal || models.CodeOf(err) != models.CodeConfig {
		t.Errorf("a redirect: %v", err)
	}
	_, err = c.tusOffset(ctx, "id", 10)
	again("a redirect of what was there before", err)
	for _, r := range f.requests() {
		if !strings.HasPrefix(r.path, tusPath) {
			t.Errorf("%s %s", r.method, r.path)
		}
	}
}

// The project's own limit, where it is told, is known before anything is made.
func TestUploadOverProjectsLimit(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		reply(w, 204, "", "Tus-Max-Size", "50")
	})
	dir := t.TempDir()
	c := signedIn(t, f, func(o *Options) { o.State = dir })
	_, err := c.Upload(t.Context(), models.NewUpload{Path: fileOf(t, "a.jsonl", goodLine)}, nil)
	if e := wantError(t, err, models.CodeInvalid); !strings.Contains(e.Msg, "up to 50") {
		t.Errorf("%+v", e)
	}
	wantNothingLeft(t, dir)
}

func TestObjectName(t *testing.T) {
	for in, want := range map[string]string{
		"train.jsonl": "train.jsonl", "my files é#1.jsonl": "my_files___1.jsonl", "..": "data.jsonl", ".hidden.jsonl": "hidden.jsonl",
		"日本語": "data.jsonl", "a/b": "a_b", "a?b%2F": "a_b_2F", "": "data.jsonl",
	} {
		if got := objectName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPace(t *testing.T) {
	var p pace
	at := now()
	if r := p.rate(at, 0); r != 0 {
		t.Errorf("%v at the start", r)
	}
	for i := range 100 {
		at = at.Add(meterWindow / 10)
		r := p.rate(at, int64(i+1)*500_000)
		if i > 2 && (r < 0.9e6 || r > 1.1e6) {
			t.Errorf("%d: %v bytes a second, want 1e6", i, r)
		}
	}
	if len(p.samples) > meterSamples+1 {
		t.Errorf("%d samples are kept", len(p.samples))
	}
}
