package chart

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestColumnExtentIsThatOfTheValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Column
		var want []float64
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			// A seed, not a slice: columns of thousands reach all levels.
			n, f := rapid.IntRange(0, 3000).Draw(t, "n"), rapid.Float64Range(0, 1).Draw(t, "f")
			for i := range n {
				v := math.Sin(float64(i)*f*100) * 100
				if i%97 == 13 {
					v = anyFloat().Draw(t, "odd")
				}
				c.Append(v)
				want = append(want, v)
			}
			cut := rapid.IntRange(0, len(want)).Draw(t, "cut")
			if rapid.Bool().Draw(t, "truncate") {
				c.Truncate(cut)
				want = want[:cut]
			}
			lo := rapid.IntRange(0, len(want)).Draw(t, "lo")
			hi := rapid.IntRange(lo, len(want)).Draw(t, "hi")
			e, above := NoExtent(), 0
			limit := rapid.Float64Range(-100, 100).Draw(t, "limit")
			for _, v := range want[lo:hi] {
				e.Add(v)
			}
			for _, v := range want {
				if v > limit && !math.IsInf(v, 1) {
					above++
				}
			}
			if got := c.Extent(lo, hi); got != e {
				t.Fatalf("extent %+v, want %+v", got, e)
			}
			if got := c.CountAbove(limit); got != above {
				t.Fatalf("%d above, want %d", got, above)
			}
		}
	})
}

func TestSmoothedIsDebiasedAndGoesOn(t *testing.T) {
	src := columnPoints([]float64{4, 4, 4, math.NaN(), 4})
	s := Smooth(src, 0.9)
	for i := range s.Len() {
		if v := s.Y(i); i != 3 && math.Abs(v-4) > 1e-12 {
			t.Errorf("average of a constant 4 is %v at %d", v, i)
		}
	}
	if !math.IsNaN(s.Y(3)) {
		t.Error("NaN is not a gap")
	}
	for _, v := range []float64{8, 1, 2} {
		src.Append(v)
		s.Update(src.Len() - 1)
	}
	whole := Smooth(src, 0.9)
	for i := range whole.Len() {
		if a, b := s.Y(i), whole.Y(i); a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
			t.Errorf("point by point %v, at once %v", a, b)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1.5: "1.5", 0.123456: "0.1235", 12.3456: "12.35", 1234.5: "1234", 9999: "9999",
		12345: "12.35k", 2e-4: "2.00e-4", 1.5e20: "1.50e20", 3.2e6: "3.2M", -0.5: "-0.5",
		math.Inf(1): "+Inf", math.Inf(-1): "-Inf",
	} {
		if got := Number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	if Number(math.NaN()) != "NaN" {
		t.Error("NaN")
	}
}

func TestTicksAreNiceAndFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e6, 1e6).Draw(t, "lo")
		hi := lo + rapid.Float64Range(1e-3, 1e6).Draw(t, "size")
		n := rapid.IntRange(2, 12).Draw(t, "n")
		got := ticks(newScale(lo, hi, false), n)
		if len(got) > n+3 || len(got) == 0 {
			t.Fatalf("%d ticks for %d in [%v, %v]", len(got), n, lo, hi)
		}
		seen := map[string]bool{}
		for _, k := range got {
			if slack := (hi - lo) * 1e-8; k.v < lo-slack || k.v > hi+slack {
				t.Fatalf("%v outside [%v, %v]", k.v, lo, hi)
			}
			if seen[k.label] {
				t.Fatalf("label %q twice in [%v, %v]", k.label, lo, hi)
			}
			seen[k.label] = true
		}
	})
}

func FuzzLabels(f *testing.F) {
	for _, v := range []float64{0, 1, -1e300, math.Inf(1), math.NaN(), 5e-324} {
		f.Add(v, v/2, 10, 4)
	}
	f.Fuzz(func(t *testing.T, a, b float64, w, h int) {
		if len(Number(a)) > 10 {
			t.Errorf("%q is long", Number(a))
		}
		w, h = w&127, h&31
		th := themes()[w&3]
		exact(t, Line(th, []Series{{Name: "a", X: []float64{a, b, a}, Y: []float64{b, a, b}}}, Options{LogY: h&1 == 0, Robust: w&1 == 0, From: a, To: b}, w, h), w, h)
	})
}
