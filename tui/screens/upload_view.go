package screens

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

func (s *upload) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *upload) draw(f screen.Frame) string {
	switch s.mode {
	case uploadCheck:
		return s.drawCheck(f)
	case uploadName:
		return s.drawName(f)
	}
	return s.drawPick(f)
}

// drawPick shows the picker, and below it what is undone.
func (s *upload) drawPick(f screen.Frame) string {
	th := f.Theme
	s.rows(f)
	low := 0
	if n := s.held.Len(); n > 0 && f.H >= 12 {
		low = max(5, min(n+3, f.H/3))
	}
	title := "Choose a dataset file"
	if n := s.pick.More(); n > 0 {
		title += fmt.Sprintf(" (%d more files here are not shown)", n)
	}
	h := f.H - low
	iw, ih := kit.PanelInner(f.W, h)
	s.pickY = (h - ih + 1) / 2
	top := kit.Panel(th, title, s.pick.View(th, f.Now, iw, ih, f.Focus && !s.below), f.W, h, f.Focus && !s.below)
	s.heldY = 0
	if low == 0 {
		return top
	}
	s.heldY = h
	iw, ih = kit.PanelInner(f.W, low)
	return kit.JoinV(top, kit.Panel(th, "Uploads of this machine that are not finished", s.held.View(th, iw, ih, f.Focus && s.below), f.W, low, f.Focus && s.below))
}

// drawCheck shows how far the check is, then what it found.
func (s *upload) drawCheck(f screen.Frame) string {
	th := f.Theme
	iw, ih := kit.PanelInner(f.W, f.H)
	name := models.Clean(filepath.Base(s.path))
	var body string
	switch {
	case s.op != nil:
		what := "Reading " + name + " as the platform's validator and trainer would."
		if s.report.has {
			what = "Writing lines that the platform's validator and trainer both accept. " + name + " itself is not touched."
		}
		body = kit.JoinV(s.op.line(th, iw), kit.Empty(th, what, "", iw, ih-1))
	case s.err != nil:
		text, hint := models.Explain(s.err)
		body = kit.Empty(th, text, joined(hint, "r tries again, esc chooses another file."), iw, ih)
	case s.report.has:
		body = s.report.view(f, reportContents(s.report.rep, s.report.seqLen), reportHead(th, s.report.rep, max(1, iw-2)), iw, ih)
	}
	return kit.Panel(th, name+", checked before it is uploaded", body, f.W, f.H, f.Focus)
}

// drawName shows the form, and below it what the check found in short.
func (s *upload) drawName(f screen.Frame) string {
	th := f.Theme
	iw, ih := kit.PanelInner(f.W, f.H)
	fh := min(ih, 6)
	s.pickY = (f.H - ih + 1) / 2
	r := s.report.rep
	lines := []string{kit.Rule(th, models.Clean(filepath.Base(s.path)), iw)}
	lines = append(lines, reportHead(th, r, iw)...)
	lines = append(lines, wrapped(th.Dim.Render, "The row is created first, then the file is sent in pieces: a cut link, a closed terminal or a restart costs nothing that was sent.", iw)...)
	body := kit.JoinV(s.form.View(th, iw, fh), kit.Fit(strings.Join(lines, "\n"), iw, max(0, ih-fh)))
	return kit.Panel(th, "Upload as a dataset", body, f.W, f.H, f.Focus)
}
