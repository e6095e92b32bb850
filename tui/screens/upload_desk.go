package screens

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// desk runs the uploads of this program, whatever screen is looked at. Screens
// start them, look at them, and wait for news; the desk is the one thing here
// that other goroutines touch.
type desk struct {
	b Uploads

	mu    sync.Mutex
	runs  map[string]*deskRun
	moved chan struct{} // closed, and made anew, when something changes
	count uint64        // of changes
}

// deskRun is one upload of this run of the program.
type deskRun struct {
	up     models.NewUpload
	p      models.UploadProgress
	sent   int64 // bytes that the server has
	state  deskState
	err    error
	got    models.Dataset // deskDone
	cancel context.CancelFunc
	ended  chan struct{}
	begun  time.Time
}

// deskState is how an upload stands here.
type deskState int

const (
	deskRunning deskState = iota
	deskPaused            // by hand; its state is on disk
	deskFailed
	deskDone
	deskDropped
)

func newDesk(b Uploads) *desk {
	return &desk{b: b, runs: map[string]*deskRun{}, moved: make(chan struct{})}
}

// changed wakes who waits; mu is held.
func (k *desk) changed() {
	k.count++
	close(k.moved)
	k.moved = make(chan struct{})
}

// get is a copy of an upload of this run.
func (k *desk) get(id string) (deskRun, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.runs[id]
	if !ok {
		return deskRun{}, false
	}
	return *r, true
}

// running are the uploads that go on, in the order of their ids.
func (k *desk) running() []deskRun {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []deskRun
	for _, id := range slices.Sorted(maps.Keys(k.runs)) {
		if r := k.runs[id]; r.state == deskRunning {
			out = append(out, *r)
		}
	}
	return out
}

// busy names what quitting would interrupt.
func (k *desk) busy() string {
	list := k.running()
	switch len(list) {
	case 0:
		return ""
	case 1:
		return "the upload of " + models.Clean(filepath.Base(list[0].up.Path)) + ". What was sent is kept: it goes on when it is continued"
	}
	return fmt.Sprintf("%d uploads. What was sent is kept: they go on when they are continued", len(list))
}

// progress is the share of all uploads that go on.
func (k *desk) progress() (percent int, ok bool) {
	var done, total int64
	for _, r := range k.running() {
		done, total = done+r.sent, total+r.p.Total
	}
	if total <= 0 {
		return 0, false
	}
	return int(min(100, max(0, done*100/total))), true
}

// start begins an upload, or goes on with it. Its end is told wherever the user
// is then. u.DatasetID must be set.
func (k *desk) start(sc screen.Scope, u models.NewUpload) tea.Cmd {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.runs[u.DatasetID]; r != nil && r.state == deskRunning {
		return nil
	}
	ctx, cancel := context.WithCancel(sc.Root())
	r := &deskRun{up: u, cancel: cancel, ended: make(chan struct{}), begun: sc.Now(), p: models.UploadProgress{DatasetID: u.DatasetID, Stage: models.UploadChecking}}
	if old := k.runs[u.DatasetID]; old != nil {
		r.p.Total, r.sent = old.p.Total, old.sent
	}
	k.runs[u.DatasetID] = r
	k.changed()
	return screen.Detached(sc, "upload", func(context.Context) tea.Msg {
		defer cancel()
		defer close(r.ended)
		d, err := k.upload(ctx, r)
		return k.end(r, d, err)
	})
}

// upload runs the client's upload; a panic in it is its error.
func (k *desk) upload(ctx context.Context, r *deskRun) (d models.Dataset, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &models.Error{Code: models.CodeUnknown, Op: "upload", Msg: "an internal error: " + models.Clean(fmt.Sprint(p)), Hint: "What was sent is kept."}
		}
	}()
	return k.b.Upload(ctx, r.up, func(p models.UploadProgress) {
		k.mu.Lock()
		defer k.mu.Unlock()
		r.p = p
		if p.Stage != models.UploadChecking {
			r.sent = p.Done
		}
		k.changed()
	})
}

// end notes how an upload ended and says so.
func (k *desk) end(r *deskRun, d models.Dataset, err error) tea.Msg {
	k.mu.Lock()
	name := models.Clean(orElse(r.up.Name, filepath.Base(r.up.Path)))
	if r.state == deskRunning {
		r.state, r.got, r.err = deskDone, d, err
		if err != nil {
			r.state = deskFailed
		}
	}
	state, key := r.state, fmt.Sprintf("upload/%s/%d", r.up.DatasetID, r.begun.UnixNano())
	k.changed()
	k.mu.Unlock()
	switch {
	case state == deskDropped || state == deskPaused && err != nil:
		return nil // whoever did it says so
	case err != nil:
		text, hint := models.Explain(err)
		return batched(screen.Notify(key, screen.LevelBad, "%s is not uploaded: %s", name, joined(strings.TrimPrefix(text, "upload: "), hint)), screen.Changed("dataset"))
	case d.Status == models.DatasetError:
		return batched(screen.Notify(key, screen.LevelWarn, "%s is uploaded, and its validation found errors", name), screen.Changed("dataset"))
	}
	return batched(screen.Notify(key, screen.LevelGood, "%s is uploaded and ready: l on its page launches a job", name), screen.Changed("dataset"))
}

// batched is several commands as one message.
func batched(cmds ...tea.Cmd) tea.Msg { return tea.Batch(cmds...)() }

// pause stops an upload; what was sent is kept.
func (k *desk) pause(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.runs[id]; r != nil && r.state == deskRunning {
		r.state = deskPaused
		r.cancel()
		k.changed()
	}
}

// dropped is the outcome of drop.
type uploadDropped struct {
	id  string
	err error
}

// Failure lets the shell see that a session has ended.
func (m uploadDropped) Failure() error { return m.err }

func (m uploadDropped) told() tea.Cmd {
	if m.err != nil {
		text, hint := models.Explain(m.err)
		return screen.Toast(screen.LevelBad, "The upload is not cancelled: %s", joined(text, hint))
	}
	return tea.Batch(screen.Toast(screen.LevelGood, "The upload is cancelled"), screen.Changed("dataset"))
}

// drop ends an upload for good.
func (k *desk) drop(sc screen.Scope, id string) tea.Cmd {
	k.mu.Lock()
	defer k.mu.Unlock()
	var ended <-chan struct{}
	if r := k.runs[id]; r != nil {
		if r.state == deskRunning || r.state == deskPaused {
			r.state, ended = deskDropped, r.ended
			r.cancel()
		}
		k.changed()
	}
	b := k.b
	return screen.Do(sc, "cancel upload", dropTimeout, func(ctx context.Context) tea.Msg {
		if ended != nil {
			select {
			case <-ended:
			case <-ctx.Done():
				return uploadDropped{id, ctx.Err()}
			}
		}
		return uploadDropped{id, b.DropUpload(ctx, id)}
	})
}

const dropTimeout = time.Minute
