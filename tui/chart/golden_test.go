package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
)

// lossCurve is a training loss with a spike and a stretch of NaN, and a sparse
// validation loss over it.
func lossCurve() []Series {
	train, val := Series{Name: "train"}, Series{Name: "validation", Color: 1}
	for i := range 2000 {
		x := float64(i)
		v := 0.3 + 2.5*math.Exp(-x/300) + 0.1*math.Sin(x*1.7)*math.Cos(x*0.37)
		switch {
		case i == 1200:
			v = 9
		case i > 1500 && i < 1540:
			v = math.NaN()
		}
		train.X, train.Y = append(train.X, x), append(train.Y, v)
		if i%200 == 199 {
			val.X, val.Y = append(val.X, x), append(val.Y, 0.5+2.4*math.Exp(-x/300))
		}
	}
	return []Series{train, val}
}

func TestGolden(t *testing.T) {
	at := 700.0
	views := map[string]Options{
		"plain":         {Title: "Loss", XLabel: "step"},
		"log":           {Title: "Loss", XLabel: "step", LogY: true},
		"robust-cursor": {Title: "Loss", XLabel: "step", Robust: true, Cursor: &at},
		"time-blocks":   {Title: "Loss", XLabel: "time", XKind: XSeconds, Ink: InkBlocks, Cursor: &at},
		"log-x-mark":    {Title: "Loss", XLabel: "step", LogX: true, LogY: true, Mark: 50, MarkLabel: "budget"},
	}
	for name, o := range views {
		for i, kind := range map[int]string{0: "", 3: "-ascii"} {
			t.Run(name+kind, func(t *testing.T) {
				golden.RequireEqual(t, []byte(ansi.Strip(Line(themes()[i], lossCurve(), o, 72, 14))))
			})
		}
	}
}

func TestRobustCountsWhatItLeavesOut(t *testing.T) {
	c := Chart{Series: lossCurve(), Options: Options{Robust: true}}
	c.View(themes()[0], 80, 14, 0)
	if c.lay.above != 1 || c.lay.y.hi > 6 {
		t.Errorf("%d points above %v", c.lay.above, c.lay.y.hi)
	}
	c.Options.Summed = true
	if got := ansi.Strip(c.View(themes()[0], 80, 14, 0)); !strings.Contains(got, "≥ 1 above") {
		t.Errorf("the count of a sum is no exact one:\n%s", got)
	}
}

func TestMouseFindsX(t *testing.T) {
	c := Chart{Series: lossCurve()}
	if _, ok := c.XAt(10); ok {
		t.Error("an x before anything is drawn")
	}
	c.View(themes()[0], 80, 14, 0)
	lo, hi, ok := c.XRange()
	if !ok || lo != 0 || hi != 1999 {
		t.Fatalf("x from %v to %v", lo, hi)
	}
	if x, ok := c.XMove(lo, 3); !ok || x <= 0 || x > 100 {
		t.Errorf("three cells right of %v is %v", lo, x)
	}
	if x, ok := c.XMove(hi, 3); !ok || x != hi {
		t.Errorf("right of the end is %v", x)
	}
	if x, ok := c.XAt(79); !ok || math.Abs(x-1999) > 1e-6 {
		t.Errorf("the last column is x = %v", x)
	}
	if _, ok := c.XAt(0); ok {
		t.Error("an x under the axis")
	}
}
