package kit

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/theme"
)

// FieldKind says how a Field is edited.
type FieldKind int

// The kinds.
const (
	FieldText   FieldKind = iota
	FieldSecret           // typed letters are not shown, only how many
	FieldNumber           // text that looks like a number; Check decides
	FieldSelect           // one of Options, with left and right
)

// Option is a choice of a FieldSelect.
type Option struct {
	Value string
	Label string // "" = Value
	Note  string // shown below while chosen
}

// Field describes one line of a Form.
type Field struct {
	Name        string // key for Value and SetValue
	Label       string
	Kind        FieldKind
	Value       string // at first
	Placeholder string
	Hint        string // shown while the field has the focus and no error
	Options     []Option
	Limit       int // letters at most; 0 = 1000
	// Check says what is wrong with a value, "" when nothing is. It runs when
	// the field is left, and at every change while it has an error.
	Check func(value string) string
}

// Input is a single line of text to type in: bubbles' text input without a
// blinking cursor (nothing repaints while nobody types) and without reading
// the clipboard; a paste of the terminal comes as tea.PasteMsg.
type Input struct {
	in textinput.Model
	th string
}

// NewInput makes an input; limit is the most letters, 0 = 1000.
func NewInput(value, placeholder string, secret bool, limit int) Input {
	if limit <= 0 {
		limit = 1000
	}
	in := textinput.New()
	in.Prompt = ""
	in.Placeholder = placeholder
	in.CharLimit = limit
	if secret {
		in.EchoMode = textinput.EchoPassword
		in.EchoCharacter = '*'
	}
	in.KeyMap.Paste = key.NewBinding(key.WithDisabled())
	in.SetValue(value)
	in.CursorEnd()
	return Input{in: in}
}

// Value is the text.
func (i *Input) Value() string { return i.in.Value() }

// SetValue replaces the text and puts the cursor behind it.
func (i *Input) SetValue(s string) {
	i.in.SetValue(s)
	i.in.CursorEnd()
}

// SetPlaceholder is shown while the text is empty.
func (i *Input) SetPlaceholder(s string) { i.in.Placeholder = s }

// Focus makes the input take keys.
func (i *Input) Focus() { i.in.Focus() }

// Blur makes it take none.
func (i *Input) Blur() { i.in.Blur() }

// Update edits and reports whether the text changed.
func (i *Input) Update(msg tea.Msg) (changed bool) {
	before := i.in.Value()
	if p, ok := msg.(tea.PasteMsg); ok {
		// A paste is text: line breaks at its end are not an "enter".
		msg = tea.PasteMsg{Content: strings.TrimRight(p.Content, "\r\n")}
	}
	i.in, _ = i.in.Update(msg)
	return i.in.Value() != before
}

// View draws the input in exactly w cells.
func (i *Input) View(th theme.Theme, w int) string {
	if w <= 0 {
		return ""
	}
	if i.th != th.ID {
		i.th = th.ID
		st := textinput.DefaultStyles(th.Dark)
		for _, s := range []*textinput.StyleState{&st.Focused, &st.Blurred} {
			s.Text, s.Placeholder, s.Prompt = th.Text, th.Faint, th.Text
		}
		st.Cursor.Blink = false
		st.Cursor.Color = nil
		i.in.SetStyles(st)
	}
	i.in.SetWidth(max(1, w-1))
	return Fit(i.in.View(), w, 1)
}

// field is a Field being edited.
type field struct {
	Field
	input  Input
	choice int
	err    string
	server bool // err came from outside: it goes away when the value changes
}

func newField(f Field) *field {
	out := &field{Field: f}
	if f.Kind == FieldSelect {
		out.choose(f.Value)
		return out
	}
	out.input = NewInput(f.Value, f.Placeholder, f.Kind == FieldSecret, f.Limit)
	return out
}

func (f *field) value() string {
	if f.Kind != FieldSelect {
		return f.input.Value()
	}
	if f.choice < 0 || f.choice >= len(f.Options) {
		return ""
	}
	return f.Options[f.choice].Value
}

func (f *field) set(v string) {
	if f.Kind == FieldSelect {
		f.choose(v)
		return
	}
	f.input.SetValue(v)
}

func (f *field) choose(v string) {
	f.choice = 0
	for i, o := range f.Options {
		if o.Value == v {
			f.choice = i
		}
	}
}

// check runs Check and keeps its verdict.
func (f *field) check() bool {
	if f.server {
		return false
	}
	f.err = ""
	if f.Check != nil {
		f.err = f.Check(f.value())
	}
	return f.err == ""
}

// changed is called after every change of the value.
func (f *field) changed() {
	if f.err != "" {
		f.server = false
		f.check()
	}
}

// update edits the value and reports whether it changed.
func (f *field) update(msg tea.Msg) bool {
	if f.Kind != FieldSelect {
		return f.input.Update(msg)
	}
	k, ok := msg.(tea.KeyPressMsg)
	if !ok || len(f.Options) == 0 {
		return false
	}
	before, n := f.choice, len(f.Options)
	switch s := k.String(); s {
	case "right", "space":
		f.choice = (f.choice + 1) % n
	case "left":
		f.choice = (f.choice + n - 1) % n
	case "home":
		f.choice = 0
	case "end":
		f.choice = n - 1
	default:
		f.jump(k.Text)
	}
	return f.choice != before
}

// jump goes to the next option that begins with the typed letter.
func (f *field) jump(letter string) {
	if letter == "" {
		return
	}
	n := len(f.Options)
	for d := 1; d <= n; d++ {
		i := (f.choice + d) % n
		if strings.HasPrefix(strings.ToLower(f.Options[i].label()), strings.ToLower(letter)) {
			f.choice = i
			return
		}
	}
}

func (o Option) label() string {
	if o.Label != "" {
		return o.Label
	}
	return o.Value
}
