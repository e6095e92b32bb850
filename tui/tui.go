// Package tui is the shell: the one Bubble Tea model. It owns the terminal, the
// header and footer, the stack of screens, and every layer above them: help,
// palette, filter line, dialogs and toasts.
package tui

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"os"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/screens"
)

// Backend is what the screens read and write; *client.Client is one.
type Backend = screens.Backend

// Options of a run. The zero value takes the process's terminal.
type Options struct {
	In  io.Reader // nil = os.Stdin
	Out io.Writer // nil = os.Stdout
	Env []string  // "K=V"; nil = os.Environ()

	Theme   string // "auto", "dark", "light"
	NoColor bool   // NO_COLOR in Env does the same
	ASCII   bool
	NoMouse bool
	Notify  string // "auto" (or ""), "osc", "bell", "off": what tells somebody who looks elsewhere

	Link    string // where to start, "job/ID"; "" = the first tab
	Now     func() time.Time
	Screens screens.Options
	Log     *slog.Logger
}

// framesPerSecond bounds how long a key waits for its frame: to 8 ms, where the
// usual 60 have it wait for 17 alone. Nothing is drawn when nothing has changed,
// so that more of them cost no byte.
const framesPerSecond = 120

// Patience of Run after quitting.
const (
	settleTime = 3 * time.Second // for commands that park, such as a download
	quitTime   = time.Second     // for the program to take a quit from outside
)

// Run opens the terminal interface and returns when the user quits (nil), when
// ctx ends (its cause), or when the terminal is none (CodeUsage). The terminal
// is restored in every case, a panic included.
func Run(ctx context.Context, o Options, b Backend) error {
	o = o.withDefaults()
	if err := usable(o); err != nil {
		return err
	}
	return run(ctx, o, b, screens.All(b, o.Screens))
}

// run is Run with the table of screens, for tests of the shell alone.
func run(ctx context.Context, o Options, b Backend, specs []screen.Spec) error {
	o = o.withDefaults()
	defer silenceLog()()
	group := new(screen.Group)
	root, cancel := context.WithCancel(screen.WithGroup(ctx, group))
	defer cancel()
	p := tea.NewProgram(newShell(root, o, b, specs), programOptions(o)...)
	ended := make(chan struct{})
	watcher := make(chan struct{})
	go func() {
		defer close(watcher)
		quitOn(ctx, ended, p)
	}()
	_, err := p.Run()
	close(ended)
	<-watcher
	cancel()
	settle(group)
	return outcome(ctx, err)
}

// quitOn asks the program to quit when ctx ends, and kills it if it does not.
func quitOn(ctx context.Context, ended <-chan struct{}, p *tea.Program) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		p.Quit()
	}()
	t := time.NewTimer(quitTime)
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
		p.Kill()
	}
	<-asked
}

// settle waits a little for what still runs.
func settle(g *screen.Group) {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	g.Wait(ctx)
}

// outcome translates how the program ended.
func outcome(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		return nil
	case errors.Is(err, tea.ErrProgramPanic):
		return &models.Error{
			Code: models.CodeUnknown, Op: "terminal interface", Msg: "it stopped by an internal error",
			Hint: "The plain commands, such as loratop jobs ls, go on working.", Err: err,
		}
	default:
		return &models.Error{Code: models.CodeUnknown, Op: "terminal interface", Msg: models.Clean(err.Error()), Err: err}
	}
}

func (o Options) withDefaults() Options {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if env(o.Env, "NO_COLOR") != "" {
		o.NoColor = true
	}
	return o
}

func programOptions(o Options) []tea.ProgramOption {
	opts := []tea.ProgramOption{
		tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Env),
		tea.WithoutSignalHandler(), // ctx carries the signals, SIGHUP among them
		tea.WithFPS(framesPerSecond),
	}
	if _, file := o.Out.(interface{ Fd() uintptr }); !file {
		// No terminal that could be asked for its size and colours.
		w, _ := strconv.Atoi(env(o.Env, "COLUMNS"))
		h, _ := strconv.Atoi(env(o.Env, "LINES"))
		opts = append(opts, tea.WithWindowSize(w, h), tea.WithColorProfile(colorprofile.Env(o.Env)))
	}
	if o.NoColor {
		opts = append(opts, tea.WithColorProfile(colorprofile.Ascii))
	}
	return opts
}

// usable refuses what cannot be drawn on.
func usable(o Options) error {
	refuse := func(msg string) error {
		return &models.Error{
			Code: models.CodeUsage, Msg: msg,
			Hint: "Use the plain commands, for example: loratop jobs ls, loratop watch JOB --json",
		}
	}
	if !isTerminal(o.In) || !isTerminal(o.Out) {
		return refuse("the terminal interface needs a terminal, and input or output is none")
	}
	if env(o.Env, "TERM") == "dumb" {
		return refuse("the terminal interface cannot be drawn on a dumb terminal (TERM=dumb)")
	}
	return nil
}

// isTerminal asks files; anything else (an emulator in a test) is taken for one.
func isTerminal(v any) bool {
	f, ok := v.(interface{ Fd() uintptr })
	return !ok || term.IsTerminal(f.Fd())
}

// env looks a variable up; the last of several counts.
func env(list []string, name string) string {
	for i := len(list) - 1; i >= 0; i-- {
		if k, v, ok := cutEnv(list[i]); ok && k == name {
			return v
		}
	}
	return ""
}

func cutEnv(kv string) (k, v string, ok bool) {
	for i := range len(kv) {
		if kv[i] == '=' {
			return kv[:i], kv[i+1:], true
		}
	}
	return kv, "", false
}

// silenceLog keeps the standard logger, and with it what libraries print, off
// the screen while it is ours.
func silenceLog() (restore func()) {
	before := log.Writer()
	log.SetOutput(io.Discard)
	return func() { log.SetOutput(before) }
}
