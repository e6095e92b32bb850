package storage

import (
	"crypto/md5"
	"errors"
	"hash"
	"io"
	"sync"
)

// pieceSize is how much of a content is in memory at a time, in bytes.
const pieceSize = 256 << 10

// pieces are the buffers of contents on their way.
type pieces struct{ pool sync.Pool }

// copy writes all of src to dst, and what was written to sum, unless it is nil.
func (p *pieces) copy(dst io.Writer, sum hash.Hash, src io.Reader) (n int64, err error) {
	buf, _ := p.pool.Get().(*[]byte)
	if buf == nil {
		b := make([]byte, pieceSize)
		buf = &b
	}
	defer p.pool.Put(buf)
	for {
		k, readErr := src.Read(*buf)
		if k > 0 {
			k, err = dst.Write((*buf)[:k])
			n += int64(k)
			if sum != nil {
				_, _ = sum.Write((*buf)[:k]) // never fails
			}
			if err != nil {
				return n, err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

// newSum is what an ETag is made of, by Storage's rule; nothing is protected by it.
func newSum() hash.Hash { return md5.New() }

// sums are the sums of uploads under way, so that a content need not be read
// again when its last byte has come. One that is missing costs that, no more.
type sums struct {
	mu sync.Mutex
	of map[string]running
}

type running struct {
	sum  hash.Hash
	upTo int64 // bytes
}

// sumsKept bounds how many uploads are summed up at once.
const sumsKept = 1000

// take gives the sum of an upload's first bytes to whoever writes on; nil when
// it is not known.
func (s *sums) take(id string, upTo int64) hash.Hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, known := s.of[id]
	delete(s.of, id)
	if known && r.upTo == upTo {
		return r.sum
	}
	if upTo == 0 {
		return newSum()
	}
	return nil
}

func (s *sums) put(id string, sum hash.Hash, upTo int64) {
	if sum == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil || len(s.of) >= sumsKept {
		s.of = map[string]running{}
	}
	s.of[id] = running{sum, upTo}
}

func (s *sums) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, id)
}
