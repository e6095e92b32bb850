package screens

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

const editTimeout = time.Minute

// datasetsMoved is the outcome of moving datasets to the trash, or back.
type datasetsMoved struct {
	asked, moved []string
	back         bool // out of the trash
	err          error
}

// Failure lets the shell see that a session has ended.
func (m datasetsMoved) Failure() error { return m.err }

func moveDatasets(sc screen.Scope, b DatasetEdits, ids []string, back bool) tea.Cmd {
	ids = slices.Clone(ids)
	return screen.Do(sc, "move datasets", editTimeout, func(ctx context.Context) tea.Msg {
		f := b.TrashDatasets
		if back {
			f = b.RestoreDatasets
		}
		moved, err := f(ctx, ids)
		return datasetsMoved{asked: ids, moved: moved, back: back, err: err}
	})
}

// told says how it went, in plain words.
func (m datasetsMoved) told() tea.Cmd {
	where, key := "to the trash", "t on the list shows it"
	if m.back {
		where, key = "out of the trash", ""
	}
	n, all := len(m.moved), len(m.asked)
	switch code := models.CodeOf(m.err); {
	case m.err == nil && n == all && n == 1:
		return tea.Batch(screen.Toast(screen.LevelGood, "The dataset is moved %s", joined(where, key)), screen.Changed("dataset"))
	case m.err == nil && n == all:
		return tea.Batch(screen.Toast(screen.LevelGood, "%s are moved %s", plural(n, "dataset"), joined(where, key)), screen.Changed("dataset"))
	case m.err == nil && n > 0:
		return tea.Batch(screen.Toast(screen.LevelWarn, "%d of %s are moved %s; the database left the others as they were", n, plural(all, "dataset"), where), screen.Changed("dataset"))
	case m.err == nil || code == models.CodeNoRows || code == models.CodeForbidden:
		return refused("Nothing was moved", m.err)
	}
	text, hint := models.Explain(m.err)
	return tea.Batch(screen.Toast(screen.LevelBad, "%s", joined(text, hint)), screen.Changed("dataset"))
}

// refused is the dialog for a change that the policies do not allow.
func refused(title string, err error) tea.Cmd {
	body := "The database changed no row: its policies do not let you update this dataset."
	if err != nil {
		text, hint := models.Explain(err)
		body += "\n\n" + joined(text, hint)
	}
	return screen.Ask(screen.Dialog{Title: title, Yes: "OK", Body: body})
}

// datasetPatched is the outcome of renaming or describing.
type datasetPatched struct {
	d   models.Dataset
	err error
}

// Failure lets the shell see that a session has ended.
func (m datasetPatched) Failure() error { return m.err }

func patchDataset(sc screen.Scope, b DatasetEdits, id string, p models.DatasetPatch) tea.Cmd {
	return screen.Do(sc, "change dataset", editTimeout, func(ctx context.Context) tea.Msg {
		d, err := b.UpdateDataset(ctx, id, p)
		return datasetPatched{d, err}
	})
}

// trashBody lists what is to be moved.
func trashBody(list []models.Dataset, uploads int) string {
	var b strings.Builder
	for i, d := range list {
		if i == 8 {
			fmt.Fprintf(&b, "and %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(&b, "%s · %s · %s\n", kit.Truncate(models.Clean(d.Name), 30), models.Clean(string(d.Status)), sizeText(d.FileSize))
	}
	b.WriteString("\nThe files stay stored, and the trash gives everything back. Jobs that use a dataset keep it.")
	if uploads > 0 {
		b.WriteString("\n\n" + plural(uploads, "unfinished upload") + " among them will be cancelled: what was sent so far is deleted.")
	}
	return b.String()
}

// longOp is something that reads a whole file for a page: it shows progress and
// can be stopped. It belongs to the Update goroutine.
type longOp struct {
	what   string // "downloading"
	p      models.Progress
	rate   float64 // bytes a second since it began
	cancel context.CancelFunc
}

// opMoved is its progress, opEnded its end.
type (
	opMoved struct {
		op   *longOp
		p    models.Progress
		rate float64
	}
	opEnded struct {
		op  *longOp
		got any
		err error
	}
)

// Failure lets the shell see that a session has ended.
func (m opEnded) Failure() error { return m.err }

// newOp starts f; what it returns comes back as opEnded.
func newOp(sc screen.Scope, what string, total int64, f func(ctx context.Context, progress func(models.Progress)) (any, error)) (*longOp, tea.Cmd) {
	ctx, cancel := context.WithCancel(sc.Context())
	op := &longOp{what: what, cancel: cancel, p: models.Progress{Total: total}}
	return op, screen.Stream(sc, what, func(_ context.Context, emit func(tea.Msg)) tea.Msg {
		defer cancel()
		begin := time.Now()
		var last time.Time
		got, err := f(ctx, func(p models.Progress) {
			if now := time.Now(); now.Sub(last) >= progressEvery {
				last = now
				emit(opMoved{op: op, p: p, rate: float64(p.Done) / max(0.001, now.Sub(begin).Seconds())})
			}
		})
		if err != nil && ctx.Err() != nil {
			err = context.Canceled
		}
		return opEnded{op: op, got: got, err: err}
	})
}

// moved takes progress.
func (op *longOp) moved(m opMoved) { op.p, op.rate = m.p, m.rate }

// percent of the bytes; ok is false while their number is unknown.
func (op *longOp) percent() (int, bool) {
	if op == nil || op.p.Total <= 0 {
		return 0, false
	}
	return int(min(100, max(0, op.p.Done*100/op.p.Total))), true
}

// line shows the progress in w cells.
func (op *longOp) line(th theme.Theme, w int) string {
	text := op.what + "  "
	if pct, ok := op.percent(); ok {
		text = fmt.Sprintf("%s %d%%  ", op.what, pct)
	}
	tail := "  " + kit.Bytes(op.p.Done)
	if op.p.Total > 0 {
		tail += " of " + kit.Bytes(op.p.Total)
	}
	if op.rate > 0 {
		tail += " · " + kit.Bytes(int64(op.rate)) + "/s"
		if left := op.p.Total - op.p.Done; left > 0 {
			tail += " · " + kit.Duration(time.Duration(float64(left)/op.rate*float64(time.Second))) + " left"
		}
	}
	tail += "  esc stops"
	bar := ""
	if room := w - kit.Width(text) - kit.Width(tail); room >= 6 && op.p.Total > 0 {
		bar = kit.Meter(th, float64(op.p.Done)/float64(op.p.Total), min(room, 60))
	}
	return kit.Fit(th.Info.Render(text)+bar+th.Dim.Render(tail), w, 1)
}

// wasStopped reports the end of something that was stopped by hand.
func wasStopped(err error) bool {
	return errors.Is(err, context.Canceled) || models.CodeOf(err) == models.CodeCanceled
}
