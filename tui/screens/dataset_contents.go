package screens

import (
	"fmt"
	"math"
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/theme"
)

// seqLens are the sequence lengths that truncation is shown for; the worker's
// own is the default.
func seqLens() []int { return []int{256, 512, 1024, 2048, 4096, 8192, 16384, 32768} }

const defaultSeqLen = 2048

// stepSeqLen is the next sequence length, or the one before.
func stepSeqLen(n, dir int) int {
	list := seqLens()
	for i, v := range list {
		if v >= n {
			return list[max(0, min(i+dir, len(list)-1))]
		}
	}
	return list[len(list)-1]
}

// contents is what is known of what a dataset holds, and of how much of it.
type contents struct {
	source   string // "of the whole file", "of 200 lines read"
	tokenBy  string // how tokens were counted
	examples int64
	mean     float64
	p50, p99 int64
	most     int64
	bins     []jsonl.Bin
	cut      jsonl.Cut
	about    bool // cut.Percent is read off the bins
	formats  []jsonl.Count
	roles    []jsonl.Count
	personas []jsonl.Count
	arcs     []jsonl.Count
	topics   []jsonl.Count
	scripts  []jsonl.Count
}

// contents of the samples that were read.
func (t *tally) contents(source string, seqLen int) contents {
	s := contents{
		source: source, tokenBy: orElse(t.by, "words × 1.3"), examples: int64(len(t.tokens)),
		formats: t.formats.sorted(), roles: t.roles.sorted(), personas: t.persona.sorted(), arcs: t.arc.sorted(), topics: t.topic.sorted(),
	}
	var total int64
	for _, n := range t.tokens {
		v := int64(n)
		total += v
		s.most = max(s.most, v)
		if v > int64(seqLen) {
			s.cut.Examples++
			s.cut.Lost += v - int64(seqLen)
		}
	}
	s.cut.SeqLen = seqLen
	if s.examples > 0 {
		s.mean = float64(total) / float64(s.examples)
		s.cut.Percent = 100 * float64(s.cut.Examples) / float64(s.examples)
	}
	s.bins = binsOf(t.tokens, s.most)
	return s
}

// binsOf counts values in at most 16 bins of a power of two each.
func binsOf(list []int32, most int64) []jsonl.Bin {
	if len(list) == 0 {
		return nil
	}
	step := int64(8)
	for step*16 <= most {
		step *= 2
	}
	bins := make([]jsonl.Bin, most/step+1)
	for i := range bins {
		bins[i].From, bins[i].To = int64(i)*step, int64(i+1)*step
	}
	for _, v := range list {
		bins[int64(v)/step].Count++
	}
	return bins
}

// reportContents is the contents of a file that was checked as a whole.
func reportContents(r jsonl.Report, seqLen int) contents {
	s := contents{
		source: "of the whole file", tokenBy: r.Tokens.Tokenizer, mean: r.Tokens.Mean, p50: r.Tokens.P50, p99: r.Tokens.P99, most: r.Tokens.Max,
		bins: r.Tokens.Bins, formats: r.Formats, roles: r.Roles, personas: r.Personas, arcs: r.Arcs, topics: r.Topics, scripts: r.Scripts,
	}
	if s.tokenBy == "estimate" || s.tokenBy == "" {
		s.tokenBy = "words × 1.3"
	}
	for _, b := range s.bins {
		s.examples += b.Count
	}
	if c := r.Tokens.Cut; c != nil && c.SeqLen == seqLen {
		s.cut = *c
		return s
	}
	s.cut, s.about = cutOf(s.bins, seqLen)
	return s
}

// cutOf reads off the bins how many examples are longer than a sequence length.
func cutOf(bins []jsonl.Bin, seqLen int) (c jsonl.Cut, about bool) {
	c.SeqLen = seqLen
	var all int64
	at := int64(seqLen) + 1
	var over float64
	for _, b := range bins {
		all += b.Count
		switch {
		case b.From >= at:
			over += float64(b.Count)
		case b.To > at && b.Count > 0:
			about = true
			over += float64(b.Count) * float64(b.To-at) / float64(b.To-b.From)
		}
	}
	c.Examples = int64(math.Round(over))
	if all > 0 {
		c.Percent = 100 * over / float64(all)
	}
	return c, about
}

// filled leaves out the empty bins at both ends.
func filled(bins []jsonl.Bin) []jsonl.Bin {
	for len(bins) > 1 && bins[0].Count == 0 {
		bins = bins[1:]
	}
	for len(bins) > 1 && bins[len(bins)-1].Count == 0 {
		bins = bins[:len(bins)-1]
	}
	return bins
}

// mergeBins joins neighbours until there are at most n.
func mergeBins(bins []jsonl.Bin, n int) []jsonl.Bin {
	for len(bins) > max(1, n) {
		half := make([]jsonl.Bin, 0, (len(bins)+1)/2)
		for i := 0; i < len(bins); i += 2 {
			b := bins[i]
			if i+1 < len(bins) {
				b.To, b.Count = bins[i+1].To, b.Count+bins[i+1].Count
			}
			half = append(half, b)
		}
		bins = half
	}
	return bins
}

// cutText says what a sequence length costs.
func (s contents) cutText() string {
	if s.examples == 0 {
		return "no example to measure"
	}
	if s.cut.Examples == 0 && !s.about {
		return fmt.Sprintf("no example of %s is longer than %s tokens", kit.Exact(s.examples), kit.Exact(int64(s.cut.SeqLen)))
	}
	about := ""
	if s.about {
		about = "about "
	}
	text := fmt.Sprintf("%s%s of %s are longer than %s tokens", about, share(s.cut.Percent), plural64(s.examples, "example"), kit.Exact(int64(s.cut.SeqLen)))
	if s.cut.Lost > 0 {
		text += fmt.Sprintf("; %s tokens would be cut off", kit.Count(s.cut.Lost))
	}
	return text
}

// share is a percentage that says nothing is lost only when nothing is.
func share(p float64) string {
	switch {
	case p > 0 && p < 0.1:
		return "<0.1%"
	case p < 100 && p > 99.9:
		return ">99.9%"
	case p == 0 || p == 100:
		return fmt.Sprintf("%.0f%%", p)
	}
	return fmt.Sprintf("%.1f%%", p)
}

func plural64(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return kit.Exact(n) + " " + noun + "s"
}

// tokenLines draws the lengths of examples as bars of at most h lines.
func tokenLines(th theme.Theme, s contents, w, h int) []string {
	out := []string{kit.Rule(th, "Token lengths "+s.source, w)}
	if s.examples == 0 {
		return append(out, th.Faint.Render(kit.Truncate("Nothing is read yet that could be measured.", w)))
	}
	facts := fmt.Sprintf("mean %s · longest %s", kit.Exact(int64(math.Round(s.mean))), kit.Exact(s.most))
	if s.p50 > 0 {
		facts = fmt.Sprintf("half under %s · 99%% under %s · %s", kit.Exact(s.p50), kit.Exact(s.p99), facts)
	}
	out = append(out, wrapped(th.Dim.Render, facts+" · by "+s.tokenBy, w)...)
	style := th.Good
	if s.cut.Examples > 0 {
		style = th.Warn
	}
	out = append(out, wrapped(style.Render, s.cutText(), w)...)
	bins := mergeBins(filled(s.bins), max(4, h-len(out)))
	bars := make([]chart.Bar, len(bins))
	for i, b := range bins {
		bars[i] = chart.Bar{Label: fmt.Sprintf("%s–%s", kit.Count(b.From), kit.Count(b.To-1)), Text: kit.Count(b.Count), Value: float64(b.Count), Color: 1}
		if b.From > int64(s.cut.SeqLen) || b.To-1 > int64(s.cut.SeqLen) && b.From == int64(s.cut.SeqLen) {
			bars[i].Color, bars[i].Text = 5, bars[i].Text+" "+th.Glyph("✂", "cut")
		}
	}
	return append(out, splitLines(chart.Bars(th, bars, w, len(bars)))...)
}

// countLines draws how often names occur, at most n of them.
func countLines(th theme.Theme, title string, list []jsonl.Count, w, n int) []string {
	if len(list) == 0 {
		return nil
	}
	out := []string{kit.Rule(th, title, w)}
	bars := make([]chart.Bar, 0, len(list))
	for _, c := range list {
		bars = append(bars, chart.Bar{Label: models.Clean(c.Name), Text: kit.Count(c.Count), Value: float64(c.Count), Color: 2})
	}
	rows := min(len(bars), max(1, n))
	return append(out, splitLines(chart.Bars(th, bars, w, rows))...)
}

// contentsLines draws the contents in w cells; h is how many lines there is room for.
func contentsLines(th theme.Theme, s contents, w, h int) []string {
	each := max(3, (h-4)/4)
	groups := [][]string{
		countLines(th, "Personas", s.personas, columnOf(w), each), countLines(th, "Emotional arcs", s.arcs, columnOf(w), each),
		countLines(th, "Topics", s.topics, columnOf(w), each), countLines(th, "Roles", s.roles, columnOf(w), each),
		countLines(th, "Line formats", s.formats, columnOf(w), each), countLines(th, "Scripts", s.scripts, columnOf(w), each),
	}
	if w < 100 {
		out := tokenLines(th, s, w, 14)
		for _, g := range groups {
			if len(g) > 0 {
				out = append(append(out, ""), g...)
			}
		}
		return out
	}
	col := columnOf(w)
	left := tokenLines(th, s, col, max(10, h))
	var right []string
	for _, g := range groups {
		if len(g) > 0 {
			if len(right) > 0 {
				right = append(right, "")
			}
			right = append(right, g...)
		}
	}
	n := max(len(left), len(right))
	return splitLines(kit.JoinH(kit.Fit(strings.Join(left, "\n"), col, n), kit.Fit("", 3, n), kit.Fit(strings.Join(right, "\n"), col, n)))
}

// columnOf is the width of a column of them.
func columnOf(w int) int {
	if w < 100 {
		return w
	}
	return (w - 3) / 2
}
