package models

import (
	"slices"
	"time"
)

// StepRate is how long one step of a job takes, as measured: the median of the
// recent intervals between points, and the quartiles around it. Pauses are a
// few long intervals among many and do not move it.
type StepRate struct {
	Step, Fast, Slow time.Duration // Fast ≤ Step ≤ Slow
}

// Bounds of what StepRate looks at.
const (
	rateLeast = 4   // intervals, or there is no rate
	rateMost  = 120 // the newest
)

// MeasureRate measures the rate from the times and steps of points, oldest
// first. Intervals that go back or stand still in step or time, as where a
// training was resumed, are left out; ok is false when too few remain.
func MeasureRate(times []time.Time, steps []int64) (r StepRate, ok bool) {
	n := min(len(times), len(steps))
	each := make([]time.Duration, 0, rateMost)
	for i := n - 1; i > 0 && len(each) < rateMost; i-- {
		ds, dt := steps[i]-steps[i-1], times[i].Sub(times[i-1])
		if ds > 0 && dt > 0 {
			each = append(each, dt/time.Duration(ds))
		}
	}
	if len(each) < rateLeast {
		return StepRate{}, false
	}
	slices.Sort(each)
	at := func(share float64) time.Duration { return each[int(share*float64(len(each)-1)+0.5)] }
	r = StepRate{Fast: at(0.25), Step: at(0.5), Slow: at(0.75)}
	return r, r.Step > 0
}

// Band is a forecast with its uncertainty.
type Band struct {
	Forecast
	Soon, Late time.Duration // what is left at the best and at the worst; Soon ≤ Left ≤ Late
	Least      *Money        // spend at the finish by Soon and Late; nil when the price is not known
	Most       *Money
}

// ForecastRate extrapolates by the measured rate, which stands still for no
// pause, instead of by the share of time that has passed. The steps that are
// left come from the share that is done, as the platform's totals are often
// twice too large. It is false where ForecastJob is, or without a step.
func ForecastRate(j Job, r StepRate, gpus []GPU, now time.Time) (b Band, ok bool) {
	done, known := j.Done()
	if j.Status != JobRunning || !known || done <= 0 || done > 1 || r.Step <= 0 || j.CurrentStep == nil || *j.CurrentStep <= 0 {
		return Band{}, false
	}
	steps := float64(*j.CurrentStep) / done * (1 - done)
	left := func(step time.Duration) time.Duration {
		return time.Duration(min(steps*float64(step), float64(10*365*24*time.Hour)))
	}
	b.Soon, b.Left, b.Late = left(r.Fast), left(r.Step), left(r.Slow)
	b.Finish = now.Add(b.Left)
	rate, priced := CostPace(j, gpus)
	spent, _, paid := Spend(j, gpus, now)
	if !priced || !paid {
		return b, true
	}
	at := func(d time.Duration) *Money {
		m := spent.Add(rate.Cost(d.Hours())).Round()
		return &m
	}
	b.Least, b.Cost, b.Most = at(b.Soon), at(b.Left), at(b.Late)
	return b, true
}

// CostPace is what a job costs an hour: the price of its GPUs, unless what was
// recorded for it grows much faster than that, or the price is not known.
func CostPace(j Job, gpus []GPU) (Money, bool) {
	rate, ok := HourlyRate(j.GPU, gpus)
	spent := j.FinalCost
	if spent == nil || !spent.Known() {
		spent = j.CurrentCost
	}
	end := firstTime(j.CompletedAt, j.UpdatedAt)
	if spent == nil || !spent.Known() || spent.IsZero() || j.StartedAt.IsZero() || end.IsZero() {
		return rate, ok
	}
	hours := end.Sub(j.StartedAt.Time).Hours()
	if hours <= 0 {
		return rate, ok
	}
	if pace := spent.Cost(1 / hours); !ok || pace.Ratio(rate) > 1.5 {
		return pace, true
	}
	return rate, ok
}
