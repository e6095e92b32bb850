package screen

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Risk says how sure the user must be before the shell runs an Action.
type Risk int

// The risks.
const (
	RiskNone     Risk = iota
	RiskConfirm       // a dialog whose default answer is no
	RiskTypeName      // a dialog in which the name has to be typed
)

// Action is one thing that the user can do on a screen.
type Action struct {
	// ID is stable, "job.cancel": for the palette, the help and key maps.
	ID string
	// Keys are the keys and the help text. A binding without keys is in the
	// palette only.
	Keys key.Binding
	// Off says why the action cannot be done now; nil or "" means it can. An
	// action that is off stays visible, and its key shows the reason.
	Off func() string
	// Risk makes the shell ask first.
	Risk Risk
	// Prompt gives the question for a Risk other than RiskNone: typed is what
	// has to be typed at RiskTypeName.
	Prompt func() (title, body, typed string)
	// Do starts the action. A nil Do documents keys that Update handles
	// itself, such as moving in a table.
	Do func() tea.Cmd
	// Quiet keeps the action out of the footer (help and palette still show it).
	Quiet bool
}

// Why returns the reason for which the action is off, "" when it is on.
func (a Action) Why() string {
	if a.Off == nil {
		return ""
	}
	return a.Off()
}

// Bind makes a binding: the help key is shown in footer and help ("enter"),
// keys are the key names as Bubble Tea spells them. Without keys, help itself
// is the key.
func Bind(help, desc string, keys ...string) key.Binding {
	if len(keys) == 0 && help != "" {
		keys = []string{help}
	}
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, desc))
}

// Dialog is a question that the shell asks on top of everything.
type Dialog struct {
	Title string
	Body  string // plain text, wrapped by the shell
	Yes   string // label of the button that does it; "" = "Yes"
	Typed string // when set, this text has to be typed to enable Yes
	OK    func() tea.Cmd
	// Cancel runs when the answer is no; may be nil.
	Cancel func() tea.Cmd
}
