package screens

import (
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// pointReader reads points by their steps.
type pointReader interface {
	MetricsIn(ctx context.Context, jobID string, from, to int64, after models.MetricCursor) ([]models.MetricsPoint, error)
}

// stretch are the points of a job with from ≤ step ≤ to; both zero: all.
type stretch struct {
	job      string
	from, to int64
}

// saving tells how far the saving of points has come.
type saving struct{ done int64 }

// exact saves points as they are in the database, a page at a time, where what
// is drawn only sums them up. It is one goroutine's.
type exact struct {
	b         pointReader
	dir, name string
	parts     []stretch
}

// start saves in the background until stop is called.
func (e exact) start(sc screen.Scope) (cmd tea.Cmd, stop func()) {
	ctx, cancel := context.WithCancel(sc.Context())
	return screen.Stream(sc, "save the points", func(_ context.Context, emit func(tea.Msg)) tea.Msg {
		defer cancel()
		path, err := e.save(ctx, func(done int64) { emit(saving{done}) })
		if ctx.Err() != nil && sc.Context().Err() == nil {
			return saved{stopped: true}
		}
		return saved{path: path, err: saveError(err)}
	}), cancel
}

// save writes the file beside its place and puts it there when it is whole.
func (e exact) save(ctx context.Context, progress func(done int64)) (path string, err error) {
	path, err = writeNew(filepath.Join(e.dir, safeName(e.name)), "csv", nil)
	if err != nil {
		return "", err
	}
	part := path + ".part"
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path), removed(part))
		}
	}()
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return "", err
	}
	err = errors.Join(e.write(ctx, csv.NewWriter(f), progress), f.Close())
	if err == nil {
		err = os.Rename(part, path)
	}
	return path, err
}

// removed takes a file away that may not be there.
func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (e exact) write(ctx context.Context, w *csv.Writer, progress func(int64)) error {
	if err := w.Write(csvHead()); err != nil {
		return err
	}
	done := int64(0)
	for _, p := range e.parts {
		var after models.MetricCursor
		for {
			points, err := e.b.MetricsIn(ctx, p.job, p.from, p.to, after)
			if err != nil {
				return err
			}
			for i := range points {
				r := newRow(&points[i])
				if err := w.Write(csvLine(p.job, &r, heldPoint)); err != nil {
					return err
				}
			}
			w.Flush()
			if err := w.Error(); err != nil {
				return err
			}
			done += int64(len(points))
			progress(done)
			if len(points) < metricsPage {
				break
			}
			last := points[len(points)-1]
			after = models.MetricCursor{Time: last.Timestamp.Time, ID: last.ID}
		}
	}
	return nil
}

// running says how far a saving has come, "" while there is none.
func (v *saver) running() string {
	if v.stop == nil {
		return ""
	}
	text := kit.Exact(v.done) + " points"
	if v.total >= v.done && v.total > 0 {
		text = kit.Exact(v.done) + " of about " + kit.Exact(v.total) + " points"
	}
	return text
}

// take takes the news of a saving.
func (v *saver) take(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case saving:
		v.done = m.done
	case saved:
		v.stop, v.done = nil, 0
		return m.told()
	}
	return nil
}

// stopAction ends a saving.
func (v *saver) stopAction(page string, touch func()) screen.Action {
	return screen.Action{ID: page + ".saveStop", Keys: screen.Bind("esc", "stop saving", "esc", "alt+esc"), Do: func() tea.Cmd {
		touch()
		if v.stop != nil {
			v.stop()
		}
		return nil
	}}
}

// Busy tells what leaving the program would interrupt.
func (v *saver) busy() string {
	if v.stop == nil {
		return ""
	}
	return "the saving of the points"
}

// percent is for the terminal's own progress bar.
func (v *saver) percent() (int, bool) {
	if v.stop == nil || v.total <= 0 {
		return 0, false
	}
	return int(min(99, 100*v.done/v.total)), true
}
