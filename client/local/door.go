package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"
)

// door is the HTTP server of a stack. It can be shut and opened again at its
// address while all behind it lives on.
type door struct {
	address string // host:port
	handler http.Handler
	log     *slog.Logger
	keep    *Stack // whose lock lives as long as the door is open

	mu     sync.Mutex
	server *http.Server // nil while it is shut
	done   chan error   // of the server
	shift  *shift       // of the server
	closed bool         // for good

	closing context.Context // ends with the door, for pauses
	end     context.CancelFunc
	pauses  sync.WaitGroup
}

// shift is the work of one server, between an opening of the door and a cut.
type shift struct {
	handler http.Handler
	mu      sync.RWMutex // read-locked by every request
	over    bool
}

func (w *shift) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.over { // it had arrived, and nobody was at it when the cut came
		panic(http.ErrAbortHandler)
	}
	w.handler.ServeHTTP(rw, r)
}

// end waits for what is at work, which ends at once without its connection.
func (w *shift) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
}

func newDoor(l net.Listener, s *Stack, h http.Handler, log *slog.Logger) *door {
	d := &door{address: l.Addr().String(), handler: h, log: log, keep: s}
	d.closing, d.end = context.WithCancel(context.Background())
	d.serve(l)
	return d
}

// serve answers on l until the door is shut.
func (d *door) serve(l net.Listener) {
	work := &shift{handler: d.handler}
	server := &http.Server{
		Handler: work, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ConnContext: withConn,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
	}
	done := make(chan error, 1)
	d.server, d.done, d.shift = server, done, work
	go func() {
		done <- server.Serve(wholeListener{l})
		// A stack that runs keeps its folder's lock: os.File would give it up as
		// soon as the collector finds that nobody holds the stack.
		runtime.KeepAlive(d.keep)
	}()
}

// close ends it for good and gives requests in flight a moment.
func (d *door) close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	d.end()
	d.mu.Unlock()
	d.pauses.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	grace, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if d.server == nil {
		return nil
	}
	if d.server.Shutdown(grace) == nil {
		return d.ended(nil)
	}
	return d.ended(d.server.Close()) // someone is still at it: cut him off
}

// cut shuts it as a crash would: every connection ends where it is. As after a
// crash, what was at work then writes nothing any more once cut is back.
func (d *door) cut() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server == nil {
		return nil
	}
	err := d.ended(d.server.Close())
	d.shift.end()
	return err
}

// ended waits for the server that was told to stop.
func (d *door) ended(stopping error) error {
	err := <-d.done
	d.server = nil
	if stopping != nil {
		return fmt.Errorf("stop the gateway: %w", stopping)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("gateway: %w", err)
	}
	return nil
}

// open begins anew where the door was before.
func (d *door) open(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errors.New("the stack is closed")
	}
	if d.server != nil {
		return nil
	}
	l, err := listenAgain(ctx, d.address)
	if err != nil {
		return fmt.Errorf("open the gateway again: %w", err)
	}
	d.serve(l)
	return nil
}

// portWait is how long a port may be taken by somebody who leaves again: any
// connection of this machine can have it for a moment.
const portWait = 10 * time.Second

func listenAgain(ctx context.Context, address string) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, portWait)
	defer cancel()
	for {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", address)
		if err == nil {
			return l, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// restart cuts at once and opens after a pause, without waiting for that. The
// door owns what waits: it is over when the door is closed.
func (d *door) restart(pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.pauses.Go(func() {
		err := d.cut()
		select {
		case <-time.After(pause):
			err = errors.Join(err, d.open(d.closing))
		case <-d.closing.Done():
		}
		if err != nil && d.closing.Err() == nil {
			d.log.Error("restart", slog.String("error", err.Error()))
		}
	})
}

// Stop shuts the stack's port as a crash of the server would: connections are
// cut in the middle of whatever they carry, and new ones are refused. The
// database and the trainer live on. It does nothing when the port is shut.
func (s *Stack) Stop() error { return s.door.cut() }

// Start opens the port after Stop: the same address, the same keys, the same
// data. It fails when somebody else has taken the port meanwhile, or after
// Close.
func (s *Stack) Start(ctx context.Context) error { return s.door.open(ctx) }
