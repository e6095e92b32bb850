package tuitest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

func TestExecDrivesARealProgram(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `printf 'size '; stty size; printf 'name? '; read x; echo "hello $x"; exit 3`)
	term := Exec(t, cmd, 40, 6)
	term.See("size 6 40", "name?").Type("world").Press("enter").See("hello world")
	if code := term.ExitCode(); code != 3 {
		t.Errorf("exit code %d", code)
	}
	if !term.Restored() {
		t.Error("not restored")
	}
}

func TestExecResizeAndStop(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `trap 'stty size; exit 0' TERM; trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done`)
	term := Exec(t, cmd, 40, 6)
	term.See("ready").Resize(50, 9).See("9 50")
}

func TestKeysHaveSequences(t *testing.T) {
	t.Parallel()
	for k, want := range map[string]string{"j": "j", "enter": "\r", "ctrl+a": "\x01", "ctrl+z": "\x1a", "up": "\x1b[A", "é": "é"} {
		if got, ok := keySeq(k); !ok || got != want {
			t.Errorf("%q: %q", k, got)
		}
	}
	if _, ok := keySeq("hyper+x"); ok {
		t.Error("an unknown key was taken")
	}
}

func TestFakePages(t *testing.T) {
	t.Parallel()
	rows := make([]int, 123)
	for i := range rows {
		rows[i] = i
	}
	var all []int
	q := models.ListQuery{Limit: 50}
	for {
		p := page(rows, q)
		all = append(all, p.Items...)
		if p.Next == "" {
			break
		}
		q.After = p.Next
	}
	if len(all) != 123 || all[122] != 122 {
		t.Errorf("%d rows", len(all))
	}
}

func TestSVGHasTheText(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("printf", "a<b ⣿")
	term := Exec(t, cmd, 20, 2)
	term.See("a<b")
	if svg := term.SVG(); !strings.Contains(svg, "&lt;") {
		t.Errorf("%s", svg)
	}
}
