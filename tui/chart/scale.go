package chart

import "math"

// scale maps values onto [0, 1].
type scale struct {
	lo, hi float64 // lo < hi, finite; positive when log
	log    bool
	a, b   float64 // ends as the mapping uses them
}

func newScale(lo, hi float64, log bool) scale {
	s := scale{lo: lo, hi: hi, log: log}
	s.a, s.b = s.plain(lo), s.plain(hi)
	return s
}

// plain halves linear values so that no difference overflows.
func (s scale) plain(v float64) float64 {
	if s.log {
		return math.Log10(v)
	}
	return v / 2
}

// at maps a finite v; what is outside lo…hi comes out outside 0…1, but never
// beyond ±2. A logarithmic scale puts what is not positive at -2.
func (s scale) at(v float64) float64 {
	if s.log && v <= 0 {
		return -2
	}
	f := (s.plain(v) - s.a) / (s.b - s.a)
	if f != f {
		return 0.5 // a range too small for float64
	}
	return max(-2, min(f, 2))
}

// back is the inverse of at.
func (s scale) back(f float64) float64 {
	if s.log {
		return math.Pow(10, s.a+f*(s.b-s.a))
	}
	return (s.a*(1-f) + s.b*f) * 2
}

// spread makes a usable range of an extent: never empty, with a little room
// above and below.
func spread(lo, hi float64, log bool) (float64, float64) {
	if log {
		if lo == hi {
			return max(lo/2, math.SmallestNonzeroFloat64), min(hi*2, math.MaxFloat64)
		}
		r := math.Pow(hi/lo, 0.04)
		if !finite(r) {
			r = 1
		}
		return max(lo/r, math.SmallestNonzeroFloat64), min(hi*r, math.MaxFloat64)
	}
	pad := hi/25 - lo/25
	if lo == hi || lo+pad == lo && hi-pad == hi {
		pad = max(math.Abs(lo)/10, 1e-12)
		if lo == 0 {
			pad = 1
		}
	}
	low := lo - pad
	if lo >= 0 && low < 0 && lo < hi {
		low = 0 // what is never negative gets no room below zero
	}
	return max(low, -math.MaxFloat64), min(hi+pad, math.MaxFloat64)
}
