package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

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

// probeTime is how long an answer to the question for OSC 99 is waited for with
// what there is to tell. A later one still counts for what comes then.
const probeTime = 2 * time.Second

// notices remembers what was told, and how the terminal is told things.
type notices struct {
	told    map[string]bool
	list    []string
	kind    noticeKind
	probing bool     // the terminal may still answer
	held    []string // what waits for it
	count   int      // told to the terminal
	hears   bool     // the terminal has told of its focus
}

// probeOver tells that the terminal has had its time to answer.
type probeOver struct{}

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

// notify tells of an event once: by a toast, and while nobody looks also by a
// notification of the terminal; the toast then waits for the focus.
func (s *shell) notify(m screen.NotifyMsg) tea.Cmd {
	if !s.notices.first(m.Key) || m.Text == "" {
		return nil
	}
	if s.focused {
		return tea.Batch(s.toast(m.Level, m.Text), s.ring())
	}
	s.toasts.keep(s.toasts.add(m.Level, models.Clean(m.Text)))
	if s.notices.probing {
		s.notices.held = append(s.notices.held, m.Text)
		return nil
	}
	return s.tellTerminal(m.Text)
}

// ring rings the bell where nothing is known of the focus: tmux passes it on only
// with its option focus-events, and screen never does. Both show a bell of a
// window that nobody looks at.
func (s *shell) ring() tea.Cmd {
	within := env(s.o.Env, "TMUX") != "" || env(s.o.Env, "STY") != ""
	if !within || s.notices.hears || s.o.Notify == "off" {
		return nil
	}
	return tea.Raw("\a")
}

func (s *shell) tellTerminal(text string) tea.Cmd {
	s.notices.count++
	if seq := notice(s.o.Notify, s.notices.kind, env(s.o.Env, "TMUX") != "", s.notices.count, text); seq != "" {
		return tea.Raw(seq)
	}
	return nil
}

// probeNotices looks at the environment for how the terminal is told things,
// and where that leaves it open asks the terminal for OSC 99. Nothing waits for
// the answer but what there is to tell.
func (s *shell) probeNotices() tea.Cmd {
	n := &s.notices
	n.kind = kindOf(s.o.Env)
	if n.kind == kindBell || s.o.Notify == "off" || s.o.Notify == "bell" {
		return nil
	}
	n.probing = true
	done := s.ctx.Done()
	return tea.Batch(tea.Raw("\x1b]99;i="+noticeID+":p=?;\x1b\\"), func() tea.Msg {
		t := time.NewTimer(probeTime)
		defer t.Stop()
		select {
		case <-t.C:
			return probeOver{}
		case <-done:
			return nil
		}
	})
}

// noticeID begins the identifiers of our notifications.
const noticeID = "loratop"

// osc99Answer reports that an unknown control sequence is the answer to the
// question for OSC 99.
func osc99Answer(e uv.UnknownOscEvent) bool {
	body, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(string(e), "\x1b]"), "\u009d"), "99;")
	meta, _, _ := strings.Cut(body, ";")
	keys := strings.Split(meta, ":")
	return ok && slices.Contains(keys, "i="+noticeID) && slices.Contains(keys, "p=?")
}

// probed takes the answer of the terminal, or the lack of one.
func (s *shell) probed(osc99 bool) tea.Cmd {
	n := &s.notices
	if osc99 {
		n.kind = kind99
	}
	n.probing = false
	held := n.held
	n.held = nil
	cmds := make([]tea.Cmd, 0, len(held))
	for _, text := range held {
		cmds = append(cmds, s.tellTerminal(text))
	}
	return tea.Batch(cmds...)
}

// noticeKind is how a terminal is told things.
type noticeKind uint8

const (
	kindBell noticeKind = iota // nothing else gets through, or may be printed as text
	kindAny                    // not known: OSC 777, which others pass over, and the bell
	kind9                      // OSC 9
	kind777                    // OSC 777
	kind99                     // OSC 99
)

// kindOf is what the environment tells of the terminal. tmux and screen pass
// nothing on but the bell, which raises the window's flag; the console of Linux
// and terminals of old know no OSC at all.
func kindOf(list []string) noticeKind {
	has := func(name string) bool { return env(list, name) != "" }
	if term := env(list, "TERM"); has("TMUX") || has("STY") || slices.ContainsFunc([]string{"screen", "tmux", "linux", "vt", "dumb"}, func(p string) bool { return strings.HasPrefix(term, p) }) {
		return kindBell
	}
	return outerKind(list)
}

// outerKind is kindOf without a multiplexer.
func outerKind(list []string) noticeKind {
	has := func(name string) bool { return env(list, name) != "" }
	term, program := env(list, "TERM"), env(list, "TERM_PROGRAM")
	is := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return program == n || strings.Contains(term, n) })
	}
	switch {
	case has("KITTY_WINDOW_ID"), is("kitty"):
		return kind99
	case has("WT_SESSION"), has("ConEmuPID"), is("iTerm.app", "WezTerm", "wezterm", "ghostty"):
		return kind9
	case is("foot", "rxvt-unicode", "contour"):
		return kind777
	}
	return kindAny
}

// Notice is the control sequence that tells somebody who looks elsewhere, by the
// setting ("auto" or "", "osc", "bell", "off") and by what env ("K=V") says of
// the terminal; "" for nothing. Whatever the text is, it can end or open no
// sequence.
func Notice(how string, list []string, text string) string {
	kind := kindOf(list)
	if how == "osc" && kind == kindBell {
		kind = outerKind(list)
	}
	return notice(how, kind, env(list, "TMUX") != "", 1, text)
}

// notice makes the n-th notification. The setting "osc" makes a sequence also
// inside tmux, wrapped for it to pass on.
func notice(how string, kind noticeKind, tmux bool, n int, text string) string {
	text = strings.ReplaceAll(kit.Truncate(models.Clean(text), noticeWidth), ";", ",")
	switch how {
	case "off":
		return ""
	case "bell":
		return "\a"
	case "osc":
		if kind < kind9 {
			kind = kind9
		}
		if seq := osc(kind, n, text); tmux {
			return "\x1bPtmux;" + strings.ReplaceAll(seq, "\x1b", "\x1b\x1b") + "\x1b\\"
		}
	}
	return osc(kind, n, text)
}

// osc writes the sequence.
func osc(kind noticeKind, n int, text string) string {
	switch kind {
	case kind99:
		id := "i=" + noticeID + "-" + strconv.Itoa(n)
		return "\x1b]99;" + id + ":d=0:p=title;loratop\x1b\\\x1b]99;" + id + ":d=1:p=body;" + text + "\x1b\\"
	case kind777:
		return "\x1b]777;notify;loratop;" + text + "\x1b\\"
	case kind9:
		return "\x1b]9;" + text + "\x1b\\"
	case kindAny:
		return "\x1b]777;notify;loratop;" + text + "\x1b\\\a"
	}
	return "\a"
}
