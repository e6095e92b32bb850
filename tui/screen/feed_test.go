package screen

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

// rig runs a feed as the shell does, in the fake time of a synctest bubble.
type rig struct {
	feed   *Feed[int64]
	msgs   chan tea.Msg
	cancel context.CancelFunc

	inFlight, most atomic.Int64
	reads          atomic.Int64
	fail           atomic.Bool
	latency        atomic.Int64

	fresh int64 // newest value reported as fresh
}

var errBroken = errors.New("broken")

func newRig(every func(bool) time.Duration) *rig {
	r := &rig{msgs: make(chan tea.Msg, 1000)}
	sc, cancel := NewScope(context.Background(), 1, time.Now)
	r.cancel = cancel
	r.feed = NewFeed(sc, "test", every, func(ctx context.Context) (int64, error) {
		r.most.Store(max(r.most.Load(), r.inFlight.Add(1)))
		defer r.inFlight.Add(-1)
		n := r.reads.Add(1)
		t := time.NewTimer(time.Duration(r.latency.Load()))
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if r.fail.Load() {
			return 0, errBroken
		}
		return n, nil
	})
	return r
}

// run starts a command.
func (r *rig) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		if m := cmd(); m != nil {
			r.msgs <- m
		}
	}()
}

// settle handles messages until nothing moves without time passing.
func (r *rig) settle() {
	for {
		synctest.Wait()
		select {
		case m := <-r.msgs:
			a := m.(Addressed)
			r.handle(a.Msg)
			r.run(a.Next)
		default:
			return
		}
	}
}

func (r *rig) handle(m tea.Msg) {
	cmd, fresh := r.feed.Update(m)
	if fresh {
		r.fresh, _ = r.feed.Value()
	}
	r.run(cmd)
}

func (r *rig) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(200*time.Millisecond, time.Until(end)))
		r.settle()
	}
}

func (r *rig) stop() {
	r.cancel()
	r.settle()
}

func TestFeedPollsAndPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Every(2*time.Second, 15*time.Second))
		defer r.stop()
		r.run(r.feed.Start())
		r.run(r.feed.Start()) // nothing happens twice
		r.settle()
		r.pass(21 * time.Second)
		if n := r.reads.Load(); n < 10 || n > 12 {
			t.Errorf("focused: %d reads in 21 s, want about 11", n)
		}
		before := r.reads.Load()
		r.handle(tea.BlurMsg{})
		r.pass(62 * time.Second)
		if n := r.reads.Load() - before; n < 4 || n > 6 {
			t.Errorf("blurred: %d reads in 62 s, want about 5", n)
		}
		before = r.reads.Load()
		r.handle(tea.FocusMsg{})
		r.settle()
		if n := r.reads.Load() - before; n != 1 {
			t.Errorf("focus: %d reads at once, want 1", n)
		}
		r.handle(HideMsg{})
		before = r.reads.Load()
		r.pass(10 * time.Minute)
		if n := r.reads.Load() - before; n != 0 {
			t.Errorf("hidden: %d reads", n)
		}
		r.handle(ShowMsg{})
		r.settle()
		if n := r.reads.Load() - before; n != 1 {
			t.Errorf("shown: %d reads at once, want 1", n)
		}
	})
}

func TestFeedBacksOffAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Every(2*time.Second, 15*time.Second))
		defer r.stop()
		r.run(r.feed.Start())
		r.settle()
		r.fail.Store(true)
		r.pass(5 * time.Minute)
		if n := r.reads.Load(); n < 12 || n > 25 {
			t.Errorf("%d reads in 5 minutes of errors", n)
		}
		st := r.feed.State()
		if st.Health != HealthStale || !errors.Is(st.Err, errBroken) || st.Next.IsZero() {
			t.Errorf("state %+v", st)
		}
		if age := r.feed.Age(time.Now()); age < 4*time.Minute {
			t.Errorf("age %v", age)
		}
		if v, ok := r.feed.Value(); !ok || v != 1 {
			t.Errorf("the last good value is lost: %v %v", v, ok)
		}
		r.fail.Store(false)
		r.run(r.feed.Poke()) // jumps over the back-off
		r.settle()
		if st := r.feed.State(); st.Health != HealthLive || r.feed.Err() != nil {
			t.Errorf("state after recovery %+v", st)
		}
	})
}

func TestFeedEndsAndRevives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := false
		r := newRig(func(bool) time.Duration {
			if done {
				return 0
			}
			return time.Second
		})
		defer r.stop()
		r.run(r.feed.Start())
		r.pass(3 * time.Second)
		done = true
		r.pass(3 * time.Second)
		n := r.reads.Load()
		r.handle(tea.FocusMsg{})
		r.handle(ShowMsg{})
		r.run(r.feed.Start())
		r.pass(time.Minute)
		if got := r.reads.Load(); got != n {
			t.Errorf("an ended feed went on: %d reads more", got-n)
		}
		r.run(r.feed.Poke())
		r.settle()
		if got := r.reads.Load(); got != n+1 {
			t.Errorf("Poke after the end made %d reads", got-n)
		}
	})
}

func TestFeedPokeWhileReadingReadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Every(time.Hour, time.Hour))
		defer r.stop()
		r.latency.Store(int64(time.Second))
		r.run(r.feed.Start())
		r.settle()
		for range 5 {
			r.run(r.feed.Poke())
		}
		r.pass(10 * time.Second)
		if n := r.reads.Load(); n != 2 {
			t.Errorf("%d reads, want the one in flight and one after it", n)
		}
	})
}

func TestFeedGivesUpAHangingRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Every(time.Second, time.Second))
		defer r.stop()
		r.latency.Store(int64(time.Hour))
		r.run(r.feed.Start())
		r.pass(FeedTimeout + time.Second)
		if !errors.Is(r.feed.Err(), context.DeadlineExceeded) {
			t.Errorf("err = %v", r.feed.Err())
		}
	})
}

func TestFeedPanicIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Every(time.Second, time.Second))
		defer r.stop()
		r.feed.read = func(context.Context) (int64, error) { panic("boom\x1b[2J") }
		r.run(r.feed.Start())
		r.settle()
		text, _ := models.Explain(r.feed.Err())
		if text != "test: an internal error: boom" {
			t.Errorf("%q", text)
		}
	})
}

func TestFeedPrepareSeesEarlierReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Every(time.Second, time.Second))
		defer r.stop()
		r.feed.Prepare(func() func(context.Context) (int64, error) {
			v, _ := r.feed.Value()
			return func(context.Context) (int64, error) { return v + 10, nil }
		})
		r.run(r.feed.Start())
		r.pass(3500 * time.Millisecond)
		if v, _ := r.feed.Value(); v < 30 || v > 40 {
			t.Errorf("value %d: a cursor was behind", v)
		}
	})
}

// op is one thing that may happen to a feed.
type op struct {
	kind string
	wait time.Duration
}

// TestFeedModel tries sequences of everything and checks what must always hold.
func TestFeedModel(t *testing.T) {
	kinds := []string{"pass", "pass", "poke", "focus", "blur", "hide", "show", "fail", "heal", "slow", "fast", "start", "foreign"}
	rapid.Check(t, func(rt *rapid.T) {
		ops := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) op {
			return op{rapid.SampledFrom(kinds).Draw(rt, "kind"), time.Duration(rapid.IntRange(0, 20_000).Draw(rt, "ms")) * time.Millisecond}
		}), 1, 25).Draw(rt, "ops")
		var problem error
		synctest.Test(t, func(*testing.T) { problem = runOps(ops) })
		if problem != nil {
			rt.Fatal(problem)
		}
	})
}

func runOps(ops []op) error {
	r := newRig(Every(2*time.Second, 15*time.Second))
	defer r.stop()
	r.run(r.feed.Start())
	r.settle()
	hidden := false
	for i, o := range ops {
		hiddenBefore, reads := hidden, r.reads.Load()
		hidden = r.apply(o, hidden)
		r.settle()
		if hidden && hiddenBefore && r.reads.Load() > reads {
			return fmt.Errorf("op %d %v: read while hidden", i, o)
		}
		if r.most.Load() > 1 {
			return fmt.Errorf("op %d %v: %d reads at once", i, o, r.most.Load())
		}
		if v, _ := r.feed.Value(); v != r.fresh {
			return fmt.Errorf("op %d %v: value %d was never reported fresh", i, o, v)
		}
	}
	// Whatever happened, it goes on once it can.
	r.latency.Store(0)
	r.fail.Store(false)
	r.handle(ShowMsg{})
	r.pass(FeedTimeout + FeedMaxDelay + time.Second)
	before := r.reads.Load()
	r.pass(16 * time.Second)
	if r.reads.Load() == before || r.feed.Err() != nil {
		return fmt.Errorf("the feed has ended: %d reads, err %v", before, r.feed.Err())
	}
	return nil
}

func (r *rig) apply(o op, hidden bool) bool {
	switch o.kind {
	case "pass":
		r.pass(o.wait)
	case "poke":
		r.run(r.feed.Poke())
	case "start":
		r.run(r.feed.Start())
	case "focus":
		r.handle(tea.FocusMsg{})
	case "blur":
		r.handle(tea.BlurMsg{})
	case "hide":
		r.handle(HideMsg{})
		return true
	case "show":
		r.handle(ShowMsg{})
		return false
	case "fail":
		r.fail.Store(true)
	case "heal":
		r.fail.Store(false)
	case "slow":
		r.latency.Store(int64(o.wait))
	case "fast":
		r.latency.Store(0)
	case "foreign":
		r.handle(feedTick{feed: r.feed, gen: 99_999})
		r.handle(feedRead[int64]{feed: nil, value: -1})
	}
	return hidden
}

func TestBackoffBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 1000).Draw(rt, "n")
		d := backoff(n, rapid.Float64Range(0, 0.999).Draw(rt, "r"))
		if d < feedMinDelay/2 || d > FeedMaxDelay {
			rt.Fatalf("backoff(%d) = %v", n, d)
		}
	})
}
