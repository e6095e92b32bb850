package tuitest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// UpdateDataset changes the row.
func (f *Fake) UpdateDataset(ctx context.Context, id string, p models.DatasetPatch) (models.Dataset, error) {
	leave := f.enter("UpdateDataset")
	on := f.OnUpdateDataset
	if on != nil {
		leave()
		return on(ctx, id, p)
	}
	defer leave()
	return f.changeDataset(id, func(d *models.Dataset) {
		if p.Name != nil {
			d.Name = *p.Name
		}
		if p.Description != nil {
			d.Description = p.Description
		}
	})
}

// changeDataset changes a copy of the rows, as older ones may still be read.
func (f *Fake) changeDataset(id string, change func(*models.Dataset)) (models.Dataset, error) {
	f.DatasetRows = slices.Clone(f.DatasetRows)
	for i := range f.DatasetRows {
		if f.DatasetRows[i].ID == id {
			change(&f.DatasetRows[i])
			return f.DatasetRows[i], nil
		}
	}
	return models.Dataset{}, notFound("dataset", id)
}

// TrashDatasets sets deleted_at.
func (f *Fake) TrashDatasets(ctx context.Context, ids []string) ([]string, error) {
	leave := f.enter("TrashDatasets")
	on := f.OnTrash
	if on != nil {
		leave()
		return on(ctx, ids)
	}
	defer leave()
	return f.setDeleted(ids, true), nil
}

// RestoreDatasets clears deleted_at.
func (f *Fake) RestoreDatasets(ctx context.Context, ids []string) ([]string, error) {
	leave := f.enter("RestoreDatasets")
	on := f.OnRestore
	if on != nil {
		leave()
		return on(ctx, ids)
	}
	defer leave()
	return f.setDeleted(ids, false), nil
}

func (f *Fake) setDeleted(ids []string, gone bool) (changed []string) {
	for _, id := range ids {
		_, _ = f.changeDataset(id, func(d *models.Dataset) {
			if d.DeletedAt.IsZero() != gone {
				return
			}
			d.DeletedAt = models.Time{}
			if gone {
				d.DeletedAt = d.CreatedAt
			}
			changed = append(changed, d.ID)
		})
	}
	return changed
}

// Revalidate makes the row ready.
func (f *Fake) Revalidate(ctx context.Context, id string, progress func(models.Progress)) (models.Dataset, error) {
	leave := f.enter("Revalidate")
	on := f.OnRevalidate
	if on != nil {
		leave()
		return on(ctx, id, progress)
	}
	defer leave()
	progress(models.Progress{Done: 1, Total: 1})
	return f.changeDataset(id, func(d *models.Dataset) {
		d.Status, d.TrainingReady = models.DatasetReady, true
	})
}

// DatasetPart cuts the part out of Files.
func (f *Fake) DatasetPart(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error) {
	leave := f.enter("DatasetPart")
	on := f.OnDatasetPart
	if on != nil {
		leave()
		return on(ctx, d, from, n)
	}
	defer leave()
	data, ok := f.Files[d.ID]
	if !ok {
		return models.FilePart{}, &models.Error{Code: models.CodeNotFound, Op: "read dataset file", Msg: "no file is stored for this dataset"}
	}
	size := int64(len(data))
	from = max(0, min(from, size))
	return models.FilePart{From: from, Size: size, ETag: "fake", Data: slices.Clone(data[from:min(from+n, size)])}, nil
}

// DownloadDataset reports progress and writes nothing.
func (f *Fake) DownloadDataset(ctx context.Context, id, dest string, progress func(models.Progress)) (models.Downloaded, error) {
	leave := f.enter("DownloadDataset")
	on := f.OnGetDataset
	leave()
	if on != nil {
		return on(ctx, id, dest, progress)
	}
	progress(models.Progress{Done: 1, Total: 1})
	return models.Downloaded{Path: dest, Bytes: 1, SHA256: strings.Repeat("0", 64)}, nil
}

// CheckFile says that the file is fine, whatever is in it.
func (f *Fake) CheckFile(ctx context.Context, path string, o jsonl.Options) (jsonl.Report, error) {
	leave := f.enter("CheckFile")
	on := f.OnCheckFile
	leave()
	if on != nil {
		return on(ctx, path, o)
	}
	st, err := os.Stat(path)
	if err != nil {
		return jsonl.Report{}, &models.Error{Code: models.CodeNotFound, Op: "check file", Msg: "the file cannot be read", Err: err}
	}
	if o.Progress != nil {
		o.Progress(st.Size())
	}
	return jsonl.Report{
		Schema: jsonl.Schema, File: path, Bytes: st.Size(), Lines: 2, Conversations: 2, Turns: 4, Pairs: 2,
		Validator: jsonl.Verdict{Accepts: true, Why: "every line is a conversation with turns"},
		Trainer:   jsonl.Verdict{Accepts: true, Why: "every line has messages"},
	}, nil
}

// Upload adds a ready row at once.
func (f *Fake) Upload(ctx context.Context, u models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error) {
	leave := f.enter("Upload")
	on := f.OnUpload
	leave()
	if on != nil {
		return on(ctx, u, progress)
	}
	st, err := os.Stat(u.Path)
	if err != nil {
		return models.Dataset{}, &models.Error{Code: models.CodeNotFound, Op: "upload", Msg: "the file cannot be read", Err: err}
	}
	progress(models.UploadProgress{DatasetID: u.DatasetID, Stage: models.UploadDone, Done: st.Size(), Total: st.Size()})
	d := models.Dataset{ID: u.DatasetID, UserID: "user-alice", Name: u.Name, Format: models.FormatV4, Status: models.DatasetReady, TrainingReady: true,
		StorageBucket: "lora-datasets", StoragePath: "user-alice/" + u.DatasetID + "/" + filepath.Base(u.Path), FileName: filepath.Base(u.Path), FileSize: models.Int(st.Size())}
	if u.Description != "" {
		d.Description = &u.Description
	}
	f.Change(func() {
		f.DatasetRows = append([]models.Dataset{d}, f.DatasetRows...)
		f.Pending = slices.DeleteFunc(slices.Clone(f.Pending), func(p models.PendingUpload) bool { return p.DatasetID == u.DatasetID })
	})
	return d, nil
}

// PendingUploads gives Pending.
func (f *Fake) PendingUploads(context.Context) ([]models.PendingUpload, error) {
	defer f.enter("PendingUploads")()
	return slices.Clone(f.Pending), nil
}

// DropUpload forgets the pending upload and its row.
func (f *Fake) DropUpload(ctx context.Context, datasetID string) error {
	leave := f.enter("DropUpload")
	on := f.OnDropUpload
	if on != nil {
		leave()
		return on(ctx, datasetID)
	}
	defer leave()
	f.Pending = slices.DeleteFunc(slices.Clone(f.Pending), func(p models.PendingUpload) bool { return p.DatasetID == datasetID })
	f.setDeleted([]string{datasetID}, true)
	return nil
}
