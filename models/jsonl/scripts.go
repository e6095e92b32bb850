package jsonl

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"
)

// scripts counts the texts that have letters of a script.
type scripts struct {
	names
	latin  int64
	now    []int // scripts of the text at hand
	known  []scriptRange
	called []string
	cache  []cachedLetter
}

// scriptRange is letters of one script.
type scriptRange struct {
	lo, hi rune
	id     int // in called
}

// cachedLetter is what was found for a character before.
type cachedLetter struct {
	r  rune
	id int32
}

// cacheSize is a power of two; common characters of a text rarely collide.
const cacheSize = 1 << 12

// Ids of what is no script of its own.
const (
	noLetter = iota
	latinScript
	firstScript
)

// begin sorts the Unicode tables, which is done for text that needs it only.
func (s *scripts) begin() {
	s.cache = make([]cachedLetter, cacheSize)
	s.called = []string{"", "Latin"}
	for name, table := range unicode.Scripts {
		id := len(s.called)
		if name == "Latin" {
			id = latinScript
		} else {
			s.called = append(s.called, name)
		}
		add := func(lo, hi, stride rune) {
			for step := hi - lo; lo <= hi; lo += stride {
				if stride > 1 {
					step = 0
				}
				s.known = append(s.known, scriptRange{lo, lo + step, id})
				if stride == 1 {
					return
				}
			}
		}
		for _, r := range table.R16 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range table.R32 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	slices.SortFunc(s.known, func(a, b scriptRange) int { return cmp.Compare(a.lo, b.lo) })
}

// script is the id of a letter's script.
func (s *scripts) script(r rune) int {
	if s.cache == nil {
		s.begin()
	}
	c := &s.cache[r%cacheSize]
	if c.r != r {
		*c = cachedLetter{r, noLetter}
		if i, _ := slices.BinarySearchFunc(s.known, r+1, func(k scriptRange, r rune) int { return cmp.Compare(k.lo, r) }); unicode.IsLetter(r) && i > 0 && r <= s.known[i-1].hi {
			c.id = int32(s.known[i-1].id)
		}
	}
	return int(c.id)
}

// add takes a text as it is spelled in JSON, where it has no \u escape; high says
// that it may not be ASCII. It reports letters that are not Latin.
func (s *scripts) add(b []byte, high bool) (foreign bool) {
	s.now = s.now[:0]
	latin := hasLetter(b)
	for i := 0; high; {
		if i += ascii(b[i:]); i >= len(b) {
			break
		}
		r, n := utf8.DecodeRune(b[i:])
		i += n
		if id := s.script(r); id == latinScript {
			latin = true
		} else if id >= firstScript && !slices.Contains(s.now, id) {
			s.now = append(s.now, id)
			s.names.add([]byte(s.called[id]), 1)
		}
	}
	if latin {
		s.latin++
	}
	return len(s.now) > 0
}

func (s *scripts) list() []Count {
	if s.latin > 0 {
		s.names.add([]byte("Latin"), s.latin)
		s.latin = 0
	}
	return s.names.list()
}

// hasLetter reports an ASCII letter that is not that of an escape.
func hasLetter(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' {
			i++
		} else if c := b[i] | 0x20; c >= 'a' && c <= 'z' {
			return true
		}
	}
	return false
}

// ascii is the length of the ASCII text at the start of b.
func ascii(b []byte) (n int) {
	for len(b)-n >= 8 {
		if w := binary.LittleEndian.Uint64(b[n:]) & 0x8080808080808080; w != 0 {
			return n + bits.TrailingZeros64(w)/8
		}
		n += 8
	}
	for n < len(b) && b[n] < utf8.RuneSelf {
		n++
	}
	return n
}
