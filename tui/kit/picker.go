package kit

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/theme"
)

// FileEntry is one file or folder of a Picker.
type FileEntry struct {
	Name     string
	Dir      bool
	Size     int64 // bytes, of a file
	Modified time.Time
	Why      string // why it cannot be chosen; "" = it can
}

// Picker chooses a file. One line holds the path, which is typed with
// completion; below it is the folder of that path, narrowed to what was typed of
// the name. It reads no folder itself: Wanted names the one that it needs, and
// SetEntries answers.
type Picker struct {
	home   string
	input  Input
	table  *Table
	dir    string // of the entries
	loaded bool
	all    []FileEntry
	shown  []FileEntry
	err    string
	hidden bool
	rowed  string // theme of the rows
	more   int    // entries that were left out
}

// NewPicker makes a picker that starts in dir, an absolute path; home is what
// "~" stands for, "" for nothing.
func NewPicker(dir, home string) *Picker {
	p := &Picker{home: home, input: NewInput("", "path of a file", false, 4096), table: NewTable(
		Column{Title: "Name", Min: 12},
		Column{Title: "Size", Min: 8, Max: 9, Right: true, Drop: 1},
		Column{Title: "Age", Min: 4, Max: 6, Right: true, Drop: 2},
		Column{Title: "", Min: 6, Max: 30, Drop: 3},
	)}
	p.input.Focus()
	p.input.SetValue(slashed(dir))
	return p
}

// slashed is a folder as the path line shows it.
func slashed(dir string) string {
	if strings.HasSuffix(dir, "/") {
		return dir
	}
	return dir + "/"
}

// split is the folder of the path line and what is typed of the name.
func (p *Picker) split() (dir, part string) {
	text := p.input.Value()
	if rest, ok := strings.CutPrefix(text, "~/"); ok && p.home != "" {
		text = slashed(p.home) + rest
	}
	i := strings.LastIndexByte(text, '/')
	if i < 0 {
		return p.dir, text
	}
	return filepath.Clean(text[:i+1]), text[i+1:]
}

// Wanted is the folder whose entries are needed, "" when they are there.
func (p *Picker) Wanted() string {
	if dir, _ := p.split(); !p.loaded || dir != p.dir {
		return dir
	}
	return ""
}

// SetEntries answers Wanted: what is in a folder, how many entries were left
// out, and what went wrong.
func (p *Picker) SetEntries(dir string, list []FileEntry, more int, err string) {
	if want := p.Wanted(); want != dir && (want != "" || dir != p.dir) {
		return // of a folder that was left meanwhile
	}
	p.dir, p.loaded, p.all, p.more, p.err = dir, true, list, more, err
	p.narrow()
}

// Hidden reports whether files with a dot in front are shown.
func (p *Picker) Hidden() bool { return p.hidden }

// ToggleHidden shows them, or not.
func (p *Picker) ToggleHidden() {
	p.hidden = !p.hidden
	p.narrow()
}

// Path is what the path line says.
func (p *Picker) Path() string { return p.input.Value() }

// rank sorts: what can be chosen first, newest first; then folders by name; then
// the rest.
func rank(e FileEntry) int {
	switch {
	case !e.Dir && e.Why == "":
		return 0
	case e.Dir:
		return 1
	}
	return 2
}

// narrow fills shown with the entries that fit what is typed.
func (p *Picker) narrow() {
	_, part := p.split()
	low := strings.ToLower(part)
	var first, rest []FileEntry
	for _, e := range p.all {
		name := strings.ToLower(e.Name)
		switch {
		case strings.HasPrefix(e.Name, ".") && !p.hidden && !strings.HasPrefix(part, "."):
		case strings.HasPrefix(name, low):
			first = append(first, e)
		case strings.Contains(name, low):
			rest = append(rest, e)
		}
	}
	for _, list := range [][]FileEntry{first, rest} {
		slices.SortStableFunc(list, func(a, b FileEntry) int {
			if c := cmp.Compare(rank(a), rank(b)); c != 0 {
				return c
			}
			if rank(a) == 0 {
				if c := b.Modified.Compare(a.Modified); c != 0 {
					return c
				}
			}
			return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		})
	}
	p.shown = append(first, rest...)
	if low == "" && p.dir != "/" && p.loaded {
		p.shown = append(p.shown, FileEntry{Name: "..", Dir: true})
	}
	p.rowed = ""
	p.table.SetCursor(0)
}

// Selected is the entry under the cursor and its path.
func (p *Picker) Selected() (FileEntry, string, bool) {
	i := p.table.Cursor()
	if i < 0 || i >= len(p.shown) {
		return FileEntry{}, "", false
	}
	return p.shown[i], filepath.Join(p.dir, p.shown[i].Name), true
}

// Enter opens the folder under the cursor, or gives the path of the file;
// chosen is false for a folder and for what cannot be chosen.
func (p *Picker) Enter() (path string, chosen bool) {
	e, path, ok := p.Selected()
	switch {
	case !ok || p.Wanted() != "":
		return "", false
	case e.Dir:
		p.goTo(path)
		return "", false
	}
	return path, e.Why == ""
}

// Up goes to the folder above.
func (p *Picker) Up() {
	dir, _ := p.split()
	p.goTo(filepath.Dir(dir))
}

func (p *Picker) goTo(dir string) {
	p.input.SetValue(slashed(dir))
	p.table.SetCursor(0)
	if p.Wanted() == "" {
		p.narrow()
	}
}

// Complete writes as much of a name as is certain; a folder that is the only
// one is entered.
func (p *Picker) Complete() {
	_, part := p.split()
	low := strings.ToLower(part)
	var fits []FileEntry
	for _, e := range p.shown {
		if e.Name != ".." && strings.HasPrefix(strings.ToLower(e.Name), low) {
			fits = append(fits, e)
		}
	}
	if len(fits) == 0 {
		return
	}
	if len(fits) == 1 {
		if fits[0].Dir {
			p.goTo(filepath.Join(p.dir, fits[0].Name))
			return
		}
		p.typed(slashed(p.dir) + fits[0].Name)
		return
	}
	common := []rune(fits[0].Name)
	for _, e := range fits[1:] {
		name := []rune(e.Name)
		n := 0
		for n < len(common) && n < len(name) && strings.EqualFold(string(common[n]), string(name[n])) {
			n++
		}
		common = common[:n]
	}
	if len(common) > len([]rune(part)) {
		p.typed(slashed(p.dir) + string(common))
	}
}

func (p *Picker) typed(text string) {
	p.input.SetValue(text)
	p.narrow()
}

// Update takes keys, pastes, the wheel and clicks, in the picker's own
// coordinates, and reports whether they were for it.
func (p *Picker) Update(msg tea.Msg) bool {
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		if p.key(m) {
			return true
		}
	case tea.MouseWheelMsg:
		return p.table.Update(m)
	case tea.MouseClickMsg:
		return p.table.Click(m.Y - 1)
	}
	if p.input.Update(msg) {
		if p.Wanted() == "" {
			p.narrow()
		}
		return true
	}
	return false
}

// key takes the keys that are not for the path line.
func (p *Picker) key(m tea.KeyPressMsg) bool {
	switch k := m.String(); k {
	case "tab":
		p.Complete()
		return true
	case "backspace":
		if !strings.HasSuffix(p.input.Value(), "/") {
			return false
		}
		p.Up()
		return true
	case "home", "end", "ctrl+u", "ctrl+d", "ctrl+f": // they edit the line
		return false
	}
	return m.Text == "" && p.table.Update(m)
}

// View draws the picker in exactly w×h cells.
func (p *Picker) View(th theme.Theme, now time.Time, w, h int, focus bool) string {
	if w <= 0 || h <= 0 {
		return Fit("", w, h)
	}
	head := th.Accent.Render("> ") + p.input.View(th, max(1, w-2))
	if h == 1 {
		return Fit(head, w, 1)
	}
	switch {
	case p.Wanted() != "":
		return JoinV(Fit(head, w, 1), Empty(th, "Reading "+models.Clean(p.Wanted()), "", w, h-1))
	case p.err != "":
		return JoinV(Fit(head, w, 1), Empty(th, models.Clean(p.err), "backspace goes to the folder above", w, h-1))
	case len(p.shown) == 0:
		return JoinV(Fit(head, w, 1), Empty(th, "Nothing here begins so.", "ctrl+t shows hidden files, backspace takes letters back", w, h-1))
	}
	p.rows(th, now)
	return JoinV(Fit(head, w, 1), p.table.View(th, w, h-1, focus))
}

// More is how many entries of the folder were left out.
func (p *Picker) More() int { return p.more }

func (p *Picker) rows(th theme.Theme, now time.Time) {
	if p.rowed == th.ID {
		return
	}
	p.rowed = th.ID
	rows := make([]Row, len(p.shown))
	for i, e := range p.shown {
		size, age, style := Bytes(e.Size), Age(e.Modified, now), th.Text
		name := models.Clean(e.Name)
		switch {
		case e.Dir:
			size, style, name = "", th.Info, name+"/"
		case e.Why != "":
			style = th.Faint
		}
		if e.Name == ".." {
			age = ""
		}
		rows[i] = Row{ID: e.Name, Cells: []Cell{{Text: name, Style: &style}, {Text: size, Style: &style}, {Text: age, Style: &style}, {Text: e.Why, Style: &style}}}
	}
	cursor := p.table.Cursor()
	p.table.SetRows(rows)
	p.table.SetCursor(cursor)
}
