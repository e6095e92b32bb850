package chart

import (
	"unicode/utf8"

	"github.com/NimbleMarkets/ntcharts/v2/canvas"
	"github.com/charmbracelet/x/ansi"
)

// covered marks the second cell of a wide rune.
const covered rune = -1

// plane is an ntcharts canvas with a pen for each cell beside it. The styles
// of the canvas itself stay unused: they are 648 bytes each and cannot be
// compared, so runs of equal style could not be found.
type plane struct {
	w, h int
	c    canvas.Model
	pens []pen
	buf  []byte
}

// reset makes the plane w × h and empty; w and h are positive.
func (p *plane) reset(w, h int) {
	if p.w != w || p.h != h || p.pens == nil {
		p.w, p.h = w, h
		p.c = canvas.New(w, h)
		p.pens = make([]pen, w*h)
		return
	}
	for i, k := range p.pens {
		if k != penNone {
			p.c.SetCell(canvas.Point{X: i % w, Y: i / w}, canvas.Cell{})
			p.pens[i] = penNone
		}
	}
}

// set draws one rune of width 1 with a pen that is not penNone, which marks
// empty cells; out of bounds does nothing.
func (p *plane) set(x, y int, r rune, k pen) {
	if x < 0 || y < 0 || x >= p.w || y >= p.h {
		return
	}
	p.c.SetRune(canvas.Point{X: x, Y: y}, r)
	p.pens[y*p.w+x] = k
}

// alone reports whether a rune of width w takes w cells whatever stands beside
// it: combining marks, controls and joiners do not.
func alone(r rune, w int) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r != 0x7f
	}
	return r != utf8.RuneError && w > 0 && ansi.StringWidth("a"+string(r)) == w+1 && ansi.StringWidth(string(r)+"a") == w+1
}

// text writes s from x on, cut at the column end, and returns the column
// behind it. What is not a rune that can stand alone becomes '?', so that each
// cell is exactly one rune.
func (p *plane) text(x, y int, s string, k pen, end int) int {
	end = min(end, p.w)
	for len(s) > 0 {
		cl, w := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cl):]
		r, n := utf8.DecodeRuneInString(cl)
		if n < len(cl) || !alone(r, w) {
			r, w = '?', 1
		}
		if x+w > end {
			break
		}
		p.set(x, y, r, k)
		if w == 2 {
			p.set(x+1, y, covered, k)
		}
		x += w
	}
	return x
}

// right writes s so that it ends before column end.
func (p *plane) right(end, y int, s string, k pen) {
	p.text(end-ansi.StringWidth(s), y, s, k, end)
}

// free reports whether the cells from x to end are empty.
func (p *plane) free(x, end, y int) bool {
	if x < 0 || end > p.w || y < 0 || y >= p.h {
		return false
	}
	for ; x < end; x++ {
		if p.pens[y*p.w+x] != penNone {
			return false
		}
	}
	return true
}

// String assembles the lines. Empty cells never start a new run: no pen has a
// background.
func (p *plane) String(pal *palette) string {
	b := p.buf[:0]
	for y := range p.h {
		if y > 0 {
			b = append(b, '\n')
		}
		cur := penNone
		for x := range p.w {
			k := p.pens[y*p.w+x]
			if k == penNone {
				b = append(b, ' ')
				continue
			}
			r := p.c.Cell(canvas.Point{X: x, Y: y}).Rune
			if r == covered {
				continue
			}
			if k != cur && r != ' ' {
				b = append(b, pal.strokes[cur].off...)
				b = append(b, pal.strokes[k].on...)
				cur = k
			}
			b = utf8.AppendRune(b, r)
		}
		b = append(b, pal.strokes[cur].off...)
	}
	p.buf = b
	return string(b)
}
