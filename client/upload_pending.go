package client

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/loratop/loratop/models"
)

// PendingUploads lists the signed-in user's uploads to this project that were
// begun on this machine and not ended, newest first. A file whose date changed
// is read, to tell whether its content did.
func (c *Client) PendingUploads(ctx context.Context) ([]models.PendingUpload, error) {
	out, err := c.pendingUploads(ctx)
	return out, fail("list uploads", err)
}

func (c *Client) pendingUploads(ctx context.Context) ([]models.PendingUpload, error) {
	me, err := c.Session(ctx)
	if err != nil {
		return nil, err
	}
	j, err := c.openJournal(me.UserID)
	if err != nil || j == nil {
		return []models.PendingUpload{}, err
	}
	all, active, err := j.look(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]models.PendingUpload, 0, len(all))
	for _, n := range all {
		p := models.PendingUpload{DatasetID: n.DatasetID, Path: n.Path, FileName: n.FileName, Name: n.Name, Size: n.Size, Sent: n.Sent,
			Active: active[n.DatasetID], Updated: n.Updated, LastError: models.Clean(n.LastError)}
		if p.Missing, p.Changed, err = n.local(ctx); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// look reads all notes and finds out which of the uploads are held.
func (j *journal) look(ctx context.Context) ([]note, map[string]bool, error) {
	leave, err := j.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	all, err := j.notes()
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(all, func(a, b note) int { return b.Updated.Compare(a.Updated) })
	active := map[string]bool{}
	for _, n := range all {
		l, ok, err := j.hold(n.DatasetID)
		if err != nil {
			return nil, nil, err
		}
		if active[n.DatasetID] = !ok; ok {
			_ = l.Close()
		}
	}
	return all, active, nil
}

// local compares the file with the one that was begun. The error is ctx's.
func (n note) local(ctx context.Context) (missing, changed bool, err error) {
	info, err := os.Stat(n.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, false, nil
	case err != nil || !info.Mode().IsRegular() || info.Size() != n.Size:
		return false, true, nil
	case info.ModTime().Equal(n.Modified) || n.SHA256 == "":
		return false, false, nil
	}
	f, err := os.Open(n.Path)
	if err != nil {
		return false, true, nil
	}
	defer func() { _ = f.Close() }()
	is, err := fingerprint(ctx, f, n.Size, false, func(int64) {})
	if ctx.Err() != nil {
		return false, false, ctx.Err()
	}
	return false, err != nil || is.sha256 != n.SHA256, nil
}

// DropUpload gives a pending upload up: its bytes on the server are let go, its
// row is moved to the trash, and it is forgotten here. CodeNotFound when there
// is none, CodeConflict while a process is at it.
func (c *Client) DropUpload(ctx context.Context, datasetID string) error {
	return fail("drop upload", c.dropUpload(ctx, datasetID))
}

func (c *Client) dropUpload(ctx context.Context, id string) error {
	if err := c.mayChange(id); err != nil {
		return err
	}
	me, err := c.me(ctx)
	if err != nil {
		return err
	}
	j, err := c.openJournal(me.UserID)
	if err != nil {
		return err
	}
	t, err := j.take(ctx, id)
	if err != nil {
		return err
	}
	defer t.release()
	return c.drop(ctx, t)
}
