package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// drawing is what was drawn last. Bubble Tea asks for a View after every
// message; nothing is made again of which the inputs are the same.
type drawing struct {
	stale bool // the body has to be asked for again
	frame frameKey
	raw   string // as the screen returned it
	body  []string

	head   bar
	tabs   bar
	foot   bar
	parts  []string // what content is made of
	text   string   // content
	zones  []zone
	dialog dialogZones
	layer  [2]int // left and top of the palette
}

// frameKey is what the body depends on beside the screen itself.
type frameKey struct {
	page  *page
	w, h  int
	theme string
	now   time.Time
	focus bool
}

// bar is a one-line part of the frame with its clickable zones.
type bar struct {
	key   string
	text  string
	zones []zone
}

// zone is a piece of a line that can be clicked.
type zone struct {
	y, x0, x1 int
	do        func() tea.Cmd
}

func (d *drawing) reset() { *d = drawing{stale: true} }

// bodyDirty makes the next View ask the screen again.
func (s *shell) bodyDirty() { s.draw.stale = true }

// areas splits the height: the header shrinks first, then the footer goes.
func areas(h int) (head, body, foot int) {
	switch {
	case h >= 14:
		head, foot = 2, 1
	case h >= 4:
		head, foot = 1, 1
	case h == 3:
		foot = 1
	}
	return head, max(0, h-head-foot), foot
}

// View draws the whole terminal.
func (s *shell) View() tea.View {
	v := tea.NewView(s.content())
	v.AltScreen = true
	v.ReportFocus = true
	v.WindowTitle = s.title()
	if !s.o.NoMouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if p := s.top(); p != nil && p.failed == nil && !s.layered() {
		if c, ok := p.scr.(screen.Cursorer); ok {
			if x, y, ok := c.Cursor(); ok {
				head, _, _ := areas(s.h)
				v.Cursor = tea.NewCursor(x, y+head)
			}
		}
	}
	v.ProgressBar = s.progress()
	if s.groundKnown && s.dark != s.th.Dark {
		v.BackgroundColor, v.ForegroundColor = s.th.Ground, s.th.Ink
	}
	return v
}

func (s *shell) title() string {
	t := "loratop"
	if s.conn.Demo {
		t += " demo"
	}
	if p := s.top(); p != nil {
		t += " - " + s.pageTitle(p)
	}
	return t
}

func (s *shell) pageTitle(p *page) (title string) {
	title = p.spec.Title
	s.guard(p, "Title", func() {
		if t := p.scr.Title(); t != "" {
			title = t
		}
	})
	return models.Clean(title)
}

// progress is the first transfer of any page, for the terminal's own bar.
func (s *shell) progress() *tea.ProgressBar {
	for _, p := range s.stack {
		if t, ok := p.scr.(screen.Progresser); ok && p.failed == nil {
			if pct, ok := t.Progress(); ok {
				return tea.NewProgressBar(tea.ProgressBarDefault, max(0, min(pct, 100)))
			}
		}
	}
	for _, x := range s.specs {
		if x.Progress != nil {
			if pct, ok := x.Progress(); ok {
				return tea.NewProgressBar(tea.ProgressBarDefault, max(0, min(pct, 100)))
			}
		}
	}
	return nil
}

// layered reports that something lies above the page.
func (s *shell) layered() bool {
	return len(s.dialogs) > 0 || s.palette != nil || s.help != nil || s.filter != nil
}

// content assembles the frame: exactly h lines of w cells.
func (s *shell) content() string {
	if s.w <= 0 || s.h <= 0 {
		return ""
	}
	d := &s.draw
	headH, bodyH, footH := areas(s.h)
	parts := make([]string, 0, bodyH+3)
	d.zones = d.zones[:0]
	if headH > 0 {
		s.drawHead()
		parts = append(parts, d.head.text)
		d.addZones(d.head.zones, 0)
	}
	if headH > 1 {
		s.drawTabs()
		parts = append(parts, d.tabs.text)
		d.addZones(d.tabs.zones, 1)
	}
	parts = append(parts, s.bodyLines(s.w, bodyH)...)
	if footH > 0 {
		s.drawFoot()
		parts = append(parts, d.foot.text)
		d.addZones(d.foot.zones, s.h-1)
	}
	if equal(parts, d.parts) {
		return d.text
	}
	d.parts = parts
	d.text = strings.Join(parts, "\n")
	if s.th.ASCII {
		d.text = kit.ASCII(d.text)
	}
	return d.text
}

// equal compares slices of strings; kept strings compare by pointer, at once.
func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (d *drawing) addZones(list []zone, y int) {
	for _, z := range list {
		z.y = y
		d.zones = append(d.zones, z)
	}
}

// bodyLines is the page with the layers above it.
func (s *shell) bodyLines(w, h int) []string {
	lines := s.pageLines(w, h)
	if h <= 0 {
		return lines
	}
	s.draw.dialog = dialogZones{}
	if s.help == nil && s.palette == nil && len(s.dialogs) == 0 && len(s.toasts.list) == 0 {
		return lines
	}
	lines = append([]string(nil), lines...)
	if s.help != nil {
		lines = strings.Split(kit.Fit(s.help.view(s.th, w, h), w, h), "\n")
	}
	if s.palette != nil {
		box := strings.Split(s.palette.view(s.th, w, h), "\n")
		x, y := (w-kit.Width(box[0]))/2, max(0, min(1, h-len(box)))
		s.draw.layer = [2]int{x, y}
		overlay(lines, box, x, y, w)
	}
	notes := s.toasts.lines(s.th, min(w, 100))
	for i, t := range notes {
		if y := h - len(notes) + i; y >= 0 {
			overlay(lines, []string{t}, w-kit.Width(t), y, w)
		}
	}
	if n := len(s.dialogs); n > 0 {
		s.dialogLines(lines, s.dialogs[n-1], w, h)
	}
	return lines
}

// dialogZones is where the top dialog and its buttons are, in body coordinates.
type dialogZones struct {
	y       int
	no, yes [2]int
}

func (s *shell) dialogLines(lines []string, q *dialog, w, h int) {
	view, no, yes := q.view(s.th, w, h)
	box := strings.Split(view, "\n")
	x, y := max(0, (w-kit.Width(box[0]))/2), max(0, (h-len(box))/2)
	overlay(lines, box, x, y, w)
	shift := func(r [2]int) [2]int {
		if r[1] == 0 {
			return r
		}
		return [2]int{r[0] + x, r[1] + x}
	}
	s.draw.dialog = dialogZones{y: y + len(box) - 2, no: shift(no), yes: shift(yes)}
}

// pageLines asks the page to draw itself, if anything may have changed.
func (s *shell) pageLines(w, h int) []string {
	d, p := &s.draw, s.top()
	key := frameKey{p, w, h, s.th.ID, s.now, s.focused && !s.layered()}
	if !d.stale && key == d.frame {
		return d.body
	}
	raw := s.pageView(p, screen.Frame{W: w, H: h, Theme: s.th, Now: s.now, Focus: key.focus})
	if raw != d.raw || w != d.frame.w || h != d.frame.h || d.body == nil {
		d.raw, d.body = raw, nil
		if h > 0 {
			d.body = strings.Split(kit.Fit(raw, w, h), "\n")
		}
	}
	d.frame, d.stale = key, false
	return d.body
}

func (s *shell) pageView(p *page, f screen.Frame) (out string) {
	if p == nil {
		return kit.Empty(f.Theme, "Opening "+models.Clean(s.conn.URL), "", f.W, f.H)
	}
	s.guard(p, "View", func() { out = p.scr.View(f) })
	if p.failed != nil {
		text, _ := models.Explain(p.failed)
		return kit.Empty(f.Theme, text, "This is a bug in loratop. Go back with esc, or to another section.", f.W, f.H)
	}
	return out
}

// overlay writes a box over lines, each w cells wide.
func overlay(lines, box []string, x, y, w int) {
	for i, b := range box {
		if y+i < 0 || y+i >= len(lines) {
			continue
		}
		base := lines[y+i]
		left := ansi.Truncate(base, x, "")
		right := ansi.TruncateLeft(base, x+kit.Width(b), "")
		lines[y+i] = kit.Fit(kit.PadRight(left, x)+"\x1b[m"+b+right, w, 1)
	}
}

// mark is the product's name in the corner.
func mark(th theme.Theme, demo bool) string {
	if demo {
		return " loratop DEMO "
	}
	return " loratop "
}
