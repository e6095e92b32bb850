package tui_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
)

func TestRefusesWhatIsNoTerminal(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	for name, o := range map[string]tui.Options{
		"input is a pipe":  {In: r, Out: io.Discard, Env: []string{"TERM=xterm"}},
		"output is a pipe": {In: strings.NewReader(""), Out: w, Env: []string{"TERM=xterm"}},
		"dumb":             {In: strings.NewReader(""), Out: io.Discard, Env: []string{"TERM=xterm", "TERM=dumb"}},
	} {
		err := tui.Run(context.Background(), o, fake())
		var e *models.Error
		if !errors.As(err, &e) || e.Code != models.CodeUsage || !strings.Contains(e.Hint, "loratop jobs ls") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestContextCauseIsReturned(t *testing.T) {
	t.Parallel()
	stopped := errors.New("stopped by SIGTERM")
	ctx, cancel := context.WithCancelCause(context.Background())
	term := tuitest.Start(t, 80, 24, func(_ context.Context, in io.Reader, out io.Writer, env []string) error {
		return tui.RunSpecs(ctx, tui.Options{In: in, Out: out, Env: env}, fake(), (&world{}).specs())
	})
	term.See("home []")
	cancel(stopped)
	if err := term.Wait(); !errors.Is(err, stopped) {
		t.Errorf("%v", err)
	}
	if !term.Restored() {
		t.Error("the terminal is not restored")
	}
}

// bomb is a screen whose command breaks the rules: it is not run by Do.
type bomb struct{ toySignIn }

func (b *bomb) Capturing() bool { return false }
func (b *bomb) Update(m tea.Msg) tea.Cmd {
	if k, ok := m.(tea.KeyPressMsg); ok && k.String() == "b" {
		return func() tea.Msg { panic("bomb") }
	}
	return nil
}

func TestPanicRestoresTheTerminal(t *testing.T) {
	t.Parallel()
	specs := []screen.Spec{{Name: "home", Title: "Home", Nav: true, New: func(sc screen.Scope, a screen.Args) screen.Screen {
		return &bomb{*newToySignIn(sc, a).(*toySignIn)}
	}}}
	term := tuitest.Start(t, 80, 24, func(ctx context.Context, in io.Reader, out io.Writer, env []string) error {
		return tui.RunSpecs(ctx, tui.Options{In: in, Out: out, Env: env}, fake(), specs)
	})
	term.See("E-mail").Press("b")
	if err := term.Wait(); models.CodeOf(err) != models.CodeUnknown || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("%v", err)
	}
	if !term.Restored() {
		t.Error("the terminal is not restored")
	}
}

func TestQuitWaitsForWhatParks(t *testing.T) {
	t.Parallel()
	parked := make(chan struct{})
	begun := make(chan struct{})
	w := &world{read: func(ctx context.Context) (int, error) {
		close(begun)
		<-ctx.Done() // as a download that writes what it has
		close(parked)
		return 0, ctx.Err()
	}}
	term := start(t, w, fake(), tui.Options{}, 80, 24)
	term.See("home []")
	<-begun
	term.Press("ctrl+c")
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-parked:
	default:
		t.Error("quit did not wait for the running command")
	}
}

func TestForcedThemeBringsItsGround(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{Theme: "light"}, 80, 24)
	term.See("home []", "dark=false")
	term.Until("a light ground", func(string) bool { return term.Ground() == "#fbfbfa" })
	term.Press("q")
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
	if g := term.Ground(); g == "#fbfbfa" {
		t.Error("the ground stays after the end")
	}
}

func TestPaletteTakesClicks(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 24)
	term.See("home []").Press(":").See("Commands").ClickOn("toast").See("hello toast")
	term.Press(":").See("Commands").Click(0, 20).Gone("Commands")
}

// TestUnchangedSendsNothing reads again and again what stays the same: not one
// byte goes to the terminal.
func TestUnchangedSendsNothing(t *testing.T) {
	t.Parallel()
	var reads atomic.Int64
	w := &world{read: func(context.Context) (int, error) { reads.Add(1); return 7, nil }}
	b := fake()
	term := start(t, w, b, tui.Options{Now: func() time.Time { return noon }}, 80, 24)
	term.See("home [] feed=7", "2 unread", "live")
	settled := reads.Load() + 20
	term.Until("some reads", func(string) bool { return reads.Load() > settled })
	before, from := term.Written(), reads.Load()
	term.Until("more reads", func(string) bool { return reads.Load() > from+60 })
	if n := term.Written() - before; n != 0 {
		t.Errorf("%d bytes for nothing", n)
	}
}
