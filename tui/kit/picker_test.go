package kit

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/tui/theme"
)

var pickerNow = time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)

func pickerIn(dir string, list ...FileEntry) *Picker {
	p := NewPicker(dir, "/home/ann")
	p.SetEntries(dir, list, 0, "")
	return p
}

func names(p *Picker) string {
	var out []string
	for _, e := range p.shown {
		out = append(out, e.Name)
	}
	return strings.Join(out, " ")
}

func typeIn(p *Picker, text string) {
	for _, c := range text {
		p.Update(tea.KeyPressMsg{Code: c, Text: string(c)})
	}
}

func TestPickerSortsAndNarrows(t *testing.T) {
	at := func(h int) time.Time { return pickerNow.Add(-time.Duration(h) * time.Hour) }
	p := pickerIn("/d", FileEntry{Name: "z.txt", Why: "no"}, FileEntry{Name: "old.jsonl", Modified: at(9)}, FileEntry{Name: "Sub", Dir: true},
		FileEntry{Name: "new.jsonl", Modified: at(1)}, FileEntry{Name: ".dot.jsonl", Modified: at(0)}, FileEntry{Name: "gold.jsonl", Modified: at(2)})
	if got := names(p); got != "new.jsonl gold.jsonl old.jsonl Sub z.txt .." {
		t.Errorf("%q", got)
	}
	p.ToggleHidden()
	if got := names(p); !p.Hidden() || !strings.HasPrefix(got, ".dot.jsonl ") {
		t.Errorf("%q", got)
	}
	p.ToggleHidden()
	typeIn(p, "OLD")
	if got := names(p); got != "old.jsonl gold.jsonl" { // what begins so comes before what only has it
		t.Errorf("%q", got)
	}
	typeIn(p, "x")
	if got := names(p); got != "" {
		t.Errorf("%q", got)
	}
	if _, chosen := p.Enter(); chosen {
		t.Error("nothing was chosen")
	}
	p.input.SetValue("/d/.")
	p.narrow()
	if got := names(p); got != ".dot.jsonl z.txt new.jsonl gold.jsonl old.jsonl" && !strings.HasPrefix(got, ".dot.jsonl") { // a dot asks for hidden ones
		t.Errorf("%q", got)
	}
}

func TestPickerCompletesAndWalks(t *testing.T) {
	p := pickerIn("/d", FileEntry{Name: "Train-a.jsonl"}, FileEntry{Name: "train-b.jsonl"}, FileEntry{Name: "data", Dir: true})
	typeIn(p, "t")
	p.Update(tea.KeyPressMsg{Code: tea.KeyTab})
	if got := p.Path(); !strings.EqualFold(got, "/d/train-") {
		t.Errorf("%q", got)
	}
	typeIn(p, "b")
	p.Complete()
	if path, chosen := p.Enter(); !chosen || path != "/d/train-b.jsonl" {
		t.Errorf("%q %v", path, chosen)
	}
	for range len("train-b.jsonl") {
		p.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	typeIn(p, "da")
	p.Complete()
	if p.Wanted() != "/d/data" {
		t.Errorf("wants %q", p.Wanted())
	}
	p.SetEntries("/elsewhere", []FileEntry{{Name: "late"}}, 0, "") // the answer to an older question
	if p.Wanted() != "/d/data" || names(p) == "late" {
		t.Error("a late answer is taken")
	}
	p.SetEntries("/d/data", nil, 7, "")
	if got := names(p); got != ".." || p.More() != 7 {
		t.Errorf("%q %d", got, p.More())
	}
	p.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	if p.Wanted() != "/d" {
		t.Errorf("backspace wants %q", p.Wanted())
	}
	p.input.SetValue("~/x")
	if p.Wanted() != "/home/ann" {
		t.Errorf("~ wants %q", p.Wanted())
	}
}

func TestPickerIsExactAtAnySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []FileEntry
		for range rapid.IntRange(0, 30).Draw(t, "entries") {
			list = append(list, FileEntry{
				Name: rapid.SampledFrom([]string{"a.jsonl", "\x1b[2J\n", "世界.json", strings.Repeat("long", 40), ".h", "d"}).Draw(t, "name"),
				Dir:  rapid.Bool().Draw(t, "dir"), Size: rapid.Int64().Draw(t, "size"), Why: rapid.SampledFrom([]string{"", "no"}).Draw(t, "why"),
			})
		}
		p := pickerIn("/d", list...)
		if rapid.Bool().Draw(t, "failed") {
			p.SetEntries("/d", nil, 0, "You may not read \x1b[31mthis.")
		}
		typeIn(p, rapid.SampledFrom([]string{"", "a", "zz", "x/"}).Draw(t, "typed"))
		w, h := rapid.IntRange(0, 120).Draw(t, "w"), rapid.IntRange(0, 40).Draw(t, "h")
		out := p.View(theme.New("dark", true, false, false), pickerNow, w, h, true)
		if h == 0 {
			return
		}
		lines := strings.Split(out, "\n")
		if len(lines) != h {
			t.Fatalf("%d lines at %dx%d", len(lines), w, h)
		}
		for _, l := range lines {
			if n := ansi.StringWidth(l); n != w {
				t.Fatalf("%d cells at %dx%d: %q", n, w, h, l)
			}
			if strings.ContainsAny(ansi.Strip(l), "\x1b\n") {
				t.Fatalf("a control character is let through: %q", l)
			}
		}
	})
}

func TestColumnsAreRenamed(t *testing.T) {
	tb := NewTable(Column{Title: "One", Min: 8})
	th := theme.New("dark", true, true, false)
	tb.SetRows([]Row{{ID: "a", Cells: []Cell{{Text: "x"}}}})
	tb.View(th, 20, 5, true)
	tb.SetTitle(0, "Two")
	tb.SetTitle(7, "out of range")
	if got := ansi.Strip(tb.View(th, 20, 5, true)); !strings.Contains(got, "Two") || strings.Contains(got, "One") {
		t.Errorf("%q", got)
	}
}
