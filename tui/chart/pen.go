package chart

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/tui/theme"
)

// pen is an index into palette.pens: what a cell is drawn with.
type pen uint8

// The fixed pens; those of the series follow.
const (
	penNone pen = iota
	penText
	penDim
	penFaint
	penTitle
	penWarn
	penBad
	penCursor
	penSeries
)

// stroke is a style cut into what comes before and after the text.
type stroke struct{ on, off string }

func cut(s lipgloss.Style) stroke {
	on, off, _ := strings.Cut(s.Inline(true).Render("x"), "x")
	return stroke{on, off}
}

// palette is the strokes of one theme. Rendering a lipgloss style costs
// microseconds, so it is done once a theme and not once a cell.
type palette struct {
	id      string
	ascii   bool
	noColor bool
	strokes []stroke
	series  int
}

func (p *palette) use(th theme.Theme) {
	if p.strokes != nil && p.id == th.ID && p.ascii == th.ASCII {
		return
	}
	*p = palette{id: th.ID, ascii: th.ASCII, noColor: th.NoColor, strokes: p.strokes[:0]}
	for _, s := range []lipgloss.Style{
		lipgloss.NewStyle(), th.Text, th.Dim, th.Faint, th.Strong, th.Warn, th.Bad, th.Accent,
	} {
		p.strokes = append(p.strokes, cut(s))
	}
	p.addSeries(th)
	if p.series == 0 {
		p.strokes, p.series = append(p.strokes, cut(th.Text)), 1
	}
}

// pick is the first text, or the second in ASCII.
func (p *palette) pick(unicode, ascii string) string {
	if p.ascii {
		return ascii
	}
	return unicode
}

// addSeries appends the pens of the lines: colours, or without them weights.
func (p *palette) addSeries(th theme.Theme) {
	if th.NoColor {
		p.strokes = append(p.strokes, cut(th.Text), cut(lipgloss.NewStyle().Bold(true)))
		p.series = 2
		return
	}
	for _, c := range th.Series {
		p.strokes = append(p.strokes, cut(lipgloss.NewStyle().Foreground(c)))
	}
	p.series = len(th.Series)
}

// of is the pen of a series colour; faint lines share one pen.
func (p *palette) of(color int, faint bool) pen {
	if faint {
		return penFaint
	}
	if p.noColor {
		color /= shapeCount // the dashes tell so many apart, their weight the others
	}
	return penSeries + pen(((color%p.series)+p.series)%p.series)
}

// glyphs are the runes that a theme allows.
type glyphs struct {
	vertical, corner, horizontal, tickY, tickX rune
	nan, up, down, cursor, ellipsis            rune
	marks                                      [shapeCount]rune // on lines, and points of sparse series
	samples                                    [shapeCount]string
	line                                       string // sample of a line that only its colour tells
}
