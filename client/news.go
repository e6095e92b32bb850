package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	newsColumns = "id,status,queued_at,started_at,completed_at,created_at,updated_at,artifact_id,final_cost,error_message"
	newsDataset = "dataset:datasets(name)"
	newsMost    = 200 // jobs and points in one answer
	newsIDs     = 100 // ids in one request: its URL stays below 8 kB
	// newsBack is how far before the last change points are searched: their
	// timestamps may be those of another clock.
	newsBack = time.Minute
)

// News reads what has become of the user's jobs: one small request, a second
// one for jobs that were known and are not in its answer, and one for points
// that are no numbers while anything runs. Job ids of the query that are none
// are an error.
func (c *Client) News(ctx context.Context, q models.NewsQuery) (models.News, error) {
	n, err := c.news(ctx, q)
	return n, fail("read news of jobs", err)
}

func (c *Client) news(ctx context.Context, nq models.NewsQuery) (models.News, error) {
	none := models.News{At: nq.Since}
	for _, id := range slices.Concat(nq.Known, nq.Skip) {
		if err := checkID("job", id); err != nil {
			return none, err
		}
	}
	me, err := c.me(ctx)
	if err != nil {
		return none, err
	}
	n := none
	if n.Jobs, err = c.newsJobs(ctx, me, nq); err != nil {
		return none, err
	}
	if nq.Since.IsZero() {
		if n.At, err = c.lastChange(ctx, me); err != nil {
			return none, err
		}
	}
	for _, j := range n.Jobs {
		if j.UpdatedAt.After(n.At.Time) {
			n.At = j.UpdatedAt
		}
	}
	since := nq.Since
	if since.IsZero() {
		since = n.At
	}
	n.Odd, err = c.oddPoints(ctx, me, running(n.Jobs, nq.Skip), since)
	if err != nil {
		return none, err
	}
	return n, nil
}

// newsJobs reads the jobs of an answer.
func (c *Client) newsJobs(ctx context.Context, me *live, nq models.NewsQuery) ([]models.Job, error) {
	q := &query{table: "training_jobs", limit: newsMost, order: []orderBy{{"updated_at", false}}}
	q.where("user_id", "eq", me.UserID)
	cond := "status.in." + inList(cancellable())
	if !nq.Since.IsZero() {
		cond += ",updated_at.gte." + literal(instant(nq.Since.Time))
	}
	q.cond("or(" + cond + ")")
	jobs, err := c.newsOf(ctx, me, q)
	if err != nil {
		return nil, err
	}
	var lost []string
	for _, id := range nq.Known {
		if !slices.ContainsFunc(jobs, func(j models.Job) bool { return j.ID == id }) {
			lost = append(lost, id)
		}
	}
	for batch := range slices.Chunk(lost, newsIDs) {
		q := &query{table: "training_jobs", limit: len(batch)}
		q.where("user_id", "eq", me.UserID)
		q.where("id", "in", inList(batch))
		more, err := c.newsOf(ctx, me, q)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, more...)
	}
	return jobs, nil
}

func (c *Client) newsOf(ctx context.Context, me *live, q *query) ([]models.Job, error) {
	res, err := c.selectKnown(ctx, me, q, tableJobs, newsColumns, newsDataset, countNone)
	if err != nil {
		return nil, err
	}
	var jobs []models.Job
	return jobs, res.into(&jobs)
}

// lastChange is the time of the last change of any job of the user.
func (c *Client) lastChange(ctx context.Context, me *live) (models.Time, error) {
	q := &query{table: "training_jobs", columns: "updated_at", limit: 1, order: []orderBy{{"updated_at", false}}}
	q.where("user_id", "eq", me.UserID)
	q.where("updated_at", "lte", "infinity") // not null
	res, err := q.get(ctx, me, countNone, false)
	var rows []struct {
		At models.Time `json:"updated_at"`
	}
	if err == nil {
		err = res.into(&rows)
	}
	if err != nil || len(rows) == 0 {
		return models.Time{}, err
	}
	return rows[0].At, nil
}

// running are the ids of jobs that give points, without those to skip.
func running(jobs []models.Job, skip []string) (ids []string) {
	for _, j := range jobs {
		if j.Status == models.JobRunning && !slices.Contains(skip, j.ID) {
			ids = append(ids, j.ID)
		}
	}
	return ids
}

// oddPoints searches the newest points of jobs for values that are no numbers.
func (c *Client) oddPoints(ctx context.Context, me *live, jobs []string, since models.Time) ([]models.MetricsPoint, error) {
	var out []models.MetricsPoint
	for batch := range slices.Chunk(jobs, newsIDs) {
		q := &query{table: "metrics_points", limit: newsMost, order: []orderBy{{"timestamp", true}},
			columns: "id,job_id,timestamp,epoch,step,training_loss,validation_loss,learning_rate,gradient_norm,job:training_jobs!inner()"}
		q.where("job_id", "in", inList(batch))
		q.where("job.user_id", "eq", me.UserID)
		q.where("timestamp", "gte", instant(since.Add(-newsBack)))
		var conds []string
		for _, column := range []string{"training_loss", "validation_loss", "learning_rate", "gradient_norm"} {
			conds = append(conds, fmt.Sprintf("%[1]s.eq.NaN,%[1]s.eq.Infinity,%[1]s.eq.-Infinity", column))
		}
		q.cond("or(" + strings.Join(conds, ",") + ")")
		res, err := q.get(ctx, me, countNone, false)
		if err != nil {
			return nil, err
		}
		var points []models.MetricsPoint
		if err := res.into(&points); err != nil {
			return nil, err
		}
		out = append(out, points...)
	}
	return out, nil
}
