package chart

import (
	"math"

	"github.com/charmbracelet/x/ansi"
)

// axes draws both axes with ticks and labels, and the cursor line.
func (c *Chart) axes(g *glyphs) {
	l := &c.lay
	if l.axisY {
		c.yAxis(g)
	}
	if l.axisX {
		c.xAxis(g)
	}
	c.mark(g)
	if x, ok := c.cursorCol(); ok {
		for y := range l.h {
			c.p.set(l.px+x, l.py+y, g.cursor, penCursor)
		}
	}
}

func (c *Chart) cursorCol() (int, bool) {
	cur := c.Options.Cursor
	if cur == nil || !finite(*cur) || *cur < c.lay.x.lo || *cur > c.lay.x.hi {
		return 0, false
	}
	return int(math.Round(c.lay.x.at(*cur) * float64(c.lay.w-1))), true
}

// mark draws the marked x, every other cell.
func (c *Chart) mark(g *glyphs) {
	o, l := &c.Options, &c.lay
	if o.MarkLabel == "" || !finite(o.Mark) || o.Mark < l.x.lo || o.Mark > l.x.hi {
		return
	}
	x := l.px + int(math.Round(l.x.at(o.Mark)*float64(l.w-1)))
	for y := 0; y < l.h; y += 2 {
		c.p.set(x, l.py+y, g.vertical, penWarn)
	}
}

// markLabel names the marked x, over the lines.
func (c *Chart) markLabel() {
	o, l := &c.Options, &c.lay
	if o.MarkLabel == "" || !finite(o.Mark) || o.Mark < l.x.lo || o.Mark > l.x.hi {
		return
	}
	x := l.px + int(math.Round(l.x.at(o.Mark)*float64(l.w-1)))
	switch n := ansi.StringWidth(o.MarkLabel); {
	case x+2+n <= c.p.w:
		c.p.text(x+2, l.py, o.MarkLabel, penWarn, c.p.w)
	case x-1-n > l.px:
		c.p.right(x-1, l.py, o.MarkLabel, penWarn)
	}
}

func (c *Chart) yAxis(g *glyphs) {
	l := &c.lay
	ax := l.px - 1
	for y := range l.h {
		c.p.set(ax, l.py+y, g.vertical, penFaint)
	}
	last := math.MaxInt
	for _, t := range l.yTicks {
		f := l.y.at(t.v)
		if f < 0 || f > 1 {
			continue
		}
		y := l.h - 1 - int(math.Round(f*float64(l.h-1)))
		if last-y < 2 {
			continue
		}
		last = y
		c.p.right(ax, l.py+y, t.label, penDim)
		c.p.set(ax, l.py+y, g.tickY, penFaint)
	}
}

func (c *Chart) xAxis(g *glyphs) {
	l := &c.lay
	y := l.py + l.h
	c.p.set(l.px-1, y, g.corner, penFaint)
	for x := range l.w {
		c.p.set(l.px+x, y, g.horizontal, penFaint)
	}
	unit := c.Options.XLabel
	if uw := ansi.StringWidth(unit); uw > 0 && uw < l.w/2 {
		c.p.right(l.px+l.w, y+1, unit, penFaint)
	}
	for _, t := range l.xTicks {
		f := l.x.at(t.v)
		if f < 0 || f > 1 {
			continue
		}
		x := l.px + int(math.Round(f*float64(l.w-1)))
		from := max(0, x-len(t.label)/2)
		if !c.p.free(max(0, from-1), min(from+len(t.label)+1, c.p.w), y+1) || from+len(t.label) > c.p.w {
			continue
		}
		c.p.set(x, y, g.tickX, penFaint)
		c.p.text(from, y+1, t.label, penDim, c.p.w)
	}
}

// header writes title, legend and values into the first row.
func (c *Chart) header(w, h int, g *glyphs) {
	if h < 3 && c.lay.ok {
		return
	}
	end := w
	if n := c.lay.above; n > 0 {
		s := label(float64(n), 1) + " above"
		if c.Options.Summed {
			s = c.pal.pick("≥ ", ">= ") + s
		}
		if ansi.StringWidth(s) < w/3 {
			c.p.right(w, 0, s, penWarn)
			end = w - ansi.StringWidth(s) - 1
		}
	}
	x := c.p.text(0, 0, c.Options.Title, penTitle, end)
	if u := c.Options.YLabel; u != "" && x+1+ansi.StringWidth(u) <= end {
		x = c.p.text(x+1, 0, u, penFaint, end)
	}
	if c.Options.Cursor != nil && c.lay.ok {
		s := c.Options.XLabel + " " + XText(c.Options.XKind, *c.Options.Cursor)
		if x+2+ansi.StringWidth(s)+c.leastLegend() <= end {
			x = c.p.text(x+2, 0, s, penCursor, end)
		}
	}
	for i := range c.Series {
		x = c.legend(i, x, end, g)
	}
}

// leastLegend is the room that the values alone take: they come before the
// place of the cursor.
func (c *Chart) leastLegend() (n int) {
	for i := range c.Series {
		if v := c.value(i); v != "" && !c.Series[i].Faint {
			n += 2 + ansi.StringWidth(v)
		}
	}
	return n
}

// legend writes one series, in the longest form that has room, and returns
// the column behind it.
func (c *Chart) legend(i, x, end int, g *glyphs) int {
	s := &c.Series[i]
	if s.Faint {
		return x
	}
	value := c.value(i)
	name := s.Name
	if value != "" {
		name += " "
	}
	single := len(c.Series) == 1 || s.Name == ""
	sample := g.samples[c.shapes[i]]
	switch {
	case c.pal.ascii:
	case !c.marked:
		sample = g.line
	case !c.pal.noColor: // not dashed
		sample = string([]rune{g.horizontal, g.marks[c.shapes[i]]})
	}
	for _, parts := range [][3]string{{sample + " ", name, value}, {sample + " ", "", value}, {"", "", value}} {
		if single {
			parts[0], parts[1] = "", ""
		}
		n := ansi.StringWidth(parts[0]) + ansi.StringWidth(parts[1]) + ansi.StringWidth(parts[2])
		if n == 0 || x+2+n > end {
			continue
		}
		gap := min(x, 1) * 2
		x = c.p.text(x+gap, 0, parts[0], c.pens[i], end)
		x = c.p.text(x, 0, parts[1], penDim, end)
		return c.p.text(x, 0, parts[2], penText, end)
	}
	return x
}

// value is the number in the legend: at the cursor, or the last one.
func (c *Chart) value(i int) string {
	p := c.pts[i]
	if p.Len() == 0 || c.Options.NoValues {
		return ""
	}
	if cur := c.Options.Cursor; cur != nil && finite(*cur) {
		if j, ok := nearest(p, *cur); ok {
			return Number(p.Y(j))
		}
	}
	return Number(p.Y(p.Len() - 1))
}
