package jsonl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"runtime"
)

// source reads, counts and hashes a file, and ends with its context. What a Read
// gave must not be changed before the next one: where there is more than one
// processor it is hashed meanwhile.
type source struct {
	ctx      context.Context
	r        io.Reader
	sum      hash.Hash // nil = none is wanted
	n, told  int64
	step     int64
	idle     int
	progress func(int64)
	work     chan []byte // to the hashing goroutine, nil when there is none
	done     chan struct{}
	busy     bool
}

// After so many bytes progress is told, which is some times a second.
const (
	progressStep   = 32 << 20
	progressTokens = 2 << 20 // with a tokenizer
)

func newSource(ctx context.Context, r io.Reader, o Options) *source {
	s := &source{ctx: ctx, r: r, sum: sha256.New(), progress: o.Progress, step: progressStep}
	if o.Tokens != nil {
		s.step = progressTokens
	}
	switch {
	case o.NoHash:
		s.sum = nil
	case runtime.GOMAXPROCS(0) > 1:
		s.work, s.done = make(chan []byte), make(chan struct{})
		go func() {
			for b := range s.work {
				_, _ = s.sum.Write(b)
				s.done <- struct{}{}
			}
		}()
	}
	return s
}

// wait ends the hashing of what was read last.
func (s *source) wait() {
	if s.busy {
		<-s.done
		s.busy = false
	}
}

// end gives the hash of everything and ends the goroutine.
func (s *source) end() string {
	s.wait()
	if s.work != nil {
		close(s.work)
	}
	if s.sum == nil {
		return ""
	}
	return hex.EncodeToString(s.sum.Sum(nil))
}

// Read is io.Reader's; a reader that gives nothing a hundred times has no more.
func (s *source) Read(p []byte) (int, error) {
	s.wait()
	if err := context.Cause(s.ctx); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	if n < 0 || n > len(p) {
		return 0, errors.New("the reader is broken: it counts wrongly")
	}
	switch {
	case n == 0, s.sum == nil:
	case s.work != nil:
		s.work <- p[:n]
		s.busy = true
	default:
		_, _ = s.sum.Write(p[:n])
	}
	s.n += int64(n)
	if s.idle++; n > 0 {
		s.idle = 0
	}
	if s.idle > 100 && err == nil {
		err = io.ErrNoProgress
	}
	if s.progress != nil && (s.n-s.told >= s.step || (err != nil && s.n > s.told)) {
		s.told = s.n
		s.progress(s.n)
	}
	return n, err
}

// settled is a source whose buffers may be changed after a Read.
type settled struct{ *source }

// Read is io.Reader's.
func (s settled) Read(p []byte) (int, error) {
	n, err := s.source.Read(p)
	s.wait()
	return n, err
}
