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
		if k == XSeconds {
			return logSpans(s, n)
		}
		return decades(s, n)
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

// logSpans are round durations on a logarithmic axis: as many as n allows, of
// the finest list that is not too long.
func logSpans(s scale, n int) []tick {
	const minute, hour, day = 60, 3600, 86400
	var out []tick
	for _, list := range [][]float64{
		{1, 2, 5, 10, 20, 30, minute, 2 * minute, 5 * minute, 10 * minute, 20 * minute, 30 * minute, hour, 2 * hour, 4 * hour, 8 * hour, 12 * hour,
			day, 2 * day, 5 * day, 10 * day, 20 * day, 50 * day, 100 * day},
		{1, 5, 15, minute, 5 * minute, 15 * minute, hour, 4 * hour, 12 * hour, day, 4 * day, 10 * day, 40 * day, 100 * day},
		{1, 10, minute, 10 * minute, hour, 6 * hour, day, 10 * day, 100 * day},
		{1, minute, hour, day, 100 * day},
	} {
		out = out[:0]
		for _, v := range list {
			if v >= s.lo && v <= s.hi {
				out = append(out, tick{v, span(v)})
			}
		}
		if len(out) <= n {
			break
		}
	}
	if len(out) < 2 { // far below a second, or years
		out = decades(s, n)
		for i := range out {
			out[i].label = span(out[i].v)
		}
	}
	return out
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
