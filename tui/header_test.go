package tui

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
	"github.com/loratop/loratop/tui/tuitest"
)

func TestHealthIsTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	th := theme.New("dark", true, false, false)
	for _, c := range []struct {
		st    screen.FeedState
		short bool
		want  string
	}{
		{screen.FeedState{}, false, "○ connecting"},
		{screen.FeedState{Health: screen.HealthLive, At: now.Add(-time.Second), Every: 2 * time.Second}, false, "● live"},
		{screen.FeedState{Health: screen.HealthLive, At: now.Add(-40 * time.Second), Every: 2 * time.Second}, false, "◌ stale 40s"},
		{screen.FeedState{Health: screen.HealthLive, At: now.Add(-time.Hour)}, false, "● live"}, // it has ended: nothing more will come
		{screen.FeedState{Health: screen.HealthStale, At: now.Add(-40 * time.Second)}, false, "◌ stale 40s"},
		{screen.FeedState{Health: screen.HealthStale}, false, "✗ no data"},
		{screen.FeedState{Health: screen.HealthOffline, Next: now.Add(7500 * time.Millisecond)}, false, "✗ offline, retry in 8s"},
		{screen.FeedState{Health: screen.HealthOffline, Next: now.Add(7500 * time.Millisecond)}, true, "✗ offline 8s"},
		{screen.FeedState{Health: screen.HealthOffline}, false, "✗ offline, retrying"},
		{screen.FeedState{Health: screen.HealthOffline, Next: now.Add(-time.Second)}, true, "✗ offline"},
	} {
		if got, _ := healthText(th, newBarStyles(th), c.st, now, c.short); got != c.want {
			t.Errorf("%+v: %q, want %q", c.st, got, c.want)
		}
	}
}

func TestBarsDropWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	left := []seg{{text: "mark", drop: 2}, {text: "title"}}
	right := []seg{{text: "live", drop: 1}, {text: "user", drop: 8}, {text: "spend", drop: 6}}
	for w, want := range map[int]string{
		30: "mark title live user spend", 20: "mark title live spend", 14: "mark title live", 12: "title live", 5: "title", 2: "title",
	} {
		l, r := fitSegs(left, right, w)
		var got []string
		for _, s := range append(append([]seg{}, l...), r...) {
			got = append(got, s.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("at %d: %v, want %s", w, got, want)
		}
	}
}

func TestOverlayKeepsTheWidth(t *testing.T) {
	t.Parallel()
	lines := []string{"\x1b[31m0123456789\x1b[m", "日本語テキス", "          "}
	for x := -2; x < 12; x++ {
		got := append([]string(nil), lines...)
		overlay(got, []string{"AB", "CD", "EF", "GH"}, max(x, 0), 0, 12)
		for i, l := range got {
			if n := kit.Width(l); n != 12 {
				t.Errorf("x=%d line %d: %d cells: %q", x, i, n, l)
			}
		}
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"job/42": "job/42", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

func TestToastsStack(t *testing.T) {
	t.Parallel()
	var ts toasts
	for _, text := range []string{"a", "b", "a", "c", "d", "e"} {
		ts.add(screen.LevelInfo, text)
	}
	if len(ts.list) != toastMax {
		t.Fatalf("%d toasts", len(ts.list))
	}
	th := theme.New("dark", true, true, true)
	if l := ts.lines(th, 40); !strings.Contains(l[0], "a (2 times)") {
		t.Errorf("%q", l)
	}
	first := ts.list[0].id
	ts.end(first)
	ts.end(first)
	if len(ts.list) != toastMax-1 {
		t.Errorf("%d toasts after the end of one", len(ts.list))
	}
}

func TestSuspendNeedsAShell(t *testing.T) {
	t.Parallel()
	if canSuspend(strings.NewReader("")) {
		t.Error("would stop a program without a terminal")
	}
	if parentOf(os.Getpid()) != os.Getppid() && runtime.GOOS == "linux" {
		t.Errorf("parentOf(%d) = %d, want %d", os.Getpid(), parentOf(os.Getpid()), os.Getppid())
	}
}

func TestSyncOutputOverSSH(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{[]string{}, false}, {[]string{"SSH_TTY=/dev/pts/1"}, true}, {[]string{"SSH_CONNECTION=a b"}, true},
		{[]string{"SSH_TTY=/dev/pts/1", "LORATOP_NO_SYNC=1"}, false},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		o := Options{Env: c.env}.withDefaults()
		s := newShell(ctx, o, tuitest.NewFake(time.Unix(0, 0)), nil)
		got := false
		for _, cmd := range s.startCmds()[2:] {
			if m, ok := cmd().(tea.ModeReportMsg); ok {
				got = m.Mode == ansi.ModeSynchronizedOutput && m.Value == ansi.ModeReset
			}
		}
		if got != c.want {
			t.Errorf("%v: %v", c.env, got)
		}
		cancel()
	}
}

func TestKeysOfOtherLayouts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   tea.KeyPressMsg
		want string
	}{
		{tea.KeyPressMsg{Code: 'о', Text: "о", BaseCode: 'j'}, "j"},
		{tea.KeyPressMsg{Code: 'п', Text: "П", BaseCode: 'g', ShiftedCode: 'П', Mod: tea.ModShift}, "G"},
		{tea.KeyPressMsg{Code: 'о', Text: "о"}, "о"},                // the terminal does not tell
		{tea.KeyPressMsg{Code: 'y', Text: "y", BaseCode: 'z'}, "y"}, // a Latin letter is what it says
		{tea.KeyPressMsg{Code: tea.KeyEnter}, "enter"},
	} {
		if got := latin(c.in).String(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
}
