package tui

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/screen"
)

// globals are the actions that work on every page, below the page's own. The
// help, the palette and the routing are made of this one table.
func (s *shell) globals() []screen.Action {
	signedIn := func() string {
		if s.gate != nil || s.starting {
			return "sign in first"
		}
		return ""
	}
	return []screen.Action{
		{ID: "app.help", Keys: screen.Bind("?", "help", "?", "f1"), Do: s.openHelp},
		{ID: "app.palette", Keys: screen.Bind(":", "commands", ":", "ctrl+p"), Do: s.openPalette},
		{ID: "app.filter", Keys: screen.Bind("/", "filter", "/"), Off: s.noFilter, Do: s.openFilter},
		{ID: "app.copyID", Keys: screen.Bind("y", "copy id", "y"), Off: s.noCopy, Do: s.copyID},
		{ID: "app.copyLink", Keys: screen.Bind("Y", "copy link", "Y"), Off: s.noLink, Do: s.copyLink},
		{ID: "app.nextTab", Keys: screen.Bind("]", "next section", "]"), Off: signedIn, Do: func() tea.Cmd { return s.stepTab(1) }},
		{ID: "app.prevTab", Keys: screen.Bind("[", "previous section", "["), Off: signedIn, Do: func() tea.Cmd { return s.stepTab(-1) }},
		{ID: "app.back", Keys: screen.Bind("esc", "one layer out", "esc", "alt+esc"), Do: s.out},
		{ID: "app.quit", Keys: screen.Bind("q", "back, or quit", "q"), Do: s.backOrQuit},
		{ID: "app.redraw", Keys: screen.Bind("ctrl+l", "draw again", "ctrl+l"), Do: s.redraw},
		{ID: "app.suspend", Keys: screen.Bind("ctrl+z", "suspend", "ctrl+z"), Off: s.noSuspend, Do: func() tea.Cmd { return tea.Suspend }},
		{ID: "app.exit", Keys: screen.Bind("ctrl+c", "quit at once", "ctrl+c"), Do: func() tea.Cmd { return s.quit(true) }},
		{ID: "app.signOut", Keys: key.NewBinding(key.WithHelp("", "sign out")), Off: signedIn, Risk: screen.RiskConfirm,
			Prompt: func() (string, string, string) {
				return "Sign out?", "The session of " + s.user() + " ends. Running jobs go on.", ""
			}, Do: s.signOut},
	}
}

// tabActions open the sections by their numbers or keys.
func (s *shell) tabActions() []screen.Action {
	out := make([]screen.Action, 0, len(s.tabs))
	for _, x := range s.specs {
		k := s.tabKey(x)
		if k == "" {
			continue
		}
		name := x.Name
		out = append(out, screen.Action{
			ID: "go." + name, Keys: screen.Bind(k, x.Title, k),
			Off: func() string {
				if s.gate != nil || s.starting {
					return "sign in first"
				}
				return ""
			},
			Do: func() tea.Cmd { return s.open(name, false) },
		})
	}
	return out
}

// tabKey is the key of a section; "" for a page that only links lead to.
func (s *shell) tabKey(x screen.Spec) string {
	if x.Key != "" {
		return x.Key
	}
	if i := s.tab(x.Name); i >= 0 && i < 9 {
		return strconv.Itoa(i + 1)
	}
	return ""
}

// key routes a key press: ctrl+c, dialogs, layers, text fields, the page's
// actions, the shell's, and at last the page itself.
func (s *shell) key(m tea.KeyPressMsg) tea.Cmd {
	k := m.String()
	switch {
	case k == "ctrl+c":
		return s.quit(true)
	case k == "ctrl+z":
		if why := s.noSuspend(); why != "" {
			return s.toast(screen.LevelWarn, "suspend: "+why)
		}
		return tea.Suspend
	case len(s.dialogs) > 0:
		return s.dialogKey(m)
	case s.palette != nil:
		return s.paletteKey(m)
	case s.help != nil:
		return s.helpKey(m)
	case s.filter != nil:
		return s.filterKey(m)
	}
	p := s.top()
	if p == nil {
		return s.globalKey(m)
	}
	s.bodyDirty()
	if c, ok := p.scr.(screen.Capturer); ok && p.failed == nil && c.Capturing() {
		return s.capturedKey(p, m)
	}
	m = latin(m)
	if cmd, done := s.actionKey(p, m); done {
		return cmd
	}
	if s.isGlobal(m) {
		return s.globalKey(m)
	}
	return s.update(p, m)
}

// latin gives the key that stands in the same place on a Latin keyboard, when
// the terminal tells it: with a Cyrillic or Greek layout the letters of the key
// table work all the same.
func latin(m tea.KeyPressMsg) tea.KeyPressMsg {
	r, n := utf8.DecodeRuneInString(m.Text)
	if n < 2 || n != len(m.Text) || m.BaseCode < 0x21 || m.BaseCode > 0x7e || m.Mod&^(tea.ModShift|tea.ModCapsLock|tea.ModNumLock) != 0 {
		return m
	}
	c := m.BaseCode
	if unicode.IsUpper(r) {
		c = unicode.ToUpper(c)
	}
	return tea.KeyPressMsg{Code: m.BaseCode, Text: string(c), Mod: m.Mod}
}

// capturedKey is a key while a text field is open: letters are text.
func (s *shell) capturedKey(p *page, m tea.KeyPressMsg) tea.Cmd {
	if m.Text == "" {
		if k := m.String(); k == "f1" || k == "ctrl+l" {
			return s.globalKey(m)
		}
		if cmd, done := s.actionKey(p, m); done {
			return cmd
		}
	}
	return s.update(p, m)
}

// actionKey runs the action of the page that the key belongs to. Of several
// with the key the first that is on counts; when none is on, the shell's own
// use of the key comes before the reason why not.
func (s *shell) actionKey(p *page, m tea.KeyPressMsg) (tea.Cmd, bool) {
	var off *screen.Action
	for _, a := range s.actions(p) {
		switch {
		case !key.Matches(m, a.Keys):
		case a.Why() != "":
			if off == nil {
				off = &a
			}
		case a.Do == nil:
			return s.update(p, m), true
		default:
			return s.run(a), true
		}
	}
	if off == nil || s.isGlobal(m) {
		return nil, false
	}
	return s.run(*off), true
}

func (s *shell) isGlobal(m tea.KeyPressMsg) bool {
	for _, a := range s.globals() {
		if key.Matches(m, a.Keys) {
			return true
		}
	}
	for _, a := range s.tabActions() {
		if key.Matches(m, a.Keys) {
			return true
		}
	}
	return false
}

func (s *shell) globalKey(m tea.KeyPressMsg) tea.Cmd {
	for _, list := range [][]screen.Action{s.globals(), s.tabActions()} {
		for _, a := range list {
			if key.Matches(m, a.Keys) {
				return s.run(a)
			}
		}
	}
	return nil
}

// run does an action, asking first where it is risky; an action that is off
// says why.
func (s *shell) run(a screen.Action) tea.Cmd {
	if why := a.Why(); why != "" {
		return s.toast(screen.LevelWarn, a.Keys.Help().Desc+": "+why)
	}
	if a.Do == nil {
		return nil
	}
	if a.Risk == screen.RiskNone {
		return a.Do()
	}
	d := screen.Dialog{Title: a.Keys.Help().Desc + "?", OK: func() tea.Cmd {
		if why := a.Why(); why != "" { // it changed while the question stood
			return s.toast(screen.LevelWarn, a.Keys.Help().Desc+": "+why)
		}
		return a.Do()
	}}
	if a.Prompt != nil {
		var typed string
		d.Title, d.Body, typed = a.Prompt()
		if a.Risk == screen.RiskTypeName {
			d.Typed = typed
		}
	}
	return s.ask(d)
}

// out is esc: one layer out, and never out of the program.
func (s *shell) out() tea.Cmd {
	p := s.top()
	if p == nil {
		return nil
	}
	if f, ok := p.scr.(screen.Filterer); ok && p.failed == nil && f.FilterText() != "" {
		return f.Filter("")
	}
	cmd, ok := s.back()
	if !ok {
		s.toasts.clear()
	}
	return cmd
}

// backOrQuit is q.
func (s *shell) backOrQuit() tea.Cmd {
	if cmd, ok := s.back(); ok {
		return cmd
	}
	return s.quit(false)
}

func (s *shell) noSuspend() string {
	if !canSuspend(s.o.In) {
		return "there is no shell to come back from"
	}
	return ""
}

func (s *shell) stepTab(d int) tea.Cmd {
	if len(s.stack) == 0 || len(s.tabs) == 0 {
		return nil
	}
	i := max(0, s.tab(s.stack[0].spec.Name))
	n := len(s.tabs)
	return s.section(s.tabs[(i+d+n)%n].Name)
}

func (s *shell) redraw() tea.Cmd {
	s.draw.reset()
	return tea.ClearScreen
}

// paste is text for whoever has a text field open, and nothing else.
func (s *shell) paste(m tea.PasteMsg) tea.Cmd {
	switch {
	case len(s.dialogs) > 0:
		s.dialogPaste(m)
	case s.palette != nil:
		s.palette.edit(m)
	case s.help != nil:
		s.help.edit(s, m)
	case s.filter != nil:
		return s.filterEdit(m)
	default:
		if p := s.top(); p != nil {
			s.bodyDirty()
			return s.update(p, m)
		}
	}
	return nil
}
