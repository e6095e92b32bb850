package client

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	notedEvery = 2 * time.Second // how often the bytes sent are noted
	restartMax = 5               // new uploads in a row that brought nothing
)

// send brings the file to Storage, from wherever it stands.
func (u *upload) send(ctx context.Context) error {
	w := newWindow(u.f, u.Size, u.SHA256)
	restarts, gains := 0, 0
	for !u.stored {
		err := u.persist(ctx, func() error { return u.sendOn(ctx, w) })
		if err == nil {
			break
		}
		if u.gains != gains {
			restarts, gains = 0, u.gains
		}
		f, _ := fateOf(err)
		restarts++
		switch {
		case f == fateExists: // ours, when the answer to the last chunk was lost; else proof fails
			u.stored = true
		case f == fateGone && restarts <= restartMax:
			u.Upload, u.Sent, u.at = "", 0, 0
			err = u.save()
		case f == fateOffset && restarts <= restartMax: // ask again
			err = nil
		case f == fateType && u.nextType():
			err = u.save()
		default:
			return u.refused(f, err)
		}
		if err != nil && !u.stored {
			return err
		}
	}
	u.at = u.Size
	return nil
}

// nextType takes the next MIME type to try.
func (u *upload) nextType() bool {
	all := uploadTypes()
	for i, t := range all[:len(all)-1] {
		if u.MIME == t {
			u.MIME = all[i+1]
			return true
		}
	}
	return false
}

// sendOn asks where the upload stands and sends until the end or a failure.
func (u *upload) sendOn(ctx context.Context, w *window) error {
	if err := u.place(ctx); err != nil {
		return err
	}
	for u.at < u.Size {
		chunk, err := w.from(u.at)
		if err != nil {
			return err
		}
		at, err := u.patch(ctx, w, chunk)
		if err != nil {
			return err
		}
		if at <= u.at {
			return unclear("it took nothing")
		}
		u.gain(at)
		u.report(models.UploadSending, at)
		if time.Since(u.Updated) >= notedEvery {
			u.jot(ctx)
		}
	}
	return nil
}

// jot notes how far it is. That a full disk does not take it is no reason to
// stop: where the upload is was noted when it began.
func (u *upload) jot(ctx context.Context) {
	if err := u.save(); err != nil {
		u.c.opts.Log.WarnContext(ctx, "upload not noted", slog.String("error", clip(err.Error(), 200)))
	}
}

// place makes sure that there is an upload and finds out how much it has.
func (u *upload) place(ctx context.Context) error {
	if u.Upload == "" {
		id, err := u.c.tusCreate(ctx, datasetBucket, u.Key, u.MIME, u.Size)
		if err != nil {
			return err
		}
		u.Upload, u.Sent, u.at = id, 0, 0
		return u.save()
	}
	at, err := u.c.tusOffset(ctx, u.Upload, u.Size)
	if err != nil {
		return err
	}
	if at > u.at {
		u.careful = false
		u.gain(at)
	}
	u.at, u.Sent = at, at
	return nil
}

func (u *upload) gain(at int64) {
	u.at, u.Sent, u.LastError = at, at, ""
	u.gains++
}

var errWoke = errors.New("this machine was asleep")

// patch sends one chunk, watching over it from the caller's goroutine: progress
// is told, a connection that moves nothing is given up, and one that a sleep of
// the machine has left behind at once. Meanwhile the next chunk is read.
func (u *upload) patch(ctx context.Context, w *window, chunk []byte) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type answer struct {
		at  int64
		err error
	}
	var sent atomic.Int64
	done := make(chan answer, 1)
	at, id, careful := u.at, u.Upload, u.careful
	next := make(chan error, 1)
	go func() { next <- w.ahead() }()
	go func() {
		n, err := u.c.tusPatch(ctx, id, at, u.Size, chunk, careful, func(n int) { sent.Add(int64(n)) })
		done <- answer{n, err}
	}()
	watch := u.c.newWatch()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case a := <-done:
			err := <-next
			if a.err != nil {
				u.careful = true // until a byte gets through
				return 0, u.broke(ctx, a.err)
			}
			u.careful = false
			return a.at, err
		case <-tick.C:
			n := sent.Load()
			u.report(models.UploadSending, at+min(n, int64(len(chunk))))
			if err := watch.look(n, n >= int64(len(chunk))); err != nil {
				cancel(err)
			}
		}
	}
}

// broke gives a request that we ended ourselves its reason.
func (u *upload) broke(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errStalled) || errors.Is(cause, errWoke) {
		u.c.closeIdle()
		return &models.Error{Code: models.CodeTimeout, Msg: cause.Error(), Retry: true, Err: err}
	}
	return err
}

// watch tells a connection that stands still, and a machine that slept: timers
// and the monotonic clock stand still with it, the wall clock does not.
type watch struct {
	now   func() time.Time
	wall  time.Time // of the last look
	mono  time.Time
	moved time.Time
	seen  int64
}

const sleepGap = 15 * time.Second

func (c *Client) newWatch() *watch {
	t := time.Now()
	return &watch{now: c.opts.Now, wall: c.opts.Now().Round(0), mono: t, moved: t}
}

// look is told how much has moved, and whether that is all: then the answer is
// awaited, which has a time of its own.
func (w *watch) look(moved int64, all bool) error {
	if w.slept() {
		return errWoke
	}
	if moved != w.seen {
		w.seen, w.moved = moved, w.mono
	}
	if !all && w.mono.Sub(w.moved) > stallTime {
		return errStalled
	}
	return nil
}

// slept reports that more time has passed since the last look than this
// process was there for.
func (w *watch) slept() bool {
	wall, mono := w.now().Round(0), time.Now()
	gap := wall.Sub(w.wall) - mono.Sub(w.mono)
	w.wall, w.mono = wall, mono
	return gap > sleepGap
}

func (c *Client) closeIdle() {
	if t, ok := c.opts.HTTP.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
