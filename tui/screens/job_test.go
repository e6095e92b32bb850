package screens

import (
	"strings"
	"sync/atomic"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

func jobRig(t *testing.T, b *watchBackend) *rig {
	t.Helper()
	r := newRig(t, newJob(b, options()), jobID(1))
	r.w, r.h = 100, 30
	return r
}

func TestJobShowsFactsAndCharts(t *testing.T) {
	r := jobRig(t, jobsBackend(runningJob(1)))
	for _, want := range []string{
		"Loss", "train", "validation", "Gradient norm", "Learning rate", "Throughput tok/s", "GPU use %",
		"running", "40%", "epoch 2/3", "step 400/1,000", "1h 00m", "left 1m 00s", "15:10:26", "$7.00 of $8.00 (88%)",
		"Support chats", "2 × NVIDIA A100 80GB", "Charts",
	} {
		r.see(want)
	}
	if got := r.s.Title(); got != "Job on Support chats" {
		t.Errorf("title %q", got)
	}
}

func TestJobCostIsColouredByItsShare(t *testing.T) {
	th := themesForTest()[0]
	for cents, style := range map[int64]string{300: "good", 700: "warn", 900: "bad", 1000: "over"} {
		j := runningJob(1)
		j.CurrentCost = models.Ptr(models.Dollars(cents))
		s := &job{o: options()}
		got := s.costText(screen.Frame{Theme: th, Now: clock()}, j)
		want := map[string]string{"good": th.Good.Render("x"), "warn": th.Warn.Render("x"), "bad": th.Bad.Render("x"), "over": th.Bad.Bold(true).Render("x")}[style]
		if on, _, _ := strings.Cut(want, "x"); !strings.HasPrefix(got, on) {
			t.Errorf("%d cents: %q, want %s", cents, got, style)
		}
		if (style == "over") != strings.Contains(got, "over the estimate") {
			t.Errorf("%d cents: %q", cents, got)
		}
	}
}

func TestJobChartKeys(t *testing.T) {
	r := jobRig(t, jobsBackend(runningJob(1)))
	r.see("validation 1.5")
	r.press("]")
	r.see("▸ Gradient norm")
	r.press("[", "l", "x", "s")
	r.see("log  without outliers  smoothed 0.6")
	r.press("f")
	r.until("one chart alone", func() bool { return !strings.Contains(r.text(), "Gradient norm") })
	r.press("left")
	r.see("step 590")
	r.press("left", "left")
	r.never("step 590")
	r.press("esc")
	r.never("step 5")
	r.press("esc")
	r.see("Gradient norm")
	for _, a := range r.s.Actions() {
		if a.ID == "job.out" {
			t.Error("esc is taken though there is nothing to leave")
		}
	}
}

func TestJobPanes(t *testing.T) {
	j := runningJob(1)
	j.Status = models.JobFailed
	j.ErrorMessage = models.Ptr("GPU Out of Memory: Try reducing batch_size\x1b[31m")
	j.ErrorStack = models.Ptr("Traceback:\n  train.py:17\n  boom")
	j.CompletedAt = models.At(clock())
	r := jobRig(t, jobsBackend(j))
	r.see("GPU Out of Memory")
	r.see("Error")
	r.press("tab")
	for _, want := range []string{"Learning rate", "5e-5", "LoRA rank", "16", "A100-80GB", "$7.00 an hour", jobID(1)[:8]} {
		r.see(want)
	}
	r.press("tab")
	for _, want := range []string{"created", "queued", "started", "first point", "60 points", "failed", "In the queue", "1h 00m"} {
		r.see(want)
	}
	r.press("tab")
	for _, want := range []string{"train.py:17", "boom", "half the batch size"} {
		r.see(want)
	}
	if got := r.s.(screen.Linker).Link(); got != "job/"+jobID(1)+"/error" {
		t.Errorf("link %q", got)
	}
	deep := newRig(t, newJob(jobsBackend(j), options()), jobID(1), "error")
	deep.see("train.py:17")
}

func TestJobWithoutErrorHasNoErrorPane(t *testing.T) {
	r := jobRig(t, jobsBackend(runningJob(1)))
	r.see("Timeline")
	r.never("Error")
	r.press("tab", "tab", "tab")
	r.see("▸ Loss")
}

func TestJobOpensItsArtifact(t *testing.T) {
	j := runningJob(1)
	j.Status, j.CompletedAt = models.JobCompleted, models.At(clock())
	b := jobsBackend(j)
	b.byJob = func(string) (models.Artifact, error) { return models.Artifact{ID: "a-1"}, nil }
	r := jobRig(t, b)
	r.see("completed")
	r.press("a")
	r.asks(screen.GoMsg{Link: "artifact/a-1"})

	b = jobsBackend(j)
	b.byJob = func(string) (models.Artifact, error) {
		return models.Artifact{}, &models.Error{Code: models.CodeNotFound, Msg: "none"}
	}
	r = jobRig(t, b)
	r.see("completed")
	r.press("a")
	r.toast("no artifact yet")

	j.ArtifactID = models.Ptr("a-2")
	r = jobRig(t, jobsBackend(j))
	r.see("completed")
	r.press("a")
	r.asks(screen.GoMsg{Link: "artifact/a-2"})
}

func TestJobCancels(t *testing.T) {
	b := jobsBackend(runningJob(1))
	b.cancel = func(string) (models.Job, error) {
		return models.Job{}, &models.Error{Code: models.CodeConflict, Msg: "it has completed meanwhile"}
	}
	r := jobRig(t, b)
	r.see("running")
	a := r.action("job.cancel")
	if _, body, _ := a.Prompt(); !strings.Contains(body, "$7.00") {
		t.Errorf("the question is %q", body)
	}
	r.run(a.Do())
	if why := r.action("job.cancel").Why(); why == "" {
		t.Error("a cancel can be sent twice")
	}
	r.toast("it has completed meanwhile")
	if why := r.action("job.cancel").Why(); why != "" {
		t.Errorf("off after the answer: %q", why)
	}
}

func TestJobEndsWhileWatched(t *testing.T) {
	b := jobsBackend(runningJob(1))
	var done atomic.Bool
	row := b.job
	b.job = func(id string) (models.Job, error) {
		j, err := row(id)
		if done.Load() {
			j.Status, j.Stage, j.Progress = models.JobCompleted, models.StageCompleted, models.Ptr(models.F64(100))
		}
		return j, err
	}
	b.live = func([]models.LiveRequest) ([]models.LiveJob, error) {
		j, _ := b.job(jobID(1))
		return []models.LiveJob{{Job: j}}, nil
	}
	r := jobRig(t, b)
	r.see("running")
	r.until("live", func() bool { return r.s.(*job).stream.known })
	done.Store(true)
	r.press("r")
	r.see("completed")
	r.see("100%")
	r.asks(screen.ChangedMsg{What: "job"})
}

func TestJobThatIsGone(t *testing.T) {
	r := newRig(t, newJob(jobsBackend(), options()), jobID(7))
	r.see("no such job")
	r = newRig(t, newJob(jobsBackend(), options()))
	r.asks(screen.GoMsg{Link: "jobs", Replace: true})
}

func TestStuckJobIsDiagnosed(t *testing.T) {
	j := runningJob(1)
	j.Status, j.Stage, j.StartedAt = models.JobQueued, models.StageQueued, models.Time{}
	b := jobsBackend(j)
	b.metrics, b.live = nil, nil
	r := jobRig(t, b)
	r.see("not picked up")
	r.see("job processor")
	r.see("starts with the training")
}

func TestMouseChoosesAChartAndAStep(t *testing.T) {
	r := jobRig(t, jobsBackend(runningJob(1)))
	r.see("validation 1.5")
	c := r.s.(*job).charts
	at := c.all[3].cells
	r.run(r.s.Update(tea.MouseClickMsg{X: at.x + at.w - 1, Y: at.y + 2, Button: tea.MouseLeft}))
	r.see("▸ Throughput")
	if c.cursor == nil || *c.cursor != 590 {
		t.Errorf("the click in the last column is step %v", c.cursor)
	}
	r.see("step 590")
}
