package client

import (
	"context"

	"github.com/loratop/loratop/models"
)

const (
	artifactColumns = "id,user_id,job_id,dataset_id,name,version,description,status,deployed_at,quality_metrics," +
		"training_summary,configuration,artifacts,parent_model_id,created_at,updated_at,deleted_at"

	// Two foreign keys link jobs and artifacts, so the hints are required.
	artifactEmbed = "dataset:datasets!dataset_id" + datasetRef +
		",job:training_jobs!job_id(id,preset_id,status,hyperparameters,gpu_config,started_at,completed_at,final_cost)"
)

func artifactList() listSpec {
	return listSpec{
		id: tableArtifacts, table: "model_artifacts", op: "list artifacts", columns: artifactColumns, embed: artifactEmbed,
		sorts: []string{"created_at", "updated_at", "name", "version", "status", "deployed_at", "quality"},
		paths: map[string]string{"quality": "quality_metrics->overall_score"},
		trash: true, status: "status", time: "created_at",
		search: func(q *query, text string) { q.where("name", "ilike", likePattern(text)) },
		extra:  ofDataset,
	}
}

// Artifacts lists the user's trained models with dataset and job.
func (c *Client) Artifacts(ctx context.Context, q models.ListQuery) (models.Page[models.Artifact], error) {
	return list[models.Artifact](ctx, c, artifactList(), q)
}

// Artifact reads one artifact.
func (c *Client) Artifact(ctx context.Context, id string) (models.Artifact, error) {
	return c.artifact(ctx, "id", "artifact", id)
}

// ArtifactByJob reads the artifact of a job; CodeNotFound while there is none.
func (c *Client) ArtifactByJob(ctx context.Context, jobID string) (models.Artifact, error) {
	return c.artifact(ctx, "job_id", "job", jobID)
}

func (c *Client) artifact(ctx context.Context, column, what, id string) (models.Artifact, error) {
	const op = "read artifact"
	if err := checkID(what, id); err != nil {
		return models.Artifact{}, fail(op, err)
	}
	name := "artifact"
	if what == "job" {
		name = "artifact of a job"
	}
	q := &query{table: "model_artifacts", columns: "*," + artifactEmbed}
	q.where(column, "eq", id)
	a, err := one[models.Artifact](ctx, c, q, name, id)
	if err != nil {
		return models.Artifact{}, fail(op, err)
	}
	c.fillSizes(ctx, &a)
	return a, nil
}
