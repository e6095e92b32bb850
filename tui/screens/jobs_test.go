package screens

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// watchBackend is the fake with what the watching screens read.
type watchBackend struct {
	fakeBackend
	live    func(reqs []models.LiveRequest) ([]models.LiveJob, error)
	metrics func(id string, after models.MetricCursor) ([]models.MetricsPoint, error)
	job     func(id string) (models.Job, error)
	cancel  func(id string) (models.Job, error)
	byJob   func(id string) (models.Artifact, error)
}

// Live answers with live; to who asks for the newest points, as the page of a
// job does, with those of metrics.
func (b *watchBackend) Live(_ context.Context, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error) {
	out, err := answer(b.live, reqs)
	for i := range out {
		if tail == liveTail && reqs[0].After.IsZero() && b.metrics != nil && err == nil {
			out[i].Points, err = b.metrics(out[i].Job.ID, models.MetricCursor{})
		}
	}
	return out, err
}

func (b *watchBackend) Metrics(_ context.Context, id string, after models.MetricCursor) ([]models.MetricsPoint, error) {
	if b.metrics == nil {
		return nil, nil
	}
	return b.metrics(id, after)
}

func (b *watchBackend) Job(_ context.Context, id string) (models.Job, error) {
	return answer(b.job, id)
}

func (b *watchBackend) CancelJob(_ context.Context, id string) (models.Job, error) {
	return answer(b.cancel, id)
}

func (b *watchBackend) ArtifactByJob(_ context.Context, id string) (models.Artifact, error) {
	return answer(b.byJob, id)
}

func jobID(n int) string { return fmt.Sprintf("10000000-0000-4000-8000-%012d", n) }

// runningJob is a job at 40 %, started an hour ago at $7 an hour.
func runningJob(n int) models.Job {
	at := clock()
	return models.Job{
		ID: jobID(n), DatasetID: "d-1", PresetID: "balanced", Status: models.JobRunning, Stage: models.StageTraining,
		Progress: models.Ptr(models.F64(40)), CurrentStep: models.Ptr(models.Int(400)), TotalSteps: models.Ptr(models.Int(1000)),
		CurrentEpoch: models.Ptr(models.Int(2)), TotalEpochs: 3,
		CurrentMetrics:     models.CurrentMetrics{TrainingLoss: models.Ptr(models.F64(0.8123))},
		GPU:                models.GPUConfig{Type: "A100-80GB", Count: models.Ptr(models.Int(2))},
		Hyperparameters:    models.Hyperparameters{LearningRate: models.Ptr(models.F64(5e-5)), Rank: models.Ptr(models.Int(16)), Epochs: models.Ptr(models.Int(3))},
		CurrentCost:        models.Ptr(models.Dollars(700)),
		EstimatedTotalCost: models.Ptr(models.Dollars(800)),
		CreatedAt:          models.At(at.Add(-2 * time.Hour)), QueuedAt: models.At(at.Add(-2 * time.Hour)), StartedAt: models.At(at.Add(-time.Hour)), UpdatedAt: models.At(at),
		Dataset: &models.DatasetRef{ID: "d-1", Name: "Support chats", Status: models.DatasetReady},
	}
}

// falling is n points of a loss that falls.
func falling(n int) []models.MetricsPoint {
	var out []models.MetricsPoint
	for i := range n {
		p := point(i, clock().Add(time.Duration(i-n)*time.Second), int64(i*10), false)
		p.TrainingLoss = models.Ptr(models.F64(3 * math.Exp(-float64(i)/20)))
		p.GradientNorm, p.Throughput, p.GPUUtilization = models.Ptr(models.F64(1)), models.Ptr(models.F64(900)), models.Ptr(models.F64(93))
		if i%10 == 9 {
			p.ValidationLoss = models.Ptr(models.F64(1.5))
		}
		out = append(out, p)
	}
	return out
}

func jobsBackend(js ...models.Job) *watchBackend {
	b := &watchBackend{}
	b.jobs = func(models.ListQuery) (models.Page[models.Job], error) {
		n := int64(len(js))
		return models.Page[models.Job]{Items: js, Total: &n}, nil
	}
	b.live = func(reqs []models.LiveRequest) ([]models.LiveJob, error) {
		var out []models.LiveJob
		for _, r := range reqs {
			for _, j := range js {
				if j.ID == r.JobID {
					out = append(out, models.LiveJob{Job: j, Points: falling(60)})
				}
			}
		}
		return out, nil
	}
	b.job = func(id string) (models.Job, error) {
		for _, j := range js {
			if j.ID == id {
				return j, nil
			}
		}
		return models.Job{}, &models.Error{Code: models.CodeNotFound, Msg: "no such job"}
	}
	b.metrics = func(_ string, after models.MetricCursor) ([]models.MetricsPoint, error) {
		if !after.IsZero() {
			return nil, nil
		}
		return falling(60), nil
	}
	return b
}

func options() Options { return Options{GPUs: models.GPUs(), Presets: models.Presets()} }

func TestJobsShowALiveSparkline(t *testing.T) {
	done := runningJob(2)
	done.Status, done.Dataset = models.JobCompleted, nil
	r := newRig(t, newJobs(jobsBackend(runningJob(1), done), options()))
	r.w = 130
	r.see("Support chats")
	r.see("█") // the loss falls from its greatest
	r.until("a sparkline", func() bool {
		return strings.Contains(r.text(), "█▆") || strings.Contains(r.text(), "█▅") || strings.Contains(r.text(), "█▇")
	})
	for _, want := range []string{"running", "40%", "0.8123", "1m 00s", "$7.00", "balanced", "(not readable)", "completed"} {
		r.see(want)
	}
}

func TestJobsSearchFilterAndSortOnTheServer(t *testing.T) {
	var asked atomic.Pointer[models.ListQuery]
	last := func() models.ListQuery { return *asked.Load() }
	b := jobsBackend(runningJob(1))
	all := b.jobs
	b.jobs = func(q models.ListQuery) (models.Page[models.Job], error) {
		asked.Store(&q)
		return all(q)
	}
	r := newRig(t, newJobs(b, options()))
	r.see("Support chats")
	r.run(r.s.(screen.Filterer).Filter("chats"))
	r.see("search “chats”")
	r.until("asked", func() bool { return last().Search == "chats" })
	r.press("f")
	r.see("not ended")
	r.until("filtered", func() bool { return strings.Join(last().Status, " ") == "queued initializing running" })
	r.press("s")
	r.until("sorted", func() bool { return last().Sort == "status" && last().Asc })
}

func TestJobsOpenAndLaunch(t *testing.T) {
	r := newRig(t, newJobs(jobsBackend(runningJob(1)), options()))
	r.see("Support chats")
	r.press("enter")
	r.asks(screen.GoMsg{Link: "job/" + jobID(1)})
	r.press("n")
	r.asks(screen.GoMsg{Link: "launch"})
	r.press("l")
	r.asks(screen.GoMsg{Link: "launch/d-1?from=" + jobID(1)})
	if r.s.(screen.Copier).Copy() != jobID(1) {
		t.Error("y does not copy the job's id")
	}
}

func TestCancelSaysWhatItCosts(t *testing.T) {
	b := jobsBackend(runningJob(1))
	b.cancel = func(id string) (models.Job, error) {
		j := runningJob(1)
		j.Status, j.FinalCost = models.JobCancelled, j.CurrentCost
		return j, nil
	}
	r := newRig(t, newJobs(b, options()))
	r.see("Support chats")
	a := r.action("jobs.cancel")
	title, body, _ := a.Prompt()
	if a.Risk != screen.RiskConfirm || !strings.Contains(title, "Support chats") {
		t.Errorf("asks %q with risk %v", title, a.Risk)
	}
	for _, want := range []string{"running", "40% done", "$7.00", "stays spent", "$8.00", "no artifact"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in:\n%s", want, body)
		}
	}
	r.run(a.Do())
	r.toast("The job is cancelled. It cost $7.00.")
	r.asks(screen.ChangedMsg{What: "job"})
}

func TestCancelRefusals(t *testing.T) {
	for code, want := range map[models.Code]string{
		models.CodeConflict: "Nothing was cancelled", models.CodeNetwork: "no network", models.CodeTimeout: "no network",
	} {
		b := jobsBackend(runningJob(1))
		b.cancel = func(string) (models.Job, error) { return models.Job{}, &models.Error{Code: code, Msg: "no network"} }
		r := newRig(t, newJobs(b, options()))
		r.see("Support chats")
		r.run(r.action("jobs.cancel").Do())
		r.toast(want)
	}
	b := jobsBackend(runningJob(1))
	b.cancel = func(string) (models.Job, error) {
		return models.Job{}, &models.Error{Code: models.CodeNoRows, Msg: "nothing changed", Hint: "CREATE POLICY …"}
	}
	r := newRig(t, newJobs(b, options()))
	r.see("Support chats")
	r.run(r.action("jobs.cancel").Do())
	r.until("a dialog", func() bool {
		for _, m := range r.asked {
			if d, ok := m.(screen.AskMsg); ok {
				return strings.Contains(d.Dialog.Body, "policies") && strings.Contains(d.Dialog.Body, "CREATE POLICY")
			}
		}
		return false
	})
	done := runningJob(1)
	done.Status = models.JobFailed
	r = newRig(t, newJobs(jobsBackend(done), options()))
	r.see("failed")
	if why := r.action("jobs.cancel").Why(); !strings.Contains(why, "has ended") {
		t.Errorf("a finished job can be cancelled: %q", why)
	}
}

func TestJobsKeepRowsWhenTheStreamFails(t *testing.T) {
	b := jobsBackend(runningJob(1))
	b.live = func([]models.LiveRequest) ([]models.LiveJob, error) {
		return nil, &models.Error{Code: models.CodeNetwork, Msg: "the server cannot be reached"}
	}
	r := newRig(t, newJobs(b, options()))
	r.w = 120
	r.see("the server cannot be reached")
	r.see("Support chats")
	if st := r.s.(screen.Feeder).FeedState(); st.Health != screen.HealthOffline {
		t.Errorf("health %v", st.Health)
	}
}

// hostile is text that must not reach a terminal as it is.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b[31mred\x1b]0;title\x07", "a\u202eb", "日本語サポート", "👩‍👩‍👧‍👦 family", "x\r\ny\tz", "\xff\xfe", strings.Repeat("long ", 60), "",
	}))
}

func anyF(t *rapid.T) *models.F64 {
	v := rapid.SampledFrom([]float64{0, 1, -1, 1e300, math.NaN(), math.Inf(1), 0.5, 1e-9}).Draw(t, "f")
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return nil
	}
	return models.Ptr(models.F64(v))
}

func anyJob(t *rapid.T) models.Job {
	text := func() *string {
		if rapid.Bool().Draw(t, "null") {
			return nil
		}
		s := hostile().Draw(t, "text")
		return &s
	}
	j := runningJob(rapid.IntRange(1, 3).Draw(t, "id"))
	j.Status = models.JobStatus(rapid.SampledFrom([]string{"queued", "initializing", "running", "completed", "failed", "cancelled", "paused", "\x1b[1m"}).Draw(t, "status"))
	j.Stage, j.PresetID = models.JobStage(hostile().Draw(t, "stage")), hostile().Draw(t, "preset")
	j.Progress, j.CurrentMetrics.TrainingLoss, j.Hyperparameters.Dropout = anyF(t), anyF(t), anyF(t)
	j.Hyperparameters.BaseModel, j.GPU.Type = hostile().Draw(t, "base"), hostile().Draw(t, "gpu")
	j.ErrorMessage, j.ErrorStack, j.ArtifactID = text(), text(), text()
	if rapid.Bool().Draw(t, "bare") {
		j.Dataset, j.CurrentCost, j.EstimatedTotalCost, j.CurrentStep, j.GPU.Count = nil, nil, nil, nil, nil
		j.StartedAt, j.QueuedAt = models.Time{}, models.Time{}
	} else {
		j.Dataset.Name = hostile().Draw(t, "name")
	}
	return j
}

// exactFrame fails unless s is w × h cells without controls of its own.
func exactFrame(t rapid.TB, s string, w, h int) {
	t.Helper()
	lines := strings.Split(s, "\n")
	if h <= 0 {
		return
	}
	if len(lines) != h {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), h, ansi.Strip(s))
	}
	for i, l := range lines {
		if got := ansi.StringWidth(l); got != w {
			t.Fatalf("line %d is %d cells, want %d: %q", i, got, w, l)
		}
		for _, bad := range []string{"\x1b[31mred", "\x1b]0", "\u202e", "\r", "\x07", "\t"} {
			if strings.Contains(l, bad) {
				t.Fatalf("line %d holds %q", i, bad)
			}
		}
	}
}

// TestWatchingScreensAreExact draws the three screens at any size, in any
// theme, over anything the wire may bring, after any keys.
func TestWatchingScreensAreExact(t *testing.T) {
	themes := []theme.Theme{theme.New("dark", true, false, false), theme.New("light", false, false, false), theme.New("dark", true, true, true)}
	keys := []string{"tab", "f", "l", "x", "s", "]", "[", "left", "right", "j", "G", "S", "down", "r"}
	rapid.Check(t, func(rt *rapid.T) {
		js := []models.Job{anyJob(rt), anyJob(rt)}
		js[1].ID = jobID(9)
		b := jobsBackend(js...)
		b.overview = func() (models.Overview, error) {
			return models.Overview{MonthSpend: models.Dollars(1234), Derived: true}, nil
		}
		name := hostile().Draw(rt, "dataset")
		b.datasets = func(models.ListQuery) (models.Page[models.Dataset], error) {
			return models.Page[models.Dataset]{Items: []models.Dataset{{ID: "d", Name: name, Status: models.DatasetReady}}}, nil
		}
		b.inbox = func(models.ListQuery) (models.Page[models.Notification], error) {
			return models.Page[models.Notification]{Items: []models.Notification{{ID: "n", Title: name, Message: name}}}, nil
		}
		budget := options()
		budget.Budget = models.Ptr(models.Dollars(1000))
		for _, r := range []*rig{newRig(t, newJobs(b, options())), newRig(t, newJob(b, options()), js[0].ID), newRig(t, newHome(b, budget))} {
			r.w, r.h = rapid.IntRange(0, 170).Draw(rt, "w"), rapid.IntRange(0, 50).Draw(rt, "h")
			th := themes[rapid.IntRange(0, 2).Draw(rt, "theme")]
			r.until("data", func() bool {
				st := r.s.(screen.Feeder).FeedState()
				return st.Health != screen.HealthNone
			})
			for range rapid.IntRange(0, 8).Draw(rt, "keys") {
				f := r.frame()
				f.Theme = th
				exactFrame(rt, r.s.View(f), r.w, r.h)
				r.press(rapid.SampledFrom(keys).Draw(rt, "key"))
			}
			r.run(r.s.Update(tea.MouseClickMsg{X: rapid.IntRange(0, 170).Draw(rt, "x"), Y: rapid.IntRange(0, 50).Draw(rt, "y")}))
			f := r.frame()
			f.Theme = th
			exactFrame(rt, r.s.View(f), r.w, r.h)
			for _, a := range r.s.Actions() {
				_ = a.Why()
			}
			r.stop()
		}
	})
}
