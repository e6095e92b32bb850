package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

const (
	toastTime    = 4 * time.Second
	toastTimeBad = 8 * time.Second
	toastMax     = 4 // stacked; the oldest goes first
)

type toast struct {
	id    uint64
	level screen.Level
	text  string
	times int  // the same text came again
	kept  bool // stays until the terminal has the focus
}

// toasts are notes above the footer, the newest below. They never take a key.
type toasts struct {
	list []toast
	last uint64
}

type toastOver struct{ id uint64 }

func (s *shell) toast(l screen.Level, text string) tea.Cmd {
	return s.fade(l, s.toasts.add(l, models.Clean(text)))
}

// fade ends a toast after its time.
func (s *shell) fade(l screen.Level, id uint64) tea.Cmd {
	d := toastTime
	if l >= screen.LevelWarn {
		d = toastTimeBad
	}
	done := s.ctx.Done()
	return func() tea.Msg {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return toastOver{id}
		case <-done:
			return nil
		}
	}
}

// add shows a note; a repeated one is counted and lives on.
func (t *toasts) add(l screen.Level, text string) uint64 {
	t.last++
	times := 1
	for i, x := range t.list {
		if x.text == text && x.level == l {
			times = x.times + 1
			t.list = append(t.list[:i:i], t.list[i+1:]...)
			break
		}
	}
	t.list = append(t.list, toast{id: t.last, level: l, text: text, times: times})
	if n := len(t.list); n > toastMax {
		t.list = append([]toast(nil), t.list[n-toastMax:]...)
	}
	return t.last
}

func (t *toasts) end(id uint64) {
	for i, x := range t.list {
		if x.id == id {
			t.list = append(t.list[:i:i], t.list[i+1:]...)
			return
		}
	}
}

// keep has a toast stay until somebody looks.
func (t *toasts) keep(id uint64) {
	for i := range t.list {
		if t.list[i].id == id {
			t.list[i].kept = true
		}
	}
}

// seen begins the time of the toasts that were kept.
func (s *shell) seen() tea.Cmd {
	var cmds []tea.Cmd
	for i := range s.toasts.list {
		if x := &s.toasts.list[i]; x.kept {
			x.kept = false
			cmds = append(cmds, s.fade(x.level, x.id))
		}
	}
	return tea.Batch(cmds...)
}

func (t *toasts) clear() { t.list = nil }

// lines draws the notes, each one line of at most w cells.
func (t *toasts) lines(th theme.Theme, w int) []string {
	if w < 6 {
		return nil
	}
	out := make([]string, 0, len(t.list))
	for _, x := range t.list {
		text := toastMark(th, x.level) + " " + x.text
		if x.times > 1 {
			text += " (" + kit.Exact(int64(x.times)) + " times)"
		}
		out = append(out, toastStyle(th, x.level).Render(" "+kit.Truncate(text, w-2)+" "))
	}
	return out
}

func toastMark(th theme.Theme, l screen.Level) string {
	switch l {
	case screen.LevelGood:
		return th.Glyph("✓", "+")
	case screen.LevelWarn:
		return "!"
	case screen.LevelBad:
		return th.Glyph("✗", "x")
	default:
		return "i"
	}
}

func toastStyle(th theme.Theme, l screen.Level) lipgloss.Style {
	s := th.Info
	switch l {
	case screen.LevelGood:
		s = th.Good
	case screen.LevelWarn:
		s = th.Warn
	case screen.LevelBad:
		s = th.Bad
	}
	return s.Reverse(true).Bold(true)
}
