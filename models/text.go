package models

import (
	"strings"
	"unicode/utf8"
)

// Clean makes text from the wire safe for one line of a terminal: escape
// sequences, control characters and bidirectional overrides are removed, line
// breaks and tabs become spaces, invalid UTF-8 becomes U+FFFD.
func Clean(s string) string { return clean(s, false) }

// CleanLines is Clean for text of several lines: line breaks stay.
func CleanLines(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == 0x1b || r >= 0x80 && r < 0xa0 {
			i += escapeLen(s[i:], r, n)
			continue
		}
		i += n
		writeClean(&b, r, n, lines)
	}
	return b.String()
}

func writeClean(b *strings.Builder, r rune, n int, lines bool) {
	switch {
	case r == utf8.RuneError && n <= 1:
		b.WriteRune(utf8.RuneError)
	case r == '\n' && lines:
		b.WriteByte('\n')
	case r == '\t' && lines:
		b.WriteString("    ")
	case r == '\n' || r == '\t' || r == '\u2028' || r == '\u2029':
		b.WriteByte(' ')
	case r < 0x20 || r == 0x7f || invisible(r):
	default:
		b.WriteRune(r)
	}
}

// plain reports text that clean would return as it is; nearly all is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// invisible reports characters that move, hide or reorder what stands beside
// them without a shape of their own.
func invisible(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // bidirectional embeddings, overrides, isolates
		return true
	case r == 0x200e, r == 0x200f, r == 0x061c: // marks
		return true
	case r == 0x200b, r == 0x2060, r == 0xfeff: // zero width
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

// escapeLen is the length of the escape sequence at the start of s, whose first
// rune r (n bytes) is ESC or a C1 control. An unterminated string sequence
// counts as its introducer only, so that no text can be hidden by leaving one
// open.
func escapeLen(s string, r rune, n int) int {
	kind, rest := r, n
	if r == 0x1b {
		if len(s) < 2 {
			return n
		}
		kind, rest = rune(s[1])+0x40, 2 // ESC [ is the 7-bit form of 0x9b, and so on
	}
	switch kind {
	case 0x9b:
		return rest + csiLen(s[rest:])
	case 0x90, 0x98, 0x9d, 0x9e, 0x9f:
		return rest + stringLen(s[rest:])
	}
	if r == 0x1b {
		return shortLen(s)
	}
	return n
}

// csiLen is parameters, intermediates and the final byte.
func csiLen(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x40 && c <= 0x7e:
			return i + 1
		case c < 0x20 || c > 0x3f:
			return i
		}
	}
	return len(s)
}

// stringLen reaches to BEL or ST, or nowhere when there is neither.
func stringLen(s string) int {
	for i := range len(s) {
		switch {
		case s[i] == 0x07:
			return i + 1
		case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
			return i + 2
		case s[i] == 0xc2 && i+1 < len(s) && s[i+1] == 0x9c:
			return i + 2
		}
	}
	return 0
}

// shortLen is ESC, intermediates, one final byte; a printable character that is
// no final byte of a known form stays.
func shortLen(s string) int {
	i := 1
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
		i++
	}
	if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
		i++
	}
	return i
}

func baseName(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[i+1:]
	}
	return path
}

// Ptr returns a pointer to v, for nullable columns.
func Ptr[T any](v T) *T { return &v }
