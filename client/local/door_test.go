package local_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local"
)

// TestStopAndStart: a server that crashes and comes back is the same one at the
// same place; who was in the middle of something is cut off.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	s := start(t, local.Options{Dir: filepath.Join(folder(t), "demo"), Seed: true, Faults: true})
	bearer := signIn(t, s, s.Users[0])
	before := len(names(t, s, bearer))
	url := s.URL

	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/rest/v1/datasets", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("apikey", s.AnonKey)
	cut := make(chan error, 1)
	go func() {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		cut <- err
	}()
	if _, err := io.WriteString(feed, `[{"name":`); err != nil { // the connection is made
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if answers(t, url) {
		t.Error("it answers though it is stopped")
	}
	_ = feed.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-cut; err == nil {
		t.Error("a request outlived the server")
	}
	if err := s.Stop(); err != nil {
		t.Errorf("stopped twice: %v", err)
	}
	for range 2 { // the second does nothing
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(names(t, s, bearer)); s.URL != url || got != before {
		t.Errorf("%s: %d datasets; %s: %d", url, before, s.URL, got)
	}
}

// TestRestartByOrder: the control endpoint restarts the server, and tells so before it goes.
func TestRestartByOrder(t *testing.T) {
	t.Parallel()
	s := start(t, local.Options{Dir: filepath.Join(folder(t), "demo"), Faults: true})
	order := func(text string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/_faults", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("apikey", s.ServiceKey)
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req) // a connection of before was cut
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := order(`{"restart_ms":1}`); got != http.StatusOK {
		t.Fatal(got)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection was not cut: %v", err)
	}
	eventually(t, "it comes back", func() bool { return answers(t, s.URL) })
	if got := order(`{"restart_ms":600000}`); got != http.StatusOK { // Close does not wait for it
		t.Fatal(got)
	}
	eventually(t, "it stops again", func() bool { return !answers(t, s.URL) })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Start(t.Context()); err == nil {
		t.Error("a closed stack started")
	}
}

// TestUploadGoesOnAfterACrash: what had arrived when the server was cut off is
// there when it is back, and the upload goes on from there.
func TestUploadGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	s := start(t, local.Options{Dir: filepath.Join(folder(t), "demo"), Seed: true})
	bearer := signIn(t, s, s.Users[0])
	b64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	tus := func(method, url string, body io.Reader, header ...string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), method, url, body)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range map[string]string{"Authorization": "Bearer " + bearer, "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"} {
			r.Header.Set(k, v)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	}
	want := func(status int, resp *http.Response, err error) *http.Response {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, _ := io.ReadAll(resp.Body); resp.StatusCode != status {
			t.Fatalf("%d %s, want %d", resp.StatusCode, b, status)
		}
		return resp
	}
	const size = 100_000
	data := strings.Repeat("0123456789", size/10)
	made, err := tus("POST", s.URL+"/storage/v1/upload/resumable", nil, "Upload-Length", fmt.Sprint(size), "Upload-Metadata",
		"bucketName "+b64("lora-datasets")+",objectName "+b64(s.Users[0].ID+"/crash.jsonl")+",contentType "+b64("application/x-jsonlines"))
	at := want(http.StatusCreated, made, err).Header.Get("Location")

	body, feed := io.Pipe()
	cut := make(chan error, 1)
	go func() {
		resp, err := tus("PATCH", at, body, "Upload-Offset", "0")
		if err == nil {
			_ = resp.Body.Close()
		}
		cut <- err
	}()
	if _, err := io.WriteString(feed, data[:60_000]); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	_ = feed.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-cut; err == nil {
		t.Error("the PATCH was answered by a server that was cut off")
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	head, err := tus("HEAD", at, nil)
	n, err := strconv.Atoi(want(http.StatusOK, head, err).Header.Get("Upload-Offset"))
	if err != nil || n < 0 || n > 60_000 { // how much of it had arrived is for the machine to say
		t.Fatalf("offset %d, %v", n, err)
	}
	rest, err := tus("PATCH", at, strings.NewReader(data[n:]), "Upload-Offset", fmt.Sprint(n))
	want(http.StatusNoContent, rest, err)
	got, err := tus("GET", s.URL+"/storage/v1/object/lora-datasets/"+s.Users[0].ID+"/crash.jsonl", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if b, err := io.ReadAll(got.Body); err != nil || string(b) != data {
		t.Errorf("%d bytes of another kind, %v", len(b), err)
	}
}
