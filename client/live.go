package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/loratop/loratop/models"
)

const (
	livePoints = 500 // new points of one job in one answer
	liveFar    = 5   // one request in so many looks back all the way, see lookBack
	liveFew    = 50  // so many may be cut by a limit of the server's that is not known
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

// liveBatch asks until every job has its answer: one that was cut off is used
// as far as it came, and the rest asked for again.
func (c *Client) liveBatch(ctx context.Context, me *live, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error) {
	found := make(map[string]models.LiveJob, len(reqs))
	for rest := reqs; len(rest) > 0; {
		rows, cut, err := c.askLive(ctx, me, rest, tail)
		if err != nil {
			return nil, err
		}
		var missed []models.LiveRequest
		for _, r := range rest {
			i := slices.IndexFunc(rows, func(row liveRow) bool { return row.ID == r.JobID })
			if i < 0 {
				missed = append(missed, r)
				continue
			}
			if found[r.JobID], err = c.liveJob(ctx, r, rows[i], tail); err != nil {
				return nil, err
			}
		}
		if !cut {
			break
		}
		if len(missed) == len(rest) { // never answer that jobs are gone because of a cut
			return nil, undecodable(io.ErrUnexpectedEOF)
		}
		rest = missed
	}
	out := make([]models.LiveJob, 0, len(found))
	for _, r := range reqs {
		if lj, ok := found[r.JobID]; ok {
			out = append(out, lj)
		}
	}
	return out, nil
}

// askLive makes the one request. Columns that do not move are asked for now and
// then only.
func (c *Client) askLive(ctx context.Context, me *live, reqs []models.LiveRequest, tail int) (rows []liveRow, cut bool, err error) {
	shape := liveShape{brief: !c.plain.Load(), moving: c.known.have(me.UserID, reqs, c.opts.Now()), far: c.looks.Add(1)%liveFar == 0}
	pctx, part := withPartial(ctx, func(data []byte) bool { return len(cutRows(data)) > 0 })
	res, err := liveQuery(me.UserID, reqs, tail, shape).get(pctx, me, countNone, false)
	switch {
	case shape.brief && undefinedColumn(err):
		c.plain.Store(true)
		return c.askLive(ctx, me, reqs, tail)
	case err != nil:
		return nil, false, err
	case part.cut:
		rows = cutRows(res.data)
	default:
		if err := res.into(&rows); err != nil {
			return nil, false, err
		}
	}
	for i := range rows {
		rows[i].unfold()
	}
	return rows, part.cut, c.fillRows(ctx, me, rows, shape)
}

// undefinedColumn is what a database says that lacks a function which is read
// like a column, or does not let the user call it.
func undefinedColumn(err error) bool {
	var e *models.Error
	return errors.As(err, &e) && (e.Server == "42703" || e.Server == "42501")
}

// liveShape is what a live request asks of each row.
type liveShape struct {
	brief  bool // points and moving columns as our functions write them
	moving bool // of the jobs only what moves
	far    bool // look back all of models.LookBack
}

func (s liveShape) columns() string {
	switch {
	case s.moving && s.brief:
		return briefJob
	case s.moving:
		return movingColumns
	}
	return liveColumns
}

func (s liveShape) points() string {
	if s.brief {
		return briefPoint
	}
	return pointColumns
}

// liveQuery is the one request. The embeds are joined per job by PostgREST, so
// each needs to say only where the points of that job start: jobs with a
// cursor through "new", ascending, and jobs without through "tail", descending.
func liveQuery(user string, reqs []models.LiveRequest, tail int, shape liveShape) *query {
	q := &query{table: "training_jobs", columns: shape.columns(), limit: len(reqs)}
	var ids, fresh, behind []string
	var oldest time.Time
	for _, r := range reqs {
		ids = append(ids, r.JobID)
		if r.After.IsZero() {
			fresh = append(fresh, r.JobID)
			continue
		}
		from := r.After.Time.Add(-lookBack(r, liveURL/len(reqs), shape.far))
		if oldest.IsZero() || from.Before(oldest) {
			oldest = from
		}
		behind = append(behind, newPoints(r, from, liveURL/len(reqs)))
	}
	q.where("id", "in", inList(ids))
	q.where("user_id", "eq", user)
	if len(behind) > 0 {
		q.columns += ",new:metrics_points(" + shape.points() + ")"
		// The bound of all of them is where an index can start, which it cannot
		// in the middle of an "or".
		q.embeds = append(q.embeds, embed{alias: "new", or: behind, limit: livePoints, order: []orderBy{{"timestamp", true}, {"id", true}},
			filters: []filter{{"timestamp", "gte", instant(oldest)}}})
	}
	if len(fresh) > 0 {
		q.columns += ",tail:metrics_points(" + shape.points() + ")"
		q.embeds = append(q.embeds, embed{alias: "tail", limit: tail, order: []orderBy{{"timestamp", false}, {"id", false}},
			filters: []filter{{"job_id", "in", inList(fresh)}, {"timestamp", "lt", "infinity"}}}) // and not null
	}
	return q
}

// seenFit is how many ids can be said in so many bytes of a URL, beside the rest
// of a job's condition.
func seenFit(size int) int {
	const fixed, each = 120, 37
	return max(0, (size-fixed)/each)
}

// lookBack is how far an answer looks back. Where many jobs share one URL, not
// all that is seen can be said, and what cannot be would be sent again each time:
// then most requests look back only about as far as it can be said.
func lookBack(r models.LiveRequest, size int, far bool) time.Duration {
	fit, n := seenFit(size), len(r.Seen)
	if far || n <= fit {
		return models.LookBack
	}
	return models.LookBack * time.Duration(fit) / time.Duration(n)
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
	seen = seen[max(0, len(seen)-seenFit(size)):]
	cond := fmt.Sprintf("job_id.eq.%s,timestamp.gte.%s", r.JobID, instant(from))
	if len(seen) > 0 {
		cond += ",id.not.in." + inList(seen)
	}
	return "and(" + cond + ")"
}

// liveJob makes the answer for one job. What was cut off of a tail is read, as
// nobody would come back for it; what is cut off of new points comes next.
func (c *Client) liveJob(ctx context.Context, r models.LiveRequest, row liveRow, tail int) (models.LiveJob, error) {
	lj := models.LiveJob{Job: row.job(), Points: pointsOf(r.JobID, row.New)}
	if r.After.IsZero() {
		slices.Reverse(row.Tail)
		lj.Points = c.wholeTail(ctx, pointsOf(r.JobID, row.Tail), row, tail)
		return lj, nil
	}
	n := len(lj.Points)
	lj.Gap = row.cut || n >= livePoints || c.capped(n)
	may := lj.Gap || n >= liveFew && !c.whole.Load() // there may be more
	if !may || row.cut || n == 0 || isAfter(lj.Points[n-1], r.After) {
		return lj, nil
	}
	// The whole answer is the look-back: without this, no request would ever get
	// past a burst of so many points in 10 s.
	more, err := c.points(ctx, r.JobID, r.After)
	if err != nil && len(more) == 0 {
		return lj, err
	}
	lj.Points, lj.Gap = append(lj.Points, more...), err != nil || len(more) >= pageMax
	return lj, nil
}

// wholeTail completes a tail that was cut off; an error costs some points of it.
func (c *Client) wholeTail(ctx context.Context, points []models.MetricsPoint, row liveRow, tail int) []models.MetricsPoint {
	n := len(points)
	if !row.cut || n == 0 || n >= tail {
		return points
	}
	older, _ := c.page(ctx, pageQuery{job: row.ID, at: cursorOf(points[0]), limit: tail - n})
	slices.Reverse(older)
	return append(older, points...)
}

// capped tells whether so many rows are all that the server gives at once.
func (c *Client) capped(n int) bool {
	most := c.rowCap.Load()
	return most > 0 && int64(n) >= most
}

// isAfter reports whether p lies behind the cursor.
func isAfter(p models.MetricsPoint, at models.MetricCursor) bool {
	if c := p.Timestamp.Compare(at.Time); c != 0 {
		return c > 0
	}
	return p.ID > at.ID
}
