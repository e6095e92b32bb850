package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/loratop/loratop/models"
)

const cleanTime = 15 * time.Second

// newDatasetRow is what the platform inserts before a file is sent.
type newDatasetRow struct {
	ID          string               `json:"id"`
	UserID      string               `json:"user_id"`
	Name        string               `json:"name"`
	Description any                  `json:"description"`
	Format      models.DatasetFormat `json:"format"`
	Status      models.DatasetStatus `json:"status"`
	Bucket      string               `json:"storage_bucket"`
	Path        string               `json:"storage_path"`
	FileName    string               `json:"file_name"`
	FileSize    int64                `json:"file_size"`
}

// row makes sure that the row is there and still waits for its file. A row that
// does not wait any more is returned as it is: the upload was finished before.
func (u *upload) row(ctx context.Context) (models.Dataset, error) {
	var d models.Dataset
	tried := u.Row
	u.Row = true // from now on it may be there
	if err := u.save(); err != nil {
		return d, err
	}
	err := u.persist(ctx, func() (err error) {
		if tried {
			if d, err = u.c.Dataset(ctx, u.DatasetID); models.CodeOf(err) != models.CodeNotFound {
				return err
			}
		}
		d, err = u.insertRow(ctx)
		return err
	})
	if err != nil {
		return d, u.rowRefused(err)
	}
	switch {
	case d.StoragePath != u.Key || first(d.StorageBucket, datasetBucket) != datasetBucket || int64(d.FileSize) != u.Size:
		return d, u.foreign()
	case !d.DeletedAt.IsZero():
		return d, &models.Error{Code: models.CodeConflict, Msg: "the dataset was moved to the trash meanwhile",
			Hint: fmt.Sprintf("loratop datasets restore %s and go on, or loratop datasets uploads drop %[1]s", u.DatasetID)}
	}
	return d, nil
}

// foreign is a row with our id that another upload made: it stays as it is,
// for its path is another one.
func (u *upload) foreign() error {
	return final(&models.Error{Code: models.CodeConflict, Msg: "there is a dataset with this id already, of another file", Hint: "upload it under a new id"})
}

// insertRow inserts, and finds the row where an earlier insert has made it.
func (u *upload) insertRow(ctx context.Context) (models.Dataset, error) {
	me, err := u.c.me(ctx)
	if err != nil {
		return models.Dataset{}, err
	}
	text, err := description(u.Description)
	if err != nil {
		return models.Dataset{}, err
	}
	q := &query{table: "datasets", columns: "*"}
	res, err := q.insert(ctx, me, newDatasetRow{
		ID: u.DatasetID, UserID: me.UserID, Name: u.Name, Description: text, Format: models.FormatV4, Status: models.DatasetUploading,
		Bucket: datasetBucket, Path: u.Key, FileName: u.FileName, FileSize: u.Size,
	})
	var e *models.Error
	if errors.As(err, &e) && (e.Server == "23505" || e.Status == http.StatusConflict) {
		d, rerr := u.c.Dataset(ctx, u.DatasetID)
		if models.CodeOf(rerr) == models.CodeNotFound {
			return d, final(&models.Error{Code: models.CodeConflict, Msg: "this id or path is taken by a dataset of someone else", Hint: "upload it under a new id"})
		}
		return d, rerr
	}
	if err != nil {
		return models.Dataset{}, err
	}
	var out []models.Dataset
	if err := res.into(&out); err != nil {
		return models.Dataset{}, err
	}
	if len(out) != 1 || out[0].ID != u.DatasetID {
		return models.Dataset{}, noRows("the dataset was not created", "")
	}
	return out[0], nil
}

// rowRefused tells refusals of the row from trouble on the way.
func (u *upload) rowRefused(err error) error {
	switch models.CodeOf(err) {
	case models.CodeForbidden:
		return final(explained(err, models.CodeForbidden, "this database's policies do not let this user create datasets", "`loratop migrate status` tells what is missing"))
	case models.CodeInvalid:
		return final(err)
	}
	return err
}

// explained keeps the cause of an error and gives it words.
func explained(err error, code models.Code, msg, hint string) error {
	out := &models.Error{Code: code, Msg: msg, Hint: hint, Err: err}
	var e *models.Error
	if errors.As(err, &e) {
		out.Server, out.Status = e.Server, e.Status
		if code == "" {
			out.Code = e.Code
		}
	}
	return out
}

// refused gives the end of sending its words, and says which ends are final.
func (u *upload) refused(f fate, err error) error {
	var t *tusError
	if !errors.As(err, &t) {
		return err
	}
	switch f {
	case fateLarge:
		return final(explained(err, models.CodeInvalid, "the project takes no file of "+sizeText(u.Size),
			"its owner can raise the limit of the bucket "+datasetBucket+" or of the project; or split the file"))
	case fateType:
		return final(explained(err, models.CodeInvalid, "the bucket "+datasetBucket+" takes no JSONL: "+t.err.Msg, "its owner can allow application/x-jsonlines"))
	case fateFull:
		return explained(err, models.CodeServer, "the project's storage is full; "+u.there(),
			"make room or raise the quota, then upload the same file again: it goes on from there")
	case fateFinal:
		switch t.err.Code {
		case models.CodeForbidden:
			return final(explained(err, "", "the policies of the bucket "+datasetBucket+" do not let this user upload: "+t.err.Msg, "`loratop migrate status` tells what is missing"))
		case models.CodeNotFound, models.CodeConfig:
			if t.err.Status == http.StatusNotFound {
				return final(explained(err, models.CodeNotFound, "there is nowhere to upload to: "+t.err.Msg, "`loratop migrate up` makes the bucket "+datasetBucket))
			}
		case models.CodeInvalid, models.CodeConflict:
			return final(err)
		}
	}
	return err
}

// clean takes back what there is of an upload that was refused: the bytes, the
// row, the note. It does so also after ctx has ended.
func (u *upload) clean(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	if err := u.c.drop(ctx, u.ticket); err != nil {
		u.c.opts.Log.WarnContext(ctx, "upload not cleaned up", slog.String("error", clip(err.Error(), 200)))
		u.LastError, _ = models.Explain(cause)
		_ = u.save() // it can be dropped later
		var e *models.Error
		if errors.As(cause, &e) {
			d := *e
			d.Hint += "; its row could not be moved to the trash: loratop datasets uploads drop " + u.DatasetID
			return &d
		}
	}
	return cause
}

// drop ends an upload on the server, moves a row that waits for it to the
// trash, and forgets it here.
func (c *Client) drop(ctx context.Context, t *ticket) error {
	if t.Upload != "" {
		if err := c.tusEnd(ctx, t.Upload); err != nil {
			c.opts.Log.InfoContext(ctx, "upload not terminated; it expires", slog.String("error", clip(err.Error(), 200)))
		}
	}
	if t.Row {
		q := &query{table: "datasets", columns: "id"}
		q.where("id", "eq", t.DatasetID)
		q.where("storage_path", "eq", t.Key)
		q.where("status", "eq", string(models.DatasetUploading))
		q.where("deleted_at", "is", "null")
		if _, err := c.changeDatasets(ctx, q, map[string]any{"deleted_at": models.At(c.opts.Now())}); err != nil {
			return err
		}
	}
	return t.remove(ctx)
}
