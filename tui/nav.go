package tui

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// maxDepth bounds the back stack; the oldest page above the root goes first.
const maxDepth = 24

// page is a screen that lives.
type page struct {
	spec   screen.Spec
	args   screen.Args
	sc     screen.Scope
	cancel context.CancelFunc
	scr    screen.Screen
	failed error // it panicked: shown instead
	shown  bool  // Init ran
}

func (p *page) link() string { return strings.Join(append([]string{p.spec.Name}, p.args...), "/") }

// guard runs something of the screen; a panic is the screen's failure, never
// the program's.
func (s *shell) guard(p *page, what string, f func()) {
	if p.failed != nil {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			p.failed = &models.Error{
				Code: models.CodeUnknown, Op: p.spec.Title,
				Msg: "an internal error: " + models.Clean(fmt.Sprint(r)),
			}
			s.o.Log.Error("screen panicked", "screen", p.link(), "in", what, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	f()
}

func (s *shell) update(p *page, msg tea.Msg) (cmd tea.Cmd) {
	s.guard(p, "Update", func() { cmd = p.scr.Update(msg) })
	return cmd
}

func (s *shell) actions(p *page) (out []screen.Action) {
	s.guard(p, "Actions", func() { out = p.scr.Actions() })
	return out
}

// newPage makes the page of a link without starting it.
func (s *shell) newPage(link string) (*page, error) {
	name, args := screen.ParseLink(link)
	i := slices.IndexFunc(s.specs, func(x screen.Spec) bool { return x.Name == name })
	if i < 0 {
		return nil, &models.Error{Code: models.CodeNotFound, Msg: "there is no page " + models.Clean(link)}
	}
	s.lastID++
	sc, cancel := screen.NewScope(s.ctx, s.lastID, s.o.Now)
	p := &page{spec: s.specs[i], args: args, sc: sc, cancel: cancel}
	s.guard(p, "New", func() { p.scr = p.spec.New(sc, args) })
	return p, nil
}

// show starts a page, or wakes it when it was hidden.
func (s *shell) show(p *page) (cmd tea.Cmd) {
	s.bodyDirty()
	if !p.shown {
		p.shown = true
		s.guard(p, "Init", func() { cmd = p.scr.Init() })
		if !s.focused {
			cmd = tea.Batch(cmd, s.update(p, tea.BlurMsg{}))
		}
		return cmd
	}
	focus := tea.Msg(tea.FocusMsg{})
	if !s.focused {
		focus = tea.BlurMsg{}
	}
	cmd = tea.Batch(s.update(p, screen.ShowMsg{}), s.update(p, focus))
	if w, ok := p.scr.(screen.Waker); ok {
		s.guard(p, "Wake", func() { cmd = tea.Batch(cmd, w.Wake()) })
	}
	return cmd
}

func (s *shell) hide(p *page) tea.Cmd {
	if p == nil || !p.shown {
		return nil
	}
	return s.update(p, screen.HideMsg{})
}

func (s *shell) closePage(p *page) {
	if c, ok := p.scr.(screen.Closer); ok {
		s.guard(p, "Close", c.Close)
	}
	p.cancel()
}

// top is the page that is seen: the sign-in gate, or the last of the stack. It
// is nil until the session is known.
func (s *shell) top() *page {
	if s.gate != nil {
		return s.gate
	}
	if len(s.stack) == 0 {
		return nil
	}
	return s.stack[len(s.stack)-1]
}

// find is the living page with this id.
func (s *shell) find(id uint64) *page {
	if s.gate != nil && s.gate.sc.ID() == id {
		return s.gate
	}
	for _, p := range s.stack {
		if p.sc.ID() == id {
			return p
		}
	}
	for _, p := range s.parked {
		if p.sc.ID() == id {
			return p
		}
	}
	return nil
}

// known reports that a link leads to a page.
func (s *shell) known(link string) bool {
	name, _ := screen.ParseLink(link)
	return name != signInPage && slices.ContainsFunc(s.specs, func(x screen.Spec) bool { return x.Name == name })
}

// open follows a link: a tab switches the section, anything else goes on top.
func (s *shell) open(link string, replace bool) tea.Cmd {
	name, args := screen.ParseLink(link)
	if s.gate != nil || s.starting {
		s.o.Link = link // where to go after signing in
		return nil
	}
	if name == signInPage {
		return s.toast(screen.LevelInfo, "You are signed in as "+s.user()+"; sign out first, from the commands (:)")
	}
	if t := s.top(); t != nil && t.link() == strings.Join(append([]string{name}, args...), "/") {
		return nil
	}
	if i := s.tab(name); i >= 0 && len(args) == 0 {
		return s.section(name)
	}
	p, err := s.newPage(link)
	if err != nil {
		return s.toast(screen.LevelBad, err.Error())
	}
	hide := s.hide(s.top())
	if replace && len(s.stack) > 0 {
		s.closePage(s.stack[len(s.stack)-1])
		s.stack = s.stack[:len(s.stack)-1]
		hide = s.ground(name)
	}
	if len(s.stack) >= maxDepth {
		s.closePage(s.stack[1])
		s.stack = slices.Delete(s.stack, 1, 2)
	}
	s.stack = append(s.stack, p)
	return tea.Batch(hide, s.show(p))
}

// ground puts the section that a page belongs to under it when nothing is left
// there, so that "back" leads to the list instead of out of the program.
func (s *shell) ground(name string) tea.Cmd {
	if len(s.stack) > 0 || s.tab(name+"s") < 0 {
		return nil
	}
	show := s.section(name + "s") // job → jobs, dataset → datasets
	return tea.Batch(show, s.hide(s.top()))
}

// tab is the index of a nav screen among the tabs, -1 for none.
func (s *shell) tab(name string) int {
	return slices.IndexFunc(s.tabs, func(x screen.Spec) bool { return x.Name == name })
}

// section goes to the root page of a tab. The root that is left is kept with
// its cursor and filter; what stood on it is closed.
func (s *shell) section(name string) tea.Cmd {
	var hide tea.Cmd
	if len(s.stack) > 0 {
		t := s.top()
		if t.spec.Name == name && len(s.stack) == 1 {
			return nil
		}
		root := s.stack[0]
		for _, p := range s.stack[1:] {
			s.closePage(p)
		}
		if root == t {
			hide = s.hide(root)
		}
		s.parked[root.link()] = root
	}
	p := s.parked[name]
	if p == nil {
		var err error
		if p, err = s.newPage(name); err != nil {
			return s.toast(screen.LevelBad, err.Error())
		}
	}
	delete(s.parked, name)
	s.stack = append(s.stack[:0], p)
	return tea.Batch(hide, s.show(p))
}

// back leaves the top page; it reports false at the root.
func (s *shell) back() (tea.Cmd, bool) {
	if s.gate != nil || len(s.stack) < 2 {
		return nil, false
	}
	s.closePage(s.top())
	s.stack = s.stack[:len(s.stack)-1]
	return s.show(s.top()), true
}

// leave is back for a page that is done: a root leaves for the first section.
func (s *shell) leave() tea.Cmd {
	cmd, ok := s.back()
	if !ok && s.gate == nil && len(s.stack) == 1 && len(s.tabs) > 0 {
		return s.section(s.tabs[0].Name)
	}
	return cmd
}

// closeAll ends every page.
func (s *shell) closeAll() {
	for _, p := range s.stack {
		s.closePage(p)
	}
	for _, p := range s.parked {
		s.closePage(p)
	}
	s.stack = nil
	clear(s.parked)
}

// begin opens the first page: the link asked for, on the tab it belongs to.
func (s *shell) begin() tea.Cmd {
	if len(s.tabs) == 0 {
		return nil
	}
	link := s.o.Link
	s.o.Link = ""
	name, _ := screen.ParseLink(link)
	root := s.tabs[0].Name
	if s.tab(name+"s") >= 0 {
		root = name + "s" // job → jobs, dataset → datasets
	}
	if link == "" {
		return s.section(root)
	}
	if s.tab(name) >= 0 {
		root = name
	}
	p, err := s.newPage(root)
	if err != nil {
		return s.toast(screen.LevelBad, err.Error())
	}
	if p.link() == strings.Trim(link, "/") {
		s.stack = append(s.stack[:0], p)
		return s.show(p)
	}
	s.stack = append(s.stack[:0], p)
	if !s.known(link) {
		return tea.Batch(s.show(p), s.open(link, false))
	}
	return s.open(link, false) // the root starts when the user comes back to it
}
