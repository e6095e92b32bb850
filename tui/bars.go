package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// seg is a piece of a bar.
type seg struct {
	text  string
	style *lipgloss.Style
	do    func() tea.Cmd
	drop  int  // dropped when the bar is too narrow, higher first; 0 = stays
	off   bool // cannot be done now; looks so though it reads the same
}

// barKey names a bar's whole content; the bar is drawn again when it changes.
func barKey(w int, theme string, groups ...[]seg) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\x00%s", w, theme)
	for _, g := range groups {
		b.WriteByte(1)
		for _, s := range g {
			b.WriteByte(2)
			b.WriteString(s.text)
			b.WriteByte(byte(s.drop))
			if s.off {
				b.WriteByte(3)
			}
		}
	}
	return b.String()
}

// fill draws left and right pieces in w cells, dropping what does not fit.
func (b *bar) fill(ground lipgloss.Style, w int, left, right []seg) {
	left, right = fitSegs(left, right, w)
	b.zones = b.zones[:0]
	var out strings.Builder
	x := 0
	put := func(list []seg) {
		for _, s := range list {
			n := kit.Width(s.text)
			out.WriteString(s.style.Render(s.text))
			if s.do != nil {
				b.zones = append(b.zones, zone{x0: x, x1: x + n, do: s.do})
			}
			x += n
		}
	}
	put(left)
	gap := w - x - segsWidth(right)
	if gap > 0 {
		out.WriteString(ground.Render(kit.Spaces(gap)))
		x += gap
	}
	put(right)
	b.text = kit.Fit(out.String(), w, 1)
}

func segsWidth(list []seg) (n int) {
	for _, s := range list {
		n += kit.Width(s.text)
	}
	return n
}

// fitSegs drops pieces until the rest fits.
func fitSegs(left, right []seg, w int) (l, r []seg) {
	for segsWidth(left)+segsWidth(right) > w {
		li, lmax := highest(left)
		ri, rmax := highest(right)
		switch {
		case lmax == 0 && rmax == 0:
			return left, right
		case lmax > rmax:
			left = append(append([]seg(nil), left[:li]...), left[li+1:]...)
		default:
			right = append(append([]seg(nil), right[:ri]...), right[ri+1:]...)
		}
	}
	return left, right
}

// highest is the last piece with the highest drop.
func highest(list []seg) (at, drop int) {
	for i, s := range list {
		if s.drop > 0 && s.drop >= drop {
			at, drop = i, s.drop
		}
	}
	return at, drop
}

// barStyles are the theme's styles on the ground of the header or the footer,
// made once per theme.
type barStyles struct {
	head, mark, dim, faint, strong, warn, bad, good *lipgloss.Style
	foot, key, text, off, filter                    *lipgloss.Style
	tab, tabKey, tabOn, tabOnKey, none              *lipgloss.Style
}

func newBarStyles(th theme.Theme) barStyles {
	on := func(ground, s lipgloss.Style) *lipgloss.Style {
		out := s.Background(ground.GetBackground())
		if th.NoColor {
			out = ground.Bold(s.GetBold())
		}
		return &out
	}
	keep := func(s lipgloss.Style) *lipgloss.Style { return &s }
	h, f := th.Header, th.Footer
	return barStyles{
		head: keep(h), mark: on(h, th.Accent), dim: on(h, th.Dim), faint: on(h, th.Faint), strong: on(h, th.Strong),
		warn: on(h, th.Warn), bad: on(h, th.Bad), good: on(h, th.Good),
		foot: keep(f), key: keep(th.Key), text: keep(th.KeyText), off: on(f, th.Faint), filter: keep(th.Key.Reverse(true)),
		tab: keep(th.Dim), tabKey: keep(th.Faint), tabOn: keep(th.Accent.Underline(true)), tabOnKey: keep(th.Accent),
		none: keep(lipgloss.NewStyle()),
	}
}

// drawHead draws the first line of the header.
func (s *shell) drawHead() {
	right := s.headRight()
	state := 0
	if len(right) > 0 {
		state = kit.Width(right[0].text) // the title gives way to it
	}
	left := s.headLeft(max(8, min(40, s.w-state-1)))
	key := barKey(s.w, s.th.ID, left, right)
	if s.draw.head.key == key {
		return
	}
	s.draw.head.key = key
	s.draw.head.fill(s.th.Header, s.w, left, right)
}

func (s *shell) headLeft(room int) []seg {
	g := s.st.head
	out := []seg{{text: mark(s.th, s.conn.Demo), style: s.st.mark, drop: 2, do: s.goHome}}
	if s.conn.Profile != "" && !s.conn.Demo {
		out = append(out, seg{text: models.Clean(s.conn.Profile) + " ", style: g, drop: 4})
	}
	out = append(out, seg{text: " ", style: g, drop: 4})
	sep := s.th.Glyph(" › ", " > ")
	for i, p := range s.trail() {
		if i > 0 {
			out = append(out, seg{text: sep, style: s.st.faint, drop: 3})
		}
		st, drop := s.st.dim, 3
		if p == s.top() {
			st, drop = s.st.strong, 0
		}
		out = append(out, seg{text: kit.Truncate(s.pageTitle(p), room), style: st, drop: drop})
	}
	return out
}

// trail is the pages named in the header: the last three.
func (s *shell) trail() []*page {
	if s.gate != nil {
		return []*page{s.gate}
	}
	return s.stack[max(0, len(s.stack)-3):]
}

func (s *shell) goHome() tea.Cmd {
	if s.gate != nil || len(s.tabs) == 0 || s.starting {
		return nil
	}
	return s.section(s.tabs[0].Name)
}

func (s *shell) headRight() []seg {
	g := s.st.head
	var out []seg
	if text, style := s.health(); text != "" {
		out = append(out, seg{text: " " + text + " ", style: style, drop: 1})
	}
	if o, ok := s.overview.Value(); ok && s.gate == nil {
		if o.Live > 0 {
			out = append(out, seg{text: " " + kit.Count(o.Live) + " active ", style: g, drop: 7, do: s.goTo("jobs")})
		}
		if o.Unread > 0 {
			out = append(out, seg{text: " " + kit.Count(o.Unread) + " unread ", style: s.st.warn, drop: 5, do: s.goTo("inbox")})
		}
		out = append(out, seg{text: " " + s.spend(o) + " ", style: g, drop: 6, do: s.goTo("costs")})
	}
	if u := s.user(); u != "" && s.gate == nil {
		out = append(out, seg{text: " " + kit.Truncate(u, 30) + " ", style: s.st.dim, drop: 8})
	}
	return out
}

func (s *shell) goTo(name string) func() tea.Cmd {
	return func() tea.Cmd { return s.open(name, false) }
}

// spend is the month and its amount; "~" says that part of it is derived.
func (s *shell) spend(o models.Overview) string {
	approx := ""
	if o.Derived {
		approx = "~"
	}
	return s.now.UTC().Format("Jan") + " " + approx + kit.Money(&o.MonthSpend)
}

func (s *shell) user() string {
	if s.session == nil {
		return ""
	}
	if s.session.Email != "" {
		return models.Clean(s.session.Email)
	}
	return models.Clean(s.session.UserID)
}

// health is the state of the top page's feed, or of the header's own.
func (s *shell) health() (string, *lipgloss.Style) {
	st := s.overview.State()
	if p := s.top(); p != nil && p.failed == nil {
		if f, ok := p.scr.(screen.Feeder); ok {
			s.guard(p, "FeedState", func() { st = f.FeedState() })
		} else if p == s.gate {
			return "", s.st.dim
		}
	}
	return healthText(s.th, s.st, st, s.now, s.w < 50)
}

func healthText(th theme.Theme, bs barStyles, st screen.FeedState, now time.Time, short bool) (string, *lipgloss.Style) {
	switch st.Health {
	case screen.HealthLive:
		if slow := 3*st.Every + 10*time.Second; st.Every > 0 && now.Sub(st.At) > slow {
			return th.Glyph("◌ ", ". ") + "stale " + kit.Age(st.At, now), bs.warn
		}
		return th.Glyph("● ", "* ") + "live", bs.good
	case screen.HealthStale:
		if st.At.IsZero() {
			return th.Glyph("✗ ", "x ") + "no data", bs.bad
		}
		return th.Glyph("◌ ", ". ") + "stale " + kit.Age(st.At, now), bs.warn
	case screen.HealthOffline:
		return th.Glyph("✗ ", "x ") + "offline" + retryText(st.Next, now, short), bs.bad
	default:
		return th.Glyph("○ ", "o ") + "connecting", bs.dim
	}
}

// retryText says when the next try is.
func retryText(next, now time.Time, short bool) string {
	wait := int((next.Sub(now) + time.Second - 1) / time.Second)
	switch {
	case short && wait > 0 && !next.IsZero():
		return " " + strconv.Itoa(wait) + "s"
	case short:
		return ""
	case next.IsZero() || wait <= 0:
		return ", retrying"
	default:
		return ", retry in " + strconv.Itoa(wait) + "s"
	}
}

// drawTabs draws the second line of the header: the sections, the titles of
// those that are not open shortened until all fit.
func (s *shell) drawTabs() {
	segs := s.tabSegs(99, " ")
	for n := 9; n >= 0 && segsWidth(segs) > s.w; n-- {
		if n != 1 && n != 2 { // so few letters tell nothing
			segs = s.tabSegs(n, "")
		}
	}
	key := barKey(s.w, s.th.ID, segs) + s.section0()
	if s.draw.tabs.key == key {
		return
	}
	s.draw.tabs.key = key
	s.draw.tabs.fill(lipgloss.NewStyle(), s.w, segs, nil)
}

// section0 is the name of the section that is open.
func (s *shell) section0() string {
	if s.gate != nil || len(s.stack) == 0 {
		return ""
	}
	return s.stack[0].spec.Name
}

// tabSegs is the row of tabs, with up to n cells of a title that is not open.
func (s *shell) tabSegs(n int, gap string) []seg {
	active := s.section0()
	var out []seg
	if s.gate != nil || s.starting {
		return nil // nothing leads anywhere yet
	}
	for _, t := range s.tabs {
		num, title := s.tabKey(t), models.Clean(t.Title)
		st, nst := s.st.tab, s.st.tabKey
		if t.Name == active {
			st, nst = s.st.tabOn, s.st.tabOnKey
		} else {
			title = kit.Truncate(title, n)
		}
		do := s.goTo(t.Name)
		out = append(out, seg{text: " " + num, style: nst, do: do})
		if title != "" {
			out = append(out, seg{text: " ", style: nst, do: do}, seg{text: title, style: st, do: do})
		}
		out = append(out, seg{text: gap, style: s.st.none})
	}
	return out
}
