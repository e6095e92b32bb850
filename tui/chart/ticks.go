package chart

import (
	"math"
	"strconv"
	"strings"
)

// tick is one labelled place of an axis.
type tick struct {
	v     float64
	label string
}

// ticks chooses at most n places at nice values inside s.
func ticks(s scale, n int) []tick {
	if n < 1 {
		return nil
	}
	if s.log && s.b-s.a >= 1 {
		return decades(s, n)
	}
	return some(s, n, false)
}

// some gives about n ticks, and tries finer steps while there are not two.
func some(s scale, n int, whole bool) []tick {
	var out []tick
	for k := float64(n); len(out) < 2 && k <= float64(n)*8; k *= 2 {
		out = every(s, niceStep(s.hi/k-s.lo/k, whole))
	}
	return out
}

// wholeTicks is ticks at whole numbers.
func wholeTicks(s scale, n int) []tick {
	if n < 1 {
		return nil
	}
	return some(s, n, true)
}

// niceStep is the smallest of 1, 2, 5 × 10^k that is not below raw.
func niceStep(raw float64, whole bool) float64 {
	if !(raw > 0) || !finite(raw) {
		return 0
	}
	if whole && raw < 1 {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*base >= raw*(1-1e-9) {
			return m * base
		}
	}
	return 10 * base
}

func every(s scale, step float64) []tick {
	if !(step > 0) || !finite(step) {
		return nil
	}
	var out []tick
	first := math.Ceil(s.lo/step - 1e-9)
	last := math.Floor(s.hi/step + 1e-9)
	if !finite(first) || !finite(last) || last-first > 100 || math.Abs(first) > 1<<52 {
		return nil
	}
	for k := first; k <= last; k++ {
		v := k * step
		text := label(v, step)
		if n := len(out); n > 0 && out[n-1].label == text {
			continue // too far from zero to be told apart in few digits
		}
		out = append(out, tick{v, text})
	}
	return out
}

// decades are powers of ten, thinned out to n, or with 2 and 5 between them
// when there is room.
func decades(s scale, n int) []tick {
	lo, hi := int(math.Floor(s.a-1e-9)), int(math.Floor(s.b+1e-9))
	by := 1
	for (hi-lo)/by+1 > n {
		by++
	}
	between := []float64{1}
	if (hi-lo+1)*3 <= 2*n {
		between = []float64{1, 2, 5}
	}
	var out []tick
	for e := lo; e <= hi; e += by {
		for _, m := range between {
			unit := math.Pow(10, float64(e))
			if v := m * unit; v >= s.lo && v <= s.hi {
				out = append(out, tick{v, label(v, unit)})
			}
		}
	}
	return out
}

// label writes v with as many digits as step needs.
func label(v, step float64) string {
	a := math.Abs(v)
	if a < step/1e6 {
		return "0"
	}
	if a >= 1e15 || a < 1e-3 {
		e := math.Floor(math.Log10(a) + 1e-12)
		return exponent(v, max(0, min(3, int(e-math.Floor(math.Log10(step)+1e-12)))))
	}
	unit, suffix := si(a)
	return strconv.FormatFloat(v/unit, 'f', decimals(step/unit), 64) + suffix
}

// si is the unit and letter for numbers from 10 000 on.
func si(a float64) (float64, string) {
	switch {
	case a >= 1e12:
		return 1e12, "T"
	case a >= 1e9:
		return 1e9, "G"
	case a >= 1e6:
		return 1e6, "M"
	case a >= 1e4:
		return 1e3, "k"
	}
	return 1, ""
}

func decimals(step float64) int {
	d := -math.Floor(math.Log10(step) + 1e-9)
	return int(max(0, min(d, 6)))
}

// exponent writes 2e-4, 1.5e+20 → 1.5e20.
func exponent(v float64, digits int) string {
	m, e, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits, 64), "e")
	n, _ := strconv.Atoi(e)
	return m + "e" + strconv.Itoa(n)
}

// Number writes a value in at most some 9 cells: four significant digits, SI
// letters from 10 000 on, an exponent below 0.001. NaN and the infinities are
// written as "NaN", "+Inf", "-Inf".
func Number(v float64) string {
	a := math.Abs(v)
	switch {
	case v != v:
		return "NaN"
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	case v == 0:
		return "0"
	case a >= 1e15 || a < 1e-3:
		return exponent(v, 2)
	}
	unit, suffix := si(a)
	a /= unit
	d := 3 - int(math.Floor(math.Log10(a)+1e-12))
	s := strconv.FormatFloat(v/unit, 'f', max(0, min(d, 4)), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + suffix
}
