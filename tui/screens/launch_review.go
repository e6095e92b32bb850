package screens

import (
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// drawReview shows everything that will be sent once more, and how it went.
func (l *launch) drawReview(f screen.Frame) string {
	th := f.Theme
	iw, ih := kit.PanelInner(f.W, f.H)
	state := l.reviewState(th, iw)
	l.doc.SetContent(strings.Join(l.reviewLines(th, max(1, iw-2)), "\n"))
	used := min(len(state), max(0, ih-1))
	body := kit.JoinV(kit.Fit(l.doc.View(th, iw, ih-used), iw, ih-used), strings.Join(state[:used], "\n"))
	return kit.Panel(th, "Review", body, f.W, f.H, f.Focus)
}

// reviewState is the line that says what the next key does, or what happened.
func (l *launch) reviewState(th theme.Theme, w int) []string {
	var out []string
	switch {
	case l.sending:
		out = append(out, th.Info.Render("Launching… The job is sent once, whatever you press."))
	case l.failed != nil:
		text, hint := models.Explain(l.failed)
		out = append(out, wrapped(th.Bad.Render, th.Glyph("✗ ", "x ")+strings.TrimSpace(text+" "+hint), w)...)
		out = append(out, wrapped(th.Dim.Render, "Nothing is lost. L tries again with the same job id, so that no second job can come of it; esc changes the form.", w)...)
	default:
		out = append(out, th.Accent.Render("L")+th.Text.Render(" launches the job, ")+th.Accent.Render("esc")+th.Text.Render(" goes back to the form."))
	}
	return out
}

func wrapped(paint func(...string) string, text string, w int) []string {
	lines := wrap(models.CleanLines(text), w)
	for i := range lines {
		lines[i] = paint(lines[i])
	}
	return lines
}

// reviewLines begins with what speaks against the launch, and puts the settings
// and what they cost side by side where there is room, the cost first where there
// is not.
func (l *launch) reviewLines(th theme.Theme, w int) []string {
	var out []string
	if lines := problemLines(th, l.d.problems(l.rev), w); len(lines) > 0 {
		out = append(append(out, kit.Rule(th, "To consider", w)), append(lines, "")...)
	}
	if w >= 70 {
		right := 30
		left := w - right - 2
		settings := kit.KeyValues(th, l.reviewPairs(), left)
		cost := kit.JoinV(kit.Rule(th, "Estimate", right), kit.KeyValues(th, l.estimatePairs(th), right))
		h := max(kit.Height(settings), kit.Height(cost))
		out = append(out, kit.JoinH(kit.Fit(settings, left, h), kit.Fit("", 2, h), kit.Fit(cost, right, h)))
	} else {
		out = append(out, kit.KeyValues(th, l.estimatePairs(th), w), "", kit.KeyValues(th, l.reviewPairs(), w))
	}
	if lines := l.changeLines(th, w); len(lines) > 0 {
		out = append(append(out, ""), lines...)
	}
	out = append(out, "")
	for _, d := range l.details() {
		out = append(out, wrapped(th.Faint.Render, d, w)...)
	}
	return out
}

func (l *launch) reviewPairs() [][2]string {
	d := l.d.dataset
	if d == nil {
		return [][2]string{{"Dataset", "none"}}
	}
	preset, _ := l.presetText()
	pairs := [][2]string{
		{"Dataset", models.Clean(d.Name)},
		{"", pairsText(d.TotalTrainingPairs) + ", " + kit.Int(d.TotalTokens) + " tokens"},
		{"Preset", preset},
	}
	for _, field := range launchFields() {
		switch field {
		case fieldDataset, fieldPreset, fieldGPUCount:
			continue
		case fieldGPU:
			label := l.d.gpu
			if g, ok := models.FindGPU(l.o.GPUs, l.d.gpu); ok {
				label = g.Label
			}
			pairs = append(pairs, [2]string{"GPUs", l.d.value(fieldGPUCount) + " × " + models.Clean(label)})
			continue
		}
		value := models.Clean(l.d.value(field))
		if value == "" {
			value = "as the trainer decides"
		}
		pairs = append(pairs, [2]string{launchLabelOf(field), value})
	}
	return append(pairs, [2]string{"Job id", l.d.id})
}
