package cmd

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/dustin/go-humanize"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// writeReport prints a report for people: what it comes to, what is wrong, what
// is in the file.
func writeReport(w io.Writer, r jsonl.Report, ascii bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s; validator %s, trainer %s\n",
		models.Clean(r.File), wrongText(r), takes(r.Validator), takes(r.Trainer))
	wrap(&b, "  validator  ", strings.Repeat(" ", 13), r.Validator.Why)
	wrap(&b, "  trainer    ", strings.Repeat(" ", 13), r.Trainer.Why)
	if len(r.Groups) > 0 {
		b.WriteString("\nfindings\n")
	}
	const indent = "           "
	for _, g := range r.Groups {
		fmt.Fprintf(&b, "  %-7s  %-21s %9s  %s\n", g.Severity, g.Code, humanize.Comma(g.Count), places(g))
		wrap(&b, indent, indent, g.Text)
		wrap(&b, indent, indent, g.Suggestion)
	}
	b.WriteString("\ncontents\n")
	for _, p := range contents(r) {
		wrap(&b, fmt.Sprintf("  %-13s ", p.key), strings.Repeat(" ", 16), p.value)
	}
	writeTokens(&b, r.Tokens, ascii)
	text := b.String()
	if ascii {
		text = strings.NewReplacer("×", "x", "…", "...", "→", "->").Replace(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// reportWidth is the width of a report, in columns, whatever the terminal's is.
const reportWidth = 80

// wrap writes a text of the file, cleaned, under a first and further indents.
func wrap(b *strings.Builder, first, further, text string) {
	lines := ansi.Wordwrap(models.Clean(text), reportWidth-len(further), "")
	b.WriteString(first + strings.ReplaceAll(lines, "\n", "\n"+further) + "\n")
}

func takes(v jsonl.Verdict) string {
	if v.Accepts {
		return "accepts"
	}
	return "refuses"
}

func wrongText(r jsonl.Report) string {
	if r.ErrorCount+r.WarningCount == 0 {
		return "nothing wrong"
	}
	return plural(r.ErrorCount, "error") + ", " + plural(r.WarningCount, "warning")
}

func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + one + "s"
}

// places names the first lines of a group.
func places(g jsonl.Group) string {
	if len(g.Lines) == 0 || g.Lines[0] == 0 {
		return "file"
	}
	lines := make([]string, len(g.Lines))
	for i, n := range g.Lines {
		lines[i] = strconv.FormatInt(n, 10)
	}
	word, more := "line ", ""
	if len(lines) > 1 || g.Count > 1 {
		word = "lines "
	}
	if g.Count > int64(len(lines)) {
		more = "…"
	}
	return word + strings.Join(lines, ", ") + more
}

func contents(r jsonl.Report) []pair {
	bounded := ""
	if r.DedupeBounded {
		bounded = ", at least: more pairs than are remembered"
	}
	p := []pair{
		{"size", bytesText(r.Bytes) + " in " + plural(r.Lines, "line") + ", " + humanize.Comma(r.Blank) + " blank"},
		{"sha256", r.SHA256},
		{"formats", counts(r.Formats, 8)},
		{"conversations", humanize.Comma(r.Conversations) + " with " + plural(r.Turns, "turn")},
		{"pairs", humanize.Comma(r.Pairs) + " trainable"},
		{"duplicates", humanize.Comma(r.Duplicates) + " exact, " + humanize.Comma(r.NearDuplicate) + " near" + bounded},
		{"roles", counts(r.Roles, 8)},
		{"scripts", counts(r.Scripts, 8)},
	}
	if r.Declared != nil {
		p[4].value += ", " + humanize.Comma(*r.Declared) + " declared"
	}
	for _, d := range []struct {
		name string
		of   []jsonl.Count
	}{{"personas", r.Personas}, {"arcs", r.Arcs}, {"topics", r.Topics}} {
		if len(d.of) > 0 {
			p = append(p, pair{d.name, counts(d.of, 5)})
		}
	}
	v := r.Platform
	return append(p, pair{"validator saw", fmt.Sprintf("%s, %s, %s, %.2f turns a line",
		plural(v.Lines, "line"), plural(v.Pairs, "turn"), plural(v.Tokens, "token"), v.AvgTurns)})
}

// counts is a distribution in one line.
func counts(of []jsonl.Count, most int) string {
	if len(of) == 0 {
		return none
	}
	parts := []string{}
	for _, c := range of[:min(len(of), most)] {
		name := []rune(models.Clean(c.Name))
		if len(name) > 40 {
			name = append(name[:39], '…')
		}
		parts = append(parts, string(name)+" "+humanize.Comma(c.Count))
	}
	if n := len(of) - most; n > 0 {
		parts = append(parts, "and "+strconv.Itoa(n)+" more")
	}
	return strings.Join(parts, ", ")
}

// barWidth is the longest bar of the histogram.
const barWidth = 40

func writeTokens(b *strings.Builder, t jsonl.Tokens, ascii bool) {
	of := models.Clean(t.Tokenizer) + ", an approximation of the base model's"
	if t.Tokenizer == jsonl.Estimate {
		of = "estimated: words × 1.3"
	}
	wrap(b, "\n", "", "tokens of an example ("+of+")")
	if len(t.Bins) == 0 {
		b.WriteString("  no example\n")
		return
	}
	wrap(b, "  ", "  ", fmt.Sprintf("%s in all; mean %.1f, least %s, half up to %s, 90 %% up to %s, 99 %% up to %s, most %s", humanize.Comma(t.Total), t.Mean,
		humanize.Comma(t.Min), humanize.Comma(t.P50), humanize.Comma(t.P90), humanize.Comma(t.P99), humanize.Comma(t.Max)))
	top, block := int64(1), "█"
	if ascii {
		block = "#"
	}
	for _, bin := range t.Bins {
		top = max(top, bin.Count)
	}
	width := len(humanize.Comma(t.Bins[len(t.Bins)-1].To))
	for _, bin := range t.Bins {
		bar := strings.Repeat(block, int((bin.Count*barWidth+top-1)/top))
		fmt.Fprintf(b, "  %*s to %*s  %s %s\n", width, humanize.Comma(bin.From), width, humanize.Comma(bin.To-1), bar, humanize.Comma(bin.Count))
	}
	if c := t.Cut; c != nil {
		fmt.Fprintf(b, "  at %s tokens: %s cut (%.1f %%), %s lost\n", humanize.Comma(int64(c.SeqLen)), plural(c.Examples, "example"), c.Percent, plural(c.Lost, "token"))
	}
}
