package storage_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/token"
)

// An expired token is told from before the protocol: JSON, and nothing at all in answer to HEAD.
func TestResumableWithAnExpiredToken(t *testing.T) {
	s := newStack(t)
	at := s.createUpload(alice, "k", 10)
	old, err := token.Sign([]byte(testSecret), token.Claims{"role": "authenticated", "sub": alice, "exp": s.now.Unix() - 1})
	if err != nil {
		t.Fatal(err)
	}
	expired := []string{"Authorization", "Bearer " + old}
	for _, method := range []string{"PATCH", "DELETE"} {
		r := s.refused(s.tus(alice, method, at, "x", append(offset(0), expired...)...), "403 AccessDenied")
		if !strings.Contains(string(r.raw), `\"exp\" claim timestamp check failed`) {
			t.Errorf("%s: %s", method, r.raw)
		}
	}
	if r := s.tus(alice, "HEAD", at, "", expired...); r.status != 400 || len(r.raw) != 0 {
		t.Errorf("HEAD: %d %q", r.status, r.raw)
	}
	for _, who := range []string{bob, "anon"} { // who knows the address may look, and no more
		if r := s.wantText(s.tus(who, "HEAD", at, ""), 200, ""); r.header.Get("Upload-Offset") != "0" || r.header.Get("Upload-Metadata") == "" {
			t.Errorf("%s: %v", who, r.header)
		}
	}
	s.wantText(s.tus("anon", "PATCH", at, "x", offset(0)...), 403, "new row violates row-level security policy")
}

// The Location is what a proxy says of itself.
func TestResumableLocationBehindAProxy(t *testing.T) {
	s := newStack(t)
	r := s.tus(alice, "POST", resumable, "", "Upload-Length", "1", "Upload-Metadata", meta("box", "k", "text/plain"),
		"X-Forwarded-Host", "files.example.com", "X-Forwarded-Proto", "https")
	if loc := r.header.Get("Location"); r.status != 201 || !strings.HasPrefix(loc, "https://files.example.com/storage/v1"+resumable+"/") {
		t.Errorf("%d %q", r.status, loc)
	}
}

// Who asks first, with Expect: 100-continue, sends no body for nothing.
func TestRefusedBeforeTheBody(t *testing.T) {
	s := newStack(t)
	s.ok(s.call(alice, "POST", "/object/box/there", "x"))
	at := s.createUpload(alice, "k", 10)
	s.wantText(s.tus(alice, "PATCH", at, "0123456789", offset(0)...), 204, "")
	for path, want := range map[string]int{at: 409, "/object/box/there": 400} {
		method, kind := "PATCH", "application/offset+octet-stream"
		if want == 400 {
			method, kind = "POST", "text/plain"
		}
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: %s\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n",
			method, path, s.as(alice), kind)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		if res.StatusCode != want {
			t.Errorf("%s %s: %d %s", method, path, res.StatusCode, b)
		}
		_ = res.Body.Close()
	}
}
