// Package app runs the whole interface in a terminal emulator. It is apart from
// tuitest so that the tests of the screens themselves can import that.
package app

import (
	"context"
	"io"
	"testing"

	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/tuitest"
)

var _ tui.Backend = (*tuitest.Fake)(nil)

// Start runs every screen of the interface over a backend.
func Start(tb testing.TB, b tui.Backend, o tui.Options, w, h int) *tuitest.Term {
	tb.Helper()
	return tuitest.Start(tb, w, h, func(ctx context.Context, in io.Reader, out io.Writer, env []string) error {
		o.In, o.Out = in, out
		o.Env = append(env, o.Env...)
		return tui.Run(ctx, o, b)
	})
}
