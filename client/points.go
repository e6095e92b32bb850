package client

import (
	"context"
	"fmt"
	"slices"

	"github.com/loratop/loratop/models"
)

// MetricsBefore returns up to 1000 points of one job before the cursor, the
// newest of those there are, ascending by (timestamp, id); a zero cursor is
// the end. Page with it to fill a history backwards, until fewer come.
func (c *Client) MetricsBefore(ctx context.Context, jobID string, before models.MetricCursor) ([]models.MetricsPoint, error) {
	out, err := c.page(ctx, jobID, before, false)
	slices.Reverse(out)
	return out, fail("read metrics", err)
}

// MetricsIn returns up to 1000 points of one job with from ≤ step ≤ to (both
// zero: all) after the cursor, ascending by (timestamp, id). Page with it, the
// last point being the next cursor, until fewer come.
func (c *Client) MetricsIn(ctx context.Context, jobID string, from, to int64, after models.MetricCursor) ([]models.MetricsPoint, error) {
	var conds []string
	if from != 0 || to != 0 {
		conds = []string{fmt.Sprintf("step.gte.%d", from), fmt.Sprintf("step.lte.%d", to)}
	}
	out, err := c.page(ctx, jobID, after, true, conds...)
	return out, fail("read metrics", err)
}

func (c *Client) points(ctx context.Context, jobID string, after models.MetricCursor) ([]models.MetricsPoint, error) {
	return c.page(ctx, jobID, after, true)
}

// page reads the points behind a cursor in one direction. It fills a page also
// where the server's row limit is below ours, so that a short page is the end:
// until the server has proved to send whole pages, rows are counted.
func (c *Client) page(ctx context.Context, jobID string, at models.MetricCursor, forward bool, conds ...string) ([]models.MetricsPoint, error) {
	if err := checkCursor(jobID, at); err != nil {
		return nil, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	out := []models.MetricsPoint{}
	for len(out) < pageMax {
		want, count := pageMax-len(out), countExact
		if c.whole.Load() {
			count = countNone // which would read the whole job for every page of it
		}
		q := pointQuery(me.UserID, jobID, at, forward, want)
		q.conds = append(q.conds, conds...)
		res, err := q.get(ctx, me, count, false)
		if err != nil {
			return nil, err
		}
		var wire []wirePoint
		if err := res.into(&wire); err != nil {
			return nil, err
		}
		got := pointsOf(jobID, wire)
		out = append(out, got...)
		if len(got) == pageMax {
			c.whole.Store(true)
		}
		if len(got) == 0 || count == countNone || int64(len(got)) >= res.total {
			break
		}
		last := got[len(got)-1]
		at = models.MetricCursor{Time: last.Timestamp.Time, ID: last.ID}
	}
	return out, nil
}

// pointQuery reads points of a job that is the user's own: metrics_points has
// no owner column, and row level security on it is off in some deployments.
func pointQuery(user, jobID string, at models.MetricCursor, forward bool, limit int) *query {
	q := &query{table: "metrics_points", columns: pointColumns + ",job:training_jobs!inner()", limit: limit,
		order: []orderBy{{"timestamp", forward}, {"id", forward}}}
	q.where("job_id", "eq", jobID)
	q.where("job.user_id", "eq", user)
	switch op, t := "gt", literal(instant(at.Time)); {
	case !at.IsZero():
		if !forward {
			op = "lt"
		}
		// Says nothing that the condition does not, but an index can start there.
		q.where("timestamp", op+"e", instant(at.Time))
		q.cond(fmt.Sprintf("or(timestamp.%[3]s.%[1]s,and(timestamp.eq.%[1]s,id.%[3]s.%[2]s))", t, at.ID, op))
	case !forward:
		q.where("timestamp", "lte", "infinity") // not null
	}
	return q
}
