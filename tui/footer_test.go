package tui

import (
	"context"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

// moody has one action, which cannot always be done.
type moody struct{ why string }

func (*moody) Init() tea.Cmd              { return nil }
func (*moody) Update(tea.Msg) tea.Cmd     { return nil }
func (*moody) Title() string              { return "Moody" }
func (*moody) View(f screen.Frame) string { return kit.Fit("", f.W, f.H) }
func (m *moody) Actions() []screen.Action {
	return []screen.Action{{ID: "moody.go", Keys: screen.Bind("g", "go on"), Off: func() string { return m.why }, Do: func() tea.Cmd { return nil }}}
}

// A key that can be used again looks so, though its words are the same.
func TestFooterShowsWhatCanBeDone(t *testing.T) {
	m := &moody{why: "not yet"}
	o := Options{Theme: "dark", Env: []string{}}.withDefaults()
	s := newShell(context.Background(), o, tuitest.NewFake(time.Now()), []screen.Spec{
		{Name: "home", Title: "Moody", Nav: true, New: func(screen.Scope, screen.Args) screen.Screen { return m }},
	})
	s.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	pump(s, s.Init())
	s.View()
	off := s.draw.foot.text
	m.why = ""
	s.View()
	on := s.draw.foot.text
	m.why = "not any more"
	s.View()
	if on == off || s.draw.foot.text != off {
		t.Errorf("off %q, on %q, off again %q", off, on, s.draw.foot.text)
	}
}
