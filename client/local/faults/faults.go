// Package faults makes the local stack misbehave on demand: slow, cut off, out
// of order, with sessions that end and a clock that stands still. What happens
// to which request follows from a seed and from the order of requests alone,
// so that a failure seen once can be had again.
package faults

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ControlPath is where the faults are set; see control for what it takes.
const ControlPath = "/_faults"

// Options of an Injector. Next and Secret are required.
type Options struct {
	Next   http.Handler
	Secret []byte        // of the project: who controls needs its service key
	Pool   *pgxpool.Pool // may delete from auth.sessions; nil: sessions cannot be revoked
	Clock  *Clock        // of the servers behind; nil: it cannot be frozen
	Seed   uint64        // until another one is set

	// ExpireUploads makes the server forget the unfinished uploads that exist,
	// and says how many there were; nil: it cannot.
	ExpireUploads func() (int, error)

	// Restart stops the server now and starts it after a pause, at the same
	// address and over the same data; nil: it cannot. It must not wait for the
	// requests in flight, of which the order is one.
	Restart func(pause time.Duration)

	// Sleep waits for d or the end of ctx; nil = with a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Injector stands before a gateway and does to its requests what the rules
// say. It is safe for concurrent use.
type Injector struct {
	o Options

	mu      sync.Mutex
	seed    uint64
	rules   []*active
	expired *expiry // nil: tokens are what they are
}

// active is a rule with what came of it so far.
type active struct {
	Rule
	matched, struck uint64
	taken           int64 // bytes of contents that StorageFull let through
}

// New makes an Injector without any rule: requests pass untouched.
func New(o Options) *Injector {
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &Injector{o: o, seed: o.Seed}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ServeHTTP implements http.Handler.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == ControlPath {
		i.control(w, r)
		return
	}
	f := i.fate(r)
	if f.delay > 0 && i.o.Sleep(r.Context(), f.delay) != nil {
		panic(http.ErrAbortHandler) // the client left while it waited
	}
	if f.end != nil {
		f.end.finish(w, r)
		return
	}
	w, r = i.throttle(f, w, r)
	if f.old {
		r = i.oldToken(r)
	}
	i.tokens(w, r)
	if out, ok := w.(*writer); ok {
		out.check() // an answer without a body is cut off here
	}
}

// fate is what the rules hold for one request.
type fate struct {
	delay time.Duration
	end   *Rule // answers or cuts off before anything else is done
	cut   *Rule // cuts off inside a body
	rate  int64 // bytes a second, 0 = no limit
	old   bool  // its token has expired
}

// fate draws it: delays add up, the lowest rate counts, and so does the first
// rule that ends the request.
func (i *Injector) fate(r *http.Request) fate {
	i.mu.Lock()
	defer i.mu.Unlock()
	var f fate
	for n, a := range i.rules {
		if !a.covers(r) || !a.strikes(i.seed, uint64(n), r) {
			continue
		}
		switch {
		case a.Kind == Latency:
			jitter := draw(i.seed, uint64(n), a.matched, 1) * float64(a.JitterMS)
			f.delay += time.Duration((float64(a.DelayMS) + jitter) * float64(time.Millisecond))
		case a.Kind == Bandwidth:
			if f.rate == 0 || a.BytesPerSecond < f.rate {
				f.rate = a.BytesPerSecond
			}
		case a.Kind == ExpiredToken:
			f.old = true
		case a.insideBody():
			if f.cut == nil {
				f.cut = &a.Rule
			}
		case f.end == nil:
			f.end = &a.Rule
		}
	}
	return f
}

// strikes counts a matching request and says whether the rule does its work.
func (a *active) strikes(seed, rule uint64, r *http.Request) bool {
	a.matched++
	if a.matched <= a.Skip || (a.Count > 0 && a.struck >= a.Count) {
		return false
	}
	if draw(seed, rule, a.matched, 0) >= a.probability() {
		return false
	}
	if a.Kind == StorageFull && a.takes(r) {
		return false
	}
	a.struck++
	return true
}

// draw is a number from 0 up to 1 that depends on nothing but its arguments.
func draw(seed, rule, match, use uint64) float64 {
	var b [32]byte
	for n, v := range []uint64{seed, rule, match, use} {
		binary.LittleEndian.PutUint64(b[8*n:], v)
	}
	h := sha256.Sum256(b[:])
	return float64(binary.LittleEndian.Uint64(h[:])>>11) / (1 << 53)
}
