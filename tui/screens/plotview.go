package screens

import (
	"math"

	"github.com/loratop/loratop/tui/chart"
)

// plotView is how the charts of a page are looked at: it holds for all of
// them, so that they show the same stretch and the same cursor. The zero
// plotView shows everything over steps, in braille.
type plotView struct {
	axis xAxis
	logX bool
	ink  chart.Ink // what lines are drawn with
	// inkAtFirst is the one of the configuration.
	inkAtFirst chart.Ink
	from       float64 // in view when from < to; else all is
	to         float64
	follow     bool     // the newest points stay in view while they come
	cursor     *float64 // x
	lo, hi     float64  // of all points, lo > hi for none
	turn       uint64   // counts changes of the axis
}

// newPlotView looks at everything over steps, with the ink of the configuration.
func newPlotView(o Options) plotView {
	ink, _ := inkNamed(o.Chart) // "auto" is braille
	return plotView{ink: ink, inkAtFirst: ink}
}

// zoomStep is by how much "+" and a notch of the wheel magnify.
const zoomStep = 1.5

func (v *plotView) zoomed() bool { return v.from < v.to }

// scaled maps x to the space in which the axis is linear.
func (v *plotView) scaled(x float64) float64 {
	if v.logX {
		return math.Log10(max(x, math.SmallestNonzeroFloat64))
	}
	return x
}

func (v *plotView) back(x float64) float64 {
	if v.logX {
		return math.Pow(10, x)
	}
	return x
}

// ends are what is in view, in the space of the axis; ok is false without
// points.
func (v *plotView) ends() (lo, hi float64, ok bool) {
	if v.lo >= v.hi {
		return 0, 0, false
	}
	from, to := v.lo, v.hi
	if v.zoomed() {
		from, to = v.from, v.to
	}
	if v.logX && from <= 0 {
		from = min(1, to/1e3)
	}
	return v.scaled(from), v.scaled(to), true
}

// show looks at lo…hi, cut to what there is; all of it ends the zoom.
func (v *plotView) show(lo, hi float64) {
	least, most := v.lo, v.hi
	if v.logX && least <= 0 {
		least = min(1, most/1e3)
	}
	a, b := v.scaled(least), v.scaled(most)
	w := hi - lo
	if w >= (b-a)*(1-1e-9) {
		v.reset()
		return
	}
	lo = max(a, min(lo, b-w))
	hi = lo + w
	v.from, v.to = v.back(lo), v.back(hi)
	v.follow = hi >= b-(hi-lo)*1e-9
}

// zoom magnifies around x by a factor; below 1 it shows more.
func (v *plotView) zoom(x, factor float64) {
	lo, hi, ok := v.ends()
	if !ok {
		return
	}
	at := max(lo, min(v.scaled(x), hi))
	width := (hi - lo) / factor
	if factor > 1 && width < max((v.scaled(v.hi)-v.scaled(max(v.lo, math.SmallestNonzeroFloat64)))/1e7, 1e-9) {
		return
	}
	share := (at - lo) / (hi - lo)
	if v.follow && v.cursor == nil {
		share = 1 // the newest stay in view
	}
	end := hi
	if share < 1 {
		end = at + width*(1-share)
	}
	v.show(end-width, end)
}

// zoomKey magnifies around the cursor, or what is in the middle.
func (v *plotView) zoomKey(factor float64) {
	lo, hi, ok := v.ends()
	if !ok {
		return
	}
	x := v.back((lo + hi) / 2)
	if v.cursor != nil {
		x = *v.cursor
	}
	v.zoom(x, factor)
}

// pan moves the view by a share of its width.
func (v *plotView) pan(share float64) {
	if lo, hi, ok := v.ends(); ok && v.zoomed() {
		d := (hi - lo) * share
		v.show(lo+d, hi+d)
	}
}

func (v *plotView) reset() { v.from, v.to, v.follow = 0, 0, false }

// tail goes to the newest points and stays with them: with the width of now, or
// a fifth of all.
func (v *plotView) tail() {
	lo, hi, ok := v.ends()
	if !ok {
		return
	}
	w := hi - lo
	if !v.zoomed() {
		w /= 5
	}
	end := v.scaled(v.hi)
	v.cursor = nil
	v.show(end-w, end)
}

// grown takes the range of all points after new ones came.
func (v *plotView) grown(lo, hi float64) {
	moved := v.lo != lo || v.hi != hi
	v.lo, v.hi = lo, hi
	if moved && v.zoomed() && v.follow {
		a, b, ok := v.ends()
		if end := v.scaled(hi); ok {
			v.show(end-(b-a), end)
		}
	}
}

// inkNames are the inks as links and the configuration name them.
func inkNames() [chart.InkCount]string { return [chart.InkCount]string{"braille", "blocks", "ascii"} }

// inkNamed is the ink of that name; ok is false for what is none.
func inkNamed(name string) (ink chart.Ink, ok bool) {
	for i, n := range inkNames() {
		if n == name {
			return chart.Ink(i), true
		}
	}
	return 0, false
}

// turnTo changes the axis; what was in view in the units of the other is not
// kept.
func (v *plotView) turnTo(a xAxis) {
	v.axis, v.cursor = a, nil
	v.reset()
	v.turn++
}

// apply puts the view into the options of a chart.
func (v *plotView) apply(o *chart.Options) {
	o.XLabel, o.XKind = v.axis.label(), v.axis.kind()
	o.Cursor, o.LogX, o.Ink = v.cursor, v.logX, v.ink
	o.From, o.To = v.from, v.to
}

// state says what is switched on.
func (v *plotView) state() string {
	out := ""
	if v.axis != axisStep {
		out += "  over " + v.axis.String()
	}
	if v.logX {
		out += "  log x"
	}
	if v.zoomed() {
		out += "  " + chart.XText(v.axis.kind(), v.from) + "–" + chart.XText(v.axis.kind(), v.to)
	}
	if v.follow {
		out += "  following"
	}
	return out
}
