package screens

import (
	"strings"
	"unicode"

	"github.com/loratop/loratop/tui/theme"
)

// hitSpans finds a text, whatever its case, in wrapped lines: per line the
// ranges of runes. A hit may go on over a line's end, where a blank was taken.
func hitSpans(lines []string, needle string) [][][2]int {
	out := make([][][2]int, len(lines))
	want := lowerRunes(needle)
	if len(want) == 0 {
		return out
	}
	var all []rune
	var line, col []int
	for i, l := range lines {
		if i > 0 {
			all, line, col = append(all, ' '), append(line, -1), append(col, 0)
		}
		for k, r := range lowerRunes(l) {
			all, line, col = append(all, r), append(line, i), append(col, k)
		}
	}
	for i := 0; i+len(want) <= len(all); i++ {
		if !equalRunes(all[i:i+len(want)], want) {
			continue
		}
		for k := i; k < i+len(want); k++ {
			if l := line[k]; l >= 0 {
				if n := len(out[l]); n > 0 && out[l][n-1][1] == col[k] {
					out[l][n-1][1]++
				} else {
					out[l] = append(out[l], [2]int{col[k], col[k] + 1})
				}
			}
		}
		i += len(want) - 1
	}
	return out
}

func lowerRunes(s string) []rune {
	out := []rune(s)
	for i, r := range out {
		out[i] = unicode.ToLower(r)
	}
	return out
}

func equalRunes(a, b []rune) bool {
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// paintHits draws a line with its hits in reverse.
func paintHits(th theme.Theme, line string, spans [][2]int) string {
	if len(spans) == 0 {
		return th.Text.Render(line)
	}
	runes := []rune(line)
	hit := th.Warn.Reverse(true)
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s[0] > at {
			b.WriteString(th.Text.Render(string(runes[at:s[0]])))
		}
		b.WriteString(hit.Render(string(runes[s[0]:s[1]])))
		at = s[1]
	}
	if at < len(runes) {
		b.WriteString(th.Text.Render(string(runes[at:])))
	}
	return b.String()
}
