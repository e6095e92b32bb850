// Package kit holds the widgets that screens are made of: tables, forms,
// panels, scrolling text, and the formatters of numbers, money and time. A
// widget knows nothing of loratop's domain beyond the value types of models,
// does no I/O, and draws at any size down to 0×0.
package kit

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
)

const spaces = "                                                                                                    "

// Spaces is n blanks; "" for n below 1.
func Spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(spaces) {
		return spaces[:n]
	}
	return strings.Repeat(" ", n)
}

// simple reports text in which a byte is a cell: printable ASCII only.
func simple(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

// Width is the number of cells of a line; escape sequences count nothing.
func Width(s string) int {
	if n, ok := quickWidth(s); ok {
		return n
	}
	return ansi.StringWidth(s)
}

// quickWidth measures text of one-cell letters and the colour sequences of SGR
// without looking for grapheme clusters, which is what nearly all of a screen
// is. ok is false for any other text.
func quickWidth(s string) (n int, ok bool) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= 0x20 && c < 0x7f:
			n++
			i++
		case c == 0x1b:
			end := sgrEnd(s, i)
			if end < 0 {
				return 0, false
			}
			i = end
		case c < utf8.RuneSelf:
			return 0, false
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !oneCell(r) {
				return 0, false
			}
			n++
			i += size
		}
	}
	return n, true
}

// sgrEnd is the index behind the sequence ESC [ digits ; : m that begins at i,
// -1 when there is another.
func sgrEnd(s string, i int) int {
	if i+1 >= len(s) || s[i+1] != '[' {
		return -1
	}
	for i += 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && c != ':' && (c < '0' || c > '9'):
			return -1
		}
	}
	return -1
}

// oneCell names runes that always take one cell and join with none.
func oneCell(r rune) bool {
	switch {
	case r >= 0xa1 && r <= 0x2ff:
		return r != 0xad && r != 0xa9 && r != 0xae
	case r >= 0x2010 && r <= 0x2027, // dashes, quotes, bullets
		r >= 0x2500 && r <= 0x25fc, // boxes, blocks, shapes
		r >= 0x2800 && r <= 0x28ff, // braille
		r >= 0x2190 && r <= 0x21ff: // arrows
		return true
	}
	return false
}

// Truncate cuts a line to at most w cells and marks the cut with "…".
func Truncate(s string, w int) string {
	switch {
	case w <= 0:
		return ""
	case simple(s):
		if len(s) <= w {
			return s
		}
		return s[:w-1] + "…"
	case Width(s) <= w:
		return s
	default:
		return ansi.Truncate(s, w, "…")
	}
}

// cut cuts a line to at most w cells without a mark.
func cut(s string, w int) string {
	switch {
	case w <= 0:
		return ""
	case simple(s):
		return s[:min(len(s), w)]
	case Width(s) <= w:
		return s
	default:
		return ansi.Truncate(s, w, "")
	}
}

// PadRight fills or cuts a line to exactly w cells, text to the left.
func PadRight(s string, w int) string {
	s = Truncate(s, w)
	return s + Spaces(w-Width(s))
}

// PadLeft fills or cuts a line to exactly w cells, text to the right.
func PadLeft(s string, w int) string {
	s = Truncate(s, w)
	return Spaces(w-Width(s)) + s
}

// Center fills or cuts a line to exactly w cells, text in the middle.
func Center(s string, w int) string {
	s = Truncate(s, w)
	left := (w - Width(s)) / 2
	return PadRight(Spaces(left)+s, w)
}

// Fit fills or cuts a block to exactly w×h cells. It is "" when either is 0
// or less, except that h lines of no width are h−1 newlines.
func Fit(s string, w, h int) string {
	if h <= 0 {
		return ""
	}
	w = max(w, 0)
	var b strings.Builder
	b.Grow(len(s) + h)
	for i := range h {
		if i > 0 {
			b.WriteByte('\n')
		}
		line, rest, _ := strings.Cut(s, "\n")
		s = rest
		n := Width(line)
		if n > w {
			line = cut(line, w)
			n = Width(line)
		}
		b.WriteString(line)
		b.WriteString(Spaces(w - n))
	}
	return b.String()
}

// JoinH puts blocks side by side. Each block should be rectangular already; a
// missing line is padded to the width of the block's first.
func JoinH(blocks ...string) string {
	lines := make([][]string, len(blocks))
	height := 0
	for i, b := range blocks {
		lines[i] = strings.Split(b, "\n")
		height = max(height, len(lines[i]))
	}
	var out strings.Builder
	for y := range height {
		if y > 0 {
			out.WriteByte('\n')
		}
		for _, ls := range lines {
			if y < len(ls) {
				out.WriteString(ls[y])
			} else {
				out.WriteString(Spaces(Width(ls[0])))
			}
		}
	}
	return out.String()
}

// JoinV puts blocks one below the other, skipping empty ones.
func JoinV(blocks ...string) string {
	var kept []string
	for _, b := range blocks {
		if b != "" {
			kept = append(kept, b)
		}
	}
	return strings.Join(kept, "\n")
}

// Wrap breaks text at words into lines of at most w cells; longer words are
// cut through. Line breaks of the text stay.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	lines := strings.Split(ansi.Wrap(s, w, ""), "\n")
	for i := 0; i < len(lines); i++ {
		if Width(lines[i]) > w && w > 1 { // blanks before a long word make it
			cutUp := strings.Split(ansi.Hardwrap(lines[i], w, true), "\n")
			lines = append(lines[:i], append(cutUp, lines[i+1:]...)...)
			i += len(cutUp) - 1
		}
	}
	return lines
}

// Height is the number of lines of a block, 0 for "".
func Height(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "\n") + 1
}

// oneLine makes text safe inside a line; it returns s itself when it is.
func oneLine(s string) string {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == 0x7f {
			return models.Clean(s)
		}
	}
	return s
}
