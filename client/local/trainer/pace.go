package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// DemoClock is how many hours of GPU time one hour of training at speed 1 is
// billed as. A demonstration of a minute and a half so costs about what the
// three quarters of an hour cost that the platform's estimate promises.
const DemoClock = 30

const (
	maxPoints  = 90                     // told of a job: about one a second at speed 1
	trainMin   = 40 * time.Second       // of training at speed 1
	trainMax   = 100 * time.Second      //
	trainStep  = 400 * time.Millisecond // a step, between the two
	assumed    = 15_000                 // tokens a second that a core manages
	shareOfJob = 0.1                    // of a core at speed 1: what a job plans with
	shareOfAll = 0.3                    // and what all jobs at work may use together
	fewest     = 16                     // tokens a step
	most       = 512                    //
	lookEvery  = 300 * time.Millisecond // for a cancellation
)

// pace spreads the steps of a job over its time.
type pace struct {
	began  time.Time
	step   time.Duration // from one step to the next
	speed  float64
	cost   time.Duration // of a step when nobody else wants the core: see wait
	every  int           // steps from one point to the next
	tokens int           // a step
}

func newPace(speed float64, steps int) *pace {
	steps = max(steps, 1)
	whole := min(max(time.Duration(min(steps, 1000))*trainStep, trainMin), trainMax)
	whole = time.Duration(float64(whole) / speed)
	p := &pace{began: time.Now(), step: whole / time.Duration(steps), speed: speed}
	p.every = (steps + maxPoints - 1) / maxPoints
	p.tokens = int(min(max(whole.Seconds()*duty(shareOfJob, speed)*assumed/float64(steps), fewest), most))
	return p
}

// duty is a share of a core at this speed; at a high one it is the whole core.
func duty(share, speed float64) float64 { return min(share*max(speed, 1), 1) }

// wait is how long to rest after step n, which took so long: until the next is
// due, and long enough to leave so many jobs within their common share. What a
// step costs is the least that one took of late, so that a busy machine, on
// which each takes longer, does not slow the job down twice.
func (p *pace) wait(n int, took time.Duration, jobs int) time.Duration {
	if p.cost = p.cost + p.cost/16; p.cost == 0 || took < p.cost {
		p.cost = took
	}
	due := time.Until(p.began.Add(time.Duration(n) * p.step))
	share := duty(shareOfAll/float64(max(jobs, 1)), p.speed)
	return max(due, time.Duration(float64(p.cost)*(1/share-1)))
}

// pause rests for what is d at speed 1.
func (t *Trainer) pause(ctx context.Context, j *job, d time.Duration) error {
	return t.await(ctx, j, time.Duration(float64(d)/t.o.Speed))
}

// await rests, looking again and again whether the job still is ours.
func (t *Trainer) await(ctx context.Context, j *job, d time.Duration) error {
	end := time.Now().Add(d)
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(j.looked) >= lookEvery {
			if err := t.look(ctx, j); err != nil {
				return err
			}
		}
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		sleep(ctx, min(left, lookEvery))
	}
}

// look is errGone when the row says that the job is not ours any more.
func (t *Trainer) look(ctx context.Context, j *job) error {
	j.looked = time.Now()
	var one int
	err := t.o.Pool.QueryRow(ctx, `SELECT 1 FROM training_jobs`+mine, j.id, j.external).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return errGone
	}
	if err != nil {
		return fmt.Errorf("look at job: %w", err)
	}
	return nil
}
