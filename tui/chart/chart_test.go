package chart

import (
	"math"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/tui/theme"
)

func themes() []theme.Theme {
	return []theme.Theme{
		theme.New("dark", true, false, false), theme.New("light", false, false, false),
		theme.New("dark", true, true, false), theme.New("dark", true, true, true),
	}
}

// exact fails unless s is exactly w × h cells.
func exact(t rapid.TB, s string, w, h int) {
	t.Helper()
	lines := strings.Split(s, "\n")
	if h <= 0 {
		h = 1 // no line at all is one empty string
		w = 0
	}
	if len(lines) != h {
		t.Fatalf("%d lines, want %d", len(lines), h)
	}
	for i, l := range lines {
		if got := ansi.StringWidth(l); got != max(w, 0) {
			t.Fatalf("line %d of %d×%d is %d cells: %q", i, w, h, got, l)
		}
	}
}

// anyFloat is any float64 at all, with the awkward ones often.
func anyFloat() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64(),
		rapid.Float64Range(-10, 10),
		rapid.SampledFrom([]float64{
			math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1e300, -1e300,
			math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1e-320, 1,
		}),
	)
}

func anySeries() *rapid.Generator[Series] {
	return rapid.Custom(func(t *rapid.T) Series {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		s := Series{
			Name:  rapid.String().Draw(t, "name"),
			Color: rapid.IntRange(-3, 20).Draw(t, "color"),
			Faint: rapid.Bool().Draw(t, "faint"),
			Y:     rapid.SliceOfN(anyFloat(), n, n).Draw(t, "y"),
		}
		if rapid.Bool().Draw(t, "steps") {
			for i := range n {
				s.X = append(s.X, float64(i*10))
			}
		} else {
			s.X = rapid.SliceOfN(anyFloat(), n, n).Draw(t, "x")
		}
		return s
	})
}

func anyOptions() *rapid.Generator[Options] {
	return rapid.Custom(func(t *rapid.T) Options {
		o := Options{
			Title: rapid.String().Draw(t, "title"), XLabel: rapid.String().Draw(t, "xlabel"),
			YLabel: rapid.String().Draw(t, "ylabel"),
			LogY:   rapid.Bool().Draw(t, "log"), Robust: rapid.Bool().Draw(t, "robust"),
			From: anyFloat().Draw(t, "from"), To: anyFloat().Draw(t, "to"),
			FixedLo: anyFloat().Draw(t, "lo"), FixedHi: anyFloat().Draw(t, "hi"),
			LogX: rapid.Bool().Draw(t, "log x"), XKind: XKind(rapid.IntRange(0, 3).Draw(t, "kind")), Ink: Ink(rapid.IntRange(0, int(InkCount)-1).Draw(t, "ink")), Marks: rapid.Bool().Draw(t, "marks"),
			Mark: anyFloat().Draw(t, "mark"), MarkLabel: rapid.SampledFrom([]string{"", "budget", "預算 \x1b[31m"}).Draw(t, "mark label"),
		}
		if rapid.Bool().Draw(t, "cursor") {
			c := anyFloat().Draw(t, "at")
			o.Cursor = &c
		}
		return o
	})
}

func TestLineIsExactForAnything(t *testing.T) {
	ths := themes()
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(-1, 90).Draw(t, "w"), rapid.IntRange(-1, 24).Draw(t, "h")
		series := rapid.SliceOfN(anySeries(), 0, 4).Draw(t, "series")
		o := anyOptions().Draw(t, "options")
		exact(t, Line(ths[rapid.IntRange(0, 3).Draw(t, "theme")], series, o, w, h), w, h)
	})
}

func TestSmallSizes(t *testing.T) {
	y := []float64{1, 2, math.NaN(), 4}
	x := []float64{0, 1, 2, 3}
	for w := range 20 {
		for h := range 8 {
			for _, th := range themes() {
				exact(t, Line(th, []Series{{Name: "a", X: x, Y: y}}, Options{Title: "Loss"}, w, h), w, h)
				exact(t, Line(th, nil, Options{Title: "Loss"}, w, h), w, h)
			}
		}
	}
}

func TestSparkIsExactForAnything(t *testing.T) {
	ths := themes()
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.IntRange(-1, 60).Draw(t, "w")
		ys := rapid.SliceOfN(anyFloat(), 0, 200).Draw(t, "ys")
		th := ths[rapid.IntRange(0, 3).Draw(t, "theme")]
		exact(t, Spark(th, ys, w), w, 1)
		c := columnPoints(ys)
		if Spark(th, ys, w) != SparkPoints(th, c, 0, w) {
			t.Fatal("a slice and a column give different sparks")
		}
	})
}

func TestBarsAreExactForAnything(t *testing.T) {
	ths := themes()
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(-1, 70).Draw(t, "w"), rapid.IntRange(-1, 12).Draw(t, "h")
		bars := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Bar {
			return Bar{
				rapid.String().Draw(t, "label"), rapid.String().Draw(t, "text"),
				anyFloat().Draw(t, "value"), rapid.Int().Draw(t, "color"),
			}
		}), 0, 16).Draw(t, "bars")
		exact(t, Bars(ths[rapid.IntRange(0, 3).Draw(t, "theme")], bars, w, h), w, h)
	})
}

// ink counts the cells of each column of the plot that are drawn in.
func ink(s string) (cols map[int]int, top map[int]int) {
	cols, top = map[int]int{}, map[int]int{}
	for y, l := range strings.Split(ansi.Strip(s), "\n") {
		for x, r := range []rune(l) {
			if r > 0x2800 && r <= 0x28ff {
				cols[x]++
				if _, ok := top[x]; !ok {
					top[x] = y
				}
			}
		}
	}
	return cols, top
}

func TestOneSpikeAmongMany(t *testing.T) {
	th := theme.New("dark", true, false, false)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(300, 5000).Draw(t, "n")
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		w, h := rapid.IntRange(20, 120).Draw(t, "w"), rapid.IntRange(6, 30).Draw(t, "h")
		down := rapid.Bool().Draw(t, "down")
		x, y := make([]float64, n), make([]float64, n)
		for i := range y {
			x[i], y[i] = float64(i), 10+math.Mod(float64(i)*0.618, 1)
		}
		y[at] = 1000
		if down {
			y[at] = -1000
		}
		var c Chart
		c.Series = []Series{{X: x, Y: y}}
		out := c.View(th, w, h, 1)
		want := c.lay.px + int(math.Round(c.lay.x.at(x[at])*float64(c.lay.w*2-1)))/2
		cols, _ := ink(out)
		if cols[want] < c.lay.h-3 {
			t.Fatalf("spike at %d of %d is not seen in column %d:\n%s", at, n, want, out)
		}
		spark := []rune(ansi.Strip(Spark(th, y, 20)))
		level := '█'
		if down {
			level = '▁'
		}
		cells := min(n, 20)
		found := false
		for i := range cells {
			found = found || at >= i*n/cells && at < (i+1)*n/cells && spark[i] == level
		}
		if !found {
			t.Fatalf("spike at %d of %d lost in %q", at, n, string(spark))
		}
	})
}

func TestNotFiniteIsAGapWithAMarker(t *testing.T) {
	th := theme.New("dark", true, false, false)
	n := 400
	x, y := make([]float64, n), make([]float64, n)
	for i := range y {
		x[i], y[i] = float64(i), 1+float64(i%2)/10
	}
	for i := 100; i < 140; i++ {
		y[i] = math.NaN()
	}
	y[250], y[300] = math.Inf(1), math.Inf(-1)
	var c Chart
	c.Series = []Series{{X: x, Y: y}}
	out := c.View(th, 100, 12, 1)
	plain := ansi.Strip(out)
	for _, r := range []string{"×", "▲", "▼"} {
		if !strings.Contains(plain, r) {
			t.Errorf("no %s in\n%s", r, plain)
		}
	}
	cols, _ := ink(out)
	mid := c.lay.px + int(c.lay.x.at(120)*float64(c.lay.w))
	if cols[mid] != 0 {
		t.Errorf("column %d inside the NaN is drawn:\n%s", mid, plain)
	}
	if !strings.ContainsRune(ansi.Strip(Spark(th, y, 40)), '×') {
		t.Error("spark hides NaN")
	}
}

func TestSeriesAreToldApartWithoutColour(t *testing.T) {
	x := []float64{0, 50, 100, 150, 200}
	a, b := []float64{1, 1, 1, 1, 1}, []float64{2, 2, 2, 2, 2}
	for _, th := range themes()[2:] {
		out := ansi.Strip(Line(th, []Series{{Name: "a", X: x, Y: a}, {Name: "b", X: x, Y: b, Color: 1}}, Options{}, 80, 10))
		rows := map[string]bool{}
		for _, l := range strings.Split(out, "\n")[1:8] {
			l = strings.Map(func(r rune) rune {
				if unicode.IsDigit(r) || strings.ContainsRune(".│┤|-", r) {
					return -1
				}
				return r
			}, l)
			if l = strings.TrimSpace(l); l != "" {
				rows[l] = true
			}
		}
		if len(rows) != 2 {
			t.Errorf("%s: the two lines look alike:\n%s", th.ID, out)
		}
	}
	for _, r := range Line(themes()[3], []Series{{Name: "a", X: x, Y: a}}, Options{Title: "Loss"}, 80, 10) {
		if r > 126 {
			t.Fatalf("%q in an ASCII chart", r)
		}
	}
}

func TestResumedRunIsNotJoined(t *testing.T) {
	p := newSlicePoints([]float64{0, 1, 2, 1, 2, 3}, []float64{0, 1, 2, 3, 4, 5})
	if len(p.Runs()) != 1 || p.Runs()[0] != 3 {
		t.Fatalf("runs %v", p.Runs())
	}
	if i, ok := nearest(p, 2); !ok || i != 4 {
		t.Errorf("nearest is %d: the resumed run counts", i)
	}
}

func TestUnchangedChartAllocatesNothing(t *testing.T) {
	th := theme.New("dark", true, false, false)
	cur := 3.0
	c := Chart{Series: []Series{{X: []float64{0, 1}, Y: []float64{0, 1}}}, Options: Options{Title: "Loss", Cursor: &cur}}
	first := c.View(th, 80, 20, 7)
	if n := testing.AllocsPerRun(100, func() { c.View(th, 80, 20, 7) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if c.View(th, 80, 20, 8) != first {
		t.Error("the same data drawn again differs")
	}
	cur = 0.5
	if c.View(th, 80, 20, 8) == first {
		t.Error("a moved cursor is not drawn")
	}
}

// columnPoints makes Points with x = index.
func columnPoints(ys []float64) *indexed {
	p := &indexed{}
	for _, v := range ys {
		p.Append(v)
	}
	return p
}

type indexed struct{ Column }

func (p *indexed) X(i int) float64 { return float64(i) }
func (p *indexed) Y(i int) float64 { return p.At(i) }
func (p *indexed) Runs() []int     { return nil }

// TestRangesAtTheEdgeOfFloats once hung: their width is 0 or infinite.
func TestRangesAtTheEdgeOfFloats(t *testing.T) {
	tiny := math.SmallestNonzeroFloat64
	for _, s := range []Series{
		{X: []float64{0, tiny}, Y: []float64{1, 2}},
		{X: []float64{0, 1}, Y: []float64{0, tiny}},
		{X: []float64{-math.MaxFloat64, math.MaxFloat64}, Y: []float64{-math.MaxFloat64, math.MaxFloat64}},
		{X: []float64{1, 2}, Y: []float64{math.MaxFloat64, math.MaxFloat64}},
	} {
		for _, o := range []Options{{}, {LogY: true}, {Robust: true}, {From: 0, To: tiny}} {
			exact(t, Line(themes()[0], []Series{s}, o, 60, 12), 60, 12)
		}
	}
}
