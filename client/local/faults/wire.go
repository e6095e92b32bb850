package faults

import (
	"context"
	"io"
	"net/http"
	"time"
)

// rests is how often a second a limited connection pauses: often enough to look
// like a slow line.
const rests = 20

// throttle puts the limits of the fate between the connection and the server.
func (i *Injector) throttle(f fate, w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	if f.rate == 0 && f.cut == nil {
		return w, r
	}
	out := &writer{ResponseWriter: w, line: line{ctx: r.Context(), sleep: i.o.Sleep, rate: f.rate, left: -1}}
	in := &reader{ReadCloser: r.Body, line: line{ctx: r.Context(), sleep: i.o.Sleep, rate: f.rate, left: -1}}
	if f.cut != nil && f.cut.Part == Response {
		out.left = f.cut.AfterBytes
	}
	if f.cut != nil && f.cut.Part == Request {
		in.left, out.broken = f.cut.AfterBytes, &in.cut
	}
	r2 := r.WithContext(r.Context()) // the server's own request keeps its body
	r2.Body = in
	return out, r2
}

// line is a connection of a certain rate that may end early.
type line struct {
	ctx   context.Context
	sleep func(context.Context, time.Duration) error
	rate  int64 // bytes a second, 0 = no limit
	left  int64 // bytes until it is cut, below 0 = never
}

// piece is how many of n bytes pass at once.
func (l *line) piece(n int) int {
	most := int64(n)
	if l.rate > 0 {
		most = min(most, max(l.rate/rests, 1))
	}
	if l.left >= 0 {
		most = min(most, l.left)
	}
	return int(most)
}

// passed takes the time that n bytes need.
func (l *line) passed(n int) error {
	if l.left >= 0 {
		l.left -= int64(n)
	}
	if l.rate == 0 || n == 0 {
		return nil
	}
	return l.sleep(l.ctx, time.Duration(float64(n)/float64(l.rate)*float64(time.Second)))
}

// writer is the way back to the client.
type writer struct {
	http.ResponseWriter
	line
	broken *bool // the way in was cut: nothing goes out any more
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	w.check()
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) check() {
	if w.broken != nil && *w.broken {
		panic(http.ErrAbortHandler)
	}
}

// Write implements io.Writer. Where the line is cut it sends what fits and
// breaks the connection, which only a panic does under net/http.
func (w *writer) Write(b []byte) (n int, err error) {
	w.check()
	for len(b) > 0 {
		p := w.piece(len(b))
		if p == 0 {
			_ = http.NewResponseController(w.ResponseWriter).Flush() // else the bytes so far stay here
			panic(http.ErrAbortHandler)
		}
		k, err := w.ResponseWriter.Write(b[:p])
		n += k
		if err != nil {
			return n, err
		}
		b = b[k:]
		if err := w.passed(k); err != nil {
			return n, err
		}
	}
	return n, nil
}

// reader is the way in from the client.
type reader struct {
	io.ReadCloser
	line
	cut bool
}

// Read implements io.Reader.
func (r *reader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	p := r.piece(len(b))
	if p == 0 { // a body that ends just here is whole
		if n, err := r.ReadCloser.Read(make([]byte, 1)); n == 0 && err != nil {
			return 0, err
		}
		r.cut = true
		return 0, io.ErrUnexpectedEOF
	}
	n, err := r.ReadCloser.Read(b[:p])
	if late := r.passed(n); late != nil && err == nil {
		err = late
	}
	return n, err
}
