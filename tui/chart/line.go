package chart

import (
	"strings"

	"github.com/loratop/loratop/tui/theme"
)

// Series is one line. Its data is X and Y of equal length, or Points, which
// is faster for long series.
type Series struct {
	Name   string
	X, Y   []float64 // NaN and ±Inf in Y are gaps with markers
	Points Points    // used instead of X and Y when not nil
	Color  int       // index into theme.Series
	Faint  bool      // a raw line behind a smoothed one; not in the legend
}

// Ink is what lines are drawn with.
type Ink uint8

// The inks. Whatever they are, a theme of ASCII draws with ASCII.
const (
	InkBraille Ink = iota
	InkBlocks      // quadrants, for fonts without braille
	InkASCII       // one character a series, for fonts without either
	InkCount
)

// Options say how to draw.
type Options struct {
	Title  string
	XLabel string // unit of x, shown at its end: "step"
	YLabel string // unit of y, shown behind the title: "tok/s"
	LogY   bool   // ignored when nothing is positive
	LogX   bool   // ignored when no x is positive
	XKind  XKind  // what x is
	Ink    Ink    // what lines are drawn with
	// Marks sets marks on the lines also where colours tell them apart, when
	// there are several.
	Marks bool
	// Mark shows a dashed vertical line at this x when MarkLabel is not "".
	Mark      float64
	MarkLabel string
	// Robust leaves outliers out of the range of y; markers and a count tell
	// of them.
	Robust bool
	// Summed says that a point may stand for several: the count is then a least.
	Summed bool
	// Cursor shows a vertical line at this x and the values there.
	Cursor *float64
	// From and To bound x when From < To; else x shows all.
	From, To float64
	// FixedLo and FixedHi are the least range of y when FixedLo < FixedHi:
	// 0 and 100 for percentages.
	FixedLo, FixedHi float64
	// NoValues leaves the last values out of the legend.
	NoValues bool
	// Empty is shown when there is nothing to draw.
	Empty string
}

// Chart draws lines and keeps the picture: a View of unchanged data, size and
// theme allocates nothing. The zero Chart is ready. Not for concurrent use.
type Chart struct {
	Series  []Series
	Options Options

	key    chartKey
	out    string
	valid  bool
	pal    palette
	p      plane
	d      dots
	lay    layout
	pts    []Points
	pens   []pen
	shapes []int
	marks  []marker
	sample []float64
	marked bool // marks are set on the lines
}

// chartKey is all that a picture depends on.
type chartKey struct {
	theme   string
	w, h    int
	version uint64
	o       Options
	cursor  float64
	cursorN bool
}

// View draws w × h cells. version must change whenever Series does; Options
// are compared.
func (c *Chart) View(th theme.Theme, w, h int, version uint64) string {
	k := chartKey{theme: th.ID, w: w, h: h, version: version, o: c.Options}
	if c.Options.Cursor != nil {
		k.cursor, k.cursorN = *c.Options.Cursor, true
		k.o.Cursor = nil
	}
	if c.valid && k == c.key {
		return c.out
	}
	c.out, c.key, c.valid = c.draw(th, w, h), k, true
	return c.out
}

// Line draws series once.
func Line(th theme.Theme, series []Series, o Options, w, h int) string {
	c := Chart{Series: series, Options: o}
	return c.View(th, w, h, 0)
}

// draw makes the picture.
func (c *Chart) draw(th theme.Theme, w, h int) string {
	c.lay = layout{}
	if w <= 0 || h <= 0 {
		return strings.Repeat("\n", max(h-1, 0))
	}
	th.ASCII = th.ASCII || c.Options.Ink == InkASCII
	c.pal.use(th)
	g := glyphsFor(th.ASCII)
	c.p.reset(w, h)
	c.prepare()
	if !c.arrange(w, h) {
		c.header(w, h, &g)
		c.nothing(w, h)
		return c.p.String(&c.pal)
	}
	c.axes(&g)
	c.trace(&g)
	c.markLabel()
	c.header(w, h, &g)
	return c.p.String(&c.pal)
}

// prepare collects the data and pens of the series.
func (c *Chart) prepare() {
	c.pts, c.pens, c.shapes = c.pts[:0], c.pens[:0], c.shapes[:0]
	for i := range c.Series {
		s := &c.Series[i]
		p := s.Points
		if p == nil {
			p = newSlicePoints(s.X, s.Y)
		}
		c.pts = append(c.pts, p)
		c.pens = append(c.pens, c.pal.of(s.Color, s.Faint))
		c.shapes = append(c.shapes, shapeOf(s.Color))
	}
	c.marked = c.wantsMarks()
}

// nothing says that there are no points.
func (c *Chart) nothing(w, h int) {
	text := c.Options.Empty
	if text == "" {
		text = "no points yet"
	}
	y := h / 2
	if h > 1 {
		y = max(y, 1)
	} else if c.Options.Title != "" {
		return
	}
	c.p.text(max(0, (w-len(text))/2), y, text, penDim, w)
}

// trace draws all lines, in the order given: later ones cover earlier ones.
func (c *Chart) trace(g *glyphs) {
	l := &c.lay
	c.d.reset(l.w, l.h, c.pal.ascii, c.Options.Ink == InkBlocks)
	c.marks = c.marks[:0]
	for i, p := range c.pts {
		if i >= 255 {
			break
		}
		t := tracer{
			d: &c.d, x: l.x, y: l.y, g: g, k: c.pens[i], series: uint8(i + 1),
			shape: c.shapes[i], clip: c.Options.Robust, marks: c.marks, sparse: c.sparse(i),
		}
		if c.marked && !c.Series[i].Faint {
			t.every = markEvery
			t.due = 2 + c.shapes[i]*markEvery/shapeCount
			if c.pal.noColor {
				t.style = c.shapes[i]
			}
		}
		eachRun(p, func(lo, hi int) {
			a, b := window(p, lo, hi, l.x.lo, l.x.hi)
			if a > lo && (!l.x.log || p.X(a-1) > 0) {
				a--
			}
			t.run(p, a, min(b+1, hi))
		})
		c.marks = t.marks
	}
	c.d.flush(&c.p, l.px, l.py, c.pens, c.shapes, g)
	for _, m := range c.marks {
		c.p.set(l.px+m.x, l.py+m.y, m.r, m.k)
	}
}

// markEvery is how many cells lie between two marks of a line.
const markEvery = 15

// wantsMarks tells whether marks are to tell lines apart: where there are
// several, and no colour or the wish for them. In ASCII a line is made of its
// mark.
func (c *Chart) wantsMarks() bool {
	lines := 0
	for i, p := range c.pts {
		if p.Len() > 0 && !c.Series[i].Faint {
			lines++
		}
	}
	return lines > 1 && !c.pal.ascii && (c.pal.noColor || c.Options.Marks)
}

// sparse tells whether the points of a series are few enough to be shown one
// by one.
func (c *Chart) sparse(i int) bool {
	n := 0
	p := c.pts[i]
	eachRun(p, func(lo, hi int) {
		a, b := window(p, lo, hi, c.lay.x.lo, c.lay.x.hi)
		n += b - a
	})
	return n > 0 && n*4 <= c.lay.w && !c.Series[i].Faint
}
