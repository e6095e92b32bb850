package screens

import (
	"context"

	"github.com/loratop/loratop/models"
)

// comparePlan is what a read asks about one job.
type comparePlan struct {
	id       string
	row      bool
	window   bool // all in one piece
	detail   bool // a stretch in one piece
	page     bool
	check    *heldRows // count, and read what is missing
	from, to int64     // of the detail
	buckets  int
	after    models.MetricCursor
}

// compareRead is the answer, by job.
type compareRead struct {
	rows             map[string]models.Job
	gone             map[string]string
	windows, details map[string]models.MetricsWindow
	pages            map[string]comparePage
	checks           map[string]compareCheck
	live             []models.LiveJob
	noWindows        bool
}

type comparePage struct {
	points []models.MetricsPoint
	part   bool // there is more of it
}

type compareCheck struct {
	points []models.MetricsPoint
	failed bool
}

func readCompare(ctx context.Context, b jobStore, plans []comparePlan, live []models.LiveRequest) (out compareRead, err error) {
	out = compareRead{
		rows: map[string]models.Job{}, gone: map[string]string{}, checks: map[string]compareCheck{}, pages: map[string]comparePage{},
		windows: map[string]models.MetricsWindow{}, details: map[string]models.MetricsWindow{},
	}
	for _, p := range plans {
		if err = out.read(ctx, b, p); err != nil {
			return out, err
		}
	}
	if len(live) > 0 {
		out.live, err = b.Live(ctx, live, 0)
	}
	return out, err
}

func (out *compareRead) read(ctx context.Context, b jobStore, p comparePlan) error {
	if p.row {
		j, err := b.Job(ctx, p.id)
		switch code := models.CodeOf(err); {
		case err == nil:
			out.rows[p.id] = j
		case code == models.CodeNotFound || code == models.CodeForbidden || code == models.CodeInvalid:
			out.gone[p.id], _ = models.Explain(err)
			return nil
		default:
			return err
		}
	}
	switch {
	case p.window && !out.noWindows:
		return out.sum(ctx, b, p, out.windows)
	case p.detail:
		return out.sum(ctx, b, p, out.details)
	case p.check != nil:
		points, err := lateRows(ctx, b, p.id, p.check)
		out.checks[p.id] = compareCheck{points, err != nil} // what is new tells errors too
	case p.page:
		points, err := b.Metrics(ctx, p.id, p.after)
		if err != nil && len(points) == 0 {
			return err
		}
		out.pages[p.id] = comparePage{points, err != nil}
	}
	return nil
}

// sum reads a window; the next read pages where the database has none.
func (out *compareRead) sum(ctx context.Context, b jobStore, p comparePlan, to map[string]models.MetricsWindow) error {
	w, err := b.MetricsWindow(ctx, p.id, p.from, p.to, p.buckets)
	if models.WindowMissing(err) || models.WindowTooSlow(err) {
		out.noWindows = true
		return nil
	}
	if err == nil {
		to[p.id] = w
	}
	return err
}
