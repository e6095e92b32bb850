package screen

import (
	"context"
	"math/rand/v2"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Limits of a Feed.
const (
	FeedTimeout  = 30 * time.Second // one read may take this long
	FeedMaxDelay = 30 * time.Second // longest wait after an error
	feedMinDelay = time.Second      // first wait after an error, before jitter
)

// Feed reads something again and again for one screen. One read is in flight
// at most, and the next is planned only after the last was handled. Errors back
// off with jitter up to FeedMaxDelay and never end it. It pauses while the
// screen is hidden, and reads at once when the screen or the terminal gets the
// focus back.
//
// All methods belong to the Update goroutine; only the read function runs
// elsewhere, one call at a time.
type Feed[T any] struct {
	sc    Scope
	op    string
	every func(focused bool) time.Duration
	read  func(context.Context) (T, error)
	prep  func() func(context.Context) (T, error)

	phase  phase
	again  bool          // Poke came while reading: read once more right after
	halted bool          // every said 0: finished until a Poke
	stop   chan struct{} // ends the wait of this phase
	gen    uint64        // of the wait: a late tick of an older one is ignored

	started, focused, hidden bool

	value T
	has   bool
	err   error
	fails int
	at    time.Time // of the last good read
	next  time.Time // of the next try
	wait  time.Duration
}

type phase uint8

const (
	idle phase = iota
	waiting
	reading
)

type feedTick struct {
	feed any
	gen  uint64
}

type feedRead[T any] struct {
	feed  *Feed[T]
	value T
	err   error
}

// Failure lets the shell see that a session has ended.
func (m feedRead[T]) Failure() error { return m.err }

// NewFeed makes a feed. op names it for errors ("list jobs"). every gives the
// time until the next read, asked after each good one, when Value is the new
// one already; focused is false while the terminal is not. 0 ends the feed until
// Poke. read gets a context that ends with the screen.
func NewFeed[T any](sc Scope, op string, every func(focused bool) time.Duration, read func(context.Context) (T, error)) *Feed[T] {
	return &Feed[T]{sc: sc, op: op, every: every, read: read, focused: true}
}

// Every is the plain schedule: fast while the terminal has the focus.
func Every(focused, blurred time.Duration) func(bool) time.Duration {
	return func(f bool) time.Duration {
		if f {
			return focused
		}
		return blurred
	}
}

// Prepare sets a function that runs on the Update goroutine right before each
// read and returns the read to do: it may look at the screen's state, such as
// the cursor behind the last point, which by then includes all earlier reads.
func (f *Feed[T]) Prepare(p func() func(context.Context) (T, error)) { f.prep = p }

// Start reads for the first time; later calls do nothing while it goes on.
func (f *Feed[T]) Start() tea.Cmd {
	first := !f.started
	f.started = true
	if !first && f.halted || f.phase != idle || f.hidden {
		return nil
	}
	return f.begin()
}

// Poke reads now, or right after the read in flight. It also revives a feed
// that had ended, and jumps over a back-off.
func (f *Feed[T]) Poke() tea.Cmd {
	f.halted, f.started = false, true
	switch {
	case f.hidden:
		return nil // reads when shown
	case f.phase == reading:
		f.again = true
		return nil
	default:
		return f.begin()
	}
}

// Stop ends the feed until Poke; a read in flight is still taken.
func (f *Feed[T]) Stop() {
	f.halted, f.again = true, false
	f.endWait()
}

// Update takes every message of the screen. fresh says that Value is new.
func (f *Feed[T]) Update(msg tea.Msg) (cmd tea.Cmd, fresh bool) {
	switch m := msg.(type) {
	case feedTick:
		if m.feed == any(f) && f.phase == waiting && m.gen == f.gen {
			return f.begin(), false
		}
	case feedRead[T]:
		if m.feed == f {
			return f.done(m.value, m.err)
		}
	case tea.FocusMsg:
		f.focused = true
		return f.resume(), false
	case tea.BlurMsg:
		f.focused = false
	case ShowMsg:
		f.hidden = false
		return f.resume(), false
	case HideMsg:
		f.hidden = true
		f.endWait()
	}
	return nil, false
}

// resume reads at once if the feed is alive and not reading already.
func (f *Feed[T]) resume() tea.Cmd {
	if !f.started || f.hidden || f.halted || f.phase == reading {
		return nil
	}
	return f.begin()
}

// begin starts one read.
func (f *Feed[T]) begin() tea.Cmd {
	f.endWait()
	f.phase = reading
	read := f.read
	if f.prep != nil {
		read = f.prep()
	}
	sc := f.sc
	return func() tea.Msg {
		defer enter(sc.Context())()
		ctx, cancel := context.WithTimeout(sc.Context(), FeedTimeout)
		defer cancel()
		v, err := safely(ctx, f.op, read)
		if err != nil && sc.Context().Err() != nil {
			return nil // the screen is gone
		}
		return Addressed{To: sc.id, Msg: feedRead[T]{feed: f, value: v, err: err}}
	}
}

func safely[T any](ctx context.Context, op string, read func(context.Context) (T, error)) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicError(op, r)
		}
	}()
	return read(ctx)
}

// done takes the outcome of a read and plans the next.
func (f *Feed[T]) done(v T, err error) (tea.Cmd, bool) {
	f.phase = idle
	f.err = err
	var d time.Duration
	if err != nil {
		f.fails++
		d = backoff(f.fails, rand.Float64())
	} else {
		f.fails = 0
		f.value, f.has, f.at = v, true, f.sc.Now()
		d = spread(f.every(f.focused), rand.Float64())
		f.halted = f.halted || d <= 0
	}
	fresh := err == nil
	switch {
	case f.hidden:
		f.again = false
		return nil, fresh
	case f.again:
		f.again, f.halted = false, false
		return f.begin(), fresh
	case f.halted:
		return nil, fresh
	default:
		return f.sleep(d), fresh
	}
}

// sleep plans the next read.
func (f *Feed[T]) sleep(d time.Duration) tea.Cmd {
	f.phase = waiting
	f.gen++
	f.wait, f.next = d, f.sc.Now().Add(d)
	stop := make(chan struct{})
	f.stop = stop
	tick := Addressed{To: f.sc.id, Msg: feedTick{feed: f, gen: f.gen}}
	done := f.sc.Context().Done()
	return func() tea.Msg {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return tick
		case <-stop:
		case <-done:
		}
		return nil
	}
}

// endWait gives up a planned read, and frees the goroutine that waits for it.
func (f *Feed[T]) endWait() {
	if f.phase != waiting {
		return
	}
	close(f.stop)
	f.stop = nil
	f.phase = idle
}

// backoff is the wait after the n-th error in a row; r in [0,1) spreads it.
func backoff(n int, r float64) time.Duration {
	d := FeedMaxDelay
	if n < 6 {
		d = feedMinDelay << (n - 1)
	}
	d = min(d, FeedMaxDelay)
	return time.Duration(float64(d) * (0.7 + 0.3*r))
}

// spread moves a period by up to 5 % so that many clients do not beat together.
func spread(d time.Duration, r float64) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(float64(d) * (0.95 + 0.1*r))
}

// Value is the last good reading; ok is false before the first.
func (f *Feed[T]) Value() (v T, ok bool) { return f.value, f.has }

// Err is the error of the last read, nil when it went well.
func (f *Feed[T]) Err() error { return f.err }

// Loading reports that nothing has come yet, neither data nor an error.
func (f *Feed[T]) Loading() bool { return !f.has && f.err == nil }

// Age of the last good reading; 0 before the first.
func (f *Feed[T]) Age(now time.Time) time.Duration {
	if !f.has {
		return 0
	}
	return max(0, now.Sub(f.at))
}
