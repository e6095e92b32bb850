package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/loratop/loratop/models"
)

const (
	livePoints = 500 // new points of one job in one answer
	liveTail   = 240 // newest points of a job without a cursor
	liveBatch  = 40  // jobs in one request: its URL stays below 8 kB
	liveAtOnce = 2   // requests at once, when there are more jobs
	liveURL    = 6500
)

// Live answers all requests with one HTTP request (one a batch of 40 jobs):
// the columns of the jobs that move, and for each job the points behind its
// own cursor or, without a cursor, its tail newest points (0: 240, at most
// 1000). Jobs that are gone or someone else's are absent from the answer.
//
// Points are ascending by (timestamp, id). Beside those after the cursor, an
// answer looks back over the 10 seconds up to it, because a point that was
// committed late appears there: a row's timestamp is taken when its
// transaction starts, and it is seen when that commits. What is said to be
// Seen is left out as far as it fits into a URL; whoever gathers points must
// skip the ids it has. The points after the cursor are always the next ones without a
// hole, so that the last point is the next cursor also when Gap is set.
func (c *Client) Live(ctx context.Context, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error) {
	out, err := c.live(ctx, reqs, tail)
	return out, fail("watch jobs", err)
}

func (c *Client) live(ctx context.Context, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error) {
	if len(reqs) == 0 {
		return nil, nil
	}
	if tail <= 0 {
		tail = liveTail
	}
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range reqs {
		if err := checkCursor(r.JobID, r.After); err != nil {
			return nil, err
		}
	}
	batches := slices.Collect(slices.Chunk(distinct(reqs), liveBatch))
	answers := make([][]models.LiveJob, len(batches))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(liveAtOnce)
	for i, b := range batches {
		g.Go(func() (err error) {
			answers[i], err = c.liveBatch(gctx, me, b, min(tail, pageMax))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(answers...), nil
}

func checkCursor(jobID string, at models.MetricCursor) error {
	if err := checkID("job", jobID); err != nil {
		return err
	}
	if !at.IsZero() && (!isUUID(at.ID) || at.Time.IsZero()) {
		return usage("this position in the metrics cannot be used", "start from the beginning")
	}
	return nil
}

// distinct keeps the first request of every job.
func distinct(reqs []models.LiveRequest) []models.LiveRequest {
	seen := make(map[string]bool, len(reqs))
	out := make([]models.LiveRequest, 0, len(reqs))
	for _, r := range reqs {
		if !seen[r.JobID] {
			seen[r.JobID] = true
			out = append(out, r)
		}
	}
	return out
}

func (c *Client) liveBatch(ctx context.Context, me *live, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error) {
	q := liveQuery(me.UserID, reqs, tail)
	res, err := q.get(ctx, me, countNone, false)
	if err != nil {
		return nil, err
	}
	var found []liveRow
	if err := res.into(&found); err != nil {
		return nil, err
	}
	out := make([]models.LiveJob, 0, len(found))
	for _, r := range reqs {
		i := slices.IndexFunc(found, func(row liveRow) bool { return row.ID == r.JobID })
		if i < 0 {
			continue
		}
		lj, err := c.liveJob(ctx, r, found[i])
		if err != nil {
			return nil, err
		}
		out = append(out, lj)
	}
	return out, nil
}

// liveQuery is the one request. The embeds are joined per job by PostgREST, so
// each needs to say only where the points of that job start: jobs with a
// cursor through "new", ascending, and jobs without through "tail", descending.
func liveQuery(user string, reqs []models.LiveRequest, tail int) *query {
	q := &query{table: "training_jobs", columns: liveColumns, limit: len(reqs)}
	var ids, fresh, behind []string
	var oldest time.Time
	for _, r := range reqs {
		ids = append(ids, r.JobID)
		if r.After.IsZero() {
			fresh = append(fresh, r.JobID)
			continue
		}
		from := r.After.Time.Add(-models.LookBack)
		if oldest.IsZero() || from.Before(oldest) {
			oldest = from
		}
		behind = append(behind, newPoints(r, from, liveURL/len(reqs)))
	}
	q.where("id", "in", inList(ids))
	q.where("user_id", "eq", user)
	if len(behind) > 0 {
		q.columns += ",new:metrics_points(" + pointColumns + ")"
		// The bound of all of them is where an index can start, which it cannot
		// in the middle of an "or".
		q.embeds = append(q.embeds, embed{alias: "new", or: behind, limit: livePoints, order: []orderBy{{"timestamp", true}, {"id", true}},
			filters: []filter{{"timestamp", "gte", instant(oldest)}}})
	}
	if len(fresh) > 0 {
		q.columns += ",tail:metrics_points(" + pointColumns + ")"
		q.embeds = append(q.embeds, embed{alias: "tail", limit: tail, order: []orderBy{{"timestamp", false}, {"id", false}},
			filters: []filter{{"job_id", "in", inList(fresh)}, {"timestamp", "lte", "infinity"}}}) // not null
	}
	return q
}

// newPoints is the condition for the points of one job that are not there yet,
// as far as it can be said in so many bytes.
func newPoints(r models.LiveRequest, from time.Time, size int) string {
	seen := make([]string, 0, len(r.Seen))
	for _, id := range r.Seen {
		if isUUID(id) {
			seen = append(seen, id)
		}
	}
	const fixed, each = 120, 37
	seen = seen[max(0, len(seen)-max(0, (size-fixed)/each)):]
	cond := fmt.Sprintf("job_id.eq.%s,timestamp.gte.%s", r.JobID, instant(from))
	if len(seen) > 0 {
		cond += ",id.not.in." + inList(seen)
	}
	return "and(" + cond + ")"
}

func (c *Client) liveJob(ctx context.Context, r models.LiveRequest, row liveRow) (models.LiveJob, error) {
	lj := models.LiveJob{Job: row.job(), Points: pointsOf(r.JobID, row.New)}
	switch {
	case r.After.IsZero():
		slices.Reverse(row.Tail)
		lj.Points = pointsOf(r.JobID, row.Tail)
	case len(row.New) >= livePoints:
		lj.Gap = true
		if last := lj.Points[len(lj.Points)-1]; !isAfter(last, r.After) {
			// The whole answer is the look-back: without this, no request
			// would ever get past a burst of more than livePoints in 10 s.
			more, err := c.points(ctx, r.JobID, r.After)
			if err != nil {
				return lj, err
			}
			lj.Points, lj.Gap = append(lj.Points, more...), len(more) >= pageMax
		}
	}
	return lj, nil
}

// isAfter reports whether p lies behind the cursor.
func isAfter(p models.MetricsPoint, at models.MetricCursor) bool {
	if c := p.Timestamp.Compare(at.Time); c != 0 {
		return c > 0
	}
	return p.ID > at.ID
}

// Metrics returns up to 1000 points of one job behind the cursor, ascending by
// (timestamp, id), without looking back: page with it until fewer come.
func (c *Client) Metrics(ctx context.Context, jobID string, after models.MetricCursor) ([]models.MetricsPoint, error) {
	out, err := c.points(ctx, jobID, after)
	return out, fail("read metrics", err)
}
