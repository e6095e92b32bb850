package client

import (
	"context"

	"github.com/loratop/loratop/models"
)

const datasetColumns = "id,user_id,name,description,format,status,storage_bucket,storage_path,file_name,file_size," +
	"total_training_pairs,total_validation_pairs,total_tokens,avg_turns_per_conversation,avg_tokens_per_turn," +
	"training_ready,validated_at,created_at,updated_at,deleted_at"

// datasetRef is what jobs and artifacts embed of their dataset.
const datasetRef = "(id,name,format,status,total_training_pairs,total_tokens,deleted_at)"

func datasetList() listSpec {
	return listSpec{
		id: tableDatasets, table: "datasets", op: "list datasets", columns: datasetColumns,
		sorts: []string{"created_at", "updated_at", "name", "status", "format", "file_size",
			"total_training_pairs", "total_tokens", "validated_at"},
		trash: true, status: "status", time: "created_at",
		search: func(q *query, text string) { q.where("name", "ilike", likePattern(text)) },
	}
}

// Datasets lists the user's datasets without their samples and findings.
func (c *Client) Datasets(ctx context.Context, q models.ListQuery) (models.Page[models.Dataset], error) {
	page, err := list[models.Dataset](ctx, c, datasetList(), q)
	for i := range page.Items { // a select of * brings them
		page.Items[i].SampleData, page.Items[i].ValidationErrors = nil, nil
	}
	return page, err
}

// Dataset reads one dataset, the whole row.
func (c *Client) Dataset(ctx context.Context, id string) (models.Dataset, error) {
	const op = "read dataset"
	if err := checkID("dataset", id); err != nil {
		return models.Dataset{}, fail(op, err)
	}
	q := &query{table: "datasets", columns: "*"}
	q.where("id", "eq", id)
	d, err := one[models.Dataset](ctx, c, q, "dataset", id)
	return d, fail(op, err)
}
