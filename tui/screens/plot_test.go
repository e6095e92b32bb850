package screens

import (
	"math"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/screen"
)

// TestPlotViewStaysInside: whatever is done, what is in view lies inside the
// data, has a width, and its ends are numbers.
func TestPlotViewStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := plotView{logX: rapid.Bool().Draw(t, "log"), lo: 1, hi: 0}
		lo := rapid.Float64Range(0, 1e6).Draw(t, "lo")
		v.grown(lo, lo+rapid.Float64Range(0, 1e6).Draw(t, "width"))
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			switch rapid.IntRange(0, 6).Draw(t, "do") {
			case 0:
				v.zoom(rapid.Float64Range(-1e6, 3e6).Draw(t, "at"), zoomStep)
			case 1:
				v.zoomKey(1 / zoomStep)
			case 2:
				v.pan(rapid.Float64Range(-2, 2).Draw(t, "pan"))
			case 3:
				v.tail()
			case 4:
				v.grown(v.lo, v.hi+rapid.Float64Range(0, 1e4).Draw(t, "more"))
			case 5:
				v.zoomKey(zoomStep)
			default:
				v.reset()
			}
			if !v.zoomed() {
				continue
			}
			slack := (v.hi-v.lo)*1e-6 + v.hi*1e-9
			if v.from < v.lo-slack || v.to > v.hi+slack || math.IsNaN(v.from) || math.IsNaN(v.to) {
				t.Fatalf("%v…%v of %v…%v", v.from, v.to, v.lo, v.hi)
			}
			if v.follow && v.to < v.hi-slack {
				t.Fatalf("follows, and shows up to %v of %v", v.to, v.hi)
			}
		}
	})
}

func TestPlotViewFollowsTheTail(t *testing.T) {
	v := plotView{lo: 0, hi: 100}
	v.tail()
	if v.from != 80 || v.to != 100 || !v.follow {
		t.Fatalf("%v…%v", v.from, v.to)
	}
	v.grown(0, 150)
	if v.from != 130 || v.to != 150 {
		t.Errorf("after growth %v…%v", v.from, v.to)
	}
	v.pan(-0.5)
	v.grown(0, 200)
	if v.from != 120 || v.to != 140 || v.follow {
		t.Errorf("panned away: %v…%v", v.from, v.to)
	}
}

// TestAxesNeverDecrease: over every axis x never decreases inside a run, in
// whatever order points came.
func TestAxesNeverDecrease(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s series
		start := clock()
		var points []models.MetricsPoint
		at := start
		for i := range rapid.IntRange(1, 120).Draw(t, "n") {
			at = at.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "ms")) * time.Millisecond)
			points = append(points, models.MetricsPoint{
				ID: jobID(i), Timestamp: models.At(at), Epoch: models.Int(1 + i/30),
				Step: models.Int(i + rapid.IntRange(-12, 12).Draw(t, "jitter")), TrainingLoss: models.Ptr(models.F64(1)),
			})
		}
		for _, i := range rapid.Permutation(indices(len(points))).Draw(t, "order") {
			s.add(points[i : i+1])
		}
		j := models.Job{GPU: models.GPUConfig{Type: "H100"}, StartedAt: models.At(start.Add(-time.Minute))}
		c := clockworkOf(j, &s, options())
		tr := s.track(metricTraining)
		for a := range axisCount {
			if c.off(a) != "" {
				continue
			}
			p := c.over(a, tr, tr)
			runs := p.Runs()
			for i := 1; i < p.Len(); i++ {
				if len(runs) > 0 && runs[0] == i {
					runs = runs[1:]
					continue
				}
				if p.X(i) < p.X(i-1) {
					t.Fatalf("over %s: x[%d] = %v after %v", a, i, p.X(i), p.X(i-1))
				}
			}
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestAxisTimeAndCost(t *testing.T) {
	var s series
	for i := range 3 {
		s.add([]models.MetricsPoint{{ID: jobID(i), Timestamp: models.At(clock().Add(time.Duration(i) * time.Hour)), Step: models.Int(i), TrainingLoss: models.Ptr(models.F64(1))}})
	}
	j := models.Job{GPU: models.GPUConfig{Type: "H100"}, StartedAt: models.At(clock())}
	c := clockworkOf(j, &s, options())
	tr := s.track(metricTraining)
	if got := c.over(axisTime, tr, tr).X(2); got != 7200 {
		t.Errorf("%v s", got)
	}
	if got := c.over(axisCost, tr, tr).X(2); math.Abs(got-8.4) > 1e-9 {
		t.Errorf("$%v", got)
	}
	if why := clockworkOf(models.Job{}, &s, options()).off(axisCost); why == "" {
		t.Error("a cost without a price")
	}
}

func TestJobZoomKeysAndLink(t *testing.T) {
	r := jobRig(t, jobsBackend(runningJob(1)))
	r.see("validation 1.5")
	r.press("+")
	r.until("zoomed", func() bool { return strings.Contains(r.text(), "–") })
	r.press("F")
	r.see("following")
	r.press("<")
	r.never("following")
	r.press("0")
	r.never("–")
	r.press("X")
	r.see("over time")
	r.press("left", "l", "s", "f")
	link := r.s.(screen.Linker).Link()
	for _, want := range []string{"job/" + jobID(1) + "?", "x=time", "log=1", "smooth=0.6", "full=1", "at="} {
		if !strings.Contains(link, want) {
			t.Errorf("%q has no %q", link, want)
		}
	}
	_, args := screen.ParseLink(link)
	same := newRig(t, newJob(jobsBackend(runningJob(1)), options()), args...)
	same.w, same.h = r.w, r.h
	same.see("over time")
	same.until("the same view", func() bool { return same.text() == r.text() })
	if got := same.s.(screen.Linker).Link(); got != link {
		t.Errorf("%q became %q", link, got)
	}
}

func TestJobWheelZoomsAndDragPans(t *testing.T) {
	r := jobRig(t, jobsBackend(runningJob(1)))
	r.see("validation 1.5")
	c := r.s.(*job).charts
	at := c.all[0].cells
	r.run(r.s.Update(tea.MouseWheelMsg{X: at.x + at.w/2, Y: at.y + 3, Button: tea.MouseWheelUp}))
	if !c.zoomed() {
		t.Fatal("the wheel did not zoom")
	}
	from := c.from
	r.run(r.s.Update(tea.MouseClickMsg{X: at.x + 40, Y: at.y + 3, Button: tea.MouseLeft}))
	r.run(r.s.Update(tea.MouseMotionMsg{X: at.x + 50, Y: at.y + 3, Button: tea.MouseLeft}))
	if c.from >= from {
		t.Errorf("dragged right, from %v to %v", from, c.from)
	}
	for range 20 {
		r.run(r.s.Update(tea.MouseWheelMsg{X: at.x + at.w/2, Y: at.y + 3, Button: tea.MouseWheelDown}))
	}
	if c.zoomed() {
		t.Error("the wheel did not zoom out")
	}
	click := func(y int, b tea.MouseButton) { r.run(r.s.Update(tea.MouseClickMsg{X: at.x + 20, Y: y, Button: b})) }
	click(at.y, tea.MouseLeft)
	if !c.alone {
		t.Error("a click on the title does not fill the page")
	}
	click(at.y+2, tea.MouseRight)
	if !c.follow {
		t.Error("the right button does not follow")
	}
	click(at.y+2, tea.MouseMiddle)
	if c.zoomed() {
		t.Error("the middle button does not show all")
	}
}

func TestJobAlertsOfNaN(t *testing.T) {
	points := falling(60)
	points[40].TrainingLoss = models.Ptr(models.F64(math.NaN()))
	b := jobsBackend(runningJob(1))
	b.metrics = func(_ string, after models.MetricCursor) ([]models.MetricsPoint, error) {
		if !after.IsZero() {
			return nil, nil
		}
		return points, nil
	}
	r := jobRig(t, b)
	r.see("training loss is NaN at step " + chart.XText(chart.XWhole, float64(points[40].Step)))
	r.until("the shell to look", func() bool { return r.changed("metrics") == 1 })
}

// changed counts how often the shell was told of a change.
func (r *rig) changed(what string) (n int) {
	for _, m := range r.asked {
		if c, ok := m.(screen.ChangedMsg); ok && c.What == what {
			n++
		}
	}
	return n
}

func TestJobSaysThatPointsStay(t *testing.T) {
	points := falling(60)
	for i := range points {
		points[i].Timestamp = models.At(points[i].Timestamp.Add(-31 * time.Minute))
	}
	j := runningJob(1)
	b := jobsBackend(j)
	b.live = func([]models.LiveRequest) ([]models.LiveJob, error) { return []models.LiveJob{{Job: j}}, nil }
	b.metrics = func(_ string, after models.MetricCursor) ([]models.MetricsPoint, error) {
		if !after.IsZero() {
			return nil, nil
		}
		return points, nil
	}
	r := jobRig(t, b)
	r.see("no point for 31m")
}

func TestJobCostAxisHasTheBudget(t *testing.T) {
	o := options()
	o.Budget = models.Ptr(models.Dollars(702))
	r := newRig(t, newJob(jobsBackend(runningJob(1)), o), jobID(1)+"?x=cost&full=1")
	r.w, r.h = 120, 30
	r.see("over cost")
	r.see("over the budget")
	r.see("6.94")
}

func TestListsTellOfEndsAndNaN(t *testing.T) {
	j := runningJob(1)
	over := j
	over.Status, over.UpdatedAt = models.JobCompleted, models.At(clock().Add(time.Second))
	b := jobsBackend(j)
	points := falling(20)
	points[19].GradientNorm = models.Ptr(models.F64(math.Inf(1)))
	b.live = func([]models.LiveRequest) ([]models.LiveJob, error) {
		return []models.LiveJob{{Job: over, Points: points}}, nil
	}
	r := newRig(t, newJobs(b, options()))
	r.until("the end", func() bool { return r.changed("job") > 0 })
	r.until("the alert", func() bool { return r.changed("metrics") > 0 })
}
