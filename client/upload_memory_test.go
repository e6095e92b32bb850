package client

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

const childUpload = "LORATOP_TEST_CHILD_UPLOAD" // url, key, token and path, by spaces

// memoryMax is what an upload may take, whatever the size of its file.
const memoryMax = 40_000_000

// An upload of 64 MB takes less than that, counted in a process of its own as
// all that Go has asked the system for, used or not, which never shrinks. (The
// loratop that sends 500 MB has a resident set of 37 MB, 18 of them program.)
func TestUploadMemory(t *testing.T) {
	if args := os.Getenv(childUpload); args != "" {
		childUploads(t, strings.Fields(args))
		return
	}
	r := newRig(t)
	c, _ := r.uploader(t, "alice@example.com", "")
	path, _ := jsonlFile(t, "a.jsonl", 64<<20, 12)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run", "^TestUploadMemory$", "-test.v")
	cmd.Env = append(os.Environ(), childUpload+"="+strings.Join([]string{r.url, r.anon, c.sess.cur.Load().AccessToken, path}, " "))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, rest, _ := strings.Cut(string(out), "memory=")
	digits, _, _ := strings.Cut(rest, "\n")
	if n, err := strconv.Atoi(digits); err != nil || n > memoryMax {
		t.Errorf("%s bytes, at most %d (%v)", digits, memoryMax, err)
	}
}

func childUploads(t *testing.T, args []string) {
	store, err := NewTokenStore(args[2])
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{URL: args[0], Key: args[1], Store: store, State: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Upload(t.Context(), models.NewUpload{Path: args[3]}, nil)
	if err != nil || d.Status != models.DatasetReady {
		t.Fatalf("%+v, %v", d, err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("memory=%d\n", m.Sys)
}
