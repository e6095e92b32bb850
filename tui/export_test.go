package tui

import (
	"context"

	"github.com/loratop/loratop/tui/screen"
)

// RunSpecs is run, for tests of the shell over screens of their own.
var RunSpecs = run

// Globals are the shell's own actions and those of the tabs.
func Globals(b Backend, specs []screen.Spec) []screen.Action {
	s := newShell(context.Background(), Options{}.withDefaults(), b, specs)
	return append(s.globals(), s.tabActions()...)
}
