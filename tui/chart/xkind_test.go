package chart

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestXText(t *testing.T) {
	for _, c := range []struct {
		kind XKind
		v    float64
		want string
	}{
		{XWhole, 12.6, "13"}, {XReal, 1.25, "1.25"}, {XMoney, 3.456, "$3.46"},
		{XSeconds, 0, "0s"}, {XSeconds, 45, "45s"}, {XSeconds, 60, "1m"}, {XSeconds, 75, "1m15s"}, {XSeconds, 4800, "1h20m"},
		{XSeconds, 86400*2 + 3600*4 + 59, "2d4h"}, {XSeconds, -90, "-1m30s"}, {XSeconds, 0.25, "0.25s"}, {XSeconds, math.NaN(), "NaN"},
	} {
		if got := XText(c.kind, c.v); got != c.want {
			t.Errorf("%v of kind %d: %q, want %q", c.v, c.kind, got, c.want)
		}
	}
}

// TestTicksOfEveryKind: ticks lie inside the axis, ascend, and are not many.
func TestTicksOfEveryKind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(0, 1e7).Draw(t, "lo")
		s := newScale(lo, lo+rapid.Float64Range(1, 1e7).Draw(t, "width"), rapid.Bool().Draw(t, "log") && lo > 0)
		n := rapid.IntRange(2, 12).Draw(t, "n")
		ts := xTicks(s, XKind(rapid.IntRange(0, 3).Draw(t, "kind")), n)
		if len(ts) > 3*n+2 {
			t.Fatalf("%d ticks for %d", len(ts), n)
		}
		for i, k := range ts {
			if f := s.at(k.v); f < -1e-6 || f > 1+1e-6 || i > 0 && k.v <= ts[i-1].v || k.label == "" {
				t.Fatalf("tick %+v of %v…%v", k, s.lo, s.hi)
			}
		}
	})
}

// TestLogXSpreadsDecades: on a logarithmic axis every decade is as wide.
func TestLogXSpreadsDecades(t *testing.T) {
	c := Chart{Series: []Series{{X: []float64{0, 1, 10, 100, 1000}, Y: []float64{5, 1, 2, 3, 4}}}, Options: Options{LogX: true}}
	c.View(themes()[0], 64, 14, 0)
	for i, want := range []float64{1, 10, 100, 1000} {
		if at := c.lay.x.at(want); math.Abs(at-float64(i)/3) > 1e-9 {
			t.Errorf("%v lies at %v", want, at)
		}
	}
	x, ok := c.XMove(1, c.lay.w-1)
	if !ok || math.Abs(x-1000) > 1e-6 {
		t.Errorf("the last column is %v", x)
	}
}

// TestLogTimesAreRound: hours and minutes, not powers of ten in seconds.
func TestLogTimesAreRound(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		n      int
		want   string
	}{
		{20, 12000, 9, "1m 5m 15m 1h "}, {20, 12000, 12, "20s 30s 1m 2m 5m 10m 20m 30m 1h 2h "},
		{1, 86400 * 30, 6, "1s 1m 1h 1d "}, {0.001, 0.5, 4, "0.001s 0.01s 0.1s "},
	} {
		got := ""
		for _, k := range xTicks(newScale(c.lo, c.hi, true), XSeconds, c.n) {
			got += k.label + " "
		}
		if got != c.want {
			t.Errorf("%v…%v in %d: %q, want %q", c.lo, c.hi, c.n, got, c.want)
		}
	}
}

func TestQuadrants(t *testing.T) {
	for bits, want := range map[uint8]rune{0: ' ', 1: '▘', 2: '▖', 8: '▝', 16: '▗', 1 | 16: '▚', 1 | 2 | 8 | 16: '█', 2 | 16: '▄', 1 | 8: '▀'} {
		if got := quadrant(bits); got != want {
			t.Errorf("%b is %c, not %c", bits, got, want)
		}
	}
}

// TestBlocksKeepSpikes: the fall-back to blocks loses no spike.
func TestBlocksKeepSpikes(t *testing.T) {
	th := themes()[0]
	s := lossCurve()[:1]
	braille := Chart{Series: s}
	blocks := Chart{Series: s, Options: Options{Ink: InkBlocks}}
	braille.View(th, 72, 14, 0)
	blocks.View(th, 72, 14, 0)
	top := func(c *Chart) (n int) {
		for x := range c.d.w {
			if c.d.bits[x] != 0 {
				n++
			}
		}
		return n
	}
	if top(&braille) == 0 || top(&blocks) == 0 {
		t.Errorf("the spike is at the top in %d cells of braille, %d of blocks", top(&braille), top(&blocks))
	}
}
