package proof_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/faults"
)

// These tests make the shared stack misbehave: they are not parallel, so that
// they run before those that are, and take back what they did.

// order sets faults through the gateway, as a test of another program would.
func (c *caller) order(body string) map[string]any {
	c.t.Helper()
	c.t.Cleanup(func() { c.want(200, "DELETE", faults.ControlPath, nil, nil, "apikey", c.service) })
	var state map[string]any
	c.want(200, "POST", faults.ControlPath, body, &state, "apikey", c.service)
	return state
}

// refused wants the status and a part of the body.
func (c *caller) refused(status int, part, method, path string, body any) {
	c.t.Helper()
	if got := c.do(method, path, body); got.status != status || !strings.Contains(got.body, part) {
		c.t.Errorf("%s %s: %d %s, want %d with %s", method, path, got.status, got.body, status, part)
	}
}

func (c *caller) refreshGrant(out any) {
	c.t.Helper()
	c.want(200, "POST", "/auth/v1/token?grant_type=refresh_token", map[string]string{"refresh_token": c.refresh}, out)
}

// An expired token is told in three ways by the three servers, and a refresh
// is all that it needs.
func TestExpiredTokensAtOnce(t *testing.T) {
	c := signIn(t, 0)
	c.want(200, "GET", "/rest/v1/datasets?limit=1", nil, nil)
	c.order(`{"expire_tokens":true}`)
	c.refused(401, "PGRST303", "GET", "/rest/v1/datasets?limit=1", nil)
	c.refused(403, "bad_jwt", "GET", "/auth/v1/user", nil)
	c.refused(400, `\"exp\" claim timestamp check failed`, "POST", "/storage/v1/object/list/lora-datasets", `{"prefix":""}`)
	var session struct {
		Access string `json:"access_token"`
	}
	c.refreshGrant(&session)
	c.bearer = session.Access
	c.want(200, "GET", "/rest/v1/datasets?limit=1", nil, nil)
	c.want(200, "GET", "/auth/v1/user", nil, nil)
	c.want(200, "POST", "/storage/v1/object/list/lora-datasets", `{"prefix":""}`, nil)
	c.want(200, "GET", "/rest/v1/datasets?limit=1", nil, nil, "Authorization", "Bearer "+c.key) // keys do not expire
}

func TestRevokedSession(t *testing.T) {
	c, other := signIn(t, 0), signIn(t, 1)
	if s := c.order(`{"revoke":"` + strings.ToUpper(c.email) + `"}`); s["revoked"].(float64) < 1 {
		t.Errorf("state: %v", s)
	}
	c.refused(403, "session_not_found", "GET", "/auth/v1/user", nil)
	c.refused(400, "refresh_token_not_found", "POST", "/auth/v1/token?grant_type=refresh_token", map[string]string{"refresh_token": c.refresh})
	c.want(200, "GET", "/rest/v1/datasets?limit=1", nil, nil) // the others look at signature and time only
	other.want(200, "GET", "/auth/v1/user", nil, nil)
}

// A frozen clock stops the life of tokens, and a moved one ends it.
func TestFrozenClock(t *testing.T) {
	c := signIn(t, 0)
	c.order(`{"freeze":"2031-05-05T10:00:00Z"}`)
	c.refused(401, "PGRST303", "GET", "/rest/v1/datasets?limit=1", nil)
	var session struct {
		Access  string `json:"access_token"`
		Expires int64  `json:"expires_at"`
	}
	c.refreshGrant(&session)
	if at := time.Unix(session.Expires, 0).UTC(); !at.Equal(time.Date(2031, 5, 5, 11, 0, 0, 0, time.UTC)) {
		t.Errorf("expires at %v", at)
	}
	c.bearer = session.Access
	c.want(200, "GET", "/auth/v1/user", nil, nil)
	c.order(`{"move_ms":3600000}`)
	c.refused(403, "bad_jwt", "GET", "/auth/v1/user", nil)
}

// tus sends a request of the resumable protocol.
func (c *caller) tus(method, path, body string, header ...string) reply {
	c.t.Helper()
	return c.do(method, path, body, append([]string{"Tus-Resumable", "1.0.0", "Content-Type", "application/offset+octet-stream"}, header...)...)
}

// What reached the server before a cut counts: the next HEAD tells.
func TestUploadSurvivesACutConnection(t *testing.T) {
	c := signIn(t, 0)
	key := c.id + "/cut.jsonl"
	path := c.createUpload(key, "50000")
	c.order(`{"rules":[{"kind":"drop","part":"request","after_bytes":20000,"method":"PATCH","count":1}]}`)
	data := strings.Repeat("x", 50_000)
	if cut := c.tus("PATCH", path, data, "Upload-Offset", "0"); cut.status != 0 {
		t.Errorf("the cut PATCH was answered: %+v", cut)
	}
	head := c.tus("HEAD", path, "")
	if head.header.Get("Upload-Offset") != "20000" {
		t.Fatalf("%+v", head)
	}
	if rest := c.tus("PATCH", path, data[20_000:], "Upload-Offset", "20000"); rest.status != 204 {
		t.Fatalf("%+v", rest)
	}
	if got := c.do("GET", "/storage/v1/object/lora-datasets/"+key, nil); got.body != data {
		t.Errorf("%d, %d bytes", got.status, len(got.body))
	}
	c.do("DELETE", "/storage/v1/object/lora-datasets/"+key, nil, "Content-Type", "text/plain")
}

// createUpload begins a resumable upload and returns its path.
func (c *caller) createUpload(key string, size string) string {
	c.t.Helper()
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	made := c.tus("POST", "/storage/v1/upload/resumable", "", "Upload-Length", size, "Upload-Metadata",
		"bucketName "+b64("lora-datasets")+",objectName "+b64(key)+",contentType "+b64("application/x-jsonlines"))
	path := strings.TrimPrefix(made.header.Get("Location"), c.url)
	if made.status != 201 || path == "" {
		c.t.Fatalf("%+v", made)
	}
	return path
}

// An upload that expired is unknown, and another one of the same key begins.
func TestUploadExpires(t *testing.T) {
	c := signIn(t, 0)
	key := c.id + "/expired.jsonl"
	path := c.createUpload(key, "10")
	c.tus("PATCH", path, "01234", "Upload-Offset", "0")
	if s := c.order(`{"expire_uploads":true}`); s["expired_uploads"].(float64) < 1 {
		t.Errorf("state: %v", s)
	}
	if head := c.tus("HEAD", path, ""); head.status != 404 {
		t.Errorf("%+v", head)
	}
	if rest := c.tus("PATCH", path, "56789", "Upload-Offset", "5"); rest.status != 404 || rest.body != "The file for this url was not found\n" {
		t.Errorf("%+v", rest)
	}
	again := c.createUpload(key, "10")
	if head := c.tus("HEAD", again, ""); head.status != 200 || head.header.Get("Upload-Offset") != "0" {
		t.Errorf("%+v", head)
	}
	if gone := c.tus("DELETE", again, ""); gone.status != 204 {
		t.Errorf("%+v", gone)
	}
}

// A token that expires in the middle of an upload costs a refresh and nothing else.
func TestTokenExpiresInAnUpload(t *testing.T) {
	c := signIn(t, 0)
	path := c.createUpload(c.id+"/late.jsonl", "10")
	c.order(`{"rules":[{"kind":"expired_token","method":"PATCH","skip":1,"count":1},{"kind":"storage_full","after_bytes":12}]}`)
	for i, want := range []int{204, 400, 204, 507} {
		at := []string{"0", "4", "4", "8"}[i]
		body := []string{"0123", "4567", "4567", "89"}[i]
		if a := c.tus("PATCH", path, body, "Upload-Offset", at); a.status != want {
			t.Errorf("%d: %+v", i, a)
		}
	}
	if gone := c.tus("DELETE", path, ""); gone.status != 204 {
		t.Errorf("%+v", gone)
	}
}

// A download that breaks off tells so: it is short of its length.
func TestDownloadIsCut(t *testing.T) {
	c := signIn(t, 0)
	key := c.id + "/short.jsonl"
	c.want(200, "POST", "/storage/v1/object/lora-datasets/"+key, strings.Repeat("y", 5000), nil, "Content-Type", "application/x-jsonlines")
	c.order(`{"rules":[{"kind":"drop","part":"response","after_bytes":1000,"path":"/storage/v1/object/","count":1}]}`)
	if cut := c.do("GET", "/storage/v1/object/lora-datasets/"+key, nil); cut.status != 0 || !strings.Contains(cut.body, "EOF") {
		t.Errorf("%+v", cut)
	}
	if rest := c.do("GET", "/storage/v1/object/lora-datasets/"+key, nil, "Range", "bytes=1000-"); rest.status != 206 || len(rest.body) != 4000 {
		t.Errorf("%d, %d bytes", rest.status, len(rest.body))
	}
	c.do("DELETE", "/storage/v1/object/lora-datasets/"+key, nil, "Content-Type", "text/plain")
}
