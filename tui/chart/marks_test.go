package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/tui/theme"
)

// dense are five lines of so many points that no dash shows: all of a column is
// ink.
func dense(n int) (out []Series) {
	for i := range 5 {
		s := Series{Name: string(rune('A' + i)), Color: i}
		for k := range n {
			s.X = append(s.X, float64(k))
			s.Y = append(s.Y, float64(2*i)+0.8*math.Sin(float64(k)*1.7))
		}
		out = append(out, s)
	}
	return out
}

// TestDenseLinesAreToldApart looks at lines of many points in every ink, with
// and without colour: each carries a mark of its own, and the legend shows it.
func TestDenseLinesAreToldApart(t *testing.T) {
	count := func(th theme.Theme, o Options, s []Series) map[rune]int {
		c := Chart{Series: s, Options: o}
		lines := strings.Split(ansi.Strip(c.View(th, 100, 30, 0)), "\n")
		n := map[rune]int{}
		for _, l := range lines[1:] {
			for _, r := range l {
				n[r]++
			}
		}
		for i := range s {
			if g := glyphsFor(th.ASCII || o.Ink == InkASCII); len(s) > 1 && c.marked && !strings.Contains(lines[0], string(g.marks[i])+" "+s[i].Name) {
				t.Errorf("the legend lacks %c for %s: %q", g.marks[i], s[i].Name, lines[0])
			}
		}
		return n
	}
	for ink := range InkCount {
		for _, mono := range []bool{false, true} {
			th := theme.New("dark", true, mono, false)
			n := count(th, Options{Ink: ink, Marks: true}, dense(20000))
			for _, m := range glyphsFor(ink == InkASCII).marks {
				if n[m] < 4 {
					t.Errorf("ink %d, without colour %v: %d × %c", ink, mono, n[m], m)
				}
			}
		}
	}
	if n := count(theme.New("dark", true, true, false), Options{}, dense(20000)[:1]); n['•'] > 0 {
		t.Error("one line is marked")
	}
	if n := count(theme.New("dark", true, false, false), Options{}, dense(20000)[:2]); n['•'] > 0 {
		t.Error("colours tell two lines apart, and they are marked")
	}
}
