package screens

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// deskEvery is the least time between two looks at the desk.
const deskEvery = 100 * time.Millisecond

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
	running int
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
		v.waiting, v.count = false, m.count
		if n := len(v.desk.running()); n != v.running { // what is on disk changed as well
			v.running = n
			cmd = tea.Batch(cmd, v.pending.Poke())
		}
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

// stage is how far the stage of now is, in percent: the file is read before it
// is sent.
func (u upState) stage() int {
	if u.kind == upRunning && u.p.Stage == models.UploadChecking && u.p.Total > 0 {
		return int(min(100, max(0, u.p.Done*100/u.p.Total)))
	}
	return u.percent()
}

// stopped reports an upload that does not go on by itself.
func (u upState) stopped() bool { return u.kind >= upStopped }

// of tells how the upload of a dataset stands.
func (v *deskWatch) of(id string) upState {
	if r, ok := v.desk.get(id); ok {
		u := upState{path: r.up.Path, name: r.up.Name, done: r.sent, total: r.p.Total, p: r.p}
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
			return pendingState(p, u, false)
		}
		return u
	}
	if p, ok := v.find(id); ok {
		return pendingState(p, upState{kind: upStopped}, true)
	}
	return upState{}
}

// pendingState adds what the disk says. elsewhere: this program has not touched
// it, so whoever is at it is another one.
func pendingState(p models.PendingUpload, u upState, elsewhere bool) upState {
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
	case p.Active && elsewhere:
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
