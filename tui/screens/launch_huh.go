package screens

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/theme"
)

// launchForm is the huh form of a launch: one group with a field on every line.
// huh has the focus, the texts being typed and the choices; the values are in
// the draft, which every field reads and writes through an accessor.
//
// Everything huh would do by a message of its own, such as going to the next
// field, is done in the same Update instead: what is typed right behind a tab
// must not land in the field before. Its commands are dropped for that reason;
// beside such messages they only blink the cursor.
type launchForm struct {
	form   *huh.Form
	fields []*launchField
	d      *draft
	o      Options
	th     string // of the styles
	styles *huh.Styles
}

// launchField is a line of the form around a field of huh: the mark and label
// before it, what helps to judge it and the worst problem's flag behind it.
type launchField struct {
	huh.Field
	name          string
	input         *huh.Input          // of numbers and texts, else nil
	choice        *huh.Select[string] // of choices, else nil
	choiceOptions []huh.Option[string]

	editing bool // what is typed goes into the input
	moving  bool // a choice is being moved: its value may be set

	line func(f *launchField, inner string) string // draws the whole line
}

// newLaunchForm makes the fields over a draft.
func newLaunchForm(d *draft, o Options) *launchForm {
	lf := &launchForm{d: d, o: o, styles: huh.ThemeBase(true)}
	var group []huh.Field
	for _, name := range launchFields() {
		f := lf.field(name)
		lf.fields = append(lf.fields, f)
		group = append(group, f)
	}
	lf.form = huh.NewForm(huh.NewGroup(group...)).WithShowHelp(false).WithShowErrors(false).
		WithKeyMap(launchKeys()).WithTheme(huh.ThemeFunc(func(bool) *huh.Styles { return lf.styles }))
	lf.form.Init()
	return lf
}

// launchKeys leaves the two keys to huh that move a choice, and what completes
// a text. All others are the screen's: they go to actions first.
func launchKeys() *huh.KeyMap {
	all := huh.NewDefaultKeyMap()
	return &huh.KeyMap{
		Input:  huh.InputKeyMap{AcceptSuggestion: all.Input.AcceptSuggestion},
		Select: huh.SelectKeyMap{Left: all.Select.Left, Right: all.Select.Right},
	}
}

func (lf *launchForm) field(name string) *launchField {
	f := &launchField{name: name}
	switch name {
	case fieldPreset, fieldGPU:
		f.choiceOptions = lf.options(name)
		f.choice = huh.NewSelect[string]().Inline(true).Options(f.choiceOptions...).Accessor(choiceValue{lf.d, f, lf.o})
		f.Field = f.choice
	default:
		f.input = huh.NewInput().Prompt("").CharLimit(launchLimit).Accessor(inputValue{lf.d, f})
		if name == fieldModel {
			f.input.Suggestions(modelNames())
		}
		if optionalField(name) {
			f.input.Placeholder("as the trainer decides")
		}
		f.Field = f.input
	}
	return f
}

// launchLimit is how many letters a field takes.
const launchLimit = 200

func modelNames() []string {
	var out []string
	for _, m := range models.BaseModels() {
		out = append(out, m.Name)
	}
	return out
}

// options are the choices of a field: value and label.
func (lf *launchForm) options(name string) []huh.Option[string] {
	var out []huh.Option[string]
	if name == fieldPreset {
		for _, p := range lf.o.Presets {
			out = append(out, huh.NewOption(presetLabel(p), p.Name()))
		}
		return out
	}
	for _, g := range lf.o.GPUs {
		out = append(out, huh.NewOption(models.Clean(g.Label), g.ID))
	}
	return out
}

// presetLabel names a preset with its family.
func presetLabel(p models.Preset) string {
	if p.Family == "" {
		return models.Clean(p.Label)
	}
	return models.Clean(p.Label) + " (" + p.Family + ")"
}

// inputValue binds a text of the draft to its input. huh also writes when a
// field is left, which must not bring back what the draft has since replaced:
// only what is typed is taken.
type inputValue struct {
	d *draft
	f *launchField
}

func (v inputValue) Get() string { return v.d.value(v.f.name) }

func (v inputValue) Set(text string) {
	if v.f.editing {
		v.d.set(v.f.name, text)
	}
}

// choiceValue binds the preset or the GPU of the draft.
type choiceValue struct {
	d *draft
	f *launchField
	o Options
}

func (v choiceValue) Get() string { return v.d.value(v.f.name) }

func (v choiceValue) Set(name string) {
	switch {
	case !v.f.moving || name == v.Get():
	case v.f.name == fieldGPU:
		v.d.gpu = name
	default:
		if p, ok := models.FindPreset(v.o.Presets, name); ok {
			v.d.applyPreset(p)
		}
	}
}

// Update keeps keys from an input that is looked at and not typed into, and from
// all fields the messages by which huh evaluates titles anew: there are none here.
func (f *launchField) Update(msg tea.Msg) (huh.Model, tea.Cmd) {
	switch msg.(type) {
	case tea.KeyPressMsg, tea.PasteMsg:
	default:
		return f, nil
	}
	if f.input != nil && !f.editing {
		return f, nil
	}
	f.moving = f.choice != nil
	m, _ := f.Field.Update(msg)
	f.moving = false
	if inner, ok := m.(huh.Field); ok {
		f.Field = inner
	}
	return f, nil
}

// Focus gives the field the focus of the form; an input is typed into only
// after edit.
func (f *launchField) Focus() tea.Cmd {
	if f.input == nil {
		return f.Field.Focus()
	}
	return nil
}

// edit lets the input take what is typed.
func (f *launchField) edit() {
	f.editing = true
	f.input.Focus()
}

// leave ends typing.
func (f *launchField) leave() {
	f.editing = false
	f.input.Blur()
}

// View draws the line, with what huh draws of a choice and of a text that is
// typed. huh draws all fields at every message; while that is for nothing, the
// line is nothing too.
func (f *launchField) View() string {
	switch {
	case f.line == nil:
		return ""
	case f.choice == nil && !f.editing:
		return f.line(f, "")
	}
	return f.line(f, f.Field.View())
}

// at is the index of the field with the focus.
func (lf *launchForm) at() int {
	on, _ := lf.form.GetFocusedField().(*launchField)
	for i, f := range lf.fields {
		if f == on {
			return i
		}
	}
	return 0
}

func (lf *launchForm) focused() *launchField { return lf.fields[lf.at()] }

// moveTo gives the focus to the i-th field.
func (lf *launchForm) moveTo(i int) {
	i = max(0, min(i, len(lf.fields)-1))
	lf.blank()
	for at := lf.at(); at != i; {
		if at < i {
			lf.form.NextField()
		} else {
			lf.form.PrevField()
		}
		now := lf.at()
		if now == at {
			return
		}
		at = now
	}
}

// update hands a key or a paste to the field with the focus.
func (lf *launchForm) update(msg tea.Msg) {
	lf.blank()
	lf.form.Update(msg)
	lf.sync()
}

// blank makes drawing free until the next view.
func (lf *launchForm) blank() {
	for _, f := range lf.fields {
		f.line = nil
	}
}

// sync shows in the fields what the draft holds, after anything changed it.
func (lf *launchForm) sync() {
	for _, f := range lf.fields {
		switch {
		case f.choice != nil:
			f.choice.Accessor(choiceValue{lf.d, f, lf.o})
		case !f.editing:
			f.input.Accessor(inputValue{lf.d, f})
		}
	}
}

// restyle takes the colours and glyphs of a theme.
func (lf *launchForm) restyle(th theme.Theme) {
	if lf.th == th.ID {
		return
	}
	lf.th = th.ID
	plain := lipgloss.NewStyle()
	field := huh.FieldStyles{
		Base: plain, SelectedOption: th.Strong, Option: th.Text, UnselectedOption: th.Text,
		PrevIndicator: th.Accent.SetString(th.Glyph("◀", "<") + " "), NextIndicator: th.Accent.SetString(" " + th.Glyph("▶", ">")),
		TextInput: huh.TextInputStyles{Cursor: plain, CursorText: plain, Placeholder: th.Faint, Prompt: th.Text, Text: th.Strong},
	}
	blurred := field
	blurred.SelectedOption, blurred.PrevIndicator, blurred.NextIndicator = th.Text, plain, plain
	blurred.TextInput.Text = th.Text
	*lf.styles = huh.Styles{FieldSeparator: plain.SetString("\n"), Focused: field, Blurred: blurred}
}

// view draws the form in exactly w×h cells, the field with the focus in sight.
// draw makes a line of w cells around what huh draws of a field in as many cells
// as value gives it.
func (lf *launchForm) view(th theme.Theme, w, h int, value func(field string) int, draw func(f *launchField, on bool, inner string) string) string {
	lf.restyle(th)
	on := lf.focused()
	lf.blank()
	lf.form.WithWidth(w).WithHeight(h)
	for _, f := range lf.fields {
		f.Field.WithWidth(value(f.name))
		f.line = func(f *launchField, inner string) string {
			first, _, _ := strings.Cut(inner, "\n")
			return kit.Fit(draw(f, f == on, first), w, 1)
		}
	}
	lf.form.Update(nil) // huh lays its group out in Update alone
	return kit.Fit(lf.form.View(), w, h)
}

// first is the field on the first line of a window of h: huh brings the one with
// the focus to the top, as far as there are fields to fill the window.
func (lf *launchForm) first(h int) int { return max(0, min(lf.at(), len(lf.fields)-h)) }
