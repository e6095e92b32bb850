package jsonl

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// scripts counts the texts that have letters of a script.
type scripts struct {
	names
	latin int64
	now   []string // of the text at hand
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
		if name := script(r); name == "Latin" {
			latin = true
		} else if name != "" {
			s.note(name)
		}
	}
	if latin {
		s.latin++
	}
	return len(s.now) > 0
}

// note counts a script once a text.
func (s *scripts) note(name string) {
	for _, n := range s.now {
		if n == name {
			return
		}
	}
	s.now = append(s.now, name)
	s.names.add([]byte(name), 1)
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

// script names the script of a letter, "" for what is no letter.
func script(r rune) string {
	switch {
	case !unicode.IsLetter(r):
		return ""
	case r < 0x250:
		return "Latin"
	case r >= 0x4e00 && r <= 0x9fff:
		return "Han"
	case r >= 0x0400 && r <= 0x052f:
		return "Cyrillic"
	case r >= 0xac00 && r <= 0xd7a3:
		return "Hangul"
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "Unknown"
}
