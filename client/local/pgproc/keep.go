//go:build unix

package pgproc

import (
	"context"
	"time"
)

// Pauses before a server that ended by itself is started again: they double
// from the first to the last as long as it does not come up.
const (
	keepFirst = 200 * time.Millisecond
	keepLast  = 5 * time.Second
)

// keep starts the server again whenever it ends without Stop, on the port it
// had, so that the connections of its clients come back by themselves.
func (s *Server) keep(o Options, bin Binaries, who *account) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	s.stopKeep = func() {
		cancel()
		<-ended
	}
	go func() {
		defer close(ended)
		for wait := keepFirst; ; wait = min(2*wait, keepLast) {
			select {
			case <-ctx.Done():
				return
			case <-s.process().done:
			}
			if pause(ctx, wait) != nil {
				return
			}
			if s.again(ctx, o, bin, who) == nil {
				wait = keepFirst / 2
			}
		}
	}()
}

func (s *Server) again(ctx context.Context, o Options, bin Binaries, who *account) error {
	if err := stopOrphan(dataDir(s.dir)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return s.attempt(ctx, o, bin, who)
}

func (s *Server) process() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}
