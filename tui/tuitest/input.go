package tuitest

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// keySeq is what a terminal sends for a key: the names that Press knows, beside
// single characters.
func keySeq(name string) (string, bool) {
	switch name {
	case "enter":
		return "\r", true
	case "tab":
		return "\t", true
	case "shift+tab":
		return "\x1b[Z", true
	case "esc":
		// As terminals with key disambiguation send it, which Bubble Tea asks
		// for: a lone ESC would be glued to the next key on a busy machine.
		return "\x1b[27u", true
	case "space":
		return " ", true
	case "backspace":
		return "\x7f", true
	case "up", "down", "right", "left":
		return "\x1b[" + map[string]string{"up": "A", "down": "B", "right": "C", "left": "D"}[name], true
	case "home":
		return "\x1b[H", true
	case "end":
		return "\x1b[F", true
	case "pgup":
		return "\x1b[5~", true
	case "pgdown":
		return "\x1b[6~", true
	case "delete":
		return "\x1b[3~", true
	case "f1":
		return "\x1bOP", true
	}
	if c, ok := strings.CutPrefix(name, "ctrl+"); ok && len(c) == 1 && c[0] >= 'a' && c[0] <= 'z' {
		return string(rune(c[0] - 'a' + 1)), true
	}
	return name, len([]rune(name)) == 1
}

// pipe is an unbounded buffer: writing never blocks, reading waits.
type pipe struct {
	mu     sync.Mutex
	more   *sync.Cond
	buf    bytes.Buffer
	closed bool
}

func newPipe() *pipe {
	p := &pipe{}
	p.more = sync.NewCond(&p.mu)
	return p
}

func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, io.ErrClosedPipe
	}
	p.more.Signal()
	return p.buf.Write(b)
}

func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.buf.Len() == 0 && !p.closed {
		p.more.Wait()
	}
	if p.buf.Len() == 0 {
		return 0, io.EOF
	}
	return p.buf.Read(b)
}

func (p *pipe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.more.Broadcast()
	return nil
}
