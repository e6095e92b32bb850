//go:build unix

package pgproc

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFetch downloads from a repository of our own, which has programs that
// only say what they are.
func TestFetch(t *testing.T) {
	jar := archive(t, map[string]string{
		"bin/postgres": "#!/bin/sh\necho 'postgres (PostgreSQL) 17.5'\n",
		"bin/initdb":   "#!/bin/sh\nexit 1\n",
		"bin/pg_ctl":   "#!/bin/sh\nexit 1\n",
	})
	sum := sha256.Sum256(jar)
	asked := 0
	repo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, ".jar.sha256"):
			_, _ = io.WriteString(w, hex.EncodeToString(sum[:]))
		case strings.HasSuffix(r.URL.Path, ".jar"):
			asked++
			_, _ = w.Write(jar)
		default:
			http.NotFound(w, r)
		}
	}))
	defer repo.Close()
	t.Setenv(EnvRepository, repo.URL)
	cache := t.TempDir()
	var heard []string
	for range 2 {
		said := ""
		bin, err := fetch(t.Context(), cache, func(s string) { said = s })
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(cache, "17", "bin"); bin.Dir != want || bin.Major != 17 {
			t.Errorf("fetched %+v, want version 17 in %s", bin, want)
		}
		heard = append(heard, said)
	}
	if asked != 1 {
		t.Errorf("downloaded %d times", asked)
	}
	if !strings.Contains(heard[0], "downloading") || heard[1] != "" {
		t.Errorf("said %q", heard)
	}
	left, err := filepath.Glob(filepath.Join(cache, "fetch-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestFetchOffline: the error says what to install.
func TestFetchOffline(t *testing.T) {
	repo := httptest.NewServer(http.NotFoundHandler())
	repo.Close() // nobody there
	t.Setenv(EnvRepository, repo.URL)
	_, err := fetch(t.Context(), t.TempDir(), nil)
	if !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), "apt-get install postgresql") || !strings.Contains(err.Error(), EnvBin) {
		t.Errorf("offline: %v", err)
	}
}

// archive packs programs as the repository does: a tar in an xz in a zip.
func archive(t *testing.T, programs map[string]string) []byte {
	t.Helper()
	var plain bytes.Buffer
	tw := tar.NewWriter(&plain)
	for name, text := range programs {
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(tw, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	zw := zip.NewWriter(&jar)
	w, err := zw.Create("postgres-linux-x86_64.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(storedXZ(plain.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// storedXZ is an xz file that keeps the data as they are, in LZMA2 chunks
// without compression and without a check sum of the content.
func storedXZ(data []byte) []byte {
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	flags := []byte{0, 0} // no check
	out := append([]byte("\xfd7zXZ\x00"), flags...)
	out = append(out, sum(flags)...)
	header := []byte{2, 0, 0x21, 1, 0x16, 0, 0, 0} // 12 bytes in all, one filter: LZMA2
	out = append(append(out, header...), sum(header)...)
	body := 0
	for i := 0; i < len(data); i += 1 << 16 {
		chunk := data[i:min(i+1<<16, len(data))]
		kind := byte(2)
		if i == 0 {
			kind = 1 // begins with an empty dictionary
		}
		out = append(out, kind, byte((len(chunk)-1)>>8), byte(len(chunk)-1))
		out = append(out, chunk...)
		body += 3 + len(chunk)
	}
	out, body = append(out, 0), body+1
	for n := body; n%4 != 0; n++ {
		out = append(out, 0)
	}
	index := binary.AppendUvarint(binary.AppendUvarint([]byte{0, 1}, uint64(12+body)), uint64(len(data)))
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	out = append(append(out, index...), sum(index)...)
	footer := append(binary.LittleEndian.AppendUint32(nil, uint32((len(index)+4)/4-1)), flags...)
	return append(append(append(out, sum(footer)...), footer...), "YZ"...)
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": 15, "postgres (PostgreSQL) 18beta1": 18, "postgres (PostgreSQL) 9.6.24": 9, "psql 15": 0, "": 0,
	} {
		if got, _ := parseVersion(text); got != want {
			t.Errorf("%q: version %d, want %d", text, got, want)
		}
	}
}

// TestSettle: what lies elsewhere goes when its folder's parent has gone, and
// not before.
func TestSettle(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "stack")
	if err := os.Mkdir(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	place, err := Settle(filepath.Join(parent, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	settle := func() { // of a neighbour
		other := t.TempDir()
		if p, err := Settle(filepath.Join(other, "postgres")); err != nil {
			t.Fatal(err)
		} else if err := os.RemoveAll(p); err != nil {
			t.Fatal(err)
		}
	}
	settle()
	if _, err := os.Stat(place); err != nil {
		t.Fatalf("a neighbour's start removed %s: %v", place, err)
	}
	if err := os.RemoveAll(parent); err != nil {
		t.Fatal(err)
	}
	settle()
	if _, err := os.Stat(place); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left of a folder that is gone: %v", place, err)
	}
}

// TestPlace: root's own folder is closed to the user who runs PostgreSQL.
func TestPlace(t *testing.T) {
	closed := t.TempDir() // mode 0700 above
	got, err := Place(filepath.Join(closed, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	inside := strings.HasPrefix(got, closed)
	if inside == (os.Geteuid() == 0) {
		t.Errorf("user %d: %s is placed at %s", os.Geteuid(), closed, got)
	}
	again, err := Place(filepath.Join(closed, "postgres"))
	if err != nil || again != got {
		t.Errorf("the place moved from %s to %s (%v)", got, again, err)
	}
}
