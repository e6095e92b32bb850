package client

import (
	"context"

	"github.com/loratop/loratop/models"
)

// Upload sends a local file to Storage and makes it a dataset.
func (c *Client) Upload(ctx context.Context, u models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error) {
	return models.Dataset{}, &models.Error{Code: models.CodeUnknown, Op: "upload", Msg: "not in this build"}
}

// PendingUploads lists the uploads that were begun on this machine.
func (c *Client) PendingUploads(context.Context) ([]models.PendingUpload, error) {
	return []models.PendingUpload{}, nil
}

// DropUpload gives an upload up.
func (c *Client) DropUpload(_ context.Context, datasetID string) error {
	return fail("drop upload", notFound("pending upload", datasetID))
}
