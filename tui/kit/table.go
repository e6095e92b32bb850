package kit

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/tui/theme"
)

// Column describes one column of a Table.
type Column struct {
	Title string
	Min   int // cells, at least
	Max   int // cells, at most; 0 = takes what is left
	Right bool
	// Drop makes the column disappear when the table is narrow, higher numbers
	// first; 0 = stays.
	Drop int
	// Sort is the name under which SetSort marks the column; "" = not sortable.
	Sort string
}

// Cell is one value of a Row.
type Cell struct {
	Text  string
	Style *lipgloss.Style // nil = ordinary text
	// Raw text is styled already, such as a sparkline; it is cut or padded to
	// the column and its styles go away under the cursor.
	Raw bool
}

// Row is one line of a Table.
type Row struct {
	ID     string
	Cells  []Cell
	Marked bool
}

// Table is a list with columns and a cursor. It draws only the rows in the
// window and keeps their strings, so thousands of rows cost what fifty do. The
// cursor stays on the same id when the rows change.
type Table struct {
	cols []Column
	rows []Row
	need []int // widest cell per column

	cursor, top int
	moved       bool // the user moved: keep the position rather than the id "first"

	sortCol string
	sortAsc bool

	lay   layout
	cache []string // per row, "" = draw; only rows that are not under the cursor
	head  string
	body  int // rows in the window when last drawn
	headH int
}

// NewTable makes an empty table.
func NewTable(cols ...Column) *Table {
	return &Table{cols: cols, need: make([]int, len(cols))}
}

// SetRows replaces the rows. Rows that look the same keep their strings.
func (t *Table) SetRows(rows []Row) {
	id, had := t.Selected()
	cache := make([]string, len(rows))
	for i := range min(len(rows), len(t.rows), len(t.cache)) {
		if sameRow(rows[i], t.rows[i]) {
			cache[i] = t.cache[i]
		}
	}
	t.rows, t.cache = rows, cache
	for _, r := range rows {
		for c := range min(len(r.Cells), len(t.need)) {
			t.need[c] = max(t.need[c], Width(r.Cells[c].Text))
		}
	}
	if !had || !t.moved || !t.SetCursorID(id) {
		t.cursor = min(t.cursor, len(rows)-1)
	}
	t.cursor = max(t.cursor, 0)
}

func sameRow(a, b Row) bool {
	return a.ID == b.ID && a.Marked == b.Marked && slices.EqualFunc(a.Cells, b.Cells, func(x, y Cell) bool {
		return x.Text == y.Text && x.Raw == y.Raw && sameStyle(x.Style, y.Style)
	})
}

// sameStyle compares what two cells are drawn with. Styles hold no pointers
// that matter here, and equal styles draw equally.
func sameStyle(a, b *lipgloss.Style) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	return a.GetForeground() == b.GetForeground() && a.GetBackground() == b.GetBackground() &&
		a.GetBold() == b.GetBold() && a.GetUnderline() == b.GetUnderline() &&
		a.GetFaint() == b.GetFaint() && a.GetReverse() == b.GetReverse()
}

// Rows gives the rows as they were set.
func (t *Table) Rows() []Row { return t.rows }

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Cursor is the index of the row under the cursor; 0 for an empty table.
func (t *Table) Cursor() int { return t.cursor }

// Selected is the id of the row under the cursor; ok is false without rows.
func (t *Table) Selected() (id string, ok bool) {
	if t.cursor < 0 || t.cursor >= len(t.rows) {
		return "", false
	}
	return t.rows[t.cursor].ID, true
}

// SetCursor moves to a row, as near as there is one.
func (t *Table) SetCursor(i int) {
	t.cursor = max(0, min(i, len(t.rows)-1))
}

// SetCursorID moves to the row with this id and reports whether there is one.
func (t *Table) SetCursorID(id string) bool {
	i := slices.IndexFunc(t.rows, func(r Row) bool { return r.ID == id })
	if i < 0 {
		return false
	}
	t.cursor, t.moved = i, true
	return true
}

// SetSort marks the column whose Sort is name.
func (t *Table) SetSort(name string, asc bool) {
	if t.sortCol != name || t.sortAsc != asc {
		t.sortCol, t.sortAsc, t.head = name, asc, ""
	}
}

// Sort is the column marked last and its direction.
func (t *Table) Sort() (name string, asc bool) { return t.sortCol, t.sortAsc }

// NextSort gives what "s" should sort by next: the sortable columns in their
// order, each first descending, then ascending.
func (t *Table) NextSort() (name string, asc bool) {
	var names []string
	for _, c := range t.cols {
		if c.Sort != "" {
			names = append(names, c.Sort)
		}
	}
	if len(names) == 0 {
		return "", false
	}
	i := slices.Index(names, t.sortCol)
	if i >= 0 && !t.sortAsc {
		return t.sortCol, true
	}
	return names[(i+1)%len(names)], false
}

// NearEnd reports that the cursor or the window is close to the last row: time
// to load the next page.
func (t *Table) NearEnd() bool {
	return max(t.cursor, t.top+t.body-1) >= len(t.rows)-10
}

// Visible gives the range of rows in the window when last drawn.
func (t *Table) Visible() (from, to int) {
	return t.top, min(t.top+t.body, len(t.rows))
}

// Update moves the cursor and reports whether the message was for the table.
// Clicks are in the table's own coordinates.
func (t *Table) Update(msg tea.Msg) bool {
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		return t.key(m.String())
	case tea.MouseWheelMsg:
		switch m.Button {
		case tea.MouseWheelUp:
			t.move(-3)
		case tea.MouseWheelDown:
			t.move(3)
		default:
			return false
		}
		return true
	case tea.MouseClickMsg:
		return t.Click(m.Y)
	}
	return false
}

func (t *Table) key(k string) bool {
	page := max(1, t.body)
	switch k {
	case "j", "down":
		t.move(1)
	case "k", "up":
		t.move(-1)
	case "ctrl+d":
		t.move(max(1, page/2))
	case "ctrl+u":
		t.move(-max(1, page/2))
	case "pgdown", "ctrl+f":
		t.move(page)
	case "pgup":
		t.move(-page)
	case "g", "home":
		t.move(-len(t.rows))
	case "G", "end":
		t.move(len(t.rows))
	default:
		return false
	}
	return true
}

func (t *Table) move(n int) {
	t.moved = true
	t.SetCursor(t.cursor + n)
}

// Click puts the cursor on the row drawn at line y of the table and reports
// whether there is one.
func (t *Table) Click(y int) bool {
	i := t.top + y - t.headH
	if y < t.headH || y >= t.headH+t.body || i >= len(t.rows) {
		return false
	}
	t.moved = true
	t.cursor = i
	return true
}

// View draws the table in exactly w×h cells. The header needs 3 lines or more.
func (t *Table) View(th theme.Theme, w, h int, focus bool) string {
	if w <= 0 || h <= 0 {
		return Fit("", w, h)
	}
	t.arrange(th, w)
	t.headH = 0
	if h >= 3 {
		t.headH = 1
	}
	t.body = h - t.headH
	t.scroll()
	var b strings.Builder
	b.Grow(h * (w + 40))
	if t.headH > 0 {
		b.WriteString(t.header(th))
		b.WriteByte('\n')
	}
	for y := range t.body {
		if y > 0 {
			b.WriteByte('\n')
		}
		i := t.top + y
		switch {
		case i >= len(t.rows):
			b.WriteString(Spaces(w))
		case i == t.cursor:
			b.WriteString(t.lay.cursorRow(t.rows[i], focus))
		default:
			if t.cache[i] == "" {
				t.cache[i] = t.lay.row(t.rows[i])
			}
			b.WriteString(t.cache[i])
		}
	}
	return b.String()
}

// scroll keeps the cursor in the window and the window on the rows.
func (t *Table) scroll() {
	if t.cursor < t.top {
		t.top = t.cursor
	}
	if t.cursor >= t.top+t.body {
		t.top = t.cursor - t.body + 1
	}
	t.top = max(0, min(t.top, len(t.rows)-t.body))
}
