package theme

import (
	"image/color"
	"math"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
)

// luminance and contrast are WCAG's.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	f := func(v uint32) float64 {
		x := float64(v) / 65535
		if x <= 0.03928 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*f(r) + 0.7152*f(g) + 0.0722*f(b)
}

func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestTextIsLegible(t *testing.T) {
	for _, dark := range []bool{true, false} {
		th := New("auto", dark, false, false)
		for name, c := range map[string]struct {
			s    lipgloss.Style
			need float64
		}{
			"text": {th.Text, 7}, "dim": {th.Dim, 4.5}, "faint": {th.Faint, 3}, "strong": {th.Strong, 7},
			"accent": {th.Accent, 4.5}, "good": {th.Good, 4.5}, "warn": {th.Warn, 4.5}, "bad": {th.Bad, 4.5}, "info": {th.Info, 4.5},
			"link": {th.Link, 4.5},
		} {
			if got := contrast(c.s.GetForeground(), th.Ground); got < c.need {
				t.Errorf("%s %s: contrast %.1f, want %.1f", th.ID, name, got, c.need)
			}
		}
		for name, s := range map[string]lipgloss.Style{
			"selected": th.Selected, "selected blurred": th.SelectedBlur, "header": th.Header, "footer": th.Footer, "key": th.Key, "key text": th.KeyText,
		} {
			if got := contrast(s.GetForeground(), s.GetBackground()); got < 4.5 {
				t.Errorf("%s %s: contrast %.1f on its own ground", th.ID, name, got)
			}
		}
		for i, c := range th.Series {
			if got := contrast(c, th.Ground); got < 2.3 {
				t.Errorf("%s series %d: contrast %.1f", th.ID, i, got)
			}
		}
	}
}

func TestIDTellsThemesApart(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"dark", "light"} {
		for _, mono := range []bool{false, true} {
			for _, ascii := range []bool{false, true} {
				id := New(name, false, mono, ascii).ID
				if seen[id] {
					t.Errorf("%q twice", id)
				}
				seen[id] = true
			}
		}
	}
	if New("", true, false, false).ID != New("dark", false, false, false).ID || New("auto", false, false, false).Dark {
		t.Error("auto does not follow the terminal, or a name does not win")
	}
}

func TestNoColorHasNone(t *testing.T) {
	th := New("dark", true, true, false)
	for _, s := range []lipgloss.Style{th.Text, th.Dim, th.Faint, th.Strong, th.Accent, th.Good, th.Warn, th.Bad, th.Info, th.Selected, th.SelectedBlur, th.Header, th.Footer, th.Key, th.Border, th.Link, th.SeriesStyle(3)} {
		if out := s.Render("x"); strings.Contains(out, "[38") || strings.Contains(out, "[48") || strings.Contains(out, ";38;") || strings.Contains(out, ";48;") {
			t.Errorf("%q", out)
		}
	}
	if th.Selected.Render("x") == th.Text.Render("x") || th.Bad.Render("x") == th.Good.Render("x") {
		t.Error("states look alike without colour")
	}
	if th.Ground != nil {
		t.Error("a ground without colour")
	}
}

func TestSeriesAreDistinctAndAnyIndexWorks(t *testing.T) {
	th := New("dark", true, false, false)
	seen := map[color.Color]bool{}
	for i := range th.Series {
		c := th.SeriesStyle(i).GetForeground()
		if seen[c] {
			t.Errorf("series %d repeats a colour", i)
		}
		seen[c] = true
	}
	if th.SeriesStyle(-1).GetForeground() != th.SeriesStyle(len(th.Series)-1).GetForeground() {
		t.Error("a negative index")
	}
	if th.Glyph("é", "e") != "é" || New("", true, false, true).Glyph("é", "e") != "e" {
		t.Error("Glyph")
	}
}
