package jsonl

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// controls says which control characters a line may have beside those of escapes.
type controls struct{ del, c1 bool }

// lookFor finds out; high says that the line is not ASCII throughout. Raw ones
// below 0x20 are no JSON.
func (k *controls) lookFor(line []byte, high bool) {
	k.del = bytes.IndexByte(line, 0x7f) >= 0
	k.c1 = high && bytes.IndexByte(line, 0xc2) >= 0
}

// control finds the first control character but tab, line feed and carriage
// return in the decoded text of v; -1 without one.
func (k controls) control(v value, b []byte) int {
	low := v.escapes&(escapedUnicode|escapedOdd) != 0
	if !low && !k.del && !k.c1 {
		return -1
	}
	for i, c := range b {
		switch {
		case c < 0x20:
			if low && c != '\n' && c != '\t' && c != '\r' {
				return i
			}
		case c == 0x7f, c == 0xc2 && i+1 < len(b) && b[i+1] < 0xa0: // C1 is C2 80 to C2 9F
			return i
		}
	}
	return -1
}

// loneSurrogate reports a \u escape that is half a character.
func loneSurrogate(inner []byte) bool {
	for {
		k := bytes.IndexByte(inner, '\\')
		if k < 0 {
			return false
		}
		inner = inner[k:]
		n := escapeLen(inner)
		if n == 6 {
			if r := unit(inner); utf16.IsSurrogate(r) {
				if len(inner) < 12 || escapeLen(inner[6:]) != 6 || utf16.DecodeRune(r, unit(inner[6:])) == utf8.RuneError {
					return true
				}
				n = 12
			}
		}
		inner = inner[n:]
	}
}

// blank reports a text of white space only.
func blank(b []byte) bool { return len(bytes.TrimSpace(b)) == 0 }

// decode appends the text of a string without its quotes, as encoding/json reads
// it: a lone surrogate and what is not UTF-8 become U+FFFD.
func decode(dst, inner []byte) []byte {
	for {
		k := bytes.IndexByte(inner, '\\')
		if k < 0 {
			return append(dst, inner...)
		}
		dst = append(dst, inner[:k]...)
		inner = inner[k:]
		var n int
		dst, n = unescape(dst, inner)
		inner = inner[n:]
	}
}

// unescape appends the character of the escape at the start of b and returns how
// much of b it took.
func unescape(dst, b []byte) ([]byte, int) {
	const letters, stand = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(letters, b[1]); i >= 0 {
		return append(dst, stand[i]), 2
	}
	r := unit(b)
	if r < 0xd800 || r > 0xdfff {
		return utf8.AppendRune(dst, r), 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if both := utf16.DecodeRune(r, unit(b[6:])); both != utf8.RuneError {
			return utf8.AppendRune(dst, both), 12
		}
	}
	return utf8.AppendRune(dst, utf8.RuneError), 6
}

// unit is the UTF-16 unit of the \u escape at the start of b.
func unit(b []byte) rune {
	return hexDigit(b[2])<<12 | hexDigit(b[3])<<8 | hexDigit(b[4])<<4 | hexDigit(b[5])
}
