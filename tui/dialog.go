package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// graceTime is how long a new dialog takes no yes: keys that were typed before
// it was seen must not confirm anything. Its buttons appear after it.
const graceTime = 300 * time.Millisecond

// dialog is a question on top of everything. The answer is no unless it is
// clearly yes.
type dialog struct {
	screen.Dialog
	id    uint64
	ready bool
	yes   bool // the Yes button has the focus
	input kit.Input
	wrong bool // the typed text did not match
}

type dialogReady struct{ id uint64 }

// ask opens a dialog on top of the others.
func (s *shell) ask(q screen.Dialog) tea.Cmd {
	s.lastID++
	d := &dialog{Dialog: q, id: s.lastID}
	d.Title, d.Body, d.Typed = models.Clean(d.Title), models.CleanLines(d.Body), models.Clean(d.Typed)
	if d.Yes == "" {
		d.Yes = "Yes"
	}
	if d.Typed != "" {
		d.input = kit.NewInput("", "", false, 200)
		d.input.Focus()
	}
	s.dialogs = append(s.dialogs, d)
	s.bodyDirty()
	id, done := d.id, s.ctx.Done()
	return func() tea.Msg {
		t := time.NewTimer(graceTime)
		defer t.Stop()
		select {
		case <-t.C:
			return dialogReady{id}
		case <-done:
			return nil
		}
	}
}

func (s *shell) dialogReady(m dialogReady) {
	for _, d := range s.dialogs {
		if d.id == m.id {
			d.ready = true
		}
	}
}

// answer closes the top dialog.
func (s *shell) answer(yes bool) tea.Cmd {
	d := s.dialogs[len(s.dialogs)-1]
	s.dialogs = s.dialogs[:len(s.dialogs)-1]
	s.bodyDirty()
	switch {
	case yes && d.OK != nil:
		return d.OK()
	case !yes && d.Cancel != nil:
		return d.Cancel()
	}
	return nil
}

func (s *shell) dialogKey(m tea.KeyPressMsg) tea.Cmd {
	d := s.dialogs[len(s.dialogs)-1]
	k := m.String()
	switch {
	case k == "esc" || k == "alt+esc":
		return s.answer(false)
	case !d.ready:
		return nil
	case d.Typed != "":
		return s.typedKey(d, m)
	}
	switch latin(m).String() {
	case "y", "Y":
		return s.answer(true)
	case "n", "N", "q":
		return s.answer(false)
	case "enter":
		return s.answer(d.yes)
	case "tab", "shift+tab", "left", "right", "h", "l":
		d.yes = !d.yes
	}
	return nil
}

// typedKey is a key of a dialog in which a name has to be typed.
func (s *shell) typedKey(d *dialog, m tea.KeyPressMsg) tea.Cmd {
	if m.String() != "enter" {
		d.input.Update(m)
		d.wrong = false
		return nil
	}
	if d.input.Value() == d.Typed {
		return s.answer(true)
	}
	d.wrong = true
	return nil
}

func (s *shell) dialogPaste(m tea.PasteMsg) {
	if d := s.dialogs[len(s.dialogs)-1]; d.ready && d.Typed != "" {
		d.input.Update(m)
		d.wrong = false
	}
}

// view draws the dialog in a box that fits into w×h, and tells where its
// buttons are: columns relative to the box, on the line before its last.
func (d *dialog) view(th theme.Theme, w, h int) (box string, no, yes [2]int) {
	bw := min(w, 64)
	iw, _ := kit.PanelInner(bw, 9)
	var lines []string
	if d.Body != "" {
		lines = append(kit.Wrap(d.Body, iw), "")
	}
	last := ""
	switch {
	case d.Typed != "":
		lines = append(lines, kit.Wrap("Type "+th.Strong.Render(d.Typed)+" to go on:", iw)...)
		lines = append(lines, th.Accent.Render("> ")+d.input.View(th, iw-2))
		switch {
		case d.wrong:
			last = th.Bad.Render("That is not the same text")
		case d.ready:
			last = th.Faint.Render("enter: " + strings.ToLower(d.Yes) + th.Glyph(" · ", " - ") + "esc: no")
		}
	case d.ready:
		last, no, yes = d.buttons(th)
	}
	if room := h - 3; len(lines) > room {
		lines = lines[:max(0, room)]
	}
	lines = append(lines, last)
	return kit.Panel(th, d.Title, strings.Join(lines, "\n"), bw, min(h, len(lines)+2), true), no, yes
}

func (d *dialog) buttons(th theme.Theme) (line string, no, yes [2]int) {
	n, y := " No (n) ", " "+d.Yes+" (y) "
	ns, ys := th.Selected, th.SelectedBlur
	if d.yes {
		ns, ys = ys, ns
	}
	if th.NoColor { // the focus must be seen without colour
		n, y = focusMarks(n, !d.yes), focusMarks(y, d.yes)
	}
	no = [2]int{2, 2 + kit.Width(n)}
	yes = [2]int{no[1] + 2, no[1] + 2 + kit.Width(y)}
	return ns.Render(n) + "  " + ys.Render(y), no, yes
}

func focusMarks(s string, on bool) string {
	s = strings.TrimSpace(s)
	if on {
		return "[" + s + "]"
	}
	return " " + s + " "
}
