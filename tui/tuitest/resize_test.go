package tuitest

import (
	"io"
	"strings"
	"testing"
)

// A frame that was made for a larger terminal does not end the emulator, and
// what comes after it is shown.
func TestFrameOfALargerTerminal(t *testing.T) {
	term := newTerm(t, 20, 10, io.Discard)
	term.resize = func(int, int) {}
	term.Resize(20, 3)
	for _, s := range []string{"\x1b[3;10r\x1b[4S", "\x1b[r\x1b[2J\x1b[Hnew frame"} {
		if n, err := term.Write([]byte(s)); err != nil || n != len(s) {
			t.Fatalf("%q: %d, %v", s, n, err)
		}
	}
	if got := term.Screen(); !strings.Contains(got, "new frame") {
		t.Errorf("the screen is %q", got)
	}
}
