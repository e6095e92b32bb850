package kit

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/theme"
)

// Form is a column of labelled fields with one focus. What was typed stays
// until SetValue changes it, whatever errors come.
//
// Keys: tab and down go to the next field, shift+tab and up to the one before;
// enter goes on where the field is right, and submits on the last one; left and
// right choose in a select.
type Form struct {
	// OnSubmit runs when Submit found nothing wrong; may be nil.
	OnSubmit func() tea.Cmd
	// OnChange runs after a value was changed by the user; may be nil.
	OnChange func(name string)

	fields []*field
	at     int
	active bool
	top    int // first line in the window
	rows   []int
}

// NewForm makes a form whose first field has the focus.
func NewForm(fields ...Field) *Form {
	f := &Form{active: true}
	for _, x := range fields {
		f.fields = append(f.fields, newField(x))
	}
	f.focus(0)
	return f
}

// Capturing reports that the form takes the letters that are typed.
func (f *Form) Capturing() bool { return f.active && len(f.fields) > 0 }

// Focus makes the form take keys.
func (f *Form) Focus() {
	f.active = true
	f.focus(f.at)
}

// Blur makes it take none.
func (f *Form) Blur() {
	f.leave()
	f.active = false
}

// Focused is the name of the field with the focus; "" without fields.
func (f *Form) Focused() string {
	if len(f.fields) == 0 {
		return ""
	}
	return f.fields[f.at].Name
}

// FocusField moves to a field by name.
func (f *Form) FocusField(name string) {
	if i := f.index(name); i >= 0 {
		f.focus(i)
	}
}

// FocusNext moves to the next field, and from the last to the first.
func (f *Form) FocusNext() { f.step(1) }

// FocusPrev moves to the field before, and from the first to the last.
func (f *Form) FocusPrev() { f.step(-1) }

// AtLast reports that the last field has the focus.
func (f *Form) AtLast() bool { return f.at == len(f.fields)-1 }

func (f *Form) step(d int) {
	if n := len(f.fields); n > 0 {
		f.leave()
		f.focus((f.at + d + n) % n)
	}
}

func (f *Form) leave() {
	if f.at < len(f.fields) {
		c := f.fields[f.at]
		c.check()
		c.input.Blur()
	}
}

func (f *Form) focus(i int) {
	if len(f.fields) == 0 {
		return
	}
	f.fields[f.at].input.Blur()
	f.at = i
	if f.active && f.fields[i].Kind != FieldSelect {
		f.fields[i].input.Focus()
	}
}

func (f *Form) index(name string) int {
	return slices.IndexFunc(f.fields, func(x *field) bool { return x.Name == name })
}

// Value is the text of a field; "" when there is no such field.
func (f *Form) Value(name string) string {
	if i := f.index(name); i >= 0 {
		return f.fields[i].value()
	}
	return ""
}

// SetValue changes a field and forgets its error.
func (f *Form) SetValue(name, value string) {
	if i := f.index(name); i >= 0 {
		x := f.fields[i]
		x.set(value)
		x.err, x.server = "", false
	}
}

// SetOptions replaces the choices of a select; the chosen value stays if it is
// still there.
func (f *Form) SetOptions(name string, options []Option) {
	if i := f.index(name); i >= 0 {
		v := f.fields[i].value()
		f.fields[i].Options = options
		f.fields[i].choose(v)
	}
}

// SetHint replaces the hint of a field.
func (f *Form) SetHint(name, hint string) {
	if i := f.index(name); i >= 0 {
		f.fields[i].Hint = hint
	}
}

// SetError shows an error that came from elsewhere, such as the server, at a
// field until its value changes.
func (f *Form) SetError(name, text string) {
	if i := f.index(name); i >= 0 {
		f.fields[i].err, f.fields[i].server = text, text != ""
	}
}

// Errors are the errors shown now, by field name.
func (f *Form) Errors() map[string]string {
	out := map[string]string{}
	for _, x := range f.fields {
		if x.err != "" {
			out[x.Name] = x.err
		}
	}
	return out
}

// Validate checks all fields, moves to the first with an error and reports
// whether there is none. An error set from outside does not count: trying
// again is allowed.
func (f *Form) Validate() bool {
	bad := -1
	for i, x := range f.fields {
		x.server = false
		if !x.check() && bad < 0 {
			bad = i
		}
	}
	if bad >= 0 {
		f.focus(bad)
	}
	return bad < 0
}

// Submit validates and runs OnSubmit.
func (f *Form) Submit() tea.Cmd {
	if !f.Validate() || f.OnSubmit == nil {
		return nil
	}
	return f.OnSubmit()
}

// Update takes keys and pastes while the form is active.
func (f *Form) Update(msg tea.Msg) tea.Cmd {
	if !f.Capturing() {
		return nil
	}
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "tab", "down":
			f.FocusNext()
			return nil
		case "shift+tab", "up":
			f.FocusPrev()
			return nil
		case "enter":
			if f.AtLast() {
				return f.Submit()
			}
			f.advance()
			return nil
		}
	}
	if m, ok := msg.(tea.MouseClickMsg); ok {
		f.click(m.Y)
		return nil
	}
	c := f.fields[f.at]
	if c.update(msg) {
		c.changed()
		if f.OnChange != nil {
			f.OnChange(c.Name)
		}
	}
	return nil
}

// advance goes to the next field unless something is wrong with this one.
func (f *Form) advance() {
	if c := f.fields[f.at]; c.check() {
		f.FocusNext()
	}
}

// click moves to the field drawn at line y.
func (f *Form) click(y int) {
	for i := len(f.rows) - 1; i >= 0; i-- {
		if y+f.top >= f.rows[i] {
			if i != f.at {
				f.leave()
				f.focus(i)
			}
			return
		}
	}
}

// View draws the form in exactly w×h cells, the focused field in view.
func (f *Form) View(th theme.Theme, w, h int) string {
	if w <= 0 || h <= 0 {
		return Fit("", w, h)
	}
	lw := 0
	for _, x := range f.fields {
		lw = max(lw, Width(x.Label))
	}
	lw = min(lw, max(4, w/3))
	var lines []string
	f.rows = f.rows[:0]
	from, to := 0, 0
	for i, x := range f.fields {
		f.rows = append(f.rows, len(lines))
		if i == f.at {
			from = len(lines)
		}
		lines = append(lines, f.fieldLines(th, x, i == f.at && f.active, lw, w)...)
		if i == f.at {
			to = len(lines)
		}
	}
	if to > f.top+h {
		f.top = to - h
	}
	f.top = max(0, min(f.top, from, max(0, len(lines)-h)))
	return Fit(strings.Join(lines[f.top:], "\n"), w, h)
}

// fieldLines draws one field: the line itself, and below it an error or hint.
func (f *Form) fieldLines(th theme.Theme, x *field, on bool, lw, w int) []string {
	mark, label := "  ", th.Dim
	if on {
		mark, label = th.Accent.Render(th.Glyph("▌", ">")+" "), th.Accent
	}
	vw := max(1, w-lw-4)
	lines := []string{mark + label.Render(PadRight(oneLine(x.Label), lw)) + "  " + x.draw(th, on, vw)}
	below, style := "", th.Faint
	switch {
	case x.err != "":
		below, style = th.Glyph("✗", "x")+" "+oneLine(x.err), th.Bad
	case on && x.Kind == FieldSelect && x.note() != "":
		below = oneLine(x.note())
	case on:
		below = oneLine(x.Hint)
	}
	if below != "" {
		for _, l := range Wrap(below, vw) {
			lines = append(lines, Spaces(lw+4)+style.Render(l))
		}
	}
	return lines
}

func (f *field) note() string {
	if f.choice < len(f.Options) {
		return f.Options[f.choice].Note
	}
	return ""
}

// draw is the value part of a field's line.
func (f *field) draw(th theme.Theme, on bool, w int) string {
	if f.Kind != FieldSelect {
		return f.input.View(th, w)
	}
	if len(f.Options) == 0 {
		return th.Faint.Render(PadRight("nothing to choose from", w))
	}
	label := oneLine(f.Options[f.choice].label())
	if !on {
		return PadRight(th.Text.Render(Truncate(label, w)), w)
	}
	l, r := th.Accent.Render(th.Glyph("◀", "<")), th.Accent.Render(th.Glyph("▶", ">"))
	return PadRight(l+" "+th.Strong.Render(Truncate(label, max(0, w-4)))+" "+r, w)
}
