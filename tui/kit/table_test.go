package kit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

func cols() []Column {
	return []Column{
		{Title: "Name", Min: 10},
		{Title: "Status", Min: 12, Max: 14, Sort: "status"},
		{Title: "Loss", Min: 12, Max: 20, Drop: 1},
		{Title: "Tokens", Min: 7, Max: 9, Right: true, Drop: 2, Sort: "total_tokens"},
		{Title: "Age", Min: 4, Max: 6, Right: true, Drop: 3, Sort: "created_at"},
	}
}

func rowsOf(n int) []Row {
	th := themes()[0]
	out := make([]Row, n)
	for i := range out {
		out[i] = Row{ID: fmt.Sprint("id", i), Marked: i%7 == 3, Cells: []Cell{
			{Text: fmt.Sprint("dataset number ", i)}, StatusCell(th, "running"),
			{Text: "\x1b[32m⣀⣤⣶\x1b[m", Raw: true}, {Text: fmt.Sprint(i * 1000)}, {Text: "3m"},
		}}
	}
	return out
}

func press(k string) tea.KeyPressMsg {
	codes := map[string]rune{"up": tea.KeyUp, "down": tea.KeyDown, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "tab": tea.KeyTab, "enter": tea.KeyEnter, "left": tea.KeyLeft, "right": tea.KeyRight, "backspace": tea.KeyBackspace}
	if c, ok := codes[k]; ok {
		return tea.KeyPressMsg{Code: c}
	}
	if c, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(c[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

func TestTableAtEverySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tb := NewTable(cols()...)
		keys := []string{"j", "k", "g", "G", "ctrl+d", "ctrl+u", "pgdown", "pgup", "home", "end", "up", "down"}
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				tb.SetRows(rowsOf(rapid.IntRange(0, 60).Draw(t, "rows")))
			case 1:
				tb.SetSort(rapid.SampledFrom([]string{"", "status", "created_at"}).Draw(t, "sort"), rapid.Bool().Draw(t, "asc"))
			case 2:
				tb.Click(rapid.IntRange(-3, 60).Draw(t, "y"))
			default:
				if !tb.Update(press(rapid.SampledFrom(keys).Draw(t, "key"))) {
					t.Fatal("a key of the table was not taken")
				}
			}
			w, h := size(t)
			exact(t, "Table", tb.View(anyTheme(t), w, h, rapid.Bool().Draw(t, "focus")), w, h)
			if _, ok := tb.Selected(); ok != (tb.Len() > 0) {
				t.Fatalf("cursor %d of %d", tb.Cursor(), tb.Len())
			}
			from, to := tb.Visible()
			if h > 0 && w > 0 && tb.Len() > 0 && (tb.Cursor() < from || tb.Cursor() >= to) {
				t.Fatalf("cursor %d outside of window %d..%d", tb.Cursor(), from, to)
			}
		}
	})
}

func TestTableKeepsTheCursorOnItsRow(t *testing.T) {
	tb := NewTable(cols()...)
	rows := rowsOf(20)
	tb.SetRows(rows)
	tb.SetRows(append([]Row{{ID: "new"}}, rows...))
	if id, _ := tb.Selected(); id != "new" {
		t.Errorf("untouched, the cursor belongs to the first row, not %q", id)
	}
	tb.SetRows(rows)
	tb.Update(press("j"))
	tb.Update(press("j"))
	tb.SetRows(append([]Row{{ID: "new"}}, rows...))
	if id, _ := tb.Selected(); id != "id2" {
		t.Errorf("cursor moved to %q", id)
	}
	tb.SetRows(rows[5:])
	if id, ok := tb.Selected(); !ok || id != "id8" {
		t.Errorf("its row is gone: cursor on %q", id)
	}
	tb.SetRows(nil)
	if _, ok := tb.Selected(); ok {
		t.Error("a cursor without rows")
	}
}

func TestTableDropsColumns(t *testing.T) {
	tb := NewTable(cols()...)
	tb.SetRows(rowsOf(3))
	th := themes()[3]
	head := func(w int) string { return strings.Split(ansi.Strip(tb.View(th, w, 5, true)), "\n")[0] }
	for w, want := range map[int][2]string{
		90: {"Name Status Loss Tokens Age", ""}, 50: {"Name Status Loss Tokens", "Age"}, 38: {"Name Status Loss", "Tokens"}, 26: {"Name Status", "Loss"},
	} {
		h := head(w)
		for _, title := range strings.Fields(want[0]) {
			if !strings.Contains(h, title) {
				t.Errorf("at %d no %q in %q", w, title, h)
			}
		}
		if want[1] != "" && strings.Contains(h, want[1]) {
			t.Errorf("at %d still %q in %q", w, want[1], h)
		}
	}
}

func TestTableSortMarkAndNext(t *testing.T) {
	tb := NewTable(cols()...)
	var got []string
	for range 7 {
		n, asc := tb.NextSort()
		tb.SetSort(n, asc)
		got = append(got, fmt.Sprint(n, asc))
	}
	want := []string{"status" + "false", "status" + "true", "total_tokens" + "false", "total_tokens" + "true", "created_at" + "false", "created_at" + "true", "status" + "false"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if v := tb.View(themes()[3], 90, 5, true); !strings.Contains(v, "Status v") {
		t.Errorf("no sort mark: %q", v)
	}
}

func TestTableShowsMarksAndCursorWithoutColour(t *testing.T) {
	tb := NewTable(cols()...)
	tb.SetRows(rowsOf(5))
	lines := strings.Split(ansi.Strip(tb.View(themes()[3], 80, 6, true)), "\n")
	if !strings.HasPrefix(lines[1], ">") || !strings.HasPrefix(lines[4], " *") {
		t.Errorf("%q", lines)
	}
}

func TestTableNearEnd(t *testing.T) {
	tb := NewTable(cols()...)
	tb.SetRows(rowsOf(50))
	tb.View(themes()[0], 80, 11, true)
	if tb.NearEnd() {
		t.Error("near the end at the start")
	}
	tb.Update(press("G"))
	tb.View(themes()[0], 80, 11, true)
	if !tb.NearEnd() {
		t.Error("not near the end at the end")
	}
}

func TestTableCachedRowsFollowTheRows(t *testing.T) {
	tb := NewTable(cols()...)
	rows := rowsOf(4)
	tb.SetRows(rows)
	th := themes()[0]
	tb.View(th, 80, 6, true)
	changed := slices.Clone(rows)
	changed[2].Cells = slices.Clone(rows[2].Cells)
	changed[2].Cells[0].Text = "renamed"
	tb.SetRows(changed)
	if v := ansi.Strip(tb.View(th, 80, 6, true)); !strings.Contains(v, "renamed") || strings.Contains(v, "number 2") {
		t.Errorf("%s", v)
	}
	good := changed[1].Cells[1]
	bad := StatusCell(th, "failed")
	bad.Text = good.Text // only the colour changes
	changed = slices.Clone(changed)
	changed[1].Cells = slices.Clone(changed[1].Cells)
	before := tb.View(th, 80, 6, true)
	changed[1].Cells[1] = bad
	tb.SetRows(changed)
	if tb.View(th, 80, 6, true) == before {
		t.Error("a change of style is not drawn")
	}
}

func TestRowsCannotBreakTheLayout(t *testing.T) {
	tb := NewTable(Column{Title: "X"})
	tb.SetRows([]Row{{ID: "1", Cells: []Cell{{Text: "a\nb\x1b[2Jc\td"}}}, {ID: "2"}})
	v := tb.View(themes()[3], 20, 4, false)
	exact(t, "Table", v, 20, 4)
	if strings.Contains(v, "[2J") {
		t.Errorf("%q", v)
	}
}

func BenchmarkTableCursor10k(b *testing.B) {
	tb := NewTable(cols()...)
	tb.SetRows(rowsOf(10_000))
	th := themes()[0]
	b.ReportAllocs()
	for i := range b.N {
		tb.SetCursor(i % 10_000)
		tb.View(th, 120, 50, true)
	}
}

func BenchmarkTableUnchanged(b *testing.B) {
	tb := NewTable(cols()...)
	tb.SetRows(rowsOf(1000))
	th := themes()[0]
	b.ReportAllocs()
	for b.Loop() {
		tb.View(th, 120, 50, true)
	}
}

func BenchmarkTableSetRows1k(b *testing.B) {
	tb := NewTable(cols()...)
	sets := [][]Row{rowsOf(1000), rowsOf(1000)}
	sets[1][3].Cells[0].Text = "changed"
	th := themes()[0]
	b.ReportAllocs()
	for i := range b.N {
		tb.SetRows(sets[i%2])
		tb.View(th, 120, 50, true)
	}
}
