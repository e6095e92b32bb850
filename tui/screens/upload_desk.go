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
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// deskEvery is the least time between two looks at the desk.
const deskEvery = 100 * time.Millisecond

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
		done, total = done+r.p.Done, total+r.p.Total
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
		r.p.Done, r.p.Total = old.p.Done, old.p.Total
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
	state := r.state
	k.changed()
	k.mu.Unlock()
	switch {
	case state == deskDropped || state == deskPaused && err != nil:
		return nil // whoever did it says so
	case err != nil:
		text, hint := models.Explain(err)
		return batched(screen.Toast(screen.LevelBad, "%s is not uploaded: %s", name, joined(text, hint)), screen.Changed("dataset"))
	case d.Status == models.DatasetError:
		return batched(screen.Toast(screen.LevelWarn, "%s is uploaded, and its validation found errors", name), screen.Changed("dataset"))
	}
	return batched(screen.Toast(screen.LevelGood, "%s is uploaded and ready: l on its page launches a job", name), screen.Changed("dataset"))
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

// deskMoved tells that something changed on the desk.
type deskMoved struct{ count uint64 }

// watch waits for something newer than count, at most ten times a second.
func (k *desk) watch(sc screen.Scope, count uint64) tea.Cmd {
	return screen.Do(sc, "watch uploads", 0, func(ctx context.Context) tea.Msg {
		t := time.NewTimer(deskEvery)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
		for {
			k.mu.Lock()
			now, moved := k.count, k.moved
			k.mu.Unlock()
			if now != count {
				return deskMoved{now}
			}
			select {
			case <-moved:
			case <-ctx.Done():
				return nil
			}
		}
	})
}

// deskWatch is a screen's look at the desk and at the uploads that earlier runs
// left on this machine.
type deskWatch struct {
	sc      screen.Scope
	desk    *desk
	pending *screen.Feed[[]models.PendingUpload]
	hidden  bool
	waiting bool
	count   uint64
}

func newDeskWatch(sc screen.Scope, k *desk) *deskWatch {
	return &deskWatch{sc: sc, desk: k, pending: screen.NewFeed(sc, "read pending uploads", screen.Every(10*time.Second, time.Minute), k.b.PendingUploads)}
}

func (v *deskWatch) start() tea.Cmd { return tea.Batch(v.pending.Start(), v.wait()) }

// wait keeps one watch going while the screen is seen.
func (v *deskWatch) wait() tea.Cmd {
	if v.waiting || v.hidden {
		return nil
	}
	v.waiting = true
	return v.desk.watch(v.sc, v.count)
}

// update takes every message; fresh says that something changed.
func (v *deskWatch) update(msg tea.Msg) (cmd tea.Cmd, fresh bool) {
	cmd, fresh = v.pending.Update(msg)
	switch m := msg.(type) {
	case deskMoved:
		v.waiting, v.count, fresh = false, m.count, true
		return tea.Batch(cmd, v.wait()), true
	case uploadDropped:
		return tea.Batch(cmd, m.told(), v.pending.Poke()), true
	case screen.HideMsg:
		v.hidden = true
	case screen.ShowMsg:
		v.hidden = false
		return tea.Batch(cmd, v.wait()), fresh
	}
	return cmd, fresh
}

// upKind is how the upload of a dataset stands, seen from this machine.
type upKind int

const (
	upNone      upKind = iota // nothing is known of it here
	upRunning                 // this program sends it
	upElsewhere               // another one on this machine does
	upStopped                 // it can be continued
	upChanged                 // its file is another one now
	upMissing                 // its file is gone
	upFailed                  // this program gave up; err says why
)

// upState is what is known here of the upload of a dataset.
type upState struct {
	kind        upKind
	path, name  string
	done, total int64
	p           models.UploadProgress // upRunning
	err         string                // one line
}

// percent of the bytes that the server has.
func (u upState) percent() int {
	if u.total <= 0 {
		return 0
	}
	return int(min(100, max(0, u.done*100/u.total)))
}

// stopped reports an upload that does not go on by itself.
func (u upState) stopped() bool { return u.kind >= upStopped }

// of tells how the upload of a dataset stands.
func (v *deskWatch) of(id string) upState {
	if r, ok := v.desk.get(id); ok {
		u := upState{path: r.up.Path, name: r.up.Name, done: r.p.Done, total: r.p.Total, p: r.p}
		switch r.state {
		case deskRunning:
			u.kind = upRunning
			return u
		case deskDone, deskDropped:
			return upState{}
		case deskFailed:
			text, hint := models.Explain(r.err)
			u.kind, u.err = upFailed, joined(text, hint)
		default:
			u.kind = upStopped
		}
		if p, ok := v.find(id); ok {
			return pendingState(p, u)
		}
		return u
	}
	if p, ok := v.find(id); ok {
		return pendingState(p, upState{kind: upStopped})
	}
	return upState{}
}

func pendingState(p models.PendingUpload, u upState) upState {
	u.path, u.name = p.Path, p.Name
	u.done, u.total = max(u.done, p.Sent), p.Size
	if u.err == "" {
		u.err = models.Clean(p.LastError)
	}
	switch {
	case p.Missing:
		u.kind = upMissing
	case p.Changed:
		u.kind = upChanged
	case p.Active && u.kind == upStopped:
		u.kind = upElsewhere
	}
	return u
}

func (v *deskWatch) find(id string) (models.PendingUpload, bool) {
	list, _ := v.pending.Value()
	i := slices.IndexFunc(list, func(p models.PendingUpload) bool { return p.DatasetID == id })
	if i < 0 {
		return models.PendingUpload{}, false
	}
	return list[i], true
}

// stopped are the uploads of this machine that do not go on by themselves.
func (v *deskWatch) stopped() (ids []string) {
	list, _ := v.pending.Value()
	for _, p := range list {
		if v.of(p.DatasetID).stopped() {
			ids = append(ids, p.DatasetID)
		}
	}
	return ids
}

// resumeOff says why the upload of a dataset cannot be continued.
func (v *deskWatch) resumeOff(id string) string {
	switch u := v.of(id); u.kind {
	case upNone:
		return "no upload of it is known on this machine"
	case upRunning:
		return "it goes on already"
	case upElsewhere:
		return "another loratop on this machine is at it"
	case upChanged:
		return "the file was changed since: x drops the upload, then upload it anew"
	case upMissing:
		return "the file " + models.Clean(u.path) + " is gone"
	}
	return ""
}

// resume goes on with the upload of a dataset.
func (v *deskWatch) resume(id string) tea.Cmd {
	u := v.of(id)
	return v.desk.start(v.sc, models.NewUpload{DatasetID: id, Path: u.path, Name: u.name})
}

// uploadLine says in one line how an upload goes.
func uploadLine(u upState) string {
	p := u.p
	var b strings.Builder
	switch p.Stage {
	case models.UploadChecking:
		fmt.Fprintf(&b, "checking the file, %s of %s", kit.Bytes(p.Done), kit.Bytes(p.Total))
	case models.UploadCreating:
		b.WriteString("creating the dataset")
	case models.UploadWaiting:
		b.WriteString("waiting")
		if p.Retry > 0 {
			fmt.Fprintf(&b, ", next attempt in %s", kit.Duration(p.Retry))
		}
		if p.Note != "" {
			b.WriteString(": " + models.Clean(p.Note))
		}
	case models.UploadVerifying:
		b.WriteString("comparing size and hash with what is stored")
	case models.UploadValidating:
		b.WriteString("writing what the check found")
	case models.UploadDone:
		b.WriteString("done")
	default:
		fmt.Fprintf(&b, "%s of %s", kit.Bytes(p.Done), kit.Bytes(p.Total))
		if p.Rate > 0 {
			fmt.Fprintf(&b, " · %s/s", kit.Bytes(int64(p.Rate)))
		}
		if p.Left > 0 {
			fmt.Fprintf(&b, " · %s left", kit.Duration(p.Left.Round(time.Second)))
		}
	}
	return b.String()
}
