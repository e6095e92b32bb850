package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

const (
	datasetBucket = "lora-datasets"
	partMax       = 16 << 20 // bytes of one part
	partTries     = 3
)

// stored is where a dataset's file lies: imports point into other buckets.
func stored(d models.Dataset) models.Download {
	return models.Download{Bucket: first(d.StorageBucket, datasetBucket), Path: d.StoragePath}
}

// DatasetPart reads n bytes (1 to 16 MiB) of a dataset's file from an offset,
// fewer at its end and none behind it.
func (c *Client) DatasetPart(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error) {
	p, err := c.datasetPart(ctx, d, from, n)
	return p, fail("read file", err)
}

func (c *Client) datasetPart(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error) {
	if from < 0 || n < 1 || n > partMax {
		return models.FilePart{}, usage(fmt.Sprintf("a part has 1 to %d bytes", partMax), "")
	}
	src, err := newSource(stored(d))
	if err != nil {
		return models.FilePart{}, err
	}
	for try := 1; ; try++ {
		p, err := c.readPart(ctx, src, from, n)
		var e *models.Error
		if err == nil || ctx.Err() != nil || errors.As(err, &e) && !e.Retry || try == partTries {
			return p, err
		}
	}
}

func (c *Client) readPart(ctx context.Context, src source, from, n int64) (models.FilePart, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	res, err := c.fetchRange(ctx, src, fmt.Sprintf("bytes=%d-%d", from, from+n-1))
	if behindEnd(err) {
		return models.FilePart{From: from, Size: -1}, nil
	}
	if err != nil {
		return models.FilePart{}, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusPartialContent { // the whole file
		if _, err := io.CopyN(io.Discard, res.Body, from); err != nil && !errors.Is(err, io.EOF) {
			return models.FilePart{}, fmt.Errorf("read file: %w", err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, n))
	if err != nil {
		return models.FilePart{}, fmt.Errorf("read file: %w", err)
	}
	v := versionOf(res)
	return models.FilePart{From: from, Size: v.Total, ETag: v.ETag, Data: data}, nil
}

// behindEnd is the answer to a range that begins where the file has ended.
func behindEnd(err error) bool {
	var e *models.Error
	return errors.As(err, &e) && (e.Status == http.StatusRequestedRangeNotSatisfiable || e.Server == "InvalidRange")
}

// DownloadDataset fetches a dataset's file as Download does.
func (c *Client) DownloadDataset(ctx context.Context, id, dest string, progress func(models.Progress)) (models.Downloaded, error) {
	d, err := c.Dataset(ctx, id)
	if err != nil {
		return models.Downloaded{}, err
	}
	at := stored(d)
	at.Dest = dest
	return c.Download(ctx, at, progress)
}

// Revalidate reads a dataset's stored file as a stream, without a copy on this
// machine, and writes into the row what the platform's validator would: one
// update, on the condition that nobody changed the state meanwhile
// (CodeConflict). CodeNoRows when the policies refuse.
func (c *Client) Revalidate(ctx context.Context, id string, progress func(models.Progress)) (models.Dataset, error) {
	d, err := c.revalidate(ctx, id, progress)
	return d, fail("validate dataset", err)
}

func (c *Client) revalidate(ctx context.Context, id string, progress func(models.Progress)) (models.Dataset, error) {
	if err := c.mayChange(id); err != nil {
		return models.Dataset{}, err
	}
	d, err := c.Dataset(ctx, id)
	if err != nil {
		return d, err
	}
	if !d.DeletedAt.IsZero() {
		return d, &models.Error{Code: models.CodeConflict, Msg: "the dataset is in the trash", Hint: "restore it first"}
	}
	src, err := newSource(stored(d))
	if err != nil {
		return d, err
	}
	r, err := c.openStored(ctx, src, progress)
	if err != nil {
		return d, err
	}
	defer r.close()
	f, err := validate(ctx, r)
	if err != nil {
		return d, err
	}
	rows, err := c.writeResults(ctx, func() *query {
		q := &query{table: "datasets", columns: "*"}
		q.where("id", "eq", id)
		q.where("status", "eq", string(d.Status))
		q.where("storage_path", "eq", d.StoragePath)
		q.where("deleted_at", "is", "null")
		return q
	}, f.results(models.At(c.opts.Now())))
	if err != nil {
		return d, err
	}
	if len(rows) == 1 {
		return rows[0], nil
	}
	return c.notWritten(ctx, d)
}

// notWritten finds out why a conditional update met no row.
func (c *Client) notWritten(ctx context.Context, before models.Dataset) (models.Dataset, error) {
	now, err := c.Dataset(ctx, before.ID)
	switch {
	case err != nil:
		return before, err
	case now.Status == before.Status && now.DeletedAt.IsZero() && now.StoragePath == before.StoragePath:
		return now, noRows("the results were not written", "row level security of this database does not let users change their datasets")
	}
	return now, &models.Error{Code: models.CodeConflict, Msg: "the dataset was changed meanwhile: it is " + clip(string(now.Status), 40), Hint: "nothing was written"}
}

// validate reads a file's lines to its end. The error is one of reading.
func validate(ctx context.Context, r io.Reader) (findings, error) {
	rep, err := jsonl.Validate(ctx, r, nil)
	if err != nil {
		return findings{}, err
	}
	return findingsOf(rep), nil
}

// findingsOf takes what goes into a row out of a report.
func findingsOf(rep jsonl.Report) findings {
	f := findings{Validation: rep.Platform}
	if f.Lines == 0 {
		f.failure = models.ErrEmptyFile.Error()
	}
	return f
}

// CheckFile reads a local file and reports what is in it. The error is one of
// reading it, or of ctx, CodeNotFound when there is none and CodeInvalid for a
// folder or a pipe; what is wrong with the content is in the report.
func (c *Client) CheckFile(ctx context.Context, path string, o jsonl.Options) (jsonl.Report, error) {
	const op = "check file"
	info, err := os.Stat(path) // first: to open a pipe may hang
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return jsonl.Report{}, fail(op, noFile(path))
	case err != nil:
		return jsonl.Report{}, fail(op, localError(err))
	case !info.Mode().IsRegular():
		return jsonl.Report{}, fail(op, notRegular(path, info))
	}
	f, err := os.Open(path)
	if err != nil {
		return jsonl.Report{}, fail(op, localError(err))
	}
	defer func() { _ = f.Close() }()
	rep, err := jsonl.Check(ctx, f, o)
	rep.File = path
	if err != nil && ctx.Err() == nil {
		err = localError(err)
	}
	return rep, fail(op, err)
}
