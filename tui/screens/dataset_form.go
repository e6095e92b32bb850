package screens

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// nameMost is how long the database lets a name be.
const nameMost = 200

// datasetForm is the dialog in which a dataset is renamed and described.
type datasetForm struct {
	sc      screen.Scope
	b       DatasetEdits
	d       models.Dataset
	form    *kit.Form
	sending bool
}

// datasetFields are the fields of a dataset that its owner writes.
func datasetFields(name, description string) []kit.Field {
	return []kit.Field{
		{Name: "name", Label: "Name", Value: name, Limit: nameMost, Check: func(v string) string {
			switch n := utf8.RuneCountInString(strings.TrimSpace(v)); {
			case n == 0:
				return "a dataset needs a name"
			case n > nameMost:
				return "a name has at most 200 letters"
			}
			return ""
		}},
		{Name: "description", Label: "Description", Value: description, Placeholder: "what is in it, for whom", Limit: 2000},
	}
}

func newDatasetForm(sc screen.Scope, b DatasetEdits, d models.Dataset, field string) *datasetForm {
	about := ""
	if d.Description != nil {
		about = models.Clean(*d.Description)
	}
	f := &datasetForm{sc: sc, b: b, d: d, form: kit.NewForm(datasetFields(models.Clean(d.Name), about)...)}
	f.form.Focus()
	f.form.FocusField(field)
	f.form.OnSubmit = f.submit
	return f
}

// submit writes what was changed, and nothing else.
func (f *datasetForm) submit() tea.Cmd {
	var p models.DatasetPatch
	if name := strings.TrimSpace(f.form.Value("name")); name != f.d.Name {
		p.Name = &name
	}
	about := strings.TrimSpace(f.form.Value("description"))
	if before := f.d.Description; before == nil && about != "" || before != nil && about != models.Clean(*before) {
		p.Description = &about
	}
	if p.Name == nil && p.Description == nil {
		return screen.Toast(screen.LevelInfo, "Nothing was changed")
	}
	if f.sending {
		return nil
	}
	f.sending = true
	return patchDataset(f.sc, f.b, f.d.ID, p)
}

// done takes the outcome; over says that the dialog is to be closed.
func (f *datasetForm) done(m datasetPatched) (cmd tea.Cmd, over bool) {
	f.sending = false
	switch models.CodeOf(m.err) {
	case models.CodeNoRows, models.CodeForbidden:
		return refused("Nothing was changed", m.err), true
	}
	if m.err != nil {
		text, hint := models.Explain(m.err)
		f.form.SetError("name", joined(text, hint))
		return nil, false
	}
	return tea.Batch(screen.Toast(screen.LevelGood, "The dataset is changed"), screen.Changed("dataset")), true
}

// actions are the keys while the dialog is open.
func (f *datasetForm) actions(page string, shut func() tea.Cmd) []screen.Action {
	return []screen.Action{
		{ID: page + ".save", Keys: screen.Bind("enter", "next, then save")},
		{ID: page + ".field", Keys: screen.Bind("tab", "other field", "tab", "shift+tab", "up", "down")},
		{ID: page + ".discard", Keys: screen.Bind("esc", "discard", "esc", "alt+esc"), Do: shut},
	}
}

// over draws the dialog above a screen of f.W×f.H cells.
func (f *datasetForm) over(fr screen.Frame, body string) string {
	title := "Rename or describe"
	if f.sending {
		title = "Saving…"
	}
	return formOver(fr, title, f.form, body)
}

// formOver puts a form into a box above a screen.
func formOver(fr screen.Frame, title string, form *kit.Form, body string) string {
	w, h := min(fr.W, 84), min(fr.H, 8)
	iw, ih := kit.PanelInner(w, h)
	box := splitLines(kit.Panel(fr.Theme, title, form.View(fr.Theme, iw, ih), w, h, fr.Focus))
	lines := splitLines(kit.Fit(body, fr.W, fr.H))
	x, y := (fr.W-w)/2, max(0, (fr.H-h)/3)
	for i, b := range box {
		if y+i < len(lines) {
			lines[y+i] = kit.Spaces(x) + b + kit.Spaces(fr.W-w-x)
		}
	}
	return strings.Join(lines, "\n")
}
