package screens

import (
	"context"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// fakeFiles answers what concerns the files of datasets; a nil function answers
// empty.
type fakeFiles struct {
	update     func(id string, p models.DatasetPatch) (models.Dataset, error)
	trash      func(ids []string) ([]string, error)
	restore    func(ids []string) ([]string, error)
	revalidate func(ctx context.Context, id string, p func(models.Progress)) (models.Dataset, error)
	part       func(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error)
	get        func(ctx context.Context, id, dest string, p func(models.Progress)) (models.Downloaded, error)
	check      func(ctx context.Context, path string, o jsonl.Options) (jsonl.Report, error)
	upload     func(ctx context.Context, u models.NewUpload, p func(models.UploadProgress)) (models.Dataset, error)
	pending    func() ([]models.PendingUpload, error)
	drop       func(id string) error
}

func (f *fakeFiles) UpdateDataset(_ context.Context, id string, p models.DatasetPatch) (models.Dataset, error) {
	if f.update == nil {
		return models.Dataset{ID: id}, nil
	}
	return f.update(id, p)
}

func (f *fakeFiles) TrashDatasets(_ context.Context, ids []string) ([]string, error) {
	return answer(f.trash, ids)
}

func (f *fakeFiles) RestoreDatasets(_ context.Context, ids []string) ([]string, error) {
	return answer(f.restore, ids)
}

func (f *fakeFiles) Revalidate(ctx context.Context, id string, p func(models.Progress)) (models.Dataset, error) {
	if f.revalidate == nil {
		return models.Dataset{ID: id}, nil
	}
	return f.revalidate(ctx, id, p)
}

func (f *fakeFiles) DatasetPart(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error) {
	if f.part == nil {
		return models.FilePart{}, &models.Error{Code: models.CodeNotFound, Msg: "no file is stored for this dataset"}
	}
	return f.part(ctx, d, from, n)
}

func (f *fakeFiles) DownloadDataset(ctx context.Context, id, dest string, p func(models.Progress)) (models.Downloaded, error) {
	if f.get == nil {
		return models.Downloaded{Path: dest}, nil
	}
	return f.get(ctx, id, dest, p)
}

func (f *fakeFiles) CheckFile(ctx context.Context, path string, o jsonl.Options) (jsonl.Report, error) {
	if f.check == nil {
		return jsonl.Report{File: path}, nil
	}
	return f.check(ctx, path, o)
}

func (f *fakeFiles) Upload(ctx context.Context, u models.NewUpload, p func(models.UploadProgress)) (models.Dataset, error) {
	if f.upload == nil {
		return models.Dataset{ID: u.DatasetID, Name: u.Name, Status: models.DatasetReady}, nil
	}
	return f.upload(ctx, u, p)
}

func (f *fakeFiles) PendingUploads(context.Context) ([]models.PendingUpload, error) {
	if f.pending == nil {
		return nil, nil
	}
	return f.pending()
}

func (f *fakeFiles) DropUpload(_ context.Context, id string) error {
	if f.drop == nil {
		return nil
	}
	return f.drop(id)
}
