package screens

import (
	"fmt"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
)

// costPeriod is a span that the costs screen reports on.
type costPeriod struct {
	label string
	from  func(now time.Time) time.Time
}

// costPeriodFirst is the index of the period that the screen opens with: long
// enough for months to be compared.
const costPeriodFirst = 3

// noJob stands for the job of a cost that names none.
const noJob = "(no job)"

// costPeriods in the order in which "p" cycles through them.
func costPeriods() []costPeriod {
	days := func(n int) func(time.Time) time.Time {
		return func(now time.Time) time.Time {
			y, m, d := now.UTC().Date()
			return time.Date(y, m, d-n+1, 0, 0, 0, 0, time.UTC)
		}
	}
	return []costPeriod{
		{"this month", monthStart},
		{"last 7 days", days(7)},
		{"last 30 days", days(30)},
		{"last 90 days", days(90)},
		{"last 365 days", days(365)},
		{"all time", func(time.Time) time.Time { return time.Time{} }},
	}
}

// monthStart is the first instant of now's UTC month.
func monthStart(now time.Time) time.Time {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// costGrouping is a way to sum the lines of a report.
type costGrouping struct {
	label  string
	groups func(models.CostReport) []models.CostGroup
}

// costGroupings in the order in which "g" cycles through them.
func costGroupings() []costGrouping {
	return []costGrouping{
		{"month", func(r models.CostReport) []models.CostGroup { return r.ByMonth }},
		{"type", func(r models.CostReport) []models.CostGroup { return r.ByType }},
		{"job", func(r models.CostReport) []models.CostGroup { return r.ByJob }},
	}
}

// groupLabel names a group for people.
func groupLabel(g models.CostGroup) string {
	label := models.Clean(g.Label)
	if label == "" || g.Key == "" {
		label = noJob
	}
	return label
}

// budgetText says how the month stands against the budget: used share and what
// is left, or by how much it is exceeded. level is 0 below 80 %, 1 from there, 2
// from 100 % on, as the platform's alerts are meant.
func budgetText(spent, budget models.Money) (text string, level int) {
	share := spent.Ratio(budget) * 100
	left, over := budget.Sub(spent), spent.Sub(budget)
	text = fmt.Sprintf("%s of %s (%.0f%%), ", kit.Money(&spent), kit.Money(&budget), share)
	switch {
	case spent.Cmp(budget) > 0:
		return text + kit.Money(&over) + " over", 2
	case share >= 100:
		return text + "nothing left", 2
	case share >= 80:
		level = 1
	}
	return text + kit.Money(&left) + " left", level
}
