package client

import (
	"context"
	"crypto/md5" //nolint:gosec // what Storage's ETag is made of
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/loratop/loratop/models"
)

// finish proves what is stored and writes what was found into the row.
func (u *upload) finish(ctx context.Context, d models.Dataset) (models.Dataset, error) {
	for missing := 0; ; missing++ {
		u.tell(models.UploadVerifying)
		err := u.persist(ctx, func() error { return u.verify(ctx) })
		if err == nil {
			break
		}
		if models.CodeOf(err) != models.CodeNotFound || missing == 2 {
			return d, u.unproven(err)
		}
		// All bytes had arrived, and there is no object: the server fell before it
		// made one. Only another upload can.
		u.Upload, u.Sent, u.at, u.stored = "", 0, 0, false
		if err := u.send(ctx); err != nil {
			return d, err
		}
	}
	u.tell(models.UploadValidating)
	var out models.Dataset
	err := u.persist(ctx, func() (err error) {
		out, err = u.write(ctx, d)
		return err
	})
	if err != nil {
		return d, err
	}
	u.tell(models.UploadDone)
	return out, nil
}

// verify compares what is stored with the local file: the size, and a hash in
// the cheapest way that proves something. An ETag that is the MD5 of the file
// does, and so does S3's, which is made of the MD5s of its parts, when they
// were of our chunks' size. Of any other ETag nothing follows: then the file is
// read back whole, as a stream, and its SHA-256 decides.
func (u *upload) verify(ctx context.Context) error {
	src := source{datasetBucket, u.Key}
	v, err := u.c.stat(ctx, src)
	if err != nil {
		return err
	}
	if v.Total >= 0 && v.Total != u.Size {
		return mismatch(fmt.Sprintf("it has %d bytes, not %d", v.Total, u.Size))
	}
	tag := strings.ToLower(strings.Trim(strings.TrimPrefix(v.ETag, "W/"), `"`))
	if tag == u.is.md5 {
		return nil
	}
	if parts, ok := partsOf(tag); ok && parts > 0 {
		sum, err := u.multipart(ctx)
		if err != nil {
			return err
		}
		if tag == sum {
			return nil
		}
	}
	return u.readBack(ctx, src)
}

// partsOf is N of S3's "HASH-N".
func partsOf(tag string) (int, bool) {
	_, n, ok := strings.Cut(tag, "-")
	if !ok {
		return 0, false
	}
	parts, err := strconv.Atoi(n)
	return parts, err == nil
}

// multipart is the ETag that S3 gives to the file in parts of chunkSize.
func (u *upload) multipart(ctx context.Context) (string, error) {
	all, whole, n := md5.New(), sha256.New(), 0 //nolint:gosec // see verify
	for at := int64(0); at < u.Size; at += chunkSize {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		part := md5.New() //nolint:gosec // see verify
		if _, err := io.Copy(io.MultiWriter(part, whole), io.NewSectionReader(u.f, at, chunkSize)); err != nil {
			return "", localError(err)
		}
		_, _ = all.Write(part.Sum(nil))
		n++
	}
	if hex.EncodeToString(whole.Sum(nil)) != u.SHA256 {
		return "", nil // the file changed after it was sent: its parts prove nothing
	}
	return hex.EncodeToString(all.Sum(nil)) + "-" + strconv.Itoa(n), nil
}

func (u *upload) readBack(ctx context.Context, src source) error {
	r, err := u.c.openStored(ctx, src, func(p models.Progress) { u.report(models.UploadVerifying, p.Done) })
	if err != nil {
		return err
	}
	defer r.close()
	sum := sha256.New()
	n, err := io.Copy(sum, r)
	switch {
	case err != nil:
		return err
	case n != u.Size || hex.EncodeToString(sum.Sum(nil)) != u.SHA256:
		return mismatch("its content differs")
	}
	return nil
}

// errMismatch marks a stored file that is not ours.
var errMismatch = errors.New("the stored file is another one")

func mismatch(what string) error {
	return &models.Error{Code: models.CodeConflict, Msg: "what is stored at the path is not this file: " + what,
		Hint: "upload it under a new id; the stored one was left as it is", Err: errMismatch}
}

// unproven says what a failed proof comes to.
func (u *upload) unproven(err error) error {
	switch {
	case errors.Is(err, errMismatch):
		return final(err)
	case models.CodeOf(err) == models.CodeNotFound:
		return explained(err, models.CodeForbidden, "the file was sent and cannot be read back: it may be there, but nothing proves it",
			"the bucket "+datasetBucket+" needs a policy that lets users read their own folder: `loratop migrate status` tells what is missing")
	}
	return err
}

// write is the one conditional update at the end.
func (u *upload) write(ctx context.Context, d models.Dataset) (models.Dataset, error) {
	value := map[string]any{"status": models.DatasetValidating}
	if !u.Unchecked {
		value = u.is.found.results(models.At(u.c.opts.Now()))
	}
	rows, err := u.c.writeResults(ctx, func() *query {
		q := &query{table: "datasets", columns: "*"}
		q.where("id", "eq", u.DatasetID)
		q.where("status", "eq", string(models.DatasetUploading))
		q.where("deleted_at", "is", "null")
		return q
	}, value)
	if err != nil {
		return d, err
	}
	if len(rows) == 1 {
		if rows[0].Status == models.DatasetReady {
			u.c.tellReady(ctx, rows[0])
		}
		return rows[0], nil
	}
	now, err := u.c.notWritten(ctx, d)
	if models.CodeOf(err) == models.CodeConflict && now.DeletedAt.IsZero() && now.StoragePath == u.Key {
		return now, nil // written before: only the answer was lost
	}
	return now, err
}

// tellReady writes the notification that the platform's validator writes, best
// effort: its own migration has no policy for it.
func (c *Client) tellReady(ctx context.Context, d models.Dataset) {
	ctx, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	me, err := c.me(ctx)
	if err != nil {
		return
	}
	c.announce(ctx, me, notice{UserID: me.UserID, Type: models.NotifyDatasetReady, Title: "Dataset Ready",
		Message: fmt.Sprintf("%s is ready for training.", d.Name), Priority: models.PriorityMedium, ActionURL: "/datasets/" + d.ID})
}
