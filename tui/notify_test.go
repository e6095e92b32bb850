package tui

import (
	"context"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

func TestNoticeKinds(t *testing.T) {
	for _, c := range []struct{ how, env, want string }{
		{"auto", "TERM=xterm-kitty", "\x1b]99;"},
		{"", "TERM_PROGRAM=ghostty", "\x1b]777;notify;loratop;"},
		{"auto", "TERM=foot", "\x1b]777;"},
		{"auto", "TERM_PROGRAM=WezTerm", "\x1b]9;"},
		{"auto", "TERM=xterm-256color", "\a"},
		{"osc", "TERM=xterm-256color", "\x1b]9;"},
		{"bell", "TERM=xterm-kitty", "\a"},
		{"auto", "TMUX=/tmp/x KITTY_WINDOW_ID=1", "\a"},
	} {
		got := notice(c.how, strings.Fields(c.env), "done")
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%q with %s: %q", c.how, c.env, got)
		}
	}
	if got := notice("off", nil, "done"); got != "" {
		t.Errorf("off: %q", got)
	}
}

func TestNoticeIsSanitised(t *testing.T) {
	got := notice("osc", nil, "a\x1b]52;c;eA==\x07b\x9c;c\n"+strings.Repeat("long ", 200))
	body := strings.TrimSuffix(strings.TrimPrefix(got, "\x1b]9;"), "\x1b\\")
	if strings.ContainsAny(body, "\x1b\x07\n;\u009c") || len(body) > 2*noticeWidth {
		t.Errorf("%q", got)
	}
}

func TestNotifiesOnceAndOnlyUnfocused(t *testing.T) {
	s := newShell(context.Background(), Options{Env: []string{"TERM=foot"}}.withDefaults(), tuitest.NewFake(time.Now()), nil)
	raw := func(key string) bool {
		_, cmd := s.Update(screen.NotifyMsg{Key: key, Text: "done"})
		if cmd == nil {
			return false
		}
		m, ok := cmd().(tea.RawMsg)
		return ok && strings.Contains(m.Msg.(string), "done")
	}
	if raw("a") {
		t.Error("told though the terminal has the focus")
	}
	s.focus(false)
	if raw("a") {
		t.Error("told again what was on the screen")
	}
	if !raw("b") || raw("b") {
		t.Error("not told exactly once")
	}
	for i := range 2 * noticeKept {
		s.notices.first(strings.Repeat("x", i))
	}
	if len(s.notices.told) > noticeKept+1 {
		t.Errorf("%d remembered", len(s.notices.told))
	}
}
