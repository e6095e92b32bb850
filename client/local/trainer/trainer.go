// Package trainer is the demo's stand-in for the platform's GPU workers. It
// claims queued jobs and trains each for real, on the job's own dataset, but
// on a tiny network (package lora) instead of the named base model; artifacts
// say so. Rows are written as the platform's functions write them.
package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Files is the store of datasets and artifacts, past its policies.
type Files interface {
	Open(ctx context.Context, bucket, key string) (io.ReadCloser, error)
	Put(ctx context.Context, bucket, key, contentType, ownerID string, body io.Reader) error
	Remove(ctx context.Context, bucket string, keys ...string) error
}

// Options configure a Trainer. Pool and Files are required.
type Options struct {
	Pool  *pgxpool.Pool // a role that row level security does not bind
	Files Files
	// Speed scales the pace: at 1 a typical job takes one to two minutes and a
	// small part of a core, at 30 and more some seconds and a whole core. 0 = 1.
	Speed float64
	// AtOnce is how many jobs are trained at a time; together they stay within
	// some three tenths of a core at speed 1. 0 = 4.
	AtOnce int
	Now    func() time.Time // of the rows; nil = time.Now
	Log    *slog.Logger     // nil = silent
}

// Trainer runs jobs until it is told to stop.
type Trainer struct {
	o       Options
	workers chan struct{} // one token for each job at a time
	mu      sync.Mutex
	running map[string]bool // external ids of the jobs at work here
}

const (
	atOnce      = 4
	pollEvery   = 400 * time.Millisecond // for queued jobs
	rescueEvery = 5 * time.Second        // for jobs of a dead trainer
	retryAfter  = 2 * time.Second        // a database error
)

// New makes a Trainer; Run starts it.
func New(o Options) *Trainer {
	if o.Speed <= 0 {
		o.Speed = 1
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.AtOnce <= 0 {
		o.AtOnce = atOnce
	}
	return &Trainer{o: o, workers: make(chan struct{}, o.AtOnce), running: map[string]bool{}}
}

func (t *Trainer) now() time.Time { return t.o.Now().UTC().Truncate(time.Microsecond) }

// Run claims and trains jobs until ctx ends, then waits for those at work to
// stop. They stay as they are in the database, and the next trainer begins
// them anew. The error is nil when ctx ended.
func (t *Trainer) Run(ctx context.Context) error {
	var jobs sync.WaitGroup
	defer jobs.Wait()
	g := &guard{pool: t.o.Pool}
	defer g.release()
	var rescued time.Time
	for ctx.Err() == nil {
		wait := pollEvery
		if time.Since(rescued) >= rescueEvery {
			rescued = time.Now()
			if err := t.rescue(ctx, g); err != nil && ctx.Err() == nil {
				t.o.Log.Warn("look for lost jobs", slog.String("error", err.Error()))
			}
		}
		switch claimed, err := t.next(ctx, &jobs); {
		case ctx.Err() != nil:
		case err != nil:
			t.o.Log.Warn("claim a job", slog.String("error", err.Error()))
			wait = retryAfter
		case claimed:
			wait = 0
		}
		sleep(ctx, wait)
	}
	return nil
}

// next claims a job if a worker is free, and starts it.
func (t *Trainer) next(ctx context.Context, jobs *sync.WaitGroup) (claimed bool, err error) {
	select {
	case t.workers <- struct{}{}:
	default:
		return false, nil
	}
	j, err := t.claim(ctx)
	if err != nil || j == nil {
		<-t.workers
		return false, err
	}
	jobs.Go(func() {
		defer func() { <-t.workers }()
		defer t.leave(j.external)
		t.work(ctx, j)
	})
	return true, nil
}

func (t *Trainer) enter(external string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running[external] = true
}

func (t *Trainer) leave(external string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, external)
}

func (t *Trainer) atWork() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := []string{}
	for id := range t.running {
		ids = append(ids, id)
	}
	return ids
}

// errGone tells that the job is no longer ours: cancelled, or deleted.
var errGone = errors.New("the job was cancelled")

// failure is the end of a job, in the platform's words.
type failure struct {
	text   string
	stack  string
	before bool // before the job was submitted: no end time and no cost then
}

func (f failure) Error() string { return f.text }

// work trains the job and records how it ended.
func (t *Trainer) work(ctx context.Context, j *job) {
	err := t.guarded(ctx, j)
	var f failure
	switch {
	case err == nil:
		t.o.Log.Info("job completed", slog.String("job", j.id))
	case errors.Is(err, errGone):
		t.o.Log.Info("job cancelled", slog.String("job", j.id))
	case ctx.Err() != nil:
		t.o.Log.Info("job interrupted", slog.String("job", j.id))
	case errors.As(err, &f):
		t.o.Log.Info("job failed", slog.String("job", j.id), slog.String("reason", f.text))
		if err := t.fail(ctx, j, f); err != nil && ctx.Err() == nil {
			t.o.Log.Error("record the failure of a job", slog.String("job", j.id), slog.String("error", err.Error()))
		}
	default: // the database or the disk; the job will be begun anew
		t.o.Log.Error("job broken off", slog.String("job", j.id), slog.String("error", err.Error()))
		sleep(ctx, retryAfter)
	}
}

// guarded turns a panic into the job's failure: one job must not end the stack.
func (t *Trainer) guarded(ctx context.Context, j *job) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = failure{text: fmt.Sprintf("Job failed on GPU cluster: %v", v), stack: string(debug.Stack())}
		}
	}()
	return t.life(ctx, j)
}

// sleep waits, but not longer than ctx lives.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
