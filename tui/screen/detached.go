package screen

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// Root ends when the program quits, not when the screen leaves: for what must
// outlive the screen that began it.
func (s Scope) Root() context.Context {
	if s.root == nil {
		return context.Background()
	}
	return s.root
}

// Detached runs f off the Update goroutine in the Root context of the scope,
// and gives its message to the shell instead of the screen, which may be gone
// by then. Quitting waits for it as for any command. A panic becomes Failed.
func Detached(sc Scope, op string, f func(context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		ctx := sc.Root()
		defer enter(ctx)()
		return guard(op, func() tea.Msg { return f(ctx) })
	}
}
