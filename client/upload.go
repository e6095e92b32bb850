package client

import (
	"context"
	"errors"
	"os"
	"strconv"

	"github.com/loratop/loratop/models"
)

// Upload makes a local file a dataset: the row first, then the file by TUS,
// then proof that what is stored is what lies here, then what was found in it
// into the row, which ends as ready or error.
//
// Whatever interrupts it, the same call goes on from there, in this process or
// another: a note of it is kept in Options.State. It waits out the network and
// a server in trouble for as long as ctx lives; the end of ctx parks it
// (CodeCanceled). Refusals are final: CodeInvalid for a file that is too large
// or no JSONL, CodeForbidden where policies do not allow it, CodeConflict when
// the path is taken, another process is at it, or the local file is no longer
// the one that was begun. Then nothing of it stays, unless the hint says how to
// go on. progress is called from the caller's goroutine, some 20 times a second.
func (c *Client) Upload(ctx context.Context, nu models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error) {
	if progress == nil {
		progress = func(models.UploadProgress) {}
	}
	d, err := c.upload(ctx, nu, progress)
	return d, fail("upload", err)
}

// upload is one run of Upload.
type upload struct {
	c *Client
	*ticket
	f        *os.File
	is       print // of the local file
	at       int64 // bytes that the server has
	stored   bool  // all bytes are there
	gains    int   // grows with every byte gained: failures before it are forgotten
	careful  bool  // the last chunk got no answer and no byte through: ask before sending
	progress func(models.UploadProgress)
	meter    pace
}

func (c *Client) upload(ctx context.Context, nu models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error) {
	none := models.Dataset{}
	f, fresh, err := c.begin(nu)
	if err != nil {
		return none, err
	}
	defer func() { _ = f.Close() }()
	u := &upload{c: c, f: f, ticket: &ticket{note: fresh}, progress: progress}
	me, err := u.signedIn(ctx)
	if err != nil {
		return none, u.ended(ctx, err)
	}
	fresh.Key = me.UserID + "/" + fresh.DatasetID + "/" + objectName(fresh.FileName)
	j, err := c.openJournal(me.UserID)
	if err != nil {
		return none, err
	}
	if u.ticket, err = j.claim(ctx, nu, fresh); err != nil {
		return none, err
	}
	defer u.release()
	d, err := u.run(ctx)
	if err != nil {
		return d, u.ended(ctx, err)
	}
	return d, u.remove(ctx)
}

// signedIn finds out who uploads; without a network it waits, like all else.
func (u *upload) signedIn(ctx context.Context) (me *live, err error) {
	err = u.persist(ctx, func() error {
		me, err = u.c.me(ctx)
		return err
	})
	return me, err
}

func (u *upload) run(ctx context.Context) (models.Dataset, error) {
	none := models.Dataset{}
	if err := u.check(ctx); err != nil {
		return none, err
	}
	u.tell(models.UploadCreating)
	if !u.Row {
		if err := u.fits(ctx); err != nil {
			return none, err
		}
	}
	d, err := u.row(ctx)
	if err != nil || d.Status != models.DatasetUploading {
		return d, err // done before: only the answer was lost
	}
	if err := u.send(ctx); err != nil {
		return none, err
	}
	return u.finish(ctx, d)
}

// check reads the local file and compares it with what was begun.
func (u *upload) check(ctx context.Context) error {
	info, err := u.f.Stat()
	if err != nil {
		return localError(err)
	}
	if info.Size() != u.Size {
		return errChanged()
	}
	u.is, err = fingerprint(ctx, u.f, u.Size, !u.Unchecked, func(n int64) { u.report(models.UploadChecking, n) })
	switch {
	case err != nil:
		return err
	case u.SHA256 != "" && u.SHA256 != u.is.sha256:
		return errChanged()
	}
	if err := u.is.wrongKind(); err != nil && !u.Row {
		return final(err)
	}
	u.SHA256, u.Modified = u.is.sha256, info.ModTime()
	return u.save()
}

// fits compares the file with the project's own limit, where that is told.
func (u *upload) fits(ctx context.Context) error {
	if limit := u.c.tusLimit(ctx); limit > 0 && u.Size > limit {
		return final(tooBig(u.Size, limit))
	}
	return nil
}

// finalError is a refusal after which the upload cannot be continued.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

func final(err error) error { return finalError{err} }

// ended settles what stays of an upload that did not come to its end: a note
// for those that can go on, nothing of those that cannot.
func (u *upload) ended(ctx context.Context, err error) error {
	var f finalError
	if errors.As(err, &f) {
		return u.clean(ctx, f.error)
	}
	u.Sent = u.at
	if ctx.Err() != nil {
		_ = u.save() // it is known what matters: the server tells the rest
		return &models.Error{Code: models.CodeCanceled, Msg: "parked; " + u.there(),
			Hint: u.resumeHint(), Err: context.Cause(ctx)}
	}
	u.LastError, _ = models.Explain(err)
	if errors.Is(err, errOther) {
		e := errChanged()
		e.Hint = "put the old one back, or drop the upload and begin anew: loratop datasets uploads drop " + u.DatasetID
		err = e
	}
	_ = u.save() // the error itself is what matters
	return err
}

// there says how much the server has.
func (u *upload) there() string { return sizeText(u.at) + " of " + sizeText(u.Size) + " are there" }

// sizeText is a size in powers of 1000, as the screens have it.
func sizeText(n int64) string {
	if n < 1e6 {
		return strconv.FormatInt(n, 10) + " bytes"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

func (u *upload) resumeHint() string {
	if u.j == nil {
		return ""
	}
	return "the same upload goes on from there"
}
