package jsonl

import "bytes"

// splitter cuts a stream into lines at LF. A line that lies whole in a chunk is
// not copied; one that is longer than MaxLine is passed over.
type splitter struct {
	line func(b []byte, at place)   // b is valid during the call; without LF and one CR before it
	skip func(size int64, at place) // of a line that is too long

	carry []byte // begin of the line that the last chunk did not end
	size  int64  // of that line so far
	at    place
}

// place is where a line begins.
type place struct {
	line int64 // physical, from 1
	off  int64 // byte in the file
	cr   bool  // the line ended with CR LF
}

// feed takes the next bytes of the stream.
func (s *splitter) feed(b []byte) {
	for len(b) > 0 {
		j := bytes.IndexByte(b, '\n')
		if j < 0 {
			s.keep(b)
			return
		}
		if s.size == 0 {
			s.emit(b[:j], int64(j))
		} else {
			s.keep(b[:j])
			s.emit(s.carry, s.size)
		}
		s.at.off++ // the LF
		b = b[j+1:]
	}
}

// end gives the last line when no LF ends it.
func (s *splitter) end() {
	if s.size > 0 {
		s.emit(s.carry, s.size)
	}
}

func (s *splitter) keep(b []byte) {
	s.size += int64(len(b))
	if s.size >= MaxLine {
		s.carry = nil
		return
	}
	if n := len(s.carry) + len(b); n > cap(s.carry) { // doubled, but not beyond what a line may have
		s.carry = append(make([]byte, 0, min(max(2*n, 64<<10), MaxLine)), s.carry...)
	}
	s.carry = append(s.carry, b...)
}

func (s *splitter) emit(b []byte, size int64) {
	s.at.line++
	s.at.cr = false
	switch {
	case size >= MaxLine:
		s.skip(size, s.at)
	default:
		if n := len(b); n > 0 && b[n-1] == '\r' {
			b, s.at.cr = b[:n-1], true
		}
		s.line(b, s.at)
	}
	s.at.off += size
	s.size = 0
	if s.carry = s.carry[:0]; cap(s.carry) > LongLine {
		s.carry = nil
	}
}
