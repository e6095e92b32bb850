package screens

import (
	"strconv"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// line is one line of a chart.
type line struct {
	m     metric
	name  string
	color int
}

// jobChart is one chart of a job and how it is shown.
type jobChart struct {
	chart.Chart
	title string
	lines []line
	unit  string
	fixed bool   // 0 to 100
	key   string // its name in links
	cells rect   // where it was drawn
	shown uint64
	step  int    // smoothing that Series is made for
	turn  uint64 // axis that Series is made for
}

type rect struct{ x, y, w, h int }

func (r rect) holds(x, y int) bool { return x >= r.x && y >= r.y && x < r.x+r.w && y < r.y+r.h }

// smoothings are the weights that "s" goes through; 0 is off.
func smoothings() []float64 { return []float64{0, 0.6, 0.9, 0.98} }

// jobCharts is the pane of charts: a grid, or one of them alone.
type jobCharts struct {
	plotView
	s      *series
	clock  clockwork
	summed bool    // the history is drawn summed up
	markAt float64 // line on charts over cost
	mark   string
	all    []*jobChart
	sel    int
	alone  bool
	smooth int // index into smoothings
	avg    [metricCount]*chart.Smoothed
	dragX  int // column of the mouse while a button is down
}

func newJobCharts(s *series, o Options) *jobCharts {
	c := func(key, title, unit string, fixed bool, lines ...line) *jobChart {
		x := &jobChart{key: key, title: title, lines: lines, unit: unit, fixed: fixed, step: -1}
		x.Options.YLabel = unit
		if fixed {
			x.Options.FixedLo, x.Options.FixedHi = 0, 100
		}
		return x
	}
	return &jobCharts{plotView: newPlotView(o), s: s, all: []*jobChart{
		c("loss", "Loss", "", false, line{metricTraining, "train", 0}, line{metricValidation, "validation", 1}),
		c("gradient", "Gradient norm", "", false, line{metricGradient, "", 2}),
		c("rate", "Learning rate", "", false, line{metricLearningRate, "", 6}),
		c("throughput", "Throughput", "tok/s", false, line{metricThroughput, "", 4}),
		c("gpu", "GPU use", "%", true, line{metricGPU, "", 5}),
	}}
}

// update brings the averages, the axis and the view up to date after new points.
func (c *jobCharts) update(j models.Job, o Options) {
	for m := range metricCount {
		t := c.s.track(m)
		if a := c.avg[m]; a != nil {
			a.Update(t.low)
		}
		t.low = t.Len()
	}
	c.reckon(j, o)
}

// reckon measures the axis anew.
func (c *jobCharts) reckon(j models.Job, o Options) {
	if k := clockworkOf(j, c.s, o); k != c.clock {
		c.clock = k
		if c.axis != axisStep {
			c.turn++
		}
	}
	c.markAt, c.mark = costMark(j, o)
	e := chart.NoExtent()
	for m := range metricCount {
		t := c.s.track(m)
		e.Merge(chart.XExtent(c.clock.over(c.axis, t, t)))
	}
	c.grown(e.Min, e.Max)
}

// settle leaves an axis that the job does not have: a link asked for it. It
// counts once the whole row and some points are known.
func (c *jobCharts) settle() {
	if c.s.length() > 0 && c.clock.off(c.axis) != "" {
		c.turnTo(axisStep)
	}
}

// nextAxis goes to the next axis that the job has; the reasons why others are
// left out are the second answer.
func (c *jobCharts) nextAxis(j models.Job, o Options) (left string) {
	a := c.axis
	for {
		a = (a + 1) % axisCount
		why := c.clock.off(a)
		if why == "" {
			break
		}
		left = "not over " + a.String() + ": " + why
	}
	c.turnTo(a)
	c.reckon(j, o)
	return left
}

// setSmooth goes to the next smoothing.
func (c *jobCharts) setSmooth() {
	c.smooth = (c.smooth + 1) % len(smoothings())
	for m := range metricCount {
		c.avg[m] = nil
		if w := smoothings()[c.smooth]; w > 0 {
			t := c.s.track(m)
			c.avg[m] = chart.Smooth(t, w)
			t.low = t.Len()
		}
	}
}

// lines makes the series of a chart: with smoothing the raw line is faint and
// behind.
func (c *jobCharts) prepare(x *jobChart, selected bool, mark string) {
	x.Options.Title = x.title
	if selected && len(mark) > 0 {
		x.Options.Title = mark + x.title
	}
	c.apply(&x.Options)
	x.Options.Summed = c.summed
	c.markCost(&x.Options, c.markAt, c.mark)
	if x.step == c.smooth && x.turn == c.turn {
		return
	}
	x.step, x.turn = c.smooth, c.turn
	x.shown++ // the lines changed though the points did not
	x.Series = x.Series[:0]
	if c.smooth > 0 {
		for _, l := range x.lines {
			t := c.s.track(l.m)
			x.Series = append(x.Series, chart.Series{Name: l.name, Points: c.clock.over(c.axis, t, t), Color: l.color, Faint: true})
		}
	}
	for _, l := range x.lines {
		t := c.s.track(l.m)
		var p chart.Points = t
		if c.smooth > 0 {
			p = c.avg[l.m]
		}
		x.Series = append(x.Series, chart.Series{Name: l.name, Points: c.clock.over(c.axis, p, t), Color: l.color})
	}
}

// view draws the pane; y0 is the line of the screen that it begins at.
func (c *jobCharts) view(f screen.Frame, w, h, y0 int, empty string) string {
	for _, x := range c.all {
		x.cells = rect{}
		x.Options.Empty = empty
	}
	if w < 1 || h < 1 {
		return kit.Fit("", w, h)
	}
	if c.alone || h < 9 || w < 24 {
		return c.one(f, c.sel, 0, y0, w, h)
	}
	if w >= 120 && h >= 10 {
		left := w / 2
		return kit.JoinH(c.one(f, 0, 0, y0, left-1, h), kit.Fit("", 1, h), c.grid(f, left, y0, w-left, h))
	}
	rows := (len(c.all) + 1 - 1) / 2
	lossH := max(h*2/5, h-rows*9)
	if h-lossH < rows*4 {
		lossH = max(5, h-rows*4)
	}
	return kit.JoinV(c.one(f, 0, 0, y0, w, lossH), c.grid(f, 0, y0+lossH, w, h-lossH))
}

// grid draws the charts beside the first in two columns; rows for which there
// is no room are left out, the one with the selected chart never.
func (c *jobCharts) grid(f screen.Frame, x0, y0, w, h int) string {
	n := len(c.all) - 1
	rows := (n + 1) / 2
	fit := max(1, min(rows, h/4))
	first := 0
	if r := (c.sel - 1) / 2; c.sel > 0 && r >= fit {
		first = r - fit + 1
	}
	var blocks []string
	y := 0
	for r := range fit {
		rh := (h - y) / (fit - r)
		lw := (w - 1) / 2
		i := 1 + (first+r)*2
		left := c.one(f, i, x0, y0+y, lw, rh)
		right := kit.Fit("", w-lw-1, rh)
		if i+1 <= n {
			right = c.one(f, i+1, x0+lw+1, y0+y, w-lw-1, rh)
		}
		blocks = append(blocks, kit.JoinH(left, kit.Fit("", 1, rh), right))
		y += rh
	}
	return kit.JoinV(blocks...)
}

// one draws a chart and notes where.
func (c *jobCharts) one(f screen.Frame, i, x, y, w, h int) string {
	k := c.all[i]
	k.cells = rect{x, y, w, h}
	c.prepare(k, i == c.sel && !c.alone, f.Theme.Glyph("▸ ", "> "))
	return k.View(f.Theme, w, h, k.shown<<40^c.s.version)
}

// state says what is switched on, for the line above the charts.
func (c *jobCharts) state() string {
	o := c.all[c.sel].Options
	out := c.plotView.state()
	if o.LogY {
		out += "  log"
	}
	if o.Robust {
		out += "  without outliers"
	}
	if w := smoothings()[c.smooth]; w > 0 {
		out += "  smoothed " + strconv.FormatFloat(w, 'g', -1, 64)
	}
	return out
}

// choose selects a chart, by steps around.
func (c *jobCharts) choose(d int) { c.sel = (c.sel + d + len(c.all)) % len(c.all) }
