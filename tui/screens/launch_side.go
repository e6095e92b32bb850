package screens

import (
	"fmt"
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/theme"
)

// estimatePairs is what is known of the launch as label and value; nil while
// there is no estimate.
func (l *launch) estimatePairs(th theme.Theme) [][2]string {
	r := l.rev
	if r.Estimate == nil {
		return nil
	}
	e := r.Estimate
	out := [][2]string{{"Steps", kit.Int(&e.TotalSteps)}}
	if r.Examples > 0 {
		out = append(out, [2]string{"By worker", kit.Int(&r.WorkerSteps)})
	}
	out = append(out, [][2]string{
		{"An epoch", kit.Int(&e.StepsPerEpoch)},
		{"Time", hoursText(e.Hours)},
		{"Rate", kit.Money(&e.HourlyRate) + "/h"},
		{"Compute", kit.Money(&e.Compute)},
		{"Storage", kit.Money(&e.Storage)},
		{"Total", th.Strong.Render(kit.Money(&e.Total))},
		{"Likely", kit.Money(&r.Least) + th.Glyph("–", "-") + strings.TrimPrefix(kit.Money(&r.Most), "$")},
	}...)
	if r.Left != nil {
		style := th.Good
		if r.Over != models.OverNone {
			style = th.Warn
		}
		out = append(out, [2]string{"Budget left", style.Render(kit.Money(r.Left))})
	}
	return append(out, [2]string{"Memory", memoryText(th, r)}, [2]string{"Cut off", cutText(th, r.Truncation)})
}

// memoryText is what one GPU needs of what it has.
func memoryText(th theme.Theme, r models.LaunchReview) string {
	if r.Memory == nil {
		return th.Faint.Render("unknown")
	}
	style := th.Good
	switch r.Fit {
	case models.FitNot:
		style = th.Bad
	case models.FitTight:
		style = th.Warn
	case models.FitUnknown:
		style = th.Text
	}
	out := style.Render(fmt.Sprintf("%.0f GB", r.Memory.Total/1e9))
	if r.GPUMemory > 0 {
		out += th.Faint.Render(fmt.Sprintf(" of %.0f", r.GPUMemory))
	}
	return out
}

// cutText is the share of examples that the sequence length cuts.
func cutText(th theme.Theme, t *models.Truncation) string {
	switch {
	case t == nil:
		return th.Faint.Render("unknown")
	case t.Samples == 0 && t.LostShare > 0:
		return th.Warn.Render("over " + shareText(t.LostShare) + " of tokens")
	case t.Samples == 0:
		return th.Text.Render("at most " + shareText(t.CutShare))
	case t.CutShare == 0:
		return th.Good.Render("none")
	}
	return th.Warn.Render(shareText(t.CutShare)) + th.Faint.Render(" of examples")
}

// shareText is a share in percent; a small one is not nothing.
func shareText(share float64) string {
	if share > 0 && share < 0.01 {
		return "<1%"
	}
	return fmt.Sprintf("%.0f%%", share*100)
}

// details say where memory and truncation come from, a line each.
func (l *launch) details() []string {
	var out []string
	if r := l.rev; r.Estimate != nil && r.Examples > 0 && r.WorkerSteps < r.Estimate.TotalSteps {
		out = append(out, fmt.Sprintf("The platform counts %s steps, the worker about %s: it drops incomplete batches, and trains on %s examples.", kit.Int(&r.Estimate.TotalSteps), kit.Int(&r.WorkerSteps), commas(r.Examples)))
	}
	if m := l.rev.Memory; m != nil {
		text := fmt.Sprintf("Memory of one GPU: weights %.1f, adapter %.1f, activations %.1f, scores %.1f, rest %.1f GB", m.Weights/1e9, m.Adapter/1e9, m.Activations/1e9, m.Logits/1e9, m.Overhead/1e9)
		if m.Guess {
			text += ", guessed from the model's name"
		}
		out = append(out, text+fmt.Sprintf("; %.0f GB without gradient checkpointing.", m.Worst/1e9))
	}
	if t := l.rev.Truncation; t != nil {
		out = append(out, truncationText(t))
	}
	return out
}

// truncationText says what is cut off and how that is known.
func truncationText(t *models.Truncation) string {
	if t.Samples == 0 {
		return fmt.Sprintf("At %s tokens: estimated from the mean of its row, %.0f tokens an example.", commas(t.SeqLength), t.Mean)
	}
	from := fmt.Sprintf("estimated from %s of %s", plural(t.Samples, "example"), t.Source)
	if t.Whole {
		from = "counted in its whole file"
	}
	if t.Tokenizer != "" {
		from += " in " + t.Tokenizer + " tokens"
	}
	out := fmt.Sprintf("At %s tokens, %s: mean %.0f, longest %s", commas(t.SeqLength), from, t.Mean, commas(t.Longest))
	if t.CutShare > 0 {
		out += fmt.Sprintf("; about %s of %s examples and %s tokens are cut off", commas(t.CutExamples), commas(t.Examples), commas(t.LostTokens))
	}
	return out + "."
}

func commas(n int64) string { return kit.Int(models.Ptr(models.Int(n))) }

// changeLines are what differs from the job that the form started from.
func (l *launch) changeLines(th theme.Theme, w int) []string {
	if l.d.origin == nil {
		return nil
	}
	list := l.d.changes(l.o.GPUs)
	if len(list) == 0 {
		return []string{th.Dim.Render(kit.Truncate("As in job "+shortID(l.d.origin.ID), w))}
	}
	out := []string{th.Dim.Render(kit.Truncate("Not as in job "+shortID(l.d.origin.ID), w))}
	for _, c := range list {
		or := func(s string) string {
			if s == "" {
				return "default"
			}
			return s
		}
		for _, line := range wrap(launchLabelOf(c.Field)+": "+or(c.From)+" "+th.Glyph("→", "->")+" "+or(c.To), w) {
			out = append(out, th.Info.Render(line))
		}
	}
	return out
}

// hoursText is a time of hours in minutes, and as the number the formula gives.
func hoursText(h float64) string {
	if h > 1e6 {
		return fmt.Sprintf("%.0f h", h)
	}
	m := int(h*60 + 0.5)
	if m < 60 {
		return fmt.Sprintf("%dm (%.2f h)", m, h)
	}
	return fmt.Sprintf("%dh %02dm (%.2f h)", m/60, m%60, h)
}

// drawSide is the estimate, all problems of the form, the difference to the job
// it started from, and where the figures come from.
func (l *launch) drawSide(th theme.Theme, w, h int) string {
	pairs := l.estimatePairs(th)
	var out []string
	if pairs == nil {
		out = append(out, wrap("Choose a dataset, and give batch size, epochs and GPUs, to see steps, time and cost.", w)...)
	} else {
		out = append(out, strings.Split(kit.KeyValues(th, pairs, w), "\n")...)
	}
	part := func(lines []string) {
		if len(lines) > 0 {
			out = append(append(out, ""), lines...)
		}
	}
	part(problemLines(th, l.d.problems(l.rev), w))
	part(l.changeLines(th, w))
	if pairs != nil {
		for _, d := range l.details() { // only what fits whole
			if lines := wrapped(th.Faint.Render, d, w); len(out)+1+len(lines) <= h {
				part(lines)
			}
		}
	}
	return kit.Fit(strings.Join(out, "\n"), w, h)
}

func problemLines(th theme.Theme, list []models.Problem, w int) []string {
	var out []string
	for _, p := range list {
		style, mark := th.Warn, "! "
		if p.Hard {
			style, mark = th.Bad, th.Glyph("✗ ", "x ")
		}
		for i, line := range wrap(problemText(p), max(1, w-2)) {
			if i > 0 {
				mark = "  "
			}
			out = append(out, style.Render(mark+line))
		}
	}
	return out
}

// problemText names the field where the text alone would not tell it.
func problemText(p models.Problem) string {
	text, label := models.Clean(p.Text), launchLabelOf(p.Field)
	if p.Field == "" || p.Field == fieldDataset || strings.Contains(strings.ToLower(text), strings.ToLower(label)) {
		return text
	}
	return label + ": " + text
}

// estimateLine is the estimate in one line, for narrow screens.
func (l *launch) estimateLine(th theme.Theme, w int) string {
	text := "no estimate yet"
	if e := l.rev.Estimate; e != nil {
		text = fmt.Sprintf("%s steps · %.2f h · %s", kit.Int(&e.TotalSteps), e.Hours, kit.Money(&e.Total))
	}
	style := th.Strong
	if l.rev.Fit == models.FitNot {
		text, style = text+" · over memory", th.Warn
	}
	if l.rev.Over != models.OverNone {
		text, style = text+" · over budget", th.Warn
	}
	if n := len(hardProblems(l.d.problems(l.rev))); n > 0 {
		text, style = text+" · "+plural(n, "problem"), th.Warn
	}
	return style.Render(kit.PadRight(text, w))
}
