package local

import (
	"context"
	"net"
	"net/http"
)

// wholeConn sends the head of a large answer together with the body. net/http
// would pass on its first 4 kB by themselves, which costs a call and wakes the
// client for nothing.
type wholeConn struct {
	*net.TCPConn // files are still sent by the kernel

	holding bool
	head    []byte // what waits for the rest
}

// headSize is net/http's buffer for answers, in bytes.
const headSize = 4 << 10

// wholeListener makes wholeConns.
type wholeListener struct{ net.Listener }

func (l wholeListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		return &wholeConn{TCPConn: tcp}, nil
	}
	return c, err
}

type connKey struct{}

// withConn lets a handler find the connection that it answers on.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// connOf is nil where there is none, as in a test without a server.
func connOf(r *http.Request) *wholeConn {
	c, _ := r.Context().Value(connKey{}).(*wholeConn)
	return c
}

// Write implements net.Conn. Only the handler's goroutine writes.
func (c *wholeConn) Write(b []byte) (int, error) {
	if !c.holding {
		return c.TCPConn.Write(b)
	}
	if len(c.head) == 0 && len(b) <= headSize {
		c.head = append(c.head, b...) // whose buffer is net/http's
		return len(b), nil
	}
	head := len(c.head)
	both := net.Buffers{c.head, b}
	n, err := both.WriteTo(c.TCPConn)
	c.head = c.head[:0]
	return max(0, int(n)-head), err
}

// whole runs write, which writes one large piece, and sends what it held back.
func (c *wholeConn) whole(write func() (int, error)) (n int, err error) {
	c.holding = true
	defer func() { // also when a fault breaks off
		c.holding = false
		if len(c.head) > 0 {
			_, failed := c.TCPConn.Write(c.head)
			c.head = c.head[:0]
			if err == nil {
				err = failed
			}
		}
	}()
	return write()
}
