package kit

import (
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/theme"
)

// Panel draws a box of exactly w×h cells with a title in its upper edge; the
// body gets what PanelInner says. Below 4×3 the box is left out.
func Panel(th theme.Theme, title, body string, w, h int, focus bool) string {
	iw, ih := PanelInner(w, h)
	if iw == max(w, 0) {
		return Fit(body, w, h)
	}
	style, titleStyle := th.Border, th.Dim
	if focus {
		style, titleStyle = th.BorderFocus, th.Accent
	}
	p := newPen(style)
	g := boxGlyphs(th)
	var b strings.Builder
	b.Grow((w + 24) * h)
	b.WriteString(panelTop(p, newPen(titleStyle), g, title, w))
	for line := range strings.SplitSeq(Fit(body, iw, ih), "\n") {
		b.WriteByte('\n')
		p.write(&b, g.side+" ")
		b.WriteString(line)
		p.write(&b, " "+g.side)
	}
	b.WriteByte('\n')
	p.write(&b, g.bl+strings.Repeat(g.line, w-2)+g.br)
	return b.String()
}

// PanelInner is the room for the body in a Panel of w×h cells.
func PanelInner(w, h int) (iw, ih int) {
	if w < 8 || h < 3 {
		return max(w, 0), max(h, 0)
	}
	return w - 4, h - 2
}

type box struct{ tl, tr, bl, br, line, side string }

func boxGlyphs(th theme.Theme) box {
	if th.ASCII {
		return box{"+", "+", "+", "+", "-", "|"}
	}
	return box{"╭", "╮", "╰", "╯", "─", "│"}
}

func panelTop(p, tp pen, g box, title string, w int) string {
	title = Truncate(oneLine(title), w-6)
	if title == "" {
		return p.text(g.tl + strings.Repeat(g.line, w-2) + g.tr)
	}
	return p.text(g.tl+g.line+" ") + tp.text(title) +
		p.text(" "+strings.Repeat(g.line, max(0, w-5-Width(title)))+g.tr)
}

// Rule is a horizontal line of w cells with a title in it.
func Rule(th theme.Theme, title string, w int) string {
	if w <= 0 {
		return ""
	}
	line := boxGlyphs(th).line
	title = Truncate(oneLine(title), w)
	n := Width(title)
	if n == 0 {
		return newPen(th.Border).text(strings.Repeat(line, w))
	}
	out := newPen(th.Accent).text(title)
	if rest := w - n - 1; rest > 0 {
		out += " " + newPen(th.Border).text(strings.Repeat(line, rest))
	} else {
		out += Spaces(w - n)
	}
	return out
}

// ErrorLine is one line that says what went wrong, what to do, and how old the
// data shown is (0: there is none).
func ErrorLine(th theme.Theme, err error, age string, w int) string {
	if err == nil {
		return Fit("", w, 1)
	}
	text, hint := models.Explain(err)
	s := th.Bad.Render(th.Glyph("✗", "x") + " " + oneLine(text))
	if hint != "" {
		s += th.Dim.Render(" " + th.Glyph("—", "-") + " " + oneLine(hint))
	}
	if age != "" && age != None {
		s += th.Faint.Render(" " + th.Glyph("·", ".") + " data from " + age + " ago")
	}
	return Fit(Truncate(s, w), w, 1)
}

// Empty fills w×h cells with a text and a hint in their middle.
func Empty(th theme.Theme, text, hint string, w, h int) string {
	if w <= 0 || h <= 0 {
		return Fit("", w, h)
	}
	var lines []string
	for _, l := range Wrap(text, max(1, w-2)) {
		lines = append(lines, Center(th.Dim.Render(l), w))
	}
	if hint != "" && h > len(lines) {
		if h > len(lines)+1 {
			lines = append(lines, "")
		}
		for _, l := range Wrap(hint, max(1, w-2)) {
			lines = append(lines, Center(th.Faint.Render(l), w))
		}
	}
	top := max(0, (h-len(lines))/2)
	return Fit(strings.Repeat("\n", top)+strings.Join(lines, "\n"), w, h)
}

// KeyValues draws pairs as two columns, labels to the left; long values are
// wrapped below their column. A pair with an empty value is left out, one with
// an empty label goes on with the value above.
func KeyValues(th theme.Theme, pairs [][2]string, w int) string {
	if w <= 0 {
		return ""
	}
	lw := 0
	for _, p := range pairs {
		if p[1] != "" {
			lw = max(lw, Width(p[0]))
		}
	}
	lw = min(lw, max(1, w/2))
	var lines []string
	for _, p := range pairs {
		if p[1] == "" {
			continue
		}
		vw := max(1, w-lw-2)
		for i, v := range Wrap(p[1], vw) {
			label := Spaces(lw)
			if i == 0 {
				label = th.Dim.Render(PadRight(oneLine(p[0]), lw))
			}
			lines = append(lines, cut(label+"  "+v, w))
		}
	}
	return strings.Join(lines, "\n")
}

// Columns2 is KeyValues in two columns side by side where w allows, the first
// half of the pairs to the left.
func Columns2(th theme.Theme, pairs [][2]string, w int) string {
	if w < 72 || len(pairs) < 4 {
		return KeyValues(th, pairs, w)
	}
	half := (len(pairs) + 1) / 2
	lw := (w - 4) / 2
	left, right := KeyValues(th, pairs[:half], lw), KeyValues(th, pairs[half:], w-4-lw)
	h := max(Height(left), Height(right))
	return JoinH(Fit(left, lw, h), Fit("", 4, h), Fit(right, w-4-lw, h))
}

// Meter is a horizontal bar of w cells, filled to share (0..1).
func Meter(th theme.Theme, share float64, w int) string {
	if w <= 0 {
		return ""
	}
	if !(share > 0) { // NaN too
		share = 0
	}
	full := int(min(share, 1)*float64(w) + 0.5)
	return newPen(th.Accent).text(strings.Repeat(th.Glyph("█", "#"), full)) +
		newPen(th.Faint).text(strings.Repeat(th.Glyph("░", "."), w-full))
}
