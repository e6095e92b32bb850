package proof_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// envNode, set to "required", makes a missing node or its packages a failure:
// .ci/run sets it, so that the proof cannot go missing unnoticed there.
const envNode = "LORATOP_TEST_NODE"

// node is the path of a program of node_modules, or of node itself for "".
func node(t *testing.T, program string) string {
	t.Helper()
	give := t.Skipf
	if os.Getenv(envNode) == "required" {
		give = t.Fatalf
	}
	path, err := exec.LookPath("node")
	if err != nil {
		give("node is not installed: the official clients cannot run here (%v)", err)
	}
	if _, err := os.Stat("node_modules/.package-lock.json"); err != nil {
		give("the official clients are not installed: run npm ci in client/local/proof")
	}
	if program == "" {
		return path
	}
	if path, err = filepath.Abs(filepath.Join("node_modules", ".bin", program)); err != nil {
		t.Fatal(err)
	}
	return path
}

// patience bounds every program that a test runs.
const patience = 3 * time.Minute

// command is a program that ends with the test at the latest. Of the
// environment it gets what it needs and no more: no proxy, no accounts.
func command(t *testing.T, path string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, path, args...)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_COLOR=1", "DO_NOT_TRACK=1", "SUPABASE_TELEMETRY_DISABLED=1"}, env...)
	c.WaitDelay = 5 * time.Second
	return c
}
