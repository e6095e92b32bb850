package tui_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

// toy is a screen that shows what reaches it.
type toy struct {
	sc     screen.Scope
	name   string
	args   screen.Args
	feed   *screen.Feed[int]
	log    []string
	filter string
	typing bool
	text   string
	busy   string
	closed chan<- string
}

// world is what the toys of one test share.
type world struct {
	read   func(context.Context) (int, error)
	closed chan string
	busy   string
}

func (w *world) specs() []screen.Spec {
	make := func(name string) func(screen.Scope, screen.Args) screen.Screen {
		return func(sc screen.Scope, a screen.Args) screen.Screen {
			t := &toy{sc: sc, name: name, args: a, closed: w.closed, busy: w.busy}
			read := w.read
			if read == nil {
				read = func(context.Context) (int, error) { return 7, nil }
			}
			t.feed = screen.NewFeed(sc, "toy", screen.Every(20*time.Millisecond, time.Hour), read)
			return t
		}
	}
	return []screen.Spec{
		{Name: "home", Title: "Home", Nav: true, New: make("home")},
		{Name: "jobs", Title: "Jobs", Nav: true, New: make("jobs")},
		{Name: "job", Title: "Job", New: make("job")},
		{Name: "signin", Title: "Sign in", New: newToySignIn},
	}
}

func (t *toy) Init() tea.Cmd {
	t.log = append(t.log, "init")
	return t.feed.Start()
}

func (t *toy) Update(msg tea.Msg) tea.Cmd {
	cmd, _ := t.feed.Update(msg)
	t.note(msg)
	return cmd
}

func (t *toy) note(msg tea.Msg) {
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		switch {
		case t.typing:
			t.text += m.Text
		case m.String() == "!":
			panic("toy broke")
		default:
			t.log = append(t.log, "key:"+m.String())
		}
	case tea.PasteMsg:
		t.text += m.Content
	case tea.MouseClickMsg:
		t.log = append(t.log, fmt.Sprintf("click:%d,%d", m.X, m.Y))
	case tea.MouseWheelMsg:
		t.log = append(t.log, "wheel")
	case screen.ShowMsg:
		t.log = append(t.log, "show")
	case screen.HideMsg:
		t.log = append(t.log, "hide")
	case tea.BlurMsg:
		t.log = append(t.log, "blur")
	case toyDone:
		t.log = append(t.log, "done:"+string(m))
	}
}

type toyDone string

func (t *toy) View(f screen.Frame) string {
	v, _ := t.feed.Value()
	lines := []string{
		fmt.Sprintf("%s [%s] feed=%d", t.name, strings.Join(t.args, ","), v),
		"filter=" + t.filter + " text=" + t.text,
		"log=" + strings.Join(t.log, " "),
	}
	if f.H > 5 {
		lines = append(lines, fmt.Sprintf("size=%dx%d dark=%v", f.W, f.H, f.Theme.Dark))
	}
	return kit.Fit(strings.Join(lines, "\n"), f.W, f.H)
}

func (t *toy) Actions() []screen.Action {
	add := func(s string) tea.Cmd { t.log = append(t.log, s); return nil }
	return []screen.Action{
		{ID: "toy.open", Keys: screen.Bind("enter", "open"), Do: func() tea.Cmd {
			if t.typing {
				t.typing = false
				return nil
			}
			return screen.Go("job/42")
		}},
		{ID: "toy.become", Keys: screen.Bind("b", "become a job"), Do: func() tea.Cmd { return screen.Replace("job/43") }},
		{ID: "toy.kill", Keys: screen.Bind("x", "kill it"), Risk: screen.RiskConfirm,
			Prompt: func() (string, string, string) { return "Kill it?", "It costs $3.", "" },
			Do:     func() tea.Cmd { return add("killed") }},
		{ID: "toy.wipe", Keys: screen.Bind("W", "wipe"), Risk: screen.RiskTypeName,
			Prompt: func() (string, string, string) { return "Wipe?", "All is lost.", "alpha" },
			Do:     func() tea.Cmd { return add("wiped") }},
		{ID: "toy.off", Keys: screen.Bind("o", "impossible"), Off: func() string { return "it is Tuesday" }, Do: func() tea.Cmd { return add("BAD") }},
		{ID: "toy.slow", Keys: screen.Bind("s", "slow"), Do: func() tea.Cmd {
			return screen.Do(t.sc, "slow", time.Second, func(context.Context) tea.Msg { return toyDone("slow") })
		}},
		{ID: "toy.crash", Keys: screen.Bind("c", "crash"), Do: func() tea.Cmd {
			return screen.Do(t.sc, "crash", time.Second, func(context.Context) tea.Msg { panic("inside a command") })
		}},
		{ID: "toy.type", Keys: screen.Bind("i", "type"), Do: func() tea.Cmd { t.typing = true; return nil }},
		{ID: "toy.toast", Keys: screen.Bind("t", "toast"), Do: func() tea.Cmd { return screen.Toast(screen.LevelGood, "hello \x1b[31mtoast") }},
		{ID: "toy.end", Keys: screen.Bind("e", "end session"), Do: func() tea.Cmd { return screen.SignedOut("the session has ended") }},
	}
}

func (t *toy) Title() string {
	if len(t.args) > 0 {
		return t.name + " " + t.args[0]
	}
	return t.name
}
func (t *toy) Capturing() bool             { return t.typing }
func (t *toy) Copy() string                { return t.args.At(0) }
func (t *toy) Filter(s string) tea.Cmd     { t.filter = s; return nil }
func (t *toy) FilterText() string          { return t.filter }
func (t *toy) FeedState() screen.FeedState { return t.feed.State() }
func (t *toy) Busy() string                { return t.busy }
func (t *toy) Close() {
	if t.closed != nil {
		t.closed <- t.name
	}
}

// toySignIn signs in as whoever is typed.
type toySignIn struct{ form *kit.Form }

func newToySignIn(screen.Scope, screen.Args) screen.Screen {
	f := kit.NewForm(kit.Field{Name: "email", Label: "E-mail"})
	f.OnSubmit = func() tea.Cmd {
		name, _, _ := strings.Cut(f.Value("email"), "@")
		return screen.SignedIn(models.Session{UserID: "user-" + name, Email: f.Value("email")})
	}
	return &toySignIn{f}
}

func (s *toySignIn) Init() tea.Cmd              { return nil }
func (s *toySignIn) Update(m tea.Msg) tea.Cmd   { return s.form.Update(m) }
func (s *toySignIn) View(f screen.Frame) string { return s.form.View(f.Theme, f.W, f.H) }
func (s *toySignIn) Actions() []screen.Action   { return nil }
func (s *toySignIn) Title() string              { return "Sign in" }
func (s *toySignIn) Capturing() bool            { return true }

func start(t *testing.T, w *world, b *tuitest.Fake, o tui.Options, cols, rows int) *tuitest.Term {
	t.Helper()
	return tuitest.Start(t, cols, rows, func(ctx context.Context, in io.Reader, out io.Writer, env []string) error {
		o.In, o.Out, o.Env = in, out, append(env, o.Env...)
		return tui.RunSpecs(ctx, o, b, w.specs())
	})
}

func fake() *tuitest.Fake { return tuitest.NewFake(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)) }
