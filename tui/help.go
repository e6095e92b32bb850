package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// help is the key table of the page and of the shell, searched by typing.
type help struct {
	input  kit.Input
	scroll *kit.Scroller
	groups []helpGroup
	drawn  string // text and theme that the scroller holds
}

type helpGroup struct {
	title string
	rows  []helpRow
}

type helpRow struct{ keys, desc, off, id string }

// moving are the keys of every list and text; the widgets answer them.
func moving() []helpRow {
	return []helpRow{
		{keys: "j k, up down", desc: "move"},
		{keys: "g G, home end", desc: "first, last"},
		{keys: "ctrl+d ctrl+u", desc: "half a page down, up"},
		{keys: "pgdn pgup", desc: "a page down, up"},
		{keys: "mouse", desc: "wheel scrolls, click chooses; hold shift to select text"},
	}
}

func (s *shell) openHelp() tea.Cmd {
	h := &help{input: kit.NewInput("", "type to search", false, 60), scroll: kit.NewScroller(true)}
	h.input.Focus()
	if p := s.top(); p != nil {
		h.add(p.spec.Title, s.actions(p))
	}
	h.groups = append(h.groups, helpGroup{"Moving", moving()})
	h.add("Everywhere", s.globals())
	h.add("Sections", s.tabActions())
	s.help = h
	return nil
}

func (h *help) add(title string, list []screen.Action) {
	g := helpGroup{title: title}
	for _, a := range list {
		k := a.Keys.Help()
		if k.Key == "" && k.Desc == "" {
			continue
		}
		g.rows = append(g.rows, helpRow{keys: k.Key, desc: k.Desc, off: a.Why(), id: a.ID})
	}
	if len(g.rows) > 0 {
		h.groups = append(h.groups, g)
	}
}

func (s *shell) helpKey(m tea.KeyPressMsg) tea.Cmd {
	h := s.help
	empty := h.input.Value() == ""
	switch k := m.String(); {
	case k == "esc" || k == "alt+esc" || k == "f1" || empty && (k == "?" || k == "q"):
		s.help = nil
	case k == "up" || k == "down" || k == "pgup" || k == "pgdown" || k == "ctrl+d" || k == "ctrl+u" || k == "home" || k == "end":
		h.scroll.Update(m)
	default:
		h.edit(s, m)
	}
	return nil
}

func (h *help) edit(_ *shell, m tea.Msg) {
	if h.input.Update(m) {
		h.drawn = ""
		h.scroll.Top()
	}
}

// view draws the help in exactly w×h cells.
func (h *help) view(th theme.Theme, w, ht int) string {
	iw, ih := kit.PanelInner(w, ht)
	key := th.ID + "\x00" + h.input.Value() + "\x00" + kit.Exact(int64(iw))
	if h.drawn != key {
		h.drawn = key
		h.scroll.SetContent(h.text(th, iw))
	}
	head := th.Accent.Render("/ ") + h.input.View(th, max(0, iw-2))
	body := head
	if ih > 1 {
		body += "\n" + h.scroll.View(th, iw, ih-1)
	}
	return kit.Panel(th, "Keys", body, w, ht, true)
}

// text is the table, narrowed to the rows that hold every word typed.
func (h *help) text(th theme.Theme, w int) string {
	words := strings.Fields(strings.ToLower(h.input.Value()))
	var lines []string
	for _, g := range h.groups {
		var rows []string
		for _, r := range g.rows {
			if r.matches(words) {
				rows = append(rows, r.line(th))
			}
		}
		if len(rows) > 0 {
			lines = append(lines, "", kit.Rule(th, g.title, min(w-2, 60)))
			lines = append(lines, rows...)
		}
	}
	if len(lines) == 0 {
		return th.Dim.Render("\nNo key does that")
	}
	return strings.Join(lines[1:], "\n")
}

func (r helpRow) matches(words []string) bool {
	text := strings.ToLower(r.keys + " " + r.desc + " " + r.id)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func (r helpRow) line(th theme.Theme) string {
	keys := r.keys
	if keys == "" {
		keys = "(:)" // only in the palette
	}
	s := "  " + th.Accent.Render(kit.PadRight(keys, 14)) + " " + th.Text.Render(r.desc)
	if r.off != "" {
		s += th.Faint.Render("  not now: " + r.off)
	}
	return s
}
