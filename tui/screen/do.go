package screen

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
)

// Addressed carries a result to the screen instance that asked for it. The
// shell hands Msg to that screen's Update and then runs Next; when the screen
// is gone it drops both.
type Addressed struct {
	To   uint64
	Msg  tea.Msg
	Next tea.Cmd // may be nil; re-arms a Stream
}

// Failer is a message that reports an error the shell wants to see: at
// models.CodeSignIn it opens the sign-in screen on top.
type Failer interface{ Failure() error }

// Failed is what a command that panicked returns: the screen gets it, and the
// shell shows it as a toast.
type Failed struct {
	Op    string
	Err   error
	Stack string // for the log
}

// Failure is the error.
func (f Failed) Failure() error { return f.Err }

// Do runs f off the Update goroutine and addresses its message to the screen.
// The context ends with the screen and after timeout (0: no limit of its own).
// A panic becomes Failed. A nil message sends nothing. f must return a plain
// message, never a tea.Cmd's private one (tea.Batch, tea.Sequence).
func Do(sc Scope, op string, timeout time.Duration, f func(context.Context) tea.Msg) tea.Cmd {
	return func() (out tea.Msg) {
		ctx := sc.Context()
		defer enter(ctx)()
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		msg := guard(op, func() tea.Msg { return f(ctx) })
		if msg == nil {
			return nil
		}
		return Addressed{To: sc.id, Msg: msg}
	}
}

// guard runs f and turns a panic into Failed.
func guard(op string, f func() tea.Msg) (out tea.Msg) {
	defer func() {
		if r := recover(); r != nil {
			out = Failed{Op: op, Err: panicError(op, r), Stack: string(debug.Stack())}
		}
	}()
	return f()
}

func panicError(op string, r any) error {
	return &models.Error{
		Code: models.CodeUnknown, Op: op,
		Msg:  "an internal error: " + models.Clean(fmt.Sprint(r)),
		Hint: "This is a bug in loratop; the rest goes on working.",
	}
}

// emitEvery is the least time between two messages of a Stream.
const emitEvery = 50 * time.Millisecond

// Stream runs f, which may emit messages while it goes on; the last returned
// message ends it. Emitting never blocks: when the screen is slower, or more
// than 20 messages come in a second, only the newest is kept, so it is for
// progress and not for data that must all arrive.
func Stream(sc Scope, op string, f func(ctx context.Context, emit func(tea.Msg)) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		s := &stream{sc: sc, slot: make(chan tea.Msg, 1), end: make(chan tea.Msg, 1)}
		leave := enter(sc.Context())
		go func() {
			defer leave()
			s.end <- guard(op, func() tea.Msg { return f(sc.Context(), s.emit) })
		}()
		return s.next()
	}
}

type stream struct {
	sc   Scope
	slot chan tea.Msg // the newest message that was not taken yet
	end  chan tea.Msg
}

// emit replaces what waits in the slot. Only f's goroutine calls it.
func (s *stream) emit(m tea.Msg) {
	select {
	case <-s.slot:
	default:
	}
	select {
	case s.slot <- m:
	default:
	}
}

// next waits for one message; it is a tea.Cmd.
func (s *stream) next() tea.Msg {
	select {
	case m := <-s.end:
		return s.last(m)
	case m := <-s.slot:
		return Addressed{To: s.sc.id, Msg: m, Next: s.paced}
	}
}

// paced is next after a pause, or at once when f has ended.
func (s *stream) paced() tea.Msg {
	t := time.NewTimer(emitEvery)
	defer t.Stop()
	select {
	case <-t.C:
		return s.next()
	case m := <-s.end:
		return s.last(m)
	}
}

func (s *stream) last(m tea.Msg) tea.Msg {
	if m == nil {
		return nil
	}
	return Addressed{To: s.sc.id, Msg: m}
}
