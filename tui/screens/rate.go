package screens

import (
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// rateRows is how many of the newest points a rate is measured from.
const rateRows = 240

// rateOf is a measured rate, kept while the series stays as it is.
type rateOf struct {
	version uint64
	rate    models.StepRate
	done    bool
}

// of measures the step rate of a series, the zero rate when there is none.
// Points of one step, as of training and validation, count once.
func (r *rateOf) of(s *series) models.StepRate {
	if r.done && r.version == s.version {
		return r.rate
	}
	var times []time.Time
	var steps []int64
	n := s.length()
	for i := max(0, n-rateRows); i < n; i++ {
		at := s.when(i)
		if k := len(steps); at.IsZero() || k > 0 && steps[k-1] == s.steps[i] {
			continue
		}
		times, steps = append(times, at), append(steps, s.steps[i])
	}
	r.rate, _ = models.MeasureRate(times, steps)
	r.version, r.done = s.version, true
	return r.rate
}

// rate is the measured rate of a watched job.
func (l *liveSet) rate(id string) models.StepRate {
	run := l.runs[id]
	if run == nil {
		return models.StepRate{}
	}
	return run.rate.of(&run.series)
}

// silence says that a running job gives no points any more.
func (s *job) silence(j models.Job, now time.Time) *models.Diagnosis {
	n := s.stream.series.length()
	if n == 0 {
		return nil
	}
	var usual time.Duration
	if from := max(0, n-rateRows); n-from > 1 {
		usual = s.stream.series.when(n-1).Sub(s.stream.series.when(from)) / time.Duration(n-from-1)
	}
	return models.DiagnoseSilence(j, s.stream.series.when(n-1), usual, now)
}

// aheadFacts are what is left and when the job ends, with the band where the
// rate was measured.
func aheadFacts(f screen.Frame, b models.Band) (left, at string) {
	left, at = kit.Duration(b.Left), kit.Clock(b.Finish, f.Now)
	if soon, late := kit.Duration(b.Soon), kit.Duration(b.Late); soon != late {
		left += f.Theme.Faint.Render(" (" + soon + "–" + late + ")")
	}
	return left, at
}

// endFacts are what the job will have cost, whether that is more than the
// budget, and the band.
func endFacts(th theme.Theme, b models.Band, budget *models.Money) (out []string) {
	if b.Cost == nil {
		return nil
	}
	out = append(out, th.Dim.Render("in the end ")+"~"+kit.Money(b.Cost))
	if budget != nil && budget.Known() && b.Cost.Cmp(*budget) > 0 {
		out = append(out, th.Bad.Render("over the budget"))
	}
	if b.Least != nil && b.Most != nil && b.Least.Cmp(*b.Most) != 0 {
		out = append(out, th.Dim.Render("between ")+kit.Money(b.Least)+th.Dim.Render(" and ")+kit.Money(b.Most))
	}
	return out
}

// costMark is the line on charts over cost: the budget, else the estimate.
func costMark(j models.Job, o Options) (at float64, label string) {
	dollar := models.Dollars(100)
	if b := o.Budget; b != nil && b.Known() && !b.IsZero() {
		return b.Ratio(dollar), "budget " + kit.Money(b)
	}
	if e := j.EstimatedTotalCost; e != nil && e.Known() && !e.IsZero() {
		return e.Ratio(dollar), "estimate " + kit.Money(e)
	}
	return 0, ""
}

// markCost puts the line into the options of a chart.
func (v *plotView) markCost(o *chart.Options, at float64, label string) {
	o.Mark, o.MarkLabel = 0, ""
	if v.axis == axisCost {
		o.Mark, o.MarkLabel = at, label
	}
}
