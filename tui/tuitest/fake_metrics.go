package tuitest

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/loratop/loratop/models"
)

// MetricsBefore gives up to 1000 points before the cursor.
func (f *Fake) MetricsBefore(ctx context.Context, id string, before models.MetricCursor) ([]models.MetricsPoint, error) {
	leave := f.enter("MetricsBefore")
	on := f.OnMetricsBefore
	if on != nil {
		leave()
		return on(ctx, id, before)
	}
	defer leave()
	pts := keep(f.Points[id], func(p models.MetricsPoint) bool {
		c := p.Timestamp.Compare(before.Time)
		return before.IsZero() || c < 0 || c == 0 && p.ID < before.ID
	})
	return pts[max(0, len(pts)-1000):], nil
}

// MetricsBetween gives up to 1000 points after the cursor and not after to.
func (f *Fake) MetricsBetween(_ context.Context, id string, after models.MetricCursor, to time.Time) ([]models.MetricsPoint, error) {
	defer f.enter("MetricsBetween")()
	pts := keep(f.Points[id], func(p models.MetricsPoint) bool {
		c := p.Timestamp.Compare(after.Time)
		return (after.IsZero() || c > 0 || c == 0 && p.ID > after.ID) && (to.IsZero() || !p.Timestamp.After(to))
	})
	return pts[:min(len(pts), 1000)], nil
}

// MetricsCount counts the points of a job between two times; zero is no bound.
func (f *Fake) MetricsCount(_ context.Context, id string, from, to time.Time) (int64, error) {
	defer f.enter("MetricsCount")()
	return int64(len(keep(f.Points[id], func(p models.MetricsPoint) bool {
		return !p.Timestamp.Before(from) && (to.IsZero() || !p.Timestamp.After(to))
	}))), nil
}

// MetricsWindow sums up the points of a job, as the database does.
func (f *Fake) MetricsWindow(ctx context.Context, id string, from, to int64, buckets int) (models.MetricsWindow, error) {
	leave := f.enter("MetricsWindow")
	on := f.OnMetricsWindow
	if on != nil {
		leave()
		return on(ctx, id, from, to, buckets)
	}
	defer leave()
	if f.jobIndex(id) < 0 {
		return models.MetricsWindow{}, notFound("job", id)
	}
	return Window(id, f.Points[id], from, to, buckets), nil
}

// Window sums up points (ascending by time and id) with from ≤ step ≤ to, both
// zero for all of them.
func Window(id string, points []models.MetricsPoint, from, to int64, buckets int) models.MetricsWindow {
	w := models.MetricsWindow{JobID: id}
	if n := len(points); n > 0 {
		w.Newest = models.MetricCursor{Time: points[n-1].Timestamp.Time, ID: points[n-1].ID}
	}
	in := keep(points, func(p models.MetricsPoint) bool {
		return from == 0 && to == 0 || int64(p.Step) >= from && int64(p.Step) <= to
	})
	if len(in) == 0 {
		return w
	}
	in = slices.Clone(in)
	slices.SortStableFunc(in, func(a, b models.MetricsPoint) int { return int(a.Step - b.Step) })
	w.Rows, w.From, w.To = int64(len(in)), int64(in[0].Step), int64(in[len(in)-1].Step)
	if from != 0 || to != 0 { // the bounds that were asked for, as far as there are points
		for _, p := range points {
			w.From, w.To = min(w.From, max(from, int64(p.Step))), max(w.To, min(to, int64(p.Step)))
		}
	}
	w.Width = (w.To-w.From)/int64(max(1, buckets)) + 1
	for i := range in {
		p := &in[i]
		start := int64(p.Step) - (int64(p.Step)-w.From)%w.Width
		if n := len(w.Buckets); n == 0 || w.Buckets[n-1].Step != start {
			w.Buckets = append(w.Buckets, models.WindowBucket{Step: start, Time: p.Timestamp.Time, Epoch: int64(p.Epoch)})
		}
		w.Buckets[len(w.Buckets)-1].Rows++
		for m, v := range [6]*models.F64{p.TrainingLoss, p.ValidationLoss, p.LearningRate, p.GradientNorm, p.Throughput, p.GPUUtilization} {
			if v != nil {
				w.Metrics[m] = addValue(w.Metrics[m], start, int64(p.Step), float64(*v))
			}
		}
	}
	return w
}

func addValue(col models.WindowMetric, start, step int64, v float64) models.WindowMetric {
	if n := len(col); n == 0 || col[n-1].Step != start {
		col = append(col, models.WindowValue{Step: start, FirstStep: step, First: v, Min: math.NaN(), Max: math.NaN()})
	}
	c := &col[len(col)-1]
	c.N++
	c.LastStep, c.Last, c.Exact = step, v, true
	if math.IsNaN(v) || math.IsInf(v, 0) {
		if c.Odd++; c.Odd == 1 {
			c.OddStep = step
		}
		return col
	}
	if !(c.Min <= v) {
		c.Min, c.MinStep = v, step
	}
	if !(c.Max >= v) {
		c.Max, c.MaxStep = v, step
	}
	return col
}

// MetricsIn gives up to 1000 points of a range of steps after the cursor.
func (f *Fake) MetricsIn(ctx context.Context, id string, from, to int64, after models.MetricCursor) ([]models.MetricsPoint, error) {
	leave := f.enter("MetricsIn")
	on := f.OnMetricsIn
	if on != nil {
		leave()
		return on(ctx, id, from, to, after)
	}
	defer leave()
	pts := keep(f.Points[id], func(p models.MetricsPoint) bool {
		c := p.Timestamp.Compare(after.Time)
		return (after.IsZero() || c > 0 || c == 0 && p.ID > after.ID) &&
			(from == 0 && to == 0 || int64(p.Step) >= from && int64(p.Step) <= to)
	})
	return pts[:min(len(pts), 1000)], nil
}
