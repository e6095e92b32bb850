package kit

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/theme"
)

// Scroller shows a long text in a window. Lines are wrapped once per width.
type Scroller struct {
	text string
	hard bool // cut long lines instead of wrapping

	w     int
	lines []string
	top   int
	h     int
	tail  bool // stays at the end when the text grows
}

// NewScroller makes an empty one; noWrap cuts long lines instead of wrapping.
func NewScroller(noWrap bool) *Scroller { return &Scroller{hard: noWrap} }

// SetContent replaces the text, which may be styled. The position stays.
func (s *Scroller) SetContent(text string) {
	if text != s.text {
		s.text, s.lines = text, nil
	}
}

// Follow keeps the end in view while the text grows, until the user scrolls up.
func (s *Scroller) Follow(on bool) { s.tail = on }

// Top scrolls to the first line.
func (s *Scroller) Top() { s.top, s.tail = 0, false }

// Offset is the first line in the window.
func (s *Scroller) Offset() int { return s.top }

// SetOffset scrolls so that line n is the first in the window, if it can be.
func (s *Scroller) SetOffset(n int) { s.top = max(0, n) }

// AtEnd reports that the last line is in the window.
func (s *Scroller) AtEnd() bool { return s.top+s.h >= len(s.lines) }

// Lines is the number of lines at the width drawn last.
func (s *Scroller) Lines() int { return len(s.lines) }

// Update scrolls and reports whether the message was for the scroller.
func (s *Scroller) Update(msg tea.Msg) bool {
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		return s.key(m.String())
	case tea.MouseWheelMsg:
		switch m.Button {
		case tea.MouseWheelUp:
			s.move(-3)
		case tea.MouseWheelDown:
			s.move(3)
		default:
			return false
		}
		return true
	}
	return false
}

func (s *Scroller) key(k string) bool {
	switch k {
	case "j", "down":
		s.move(1)
	case "k", "up":
		s.move(-1)
	case "ctrl+d":
		s.move(max(1, s.h/2))
	case "ctrl+u":
		s.move(-max(1, s.h/2))
	case "pgdown", "ctrl+f", "space":
		s.move(max(1, s.h-1))
	case "pgup":
		s.move(-max(1, s.h-1))
	case "g", "home":
		s.Top()
	case "G", "end":
		s.move(len(s.lines))
	default:
		return false
	}
	return true
}

func (s *Scroller) move(n int) {
	s.top = max(0, min(s.top+n, len(s.lines)-s.h))
	if n < 0 {
		s.tail = false
	}
}

// View draws the window in exactly w×h cells; the last column is a scroll bar
// when there is more than fits.
func (s *Scroller) View(th theme.Theme, w, h int) string {
	if w <= 0 || h <= 0 {
		return Fit("", w, h)
	}
	s.wrap(w)
	s.h = h
	last := max(0, len(s.lines)-h)
	if s.tail {
		s.top = last
	}
	s.top = min(s.top, last)
	end := min(len(s.lines), s.top+h)
	body := strings.Join(s.lines[s.top:end], "\n")
	if last == 0 || w < 3 {
		return Fit(body, w, h)
	}
	return JoinH(Fit(body, w-2, h), scrollBar(th, s.top, last, h))
}

// wrap fills lines for the width.
func (s *Scroller) wrap(w int) {
	if w == s.w && s.lines != nil {
		return
	}
	s.w = w
	if s.hard {
		s.lines = strings.Split(s.text, "\n")
		return
	}
	s.lines = Wrap(s.text, max(1, w-2))
}

// scrollBar is a blank column and a bar of h lines.
func scrollBar(th theme.Theme, top, last, h int) string {
	size := max(1, h*h/(h+last))
	at := 0
	if last > 0 {
		at = (h - size) * top / last
	}
	bar, ground := newPen(th.Dim).text(th.Glyph("┃", "#")), newPen(th.Faint).text(th.Glyph("│", "|"))
	var b strings.Builder
	for y := range h {
		if y > 0 {
			b.WriteByte('\n')
		}
		b.WriteByte(' ')
		if y >= at && y < at+size {
			b.WriteString(bar)
		} else {
			b.WriteString(ground)
		}
	}
	return b.String()
}
