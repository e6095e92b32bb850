package chart

import (
	"math"
	"strconv"
)

// XKind is what x is: it decides the ticks and how a value is written.
type XKind uint8

// The kinds of x.
const (
	XWhole   XKind = iota // whole numbers: steps
	XReal                 // any number
	XSeconds              // seconds, written as a duration
	XMoney                // dollars
)

// XText writes a value of x.
func XText(k XKind, v float64) string {
	switch k {
	case XSeconds:
		return span(v)
	case XMoney:
		return "$" + strconv.FormatFloat(v, 'f', 2, 64)
	case XReal:
		return Number(v)
	}
	return Number(math.Round(v))
}

// xTicks chooses at most some n places for an axis of this kind.
func xTicks(s scale, k XKind, n int) []tick {
	if s.log && s.b-s.a >= 1 {
		out := decades(s, n)
		for i := range out {
			if k == XSeconds {
				out[i].label = span(out[i].v)
			}
		}
		return out
	}
	switch k {
	case XSeconds:
		return spanTicks(s, n)
	case XWhole:
		return wholeTicks(s, n)
	}
	return some(s, max(n, 1), false)
}

// spanTicks are at round durations.
func spanTicks(s scale, n int) []tick {
	raw := s.hi/float64(max(n, 1)) - s.lo/float64(max(n, 1))
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400} {
		if step >= raw {
			return spansEvery(s, step)
		}
	}
	return spansEvery(s, 86400*niceStep(raw/86400, true))
}

func spansEvery(s scale, step float64) []tick {
	out := every(s, step)
	for i := range out {
		out[i].label = span(out[i].v)
	}
	return out
}

// span writes seconds in its two largest units: "1h20m", "45s", "2d4h".
func span(v float64) string {
	if !finite(v) || math.Abs(v) > 1e12 {
		return Number(v)
	}
	if v < 0 {
		return "-" + span(-v)
	}
	if v > 0 && v < 1 {
		return Number(v) + "s"
	}
	t := int64(math.Round(v))
	units := [4]struct {
		n    int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}}
	for i, u := range units {
		if t < u.n {
			continue
		}
		text := strconv.FormatInt(t/u.n, 10) + u.name
		if i+1 < len(units) {
			if rest := t % u.n / units[i+1].n; rest > 0 {
				text += strconv.FormatInt(rest, 10) + units[i+1].name
			}
		}
		return text
	}
	return "0s"
}
