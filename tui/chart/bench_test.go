package chart

import (
	"fmt"
	"math"
	"testing"

	"github.com/loratop/loratop/tui/theme"
)

// curve is a loss curve of n points with noise, a spike and some NaN.
func curve(n int, seed float64) *indexed {
	p := &indexed{}
	for i := range n {
		f := float64(i) / float64(n)
		v := 0.4 + 2.2*math.Exp(-f*6) + 0.08*math.Sin(float64(i)*1.7+seed)*math.Cos(float64(i)*0.37)
		switch i {
		case n * 6 / 10:
			v = 5
		case n * 7 / 10:
			v = math.NaN()
		}
		p.Append(v)
	}
	return p
}

func benchLine(b *testing.B, w, h int, o Options, lines ...*indexed) {
	th := theme.New("dark", true, false, false)
	var c Chart
	c.Options = o
	for i, p := range lines {
		c.Series = append(c.Series, Series{Name: fmt.Sprintf("run %d", i), Points: p, Color: i})
	}
	version := uint64(0)
	c.View(th, w, h, version)
	b.ReportAllocs()
	for b.Loop() {
		version++
		c.View(th, w, h, version)
	}
}

func BenchmarkLine120x30(b *testing.B) {
	for _, n := range []int{1000, 10_000, 1_000_000} {
		p, q := curve(n, 0), curve(n, 1)
		b.Run(fmt.Sprintf("2x%d", n), func(b *testing.B) { benchLine(b, 120, 30, Options{Title: "Loss"}, p, q) })
		b.Run(fmt.Sprintf("2x%d/robust-log", n), func(b *testing.B) {
			benchLine(b, 120, 30, Options{Title: "Loss", Robust: true, LogY: true}, p, q)
		})
	}
	p, q := curve(10_000, 0), curve(10_000, 1)
	x := make([]float64, 10_000)
	for i := range x {
		x[i] = float64(i)
	}
	b.Run("2x10000/slices", func(b *testing.B) {
		th := theme.New("dark", true, false, false)
		c := Chart{Series: []Series{{X: x, Y: p.v}, {X: x, Y: q.v, Color: 1}}}
		b.ReportAllocs()
		for v := uint64(0); b.Loop(); v++ {
			c.View(th, 120, 30, v)
		}
	})
}

func BenchmarkOverlay80x12(b *testing.B) {
	benchLine(b, 80, 12, Options{Title: "Loss"}, curve(100_000, 0), curve(100_000, 1), curve(100_000, 2), curve(100_000, 3))
}

func BenchmarkUnchanged(b *testing.B) {
	th := theme.New("dark", true, false, false)
	c := Chart{Series: []Series{{Points: curve(1_000_000, 0)}}}
	c.View(th, 120, 30, 1)
	b.ReportAllocs()
	for b.Loop() {
		c.View(th, 120, 30, 1)
	}
}

func BenchmarkSpark20(b *testing.B) {
	th := theme.New("dark", true, false, false)
	p := curve(100_000, 0)
	b.ReportAllocs()
	for b.Loop() {
		SparkPoints(th, p, 0, 20)
	}
}

func BenchmarkColumnAppend(b *testing.B) {
	p := curve(1_000_000, 0)
	b.ReportAllocs()
	for b.Loop() {
		p.Append(1)
	}
}
