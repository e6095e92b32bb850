package kit

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// pen is a style cut into what stands before and after the text: writing with
// it costs no more than the copying.
type pen struct{ pre, post string }

func newPen(s lipgloss.Style) pen {
	pre, post, _ := strings.Cut(s.Inline(true).Render("x"), "x")
	return pen{pre, post}
}

func (p pen) write(b *strings.Builder, s string) {
	b.WriteString(p.pre)
	b.WriteString(s)
	b.WriteString(p.post)
}

func (p pen) text(s string) string { return p.pre + s + p.post }
