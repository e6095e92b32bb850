package screens

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// costs reports what was spent: recorded by the platform, and derived from jobs
// that it keeps no record of.
type costs struct {
	paint
	o      Options
	sc     screen.Scope
	feed   *screen.Feed[costsRead]
	table  *kit.Table
	period int // index into costPeriods
	group  int // index into costGroupings
	search string
	tableY int

	report  models.CostReport // of the period
	month   models.Money      // spent in the month of now, for the budget
	builtAt time.Time
	lines   []models.CostLine // those that match the search
}

// costsRead is the raw material since an instant.
type costsRead struct {
	from time.Time
	data models.CostData
}

func newCosts(b Costs, o Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &costs{o: o, sc: sc, period: costPeriodFirst, table: kit.NewTable(
			kit.Column{Title: "When", Min: 12, Max: 16},
			kit.Column{Title: "For", Min: 12},
			kit.Column{Title: "Type", Min: 10, Max: 17, Drop: 3},
			kit.Column{Title: "Amount", Min: 9, Max: 12, Right: true},
			kit.Column{Title: "Source", Min: 8, Max: 8, Drop: 1},
		)}
		s.feed = screen.NewFeed[costsRead](sc, "read costs", s.every, nil)
		s.feed.Prepare(func() func(context.Context) (costsRead, error) {
			from := s.wanted(sc.Now())
			return func(ctx context.Context) (costsRead, error) {
				d, err := b.Costs(ctx, models.Time{Time: from})
				return costsRead{from: from, data: d}, err
			}
		})
		return s
	}
}

// wanted is the instant since which costs are needed: of the period, and of the
// month for the budget.
func (s *costs) wanted(now time.Time) time.Time {
	from := costPeriods()[s.period].from(now)
	if m := monthStart(now); from.After(m) {
		return m
	}
	return from
}

// every reads more often while a running job goes on to cost.
func (s *costs) every(focused bool) time.Duration {
	r, _ := s.feed.Value()
	for _, j := range r.data.Jobs {
		if focused && j.Status.Live() {
			return 20 * time.Second
		}
	}
	return 2 * time.Minute
}

func (s *costs) Init() tea.Cmd { return s.feed.Start() }

func (s *costs) Title() string { return "Costs" }

func (s *costs) FeedState() screen.FeedState { return s.feed.State() }

func (s *costs) Link() string { return "costs" }

func (s *costs) Copy() string {
	l, ok := s.selected()
	if !ok {
		return ""
	}
	return l.JobID
}

// Filter narrows the table of records; the totals stay those of the period.
func (s *costs) Filter(text string) tea.Cmd {
	s.touch()
	s.search = text
	s.rows(s.last)
	return nil
}

func (s *costs) FilterText() string { return s.search }

func (s *costs) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.feed.Update(msg)
	if fresh {
		s.build(s.now(s.sc))
		s.rows(s.last)
	}
	s.table.Update(below(msg, s.tableY))
	return cmd
}

// build makes the reports of the data at hand.
func (s *costs) build(now time.Time) {
	r, ok := s.feed.Value()
	if !ok {
		return
	}
	s.report = models.BuildCostReport(r.data, s.o.GPUs, costPeriods()[s.period].from(now), now)
	s.month = models.BuildCostReport(r.data, s.o.GPUs, monthStart(now), now).Total
	s.builtAt = now
}

// short reports that the data at hand begins too late for the period.
func (s *costs) short(now time.Time) bool {
	r, ok := s.feed.Value()
	return ok && r.from.After(s.wanted(now))
}

func (s *costs) rows(f screen.Frame) {
	in := inksOf(f.Theme)
	s.lines = s.lines[:0]
	rows := make([]kit.Row, 0, len(s.report.Lines))
	want := strings.ToLower(s.search)
	for i, l := range s.report.Lines {
		label, kind := models.Clean(l.Label), costTypeText(l.Type)
		if l.JobID == "" {
			label = kind + " " + noJob
		}
		if want != "" && !strings.Contains(strings.ToLower(label+" "+kind+" "+l.JobID), want) {
			continue
		}
		s.lines = append(s.lines, l)
		amount, source := kit.Cell{Text: kit.Money(&s.report.Lines[i].Amount)}, kit.Cell{Text: "recorded", Style: &in.th.Dim}
		if l.Derived {
			amount.Text, amount.Style = "~"+amount.Text, &in.th.Warn
			source = kit.Cell{Text: "derived", Style: &in.th.Warn}
		}
		rows = append(rows, kit.Row{ID: lineID(l), Cells: []kit.Cell{
			{Text: kit.Clock(l.At.Time, f.Now), Style: &in.th.Dim}, {Text: label}, {Text: kind, Style: &in.th.Dim}, amount, source,
		}})
	}
	s.table.SetRows(rows)
}

// lineID tells lines apart between refreshes; a derived one is its job's only
// line, and its instant moves while the job runs.
func lineID(l models.CostLine) string {
	if l.Derived {
		return "derived " + l.JobID
	}
	return fmt.Sprintf("%s %s %d %s", l.JobID, l.Type, l.At.UnixNano(), l.Amount.Decimal())
}

func costTypeText(t models.CostType) string {
	return models.Clean(strings.ReplaceAll(string(t), "_", " "))
}

func (s *costs) selected() (models.CostLine, bool) {
	if i := s.table.Cursor(); i < len(s.lines) && s.table.Len() > 0 {
		return s.lines[i], true
	}
	return models.CostLine{}, false
}

func (s *costs) openOff() string {
	l, ok := s.selected()
	switch {
	case !ok:
		return "nothing is selected"
	case l.JobID == "":
		return "this cost belongs to no job"
	}
	return ""
}

// nextPeriod moves to another span; what is at hand shows at once, the rest is
// read.
func (s *costs) nextPeriod() tea.Cmd {
	s.touch()
	n := len(costPeriods())
	s.period = (s.period + 1) % n
	now := s.now(s.sc)
	s.build(now)
	s.rows(s.last)
	if s.short(now) {
		return s.feed.Poke()
	}
	return nil
}

func (s *costs) Actions() []screen.Action {
	return []screen.Action{
		{ID: "costs.open", Keys: screen.Bind("enter", "open job"), Off: s.openOff, Do: func() tea.Cmd {
			l, _ := s.selected()
			return screen.Go("job/" + l.JobID)
		}},
		{ID: "costs.period", Keys: screen.Bind("p", "period"), Do: s.nextPeriod},
		{ID: "costs.group", Keys: screen.Bind("b", "group by"), Do: func() tea.Cmd {
			s.touch()
			s.group = (s.group + 1) % len(costGroupings())
			return nil
		}},
		{ID: "costs.refresh", Keys: screen.Bind("r", "refresh"), Do: func() tea.Cmd { s.touch(); return s.feed.Poke() }},
	}
}
