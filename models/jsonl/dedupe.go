package jsonl

import (
	"bytes"
	"hash/maphash"
	"math/bits"
)

// Bounds of what is remembered. Beyond them nothing more is added: later ones
// are still compared with the first, and the counts become lower bounds.
const (
	maxSeen = 1 << 18 // distinct pairs, ids and conversation ids, 12 bytes in a table at most half full
	maxNear = 1 << 16 // sketches of pairs, 36 bytes and as much again in their table
)

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
	size := max(1<<10, 2*len(s.key))
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

// Shape of a sketch: the smallest hashes of the shingles that fall into each of
// sketchBins bins (one-permutation MinHash), one byte of each.
const (
	sketchBins  = 32
	bandSize    = 4  // bins that must agree for two sketches to be compared
	nearBins    = 26 // bins that must agree for two pairs to be near: about 80 % of their shingles
	minShingles = 8  // below, only pairs that are equal once normalised are near
)

// sketch is a text's fingerprint.
type sketch [sketchBins]byte

// dedupe finds pairs that stood before. Two are exact duplicates when prompt and
// response are the same to the byte. They are near when they are the same but
// for case, punctuation and white space, or when about 80 % of their shingles
// (two words in a row) are the same, which is estimated with MinHash.
type dedupe struct {
	exact, near int64
	full        bool
	seed        maphash.Seed
	begun       bool
	pairs       seen // exact
	plain       seen // normalised
	sketches    []sketch
	lines       []uint32
	bands       []int32 // hash of a band → 1 + the latest sketch that has it
	mins        [sketchBins]uint32
}

// add looks a pair up and remembers it. first is the line of what it repeats, 0
// when it is new.
func (d *dedupe) add(prompt, response []byte, line int64) (first int64, exact bool) {
	if !d.begun {
		d.seed, d.begun = maphash.MakeSeed(), true
	}
	h := bits.RotateLeft64(maphash.Bytes(d.seed, prompt), 21) ^ maphash.Bytes(d.seed, response)
	if first, again := d.pairs.add(h, line); again {
		d.exact++
		return first, true
	}
	for i := range d.mins {
		d.mins[i] = 1<<32 - 1
	}
	var norm shingler
	norm.read(prompt, &d.mins)
	norm.all = ^norm.all // so that the words of a prompt are not those of a response
	norm.read(response, &d.mins)
	if norm.n == 0 {
		return 0, false
	}
	first, again := d.plain.add(norm.all, line)
	d.full = d.pairs.full || d.plain.full
	if !again && norm.n >= minShingles {
		first = d.similar(line)
		again = first > 0
	}
	if !again {
		return 0, false
	}
	d.near++
	return first, false
}

// shingler turns words into hashes of two in a row.
type shingler struct {
	last uint64 // word
	all  uint64 // hash of all words in their order
	n    int
}

// read takes a text; letters and digits make words, everything else parts them.
func (s *shingler) read(b []byte, mins *[sketchBins]uint32) {
	h := uint64(0)
	for _, c := range b {
		if c = wordByte(c); c != 0 {
			h = bits.RotateLeft64(h, 7) ^ uint64(c)
			continue
		}
		if h != 0 {
			s.word(h, mins)
			h = 0
		}
	}
	if h != 0 {
		s.word(h, mins)
	}
}

func (s *shingler) word(h uint64, mins *[sketchBins]uint32) {
	h = (h ^ h>>29) * 0x9e3779b97f4a7c15
	pair := (s.last ^ h ^ h>>32) * 0xbf58476d1ce4e5b9
	s.last = h
	s.all = bits.RotateLeft64(s.all, 5)*0x94d049bb133111eb ^ h
	s.n++
	if v := uint32(pair >> 8); v < mins[pair>>59] {
		mins[pair>>59] = v
	}
}

// wordByte is the byte in lower case, 0 for what parts words.
func wordByte(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c >= 0x80:
		return c
	case c >= 'A' && c <= 'Z':
		return c | 0x20
	}
	return 0
}

// similar looks for a sketch like the one in mins, and remembers it.
func (d *dedupe) similar(line int64) (first int64) {
	s := d.sketch()
	if len(d.sketches) < maxNear && 8*len(d.sketches) >= len(d.bands) {
		d.rebuild()
	}
	for b := range sketchBins / bandSize {
		slot := &d.bands[d.slot(&s, b)]
		if *slot == 0 {
			continue
		}
		if other := int(*slot) - 1; s.like(&d.sketches[other]) {
			return int64(d.lines[other])
		}
	}
	if len(d.sketches) >= maxNear {
		d.full = true
		return 0
	}
	d.sketches, d.lines = append(d.sketches, s), append(d.lines, uint32(min(line, 1<<32-1)))
	d.index(len(d.sketches) - 1)
	return 0
}

// sketch takes one byte of each minimum; an empty bin borrows from the next.
func (d *dedupe) sketch() (s sketch) {
	for i := range s {
		j := i
		for d.mins[j&(sketchBins-1)] == 1<<32-1 && j < i+sketchBins {
			j++
		}
		s[i] = byte(d.mins[j&(sketchBins-1)]) + byte(41*(j-i))
	}
	return s
}

func (s *sketch) like(o *sketch) bool {
	same := 0
	for i := range s {
		if s[i] == o[i] {
			same++
		}
	}
	return same >= nearBins
}

// slot is where a band of a sketch has its place in the table.
func (d *dedupe) slot(s *sketch, band int) uint64 {
	b := s[band*bandSize:][:bandSize]
	h := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(band+1)<<32
	h *= 0x9e3779b97f4a7c15
	return h >> 20 & uint64(len(d.bands)-1)
}

func (d *dedupe) index(i int) {
	for b := range sketchBins / bandSize {
		d.bands[d.slot(&d.sketches[i], b)] = int32(i + 1)
	}
}

// rebuild doubles the table of bands.
func (d *dedupe) rebuild() {
	d.bands = make([]int32, max(1<<12, 2*len(d.bands)))
	for i := range d.sketches {
		d.index(i)
	}
}

// hash is of one text, for the sets of ids.
func (d *dedupe) hash(b []byte) uint64 {
	if !d.begun {
		d.seed, d.begun = maphash.MakeSeed(), true
	}
	return maphash.Bytes(d.seed, b)
}

// blank reports a text of white space only.
func blank(b []byte) bool { return len(bytes.TrimSpace(b)) == 0 }
