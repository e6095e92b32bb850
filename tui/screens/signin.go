package screens

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// signInStore is what signing in needs of the backend.
type signInStore interface {
	Auth
	Connection() models.Connection
}

// signIn is the form for signing in and, after ctrl+t, for signing up.
type signIn struct {
	paint
	sc      screen.Scope
	b       signInStore
	form    *kit.Form
	signUp  bool
	sending bool
	failed  error
	note    string // what went well: "confirm your e-mail"
	formY   int    // line of the form in the body, for the mouse
}

const (
	fieldEmail    = "email"
	fieldPassword = "password"
	opSignIn      = "sign in"
	opSignUp      = "sign up"
	signInTimeout = 20 * time.Second
	signInWidth   = 64
)

func newSignIn(b signInStore, _ Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &signIn{sc: sc, b: b}
		s.form = kit.NewForm(
			kit.Field{Name: fieldEmail, Label: "E-mail", Placeholder: "you@example.com", Limit: 320, Check: checkEmail},
			kit.Field{Name: fieldPassword, Label: "Password", Kind: kit.FieldSecret, Hint: "enter signs in", Check: checkPassword},
		)
		s.form.OnSubmit = s.submit
		return s
	}
}

func checkEmail(v string) string {
	name, host, ok := strings.Cut(strings.TrimSpace(v), "@")
	if !ok || name == "" || host == "" {
		return "an e-mail address is needed"
	}
	return ""
}

func checkPassword(v string) string {
	if v == "" {
		return "a password is needed"
	}
	return ""
}

// signedIn is the outcome of one try, of either kind.
type signedIn struct {
	session *models.Session
	confirm bool // the account is made, and its e-mail has to be confirmed
	err     error
}

func (s *signIn) Init() tea.Cmd { return nil }

func (s *signIn) Title() string {
	if s.signUp {
		return "Sign up"
	}
	return "Sign in"
}

func (s *signIn) Link() string { return "signin" }

// Capturing is always true: the form is all there is.
func (s *signIn) Capturing() bool { return true }

func (s *signIn) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	switch m := msg.(type) {
	case signedIn:
		return s.outcome(m)
	case screen.Failed:
		s.sending, s.failed = false, m.Err
		return nil
	}
	return s.form.Update(below(msg, s.formY))
}

// submit tries the form. What was typed stays whatever comes of it.
func (s *signIn) submit() tea.Cmd {
	if s.sending {
		return nil
	}
	s.sending, s.failed, s.note = true, nil, ""
	email, password := strings.TrimSpace(s.form.Value(fieldEmail)), s.form.Value(fieldPassword)
	b := s.b
	if s.signUp {
		return screen.Do(s.sc, opSignUp, signInTimeout, func(ctx context.Context) tea.Msg {
			r, err := b.SignUp(ctx, email, password)
			return signedIn{session: r.Session, confirm: r.Confirmation, err: err}
		})
	}
	return screen.Do(s.sc, opSignIn, signInTimeout, func(ctx context.Context) tea.Msg {
		session, err := b.SignIn(ctx, email, password)
		return signedIn{session: &session, err: err}
	})
}

func (s *signIn) outcome(m signedIn) tea.Cmd {
	s.sending = false
	switch {
	case m.err != nil:
		s.failed = m.err
		return nil
	case m.session == nil:
		s.signUp = false
		s.note = "The account is made. Open the link in the mail that was sent to you, then sign in here."
		s.hints()
		return nil
	}
	s.form.SetValue(fieldPassword, "")
	return screen.SignedIn(*m.session)
}

// toggle switches between signing in and up; what was typed stays.
func (s *signIn) toggle() tea.Cmd {
	s.touch()
	s.signUp = !s.signUp
	s.failed, s.note = nil, ""
	s.hints()
	return nil
}

func (s *signIn) hints() {
	if s.signUp {
		s.form.SetHint(fieldPassword, "choose one of 6 letters or more; enter signs up")
		return
	}
	s.form.SetHint(fieldPassword, "enter signs in")
}

func (s *signIn) Actions() []screen.Action {
	verb, other := "sign in", "sign up instead"
	if s.signUp {
		verb, other = "sign up", "sign in instead"
	}
	busy := func() string {
		if s.sending {
			return "the answer is on its way"
		}
		return ""
	}
	return []screen.Action{
		{ID: "signin.submit", Keys: screen.Bind("enter", verb)},
		{ID: "signin.next", Keys: screen.Bind("tab", "next field")},
		{ID: "signin.toggle", Keys: screen.Bind("ctrl+t", other), Off: busy, Do: s.toggle},
	}
}

func (s *signIn) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *signIn) draw(f screen.Frame) string {
	w := min(f.W, signInWidth)
	iw, _ := kit.PanelInner(w, f.H)
	head, tail := s.head(f, iw), s.tail(f, iw)
	const formLines = 4
	h := len(head) + formLines + len(tail) + 2
	if h > f.H { // no room: what explains goes first, the form last
		head = nil
		h = min(f.H, formLines+len(tail)+2)
	}
	_, ih := kit.PanelInner(w, h)
	room := max(0, ih-len(head)-min(formLines, ih))
	tail = tail[:min(len(tail), room)]
	formH := min(formLines, max(1, ih-len(head)))
	parts := append(append([]string{}, head...), s.form.View(f.Theme, iw, formH))
	parts = append(parts, tail...)
	box := kit.Panel(f.Theme, s.Title(), strings.Join(parts, "\n"), w, h, f.Focus)
	top, left := max(0, (f.H-h)/3), max(0, (f.W-w)/2)
	s.formY = top + len(head) + (h-ih)/2
	return strings.Repeat("\n", top) + indent(box, left)
}

// head says which project this is about.
func (s *signIn) head(f screen.Frame, w int) []string {
	c := s.b.Connection()
	pairs := [][2]string{{"Project", models.Clean(c.URL)}, {"Profile", models.Clean(c.Profile)}}
	if c.Demo {
		pairs = append(pairs, [2]string{"", "the demo on this machine"})
	}
	for i, account := range c.Accounts {
		label := ""
		if i == 0 {
			label = "Accounts"
		}
		pairs = append(pairs, [2]string{label, models.Clean(account)})
	}
	return append(strings.Split(kit.KeyValues(f.Theme, pairs, w), "\n"), "")
}

// tail says how the last try went.
func (s *signIn) tail(f screen.Frame, w int) []string {
	th := f.Theme
	switch {
	case s.sending && s.signUp:
		return []string{th.Info.Render("Signing up…")}
	case s.sending:
		return []string{th.Info.Render("Signing in…")}
	case s.failed != nil:
		text, hint := signInWords(s.failed, s.b.Connection().URL)
		out := wrapped(th.Bad.Render, th.Glyph("✗ ", "x ")+text, w)
		if hint != "" {
			out = append(out, wrapped(th.Dim.Render, hint, w)...)
		}
		return out
	case s.note != "":
		return wrapped(th.Good.Render, s.note, w)
	}
	return []string{th.Faint.Render(kit.Truncate("ctrl+t switches between signing in and signing up", w))}
}

// indent moves a block to the right.
func indent(block string, n int) string {
	if n <= 0 {
		return block
	}
	pad := kit.Spaces(n)
	return pad + strings.ReplaceAll(block, "\n", "\n"+pad)
}
