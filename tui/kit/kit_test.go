package kit

import (
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/theme"
)

// themes are all kinds; every widget must hold its size in each.
func themes() []theme.Theme {
	return []theme.Theme{
		theme.New("dark", true, false, false), theme.New("light", false, false, false),
		theme.New("dark", true, true, false), theme.New("dark", true, true, true),
	}
}

func anyTheme(t *rapid.T) theme.Theme { return themes()[rapid.IntRange(0, 3).Draw(t, "theme")] }

// anyText has what breaks layouts: wide, combining and control characters,
// escape sequences, long words.
func anyText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		part := rapid.SampledFrom([]string{"", "a", "word ", "日本語", "é", "e\u0301", "\x1b[31mred\x1b[m", "👩‍🚀", "\n", "verylongwordwithoutanyblank", "·", "\t"})
		return strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), "")
	})
}

func line() *rapid.Generator[string] {
	return rapid.Map(anyText(), models.Clean)
}

func size(t *rapid.T) (w, h int) {
	return rapid.IntRange(-1, 130).Draw(t, "w"), rapid.IntRange(-1, 50).Draw(t, "h")
}

// exact fails unless a block is w×h cells.
func exact(t rapid.TB, what, s string, w, h int) {
	t.Helper()
	if h <= 0 {
		if s != "" {
			t.Fatalf("%s at %d×%d: %q, want nothing", what, w, h, s)
		}
		return
	}
	lines := strings.Split(s, "\n")
	if len(lines) != h {
		t.Fatalf("%s at %d×%d: %d lines", what, w, h, len(lines))
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n != max(w, 0) {
			t.Fatalf("%s at %d×%d: line %d has %d cells: %q", what, w, h, i, n, l)
		}
	}
}

func TestTextFitsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, one := anyText().Draw(t, "text"), line().Draw(t, "line")
		w, h := size(t)
		exact(t, "Fit", Fit(s, w, h), w, h)
		exact(t, "PadRight", PadRight(one, w), w, 1)
		exact(t, "PadLeft", PadLeft(one, w), w, 1)
		exact(t, "Center", Center(one, w), w, 1)
		if n := Width(Truncate(one, w)); n > max(w, 0) {
			t.Fatalf("Truncate to %d is %d wide", w, n)
		}
		for _, l := range Wrap(one, w) {
			if w > 1 && Width(l) > w { // a wide letter cannot be cut
				t.Fatalf("Wrap to %d: %q", w, l)
			}
		}
	})
}

func TestQuickWidthAgrees(t *testing.T) {
	for r := rune(0x20); r < 0x3000; r++ {
		if n, ok := quickWidth(string(r)); ok && n != ansi.StringWidth(string(r)) {
			t.Errorf("U+%04X: %d, want %d", r, n, ansi.StringWidth(string(r)))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"a", "é", "─", "⣿", "e\u0301", "▶", "▶\ufe0f", "\x1b[1;38;2;1;2;3m", "\x1b[m", "\x1b[2J", "日", "\x1b]8;;x\x07", "\u200d", "…"})
		s := strings.Join(rapid.SliceOfN(part, 0, 20).Draw(t, "parts"), "")
		if n := Width(s); n != ansi.StringWidth(s) {
			t.Fatalf("%q: %d, want %d", s, n, ansi.StringWidth(s))
		}
	})
}

func TestTruncateMarksTheCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		w    int
		want string
	}{{"hello", 5, "hello"}, {"hello", 4, "hel…"}, {"hello", 1, "…"}, {"日本語", 4, "日…"}, {"x", 0, ""}} {
		if got := Truncate(c.in, c.w); got != c.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.in, c.w, got, c.want)
		}
	}
}

func TestBoxesHoldTheirSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th, s, one := anyTheme(t), anyText().Draw(t, "text"), line().Draw(t, "line")
		w, h := size(t)
		focus := rapid.Bool().Draw(t, "focus")
		exact(t, "Panel", Panel(th, one, s, w, h, focus), w, h)
		exact(t, "Empty", Empty(th, one, one, w, h), w, h)
		exact(t, "Rule", Rule(th, one, max(w, 0)), w, 1)
		exact(t, "Meter", Meter(th, rapid.Float64().Draw(t, "share"), w), w, 1)
		exact(t, "ErrorLine", ErrorLine(th, &models.Error{Msg: one, Hint: one}, "3m", w), w, 1)
		pairs := [][2]string{{one, s}, {"Size", one}, {"Long label of a field", "v"}, {"d", "4"}}
		for _, kv := range []string{KeyValues(th, pairs, w), Columns2(th, pairs, w)} {
			for _, l := range strings.Split(kv, "\n") {
				if w >= 6 && Width(l) > w {
					t.Fatalf("key values at %d: %d cells: %q", w, Width(l), l)
				}
			}
		}
		sc := NewScroller(rapid.Bool().Draw(t, "cut"))
		sc.SetContent(s + strings.Repeat("\nline", 30))
		for _, k := range []string{"G", "k", "pgup", "ctrl+d", "g"} {
			sc.key(k)
			exact(t, "Scroller", sc.View(th, w, h), w, h)
		}
	})
}

func TestJoin(t *testing.T) {
	if got := JoinH("ab\ncd", "X", "1\n2\n3"); got != "abX1\ncd 2\n   3" {
		t.Errorf("%q", got)
	}
	if got := JoinV("a", "", "b"); got != "a\nb" {
		t.Errorf("%q", got)
	}
}

func TestASCIIKeepsTheCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th := anyTheme(t)
		s := Panel(th, line().Draw(t, "title"), line().Draw(t, "body")+" ⣿▁█✓…", 40, 4, true)
		out := ASCII(s)
		for i := range len(out) {
			if out[i] > 0x7e {
				t.Fatalf("byte %#x in %q", out[i], out)
			}
		}
		exact(t, "ASCII", out, 40, 4)
	})
	if got := ASCII("╭─ a ─╮ ▲ … ✓ é 日"); got != "+- a -+ ^ ~ + ? ??" {
		t.Errorf("%q", got)
	}
}

func TestStatusIsToldApartWithoutColour(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		th := theme.New("dark", true, true, ascii)
		seen := map[string]string{}
		for _, s := range []models.JobStatus{"queued", "initializing", "running", "completed", "failed", "cancelled"} {
			c := StatusCell(th, s)
			if other, ok := seen[c.Text[:strings.Index(c.Text, " ")]]; ok {
				t.Errorf("%q and %q have the same glyph", s, other)
			}
			seen[c.Text[:strings.Index(c.Text, " ")]] = string(s)
			if !strings.HasSuffix(c.Text, string(s)) {
				t.Errorf("%q hides the text", c.Text)
			}
		}
	}
	if c := StatusCell(themes()[0], "dreaming\x1b[2J"); c.Text != "? dreaming" {
		t.Errorf("%q", c.Text)
	}
}

func TestPenIsTheStyle(t *testing.T) {
	s := lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color("#ff0000"))
	if got, want := newPen(s).text("abc"), s.Render("abc"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
