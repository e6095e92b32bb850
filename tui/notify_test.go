package tui

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

func TestNoticeKinds(t *testing.T) {
	for _, c := range []struct{ how, env, want string }{
		{"auto", "TERM=xterm-kitty", "\x1b]99;"},
		{"", "TERM_PROGRAM=ghostty", "\x1b]9;"},
		{"auto", "TERM=foot", "\x1b]777;"},
		{"auto", "TERM_PROGRAM=WezTerm", "\x1b]9;"},
		{"auto", "TERM_PROGRAM=iTerm.app", "\x1b]9;"},
		{"auto", "WT_SESSION=1 TERM=xterm-256color", "\x1b]9;"},
		{"auto", "TERM=xterm-256color", "\x1b]777;notify;loratop;done\x1b\\\a"},
		{"auto", "TERM=linux", "\a"},
		{"osc", "TERM=linux", "\x1b]9;"},
		{"osc", "TERM=xterm-256color", "\x1b]9;"},
		{"osc", "TERM=tmux-256color TMUX=/tmp/x", "\x1bPtmux;\x1b\x1b]9;done\x1b\x1b\\\x1b\\"},
		{"bell", "TERM=xterm-kitty", "\a"},
		{"auto", "TMUX=/tmp/x KITTY_WINDOW_ID=1", "\a"},
		{"auto", "TERM=screen.xterm-256color", "\a"},
	} {
		got := Notice(c.how, strings.Fields(c.env), "done")
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%q with %s: %q", c.how, c.env, got)
		}
	}
	if got := Notice("off", nil, "done"); got != "" {
		t.Errorf("off: %q", got)
	}
}

func TestNoticeIsSanitised(t *testing.T) {
	got := Notice("osc", nil, "a\x1b]52;c;eA==\x07b\x9c;c\n"+strings.Repeat("long ", 200))
	body := strings.TrimSuffix(strings.TrimPrefix(got, "\x1b]9;"), "\x1b\\")
	if strings.ContainsAny(body, "\x1b\x07\n;\u009c") || len(body) > 2*noticeWidth {
		t.Errorf("%q", got)
	}
}

// said is what the commands send to the terminal, without waiting for those
// that wait.
func said(cmd tea.Cmd) (out string) {
	if cmd == nil {
		return ""
	}
	got := make(chan tea.Msg, 1)
	go func() { got <- cmd() }()
	select {
	case m := <-got:
		if v := reflect.ValueOf(m); v.IsValid() && v.Kind() == reflect.Slice {
			for i := range v.Len() {
				c, _ := v.Index(i).Interface().(tea.Cmd)
				out += said(c)
			}
		}
		if raw, ok := m.(tea.RawMsg); ok {
			out, _ = raw.Msg.(string)
		}
	case <-time.After(500 * time.Millisecond): // a timer
	}
	return out
}

func TestNotifiesOnceAndOnlyUnfocused(t *testing.T) {
	s := newShell(context.Background(), Options{Env: []string{"TERM=foot"}}.withDefaults(), tuitest.NewFake(time.Now()), nil)
	s.notices.kind = kind777
	tell := func(key string) string {
		_, cmd := s.Update(screen.NotifyMsg{Key: key, Text: "done " + key})
		return said(cmd)
	}
	if got := tell("a"); got != "" || len(s.toasts.list) != 1 {
		t.Errorf("the terminal has the focus: %q, %d toasts", got, len(s.toasts.list))
	}
	s.focus(false)
	if got := tell("a"); got != "" {
		t.Errorf("told again what was on the screen: %q", got)
	}
	if got := tell("b"); !strings.Contains(got, "done b") {
		t.Errorf("not told: %q", got)
	}
	if got := tell("b"); got != "" || len(s.toasts.list) != 2 || !s.toasts.list[1].kept {
		t.Errorf("told twice: %q, %v", got, s.toasts.list)
	}
	s.focus(true)
	if s.toasts.list[1].kept {
		t.Error("the toast stays for ever")
	}
	for i := range 2 * noticeKept {
		s.notices.first(strings.Repeat("x", i))
	}
	if len(s.notices.told) > noticeKept+1 {
		t.Errorf("%d remembered", len(s.notices.told))
	}
}

// TestRingsInTmuxThatTellsNoFocus: without focus-events nobody knows whether the
// window is looked at, and tmux knows what to do with a bell.
func TestRingsInTmuxThatTellsNoFocus(t *testing.T) {
	rings := func(heard bool, how string, vars ...string) bool {
		s := newShell(context.Background(), Options{Notify: how, Env: vars}.withDefaults(), tuitest.NewFake(time.Now()), nil)
		if heard {
			s.Update(tea.FocusMsg{})
		}
		_, cmd := s.Update(screen.NotifyMsg{Key: "k", Text: "done"})
		return said(cmd) == "\a"
	}
	if !rings(false, "auto", "TMUX=/x") || !rings(false, "", "STY=1.x") {
		t.Error("no bell, and no focus that could tell more")
	}
	if rings(true, "auto", "TMUX=/x") || rings(false, "off", "TMUX=/x") || rings(false, "auto", "TERM=xterm") {
		t.Error("a bell where the focus is known, or nobody wants it")
	}
}

// TestProbesOSC99 asks a terminal that nothing is known of, and uses what it
// answers; what there is to tell meanwhile waits for it, and no longer than that.
func TestProbesOSC99(t *testing.T) {
	fresh := func(how string, vars ...string) (*shell, string) {
		s := newShell(context.Background(), Options{Notify: how, Env: vars}.withDefaults(), tuitest.NewFake(time.Now()), nil)
		asked := said(s.probeNotices())
		s.focus(false)
		return s, asked
	}
	tell := func(s *shell, key string) string {
		_, cmd := s.Update(screen.NotifyMsg{Key: key, Text: key})
		return said(cmd)
	}
	const question = "\x1b]99;i=loratop:p=?;\x1b\\"
	s, asked := fresh("auto", "TERM=xterm-256color")
	if asked != question || tell(s, "early") != "" {
		t.Errorf("asked %q", asked)
	}
	s.Update(uv.UnknownOscEvent("\x1b]99;i=another:p=?;a=focus\x1b\\"))
	_, cmd := s.Update(uv.UnknownOscEvent("\x1b]99;i=loratop:p=?;a=report,focus:p=title,body\x1b\\"))
	if got := said(cmd); got != "\x1b]99;i=loratop-1:d=0:p=title;loratop\x1b\\\x1b]99;i=loratop-1:d=1:p=body;early\x1b\\" {
		t.Errorf("%q", got)
	}
	if got := tell(s, "late"); !strings.Contains(got, "i=loratop-2:d=1:p=body;late") {
		t.Errorf("%q", got)
	}

	s, _ = fresh("auto", "TERM=xterm-256color")
	tell(s, "early")
	_, cmd = s.Update(probeOver{})
	if got := said(cmd); got != "\x1b]777;notify;loratop;early\x1b\\\a" {
		t.Errorf("without an answer: %q", got)
	}
	for _, c := range [][]string{{"auto", "TERM=tmux-256color"}, {"auto", "TERM=linux"}, {"off", "TERM=xterm"}, {"bell", "TERM=xterm"}} {
		if _, asked := fresh(c[0], c[1]); asked != "" {
			t.Errorf("%v: asked %q", c, asked)
		}
	}
}
