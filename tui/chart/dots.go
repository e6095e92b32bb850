package chart

import (
	"math"
	"sort"

	"github.com/NimbleMarkets/ntcharts/v2/canvas/runes"
)

// dots is the plot area: braille dots, 2 × 4 in a cell, or one × one in
// ASCII. A cell belongs to the series that drew in it last, so that series
// cover each other and never mix.
type dots struct {
	w, h   int // cells
	sx, sy int // dots in a cell
	bits   []uint8
	owner  []uint8 // 1 + index of the series
}

// braille[y][x] is the bit of a dot in its cell, in the order of Unicode.
func brailleBit(x, y int) uint8 {
	if y == 3 {
		return 0x40 << x
	}
	return 1 << (y + 3*x)
}

// quadrant is the block of the dots of two rows.
func quadrant(bits uint8) rune {
	// In the order of the bits: upper left 1, lower left 2, upper right 4, lower
	// right 8; braille has the right column at 3 bits on.
	return [16]rune{
		' ', '▘', '▖', '▌', '▝', '▀', '▞', '▛',
		'▗', '▚', '▄', '▙', '▐', '▜', '▟', '█',
	}[bits&3|bits>>3<<2&12]
}

func (d *dots) reset(w, h int, ascii, blocks bool) {
	d.w, d.h, d.sx, d.sy = w, h, 2, 4
	switch {
	case ascii:
		d.sx, d.sy = 1, 1
	case blocks:
		d.sy = 2
	}
	if cap(d.bits) < w*h {
		d.bits, d.owner = make([]uint8, w*h), make([]uint8, w*h)
		return
	}
	d.bits, d.owner = d.bits[:w*h], d.owner[:w*h]
	clear(d.bits)
	clear(d.owner)
}

func (d *dots) set(x, y int, series uint8) {
	if x < 0 || y < 0 || x >= d.w*d.sx || y >= d.h*d.sy {
		return
	}
	i := y/d.sy*d.w + x/d.sx
	if d.owner[i] != series {
		d.owner[i], d.bits[i] = series, 0
	}
	d.bits[i] |= brailleBit(x%d.sx, y%d.sy)
}

// line joins two dots; the first is not drawn again. The dash pattern is
// along the longer axis.
func (d *dots) line(x0, y0, x1, y1 int, series uint8, style int) {
	n := max(abs(x1-x0), abs(y1-y0))
	for i := 1; i <= n; i++ {
		x := x0 + roundDiv((x1-x0)*i, n)
		y := y0 + roundDiv((y1-y0)*i, n)
		if i == n || dash(style, x+y) {
			d.set(x, y, series)
		}
	}
}

func roundDiv(a, n int) int {
	if a < 0 {
		return -((-a*2 + n) / (2 * n))
	}
	return (a*2 + n) / (2 * n)
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

// flush puts the dots on the plane with their corner at (x0, y0).
func (d *dots) flush(p *plane, x0, y0 int, pens []pen, shapes []int, g *glyphs) {
	for i, b := range d.bits {
		if b == 0 {
			continue
		}
		s := d.owner[i] - 1
		r := runes.BrailleBlockOffset | rune(b)
		switch {
		case d.sx == 1:
			r = g.marks[shapes[s]]
		case d.sy == 2:
			r = quadrant(b)
		}
		p.set(x0+i%d.w, y0+i/d.w, r, pens[s])
	}
}

// marker is a rune to put over the dots.
type marker struct {
	x, y int // cells of the plot
	r    rune
	k    pen
}

// tracer draws one series.
type tracer struct {
	d      *dots
	x, y   scale
	g      *glyphs
	k      pen
	series uint8 // 1 + index
	style  int   // dash
	every  int   // cells between two marks; 0 for none
	due    int   // the cell of the next one
	shape  int   // of the points of a sparse series
	sparse bool
	marks  []marker
	clip   bool // values outside the range get markers

	// where the line stands
	px, py int
	down   bool // the pen is on the paper
}

func (t *tracer) col(x float64) int {
	return int(math.Round(t.x.at(x) * float64(t.d.w*t.d.sx-1)))
}

func (t *tracer) row(y float64) int {
	n := t.d.h*t.d.sy - 1
	return n - int(math.Round(t.y.at(y)*float64(n)))
}

// run draws the points lo ≤ i < hi, one step for each column of dots.
func (t *tracer) run(p Points, lo, hi int) {
	t.down = false
	for i := lo; i < hi; {
		px := t.col(p.X(i))
		j := t.columnEnd(p, i, hi, px)
		t.column(p, i, j, px)
		i = j
	}
}

// columnEnd finds the first index behind i whose point lies right of column px:
// by doubling steps, then by halving.
func (t *tracer) columnEnd(p Points, i, hi, px int) int {
	edge := t.x.back((float64(px) + 0.5) / float64(max(1, t.d.w*t.d.sx-1)))
	if px < 0 {
		edge = t.x.lo
	}
	lo, step := i+1, 1
	for lo+step < hi && p.X(lo+step) < edge {
		lo += step
		step *= 2
	}
	end := min(lo+step, hi)
	return lo + sort.Search(end-lo, func(k int) bool { return p.X(lo+k) >= edge })
}

// column draws the points of one column: the line to the first, a bar from
// the least to the greatest, and markers for what cannot be drawn.
func (t *tracer) column(p Points, lo, hi, px int) {
	e := p.Extent(lo, hi)
	t.oddMarks(e, px)
	if e.N == 0 {
		t.down = false
		return
	}
	first, last := p.Y(lo), p.Y(hi-1)
	if t.down && finite(first) {
		t.d.line(t.px, t.py, px, t.row(first), t.series, t.style)
	}
	top, bottom := t.row(e.Max), t.row(e.Min)
	for y := max(top, 0); y <= min(bottom, t.d.h*t.d.sy-1); y++ {
		t.d.set(px, y, t.series)
	}
	t.clipMarks(e, px)
	if t.sparse && hi-lo == 1 {
		t.mark(px, bottom/t.d.sy, t.g.marks[t.shape], t.k)
	}
	t.down = finite(last)
	if !t.down {
		return
	}
	t.px, t.py = px, t.row(last)
	if cell := px / t.d.sx; t.every > 0 && !t.sparse && t.py >= 0 && cell >= t.due {
		t.mark(px, t.py/t.d.sy, t.g.marks[t.shape], t.k)
		t.due = cell + t.every
	}
}

func (t *tracer) mark(px, cy int, r rune, k pen) {
	if px < 0 || px >= t.d.w*t.d.sx || cy < 0 || cy >= t.d.h {
		return
	}
	t.marks = append(t.marks, marker{px / t.d.sx, cy, r, k})
}

func (t *tracer) oddMarks(e Extent, px int) {
	if e.Odd&OddNaN != 0 {
		t.mark(px, t.d.h-1, t.g.nan, penBad)
	}
	if e.Odd&OddNegInf != 0 {
		t.mark(px, t.d.h-1, t.g.down, penBad)
	}
	if e.Odd&OddPosInf != 0 {
		t.mark(px, 0, t.g.up, penBad)
	}
}

// clipMarks shows that values lie beyond a robust range, or cannot be on a
// logarithmic axis.
func (t *tracer) clipMarks(e Extent, px int) {
	if t.clip && e.Max > t.y.hi {
		t.mark(px, 0, t.g.up, penWarn)
	}
	if t.clip && e.Min < t.y.lo || t.y.log && e.Min <= 0 {
		t.mark(px, t.d.h-1, t.g.down, penWarn)
	}
}
