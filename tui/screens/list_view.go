package screens

import (
	"fmt"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// sortOption is an order that a list offers: a column of the table, by its
// name on the server.
type sortOption struct {
	column string // "" is the server's own order, newest first
	label  string
	asc    bool // the direction it starts with
}

// sortState is the order chosen of a list of options.
type sortState struct {
	options []sortOption
	at      int
	asc     bool
}

func newSort(options []sortOption) sortState {
	return sortState{options: options, asc: options[0].asc}
}

func (s *sortState) cycle() {
	s.at = (s.at + 1) % len(s.options)
	s.asc = s.options[s.at].asc
}

func (s *sortState) flip() { s.asc = !s.asc }

func (s *sortState) column() string { return s.options[s.at].column }

func (s *sortState) text(th theme.Theme) string {
	arrow := th.Glyph("▼", "v")
	if s.asc {
		arrow = th.Glyph("▲", "^")
	}
	return "by " + s.options[s.at].label + " " + arrow
}

// listCount says how many rows are shown of how many.
func listCount[T any](l *listing[T], noun string) string {
	switch n := len(l.items); {
	case !l.loaded && l.err() != nil:
		return "no answer yet"
	case !l.loaded:
		return "loading…"
	case !l.settled && l.err() == nil:
		return "searching…"
	case l.total != nil && *l.total > int64(n):
		return fmt.Sprintf("%d of %s", n, plural(int(*l.total), noun))
	case l.next != "":
		return fmt.Sprintf("%d+ %ss", n, noun)
	default:
		return plural(n, noun)
	}
}

// chips is the head line of a list: facts about what is shown, the first of
// them strong.
func chips(th theme.Theme, w int, parts ...string) string {
	var b strings.Builder
	used := 0
	for _, p := range parts {
		if p == "" {
			continue
		}
		style, sep := th.Dim, " · "
		if used == 0 {
			style, sep = th.Strong, ""
		}
		room := w - used - kit.Width(sep)
		if room < 2 {
			break
		}
		p = kit.Truncate(models.Clean(p), room)
		b.WriteString(th.Faint.Render(sep) + style.Render(p))
		used += kit.Width(sep) + kit.Width(p)
	}
	return b.String()
}

// searchChip names the search text, "" when there is none.
func searchChip(text string) string {
	if text == "" {
		return ""
	}
	return "search “" + text + "”"
}

// listFoot is the last line of a list: what went wrong, else what is wrong with
// the chosen row, else that there is more to load.
func listFoot[T any](th theme.Theme, l *listing[T], now time.Time, w int, row string) string {
	switch {
	case l.err() != nil && l.loaded:
		return kit.ErrorLine(th, l.err(), kit.Age(l.feed.State().At, now), w)
	case row != "":
		return row
	case l.paging:
		return th.Dim.Render(kit.Truncate("loading more…", w))
	}
	return ""
}

// listBody lays a list out: head line, table, foot of one or two lines; what has
// no room goes.
func listBody(f screen.Frame, head, foot string, table func(w, h int) string) string {
	h := f.H
	if h < 4 {
		return table(f.W, h)
	}
	h--
	if foot == "" {
		return kit.JoinV(kit.Fit(head, f.W, 1), table(f.W, h))
	}
	low := 1
	if f.H >= 16 { // room to say it in full
		low = min(2, kit.Height(foot))
	}
	h -= low
	return kit.JoinV(kit.Fit(head, f.W, 1), kit.Fit(table(f.W, h), f.W, h), kit.Fit(foot, f.W, low))
}

// listEmpty is what stands in place of a table without rows.
func listEmpty[T any](th theme.Theme, l *listing[T], w, h int, nothing, hint string) string {
	switch {
	case !l.loaded && l.err() != nil:
		text, what := models.Explain(l.err())
		return kit.Empty(th, text, what, w, h)
	case !l.loaded || !l.settled && l.err() == nil:
		return kit.Empty(th, "Loading…", "", w, h)
	}
	return kit.Empty(th, nothing, hint, w, h)
}

// diagnosisLine says what is wrong with a stuck row, and what to do.
func diagnosisLine(th theme.Theme, d *models.Diagnosis, w int) string {
	if d == nil {
		return ""
	}
	age := " (" + kit.Duration(d.Age) + ")"
	if strings.HasSuffix(d.Text, " for") {
		age = " " + kit.Duration(d.Age)
	}
	text := fmt.Sprintf("! %s%s. %s", d.Text, age, d.Hint)
	return strings.Join(wrapped(th.Warn.Render, text, w), "\n")
}
