package kit

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// toASCII maps what loratop itself draws to 7-bit look-alikes of equal width.
func toASCII(r rune) (byte, bool) {
	switch {
	case r >= 0x2800 && r <= 0x28ff: // braille
		if r == 0x2800 {
			return ' ', true
		}
		return '*', true
	case r >= 0x2581 && r <= 0x2588: // bars by height
		return "__..--=#"[r-0x2581], true
	case r >= 0x2500 && r <= 0x257f: // box drawing
		switch r {
		case '─', '━', '═', '╌', '┄', '╴', '╶', '╸', '╺':
			return '-', true
		case '│', '┃', '║', '╎', '┆', '╵', '╷':
			return '|', true
		}
		return '+', true
	}
	i := strings.IndexRune(asciiFrom, r)
	if i < 0 {
		return 0, false
	}
	return asciiTo[len([]rune(asciiFrom[:i]))], true
}

const (
	asciiFrom = "…–—·•●○◐◌✓✗⊘▲▼△▽▌▐█▉▊▋▍▎▏▶►◀◄←→↑↓×±≈≤≥∞“”‘’‹›«»□■◆◇⚠ⓘ░▒▓"
	asciiTo   = "~--.**o~.+x-^v^v|####||||>><<<>^vx~~<>o\"\"''<><>o#*o!i.:%"
)

// ASCII rewrites a drawn block with 7-bit characters only, cell for cell: known
// glyphs become look-alikes, all else "?". Escape sequences stay.
func ASCII(s string) string {
	if plainASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var state byte
	for len(s) > 0 {
		seq, width, n, next := ansi.DecodeSequence(s, state, nil)
		state = next
		s = s[n:]
		switch {
		case plainASCII(seq):
			b.WriteString(seq)
		case width == 1:
			b.WriteByte(asciiCell(seq))
		default:
			for range width {
				b.WriteByte('?')
			}
		}
	}
	return b.String()
}

// asciiCell is the look-alike of a one-cell cluster, by its first rune.
func asciiCell(seq string) byte {
	r, _ := utf8.DecodeRuneInString(seq)
	if c, ok := toASCII(r); ok {
		return c
	}
	if r < utf8.RuneSelf {
		return byte(r)
	}
	return '?'
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
