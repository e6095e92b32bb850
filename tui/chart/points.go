package chart

import (
	"math"
	"sort"
)

// Points is a line's data, read by index. X never decreases inside a run.
type Points interface {
	Len() int
	X(i int) float64 // finite
	Y(i int) float64 // anything
	// Extent sums up Y of lo ≤ i < hi.
	Extent(lo, hi int) Extent
	// Runs are the indices, ascending, at which X starts again at a smaller
	// value, as when a training was resumed. Lines do not join runs.
	Runs() []int
	// CountAbove counts the finite Y greater than t.
	CountAbove(t float64) int
}

// slicePoints makes Points of two slices.
type slicePoints struct {
	x, y []float64
	runs []int
}

// newSlicePoints drops points without a finite x; the slices are not changed.
func newSlicePoints(x, y []float64) *slicePoints {
	n := min(len(x), len(y))
	x, y = x[:n:n], y[:n:n]
	p := &slicePoints{x: x, y: y}
	for _, v := range x {
		if !finite(v) {
			p.x, p.y = dropOddX(x, y)
			break
		}
	}
	for i := 1; i < len(p.x); i++ {
		if p.x[i] < p.x[i-1] {
			p.runs = append(p.runs, i)
		}
	}
	return p
}

func dropOddX(x, y []float64) (fx, fy []float64) {
	for i, v := range x {
		if finite(v) {
			fx, fy = append(fx, v), append(fy, y[i])
		}
	}
	return fx, fy
}

func (p *slicePoints) Len() int        { return len(p.x) }
func (p *slicePoints) X(i int) float64 { return p.x[i] }
func (p *slicePoints) Y(i int) float64 { return p.y[i] }
func (p *slicePoints) Runs() []int     { return p.runs }

func (p *slicePoints) Extent(lo, hi int) Extent {
	e := NoExtent()
	for _, v := range p.y[lo:hi] {
		e.Add(v)
	}
	return e
}

func (p *slicePoints) CountAbove(t float64) int {
	n := 0
	for _, v := range p.y {
		if v > t && !math.IsInf(v, 1) {
			n++
		}
	}
	return n
}

func finite(v float64) bool { return v-v == 0 }

// eachRun calls f with the bounds of every run.
func eachRun(p Points, f func(lo, hi int)) {
	lo := 0
	for _, hi := range p.Runs() {
		f(lo, hi)
		lo = hi
	}
	f(lo, p.Len())
}

// window returns the indices of a run whose x is inside [from, to].
func window(p Points, lo, hi int, from, to float64) (a, b int) {
	a = lo + sort.Search(hi-lo, func(i int) bool { return p.X(lo+i) >= from })
	b = a + sort.Search(hi-a, func(i int) bool { return p.X(a+i) > to })
	return a, b
}

// nearest finds the point whose x is nearest to x, in the last run that
// reaches so far; ok is false when there are no points.
func nearest(p Points, x float64) (i int, ok bool) {
	best, found := 0, false
	eachRun(p, func(lo, hi int) {
		if lo >= hi {
			return
		}
		j := lo + sort.Search(hi-lo, func(i int) bool { return p.X(lo+i) >= x })
		if j == hi || j > lo && x-p.X(j-1) < p.X(j)-x {
			j--
		}
		if !found || math.Abs(p.X(j)-x) <= math.Abs(p.X(best)-x) {
			best, found = j, true
		}
	})
	return best, found
}
