package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/cmd"
	"github.com/loratop/loratop/tui/tuitest"
)

// asProgram makes the test binary be loratop itself, so that the race detector
// watches the program that the story drives.
const asProgram = "LORATOP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cmd.Main(cmd.System()))
	}
	os.Exit(m.Run())
}

// story is one run of the program in a terminal of its own.
type story struct {
	*tuitest.Term
	t         *testing.T
	dir, down string
}

func begin(t *testing.T, w, h int, args ...string) *story {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &story{t: t, dir: t.TempDir(), down: t.TempDir()}
	c := exec.CommandContext(context.WithoutCancel(t.Context()), exe, append([]string{"demo", "--dir", filepath.Join(s.dir, "stack"), "--theme", "dark"}, args...)...)
	c.Dir = s.down
	c.Env = append(os.Environ(), asProgram+"=1", "HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir, "XDG_STATE_HOME="+s.dir, "XDG_DATA_HOME="+s.dir, "NO_COLOR=")
	s.Term = tuitest.Exec(t, c, w, h)
	return s
}

// picture keeps the screen for the README when LORATOP_PICTURES is set.
func (s *story) picture(name string) {
	s.t.Helper()
	if os.Getenv("LORATOP_PICTURES") == "" {
		return
	}
	if err := os.WriteFile(filepath.Join("docs", name+".svg"), []byte(s.SVG()), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

const slow = 4 * time.Minute

// The whole story of an engineer's day, against the real stack.
func TestStory(t *testing.T) {
	s := begin(t, 110, 32, "--speed", "3")
	s.UntilIn(slow, "the live home screen", func(screen string) bool {
		return strings.Contains(screen, "DEMO") && strings.Contains(screen, "alice@example.com") && strings.Contains(screen, "running or waiting")
	})
	s.signOutAndIn()
	s.openDataset()
	job := s.launch()
	s.watch(job)
	s.artifact()
	s.afterwards()
	s.quit()
}

const dataset = "Legacy seed set"

func (s *story) signOutAndIn() {
	s.Press(":").See("Commands").Type("sign out").See("sign out").Press("enter").See("Sign out?").Confirm()
	s.See("E-mail", "Password", "alice@example.com / alice-in-loraland")
	s.Type("alice@example.com").Press("tab").Type("not the password").Press("enter").See("Wrong e-mail or password")
	s.Never("not the password", "alice@example.com")
	s.Press("ctrl+u").Type("alice-in-loraland").Press("enter").See("running or waiting")
}

func (s *story) openDataset() {
	s.Press("2").See("datasets", dataset).Press("/").Type("legacy seed").See("1 dataset").Press("enter")
	s.Press("enter").See("Training pairs", "Sample conversations", "user")
	s.picture("dataset")
}

// launch starts a job on the open dataset and returns its id.
func (s *story) launch() string {
	s.Press("l").See("New training job", dataset, "Estimate", "Total")
	s.See("Balanced")
	s.picture("launch")
	s.Press("v").See("Review", "Job id")
	id := regexp.MustCompile(`Job id\s+([0-9a-f-]{36})`).FindStringSubmatch(s.Screen())
	if id == nil {
		s.t.Fatalf("no job id on the review\n%s", s.Screen())
	}
	s.Press("L").See("Job on "+dataset, "epoch")
	return id[1]
}

// watch sees the sparkline of the job move in the list, then follows the job
// page until it is complete.
func (s *story) watch(id string) {
	s.Press("3")
	seen := map[string]bool{}
	s.UntilIn(slow, "the job's sparkline to move", func(screen string) bool {
		for _, line := range strings.Split(screen, "\n") {
			if strings.Contains(line, "● running") && strings.Contains(line, "Legacy") {
				if spark := regexp.MustCompile(`[▁▂▃▄▅▆▇█]{2,}`).FindString(line); spark != "" {
					seen[spark] = true
				}
			}
		}
		return len(seen) >= 2
	})
	s.picture("jobs")
	s.Press(":").Type("job "+id).Press("enter").See("Charts", "Loss", "Gradient norm")
	s.UntilIn(slow, "half of the training", func(screen string) bool {
		return regexp.MustCompile(`[4-9]\d%|100%|✓ completed`).MatchString(screen)
	})
	s.UntilIn(slow, "the job to complete", func(screen string) bool { return strings.Contains(screen, "✓ completed") })
}

// artifact opens what the job made, downloads it and checks a file against the
// hash that the screen shows.
func (s *story) artifact() {
	s.Press("a").See("Quality", "adapter_model.safeten", "demo trainer")
	s.Press("D").UntilIn(slow, "the download", func(screen string) bool { return strings.Contains(screen, "Saved 4 files") })
	s.picture("artifact")
	files, err := filepath.Glob(filepath.Join(s.down, "*", "adapter_config.json"))
	if err != nil || len(files) != 1 {
		s.t.Fatalf("downloaded %v, %v", files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	s.See("sha256 " + hex.EncodeToString(sum[:])[:24])
}

// afterwards finds the job's cost and its notification.
func (s *story) afterwards() {
	s.Press("6").See("By month", "recorded", "Legacy")
	s.picture("costs")
	s.Press("7").See("Model Ready for Download", "Training Complete")
	s.Press("enter").See("Artifact " + dataset[:12])
	s.Gone("Saved").Press("1").See("running or waiting")
	s.picture("home")
	s.Press("3").See("20 jobs").Press("G").Press("k").Press("enter").See("$22.40", "step 1,990/1,990", "Throughput")
	s.Until("the whole history", func(screen string) bool {
		return strings.Contains(screen, " 500 ") && !strings.Contains(screen, "reading the history")
	})
	s.picture("job")
	s.Press("esc").See("20 jobs")
}

func (s *story) quit() {
	s.Press("q")
	if err := s.Wait(); err != nil || s.ExitCode() != 0 {
		s.t.Fatalf("ended with %v, code %d", err, s.ExitCode())
	}
	if !s.Restored() {
		s.t.Fatalf("the terminal is not as it was\n%s", s.Screen())
	}
	s.See("demo stopped")
}
