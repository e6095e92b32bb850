package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loratop/loratop/models"
)

// Metrics returns up to 1000 points of one job behind the cursor, ascending by
// (timestamp, id), without looking back: page with it until fewer come. Points
// that came before an error are returned with it: go on behind them.
func (c *Client) Metrics(ctx context.Context, jobID string, after models.MetricCursor) ([]models.MetricsPoint, error) {
	out, err := c.points(ctx, jobID, after)
	return out, fail("read metrics", err)
}

// MetricsIn returns up to 1000 points of one job with from ≤ step ≤ to (both
// zero: all) after the cursor, ascending by (timestamp, id). Page with it, the
// last point being the next cursor, until fewer come.
func (c *Client) MetricsIn(ctx context.Context, jobID string, from, to int64, after models.MetricCursor) ([]models.MetricsPoint, error) {
	p := pageQuery{job: jobID, at: after, forward: true, limit: pageMax}
	if from != 0 || to != 0 {
		p.conds = []string{fmt.Sprintf("step.gte.%d", from), fmt.Sprintf("step.lte.%d", to)}
	}
	out, err := c.page(ctx, p)
	return out, fail("read metrics", err)
}

// MetricsBetween is Metrics up to a time, which is included.
func (c *Client) MetricsBetween(ctx context.Context, jobID string, after models.MetricCursor, to time.Time) ([]models.MetricsPoint, error) {
	out, err := c.page(ctx, pageQuery{job: jobID, at: after, forward: true, to: to, limit: pageMax})
	return out, fail("read metrics", err)
}

// MetricsBefore returns up to 1000 points of one job before the cursor, the
// newest of those there are, ascending by (timestamp, id); a zero cursor is
// the end. Page with it to fill a history backwards, until fewer come. Points
// that came before an error are returned with it: go on before them.
func (c *Client) MetricsBefore(ctx context.Context, jobID string, before models.MetricCursor) ([]models.MetricsPoint, error) {
	out, err := c.page(ctx, pageQuery{job: jobID, at: before, limit: pageMax})
	slices.Reverse(out)
	return out, fail("read metrics", err)
}

// MetricsCount counts the points of one job with from ≤ timestamp ≤ to; a zero
// time is no bound. It brings no body.
func (c *Client) MetricsCount(ctx context.Context, jobID string, from, to time.Time) (int64, error) {
	n, err := c.countPoints(ctx, jobID, from, to)
	return n, fail("count metrics", err)
}

func (c *Client) countPoints(ctx context.Context, jobID string, from, to time.Time) (int64, error) {
	if err := checkID("job", jobID); err != nil {
		return 0, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return 0, err
	}
	q := pointQuery(me.UserID, pageQuery{job: jobID, forward: true, to: to}, "id")
	if !from.IsZero() {
		q.cond("timestamp.gte." + literal(instant(from)))
	}
	res, err := q.get(ctx, me, countExact, true)
	if err != nil {
		return 0, err
	}
	if res.total < 0 {
		return 0, &models.Error{Code: models.CodeServer, Msg: "the server did not say how many points there are"}
	}
	return res.total, nil
}

func (c *Client) points(ctx context.Context, jobID string, after models.MetricCursor) ([]models.MetricsPoint, error) {
	return c.page(ctx, pageQuery{job: jobID, at: after, forward: true, limit: pageMax})
}

// pageQuery says which points of a job: those behind a cursor, or before it in
// descending order.
type pageQuery struct {
	job     string
	at      models.MetricCursor // zero: from the one end
	forward bool
	to      time.Time // forward: the last; zero: no bound
	conds   []string  // more that must hold
	limit   int
}

// page reads points until there are as many as were asked for, or no more: an
// answer that is cut off, by the network or by a row limit of the server's that
// is below ours, is gone on behind. Only when the server has proved to send
// whole pages, a short one is the end; else an empty one is. With an error comes
// what was read before it.
func (c *Client) page(ctx context.Context, p pageQuery) ([]models.MetricsPoint, error) {
	out := []models.MetricsPoint{}
	if err := checkCursor(p.job, p.at); err != nil {
		return out, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return out, err
	}
	for short := 0; len(out) < p.limit; {
		want := p
		want.limit -= len(out)
		got, cut, err := c.askPoints(ctx, me, want)
		if err != nil {
			return out, err
		}
		c.learnRows(len(got), short)
		out, short = append(out, got...), 0
		if !cut && len(got) < want.limit {
			short = len(got)
		}
		ends := len(got) == 0 || short > 0 && c.whole.Load()
		if ends || got[len(got)-1].Timestamp.IsZero() { // nothing can be asked for behind such a one
			break
		}
		p.at = cursorOf(got[len(got)-1])
	}
	return out, nil
}

// learnRows learns the server's row limit from an answer of n rows that follows
// one of short rows, which was fewer than were asked for, or 0 if it was not.
func (c *Client) learnRows(n, short int) {
	if n >= pageMax {
		c.whole.Store(true)
	}
	if most := c.rowCap.Load(); most > 0 && int64(n) > most {
		c.rowCap.Store(0) // it was none
	} else if short >= liveFew && n > 0 {
		c.rowCap.Store(int64(short))
	}
}

func cursorOf(p models.MetricsPoint) models.MetricCursor {
	return models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}
}

// askPoints makes one request; cut says that its answer was not whole.
func (c *Client) askPoints(ctx context.Context, me *live, p pageQuery) (points []models.MetricsPoint, cut bool, err error) {
	columns := pointColumns
	brief := !c.plain.Load()
	if brief {
		columns = briefPoint
	}
	pctx, part := withPartial(ctx, func(data []byte) bool { return len(cutPoints(data)) > 0 })
	res, err := pointQuery(me.UserID, p, columns).get(pctx, me, countNone, false)
	if brief && undefinedColumn(err) {
		c.plain.Store(true)
		return c.askPoints(ctx, me, p)
	}
	if err != nil {
		return nil, false, err
	}
	if part.cut {
		return pointsOf(p.job, cutPoints(res.data)), true, nil
	}
	var wire []wirePoint
	if err := res.into(&wire); err != nil {
		return nil, false, err
	}
	return pointsOf(p.job, wire), false, nil
}

// pointQuery reads points of a job that is the user's own: metrics_points has
// no owner column, and row level security on it is off in some deployments.
func pointQuery(user string, p pageQuery, columns string) *query {
	q := &query{table: "metrics_points", columns: columns + ",job:training_jobs!inner()", limit: p.limit}
	if p.limit > 0 {
		q.order = []orderBy{{"timestamp", p.forward}, {"id", p.forward}}
	}
	q.where("job_id", "eq", p.job)
	q.where("job.user_id", "eq", user)
	q.conds = append(q.conds, p.conds...)
	if !p.to.IsZero() {
		q.cond("timestamp.lte." + literal(instant(p.to)))
	}
	switch op, t := "gt", literal(instant(p.at.Time)); {
	case !p.at.IsZero():
		if !p.forward {
			op = "lt"
		}
		// Says nothing that the condition does not, but an index can start there.
		q.where("timestamp", op+"e", instant(p.at.Time))
		q.cond(fmt.Sprintf("or(timestamp.%[3]s.%[1]s,and(timestamp.eq.%[1]s,id.%[3]s.%[2]s))", t, p.at.ID, op))
	default:
		q.where("timestamp", "lt", "infinity") // and not null
	}
	return q
}
