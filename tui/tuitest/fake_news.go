package tuitest

import (
	"context"
	"slices"

	"github.com/loratop/loratop/models"
)

// News answers from the rows: jobs that have not ended, are known, or have an
// UpdatedAt since the query's; and points of running jobs that are no numbers.
func (f *Fake) News(ctx context.Context, q models.NewsQuery) (models.News, error) {
	leave := f.enter("News")
	on := f.OnNews
	if on != nil {
		leave()
		return on(ctx, q)
	}
	defer leave()
	n := models.News{At: q.Since}
	for _, j := range f.JobRows {
		if j.UpdatedAt.After(n.At.Time) {
			n.At = j.UpdatedAt
		}
		changed := !q.Since.IsZero() && !j.UpdatedAt.Before(q.Since.Time)
		if j.Status.Live() || changed || slices.Contains(q.Known, j.ID) {
			n.Jobs = append(n.Jobs, j)
		}
		if j.Status != models.JobRunning || slices.Contains(q.Skip, j.ID) {
			continue
		}
		for _, p := range f.Points[j.ID] {
			if _, _, odd := p.OddMetric(); odd {
				n.Odd = append(n.Odd, p)
			}
		}
	}
	return n, nil
}
