package faults_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/faults"
	"github.com/loratop/loratop/client/local/token"
)

// A full storage takes contents up to its room, and nothing else of it changes.
func TestStorageFull(t *testing.T) {
	const tus, object = "/storage/v1/upload/resumable/abc", "/storage/v1/object/box/a.txt"
	b := newBench(t, faults.Options{})
	b.order(`{"rules":[{"kind":"storage_full","after_bytes":10}]}`)
	for i, c := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"PATCH", tus, "123456", 200, "123456"},
		{"PATCH", tus, "123456", 507, "Insufficient Storage\n"},
		{"PATCH", tus, "1234", 200, "1234"},
		{"PATCH", tus, "1", 507, "Insufficient Storage\n"},
		{"POST", object, "1", 507, `"statusCode":"507"`},
		{"PUT", "/storage/v1/object/upload/sign/box/a.txt?token=x", "1", 507, `"statusCode":"507"`},
		{"POST", "/storage/v1/upload/resumable", "", 200, ""}, // a creation brings no bytes
		{"POST", "/storage/v1/object/list/box", `{"prefix":""}`, 200, "prefix"},
		{"POST", "/storage/v1/object/sign/box/a.txt", `{"expiresIn":1}`, 200, "expiresIn"},
		{"POST", "/storage/v1/object/upload/sign/box/a.txt", `{}`, 200, "{}"},
		{"POST", "/storage/v1/object/move", `{}`, 200, "{}"},
		{"POST", "/storage/v1/bucket", `{}`, 200, "{}"},
		{"HEAD", tus, "", 200, ""}, {"DELETE", tus, "", 200, ""}, {"GET", object, "", 200, ""},
		{"POST", "/rest/v1/x", "123456", 200, "123456"},
	} {
		if a := b.do(c.method, c.path, c.body); a.err != nil || a.status != c.status || !strings.Contains(a.body, c.text) {
			t.Errorf("%d. %s %s: %+v", i, c.method, c.path, a)
		}
	}
}

// With 413 it is as if the limit of size had been reached, in the words that each path has for it.
func TestStorageFullAsTooLarge(t *testing.T) {
	b := newBench(t, faults.Options{})
	b.order(`{"rules":[{"kind":"storage_full","status":413,"skip":1,"count":2}]}`)
	for i, c := range []struct {
		method, path string
		status       int
		text         string
	}{
		{"PATCH", "/storage/v1/upload/resumable/abc", 200, "1"},
		{"PATCH", "/storage/v1/upload/resumable/abc", 413, "Maximum size exceeded\n"},
		{"POST", "/storage/v1/object/box/a.txt", 400, "EntityTooLarge"},
		{"POST", "/storage/v1/object/box/a.txt", 200, "1"},
	} {
		if a := b.do(c.method, c.path, "1"); a.status != c.status || !strings.Contains(a.body, c.text) {
			t.Errorf("%d: %+v", i, a)
		}
	}
	if a := b.do("POST", faults.ControlPath, `{"rules":[{"kind":"storage_full","status":418}]}`, "Apikey", b.service); a.status != 400 {
		t.Errorf("%+v", a)
	}
}

// A rule of its own ages the token of single requests, in the middle of an upload for instance.
func TestExpiredTokenOfOneRequest(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	b := newBench(t, faults.Options{Clock: faults.NewClock(func() time.Time { return now }),
		Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := token.Verify([]byte(secret), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			at, _ := c.Time("exp")
			fmt.Fprint(w, at.After(now), err)
		})})
	raw, err := token.Sign([]byte(secret), token.Claims{"sub": "alice", "exp": now.Add(time.Hour).Unix(), "iat": now.Add(time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	b.order(`{"rules":[{"kind":"expired_token","method":"PATCH","skip":1,"count":1}]}`)
	for i, want := range []string{"true<nil>", "false<nil>", "true<nil>"} {
		if a := b.do("PATCH", "/storage/v1/x", "", "Authorization", "Bearer "+raw); strings.ReplaceAll(a.body, " ", "") != want {
			t.Errorf("%d: %+v, want %s", i, a, want)
		}
	}
	if a := b.do("PATCH", "/x", "", "Authorization", "Basic x"); a.status != 200 {
		t.Errorf("%+v", a)
	}
}

// What a stack cannot do is refused before any of the order is done, and what it can is asked of it.
func TestUploadsAndRestart(t *testing.T) {
	b := newBench(t, faults.Options{})
	for _, bad := range []string{`{"rules":[{"kind":"drop"}],"expire_uploads":true}`, `{"rules":[{"kind":"drop"}],"restart_ms":1}`} {
		if a := b.do("POST", faults.ControlPath, bad, "Apikey", b.service); a.status != 400 {
			t.Errorf("%s: %+v", bad, a)
		}
	}
	if a := b.get("/x"); a.status != 200 {
		t.Errorf("the rule of a refused order holds: %+v", a)
	}
	pauses := make(chan time.Duration, 9)
	b = newBench(t, faults.Options{ExpireUploads: func() (int, error) { return 3, nil }, Restart: func(d time.Duration) { pauses <- d }})
	if s := b.order(`{"expire_uploads":true}`); s["expired_uploads"] != 3.0 || len(pauses) != 0 {
		t.Errorf("%v, %d restarts", s, len(pauses))
	}
	b.order(`{"restart_ms":250}`)
	if d := <-pauses; d != 250*time.Millisecond { // after the answer, so that it has to be waited for
		t.Errorf("a pause of %v", d)
	}
	for _, bad := range []string{`{"restart_ms":-1}`, `{"restart_ms":99999999999}`} {
		if a := b.do("POST", faults.ControlPath, bad, "Apikey", b.service); a.status != 400 {
			t.Errorf("%s: %+v", bad, a)
		}
	}
}
