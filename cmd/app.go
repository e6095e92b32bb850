// Package cmd is loratop's command line: one file a command, and the wiring of
// configuration, client, local stack and terminal. It is the only package that
// knows all others.
package cmd

import (
	"context"
	"io"
	"os"
	"slices"
	"time"

	"github.com/charmbracelet/x/term"
)

// IO is the world as a command sees it; tests give their own.
type IO struct {
	Args   []string // without the program's name
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Env    []string
	Now    func() time.Time
	InTTY  bool // In is a terminal: prompts are possible
	OutTTY bool // Out is a terminal
	ErrTTY bool // Err is a terminal: progress may be drawn on it
}

// System is the process's own IO.
func System() IO {
	return IO{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Env: os.Environ(), Now: time.Now,
		InTTY: term.IsTerminal(os.Stdin.Fd()), OutTTY: term.IsTerminal(os.Stdout.Fd()),
		ErrTTY: term.IsTerminal(os.Stderr.Fd()),
	}
}

// Getenv looks a variable up in the IO's environment; the last setting wins.
func (s IO) Getenv(name string) string {
	value := ""
	for _, kv := range s.Env {
		if len(kv) > len(name) && kv[len(name)] == '=' && kv[:len(name)] == name {
			value = kv[len(name)+1:]
		}
	}
	return value
}

// Main runs one invocation and returns the process's exit code.
func Main(sys IO) int {
	ctx, stop := withSignals(context.Background())
	defer stop()
	return run(ctx, sys)
}

// run is Main with the caller's context.
func run(ctx context.Context, sys IO) int {
	a := &app{sys: sys}
	return a.main(ctx)
}

// main builds the command tree, runs it and says how it ended.
func (a *app) main(ctx context.Context) int {
	sys := a.sys
	root := a.root()
	root.SetArgs(append([]string{}, sys.Args...)) // never nil: cobra would read os.Args
	root.SetIn(sys.In)
	root.SetOut(sys.Out)
	root.SetErr(sys.Err)
	err := execute(ctx, root)
	for _, f := range slices.Backward(a.exits) {
		f()
	}
	return a.finish(ctx, err)
}
