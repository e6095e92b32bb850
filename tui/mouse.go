package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/screen"
)

// mouse routes a mouse event: bars and buttons by their zones, the rest to the
// page in body coordinates. Whatever the mouse does, a key does as well.
func (s *shell) mouse(m tea.MouseMsg) tea.Cmd {
	e := m.Mouse()
	head, body, _ := areas(s.h)
	_, click := m.(tea.MouseClickMsg)
	_, wheel := m.(tea.MouseWheelMsg)
	inBody := e.Y >= head && e.Y < head+body
	switch {
	case len(s.dialogs) > 0:
		if click && e.Button == tea.MouseLeft {
			return s.dialogClick(e.X, e.Y-head)
		}
		return nil
	case s.palette != nil && click && e.Button == tea.MouseLeft:
		return s.paletteClick(e.X-s.draw.layer[0], e.Y-head-s.draw.layer[1])
	case s.palette != nil || s.help != nil:
		s.layerWheel(m)
		return nil
	case click && !inBody:
		return s.zoneClick(e)
	case click || wheel || inBody:
		return s.pageMouse(m, head, inBody)
	}
	return nil
}

func (s *shell) dialogClick(x, y int) tea.Cmd {
	z, d := s.draw.dialog, s.dialogs[len(s.dialogs)-1]
	if !d.ready || y != z.y {
		return nil
	}
	switch {
	case x >= z.no[0] && x < z.no[1]:
		return s.answer(false)
	case x >= z.yes[0] && x < z.yes[1]:
		return s.answer(true)
	}
	return nil
}

// paletteClick runs the entry that is drawn at a line of the box; a click beside
// the box closes it.
func (s *shell) paletteClick(x, y int) tea.Cmd {
	p := s.palette
	if x < 0 || y < 0 || x >= p.w || y > p.rows+2 {
		s.palette = nil
		return nil
	}
	if i := p.top + y - 2; y >= 2 && i < min(len(p.shown), p.top+p.rows) {
		return s.runEntry(i)
	}
	return nil
}

func (s *shell) layerWheel(m tea.MouseMsg) {
	w, ok := m.(tea.MouseWheelMsg)
	switch {
	case !ok:
	case s.help != nil:
		s.help.scroll.Update(w)
	case w.Button == tea.MouseWheelUp:
		s.palette.move(-1)
	case w.Button == tea.MouseWheelDown:
		s.palette.move(1)
	}
}

func (s *shell) zoneClick(e tea.Mouse) tea.Cmd {
	if e.Button != tea.MouseLeft || s.filter != nil {
		return nil
	}
	for _, z := range s.draw.zones {
		if z.y == e.Y && e.X >= z.x0 && e.X < z.x1 && z.do != nil {
			s.bodyDirty()
			return z.do()
		}
	}
	return nil
}

// pageMouse hands an event to the page, its origin moved to the body's.
func (s *shell) pageMouse(m tea.MouseMsg, head int, inBody bool) tea.Cmd {
	p := s.top()
	if p == nil || !inBody {
		return nil
	}
	s.bodyDirty()
	var msg tea.Msg
	switch m := m.(type) {
	case tea.MouseClickMsg:
		m.Y -= head
		msg = m
	case tea.MouseReleaseMsg:
		m.Y -= head
		msg = m
	case tea.MouseWheelMsg:
		m.Y -= head
		msg = m
	case tea.MouseMotionMsg:
		m.Y -= head
		msg = m
	default:
		return nil
	}
	return s.update(p, msg)
}

var _ tea.Model = (*shell)(nil)

var _ screen.Failer = screen.Failed{}
