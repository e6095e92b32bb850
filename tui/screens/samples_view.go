package screens

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// Bounds of one drawn sample.
const (
	browseTurns = 300
	browseBytes = 64_000 // of one turn
)

// browserRoom is where the parts of the view were drawn, for the mouse.
type browserRoom struct {
	listW, listY, listH int // listH 0: no list
	docY                int
	beside              bool
}

func (r browserRoom) overList(x, y int) bool {
	if r.listH == 0 || y < r.listY-1 || y >= r.listY+r.listH {
		return false
	}
	return !r.beside || x < r.listW
}

// drawnSample is the text of the current sample as it was drawn last.
type drawnSample struct {
	valid  bool
	follow bool // scroll to the chosen turn
	w      int
	theme  string
	turns  []int // line at which each turn begins
	hits   []int // lines with a hit
}

// view draws list and text of the samples in exactly w×h cells.
func (w *browser) view(f screen.Frame, width, h int) string {
	if h < 1 || width < 1 {
		return kit.Fit("", width, h)
	}
	if len(w.flat) == 0 {
		return w.nothing(f, width, h)
	}
	low := 0
	if h > 3 && (w.needle != "" || w.foot(f.Theme, width) != "") {
		low = 1
	}
	h -= low
	var body string
	switch {
	case width >= 100:
		body = w.besides(f, width, h)
	case h >= 12:
		body = w.stacked(f, width, h)
	default:
		w.room = browserRoom{docY: 1}
		iw, ih := kit.PanelInner(width, h)
		body = kit.Panel(f.Theme, w.docTitle(), w.text(f, iw, ih), width, h, f.Focus)
	}
	// The foot counts the hits of what has just been drawn.
	return kit.JoinV(body, kit.Fit(w.foot(f.Theme, width), width, low))
}

func (w *browser) nothing(f screen.Frame, width, h int) string {
	switch {
	case w.err != nil:
		text, hint := models.Explain(w.err)
		return kit.Empty(f.Theme, text, joined(hint, "r tries again."), width, h)
	case w.reading != readNothing:
		return kit.Empty(f.Theme, "Reading the stored file…", "", width, h)
	case w.fromFile():
		return kit.Empty(f.Theme, "The stored file is empty.", "", width, h)
	}
	return kit.Empty(f.Theme, noSamples(w.data), "", width, h)
}

func (w *browser) besides(f screen.Frame, width, h int) string {
	lw := max(38, min(width*2/5, 72))
	w.room = browserRoom{listW: lw, listY: 1, listH: h - 2, docY: 1, beside: true}
	iw, ih := kit.PanelInner(lw, h)
	left := kit.Panel(f.Theme, w.listTitle(), w.listView(f, iw, ih), lw, h, f.Focus)
	iw, ih = kit.PanelInner(width-lw, h)
	return kit.JoinH(left, kit.Panel(f.Theme, w.docTitle(), w.text(f, iw, ih), width-lw, h, false))
}

func (w *browser) stacked(f screen.Frame, width, h int) string {
	lh := max(5, min(h*2/5, len(w.flat)+3))
	w.room = browserRoom{listW: width, listY: 1, listH: lh - 2, docY: lh + 1}
	iw, ih := kit.PanelInner(width, lh)
	top := kit.Panel(f.Theme, w.listTitle(), w.listView(f, iw, ih), width, lh, f.Focus)
	iw, ih = kit.PanelInner(width, h-lh)
	return kit.JoinV(top, kit.Panel(f.Theme, w.docTitle(), w.text(f, iw, ih), width, h-lh, false))
}

func (w *browser) listView(f screen.Frame, width, h int) string {
	if w.rowed != f.Theme.ID {
		w.rowed = f.Theme.ID
		w.rows(f.Theme)
	}
	w.list.SetCursor(w.cursor)
	return w.list.View(f.Theme, width, h, f.Focus)
}

func (w *browser) rows(th theme.Theme) {
	in := inksOf(th)
	rows := make([]kit.Row, len(w.flat))
	for i, s := range w.flat {
		no := fmt.Sprintf("%.1f%%", 100*float64(s.at)/max(1, float64(w.size)))
		if s.no > 0 {
			no = kit.Exact(s.no)
		}
		what, style := s.headline(), &in.th.Text
		if s.err != "" || s.format == models.LineUnknown {
			style = &in.th.Warn
		}
		turns, tokens := "", ""
		if n := len(s.conv.Turns); n > 0 {
			turns, tokens = fmt.Sprint(n), kit.Count(int64(s.tokens))
		}
		rows[i] = kit.Row{ID: s.id(), Cells: []kit.Cell{{Text: no, Style: &in.th.Dim}, {Text: turns}, {Text: tokens}, {Text: what, Style: style}}}
	}
	w.list.SetRows(rows)
}

// headline is a sample in a few words.
func (s *sample) headline() string {
	switch {
	case s.err != "":
		return models.Clean(s.err)
	case s.format == models.LineMeta:
		return "_meta"
	case s.format == models.LineUnknown:
		return "JSON of no known format"
	}
	for _, t := range s.conv.Turns {
		if r := strings.ToLower(t.Role); r == "user" || r == "human" {
			return models.Clean(clipRunes(t.Content, 160))
		}
	}
	return orElse(models.Clean(s.conv.Title), models.Clean(s.conv.ID))
}

func clipRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func (w *browser) listTitle() string {
	if !w.fromFile() {
		return plural(len(w.flat), "kept sample")
	}
	from, to := w.pages[0].from, w.pages[len(w.pages)-1].to
	if from == 0 && to >= w.size {
		return plural(len(w.flat), "line") + ", the whole file"
	}
	return fmt.Sprintf("%s, %s to %s of %s", plural(len(w.flat), "line"), kit.Bytes(from), kit.Bytes(to), kit.Bytes(w.size))
}

func (w *browser) docTitle() string {
	c := w.current()
	if c == nil {
		return ""
	}
	var parts []string
	switch {
	case c.no > 0 && w.fromFile():
		parts = append(parts, "Line "+kit.Exact(c.no))
	case c.no > 0:
		parts = append(parts, "Sample "+kit.Exact(c.no))
	default:
		parts = append(parts, fmt.Sprintf("Line at %.1f%%", 100*float64(c.at)/max(1, float64(w.size))))
	}
	if c.format != models.LineUnknown && w.fromFile() {
		parts = append(parts, string(c.format))
	}
	if n := len(c.conv.Turns); n > 0 {
		parts = append(parts, plural(n, "turn"), "~"+plural(c.tokens, "token"))
	}
	if name := orElse(models.Clean(c.conv.Title), models.Clean(c.conv.ID)); name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, " · ")
}

// foot says what is being read, what went wrong, or what was found.
func (w *browser) foot(th theme.Theme, width int) string {
	line := func(style lipgloss.Style, s string) string { return style.Render(kit.Truncate(models.Clean(s), width)) }
	switch {
	case w.prompt != nil:
		return th.Accent.Render("go to ") + w.prompt.View(th, max(1, width-6))
	case w.reading == readFind:
		return line(th.Info, "searching “"+w.needle+"”: "+kit.Bytes(w.passed)+" passed; esc stops")
	case w.reading == readJump && w.passed > 0:
		return line(th.Info, "counting lines: "+kit.Bytes(w.passed)+" passed; esc stops")
	case w.err != nil && !w.fromFile():
		text, hint := models.Explain(w.err)
		return line(th.Warn, "Only what the row keeps is shown. "+joined(text, hint))
	case w.err != nil:
		return kit.ErrorLine(th, w.err, "", width)
	case w.note != "":
		return line(th.Warn, w.note)
	case w.reading != readNothing:
		return line(th.Dim, "reading…")
	case w.needle != "" && len(w.shown.hits) > 0:
		return line(th.Dim, fmt.Sprintf("“%s”: hit %d of %d in this sample; n and N go on", w.needle, max(0, w.hit)+1, len(w.shown.hits)))
	}
	return ""
}

// text draws the current sample.
func (w *browser) text(f screen.Frame, width, h int) string {
	if width < 1 || h < 1 {
		return ""
	}
	if !w.shown.valid || w.shown.w != width || w.shown.theme != f.Theme.ID {
		follow := w.shown.follow
		lines := w.lines(f.Theme, max(1, width-2))
		w.doc.SetContent(strings.Join(lines, "\n"))
		w.shown.valid, w.shown.w, w.shown.theme, w.shown.follow = true, width, f.Theme.ID, false
		w.scrollTo(follow, h)
	}
	return w.doc.View(f.Theme, width, h)
}

// scrollTo brings the hit, or else the turn just chosen, into view.
func (w *browser) scrollTo(turn bool, h int) {
	n := len(w.shown.hits)
	switch {
	case w.needle != "" && n > 0 && !turn:
		switch {
		case w.hit == firstHit:
			w.hit = 0
		case w.hit == lastHit || w.hit >= n:
			w.hit = n - 1
		}
		if at := w.shown.hits[w.hit]; at < w.doc.Offset() || at >= w.doc.Offset()+h {
			w.doc.SetOffset(at - h/3)
		}
	case turn && w.turn < len(w.shown.turns):
		if at := w.shown.turns[w.turn]; at < w.doc.Offset() || at >= w.doc.Offset()+h-1 {
			w.doc.SetOffset(at - 1)
		}
	}
}

// lines draws the turns of the current sample, width cells a line, and notes
// where turns begin and hits are.
func (w *browser) lines(th theme.Theme, width int) []string {
	w.shown.turns, w.shown.hits = w.shown.turns[:0], w.shown.hits[:0]
	c := w.current()
	if c == nil {
		return nil
	}
	var out []string
	if c.err != "" {
		out = append(out, th.Warn.Render(kit.Truncate("! "+c.problem(), width)))
	}
	turns := c.turns(w.raw)
	w.turn = max(0, min(w.turn, len(turns)-1))
	for i, t := range turns {
		if i == browseTurns {
			out = append(out, th.Dim.Render(kit.Truncate(fmt.Sprintf("… %d more turns; R shows the line", len(turns)-i), width)))
			break
		}
		w.shown.turns = append(w.shown.turns, len(out))
		out = append(out, w.turnBlock(th, t, i == w.turn && len(turns) > 1, width, len(out))...)
	}
	return out
}

// problem says what is wrong with a line.
func (s *sample) problem() string {
	switch {
	case s.cut:
		return "This line is longer than " + kit.Bytes(lineMost) + ": its first " + kit.Bytes(int64(len(s.text))) + " are shown."
	case s.headless:
		return "This line is longer than " + kit.Bytes(lineMost) + ": its last " + kit.Bytes(int64(len(s.text))) + " are shown."
	}
	return models.Clean(s.err)
}

// turnBlock draws one turn: a mark, the role, the text with its hits.
func (w *browser) turnBlock(th theme.Theme, t models.Turn, chosen bool, width, at int) []string {
	role := orElse(models.Clean(t.Role), "?")
	gutter := min(2, max(0, width-2))
	indent := gutter + roleWidth
	narrow := width < narrowSample
	if narrow {
		indent = gutter
	}
	body := foldLines(wrap(clipBytes(models.CleanLines(t.Content), browseBytes), width-indent), w.folded && w.needle == "" && !w.raw)
	hits := hitSpans(body.lines, w.needle)
	mark := kit.Spaces(gutter)
	if chosen && gutter > 1 {
		mark = th.Accent.Render(th.Glyph("▌", ">")) + " "
	}
	var out []string
	if narrow {
		out = append(out, mark+roleStyle(th, role).Render(kit.Truncate(role, width-gutter)))
	}
	for i, line := range body.lines {
		head := kit.Spaces(indent - gutter)
		if i == 0 && !narrow {
			name := kit.Truncate(role, roleWidth-1)
			head = roleStyle(th, role).Render(name) + kit.Spaces(roleWidth-kit.Width(name))
		}
		if len(hits[i]) > 0 {
			w.shown.hits = append(w.shown.hits, at+len(out))
		}
		out = append(out, mark+head+paintHits(th, line, hits[i]))
	}
	if body.hidden > 0 {
		out = append(out, mark+kit.Spaces(indent-gutter)+th.Faint.Render(kit.Truncate(fmt.Sprintf("… %s more, z unfolds", plural(body.hidden, "line")), width-indent)))
	}
	return out
}
