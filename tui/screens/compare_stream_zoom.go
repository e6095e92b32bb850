package screens

import (
	"math"

	tea "charm.land/bubbletea/v2"
)

// closer asks for finer sums of what is in view, where histories are only summed
// up, and keeps how wide the chart is for the next ones.
func (s *compare) closer() tea.Cmd {
	if s.cells.w > 0 {
		s.stream.width = s.cells.w
	}
	if !s.zoomed() {
		return nil
	}
	return s.stream.look(s.stepsInView)
}

// stepsInView are the steps of a run between the ends of the view, whatever it
// is over.
func (s *compare) stepsInView(r *compareRun) (lo, hi int64, ok bool) {
	if s.axis == axisStep {
		return int64(math.Floor(s.from)), int64(math.Ceil(s.to)), true
	}
	if r.clock.off(s.axis) != "" {
		return 0, 0, false
	}
	lo, hi = math.MaxInt64, math.MinInt64
	t := r.series.track(s.metric)
	for p, i := r.clock.over(s.axis, t, t), 0; i < p.Len(); i++ {
		if x := p.X(i); x >= s.from && x <= s.to {
			lo, hi = min(lo, int64(t.X(i))), max(hi, int64(t.X(i)))
		}
	}
	return lo, hi, lo < hi
}
