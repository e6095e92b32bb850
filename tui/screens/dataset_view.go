package screens

import (
	"fmt"
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// Widths at which the overview shows more beside itself.
const (
	datasetSplit = 110 // what came from it
	datasetWide  = 170 // and what it holds
)

// wide reports that the last frame showed the contents beside the overview.
func (s *dataset) wide() bool { return s.last.W >= datasetWide && s.last.H >= 24 }

func (s *dataset) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *dataset) draw(f screen.Frame) string {
	th := f.Theme
	d, ok := s.feed.Value()
	if !ok {
		text, hint := "Loading…", ""
		if err := s.feed.Err(); err != nil {
			text, hint = models.Explain(err)
		}
		return kit.Empty(th, text, hint, f.W, f.H)
	}
	h, head := f.H, ""
	s.top = 0
	if h >= 6 {
		head = s.strip(th, f.W)
		s.top = 1
		h--
	}
	foot := s.foot(f)
	if foot != "" && h > 3 {
		h--
	} else {
		foot = ""
	}
	out := kit.JoinV(head, s.panes(f, d, h), foot)
	if s.form != nil {
		return s.form.over(f, out)
	}
	return out
}

// foot is what goes on, or what went wrong.
func (s *dataset) foot(f screen.Frame) string {
	up := s.ups.of(s.id)
	switch {
	case s.op != nil:
		return s.op.line(f.Theme, f.W)
	case up.kind == upRunning:
		text := fmt.Sprintf("uploading %d%%  ", up.stage())
		tail := "  " + uploadLine(up)
		return kit.Fit(f.Theme.Info.Render(text)+kit.Meter(f.Theme, float64(up.stage())/100, max(0, min(40, f.W-kit.Width(text)-kit.Width(tail))))+f.Theme.Dim.Render(tail), f.W, 1)
	case s.feed.Err() != nil:
		return kit.ErrorLine(f.Theme, s.feed.Err(), kit.Age(s.feed.State().At, f.Now), f.W)
	case s.saved.Path != "":
		return f.Theme.Dim.Render(kit.Truncate("saved "+models.Clean(s.saved.Path)+" · sha256 "+models.Clean(s.saved.SHA256), f.W))
	}
	return ""
}

// strip is the line of views.
func (s *dataset) strip(th theme.Theme, w int) string {
	var b strings.Builder
	s.tabs = s.tabs[:0]
	x := 0
	for v := range datasetViews {
		name := v.title()
		if w < 60 {
			name, _, _ = strings.Cut(name, " ")
		}
		label := " " + name + " "
		style := th.Dim
		if v == s.view {
			style = th.Selected
			if th.NoColor {
				label = "[" + name + "]"
			}
		}
		if x+kit.Width(label) > w {
			break
		}
		b.WriteString(style.Render(label) + " ")
		s.tabs = append(s.tabs, [2]int{x, x + kit.Width(label)})
		x += kit.Width(label) + 1
	}
	return kit.Fit(b.String(), w, 1)
}

// panes draws the view, and beside the overview what there is room for.
func (s *dataset) panes(f screen.Frame, d models.Dataset, h int) string {
	th := f.Theme
	if s.rowsDue(f) {
		s.rows(f)
	}
	s.split, s.usesY = 0, 0
	switch s.view {
	case viewSamples:
		return s.samples.view(f, f.W, h)
	case viewContents:
		iw, ih := kit.PanelInner(f.W, h)
		return kit.Panel(th, s.contentsTitle(), s.contents(f, iw, ih), f.W, h, f.Focus)
	}
	name := models.Clean(d.Name)
	if f.W >= datasetSplit {
		return s.beside(f, d, h)
	}
	iw, ih := kit.PanelInner(f.W, h)
	if s.view == viewUses {
		return kit.Panel(th, s.usesTitle(), s.usesBody(f, iw, ih), f.W, h, f.Focus)
	}
	return kit.Panel(th, name, s.text(f, d, iw, ih), f.W, h, f.Focus)
}

// beside puts the overview to the left, and to the right what came from the
// dataset, above it what it holds where there is room.
func (s *dataset) beside(f screen.Frame, d models.Dataset, h int) string {
	th := f.Theme
	s.split = f.W * 3 / 5
	wide := f.W >= datasetWide && f.H >= 24
	if wide {
		s.split = f.W / 2
	}
	rw := f.W - s.split
	iw, ih := kit.PanelInner(s.split, h)
	left := kit.Panel(th, models.Clean(d.Name), s.text(f, d, iw, ih), s.split, h, f.Focus && s.view == viewOverview)
	uh := h
	upper := ""
	if wide {
		uh = max(8, min(h/3, s.table.Len()+4))
		iw, ih = kit.PanelInner(rw, h-uh)
		quiet := f
		quiet.Focus = false
		s.usesY = h - uh
		upper = kit.Panel(th, s.contentsTitle(), s.contents(quiet, iw, ih), rw, h-uh, false)
	}
	iw, ih = kit.PanelInner(rw, uh)
	uses := kit.Panel(th, s.usesTitle(), s.usesBody(f, iw, ih), rw, uh, f.Focus && s.view == viewUses)
	return kit.JoinH(left, kit.JoinV(upper, uses))
}

func (s *dataset) text(f screen.Frame, d models.Dataset, w, h int) string {
	if w < 1 || h < 1 {
		return ""
	}
	lines := datasetLines(f.Theme, d, s.diagnosis(f), f.Now, max(1, w-2), s.folded)
	s.doc.SetContent(strings.Join(lines, "\n"))
	return s.doc.View(f.Theme, w, h)
}

// diagnosis is what keeps the row from moving, if anything.
func (s *dataset) diagnosis(f screen.Frame) *models.Diagnosis {
	d, _ := s.feed.Value()
	return diagnoseDataset(d, s.ups.of(s.id), s.stored, f.Now)
}

func (s *dataset) contentsTitle() string {
	if s.report.has {
		return "Contents, of the whole file as it was checked from here"
	}
	return "Contents, " + s.source()
}

// source says of how much the contents are known.
func (s *dataset) source() string {
	switch t := &s.samples.tally; {
	case s.samples.fromFile() && s.samples.size >= 0 && t.bytes >= s.samples.size:
		return fmt.Sprintf("of all %s", plural(t.lines(), "line"))
	case s.samples.fromFile():
		return fmt.Sprintf("of %s read, %s of %s", plural(t.lines(), "line"), kit.Bytes(t.bytes), kit.Bytes(s.samples.size))
	case s.samples.reading != readNothing:
		return "reading the first part"
	}
	return fmt.Sprintf("of the %s that the row keeps", plural(len(s.samples.kept), "sample"))
}

// contents draws what is known of the lines of the file.
func (s *dataset) contents(f screen.Frame, w, h int) string {
	if w < 1 || h < 1 {
		return ""
	}
	if s.report.has {
		return s.report.view(f, reportContents(s.report.rep, s.report.seqLen), reportHead(f.Theme, s.report.rep, max(1, w-2)), w, h)
	}
	t := &s.samples.tally
	if !s.samples.fromFile() {
		t = new(tally)
		t.add(s.samples.kept)
	}
	note := "a checks the whole file, + and - change the sequence length"
	if s.fileOff() != "" {
		note = "+ and - change the sequence length"
	}
	return s.report.view(f, t.contents(s.source(), s.report.seqLen), []string{f.Theme.Faint.Render(kit.Truncate(note, max(1, w-2))), ""}, w, h)
}

func (s *dataset) usesTitle() string {
	u, ok := s.uses.Value()
	if !ok {
		return "Jobs and artifacts"
	}
	return plural(len(u.jobs.Items), "job") + " and " + plural(len(u.artifacts.Items), "artifact")
}

func (s *dataset) usesBody(f screen.Frame, w, h int) string {
	_, ok := s.uses.Value()
	switch {
	case !ok && s.uses.Err() != nil:
		text, hint := models.Explain(s.uses.Err())
		return kit.Empty(f.Theme, text, hint, w, h)
	case !ok:
		return kit.Empty(f.Theme, "Loading…", "", w, h)
	case s.table.Len() == 0:
		return kit.Empty(f.Theme, "Nothing has been trained with it yet.", "l launches a job with it.", w, h)
	}
	return s.table.View(f.Theme, w, h, f.Focus && s.view == viewUses)
}
