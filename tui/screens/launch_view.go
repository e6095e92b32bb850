package screens

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// Sizes of the form.
const (
	launchWide  = 76 // from here on the estimate stands beside the form
	launchLabel = 14
	launchHelp  = 3 // lines below the fields that explain the focused one
)

func (l *launch) View(f screen.Frame) string { return l.frame(f, l.draw) }

func (l *launch) draw(f screen.Frame) string {
	switch {
	case l.mode == modePick:
		return l.pick.view(f)
	case l.mode == modeReview:
		return l.drawReview(f)
	case f.W < launchWide || f.H < 8:
		return l.drawNarrow(f)
	}
	left := max(50, min(f.W*3/5, 84))
	iw, ih := kit.PanelInner(left, f.H)
	l.rowsAt = 1
	form := kit.Panel(f.Theme, "New training job", l.drawForm(f, iw, ih), left, f.H, f.Focus)
	iw, ih = kit.PanelInner(f.W-left, f.H)
	side := kit.Panel(f.Theme, "Estimate", l.drawSide(f.Theme, iw, ih), f.W-left, f.H, false)
	return kit.JoinH(form, side)
}

// drawNarrow is the form alone with the estimate in one line below it.
func (l *launch) drawNarrow(f screen.Frame) string {
	l.rowsAt = 0
	if f.H < 4 {
		return l.drawForm(f, f.W, f.H)
	}
	return kit.JoinV(kit.Fit(l.drawForm(f, f.W, f.H-1), f.W, f.H-1), l.estimateLine(f.Theme, f.W))
}

// drawForm draws the fields around the cursor and the help for it.
func (l *launch) drawForm(f screen.Frame, w, h int) string {
	help := launchHelp
	if h < 8 {
		help = max(0, min(2, h-3))
	}
	fields, rows := launchFields(), max(1, h-help)
	l.first = max(0, min(l.first, l.cursor))
	if l.cursor >= l.first+rows {
		l.first = l.cursor - rows + 1
	}
	l.first = max(0, min(l.first, len(fields)-rows))
	problems := byField(l.d.problems(l.o.GPUs, l.allowance()))
	var lines []string
	for i := l.first; i < min(len(fields), l.first+rows); i++ {
		lines = append(lines, l.fieldLine(f, fields[i], i == l.cursor, problems[fields[i]], w))
	}
	body := kit.Fit(strings.Join(lines, "\n"), w, rows)
	if help == 0 {
		return body
	}
	return kit.JoinV(body, kit.Fit(l.fieldHelp(f.Theme, problems[l.field()], w), w, help))
}

// byField keeps the worst problem of each field.
func byField(list []models.Problem) map[string]*models.Problem {
	out := map[string]*models.Problem{}
	for i, p := range list {
		if had := out[p.Field]; had == nil || !had.Hard && p.Hard {
			out[p.Field] = &list[i]
		}
	}
	return out
}

func (l *launch) fieldLine(f screen.Frame, field string, on bool, p *models.Problem, w int) string {
	th := f.Theme
	mark, label := "  ", th.Dim
	if on {
		mark, label = th.Accent.Render(th.Glyph("▌", ">")+" "), th.Accent
	}
	lw := min(launchLabel, max(4, w/3))
	vw := max(1, w-lw-5)
	flag := " "
	switch {
	case p == nil:
	case p.Hard:
		flag = th.Bad.Render(th.Glyph("✗", "x"))
	default:
		flag = th.Warn.Render("!")
	}
	value := ""
	if on && l.mode == modeEdit {
		value = l.edit.View(th, vw)
	} else {
		value = kit.PadRight(l.fieldValue(th, field, on, vw), vw)
	}
	return mark + label.Render(kit.PadRight(launchLabelOf(field), lw)) + " " + value + " " + flag
}

func launchLabelOf(field string) string {
	switch field {
	case fieldDataset:
		return "Dataset"
	case fieldPreset:
		return "Preset"
	case fieldModel:
		return "Base model"
	case fieldGPU:
		return "GPU type"
	case fieldNorm:
		return "Max grad norm"
	case fieldSequence:
		return "Max sequence"
	}
	if b, ok := boundOf(field); ok {
		return b.Label
	}
	return field
}

// fieldValue is the value of a field with what helps to judge it.
func (l *launch) fieldValue(th theme.Theme, field string, on bool, w int) string {
	style := th.Text
	if on {
		style = th.Strong
	}
	switch field {
	case fieldDataset:
		return l.datasetValue(th, style, w)
	case fieldPreset:
		label, note := l.d.preset, ""
		if p, ok := models.FindPreset(l.o.Presets, l.d.preset); ok {
			label, note = p.Label, p.Note
		}
		return choice(th, style, label, note, on)
	case fieldGPU:
		label, note := l.d.gpu, ""
		if g, ok := models.FindGPU(l.o.GPUs, l.d.gpu); ok {
			label, note = g.Label, kit.Money(&g.PricePerHour)+"/h"
		}
		return choice(th, style, models.Clean(label), note, on)
	}
	text := models.Clean(l.d.value(field))
	if text == "" && optionalField(field) {
		return th.Faint.Render("as the trainer decides")
	}
	return style.Render(text)
}

func choice(th theme.Theme, style lipgloss.Style, label, note string, on bool) string {
	out := style.Render(label)
	if on {
		out = th.Accent.Render(th.Glyph("◀ ", "< ")) + out + th.Accent.Render(th.Glyph(" ▶", " >"))
	}
	if note != "" {
		out += th.Faint.Render("  " + note)
	}
	return out
}

func (l *launch) datasetValue(th theme.Theme, style lipgloss.Style, w int) string {
	d := l.d.dataset
	switch {
	case d == nil && l.loading != "":
		return th.Dim.Render("loading…")
	case d == nil:
		return th.Faint.Render("none chosen, enter lists")
	}
	note := "  " + pairsText(d.TotalTrainingPairs)
	name := models.Clean(d.Name)
	if kit.Width(name)+kit.Width(note) > w {
		note = "" // a number that is cut would be another number
	}
	return style.Render(name) + th.Faint.Render(note)
}

// pairsText is "1 pair", "2,530 pairs", "– pairs".
func pairsText(n *models.Int) string {
	if n != nil && *n == 1 {
		return "1 pair"
	}
	return kit.Int(n) + " pairs"
}

// fieldHelp explains the focused field: its problem, else its range and why.
func (l *launch) fieldHelp(th theme.Theme, p *models.Problem, w int) string {
	if l.field() == fieldDataset && l.note != nil {
		text, hint := models.Explain(l.note)
		return th.Bad.Render(strings.Join(wrap(text+" "+hint, w), "\n"))
	}
	style, text := th.Faint, ""
	switch {
	case p != nil && p.Hard:
		style, text = th.Bad, p.Text
	case p != nil:
		style, text = th.Warn, p.Text
	default:
		text = l.plainHelp()
	}
	lines := wrap(text, w)
	for i := range lines {
		lines[i] = style.Render(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (l *launch) plainHelp() string {
	switch field := l.field(); field {
	case fieldDataset:
		return "Enter opens the list of your ready datasets."
	case fieldPreset:
		return "A preset fills in the values below; changing one of them makes it Custom."
	case fieldModel:
		return "The model to adapt, as owner/name on Hugging Face."
	case fieldGPU:
		return "Type and price as configured; ←/→ change it."
	default:
		b, _ := boundOf(field)
		return boundText(b) + ": " + b.Why + "."
	}
}

// estimatePairs is the estimate as label and value; nil while there is none.
func (l *launch) estimatePairs(th theme.Theme) [][2]string {
	e, ok := l.d.estimate(l.o.GPUs)
	if !ok {
		return nil
	}
	out := [][2]string{
		{"Steps", kit.Int(&e.TotalSteps)},
		{"An epoch", kit.Int(&e.StepsPerEpoch)},
		{"Time", hoursText(e.Hours)},
		{"Rate", kit.Money(&e.HourlyRate) + " an hour"},
		{"Compute", kit.Money(&e.Compute)},
		{"Storage", kit.Money(&e.Storage)},
		{"Total", th.Strong.Render(kit.Money(&e.Total))},
	}
	if left, ok := l.allowance().left(); ok {
		style := th.Good
		if l.allowance().exceeded(e.Total) {
			style = th.Warn
		}
		out = append(out, [2]string{"Budget left", style.Render(kit.Money(&left)) + th.Faint.Render(" of "+kit.Money(l.o.Budget))})
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

// drawSide is the estimate and all problems of the form.
func (l *launch) drawSide(th theme.Theme, w, h int) string {
	pairs := l.estimatePairs(th)
	var out []string
	if pairs == nil {
		out = append(out, wrap("Choose a dataset, and give batch size, epochs and GPUs, to see steps, time and cost.", w)...)
	} else {
		out = append(out, kit.KeyValues(th, pairs, w))
	}
	if lines := problemLines(th, l.d.problems(l.o.GPUs, l.allowance()), w); len(lines) > 0 {
		out = append(append(out, ""), lines...)
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
	e, ok := l.d.estimate(l.o.GPUs)
	text := "no estimate yet"
	if ok {
		text = fmt.Sprintf("%s steps · %.2f h · %s", kit.Int(&e.TotalSteps), e.Hours, kit.Money(&e.Total))
	}
	style := th.Strong
	if n := len(hardProblems(l.d.problems(l.o.GPUs, l.allowance()))); n > 0 {
		text, style = text+" · "+plural(n, "problem"), th.Warn
	}
	return style.Render(kit.PadRight(text, w))
}
