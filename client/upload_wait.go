package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	uploadWait   = 500 * time.Millisecond // before the second try; it doubles
	uploadPause  = 30 * time.Second       // the longest
	serverTries  = 30                     // at a server that answers nonsense: a quarter of an hour
	meterWindow  = 5 * time.Second
	meterSamples = 20
)

// persist does a step until it succeeds or ends for good. What may pass is
// waited out, longer after every failure in a row that brought nothing.
func (u *upload) persist(ctx context.Context, step func() error) error {
	gains := u.gains
	for try := 0; ; try++ {
		err := step()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if u.gains != gains {
			try, gains = 0, u.gains
		}
		f, after := fateOf(err)
		if f != fateAgain || try >= serverTries && nonsense(err) {
			return err
		}
		delay := min(uploadWait<<min(try, 10), uploadPause)
		if err := u.wait(ctx, max(after, delay/2+rand.N(delay/2)), err); err != nil {
			return err
		}
	}
}

// nonsense is an answer of a server that is there, yet not of use: it may stay so.
func nonsense(err error) bool {
	var e *models.Error
	return errors.As(err, &e) && e.Code == models.CodeServer && (e.Status == 0 || e.Status == http.StatusInternalServerError)
}

// wait tells why and for how long, and is over at once when the machine wakes
// up: what was wrong then is of the past.
func (u *upload) wait(ctx context.Context, d time.Duration, why error) error {
	note, _ := models.Explain(fail("", why))
	u.LastError = note
	u.meter = pace{}
	u.jot(ctx)
	watch := u.c.newWatch()
	for d > 0 {
		u.progress(models.UploadProgress{DatasetID: u.DatasetID, Stage: models.UploadWaiting, Done: u.at, Total: u.Size, Retry: d, Note: models.Clean(note)})
		some := min(d, time.Second)
		if err := u.c.net.sleep(ctx, some); err != nil {
			return context.Cause(ctx)
		}
		if d -= some; watch.slept() {
			u.c.closeIdle()
			return nil
		}
	}
	return nil
}

// tell reports a stage without measure.
func (u *upload) tell(s models.UploadStage) {
	u.progress(models.UploadProgress{DatasetID: u.DatasetID, Stage: s, Done: u.at, Total: u.Size})
}

// report tells how far a stage is.
func (u *upload) report(s models.UploadStage, done int64) {
	if s != u.meter.stage {
		u.meter = pace{stage: s}
	}
	rate := u.meter.rate(time.Now(), done)
	p := models.UploadProgress{DatasetID: u.DatasetID, Stage: s, Done: done, Total: u.Size, Rate: rate}
	if rate > 0 {
		p.Left = time.Duration(float64(u.Size-done) / rate * float64(time.Second)).Round(time.Second)
	}
	u.progress(p)
}

// pace measures over the last seconds.
type pace struct {
	stage   models.UploadStage
	samples []sample
}

type sample struct {
	at   time.Time
	done int64
}

func (m *pace) rate(now time.Time, done int64) float64 {
	if n := len(m.samples); n == 0 || now.Sub(m.samples[n-1].at) >= meterWindow/meterSamples {
		m.samples = append(m.samples, sample{now, done})
	}
	for len(m.samples) > 1 && now.Sub(m.samples[1].at) >= meterWindow {
		m.samples = m.samples[1:]
	}
	old := m.samples[0]
	if took := now.Sub(old.at); took >= meterWindow/meterSamples && done > old.done {
		return float64(done-old.done) / took.Seconds()
	}
	return 0
}
