package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// Periods of the shell's own reads and clock.
const (
	overviewEvery   = 10 * time.Second
	overviewBlurred = time.Minute
	clockEvery      = time.Second
	clockBlurred    = 15 * time.Second
	sessionTimeout  = 20 * time.Second
)

// shell is the tea.Model. All of it belongs to the Update goroutine.
type shell struct {
	o    Options
	b    Backend
	ctx  context.Context
	conn models.Connection

	th   theme.Theme
	st   barStyles
	dark bool // what the terminal said of its background
	// groundKnown: it has said so. Asked once even for a theme that is given,
	// to know whether the two fit.
	groundKnown bool
	w, h        int
	focused     bool
	now         time.Time
	clock       uint64 // generation of the clock

	specs, tabs []screen.Spec
	stack       []*page
	parked      map[string]*page
	gate        *page // the sign-in screen, on top of all
	starting    bool  // the session is not known yet
	lastID      uint64

	session    *models.Session
	signedInAt time.Time    // in this run; zero when the session was there already
	self       screen.Scope // addresses what the shell itself asks for
	overview   *screen.Feed[models.Overview]
	lookout    *lookout

	dialogs []*dialog
	palette *palette
	help    *help
	filter  *filterLine
	toasts  toasts
	used    []string // palette entries run, newest first

	draw drawing

	notices notices
}

func newShell(ctx context.Context, o Options, b Backend, specs []screen.Spec) *shell {
	s := &shell{
		o: o, b: b, ctx: ctx, conn: b.Connection(), specs: specs,
		dark: true, focused: true, starting: true,
		parked: map[string]*page{}, now: o.Now().Truncate(time.Second),
	}
	for _, x := range specs {
		if x.Nav {
			s.tabs = append(s.tabs, x)
		}
	}
	s.lastID = 1
	s.self, _ = screen.NewScope(ctx, s.lastID, o.Now)
	s.newFeeds()
	s.retheme()
	return s
}

// newFeeds makes what the shell itself reads.
func (s *shell) newFeeds() {
	s.overview = screen.NewFeed(s.self, "overview", screen.Every(overviewEvery, overviewBlurred), s.b.Overview)
	s.lookout = newLookout(s.self, s.b.News)
}

// startFeeds starts them.
func (s *shell) startFeeds() tea.Cmd { return tea.Batch(s.overview.Start(), s.lookout.feed.Start()) }

// feedsTake hands them a message.
func (s *shell) feedsTake(msg tea.Msg) tea.Cmd {
	cmd, _ := s.overview.Update(msg)
	more, news := s.lookout.update(msg)
	cmds := []tea.Cmd{cmd, more}
	for _, m := range news {
		cmds = append(cmds, s.notify(m))
	}
	return tea.Batch(cmds...)
}

func (s *shell) retheme() {
	s.th = theme.New(s.o.Theme, s.dark, s.o.NoColor, s.o.ASCII)
	s.st = newBarStyles(s.th)
	s.draw.reset()
}

// Init asks for the session, the background colour and the first clock tick.
func (s *shell) Init() tea.Cmd { return tea.Batch(s.startCmds()...) }

func (s *shell) startCmds() []tea.Cmd {
	cmds := []tea.Cmd{s.readSession(), s.tick(), tea.RequestBackgroundColor, s.probeNotices()}
	if overSSH(s.o.Env) && env(s.o.Env, "LORATOP_NO_SYNC") == "" {
		// Bubble Tea does not probe for synchronised output over SSH. A
		// terminal that lacks the mode ignores it, so it is switched on.
		cmds = append(cmds, func() tea.Msg {
			return tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeReset}
		})
	}
	return cmds
}

func overSSH(list []string) bool {
	return env(list, "SSH_TTY") != "" || env(list, "SSH_CONNECTION") != ""
}

type sessionRead struct {
	session models.Session
	err     error
}

func (s *shell) readSession() tea.Cmd {
	return screen.Do(s.self, "session", sessionTimeout, func(ctx context.Context) tea.Msg {
		v, err := s.b.Session(ctx)
		return sessionRead{v, err}
	})
}

type clockMsg struct{ gen uint64 }

// tick plans the next second; the clock runs slower while nobody looks.
func (s *shell) tick() tea.Cmd {
	s.clock++
	gen, d := s.clock, clockEvery
	if !s.focused {
		d = clockBlurred
	}
	done := s.ctx.Done()
	return func() tea.Msg {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return clockMsg{gen}
		case <-done:
			return nil
		}
	}
}

// Update routes a message.
func (s *shell) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case screen.Addressed:
		return s, s.deliver(m)
	case tea.KeyPressMsg:
		return s, s.key(m)
	case tea.PasteMsg:
		return s, s.paste(m)
	case tea.MouseMsg:
		return s, s.mouse(m)
	case tea.WindowSizeMsg:
		s.w, s.h = m.Width, m.Height
		s.bodyDirty()
	case tea.BackgroundColorMsg:
		if s.groundKnown && s.dark != s.th.Dark {
			break // the answer would be the colour that was set here
		}
		s.dark, s.groundKnown = m.IsDark(), true
		s.retheme()
	case tea.FocusMsg:
		s.notices.hears = true
		return s, s.focus(true)
	case tea.BlurMsg:
		s.notices.hears = true
		return s, s.focus(false)
	case tea.ResumeMsg:
		s.draw.reset()
		return s, s.tick()
	case clockMsg:
		if m.gen != s.clock {
			return s, nil
		}
		s.now = s.o.Now().Truncate(time.Second)
		s.bodyDirty()
		return s, s.tick()
	default:
		return s, s.asked(msg)
	}
	return s, nil
}

// asked answers what screens ask the shell for.
func (s *shell) asked(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case screen.GoMsg:
		return s.open(m.Link, m.Replace)
	case screen.BackMsg:
		return s.leave()
	case screen.ToastMsg:
		return s.toast(m.Level, m.Text)
	case screen.CopyMsg:
		return s.copyText(m.Label, m.Text)
	case screen.NotifyMsg:
		return s.notify(m)
	case screen.AskMsg:
		return s.ask(m.Dialog)
	case screen.SignedInMsg:
		return s.signedIn(m.Session)
	case screen.SignedOutMsg:
		return s.signedOut(m.Reason)
	case screen.ChangedMsg:
		return tea.Batch(s.overview.Poke(), s.lookout.feed.Poke())
	case uv.UnknownOscEvent:
		if osc99Answer(m) {
			return s.probed(true)
		}
		return nil
	case probeOver:
		return s.probed(false)
	case toastOver:
		s.toasts.end(m.id)
		return nil
	case dialogReady:
		s.dialogReady(m)
		return nil
	}
	return s.foreign(msg)
}

// foreign is a message that is not known here: one of the top screen's own that
// was not addressed, such as a bubble's.
func (s *shell) foreign(msg tea.Msg) tea.Cmd {
	if m, ok := msg.(screen.Failed); ok { // of a Detached command
		return s.failure(nil, m, m.Err)
	}
	p := s.top()
	if p == nil {
		return nil
	}
	s.bodyDirty()
	return s.update(p, msg)
}

// deliver hands a result to whom it is addressed.
func (s *shell) deliver(m screen.Addressed) tea.Cmd {
	if m.To == s.self.ID() {
		return tea.Batch(s.own(m.Msg), m.Next)
	}
	p := s.find(m.To)
	if p == nil {
		return nil
	}
	var ended tea.Cmd
	if f, ok := m.Msg.(screen.Failer); ok {
		ended = s.failure(p, m.Msg, f.Failure())
	}
	if p == s.top() {
		s.bodyDirty()
	}
	return tea.Batch(s.update(p, m.Msg), m.Next, ended)
}

// failure looks at the error of a screen's result.
func (s *shell) failure(p *page, msg tea.Msg, err error) tea.Cmd {
	if f, ok := msg.(screen.Failed); ok {
		s.o.Log.Error("command panicked", "op", f.Op, "err", f.Err, "stack", f.Stack)
		text, _ := models.Explain(f.Err)
		return s.toast(screen.LevelBad, text)
	}
	if p != s.gate && models.CodeOf(err) == models.CodeSignIn {
		return s.sessionLost(err)
	}
	return nil
}

// own takes the results of the shell's commands.
func (s *shell) own(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case sessionRead:
		return s.sessionKnown(m)
	case signOutDone:
		return s.signOutDone(m)
	case screen.Failed:
		return s.failure(nil, m, m.Err)
	}
	cmd := s.feedsTake(msg)
	if f, ok := msg.(screen.Failer); ok && models.CodeOf(f.Failure()) == models.CodeSignIn {
		cmd = tea.Batch(cmd, s.sessionLost(f.Failure()))
	}
	return cmd
}

// focus follows the terminal's focus.
func (s *shell) focus(on bool) tea.Cmd {
	if s.focused == on {
		return nil
	}
	s.focused = on
	s.now = s.o.Now().Truncate(time.Second)
	s.bodyDirty()
	msg := tea.Msg(tea.BlurMsg{})
	if on {
		msg = tea.FocusMsg{}
	}
	cmds := []tea.Cmd{s.tick()}
	if on && (s.o.Theme == "" || s.o.Theme == "auto") {
		cmds = append(cmds, tea.RequestBackgroundColor) // it may have changed meanwhile
	}
	cmds = append(cmds, s.feedsTake(msg))
	if on {
		cmds = append(cmds, s.seen())
	}
	if p := s.top(); p != nil {
		cmds = append(cmds, s.update(p, msg))
	}
	return tea.Batch(cmds...)
}

// quit leaves the program; with force it does not ask.
func (s *shell) quit(force bool) tea.Cmd {
	if busy := s.busy(); busy != "" && !force {
		return s.ask(screen.Dialog{
			Title: "Quit?", Body: "This would interrupt " + busy + ".", Yes: "Quit",
			OK: func() tea.Cmd { return tea.Quit },
		})
	}
	return tea.Quit
}

// busy is what quitting would interrupt.
func (s *shell) busy() string {
	for _, p := range s.living() {
		if b, ok := p.scr.(screen.Busy); ok {
			if what := b.Busy(); what != "" {
				return what
			}
		}
	}
	for _, x := range s.specs {
		if x.Busy != nil {
			if what := x.Busy(); what != "" {
				return what
			}
		}
	}
	return ""
}

// living is every page, the stack first.
func (s *shell) living() []*page {
	out := append([]*page(nil), s.stack...)
	for _, p := range s.parked {
		out = append(out, p)
	}
	if s.gate != nil {
		out = append(out, s.gate)
	}
	return out
}
