package chart

import (
	"math"
	"strings"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/NimbleMarkets/ntcharts/v2/canvas/runes"

	"github.com/loratop/loratop/tui/theme"
)

// sparkLevels are the rows of one block, from the least to the greatest.
func sparkLevels(ascii bool) [8]rune {
	if ascii {
		return [8]rune{'_', '.', ',', '-', '~', '=', '*', '#'}
	}
	return [8]rune{
		runes.LowerBlockOne, runes.LowerBlockTwo, runes.LowerBlockThree, runes.LowerBlockFour,
		runes.LowerBlockFive, runes.LowerBlockSix, runes.LowerBlockSeven, runes.FullBlock,
	}
}

// Spark draws ys as one row of exactly w cells: when there are more values
// than cells, each cell shows the value of its bucket that is farthest from
// the middle, so that outliers stay. A bucket with NaN or an infinity gets a
// marker. Fewer values than cells are drawn at the left.
func Spark(th theme.Theme, ys []float64, w int) string {
	return sparkOf(th, len(ys), func(lo, hi int) Extent {
		e := NoExtent()
		for _, v := range ys[lo:hi] {
			e.Add(v)
		}
		return e
	}, w)
}

// SparkPoints is Spark of the newest n points of p (0: all), in a few steps a
// cell whatever its length.
func SparkPoints(th theme.Theme, p Points, n, w int) string {
	if n <= 0 || n > p.Len() {
		n = p.Len()
	}
	off := p.Len() - n
	return sparkOf(th, n, func(lo, hi int) Extent { return p.Extent(off+lo, off+hi) }, w)
}

func sparkOf(th theme.Theme, n int, extent func(lo, hi int) Extent, w int) string {
	if w <= 0 {
		return ""
	}
	cells := min(n, w)
	all := extent(0, n)
	mid := all.Min/2 + all.Max/2
	if n > w {
		mid = bucketMiddle(n, cells, extent, mid)
	}
	line, bad := sparkStrokes(th)
	levels, g := sparkLevels(th.ASCII), glyphsFor(th.ASCII)
	var b strings.Builder
	b.Grow(w*4 + 64)
	cur, last := penNone, stroke{}
	for i := range cells {
		e := extent(i*n/cells, (i+1)*n/cells)
		r, k := sparkCell(e, all, mid, &levels, &g)
		if k != cur {
			b.WriteString(last.off)
			last = stroke{}
			switch k {
			case penSeries:
				last = line
			case penBad:
				last = bad
			}
			b.WriteString(last.on)
			cur = k
		}
		var buf [utf8.UTFMax]byte
		b.Write(utf8.AppendRune(buf[:0], r))
	}
	b.WriteString(last.off)
	b.WriteString(strings.Repeat(" ", w-cells))
	return b.String()
}

// sparkStrokes are the two that a spark needs; a whole palette costs more.
func sparkStrokes(th theme.Theme) (line, bad stroke) {
	bad = cut(th.Bad)
	if th.NoColor || len(th.Series) == 0 {
		return cut(th.Text), bad
	}
	return cut(lipgloss.NewStyle().Foreground(th.Series[0])), bad
}

// bucketMiddle is the mean of the buckets' middles: what is ordinary here.
func bucketMiddle(n, cells int, extent func(lo, hi int) Extent, whole float64) float64 {
	sum, m := 0.0, 0.0
	for i := range cells {
		if e := extent(i*n/cells, (i+1)*n/cells); e.N > 0 {
			m++
			sum += ((e.Min/2 + e.Max/2) - sum) / m
		}
	}
	if m == 0 || !finite(sum) {
		return whole
	}
	return sum
}

func sparkCell(e, all Extent, mid float64, levels *[8]rune, g *glyphs) (rune, pen) {
	switch {
	case e.Odd&OddNaN != 0:
		return g.nan, penBad
	case e.Odd&OddPosInf != 0:
		return g.up, penBad
	case e.Odd&OddNegInf != 0:
		return g.down, penBad
	case e.N == 0:
		return ' ', penNone
	case all.Min == all.Max:
		return levels[3], penSeries
	}
	v := e.Max
	if mid/2-e.Min/2 > e.Max/2-mid/2 {
		v = e.Min
	}
	f := (v/2 - all.Min/2) / (all.Max/2 - all.Min/2)
	if !finite(f) {
		f = 0.5
	}
	return levels[int(math.Round(max(0, min(f, 1))*7))], penSeries
}
