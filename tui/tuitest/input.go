package tuitest

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// namedKeys are what a terminal sends for the keys that Press knows beside
// single characters.
func namedKeys() map[string]string {
	return map[string]string{
		"enter": "\r", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f", "delete": "\x1b[3~",
		"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
		"home": "\x1b[H", "end": "\x1b[F", "pgup": "\x1b[5~", "pgdown": "\x1b[6~", "f1": "\x1bOP",
		// As terminals with key disambiguation send it, which Bubble Tea asks
		// for: a lone ESC would be glued to the next key on a busy machine.
		"esc": "\x1b[27u",
	}
}

// keySeq is what a terminal sends for a key; ok is false for an unknown name.
func keySeq(name string) (seq string, ok bool) {
	if s, ok := namedKeys()[name]; ok {
		return s, true
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
