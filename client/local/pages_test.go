package local

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestGatewayPages: the mailbox is read by who sits at this machine, with no
// key, and by nobody whose name for this machine is not loopback's.
func TestGatewayPages(t *testing.T) {
	g := NewGateway(GatewayOptions{Auth: echo("auth"), Secret: []byte("s"), Pages: map[string]http.Handler{"/_mail": echo("page")}})
	for name, c := range map[string]struct {
		peer, host, path string
		status           int
	}{
		"mine":             {"127.0.0.1:9", "127.0.0.1:54321", "/_mail", 200},
		"by name":          {"127.0.0.1:9", "localhost:54321", "/_mail?to=x", 200},
		"version 6":        {"[::1]:9", "[::1]:54321", "/_mail", 200},
		"without a port":   {"127.0.0.1:9", "localhost", "/_mail", 200},
		"another machine":  {"192.0.2.1:9", "127.0.0.1", "/_mail", 403},
		"rebound name":     {"127.0.0.1:9", "evil.example:54321", "/_mail", 403},
		"name of loopback": {"127.0.0.1:9", "127.0.0.1.evil.example", "/_mail", 403},
		"no page":          {"127.0.0.1:9", "127.0.0.1", "/_mailbox", 401},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://x"+c.path, nil)
		r.RemoteAddr, r.Host = c.peer, c.host
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != c.status || c.status == 200 && !strings.HasPrefix(w.Body.String(), "page "+"/_mail?") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
