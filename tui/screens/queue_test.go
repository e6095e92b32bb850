package screens

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// queueBackend has jobs that can be cancelled.
type queueBackend struct {
	*fakeBackend
	mu      sync.Mutex
	rows    []models.Job
	fail    map[string]error
	calls   int
	most    int // cancels under way at a time
	pending int
	hold    chan struct{}
}

func (b *queueBackend) Jobs(_ context.Context, q models.ListQuery) (models.Page[models.Job], error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var p models.Page[models.Job]
	for _, j := range b.rows {
		fits := len(q.Status) == 0
		for _, s := range q.Status {
			fits = fits || s == string(j.Status)
		}
		if fits {
			p.Items = append(p.Items, j)
		}
	}
	return p, nil
}

func (b *queueBackend) CancelJob(_ context.Context, id string) (models.Job, error) {
	b.mu.Lock()
	b.calls++
	b.pending++
	b.most = max(b.most, b.pending)
	b.mu.Unlock()
	if b.hold != nil {
		<-b.hold
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending--
	if err := b.fail[id]; err != nil {
		return models.Job{}, err
	}
	for i := range b.rows {
		if b.rows[i].ID == id {
			b.rows[i].Status = models.JobCancelled
			return b.rows[i], nil
		}
	}
	return models.Job{}, &models.Error{Code: models.CodeNotFound, Msg: "no such job"}
}

func waitingRows(n int) *queueBackend {
	b := &queueBackend{fakeBackend: &fakeBackend{}, fail: map[string]error{}}
	for i := range n {
		b.rows = append(b.rows, models.Job{ID: jobID(i + 1), Status: models.JobQueued, DatasetID: "ds1",
			Dataset: &models.DatasetRef{ID: "ds1", Name: fmt.Sprintf("set %02d", i)}, QueuedAt: models.At(clock().Add(time.Duration(i-60) * time.Second)),
			CurrentCost: models.Ptr(models.Dollars(int64(i)))})
	}
	return b
}

func queueRig(t *testing.T, b *queueBackend) *rig {
	r := newRig(t, newQueue(b, testOptions()))
	r.w = 120
	return r
}

func TestQueueShowsWhatHolds(t *testing.T) {
	b := waitingRows(7)
	run := b.rows[0]
	run.ID, run.Status, run.QueuedAt, run.StartedAt = jobID(90), models.JobRunning, models.At(clock().Add(-10*time.Minute)), models.At(clock().Add(-9*time.Minute))
	b.rows = append(b.rows, run)
	r := queueRig(t, b)
	r.see("7 waiting")
	r.see("1 running")
	r.see("a start takes 1m")
	r.see("6 of your jobs are ahead")
	r.see("those of others are not visible")
	lines := strings.Split(r.text(), "\n")
	if !strings.Contains(lines[2], "set 00") || !strings.Contains(lines[8], "set 06") {
		t.Errorf("not the oldest first:\n%s", r.text())
	}
	r.press("down", "enter")
	r.asks(screen.GoMsg{Link: "job/" + jobID(2)})
	r.press("n")
	r.asks(screen.GoMsg{Link: "launch"})
	if id := r.s.(*queue).Copy(); id != jobID(2) {
		t.Errorf("copies %s", id)
	}
}

func TestQueueTellsThatTheProcessorIsDown(t *testing.T) {
	b := waitingRows(1)
	b.rows[0].QueuedAt = models.At(clock().Add(-time.Hour))
	r := queueRig(t, b)
	r.see("does not seem to run")
	r.see("process-training-jobs")
	empty := queueRig(t, waitingRows(0))
	empty.see("Nothing waits.")
	empty.press("x")
	empty.toast("nothing waits that could be cancelled")
}

func TestQueueCancelsMany(t *testing.T) {
	b := waitingRows(12)
	b.hold = make(chan struct{})
	r := queueRig(t, b)
	r.see("12 waiting")
	r.press("a")
	r.see("12 marked")
	a := r.action("queue.cancel")
	title, body, typed := a.Prompt()
	if a.Risk != screen.RiskTypeName || title != "Cancel 12 jobs?" || typed != "cancel" || !strings.Contains(body, "Together they have cost $0.66") || !strings.Contains(body, "and 4 more") {
		t.Fatalf("%v %q %q %q", a.Risk, title, body, typed)
	}
	r.press("x")
	r.see("being cancelled")
	if r.s.(*queue).Busy() == "" || r.action("queue.cancel").Why() == "" {
		t.Error("a second cancelling could begin")
	}
	close(b.hold)
	r.toast("12 jobs cancelled. What was spent: $0.66")
	r.see("Nothing waits.")
	if b.calls != 12 || b.most > cancelAtOnce {
		t.Errorf("%d calls, %d at a time", b.calls, b.most)
	}
}

func TestQueueCancelsWhatCanBe(t *testing.T) {
	b := waitingRows(3)
	b.fail[jobID(2)] = &models.Error{Code: models.CodeConflict, Msg: "it has ended"}
	r := queueRig(t, b)
	r.see("3 waiting")
	r.press("space", "space", "space", "x")
	r.toast("2 jobs cancelled. What was spent: $0.02")
	r.toast("1 job not cancelled: it has ended")
	r.see("1 waiting")
	r.never("marked")
	one := r.action("queue.cancel")
	if title, _, _ := one.Prompt(); one.Risk != screen.RiskConfirm || !strings.Contains(title, "set 01") {
		t.Errorf("%v %q", one.Risk, title)
	}
	delete(b.fail, jobID(2))
	r.press("x")
	r.toast("The job is cancelled.")
	r.see("Nothing waits.")
}

func TestQueueFrames(t *testing.T) {
	r := queueRig(t, waitingRows(9))
	r.see("9 waiting")
	for _, size := range [][2]int{{80, 19}, {20, 2}, {20, 5}, {300, 96}, {60, 12}, {1, 1}} {
		r.w, r.h = size[0], size[1]
		lines := strings.Split(r.s.View(r.frame()), "\n")
		if len(lines) != size[1] {
			t.Fatalf("%v: %d lines", size, len(lines))
		}
		for _, l := range lines {
			if kit.Width(l) != size[0] {
				t.Fatalf("%v: %d cells: %q", size, kit.Width(l), l)
			}
		}
	}
}

func TestQueueReadsEverything(t *testing.T) {
	b := &fakeBackend{}
	calls := 0
	b.jobs = func(q models.ListQuery) (models.Page[models.Job], error) {
		calls++
		switch {
		case len(q.Status) == 0:
			return models.Page[models.Job]{Items: []models.Job{{ID: "a"}, {ID: "z"}}}, nil
		case q.After == "":
			return models.Page[models.Job]{Items: []models.Job{{ID: "a"}, {ID: "b"}}, Next: "more"}, nil
		}
		return models.Page[models.Job]{Items: []models.Job{{ID: "c"}}}, nil
	}
	got, err := QueueJobs(t.Context(), b)
	if err != nil || len(got) != 4 || calls != 3 {
		t.Errorf("%v %v after %d calls", got, err, calls)
	}
}
