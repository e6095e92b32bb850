package models

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRateIsRobustToPauses: a quarter of the intervals may be pauses of any
// length, and some points go back, and the rate is still that of the others.
func TestRateIsRobustToPauses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Minute)).Draw(t, "step"))
		n := rapid.IntRange(20, 300).Draw(t, "n")
		at, k := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), int64(0)
		times, steps := []time.Time{at}, []int64{0}
		for i := range n {
			by := rapid.Int64Range(1, 20).Draw(t, "by")
			d := step * time.Duration(by)
			if i%5 == 4 && rapid.Bool().Draw(t, "pause") {
				d += time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "length"))
			}
			at, k = at.Add(d), k+by
			times, steps = append(times, at), append(steps, k)
			if i%11 == 10 { // resumed at an earlier step
				k = max(0, k-rapid.Int64Range(0, 50).Draw(t, "back"))
				at = at.Add(time.Second)
				times, steps = append(times, at), append(steps, k)
			}
		}
		r, ok := MeasureRate(times, steps)
		if !ok {
			t.Fatal("no rate")
		}
		if r.Step != step || r.Fast > r.Step || r.Slow < r.Step {
			t.Fatalf("%+v, steps take %v", r, step)
		}
	})
}

// TestBandIsOrdered: the band contains the forecast, whatever the job.
func TestBandIsOrdered(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		fast := rapid.Int64Range(0, int64(time.Hour)).Draw(t, "fast")
		mid := fast + rapid.Int64Range(0, int64(time.Hour)).Draw(t, "mid")
		slow := mid + rapid.Int64Range(0, int64(time.Hour)).Draw(t, "slow")
		j := Job{
			Status: JobRunning, StartedAt: At(now.Add(-time.Hour)), GPU: GPUConfig{Type: "H100"},
			Progress: Ptr(F64(rapid.Float64Range(-5, 120).Draw(t, "progress"))), CurrentStep: Ptr(Int(rapid.Int64Range(-1, 1e9).Draw(t, "at"))),
		}
		b, ok := ForecastRate(j, StepRate{Fast: time.Duration(fast), Step: time.Duration(mid), Slow: time.Duration(slow)}, GPUs(), now)
		if !ok {
			return
		}
		if b.Soon < 0 || b.Soon > b.Left || b.Left > b.Late || b.Least.Cmp(*b.Cost) > 0 || b.Cost.Cmp(*b.Most) > 0 {
			t.Fatalf("%+v", b)
		}
	})
}

func TestRateForecast(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	j := Job{
		Status: JobRunning, StartedAt: At(now.Add(-10 * time.Hour)), GPU: GPUConfig{Type: "H100"}, CurrentCost: Ptr(Dollars(420)),
		Progress: Ptr(F64(50)), CurrentStep: Ptr(Int(600)),
	}
	b, ok := ForecastRate(j, StepRate{Fast: 5 * time.Second, Step: 6 * time.Second, Slow: 9 * time.Second}, GPUs(), now)
	if !ok || b.Left != time.Hour || b.Soon != 50*time.Minute || b.Late != 90*time.Minute || b.Cost.String() != "8.40" || b.Most.String() != "10.50" {
		t.Errorf("%+v, %v, cost %v to %v", b, ok, b.Cost, b.Most)
	}
	for name, change := range map[string]func(*Job){
		"ended": func(j *Job) { j.Status = JobCompleted }, "no step": func(j *Job) { j.CurrentStep = nil }, "nothing done": func(j *Job) { j.Progress = nil },
	} {
		k := j
		change(&k)
		if _, ok := ForecastRate(k, StepRate{Step: time.Second}, GPUs(), now); ok {
			t.Errorf("%s: a forecast", name)
		}
	}
	if _, ok := MeasureRate([]time.Time{now, now.Add(1), now.Add(2)}, []int64{1, 2, 3}); ok {
		t.Error("a rate of two intervals")
	}
}

func TestCostPace(t *testing.T) {
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	j := Job{Status: JobRunning, GPU: GPUConfig{Type: "H100"}, StartedAt: At(start), UpdatedAt: At(start.Add(2 * time.Hour)), CurrentCost: Ptr(Dollars(850))}
	if m, ok := CostPace(j, GPUs()); !ok || m.Cmp(Dollars(420)) != 0 {
		t.Errorf("%v an hour at the price", m)
	}
	j.CurrentCost = Ptr(Dollars(8400))
	if m, ok := CostPace(j, GPUs()); !ok || m.Cmp(Dollars(4200)) != 0 {
		t.Errorf("%v an hour as recorded", m)
	}
	j.GPU.Type, j.CurrentCost = "a new one", Ptr(Dollars(300))
	if m, ok := CostPace(j, GPUs()); !ok || m.Cmp(Dollars(150)) != 0 {
		t.Errorf("%v an hour without a price", m)
	}
	j.CurrentCost = nil
	if _, ok := CostPace(j, GPUs()); ok {
		t.Error("a pace of nothing")
	}
}
