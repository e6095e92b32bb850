package screens

import (
	"math"

	tea "charm.land/bubbletea/v2"
)

// closer asks for the points, or a finer sum of them, where a history that is
// only summed up is zoomed.
func (s *job) closer() tea.Cmd {
	if s.stream.long == nil || !s.charts.zoomed() {
		return nil
	}
	lo, hi, ok := s.charts.stepsInView()
	if !ok {
		return nil
	}
	return s.stream.look(lo, hi)
}

// stepsInView are the steps between the ends of the view, whatever it is over.
func (c *jobCharts) stepsInView() (lo, hi int64, ok bool) {
	if c.axis == axisStep {
		return int64(math.Floor(c.from)), int64(math.Ceil(c.to)), true
	}
	lo, hi = math.MaxInt64, math.MinInt64
	for m := range metricCount {
		t := c.s.track(m)
		p := c.clock.over(c.axis, t, t)
		for i := range p.Len() {
			if x := p.X(i); x >= c.from && x <= c.to {
				lo, hi = min(lo, int64(t.X(i))), max(hi, int64(t.X(i)))
			}
		}
	}
	return lo, hi, lo < hi
}
