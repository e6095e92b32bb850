package kit

import (
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/tui/theme"
)

// layout is how a table is drawn at one width: which columns, how wide, and
// the pens. It changes with the width, the theme and the widest cells.
type layout struct {
	id     string
	w      int
	gutter int // marks before the first column
	gap    int
	cols   []placed

	th             theme.Theme
	text           pen
	mark           string
	sel, selBlur   pen
	cursorMark     string
	selBase, blurS lipgloss.Style
}

type placed struct {
	index int // of the column
	w     int
	right bool
}

// arrange makes the layout if anything it depends on has changed.
func (t *Table) arrange(th theme.Theme, w int) {
	cols, gutter, gap := place(t.cols, t.need, w)
	if t.lay.id == th.ID && t.lay.w == w && slices.Equal(t.lay.cols, cols) {
		return
	}
	l := layout{id: th.ID, w: w, gutter: gutter, gap: gap, cols: cols, th: th}
	l.text = newPen(th.Text)
	l.sel, l.selBlur = newPen(th.Selected), newPen(th.SelectedBlur)
	l.selBase, l.blurS = th.Selected, th.SelectedBlur
	l.mark = newPen(th.Accent).text(th.Glyph("●", "*"))
	l.cursorMark = th.Glyph("▌", ">")
	t.lay = l
	t.head = ""
	clear(t.cache)
}

// place chooses the columns that fit w and their widths. need is the widest
// cell of each column.
func place(cols []Column, need []int, w int) (out []placed, gutter, gap int) {
	gutter, gap = 2, 2
	if w < 40 {
		gutter, gap = 1, 1
	}
	if w < 8 {
		gutter = 0
	}
	keep := make([]int, len(cols))
	for i := range cols {
		keep[i] = i
	}
	for len(keep) > 1 && minWidth(cols, keep, gutter, gap) > w {
		i := dropNext(cols, keep)
		if i < 0 {
			break
		}
		keep = slices.Delete(keep, i, i+1)
	}
	free := w - minWidth(cols, keep, gutter, gap)
	out = make([]placed, len(keep))
	for i, c := range keep {
		out[i] = placed{index: c, w: max(1, cols[c].Min), right: cols[c].Right}
	}
	free = widen(out, cols, need, free)
	shareRest(out, cols, free)
	return squeeze(out, w-gutter, gap), gutter, gap
}

func minWidth(cols []Column, keep []int, gutter, gap int) int {
	n := gutter + gap*(len(keep)-1)
	for _, i := range keep {
		n += max(1, cols[i].Min)
	}
	return n
}

// dropNext is the position of the column to drop first, -1 for none.
func dropNext(cols []Column, keep []int) int {
	best := -1
	for i, c := range keep {
		if cols[c].Drop > 0 && (best < 0 || cols[c].Drop >= cols[keep[best]].Drop) {
			best = i
		}
	}
	return best
}

// widen gives columns what their cells and titles need, within Max, from left
// to right, and returns what is left.
func widen(out []placed, cols []Column, need []int, free int) int {
	for i := range out {
		c := cols[out[i].index]
		want := max(need[out[i].index], Width(c.Title)+2*btoi(c.Sort != ""))
		if c.Max > 0 {
			want = min(want, c.Max)
		} else {
			want = min(want, 24) // the rest is shared below
		}
		add := max(0, min(want-out[i].w, free))
		out[i].w += add
		free -= add
	}
	return free
}

// shareRest gives what is left to the columns without Max.
func shareRest(out []placed, cols []Column, free int) {
	var flex []int
	for i := range out {
		if cols[out[i].index].Max == 0 {
			flex = append(flex, i)
		}
	}
	for n, i := range flex {
		add := max(0, free/(len(flex)-n))
		out[i].w += add
		free -= add
	}
}

// squeeze cuts columns that do not fit even at their least width.
func squeeze(out []placed, w, gap int) []placed {
	x := 0
	for i := range out {
		if i > 0 {
			x += gap
		}
		if x >= w {
			return out[:i]
		}
		out[i].w = min(out[i].w, w-x)
		x += out[i].w
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// header is the title line, kept until the layout or the sort mark changes.
func (t *Table) header(th theme.Theme) string {
	if t.head != "" {
		return t.head
	}
	l := &t.lay
	var b strings.Builder
	b.WriteString(Spaces(l.gutter))
	x := l.gutter
	for i, p := range l.cols {
		if i > 0 {
			b.WriteString(Spaces(l.gap))
			x += l.gap
		}
		c := t.cols[p.index]
		title := c.Title
		if c.Sort != "" && c.Sort == t.sortCol {
			title = marked(title, sortMark(th, t.sortAsc), p.w)
		}
		b.WriteString(align(title, p.w, p.right))
		x += p.w
	}
	b.WriteString(Spaces(l.w - x))
	t.head = newPen(th.TableHead).text(cut(b.String(), l.w))
	return t.head
}

// marked puts the sort mark behind a title; the mark stays when it gets narrow.
func marked(title, mark string, w int) string {
	switch n := Width(title); {
	case n+2 <= w:
		return title + " " + mark
	case n+1 <= w:
		return title + mark
	default:
		return cut(title, w-1) + mark
	}
}

func sortMark(th theme.Theme, asc bool) string {
	if asc {
		return th.Glyph("▲", "^")
	}
	return th.Glyph("▼", "v")
}

func align(s string, w int, right bool) string {
	if right {
		return PadLeft(s, w)
	}
	return PadRight(s, w)
}

// row draws an ordinary row.
func (l *layout) row(r Row) string {
	var b strings.Builder
	b.Grow(l.w + 64)
	switch {
	case l.gutter == 2 && r.Marked:
		b.WriteString(" " + l.mark)
	case l.gutter == 1 && r.Marked:
		b.WriteString(l.mark)
	default:
		b.WriteString(Spaces(l.gutter))
	}
	x := l.gutter
	for i, p := range l.cols {
		if i > 0 {
			b.WriteString(Spaces(l.gap))
			x += l.gap
		}
		x += p.w
		if p.index >= len(r.Cells) {
			b.WriteString(Spaces(p.w))
			continue
		}
		c := r.Cells[p.index]
		switch {
		case c.Raw:
			b.WriteString(align(c.Text, p.w, p.right))
		case c.Style == nil:
			l.text.write(&b, align(oneLine(c.Text), p.w, p.right))
		default:
			newPen(*c.Style).write(&b, align(oneLine(c.Text), p.w, p.right))
		}
	}
	b.WriteString(Spaces(l.w - x))
	return b.String()
}

// cursorRow draws the row under the cursor: one background all the way, while
// coloured cells keep their colour.
func (l *layout) cursorRow(r Row, focus bool) string {
	base, bp := l.selBase, l.sel
	if !focus {
		base, bp = l.blurS, l.selBlur
	}
	var b strings.Builder
	b.Grow(l.w + 128)
	bp.write(&b, l.cursorGutter(r.Marked))
	x := l.gutter
	for i, p := range l.cols {
		if i > 0 {
			bp.write(&b, Spaces(l.gap))
			x += l.gap
		}
		x += p.w
		var c Cell
		if p.index < len(r.Cells) {
			c = r.Cells[p.index]
		}
		text := c.Text
		if c.Raw {
			text = ansi.Strip(text)
		}
		text = align(oneLine(text), p.w, p.right)
		if c.Style == nil || focus {
			bp.write(&b, text)
			continue
		}
		newPen(base.Foreground(c.Style.GetForeground())).write(&b, text)
	}
	if rest := l.w - x; rest > 0 {
		bp.write(&b, Spaces(rest))
	}
	return b.String()
}

func (l *layout) cursorGutter(marked bool) string {
	mark := " "
	if marked {
		mark = l.th.Glyph("●", "*")
	}
	switch l.gutter {
	case 0:
		return ""
	case 1:
		if marked {
			return mark
		}
		return l.cursorMark
	default:
		return l.cursorMark + mark
	}
}
