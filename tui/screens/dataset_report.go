package screens

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// reportPane shows what a check found: verdicts, counts and contents above, the
// findings as a list below. It is part of the upload screen and of the page of
// a dataset.
type reportPane struct {
	rep    jsonl.Report
	has    bool
	seqLen int
	doc    *kit.Scroller
	table  *kit.Table
	rowed  string // theme of the rows
	below  bool   // the findings have the keys
	tableY int    // line where they begin; 0 while there is no room
	fixes  bool   // F writes a fixed copy
}

func newReportPane() *reportPane {
	return &reportPane{seqLen: defaultSeqLen, doc: kit.NewScroller(true), table: kit.NewTable(
		kit.Column{Title: "Line", Min: 6, Max: 12, Right: true},
		kit.Column{Title: "Code", Min: 8, Max: 18, Drop: 2},
		kit.Column{Title: "Finding", Min: 12},
		kit.Column{Title: "Where", Min: 8, Max: 24, Drop: 1},
	)}
}

// set takes a report.
func (p *reportPane) set(r jsonl.Report) {
	p.rep, p.has, p.rowed, p.below = r, true, "", false
	p.doc.Top()
	p.table.SetCursor(0)
}

// clear forgets it.
func (p *reportPane) clear() { p.rep, p.has, p.below = jsonl.Report{}, false, false }

// finding is the one under the cursor.
func (p *reportPane) finding() (jsonl.Finding, bool) {
	i := p.table.Cursor()
	if !p.has || i < 0 || i >= len(p.rep.Findings) {
		return jsonl.Finding{}, false
	}
	return p.rep.Findings[i], true
}

// key moves in the findings, or scrolls what is above them.
func (p *reportPane) key(k tea.KeyPressMsg) {
	if p.below && len(p.rep.Findings) > 0 {
		p.table.Update(k)
		return
	}
	p.doc.Update(k)
}

// swap gives the keys to the other part.
func (p *reportPane) swap() { p.below = !p.below && len(p.rep.Findings) > 0 }

func (p *reportPane) mouse(msg tea.Msg) {
	switch m := msg.(type) {
	case tea.MouseWheelMsg:
		if p.tableY > 0 && m.Y >= p.tableY {
			p.table.Update(m)
			return
		}
		p.doc.Update(m)
	case tea.MouseClickMsg:
		if p.below = p.tableY > 0 && m.Y >= p.tableY; p.below {
			p.table.Click(m.Y - p.tableY - 1)
		}
	}
}

// view draws the pane in exactly w×h cells: s is the contents to show, head what
// stands above it.
func (p *reportPane) view(f screen.Frame, s contents, head []string, w, h int) string {
	th := f.Theme
	below := 0
	if n := len(p.rep.Findings); p.has && n > 0 && h >= 9 {
		below = max(4, min(n+3, h*2/5))
	}
	p.tableY = 0
	note := ""
	if below > 0 {
		p.tableY = h - below
		note = p.findingNote(th, w)
	}
	lines := append(append([]string(nil), head...), contentsLines(th, s, max(1, w-2), h-below-len(head))...)
	p.doc.SetContent(strings.Join(lines, "\n"))
	top := p.doc.View(th, w, h-below)
	if below == 0 {
		return top
	}
	p.rows(th)
	noteH := min(kit.Height(note), max(0, below-4))
	return kit.JoinV(top, kit.Rule(th, p.findingsTitle(), w), p.table.View(th, w, below-1-noteH, f.Focus && p.below), kit.Fit(note, w, noteH))
}

func (p *reportPane) findingsTitle() string {
	all := p.rep.ErrorCount + p.rep.WarningCount
	title := fmt.Sprintf("%s, %s", plural64(p.rep.ErrorCount, "error"), plural64(p.rep.WarningCount, "warning"))
	if n := int64(len(p.rep.Findings)); n < all {
		title += fmt.Sprintf(" (the first %s)", kit.Exact(n))
	}
	return title
}

// findingNote is the finding under the cursor in full.
func (p *reportPane) findingNote(th theme.Theme, w int) string {
	x, ok := p.finding()
	if !ok {
		return ""
	}
	text := x.Text
	if x.Suggestion != "" {
		text = joined(text, x.Suggestion)
	}
	if p.fixes { // the checker speaks of the plain command
		text = strings.ReplaceAll(text, "--fix writes", "F writes")
	}
	at := fmt.Sprintf("byte %s", kit.Exact(x.Offset))
	if x.Path != "" && x.Path != "$" {
		at += ", " + x.Path
	}
	return strings.Join(wrapped(th.Dim.Render, models.Clean(text)+" ("+models.Clean(at)+")", w), "\n")
}

func (p *reportPane) rows(th theme.Theme) {
	if p.rowed == th.ID {
		return
	}
	p.rowed = th.ID
	in := inksOf(th)
	rows := make([]kit.Row, len(p.rep.Findings))
	for i, x := range p.rep.Findings {
		where := "file"
		if x.Line > 0 {
			where = kit.Exact(x.Line)
		}
		style, glyph := &in.th.Warn, "! "
		if x.Severity == jsonl.SeverityError {
			style, glyph = &in.th.Bad, th.Glyph("✗", "x")+" "
		}
		rows[i] = kit.Row{ID: fmt.Sprint(i), Cells: []kit.Cell{
			{Text: where, Style: &in.th.Dim}, {Text: models.Clean(x.Code), Style: &in.th.Dim}, {Text: glyph + models.Clean(x.Text), Style: style}, {Text: models.Clean(x.Path), Style: &in.th.Faint},
		}}
	}
	p.table.SetRows(rows)
}

// reportHead says in lines of at most w cells who accepts the file, and counts.
func reportHead(th theme.Theme, r jsonl.Report, w int) []string {
	out := append(verdictLines(th, "The platform's validator", r.Validator, w), verdictLines(th, "The trainer", r.Trainer, w)...)
	declared := ""
	if r.Declared != nil {
		declared = kit.Exact(*r.Declared)
		if *r.Declared != r.Pairs {
			declared = th.Warn.Render(declared + ", not as found")
		}
	}
	pairs := [][2]string{
		{"Lines", kit.Exact(r.Lines) + blank(r.Blank)},
		{"Conversations", kit.Exact(r.Conversations)},
		{"Turns", kit.Exact(r.Turns)},
		{"Trainable pairs", kit.Exact(r.Pairs)},
		{"Declared pairs", declared},
		{"Duplicates", kit.Exact(r.Duplicates) + near(r.NearDuplicate)},
		{"Tokens", kit.Exact(r.Tokens.Total)},
		{"Size", kit.Bytes(r.Bytes)},
	}
	if r.ErrorCount+r.WarningCount > 0 {
		var codes []string
		for i, c := range r.ByCode {
			if i == 6 {
				codes = append(codes, "…")
				break
			}
			codes = append(codes, models.Clean(c.Name)+th.Glyph("×", "*")+kit.Count(c.Count))
		}
		pairs = append(pairs, [2]string{"Found", strings.Join(codes, ", ")})
	}
	out = append(out, "")
	return append(append(out, splitLines(kit.Columns2(th, pairs, w))...), "")
}

func verdictLines(th theme.Theme, who string, v jsonl.Verdict, w int) []string {
	style, glyph, does := th.Good, th.Glyph("✓", "+"), "accepts it"
	if !v.Accepts {
		style, glyph, does = th.Bad, th.Glyph("✗", "x"), "refuses it"
	}
	text := glyph + " " + who + " " + does
	if v.Why != "" {
		text += ": " + models.Clean(v.Why)
	}
	return wrapped(style.Render, text, w)
}

func blank(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s blank)", kit.Exact(n))
}

func near(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s near", kit.Exact(n))
}
