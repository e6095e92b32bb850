package client

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
)

// counting counts the bytes of requests' bodies, and lets a test change what
// comes back.
type counting struct {
	sent  atomic.Int64
	reply func(*http.Request, *http.Response)
}

func (c *counting) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		out := *req
		out.Body = &counted{req.Body, &c.sent}
		out.GetBody = nil
		req = &out
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && c.reply != nil {
		c.reply(req, res)
	}
	return res, err
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// wantPrivate holds that nobody else can read the state.
func wantPrivate(t testing.TB, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(dir, "uploads"), func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", p, info.Mode())
		}
		files++
		return err
	})
	if err != nil || files < 4 {
		t.Errorf("%d files, %v", files, err)
	}
}

func mkfifo(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}
