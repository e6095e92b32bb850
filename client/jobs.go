package client

import (
	"context"

	"github.com/loratop/loratop/models"
)

const (
	jobColumns = "id,user_id,dataset_id,preset_id,hyperparameters,gpu_config,status,current_stage,progress," +
		"current_epoch,total_epochs,current_step,total_steps,current_metrics,queued_at,started_at,completed_at," +
		"estimated_completion_at,current_cost,estimated_total_cost,final_cost,error_message,retry_count," +
		"external_job_id,artifact_id,created_at,updated_at"
	jobDataset = "dataset:datasets" + datasetRef
)

func jobList(search bool) listSpec {
	sp := listSpec{
		id: tableJobs, table: "training_jobs", op: "list jobs", columns: jobColumns, embed: jobDataset,
		sorts: []string{"created_at", "updated_at", "queued_at", "started_at", "completed_at", "status",
			"current_stage", "progress", "preset_id", "current_cost", "estimated_total_cost", "final_cost"},
		status: "status", time: "created_at",
		search: func(q *query, text string) { q.where("dataset.name", "ilike", likePattern(text)) },
		extra:  ofDataset,
	}
	if search { // a job has no name of its own: its dataset's is searched
		sp.embed = "dataset:datasets!inner" + datasetRef
	}
	return sp
}

// ofDataset is ListQuery.DatasetID.
func ofDataset(q *query, lq models.ListQuery) error {
	if lq.DatasetID == "" {
		return nil
	}
	q.where("dataset_id", "eq", lq.DatasetID)
	return checkID("dataset", lq.DatasetID)
}

// Jobs lists the user's jobs with their datasets; error stacks are left out.
// A search finds jobs by the name of their dataset.
func (c *Client) Jobs(ctx context.Context, q models.ListQuery) (models.Page[models.Job], error) {
	return list[models.Job](ctx, c, jobList(q.Search != ""), q)
}

// Job reads one job, the whole row, with its dataset.
func (c *Client) Job(ctx context.Context, id string) (models.Job, error) {
	j, err := c.job(ctx, id)
	return j, fail("read job", err)
}

func (c *Client) job(ctx context.Context, id string) (models.Job, error) {
	if err := checkID("job", id); err != nil {
		return models.Job{}, err
	}
	q := &query{table: "training_jobs", columns: "*," + jobDataset}
	q.where("id", "eq", id)
	return one[models.Job](ctx, c, q, "job", id)
}
