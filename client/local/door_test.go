package local_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
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
