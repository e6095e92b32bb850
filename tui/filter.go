package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// filterLine is the input of "/" in place of the footer. It filters while it is
// typed in; enter keeps the filter, esc clears it.
type filterLine struct {
	input kit.Input
	page  *page
}

func (s *shell) filterer() screen.Filterer {
	p := s.top()
	if p == nil || p.failed != nil {
		return nil
	}
	f, _ := p.scr.(screen.Filterer)
	return f
}

func (s *shell) noFilter() string {
	if s.filterer() == nil {
		return "there is nothing to filter here"
	}
	return ""
}

func (s *shell) openFilter() tea.Cmd {
	f := s.filterer()
	if f == nil {
		return nil
	}
	s.filter = &filterLine{input: kit.NewInput(f.FilterText(), "type to filter", false, 200), page: s.top()}
	s.filter.input.Focus()
	return nil
}

func (s *shell) filterKey(m tea.KeyPressMsg) tea.Cmd {
	switch m.String() {
	case "enter":
		s.filter = nil
		return nil
	case "esc", "alt+esc":
		s.filter = nil
		return s.filterTo("")
	case "up", "down", "pgup", "pgdown":
		if p := s.top(); p != nil { // move in the list while typing
			s.bodyDirty()
			return s.update(p, m)
		}
		return nil
	}
	return s.filterEdit(m)
}

func (s *shell) filterEdit(m tea.Msg) tea.Cmd {
	if !s.filter.input.Update(m) {
		return nil
	}
	return s.filterTo(s.filter.input.Value())
}

func (s *shell) filterTo(text string) (cmd tea.Cmd) {
	f := s.filterer()
	if f == nil {
		return nil
	}
	s.bodyDirty()
	s.guard(s.top(), "Filter", func() { cmd = f.Filter(text) })
	return cmd
}
