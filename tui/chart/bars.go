package chart

import (
	"strings"

	"github.com/NimbleMarkets/ntcharts/v2/canvas/runes"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/tui/theme"
)

// Bar is one row of Bars.
type Bar struct {
	Label string
	Text  string // the value as it shall be read
	Value float64
	Color int // index into theme.Series
}

// Bars draws horizontal bars from 0, one a row, in w × h cells: label, bar and
// text. Negative and non-finite values have no length. What has no room below
// is left out, and the last row says how much.
func Bars(th theme.Theme, bars []Bar, w, h int) string {
	if w <= 0 || h <= 0 {
		return strings.Repeat("\n", max(h-1, 0))
	}
	var pal palette
	pal.use(th)
	var p plane
	p.reset(w, h)
	g := glyphsFor(th.ASCII)
	rows := min(len(bars), h)
	if len(bars) > h {
		rows = h - 1
		p.text(0, h-1, string(g.ellipsis)+" "+label(float64(len(bars)-rows), 1)+" more", penFaint, w)
	}
	lw, tw, top := barWidths(bars, w)
	for y, b := range bars[:rows] {
		p.text(0, y, b.Label, penText, lw)
		if tw > 0 {
			p.right(w, y, b.Text, penDim)
		}
		x0, x1 := lw+1, w-tw-1
		if tw == 0 {
			x1 = w
		}
		if top > 0 && finite(b.Value) && x1 > x0 {
			drawBar(&p, x0, y, b.Value/top*float64(x1-x0), pal.of(b.Color, false), th.ASCII)
		}
	}
	return p.String(&pal)
}

// barWidths shares the width out: the label may have 40 %, the text a third.
func barWidths(bars []Bar, w int) (lw, tw int, top float64) {
	for _, b := range bars {
		lw = max(lw, ansi.StringWidth(b.Label))
		tw = max(tw, ansi.StringWidth(b.Text))
		if finite(b.Value) {
			top = max(top, b.Value)
		}
	}
	lw = min(lw, w*2/5)
	if tw > w/3+2 || tw+lw+2 > w {
		tw = 0
	}
	return lw, tw, top
}

// drawBar fills length cells, to an eighth of a cell. A positive value has at
// least the thinnest bar.
func drawBar(p *plane, x, y int, length float64, k pen, ascii bool) {
	if !(length > 0) {
		return
	}
	n := int(length)
	full, part := runes.FullBlock, runes.LeftBlockElementFromFloat64(length-float64(n))
	if ascii {
		full, part = '#', 0
	}
	for i := range n {
		p.set(x+i, y, full, k)
	}
	switch {
	case part != 0:
		p.set(x+n, y, part, k)
	case n == 0 && ascii:
		p.set(x, y, '|', k)
	case n == 0:
		p.set(x, y, runes.LeftBlockOne, k)
	}
}
