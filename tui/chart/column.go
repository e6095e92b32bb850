package chart

import "math"

// fan is how many values or nodes one node of the pyramid covers.
const (
	fanBits = 4
	fan     = 1 << fanBits
	fanMask = fan - 1
)

// Odd says which non-finite values are among some values.
type Odd uint8

// The kinds of non-finite values.
const (
	OddNaN Odd = 1 << iota
	OddPosInf
	OddNegInf
)

// Extent sums up some values: the range of the finite ones, and what else
// there is. Min, Max and Pos mean nothing while N, or for Pos all of them, are
// missing: they are +Inf, -Inf and +Inf then.
type Extent struct {
	Min, Max float64
	Pos      float64 // the smallest positive value: for logarithmic axes
	N        int     // finite values
	Odd      Odd     // kinds of non-finite values
}

// NoExtent is the Extent of no values.
func NoExtent() Extent {
	return Extent{Min: math.Inf(1), Max: math.Inf(-1), Pos: math.Inf(1)}
}

// Add takes v in.
func (e *Extent) Add(v float64) {
	switch {
	case v != v:
		e.Odd |= OddNaN
		return
	case v > math.MaxFloat64:
		e.Odd |= OddPosInf
		return
	case v < -math.MaxFloat64:
		e.Odd |= OddNegInf
		return
	}
	e.N++
	if v < e.Min {
		e.Min = v
	}
	if v > e.Max {
		e.Max = v
	}
	if v > 0 && v < e.Pos {
		e.Pos = v
	}
}

// Merge takes the values of o in.
func (e *Extent) Merge(o Extent) { e.merge(&o) }

func (e *Extent) merge(o *Extent) {
	e.N += o.N
	e.Odd |= o.Odd
	if o.Min < e.Min {
		e.Min = o.Min
	}
	if o.Max > e.Max {
		e.Max = o.Max
	}
	if o.Pos < e.Pos {
		e.Pos = o.Pos
	}
}

// Column is an append-only column of numbers with a pyramid of extents above
// it, so that the extent of any range costs a few steps whatever its length.
// The zero Column is empty and ready. Memory is some 11 bytes a value.
type Column struct {
	v  []float64
	lv [][]Extent // lv[k][i] covers fan^(k+1) values
}

// Len is the number of values.
func (c *Column) Len() int { return len(c.v) }

// At returns the i-th value.
func (c *Column) At(i int) float64 { return c.v[i] }

// Append adds v; amortised constant time.
func (c *Column) Append(v float64) {
	i := len(c.v)
	c.v = append(c.v, v)
	if len(c.lv) == 0 {
		c.lv = append(c.lv, nil)
	}
	for k := range c.lv {
		j := i >> (fanBits * (k + 1))
		if j == len(c.lv[k]) {
			c.lv[k] = append(c.lv[k], NoExtent())
		}
		c.lv[k][j].Add(v)
	}
	if top := c.lv[len(c.lv)-1]; len(top) > fan {
		c.lv = append(c.lv, nil)
		c.fill(len(c.lv) - 1)
	}
}

// fill rebuilds the nodes of level k that are missing, from the level below.
func (c *Column) fill(k int) {
	below := len(c.v)
	if k > 0 {
		below = len(c.lv[k-1])
	}
	for lo := len(c.lv[k]) * fan; lo < below; lo += fan {
		e := NoExtent()
		for i := lo; i < min(lo+fan, below); i++ {
			if k == 0 {
				e.Add(c.v[i])
			} else {
				e.merge(&c.lv[k-1][i])
			}
		}
		c.lv[k] = append(c.lv[k], e)
	}
}

// Truncate keeps the first n values.
func (c *Column) Truncate(n int) {
	if n >= len(c.v) {
		return
	}
	c.v = c.v[:max(n, 0)]
	for k := range c.lv {
		c.lv[k] = c.lv[k][:min(len(c.lv[k]), len(c.v)>>(fanBits*(k+1)))]
		c.fill(k)
	}
}

// Extent sums up the values lo ≤ i < hi.
func (c *Column) Extent(lo, hi int) Extent {
	e := NoExtent()
	lo, hi = max(lo, 0), min(hi, len(c.v))
	for ; lo < hi && lo&fanMask != 0; lo++ {
		e.Add(c.v[lo])
	}
	for ; lo < hi && hi&fanMask != 0; hi-- {
		e.Add(c.v[hi-1])
	}
	for k := 0; lo < hi; k++ {
		lo, hi = lo>>fanBits, hi>>fanBits
		last := k == len(c.lv)-1
		for ; lo < hi && (last || lo&fanMask != 0); lo++ {
			e.merge(&c.lv[k][lo])
		}
		for ; lo < hi && hi&fanMask != 0; hi-- {
			e.merge(&c.lv[k][hi-1])
		}
	}
	return e
}

// CountAbove counts the finite values greater than t.
func (c *Column) CountAbove(t float64) int {
	if len(c.lv) == 0 {
		return 0
	}
	top := len(c.lv) - 1
	n := 0
	for i := range c.lv[top] {
		n += c.countAbove(top, i, t)
	}
	return n
}

func (c *Column) countAbove(k, i int, t float64) int {
	e := &c.lv[k][i]
	if e.N == 0 || e.Max <= t {
		return 0
	}
	if e.Min > t {
		return e.N
	}
	n := 0
	for j := i * fan; j < (i+1)*fan; j++ {
		switch {
		case k > 0 && j < len(c.lv[k-1]):
			n += c.countAbove(k-1, j, t)
		case k == 0 && j < len(c.v) && c.v[j] > t && !math.IsInf(c.v[j], 1):
			n++
		}
	}
	return n
}
