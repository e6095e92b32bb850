package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// drawFoot draws the keys of the moment, or the filter line.
func (s *shell) drawFoot() {
	if s.filter != nil {
		s.drawFilter()
		return
	}
	left, right := s.footKeys()
	key := barKey(s.w, s.th.ID, left, right)
	if p := s.top(); p != nil {
		key += "\x00" + p.link() // the same keys of another page do something else
	}
	if s.draw.foot.key == key {
		return
	}
	s.draw.foot.key = key
	s.draw.foot.fill(s.th.Footer, s.w, left, right)
}

func (s *shell) drawFilter() {
	right := s.th.KeyText.Render(" enter keep  esc clear ")
	rw := kit.Width(right)
	if s.w < 40 {
		right, rw = "", 0
	}
	s.draw.foot = bar{text: kit.Fit(s.th.Key.Render(" /")+s.filter.input.View(s.th, max(0, s.w-2-rw))+right, s.w, 1)}
}

// footKeys is made of the page's actions: what fits, in their order, and the
// shell's most needed keys to the right.
func (s *shell) footKeys() (left, right []seg) {
	switch {
	case len(s.dialogs) > 0:
		if d := s.dialogs[len(s.dialogs)-1]; d.Typed != "" {
			return s.keySegs(s.keySegs(nil, "enter", "when it is typed", nil), "esc", "no", nil), nil
		}
		return s.keySegs(s.keySegs(s.keySegs(nil, "y", "yes", nil), "n", "no", nil), "tab", "other button", nil), nil
	case s.palette != nil:
		return s.keySegs(s.keySegs(nil, "enter", "run", nil), "esc", "close", nil), nil
	case s.help != nil:
		return s.keySegs(nil, "esc", "close", nil), nil
	}
	p := s.top()
	if p == nil {
		return nil, s.keySegs(nil, "ctrl+c", "quit", nil)
	}
	capturing := s.capturing(p)
	right = s.footRight(capturing)
	room := s.w - segsWidth(right)
	if f := s.filterer(); f != nil && f.FilterText() != "" {
		text := " /" + kit.Truncate(models.Clean(f.FilterText()), 20) + " "
		left = append(left, seg{text: text, style: s.st.filter, do: s.openFilter})
	}
	for _, a := range s.actions(p) {
		h := a.Keys.Help()
		if a.Quiet || h.Key == "" || h.Desc == "" {
			continue
		}
		next := s.actionSegs(left, a, p)
		if segsWidth(next) > room {
			break
		}
		left = next
	}
	return left, right
}

func (s *shell) capturing(p *page) bool {
	c, ok := p.scr.(screen.Capturer)
	return ok && p.failed == nil && c.Capturing()
}

func (s *shell) footRight(capturing bool) []seg {
	if capturing {
		return s.keySegs(s.keySegs(nil, "f1", "help", s.openHelp), "ctrl+c", "quit", nil)
	}
	out := s.keySegs(nil, "?", "help", s.openHelp)
	if s.w >= 60 {
		out = s.keySegs(out, ":", "commands", s.openPalette)
	}
	if len(s.stack) > 1 && s.gate == nil {
		return s.keySegs(out, "esc", "back", s.out)
	}
	return s.keySegs(out, "q", "quit", func() tea.Cmd { return s.quit(false) })
}

func (s *shell) actionSegs(list []seg, a screen.Action, p *page) []seg {
	h := a.Keys.Help()
	do := func() tea.Cmd {
		if p != s.top() {
			return nil
		}
		return s.run(a)
	}
	if a.Why() == "" {
		return s.keySegs(list, h.Key, h.Desc, do)
	}
	faint := s.st.off
	return append(list[:len(list):len(list)], seg{text: " " + h.Key, style: faint, do: do, off: true}, seg{text: " " + h.Desc + " ", style: faint, do: do, off: true})
}

// keySegs adds one key and its meaning.
func (s *shell) keySegs(list []seg, key, desc string, do func() tea.Cmd) []seg {
	return append(list[:len(list):len(list)],
		seg{text: " " + key, style: s.st.key, do: do},
		seg{text: " " + desc + " ", style: s.st.text, do: do})
}
