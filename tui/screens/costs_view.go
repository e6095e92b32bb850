package screens

import (
	"fmt"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

func (s *costs) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *costs) draw(f screen.Frame) string {
	th := f.Theme
	if _, ok := s.feed.Value(); !ok {
		text, hint := "Loading…", ""
		if err := s.feed.Err(); err != nil {
			text, hint = models.Explain(err)
		}
		return kit.Empty(th, text, hint, f.W, f.H)
	}
	if f.Now.Sub(s.builtAt) >= 30*time.Second { // running jobs go on to cost
		s.build(f.Now)
		s.rows(f)
	}
	if s.rowsDue(f) {
		s.rows(f)
	}
	h := f.H
	var top []string
	if h >= 4 {
		top = append(top, kit.Fit(s.head(f), f.W, 1))
	}
	if h >= 8 && s.o.Budget != nil {
		top = append(top, s.budgetLine(f))
	}
	foot := ""
	if err := s.feed.Err(); err != nil && h >= 5 {
		foot = kit.ErrorLine(th, err, kit.Age(s.feed.State().At, f.Now), f.W)
	}
	h -= len(top) + kit.Height(foot)
	return kit.JoinV(kit.JoinV(top...), s.body(f, len(top), h), foot)
}

// body is the bars and the table: side by side where there is room, else one
// below the other, and the table alone when it is low.
func (s *costs) body(f screen.Frame, y, h int) string {
	th := f.Theme
	groups := costGroupings()[s.group].groups(s.report)
	title := "By " + costGroupings()[s.group].label
	switch {
	case f.W >= 110 && h >= 6:
		w := f.W * 2 / 5
		iw, ih := kit.PanelInner(w, h)
		s.tableY = y + 1
		left := kit.Panel(th, title, s.bars(f, groups, iw, ih), w, h, false)
		iw, ih = kit.PanelInner(f.W-w, h)
		return kit.JoinH(left, kit.Panel(th, "Records", s.records(f, iw, ih), f.W-w, h, f.Focus))
	case h >= 12:
		low := min(max(3, len(groups)+2), h/2)
		iw, ih := kit.PanelInner(f.W, low)
		s.tableY = y + low
		return kit.JoinV(kit.Panel(th, title, s.bars(f, groups, iw, ih), f.W, low, false),
			kit.Fit(s.records(f, f.W, h-low), f.W, h-low))
	}
	s.tableY = y
	return kit.Fit(s.records(f, f.W, h), f.W, h)
}

func (s *costs) head(f screen.Frame) string {
	r := s.report
	state := ""
	if s.short(f.Now) {
		state = "loading older costs…"
	}
	derived, about := "", ""
	if !r.Derived.IsZero() {
		derived, about = "~"+kit.Money(&r.Derived)+" derived", "~"
		if f.W >= 100 {
			derived += " from jobs without a record"
		}
	}
	search := ""
	if s.search != "" {
		search = fmt.Sprintf("%d of %d records match “%s”", len(s.lines), len(r.Lines), s.search)
	}
	return chips(f.Theme, f.W, costPeriods()[s.period].label+": "+about+kit.Money(&r.Total), state, search,
		kit.Money(&r.Recorded)+" recorded", derived)
}

// budgetLine is the month against its budget.
func (s *costs) budgetLine(f screen.Frame) string {
	th := f.Theme
	text, level := budgetText(s.month, *s.o.Budget)
	style := th.Good
	switch level {
	case 1:
		style = th.Warn
	case 2:
		style = th.Bad
	}
	text = "month's budget  " + text
	bar := f.W - kit.Width(text) - 2
	if bar < 8 {
		return style.Render(kit.PadRight(text, f.W))
	}
	return style.Render(text) + "  " + kit.Meter(th, s.month.Ratio(*s.o.Budget), bar)
}

// bars draws the groups; the derived part of each is named in its text.
func (s *costs) bars(f screen.Frame, groups []models.CostGroup, w, h int) string {
	if len(groups) == 0 {
		return kit.Empty(f.Theme, "Nothing was spent.", "", w, h)
	}
	bars := make([]chart.Bar, len(groups))
	for i := range groups {
		g := &groups[i]
		text := kit.Money(&g.Total)
		if long := text + " (~" + kit.Money(&g.Derived) + " derived)"; !g.Derived.IsZero() && kit.Width(long) <= w/3 {
			text = long
		} else if !g.Derived.IsZero() {
			text = "~" + text
		}
		bars[i] = chart.Bar{Label: s.groupName(*g), Text: text, Value: g.Total.Ratio(models.Dollars(100)), Color: 1}
	}
	return chart.Bars(f.Theme, bars, w, h)
}

func (s *costs) groupName(g models.CostGroup) string {
	if costGroupings()[s.group].label == "type" {
		return costTypeText(models.CostType(g.Label))
	}
	return groupLabel(g)
}

func (s *costs) records(f screen.Frame, w, h int) string {
	switch {
	case s.table.Len() > 0:
		return s.table.View(f.Theme, w, h, f.Focus)
	case s.search != "":
		return kit.Empty(f.Theme, "No record matches.", "esc clears the search.", w, h)
	}
	return kit.Empty(f.Theme, "Nothing was spent in this period.", "p takes a longer one.", w, h)
}
