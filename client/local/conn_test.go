package local

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestLargeAnswersArriveWhole: head and body of any size, sent at once or in pieces, on one connection.
func TestLargeAnswersArriveWhole(t *testing.T) {
	t.Parallel()
	pattern := func(n int) string { return strings.Repeat("0123456789abcdef", n/16+1)[:n] }
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte(pattern(300_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	url := behindDoor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			http.ServeFile(w, r, file)
			return
		}
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		piece, _ := strconv.Atoi(r.URL.Query().Get("piece"))
		if r.URL.Query().Get("length") != "" {
			w.Header().Set("Content-Length", strconv.Itoa(n))
		}
		for rest := pattern(n); rest != ""; {
			k := min(piece, len(rest))
			if _, err := io.WriteString(w, rest[:k]); err != nil {
				return
			}
			rest = rest[k:]
		}
	})
	for _, n := range []int{0, 1, 2047, 2048, 2049, 3500, 4095, 4096, 4097, 8192, 70_000, 1 << 20} {
		for _, piece := range []int{1000, 5000, 100_000, 1 << 21} {
			for _, length := range []string{"", "1"} {
				if got := body(t, url+fmt.Sprintf("/rest/v1/x?n=%d&piece=%d&length=%s", n, piece, length)); got != pattern(n) {
					t.Errorf("n %d, piece %d, length %q: %d bytes", n, piece, length, len(got))
				}
			}
		}
	}
	if got := body(t, url+"/rest/v1/file"); got != pattern(300_000) {
		t.Errorf("file: %d bytes", len(got))
	}
}

// behindDoor serves a handler below /rest/v1.
func behindDoor(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	l, err := listen(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(l, nil, NewGateway(GatewayOptions{KeyOptional: true, Rest: h}), slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := d.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + d.address
}

func body(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
