package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// Bounds of notifications: what one may say, and how many are remembered as
// given.
const (
	noticeWidth = 160
	noticeKept  = 512
)

// notices remembers what was told.
type notices struct {
	told map[string]bool
	list []string
}

// first reports that key was not told yet, and takes it as told.
func (n *notices) first(key string) bool {
	if n.told[key] {
		return false
	}
	if n.told == nil {
		n.told = map[string]bool{}
	}
	if len(n.list) >= noticeKept {
		delete(n.told, n.list[0])
		n.list = n.list[1:]
	}
	n.told[key] = true
	n.list = append(n.list, key)
	return true
}

// notify gives a notification of the terminal, once, and only while nobody
// looks. What is seen on the screen counts as told.
func (s *shell) notify(m screen.NotifyMsg) tea.Cmd {
	if !s.notices.first(m.Key) || s.focused {
		return nil
	}
	if seq := notice(s.o.Notify, s.o.Env, m.Text); seq != "" {
		return tea.Raw(seq)
	}
	return nil
}

// notice is the control sequence of a notification by the setting: "auto" (or
// ""), "osc", "bell" or "off". The text can hold no control character, and
// nothing that the sequences take for a separator.
func notice(how string, env []string, text string) string {
	text = strings.ReplaceAll(kit.Truncate(models.Clean(text), noticeWidth), ";", ",")
	kind := noticeKind(env)
	switch how {
	case "off":
		return ""
	case "bell":
		kind = "bell"
	case "osc":
		if kind == "bell" {
			kind = "9"
		}
	}
	switch kind {
	case "99":
		return "\x1b]99;i=loratop:d=0:p=title;loratop\x1b\\\x1b]99;i=loratop:d=1:p=body;" + text + "\x1b\\"
	case "777":
		return "\x1b]777;notify;loratop;" + text + "\x1b\\"
	case "9":
		return "\x1b]9;" + text + "\x1b\\"
	}
	return "\a"
}

// noticeKind is what the terminal is known to take: OSC 99, 777 or 9. Inside
// tmux and screen, and where nothing is known, the bell: it raises the window's
// flag, and is never printed as text.
func noticeKind(list []string) string {
	has := func(name string) bool { return env(list, name) != "" }
	term, program := env(list, "TERM"), env(list, "TERM_PROGRAM")
	is := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return program == n || strings.Contains(term, n) })
	}
	switch {
	case has("TMUX"), has("STY"), strings.HasPrefix(term, "screen"), strings.HasPrefix(term, "tmux"):
		return "bell"
	case has("KITTY_WINDOW_ID"), is("kitty"):
		return "99"
	case is("ghostty", "foot", "rxvt-unicode", "contour"):
		return "777"
	case has("WT_SESSION"), has("ConEmuPID"), is("iTerm.app", "WezTerm"):
		return "9"
	}
	return "bell"
}
