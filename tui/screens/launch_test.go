package screens

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// launches is a backend that keeps what was inserted, by id.
type launches struct {
	mu    sync.Mutex
	calls int
	rows  map[string]models.NewJob
	fail  error // returned, after the insert when lost
	lost  bool  // the insert happens and its answer gets lost
	hold  chan struct{}
}

func (l *launches) launch(_ context.Context, j models.NewJob) (models.Job, error) {
	if l.hold != nil {
		<-l.hold
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if l.fail != nil && !l.lost {
		return models.Job{}, l.fail
	}
	had, ok := l.rows[j.ID]
	if !ok {
		had = j
		l.rows[j.ID] = j
	}
	if l.fail != nil {
		return models.Job{}, l.fail
	}
	return models.Job{ID: had.ID, DatasetID: had.DatasetID, Hyperparameters: had.Hyperparameters, GPU: had.GPU}, nil
}

func launchBackend(l *launches) *fakeBackend {
	ds := readyDataset("ds1", "support chats", 1567, 313400)
	return &fakeBackend{
		launch:  l.launch,
		dataset: func(string) (models.Dataset, error) { return ds, nil },
		datasets: func(q models.ListQuery) (models.Page[models.Dataset], error) {
			all := []models.Dataset{ds, readyDataset("ds2", "poems", 20, 4000)}
			var p models.Page[models.Dataset]
			for _, d := range all {
				if strings.Contains(d.Name, q.Search) {
					p.Items = append(p.Items, d)
				}
			}
			return p, nil
		},
	}
}

func TestLaunchSubmitsOnceUnderRepeatedKeys(t *testing.T) {
	l := &launches{rows: map[string]models.NewJob{}, hold: make(chan struct{})}
	r := newRig(t, newLaunch(launchBackend(l), testOptions()), "ds1")
	r.see("support chats")
	r.press("v")
	r.see("Review")
	for range 20 {
		r.press("L", "enter")
	}
	r.see("Launching…")
	close(l.hold)
	r.until("gone to the job", func() bool {
		for _, a := range r.asked {
			if g, ok := a.(screen.GoMsg); ok && g.Replace && strings.HasPrefix(g.Link, "job/") {
				return true
			}
		}
		return false
	})
	r.asks(screen.ChangedMsg{What: "job"})
	if l.calls != 1 || len(l.rows) != 1 {
		t.Fatalf("%d calls made %d rows", l.calls, len(l.rows))
	}
}

func TestLaunchRetriesWithTheSameID(t *testing.T) {
	l := &launches{rows: map[string]models.NewJob{}, fail: &models.Error{Code: models.CodeTimeout, Msg: "no answer"}, lost: true}
	build := newLaunch(launchBackend(l), testOptions())
	r := newRig(t, build, "ds1")
	r.see("support chats")
	r.press("v", "L")
	r.see("no answer")
	r.see("same job id")
	r.press("L")
	r.until("second try", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.calls == 2 })
	r.see("no answer")
	r.press("esc") // the form is still there, and a new screen finds it again
	r.see("support chats")
	r.stop()
	r = newRig(t, build)
	r.see("support chats")
	l.mu.Lock()
	l.fail = nil
	l.mu.Unlock()
	r.press("v", "L")
	r.toast("Launched")
	if len(l.rows) != 1 || l.calls != 3 {
		t.Fatalf("%d rows after %d calls", len(l.rows), l.calls)
	}
}

func TestLaunchTellsWhenAnEarlierTryHadGoneThrough(t *testing.T) {
	l := &launches{rows: map[string]models.NewJob{}, fail: errors.New("cut"), lost: true}
	r := newRig(t, newLaunch(launchBackend(l), testOptions()), "ds1")
	r.see("support chats")
	r.press("v", "L")
	r.see("cut")
	r.press("esc")
	r.press("down", "down", "down", "right") // another learning rate
	r.see("Custom")
	l.mu.Lock()
	l.fail = nil
	l.mu.Unlock()
	r.press("v", "L")
	r.toast("An earlier try had gone through")
	if len(l.rows) != 1 {
		t.Fatalf("%d rows", len(l.rows))
	}
}

func TestLaunchNewIDAfterSuccess(t *testing.T) {
	l := &launches{rows: map[string]models.NewJob{}}
	build := newLaunch(launchBackend(l), testOptions())
	for range 2 {
		r := newRig(t, build, "ds1")
		r.see("support chats")
		r.press("v", "L")
		r.toast("Launched")
		r.stop()
	}
	if len(l.rows) != 2 {
		t.Fatalf("two launches made %d rows", len(l.rows))
	}
}

func TestLaunchPickSearchEditAndStop(t *testing.T) {
	r := newRig(t, newLaunch(launchBackend(&launches{}), testOptions()))
	r.see("none chosen")
	r.press("v")
	r.toast("choose a dataset")
	r.press("enter")
	r.see("poems")
	r.typing("poem")
	r.until("search", func() bool {
		return !strings.Contains(r.text(), "support chats") && strings.Contains(r.text(), "poems")
	})
	r.press("enter")
	r.see("New training job")
	r.see("only 20 pairs")
	r.press("d") // the list opens with all of them again
	r.see("type to search")
	r.see("support chats")
	r.press("esc")
	for range 5 { // to the epochs
		r.press("down")
	}
	r.press("enter")
	r.press("backspace", "backspace")
	r.typing("99")
	r.press("enter")
	r.see("1 to 20")
	r.press("v")
	r.toast("Epochs must be 1 to 20")
	r.never("Review")
}

func TestLaunchAsksAboveTheBudget(t *testing.T) {
	for _, c := range []struct {
		spent int64
		risk  screen.Risk
		typed string
	}{{49900, screen.RiskTypeName, "over budget"}, {49725, screen.RiskConfirm, ""}, {49700, screen.RiskNone, ""}} {
		o := testOptions()
		o.Budget = models.Ptr(models.Dollars(50000))
		b := launchBackend(&launches{rows: map[string]models.NewJob{}})
		b.overview = func() (models.Overview, error) { return models.Overview{MonthSpend: models.Dollars(c.spent)}, nil }
		r := newRig(t, newLaunch(b, o), "ds1") // $2.76
		r.see("Budget left")
		r.see("support chats")
		r.press("v")
		a := r.action("launch.submit")
		if a.Risk != c.risk {
			t.Fatalf("%d spent: risk %v", c.spent, a.Risk)
		}
		if c.risk == screen.RiskNone {
			continue
		}
		r.see("estimate is above")
		if _, body, typed := a.Prompt(); typed != c.typed || !strings.Contains(body, "is left of this month's budget") {
			t.Fatalf("asks %q, %q", body, typed)
		}
		r.stop()
	}
}

func TestLaunchDatasetOfTheLinkIsGone(t *testing.T) {
	b := launchBackend(&launches{})
	b.dataset = func(string) (models.Dataset, error) {
		return models.Dataset{}, &models.Error{Code: models.CodeNotFound, Msg: "this dataset does not exist, or is not yours"}
	}
	r := newRig(t, newLaunch(b, testOptions()), "ds9")
	r.see("does not exist")
	r.see("none chosen")
}

func TestLaunchDraftOfAnotherUser(t *testing.T) {
	b := launchBackend(&launches{})
	build := newLaunch(b, testOptions())
	r := newRig(t, build, "ds1")
	r.see("support chats")
	r.stop()
	answer := make(chan struct{})
	b.dataset = func(string) (models.Dataset, error) { // somebody else has signed in
		<-answer
		return models.Dataset{}, &models.Error{Code: models.CodeNotFound, Msg: "this dataset does not exist, or is not yours"}
	}
	r = newRig(t, build)
	r.see("loading")
	r.never("support chats")
	close(answer)
	r.see("none chosen")
	r.never("support chats")
	r.never("not yours")
}

func TestLaunchReadsTheDatasetAgainAfterAnError(t *testing.T) {
	b := launchBackend(&launches{})
	good := b.dataset
	b.dataset = func(string) (models.Dataset, error) {
		return models.Dataset{}, &models.Error{Code: models.CodeNetwork, Msg: "no route"}
	}
	r := newRig(t, newLaunch(b, testOptions()), "ds1")
	r.see("no route")
	b.dataset = good
	r.press("r")
	r.see("support chats")
}
