package screens

import (
	"math"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/screen"
)

func compareBackendFor(n int) *watchBackend {
	var js []models.Job
	for i := range n {
		j := runningJob(i + 1)
		j.Hyperparameters.LearningRate = models.Ptr(models.F64(1e-5 * float64(i+1)))
		j.Status, j.CompletedAt = models.JobCompleted, models.At(clock().Add(time.Duration(i)*time.Minute))
		js = append(js, j)
	}
	b := jobsBackend(js...)
	b.metrics = func(id string, after models.MetricCursor) ([]models.MetricsPoint, error) {
		if !after.IsZero() {
			return nil, nil
		}
		points := falling(60)
		for i := range points {
			if id == jobID(2) {
				*points[i].TrainingLoss /= 2
			}
		}
		return points, nil
	}
	b.live = func(reqs []models.LiveRequest) (out []models.LiveJob, err error) {
		for _, r := range reqs {
			for _, j := range js {
				if j.ID == r.JobID {
					out = append(out, models.LiveJob{Job: j})
				}
			}
		}
		return out, nil
	}
	return b
}

func TestCompareOverlaysAndTellsTheBest(t *testing.T) {
	r := newRig(t, newCompare(compareBackendFor(3), options()), jobID(1)+","+jobID(2)+","+jobID(3)+","+jobID(2))
	r.w, r.h = 110, 40
	for _, want := range []string{"Training loss", "A " + jobID(1)[:4], "C " + jobID(3)[:4], "Learning rate", "2e-5", "3e-5", "the same in all"} {
		r.see(want)
	}
	r.until("the best", func() bool { return strings.Contains(r.text(), "0.0785 ◂ best") })
	r.never("LoRA rank")
	r.press("d")
	r.see("LoRA rank")
	r.press("]")
	r.see("Validation loss")
	r.press("X")
	r.see("over time")
	r.press("left", "left")
	r.see("time 59m5")
	link := r.s.(screen.Linker).Link()
	for _, want := range []string{"compare/" + jobID(1) + "," + jobID(2), "metric=validation", "x=time", "all=1"} {
		if !strings.Contains(link, want) {
			t.Errorf("%q has no %q", link, want)
		}
	}
}

func TestCompareGolden(t *testing.T) {
	r := newRig(t, newCompare(compareBackendFor(2), options()), jobID(1)+","+jobID(2))
	r.h = 30
	r.until("all", func() bool { return r.s.(*compare).complete() && strings.Contains(r.text(), "best") })
	golden.RequireEqual(t, r.text()+"\n")
}

func TestCompareOfAMissingJob(t *testing.T) {
	r := newRig(t, newCompare(compareBackendFor(1), options()), jobID(1)+","+jobID(9))
	r.w, r.h = 100, 30
	r.see("not there")
	r.see("Training loss")
	if r.s.(*compare).Title() != "Compare 2 jobs" {
		t.Errorf("title %q", r.s.Title())
	}
}

func TestJobsMarksAndCompare(t *testing.T) {
	r := newRig(t, newJobs(jobsBackend(runningJob(1), runningJob(2), runningJob(3)), options()))
	r.w = 120
	r.see("Support chats")
	r.press("C")
	r.toast("mark two to five")
	r.press("space", "space")
	r.see("2 marked")
	r.press("C")
	r.asks(screen.GoMsg{Link: "compare/" + jobID(1) + "," + jobID(2)})
	title, body, typed := r.action("jobs.cancelMarked").Prompt()
	if title != "Cancel 2 jobs?" || !strings.Contains(body, "running") || typed != "cancel" {
		t.Errorf("%q, %q, %q", title, body, typed)
	}
	r.press("u")
	r.never("marked")
}

func TestJobsCancelMarked(t *testing.T) {
	b := jobsBackend(runningJob(1), runningJob(2))
	r := newRig(t, newJobs(b, options()))
	r.see("Support chats")
	r.press("space", "space", "x")
	n := 0
	r.until("both cancelled", func() bool {
		n = 0
		for _, m := range r.asked {
			if v, ok := m.(screen.ToastMsg); ok && strings.Contains(v.Text, "cancelled") {
				n++
			}
		}
		return n == 2
	})
}

// TestWindowPointsKeepExtremes: what is drawn of a window has its least and
// greatest values, and a mark where there was a NaN.
func TestWindowPointsKeepExtremes(t *testing.T) {
	w := models.MetricsWindow{JobID: "j", From: 0, To: 1999, Width: 1000, Rows: 2000, Buckets: []models.WindowBucket{
		{Step: 0, Rows: 1000, Time: clock(), Epoch: 1}, {Step: 1000, Rows: 1000, Time: clock().Add(time.Hour), Epoch: 2},
	}}
	w.Metrics[metricTraining] = models.WindowMetric{
		{Step: 0, N: 1000, FirstStep: 0, LastStep: 999, First: 3, Last: 2, Min: 1, Max: 9},
		{Step: 1000, N: 1000, Odd: 1, FirstStep: 1000, LastStep: 1999, First: 2, Last: 1, Min: 0.5, Max: 2},
	}
	w.Metrics[metricValidation] = models.WindowMetric{{Step: 1000, N: 1, FirstStep: 1500, LastStep: 1500, First: 7, Last: 7, Min: 7, Max: 7}}
	var s series
	s.replace((&longRun{overview: w}).compose())
	e := s.track(metricTraining).Extent(0, s.track(metricTraining).Len())
	if e.Min != 0.5 || e.Max != 9 || e.Odd == 0 {
		t.Errorf("%+v", e)
	}
	if v := s.track(metricValidation); v.Len() != 1 || v.Y(0) != 7 {
		t.Errorf("%d validation points", v.Len())
	}
	if math.IsNaN(s.track(metricTraining).Y(s.track(metricTraining).Len() - 1)) {
		t.Error("the last value is lost")
	}
}

// Points that come after the page was drawn without any make lines at once.
func TestCompareDrawsWhatComesLate(t *testing.T) {
	b := compareBackendFor(2)
	read := b.metrics
	late := false
	b.metrics = func(id string, after models.MetricCursor) ([]models.MetricsPoint, error) {
		if !late {
			return nil, nil
		}
		return read(id, after)
	}
	r := newRig(t, newCompare(b, options()), jobID(1)+","+jobID(2))
	r.w, r.h = 110, 40
	r.see("no points")
	late = true
	c := r.s.(*compare)
	for _, run := range c.stream.runs {
		points, err := read(run.job.ID, models.MetricCursor{})
		if err != nil {
			t.Fatal(err)
		}
		run.series.add(points)
	}
	c.reckon()
	c.touch()
	r.see("A " + jobID(1)[:4])
	r.never("no points")
}

// TestCompareFillsThePage: by key, by a click on the title, by a link; and out
// of it again after the cursor and the zoom.
func TestCompareFillsThePage(t *testing.T) {
	r := newRig(t, newCompare(compareBackendFor(2), options()), jobID(1)+","+jobID(2))
	r.w, r.h = 100, 30
	r.until("all", func() bool { return r.s.(*compare).complete() && strings.Contains(r.text(), "best") })
	r.press("f")
	r.never("Hyperparameters")
	if link := r.s.(screen.Linker).Link(); !strings.Contains(link, "full=1") {
		t.Errorf("%q does not tell of it", link)
	}
	r.press("+", "left", "esc", "esc")
	r.never("Hyperparameters")
	r.press("esc")
	r.see("Hyperparameters")
	c := r.s.(*compare)
	c.Update(tea.MouseClickMsg{X: 3, Y: c.cells.y, Button: tea.MouseLeft})
	r.never("Hyperparameters")
	r.press("enter")
	r.see("Hyperparameters")
	linked := newRig(t, newCompare(compareBackendFor(2), options()), jobID(1)+","+jobID(2)+"?full=1&draw=blocks")
	linked.w, linked.h = 100, 30
	linked.see("─•")
	linked.never("Hyperparameters")
	if linked.s.(*compare).ink != chart.InkBlocks {
		t.Error("the link's way to draw is lost")
	}
}

// TestCompareHidesLines by the letters of the jobs, but not the last; a link
// keeps it.
func TestCompareHidesLines(t *testing.T) {
	r := newRig(t, newCompare(compareBackendFor(2), options()), jobID(1)+","+jobID(2))
	r.w, r.h = 100, 30
	r.see("─◆ B")
	r.press("A")
	r.see("A 1000 hidden")
	r.see("0.0785") // alone it needs no letter
	r.never("─◆ B")
	if link := r.s.(screen.Linker).Link(); !strings.Contains(link, "hide=A") {
		t.Errorf("%q does not tell of it", link)
	}
	r.press("B", "C")
	r.never("B 1000 hidden")
	r.press("A")
	r.see("─• A")
	linked := newRig(t, newCompare(compareBackendFor(2), options()), jobID(1)+","+jobID(2)+"?hide=B")
	linked.w, linked.h = 100, 30
	linked.see("B 1000 hidden")
}
