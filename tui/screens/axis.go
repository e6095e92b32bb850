package screens

import (
	"math"
	"sort"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
)

// xAxis is what charts are drawn over.
type xAxis uint8

const (
	axisStep xAxis = iota
	axisTime
	axisEpoch
	axisCost
	axisCount
)

func (a xAxis) String() string {
	return [...]string{"step", "time", "epoch", "cost"}[min(a, axisCount-1)]
}

func (a xAxis) label() string { return a.String() }

func (a xAxis) kind() chart.XKind {
	return [...]chart.XKind{chart.XWhole, chart.XSeconds, chart.XReal, chart.XMoney}[min(a, axisCount-1)]
}

// axisNamed is the axis of a link; steps for what is not known.
func axisNamed(name string) xAxis {
	for a := range axisCount {
		if a.String() == name {
			return a
		}
	}
	return axisStep
}

// clockwork turns points into x: what an axis other than steps needs of a job.
type clockwork struct {
	origin int64   // nanoseconds: where time and cost begin
	perDay float64 // dollars a day; 0 when the price is not known
	epoch  float64 // steps of one epoch; 0 when not known
}

// clockworkOf measures a job. Time and cost begin where the job was started,
// or with its first point if that is earlier.
func clockworkOf(j models.Job, s *series, o Options) clockwork {
	c := clockwork{epoch: stepsPerEpoch(j, s)}
	for i := range s.times { // the first that has a time: they come in order
		if s.times[i] != math.MinInt64 {
			c.origin = s.times[i]
			break
		}
	}
	if at := j.StartedAt; !at.IsZero() && (c.origin == 0 || at.UnixNano() < c.origin) {
		c.origin = at.UnixNano()
	}
	if rate, ok := models.CostPace(j, o.GPUs); ok {
		c.perDay = rate.Cost(24).Ratio(models.Dollars(100))
	}
	return c
}

// stepsPerEpoch is measured between the first and the last change of epoch; a
// job in its first epoch has only its plan.
func stepsPerEpoch(j models.Job, s *series) float64 {
	if n := s.length(); n > 0 && s.epochs[n-1] > s.epochs[0] {
		first := sort.Search(n-1, func(i int) bool { return s.epochs[i] > s.epochs[0] })
		last := sort.Search(n-1, func(i int) bool { return s.epochs[i] >= s.epochs[n-1] })
		steps, epochs := s.steps[last]-s.steps[first], int64(s.epochs[last]-s.epochs[first])
		if epochs > 0 && steps > 0 {
			return float64(steps) / float64(epochs)
		}
		if at, past := s.steps[last], int64(s.epochs[last]-s.epochs[0]); at > 0 && past > 0 {
			return float64(at) / float64(past)
		}
	}
	if j.TotalSteps != nil && *j.TotalSteps > 0 && j.TotalEpochs > 0 {
		return float64(*j.TotalSteps) / float64(j.TotalEpochs)
	}
	return 0
}

// off says why there is no such axis.
func (c clockwork) off(a xAxis) string {
	switch {
	case a == axisCost && c.perDay <= 0:
		return "the price of its GPU is not known"
	case a == axisEpoch && c.epoch <= 0:
		return "the steps of an epoch are not known"
	case a != axisStep && a != axisEpoch && c.origin == 0:
		return "its points have no times"
	}
	return ""
}

// onAxis is a line of a track over another axis than steps. p has one point for
// each of the track: the track itself, or its average.
type onAxis struct {
	chart.Points
	t    *track
	axis xAxis
	c    clockwork
}

// over gives p over an axis.
func (c clockwork) over(a xAxis, p chart.Points, t *track) chart.Points {
	if a == axisStep {
		return p
	}
	return &onAxis{Points: p, t: t, axis: a, c: c}
}

// X is the point's place on the axis.
func (p *onAxis) X(i int) float64 {
	switch p.axis {
	case axisEpoch:
		return p.t.X(i) / p.c.epoch
	case axisCost:
		return p.seconds(i) / 86400 * p.c.perDay
	}
	return p.seconds(i)
}

// seconds since the origin. Points are in the order of steps, in which times may
// stand out of order by less than lookback places; the greatest of so many is
// never less than the one before it.
func (p *onAxis) seconds(i int) float64 {
	at := int64(math.MinInt64)
	for k := p.runStart(i); k <= i; k++ {
		at = max(at, p.t.s.times[p.t.row(k)])
	}
	if at == math.MinInt64 {
		return 0
	}
	return time.Duration(max(at-p.c.origin, 0)).Seconds()
}

// runStart is lookback places before i, but not in another run.
func (p *onAxis) runStart(i int) int {
	from := max(i-lookback, 0)
	if runs := p.t.runs; len(runs) > 0 {
		if k := sort.SearchInts(runs, i+1); k > 0 {
			from = max(from, runs[k-1])
		}
	}
	return from
}
