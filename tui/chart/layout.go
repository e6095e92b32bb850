package chart

import (
	"math"
	"slices"
	"sort"
)

// layout is where things are in the picture.
type layout struct {
	px, py, w, h int   // the plot area in cells
	x, y         scale // of the plot area
	axisX, axisY bool
	ok           bool
	above        int // points beyond a robust range
	yTicks       []tick
	xTicks       []tick
}

// arrange finds ranges and places; false when there is nothing to draw.
func (c *Chart) arrange(w, h int) bool {
	l := &c.lay
	if !c.xRange() || !c.yRange() {
		return false
	}
	l.px, l.py, l.w, l.h = 0, 0, w, h
	if h >= 3 {
		l.py, l.h = 1, h-1
	}
	if h >= 8 && w >= 16 {
		l.axisX = true
		l.h -= 2
		l.xTicks = xTicks(l.x, c.Options.XKind, max(2, l.w/12))
	}
	if h >= 4 && w >= 16 {
		l.axisY = true
		l.yTicks = ticks(l.y, max(2, min(l.h/2, 3+l.h/4)))
		lw := 1
		for _, t := range l.yTicks {
			lw = max(lw, len(t.label))
		}
		lw = min(lw, w/3)
		l.px = lw + 1
		l.w = w - l.px
	}
	l.ok = true
	return true
}

// xRange takes the range of x from the options or from all points.
func (c *Chart) xRange() bool {
	e := NoExtent()
	for _, p := range c.pts {
		e.Merge(XExtent(p))
	}
	if e.N == 0 {
		return false
	}
	lo, hi := e.Min, e.Max
	if o := c.Options; o.From < o.To && finite(o.From) && finite(o.To) {
		lo, hi = o.From, o.To
	}
	log := c.Options.LogX && hi > 0 && e.Pos < hi
	if log && lo <= 0 {
		lo = e.Pos
	}
	if lo == hi {
		d := max(math.Abs(lo)/1e6, 0.5)
		lo, hi, log = lo-d, hi+d, false
	}
	c.lay.x = newScale(max(lo, -math.MaxFloat64), min(hi, math.MaxFloat64), log)
	return true
}

// XExtent is the range of x of p; N counts points only as far as 0 is none.
func XExtent(p Points) Extent {
	e := NoExtent()
	eachRun(p, func(a, b int) {
		if a >= b {
			return
		}
		e.Add(p.X(a))
		e.Add(p.X(b - 1))
		if i := a + sort.Search(b-a, func(i int) bool { return p.X(a+i) > 0 }); i < b {
			e.Add(p.X(i))
		}
	})
	return e
}

// yRange takes the range of y from the points in view.
func (c *Chart) yRange() bool {
	o, e := c.Options, NoExtent()
	for _, p := range c.pts {
		c.inView(p, func(a, b int) { e.Merge(p.Extent(a, b)) })
	}
	if e.N == 0 {
		if e.Odd == 0 {
			return false
		}
		e.Min, e.Max = 0, 1
	}
	lo, hi := e.Min, e.Max
	log := o.LogY && !math.IsInf(e.Pos, 1)
	if o.Robust && e.N > 0 {
		lo, hi = c.robust(lo, hi)
	}
	if log {
		lo, hi = max(lo, e.Pos), max(hi, e.Pos)
	}
	lo, hi = spread(lo, hi, log)
	if o.FixedLo < o.FixedHi && !log {
		lo, hi = min(lo, o.FixedLo), max(hi, o.FixedHi)
		if e.Min >= o.FixedLo && e.Max <= o.FixedHi {
			lo, hi = o.FixedLo, o.FixedHi
		}
	}
	c.lay.y = newScale(lo, hi, log)
	if o.Robust && e.Max > hi {
		for _, p := range c.pts {
			c.lay.above += p.CountAbove(hi)
		}
	}
	return true
}

// inView calls f for the index ranges whose x is in view.
func (c *Chart) inView(p Points, f func(a, b int)) {
	x := c.lay.x
	eachRun(p, func(lo, hi int) {
		if a, b := window(p, lo, hi, x.lo, x.hi); a < b {
			f(a, b)
		}
	})
}

// robustSample is from how many values the quantiles are taken.
const robustSample = 1024

// robust is the range without outliers: Tukey's far fence (3 × the middle
// 80 %) around the 10th and 90th percentile, of an even sample of the points.
func (c *Chart) robust(lo, hi float64) (float64, float64) {
	total := 0
	for _, p := range c.pts {
		c.inView(p, func(a, b int) { total += b - a })
	}
	stride := max(1, total/robustSample)
	s := c.sample[:0]
	for _, p := range c.pts {
		c.inView(p, func(a, b int) {
			for i := a; i < b; i += stride {
				if v := p.Y(i); finite(v) {
					s = append(s, v)
				}
			}
		})
	}
	c.sample = s
	if len(s) < 8 {
		return lo, hi
	}
	slices.Sort(s)
	q1, q9 := s[len(s)/10], s[len(s)*9/10]
	room := 3 * (q9/2 - q1/2) * 2
	if room == 0 {
		room = math.Abs(q9) / 2
	}
	rlo, rhi := max(lo, q1-room), min(hi, q9+room)
	if !(rlo < rhi) {
		return lo, hi
	}
	return rlo, rhi
}

// XAt gives the x under a column of the last View, for a mouse; ok is false
// outside the plot.
func (c *Chart) XAt(col int) (x float64, ok bool) {
	l := &c.lay
	if !l.ok || col < l.px || col >= l.px+l.w {
		return 0, false
	}
	if l.w == 1 {
		return l.x.lo, true
	}
	return l.x.back(float64(col-l.px) / float64(l.w-1)), true
}

// XMove gives the x that lies cells right of x in the last View, inside the
// range in view; ok is false while nothing is drawn.
func (c *Chart) XMove(x float64, cells int) (to float64, ok bool) {
	l := &c.lay
	if !l.ok {
		return 0, false
	}
	f := l.x.at(max(l.x.lo, min(x, l.x.hi))) + float64(cells)/float64(max(l.w-1, 1))
	return l.x.back(max(0, min(f, 1))), true
}

// XRange is the range of x of the last View; ok is false while nothing is
// drawn.
func (c *Chart) XRange() (lo, hi float64, ok bool) {
	return c.lay.x.lo, c.lay.x.hi, c.lay.ok
}
