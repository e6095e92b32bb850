// Package tuitest runs the terminal interface in a terminal emulator: a test
// presses keys and looks at the screen, as a user does.
package tuitest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"github.com/loratop/loratop/tui/kit"
)

// Patience is how long See waits for a text before the test fails.
const Patience = 60 * time.Second

const pollEvery = 5 * time.Millisecond

// Term is a terminal emulator with a program in it. Its methods may be called
// from the test's goroutine only.
type Term struct {
	tb testing.TB

	mu      sync.Mutex // guards em, changes, written, title
	em      *vt.Emulator
	changes uint64 // writes of the program
	written int64  // bytes of the program
	title   string
	alt     bool
	resized bool // since the start

	send   func(string) // keys to the program
	resize func(w, h int)

	done chan struct{}
	err  error // of the program, after done
}

// newTerm makes the emulator; answers to the program's queries go to replies.
func newTerm(tb testing.TB, w, h int, replies io.Writer) *Term {
	t := &Term{tb: tb, em: vt.NewEmulator(max(w, 1), max(h, 1)), done: make(chan struct{})}
	t.em.SetCallbacks(vt.Callbacks{
		Title:     func(s string) { t.title = s },
		AltScreen: func(on bool) { t.alt = on },
	})
	go func() { // ends when the emulator is closed
		_, _ = io.Copy(replies, t.em)
	}()
	tb.Cleanup(func() {
		// Emulator.Close would race with the Read above; its pipe does not.
		if c, ok := t.em.InputPipe().(io.Closer); ok {
			_ = c.Close()
		}
	})
	return t
}

// Write takes the program's output.
func (t *Term) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes++
	t.written += int64(len(p))
	return t.feed(p)
}

// feed gives output to the emulator. A frame for a larger size may still arrive
// after the terminal was made smaller; x/vt 0.1.0 panics when such a frame
// scrolls below its last row, where a real terminal does nothing. The rest of
// that frame is of no use: the program draws all of the new size next.
func (t *Term) feed(p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(runtime.Error); !ok || !t.resized {
				panic(r)
			}
			n, err = len(p), nil
		}
	}()
	return t.em.Write(p)
}

// Main is a program that talks to a terminal: in and out are none of *os.File.
type Main func(ctx context.Context, in io.Reader, out io.Writer, env []string) error

// Start runs a program in an emulator of w×h cells until it returns; at the end
// of the test its context is cancelled and it must return.
func Start(tb testing.TB, w, h int, run Main) *Term {
	tb.Helper()
	in := newPipe()
	t := newTerm(tb, w, h, in)
	t.send = func(s string) { _, _ = in.Write([]byte(s)) }
	t.resize = func(w, h int) { t.send(fmt.Sprintf("\x1b[48;%d;%d;0;0t", h, w)) } // in-band report
	ctx, cancel := context.WithCancel(context.Background())
	env := []string{
		"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8",
		fmt.Sprintf("COLUMNS=%d", w), fmt.Sprintf("LINES=%d", h),
	}
	go func() {
		defer close(t.done)
		t.err = run(ctx, in, newlines{t}, env)
	}()
	tb.Cleanup(func() {
		cancel()
		select {
		case <-t.done:
		case <-time.After(Patience):
			tb.Errorf("the program did not end with its context")
		}
		_ = in.Close()
	})
	return t
}

// newlines does what a tty does for a program whose input is none: a line feed
// also returns to the first column.
type newlines struct{ t *Term }

func (n newlines) Write(p []byte) (int, error) {
	if _, err := n.t.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Press sends keys by name, one after the other: "j", "enter", "ctrl+p".
func (t *Term) Press(keys ...string) *Term {
	t.tb.Helper()
	for _, k := range keys {
		seq, ok := keySeq(k)
		if !ok {
			t.tb.Fatalf("Press: no key is called %q", k)
		}
		t.send(seq)
	}
	return t
}

// Type sends text as single keys.
func (t *Term) Type(text string) *Term {
	t.send(text)
	return t
}

// Paste sends text as a bracketed paste.
func (t *Term) Paste(text string) *Term {
	t.send("\x1b[200~" + text + "\x1b[201~")
	return t
}

// Click presses and releases the left button on a cell.
func (t *Term) Click(x, y int) *Term {
	t.send(fmt.Sprintf("\x1b[<0;%d;%dM\x1b[<0;%d;%dm", x+1, y+1, x+1, y+1))
	return t
}

// ClickOn clicks on the first cell of a text that is on the screen.
func (t *Term) ClickOn(text string) *Term {
	t.tb.Helper()
	for y, line := range strings.Split(t.Screen(), "\n") {
		if i := strings.Index(line, text); i >= 0 {
			return t.Click(ansi.StringWidth(line[:i]), y)
		}
	}
	t.tb.Fatalf("ClickOn: %q is not on the screen\n%s", text, t.boxed())
	return t
}

// Wheel turns the wheel over a cell, up for n below 0.
func (t *Term) Wheel(x, y, n int) *Term {
	button := 65
	if n < 0 {
		button, n = 64, -n
	}
	for range n {
		t.send(fmt.Sprintf("\x1b[<%d;%d;%dM", button, x+1, y+1))
	}
	return t
}

// Focus tells the program that the terminal has, or has not, the focus.
func (t *Term) Focus(on bool) *Term {
	if on {
		t.send("\x1b[I")
	} else {
		t.send("\x1b[O")
	}
	return t
}

// Resize changes the size of the terminal. The emulator itself keeps at least
// 1×1.
func (t *Term) Resize(w, h int) *Term {
	t.mu.Lock()
	t.em.Resize(max(w, 1), max(h, 1))
	t.resized = true
	t.mu.Unlock()
	t.resize(w, h)
	return t
}

// Screen is the text on the screen, a line per row, without trailing blanks.
func (t *Term) Screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, h := t.em.Width(), t.em.Height()
	lines := make([]string, h)
	for y := range h {
		var b strings.Builder
		for x := 0; x < w; {
			c := t.em.CellAt(x, y)
			if c == nil || c.Content == "" {
				b.WriteByte(' ')
				x++
				continue
			}
			b.WriteString(c.Content)
			x += max(1, c.Width)
		}
		lines[y] = strings.TrimRight(b.String(), " ")
	}
	return strings.Join(lines, "\n")
}

// Line is one row of the screen.
func (t *Term) Line(y int) string {
	lines := strings.Split(t.Screen(), "\n")
	if y < 0 {
		y += len(lines)
	}
	if y < 0 || y >= len(lines) {
		return ""
	}
	return lines[y]
}

// Styled is the screen with its escape sequences.
func (t *Term) Styled() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.em.Render()
}

// Written is the number of bytes that the program has sent.
func (t *Term) Written() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.written
}

// Title is the window title.
func (t *Term) Title() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.title
}

// Ground is the background colour that the terminal has been given, as
// "#rrggbb".
func (t *Term) Ground() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.em.BackgroundColor()
	if c == nil {
		return ""
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

// AltScreen reports whether the alternate screen is on: after the end it must
// not be.
func (t *Term) AltScreen() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.alt
}

// Restored reports that the terminal is as it was: main screen, cursor shown.
func (t *Term) Restored() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.alt && !t.em.CursorHidden()
}

// See waits until every text is on the screen.
func (t *Term) See(texts ...string) *Term {
	t.tb.Helper()
	for _, text := range texts {
		t.Until(fmt.Sprintf("%q", text), func(s string) bool { return strings.Contains(s, text) })
	}
	return t
}

// Gone waits until a text is no longer on the screen.
func (t *Term) Gone(text string) *Term {
	t.tb.Helper()
	return t.Until(fmt.Sprintf("no %q", text), func(s string) bool { return !strings.Contains(s, text) })
}

// Until waits for a condition on the screen; what describes it for the failure.
func (t *Term) Until(what string, cond func(screen string) bool) *Term {
	t.tb.Helper()
	return t.until(what, Patience, cond)
}

// UntilIn is Until with a patience of its own.
func (t *Term) UntilIn(d time.Duration, what string, cond func(screen string) bool) *Term {
	t.tb.Helper()
	return t.until(what, d, cond)
}

func (t *Term) until(what string, patience time.Duration, cond func(string) bool) *Term {
	t.tb.Helper()
	deadline := time.Now().Add(patience)
	for {
		if cond(t.Screen()) {
			return t
		}
		select {
		case <-t.done:
			if !cond(t.Screen()) {
				t.tb.Fatalf("the program ended (%v) while waiting for %s\n%s", t.err, what, t.boxed())
			}
			return t
		default:
		}
		if time.Now().After(deadline) {
			t.tb.Fatalf("waited %v for %s\n%s", patience, what, t.boxed())
		}
		time.Sleep(pollEvery)
	}
}

// Never fails if a text shows up before then is on the screen.
func (t *Term) Never(text, then string) *Term {
	t.tb.Helper()
	return t.Until(fmt.Sprintf("%q without %q", then, text), func(s string) bool {
		if strings.Contains(s, text) {
			t.tb.Fatalf("%q is on the screen\n%s", text, t.boxed())
		}
		return strings.Contains(s, then)
	})
}

// Confirm answers yes to the dialog on the screen, as soon as it takes answers.
func (t *Term) Confirm() *Term {
	t.tb.Helper()
	return t.See("(y)").Press("y")
}

// Wait waits until the program has ended and gives what it returned.
func (t *Term) Wait() error {
	t.tb.Helper()
	select {
	case <-t.done:
		return t.err
	case <-time.After(Patience):
		t.tb.Fatalf("the program does not end\n%s", t.boxed())
		return nil
	}
}

// SVG draws the screen as a picture.
func (t *Term) SVG() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return kit.SVG(t.em)
}

// CellAt is a cell of the screen; nil outside.
func (t *Term) CellAt(x, y int) *uv.Cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.em.CellAt(x, y)
}

func (t *Term) boxed() string {
	var b strings.Builder
	b.WriteString("--- screen\n")
	for _, l := range strings.Split(t.Screen(), "\n") {
		b.WriteString("| " + l + "\n")
	}
	return b.String()
}
