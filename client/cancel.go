package client

import (
	"context"
	"fmt"

	"github.com/loratop/loratop/models"
)

// cancelPolicy is what a database without FR-1.1's policy lacks.
const cancelPolicy = `CREATE POLICY "Users can update own jobs" ON training_jobs FOR UPDATE USING (auth.uid() = user_id);`

type cancelPatch struct {
	Status      models.JobStatus `json:"status"`
	CompletedAt models.Time      `json:"completed_at"`
	FinalCost   *models.Money    `json:"final_cost"`
}

// CancelJob cancels a job that has not ended, and returns the row as it is
// after. The update is conditional on the state in the database: CodeConflict
// when the job had ended meanwhile, CodeNoRows when the database's policies do
// not let this user change it.
func (c *Client) CancelJob(ctx context.Context, id string) (models.Job, error) {
	j, err := c.cancel(ctx, id)
	return j, fail("cancel job", err)
}

func (c *Client) cancel(ctx context.Context, id string) (models.Job, error) {
	if c.opts.ReadOnly {
		return models.Job{}, readOnlyError()
	}
	before, err := c.job(ctx, id)
	if err != nil {
		return models.Job{}, err
	}
	if !before.Status.Live() {
		return before, ended(before)
	}
	me, err := c.me(ctx)
	if err != nil {
		return models.Job{}, err
	}
	q := &query{table: "training_jobs", columns: "*"}
	q.where("id", "eq", id)
	q.where("user_id", "eq", me.UserID)
	q.where("status", "in", inList(cancellable()))
	res, err := q.patch(ctx, me, cancelPatch{models.JobCancelled, models.At(c.opts.Now()), before.CurrentCost})
	if err != nil {
		return models.Job{}, err
	}
	var out []models.Job
	if err := res.into(&out); err != nil {
		return models.Job{}, err
	}
	if len(out) == 0 {
		return c.notCancelled(ctx, id)
	}
	out[0].Dataset = before.Dataset
	name := ""
	if before.Dataset != nil {
		name = before.Dataset.Name
	}
	c.notify(ctx, me, id, models.NotifyJobCancelled, models.PriorityMedium, "Job Cancelled", "Your training job was cancelled", name)
	return out[0], nil
}

func cancellable() []string {
	var out []string
	for _, s := range models.CancellableStatuses() {
		out = append(out, string(s))
	}
	return out
}

// notCancelled finds out why the update met no row.
func (c *Client) notCancelled(ctx context.Context, id string) (models.Job, error) {
	now, err := c.job(ctx, id)
	switch {
	case models.CodeOf(err) == models.CodeNotFound:
		return models.Job{}, noRows("the job is gone", "")
	case err != nil:
		return models.Job{}, err
	case now.Status.Live():
		return now, noRows("not permitted: this database has no policy that lets users change their jobs", "its owner can add it: "+cancelPolicy)
	}
	return now, ended(now)
}

func ended(j models.Job) error {
	return &models.Error{Code: models.CodeConflict, Msg: fmt.Sprintf("the job has already ended: it is %s", clip(string(j.Status), 40)),
		Hint: "nothing was changed"}
}

// noRows is a write that changed nothing, which PostgREST calls a success.
func noRows(msg, hint string) error {
	if hint == "" {
		hint = "not permitted for this user, or gone"
	}
	return &models.Error{Code: models.CodeNoRows, Msg: msg, Hint: hint}
}
