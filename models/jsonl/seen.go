package jsonl

// maxSeen is how many distinct pairs, ids and conversation ids are remembered,
// with 12 bytes in a table at most half full. Beyond it nothing is added: later
// ones are still compared with the first, and the counts become lower bounds.
const maxSeen = 1 << 18

// seen is a set of hashes, each with the line it first stood in.
type seen struct {
	n    int64 // remembered
	full bool
	key  []uint64
	line []uint32
}

// add remembers h unless it is there; it returns the line of the first one.
func (s *seen) add(h uint64, line int64) (first int64, again bool) {
	if h == 0 {
		h = 1
	}
	if int(s.n) >= len(s.key)/2 {
		if s.n >= maxSeen {
			s.full = true
		} else {
			s.grow()
		}
	}
	mask := uint64(len(s.key) - 1)
	i := h & mask
	for ; s.key[i] != 0; i = (i + 1) & mask {
		if s.key[i] == h {
			return int64(s.line[i]), true
		}
	}
	if !s.full {
		s.key[i], s.line[i] = h, uint32(min(line, 1<<32-1))
		s.n++
	}
	return 0, false
}

func (s *seen) grow() {
	old := *s
	size := min(max(1<<12, 4*len(s.key)), 2*maxSeen)
	s.key, s.line = make([]uint64, size), make([]uint32, size)
	mask := uint64(size - 1)
	for i, h := range old.key {
		if h == 0 {
			continue
		}
		j := h & mask
		for s.key[j] != 0 {
			j = (j + 1) & mask
		}
		s.key[j], s.line[j] = h, old.line[i]
	}
}
