package jsonl

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// control finds the first control character but tab, line feed and carriage
// return in the text of v; -1 without one. Raw ones below 0x20 are no JSON, so
// that only escapes bring them.
func control(v value, b []byte, high bool) int {
	if v.escapes&(escapedUnicode|escapedOdd) != 0 {
		for i, c := range b {
			if c == 0x7f || c < 0x20 && c != '\n' && c != '\t' && c != '\r' {
				return i
			}
		}
	} else if i := bytes.IndexByte(b, 0x7f); i >= 0 {
		return i
	}
	if !high {
		return -1
	}
	for i := 0; ; {
		k := bytes.IndexByte(b[i:], 0xc2) // C1 is C2 80 to C2 9F
		if k < 0 {
			return -1
		}
		if i += k; i+1 < len(b) && b[i+1] >= 0x80 && b[i+1] < 0xa0 {
			return i
		}
		i++
	}
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
