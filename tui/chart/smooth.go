package chart

// Smoothed is Points with the debiased exponential moving average of another
// line's values. Values that are not finite are passed over and stay gaps.
type Smoothed struct {
	src    Points
	weight float64
	y      Column
	last   float64 // biased average
	rest   float64 // weight^n: the share of it that is not data
}

// Smooth makes the average of src with weight 0 ≤ weight < 1 of what was
// before. Call Update after src has changed.
func Smooth(src Points, weight float64) *Smoothed {
	s := &Smoothed{src: src, weight: max(0, min(weight, 0.9999)), rest: 1}
	s.Update(0)
	return s
}

// Update takes in what src has from index from on; what was there is replaced.
// Going on at the end is cheap.
func (s *Smoothed) Update(from int) {
	if from < s.y.Len() {
		s.y.Truncate(0)
		s.last, s.rest = 0, 1
	}
	runs := s.src.Runs()
	for i := s.y.Len(); i < s.src.Len(); i++ {
		for len(runs) > 0 && runs[0] < i {
			runs = runs[1:]
		}
		if len(runs) > 0 && runs[0] == i {
			s.last, s.rest = 0, 1 // a resumed run starts anew
		}
		s.y.Append(s.next(s.src.Y(i)))
	}
}

func (s *Smoothed) next(v float64) float64 {
	if !finite(v) {
		return v
	}
	s.rest *= s.weight
	s.last = s.last*s.weight + v*(1-s.weight)
	return s.last / (1 - s.rest)
}

// Len is the number of points that were taken in.
func (s *Smoothed) Len() int { return s.y.Len() }

// X is that of the source.
func (s *Smoothed) X(i int) float64 { return s.src.X(i) }

// Y is the average.
func (s *Smoothed) Y(i int) float64 { return s.y.At(i) }

// Extent sums up the averages.
func (s *Smoothed) Extent(lo, hi int) Extent { return s.y.Extent(lo, hi) }

// Runs are those of the source.
func (s *Smoothed) Runs() []int { return s.src.Runs() }

// CountAbove counts averages.
func (s *Smoothed) CountAbove(t float64) int { return s.y.CountAbove(t) }
