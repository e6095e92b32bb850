package screens

import (
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
	l.rev = l.review()
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

// drawForm draws the fields around the focus and the help for it.
func (l *launch) drawForm(f screen.Frame, w, h int) string {
	help := launchHelp
	if h < 8 {
		help = max(0, min(2, h-3))
	}
	l.rows = min(len(launchFields()), max(1, h-help))
	problems := byField(l.d.problems(l.rev))
	lw := min(launchLabel, max(4, w/3))
	vw := max(1, w-lw-5)
	body := l.form.view(f.Theme, w, max(1, h-help), func(field string) int { return l.valueWidth(field, vw) }, func(field *launchField, on bool, inner string) string {
		return l.fieldLine(f.Theme, field, on, problems[field.name], inner, lw, vw)
	})
	if help == 0 {
		return body
	}
	return kit.JoinV(body, kit.Fit(l.fieldHelp(f.Theme, problems[l.field()], w), w, help))
}

// valueWidth is how many cells huh may draw a field's value in: a choice takes
// what its label needs, so that its note stands right behind it.
func (l *launch) valueWidth(field string, w int) int {
	label := ""
	switch field {
	case fieldPreset:
		label, _ = l.presetText()
	case fieldGPU:
		label, _ = l.gpuText()
	default:
		return max(1, w-1)
	}
	return max(1, min(w, kit.Width(label)+4))
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

func (l *launch) fieldLine(th theme.Theme, field *launchField, on bool, p *models.Problem, inner string, lw, vw int) string {
	mark, label := "  ", th.Dim
	if on {
		mark, label = th.Accent.Render(th.Glyph("▌", ">")+" "), th.Accent
	}
	flag := " "
	switch {
	case p == nil:
	case p.Hard:
		flag = th.Bad.Render(th.Glyph("✗", "x"))
	default:
		flag = th.Warn.Render("!")
	}
	value := kit.PadRight(l.fieldValue(th, field, on, inner, vw), vw)
	return mark + label.Render(kit.PadRight(launchLabelOf(field.name), lw)) + " " + value + " " + flag
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

// fieldValue is the value of a field with what helps to judge it: what huh
// draws of a choice and of a text that is being typed. An input at rest is drawn
// here, as huh leaves its colours to bubbles.
func (l *launch) fieldValue(th theme.Theme, field *launchField, on bool, inner string, w int) string {
	style := th.Text
	if on {
		style = th.Strong
	}
	note := ""
	switch field.name {
	case fieldDataset:
		return l.datasetValue(th, style, w)
	case fieldPreset:
		_, note = l.presetText()
	case fieldGPU:
		_, note = l.gpuText()
	default:
		if field.editing {
			return inner
		}
		text := models.Clean(l.d.value(field.name))
		if text == "" && optionalField(field.name) {
			return th.Faint.Render("as the trainer decides")
		}
		return style.Render(text)
	}
	if field.choice != nil && len(field.choiceOptions) == 0 {
		return th.Faint.Render("none configured")
	}
	if note != "" {
		note = th.Faint.Render("  " + note)
	}
	return strings.TrimRight(inner, " ") + note
}

// presetText is the preset's label and note.
func (l *launch) presetText() (label, note string) {
	if p, ok := models.FindPreset(l.o.Presets, l.d.preset); ok {
		return presetLabel(p), models.Clean(p.Note)
	}
	return models.Clean(l.d.preset), ""
}

// gpuText is the GPU's label and price.
func (l *launch) gpuText() (label, note string) {
	if g, ok := models.FindGPU(l.o.GPUs, l.d.gpu); ok {
		return models.Clean(g.Label), kit.Money(&g.PricePerHour) + "/h"
	}
	return models.Clean(l.d.gpu), ""
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
		return "The model to adapt, as owner/name on Hugging Face. ←/→ go through the common ones, enter types another."
	case fieldGPU:
		return "Type and price as configured; ←/→ change it."
	default:
		b, _ := boundOf(field)
		return boundText(b) + ": " + b.Why + "."
	}
}
