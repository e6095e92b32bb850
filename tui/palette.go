package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// palette finds an action by name: the page's own, the sections, the shell's,
// and any link that is typed ("job ID").
type palette struct {
	input   kit.Input
	all     []entry
	shown   []entry
	at, top int
	rows, w int // entries in the window, and width of the box, when last drawn
	links   func(text string) (entry, bool)
}

type entry struct {
	id, title, keys, group string
	off                    string
	run                    func() tea.Cmd
}

func (s *shell) openPalette() tea.Cmd {
	p := &palette{input: kit.NewInput("", "what to do, or a link such as: job ID", false, 200), links: s.linkEntry}
	p.input.Focus()
	if t := s.top(); t != nil {
		p.add("here", s.actions(t), s.run)
	}
	p.add("go to", s.tabActions(), s.run)
	p.add("app", s.globals(), s.run)
	p.all = slices.DeleteFunc(p.all, func(e entry) bool { return e.id == "app.palette" || e.id == "app.back" })
	slices.SortStableFunc(p.all, func(a, b entry) int { return s.usedRank(a.id) - s.usedRank(b.id) })
	p.search()
	s.palette = p
	return nil
}

// usedRank sorts what was run last to the top.
func (s *shell) usedRank(id string) int {
	if i := slices.Index(s.used, id); i >= 0 {
		return i
	}
	return len(s.used)
}

func (p *palette) add(group string, list []screen.Action, run func(screen.Action) tea.Cmd) {
	for _, a := range list {
		h := a.Keys.Help()
		if a.Do == nil || h.Desc == "" {
			continue
		}
		p.all = append(p.all, entry{
			id: a.ID, title: h.Desc, keys: h.Key, group: group, off: a.Why(),
			run: func() tea.Cmd { return run(a) },
		})
	}
}

// linkEntry turns "job ID", "job/ID" or "ID's section name" into a link.
func (s *shell) linkEntry(text string) (entry, bool) {
	link := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '/' || r == ' ' }), "/")
	name, args := screen.ParseLink(link)
	if name == signInPage || s.gate != nil || !slices.ContainsFunc(s.specs, func(x screen.Spec) bool { return x.Name == name }) {
		return entry{}, false
	}
	if len(args) == 0 && s.tab(name) < 0 {
		return entry{}, false
	}
	return entry{id: "link", title: "open " + models.Clean(link), group: "link", run: func() tea.Cmd { return s.open(link, false) }}, true
}

// String and Len make the entries a source for the fuzzy search.
func (p *palette) String(i int) string { return p.all[i].title + " " + p.all[i].id }

// Len is the number of entries.
func (p *palette) Len() int { return len(p.all) }

func (p *palette) search() {
	p.at, p.top, p.shown = 0, 0, p.shown[:0]
	text := strings.TrimSpace(p.input.Value())
	if text == "" {
		p.shown = append(p.shown, p.all...)
		return
	}
	if e, ok := p.links(text); ok {
		p.shown = append(p.shown, e)
	}
	for _, m := range fuzzy.FindFrom(text, p) {
		p.shown = append(p.shown, p.all[m.Index])
	}
}

func (p *palette) edit(m tea.Msg) {
	if p.input.Update(m) {
		p.search()
	}
}

func (s *shell) paletteKey(m tea.KeyPressMsg) tea.Cmd {
	p := s.palette
	switch m.String() {
	case "esc", "alt+esc", "ctrl+p":
		s.palette = nil
	case "enter":
		return s.runEntry(p.at)
	case "up", "ctrl+k":
		p.move(-1)
	case "down", "ctrl+j", "ctrl+n", "tab":
		p.move(1)
	case "pgup":
		p.move(-max(1, p.rows))
	case "pgdown":
		p.move(max(1, p.rows))
	default:
		p.edit(m)
	}
	return nil
}

func (p *palette) move(n int) { p.at = max(0, min(p.at+n, len(p.shown)-1)) }

// runEntry closes the palette and runs an entry of it.
func (s *shell) runEntry(i int) tea.Cmd {
	p := s.palette
	if i < 0 || i >= len(p.shown) {
		return nil
	}
	s.palette = nil
	s.bodyDirty()
	e := p.shown[i]
	if e.id != "link" {
		s.used = slices.DeleteFunc(s.used, func(id string) bool { return id == e.id })
		s.used = append([]string{e.id}, s.used[:min(len(s.used), 9)]...)
	}
	return e.run()
}

// view draws the palette in a box that fits into w×h.
func (p *palette) view(th theme.Theme, w, h int) string {
	bw := min(w, 72)
	bh := min(h, 18)
	iw, ih := kit.PanelInner(bw, bh)
	p.rows, p.w = max(0, ih-1), bw
	if p.at < p.top {
		p.top = p.at
	}
	if p.rows > 0 && p.at >= p.top+p.rows {
		p.top = p.at - p.rows + 1
	}
	lines := []string{th.Accent.Render(": ") + p.input.View(th, iw-2)}
	for i := p.top; i < min(len(p.shown), p.top+p.rows); i++ {
		lines = append(lines, p.shown[i].line(th, iw, i == p.at))
	}
	if len(p.shown) == 0 {
		lines = append(lines, th.Dim.Render("Nothing is called that"))
	}
	return kit.Panel(th, "Commands", strings.Join(lines, "\n"), bw, bh, true)
}

func (e entry) line(th theme.Theme, w int, on bool) string {
	mark := "  "
	if on {
		mark = th.Glyph("▌", ">") + " "
	}
	right := e.keys
	if w > 48 {
		right = kit.PadLeft(e.group, 5) + "  " + kit.PadLeft(e.keys, 8)
	}
	title := e.title
	if e.off != "" {
		title += "  (" + e.off + ")"
	}
	text := mark + kit.PadRight(title, max(0, w-2-kit.Width(right)-1)) + " " + right
	switch {
	case on:
		return th.Selected.Render(kit.PadRight(text, w))
	case e.off != "":
		return th.Faint.Render(kit.PadRight(text, w))
	default:
		return th.Text.Render(kit.PadRight(text, w))
	}
}
