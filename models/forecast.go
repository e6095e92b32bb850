package models

import "time"

// Forecast is where a running job is heading.
type Forecast struct {
	Left   time.Duration
	Finish time.Time
	Cost   *Money // spend at the finish; nil when the price is not known
}

// ForecastJob extrapolates from the share that is done: the platform writes no
// completion estimate. It is false for jobs that do not run, or have not moved.
func ForecastJob(j Job, gpus []GPU, now time.Time) (Forecast, bool) {
	done, ok := j.Done()
	elapsed := now.Sub(j.StartedAt.Time)
	if j.Status != JobRunning || !ok || done <= 0 || done > 1 || j.StartedAt.IsZero() || elapsed <= 0 {
		return Forecast{}, false
	}
	total := float64(elapsed) / done
	if total > float64(10*365*24*time.Hour) {
		return Forecast{}, false
	}
	left := max(time.Duration(total)-elapsed, 0)
	f := Forecast{Left: left, Finish: now.Add(left)}
	if rate, ok := CostPace(j, gpus); ok {
		spent, _, _ := Spend(j, gpus, now)
		cost := spent.Add(rate.Cost(left.Hours())).Round()
		f.Cost = &cost
	}
	return f, true
}

// Done is the share of the job that is done, 0..1: progress where it says
// something, else steps. Step totals of the platform are often twice too large,
// so progress comes first.
func (j Job) Done() (share float64, ok bool) {
	if j.Status == JobCompleted {
		return 1, true
	}
	if j.Progress != nil && j.Progress.Finite() && *j.Progress > 0 {
		return min(float64(*j.Progress)/100, 1), true
	}
	if j.CurrentStep != nil && j.TotalSteps != nil && *j.TotalSteps > 0 && *j.CurrentStep > 0 {
		return min(float64(*j.CurrentStep)/float64(*j.TotalSteps), 1), true
	}
	return 0, j.Progress != nil && j.Progress.Finite()
}

// HourlyRate is what a job's GPUs cost an hour: its own price, else the table's.
func HourlyRate(g GPUConfig, gpus []GPU) (Money, bool) {
	count := 1.0
	if g.Count != nil && *g.Count > 0 {
		count = float64(*g.Count)
	}
	if g.CostPerGPUHour != nil && g.CostPerGPUHour.Known() {
		return g.CostPerGPUHour.Cost(count), true
	}
	if row, ok := FindGPU(gpus, g.Type); ok {
		return row.PricePerHour.Cost(count), true
	}
	return Money{}, false
}

// Spend is what a job has cost: final, else current, else derived from its rate
// and run time (web-made rows have null costs). ok is false when nothing can be
// said; a job that never started has cost nothing.
func Spend(j Job, gpus []GPU, now time.Time) (m Money, derived, ok bool) {
	if j.FinalCost != nil && j.FinalCost.Known() {
		return *j.FinalCost, false, true
	}
	if j.CurrentCost != nil && j.CurrentCost.Known() && (!j.CurrentCost.IsZero() || j.StartedAt.IsZero() || j.Status.Live()) {
		return *j.CurrentCost, false, true
	}
	if j.StartedAt.IsZero() {
		return Money{}, false, true
	}
	end := j.end(now)
	rate, known := HourlyRate(j.GPU, gpus)
	if !known || end.IsZero() || end.Before(j.StartedAt.Time) {
		return Money{}, false, false
	}
	return rate.Cost(end.Sub(j.StartedAt.Time).Hours()).Round(), true, true
}

// end is when the job stopped running: now while it runs. A job that failed
// without completed_at stopped when its row last moved.
func (j Job) end(now time.Time) time.Time {
	switch {
	case !j.CompletedAt.IsZero():
		return j.CompletedAt.Time
	case j.Status.Live():
		return now
	}
	return j.UpdatedAt.Time
}

// Elapsed is how long the job has run, or ran; 0 before it started.
func (j Job) Elapsed(now time.Time) time.Duration {
	if j.StartedAt.IsZero() {
		return 0
	}
	return max(j.end(now).Sub(j.StartedAt.Time), 0)
}
