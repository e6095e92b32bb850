package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/loratop/loratop/models"
)

// storedReader reads a stored file once, in order, over as many connections as
// it takes.
type storedReader struct {
	c        *Client
	ctx      context.Context //nolint:containedctx // an io.Reader of one call
	src      source
	of       version
	at       int64
	body     io.ReadCloser
	stall    *time.Timer
	cancel   context.CancelCauseFunc
	conn     context.Context //nolint:containedctx // of the connection at hand
	idle     int             // failures since the last byte
	progress func(models.Progress)
	reported time.Time
}

func (c *Client) openStored(ctx context.Context, src source, progress func(models.Progress)) (*storedReader, error) {
	of, err := c.stat(ctx, src)
	if err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(models.Progress) {}
	}
	return &storedReader{c: c, ctx: ctx, src: src, of: of, progress: progress}, nil
}

func (r *storedReader) close() {
	if r.body == nil {
		return
	}
	r.stall.Stop()
	_ = r.body.Close()
	r.cancel(nil)
	r.body = nil
}

// Read implements io.Reader. An error is final: what can be tried again was.
func (r *storedReader) Read(p []byte) (int, error) {
	for {
		if err := r.ctx.Err(); err != nil {
			return 0, context.Cause(r.ctx)
		}
		if r.of.Total >= 0 && r.at == r.of.Total {
			r.progress(models.Progress{Done: r.at, Total: r.at})
			return 0, io.EOF
		}
		n, err := r.some(p)
		if n > 0 {
			r.at, r.idle = r.at+int64(n), 0
			if now := time.Now(); now.Sub(r.reported) >= progressEvery {
				r.reported = now
				r.progress(models.Progress{Done: r.at, Total: r.of.Total})
			}
			return n, nil
		}
		if errors.Is(err, io.EOF) && r.of.Total < 0 {
			return 0, io.EOF
		}
		if err == nil {
			continue
		}
		r.close()
		var e *models.Error
		if r.idle++; r.idle >= downloadTries || errors.As(err, &e) && !e.Retry {
			return 0, err
		}
		if err := r.c.net.sleep(r.ctx, firstWait<<min(r.idle, 5)); err != nil {
			return 0, err
		}
	}
}

// some reads from the connection at hand, or opens one.
func (r *storedReader) some(p []byte) (int, error) {
	if r.body == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.stall.Reset(stallTime)
	if n > 0 {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		if r.of.Total >= 0 {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	return 0, stalled(r.conn, err)
}

func (r *storedReader) open() error {
	r.conn, r.cancel = context.WithCancelCause(r.ctx)
	cancel := r.cancel
	r.stall = time.AfterFunc(stallTime, func() { cancel(errStalled) })
	byteRange := ""
	if r.at > 0 {
		byteRange = fmt.Sprintf("bytes=%d-", r.at)
	}
	res, err := r.c.fetchRange(r.conn, r.src, byteRange)
	if err != nil {
		r.stall.Stop()
		err = stalled(r.conn, err)
		r.cancel(nil)
		return err
	}
	r.body = res.Body
	if v := versionOf(res); v.ETag != r.of.ETag || v.Total != r.of.Total || r.at > 0 && res.StatusCode != http.StatusPartialContent {
		return &models.Error{Code: models.CodeConflict, Msg: "the stored file changed while it was read", Hint: "try again"}
	}
	return nil
}
