package screen

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
)

func scope(t *testing.T) (Scope, context.CancelFunc, *Group) {
	t.Helper()
	g := new(Group)
	sc, cancel := NewScope(WithGroup(context.Background(), g), 42, nil)
	t.Cleanup(cancel)
	return sc, cancel, g
}

func TestDoAddressesAndLimits(t *testing.T) {
	sc, _, _ := scope(t)
	m := Do(sc, "op", time.Minute, func(ctx context.Context) tea.Msg {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("no deadline")
		}
		return "hi"
	})()
	if a, ok := m.(Addressed); !ok || a.To != 42 || a.Msg != "hi" {
		t.Errorf("%#v", m)
	}
	if m := Do(sc, "op", 0, func(context.Context) tea.Msg { return nil })(); m != nil {
		t.Errorf("nil became %#v", m)
	}
}

func TestDoPanicBecomesFailed(t *testing.T) {
	sc, _, _ := scope(t)
	m := Do(sc, "launch", 0, func(context.Context) tea.Msg { panic(errors.New("nope")) })()
	f, ok := m.(Addressed).Msg.(Failed)
	if !ok || f.Op != "launch" || models.CodeOf(f.Failure()) != models.CodeUnknown || f.Stack == "" {
		t.Errorf("%#v", m)
	}
}

func TestGroupWaitsForCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, cancel, g := scope(t)
		cmd := Do(sc, "park", 0, func(ctx context.Context) tea.Msg {
			<-ctx.Done()
			time.Sleep(time.Second) // parks
			return nil
		})
		go cmd()
		synctest.Wait()
		short, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		if g.Wait(short) {
			t.Error("Wait returned while a command runs")
		}
		cancel()
		if !g.Wait(context.Background()) {
			t.Error("Wait gave up")
		}
	})
}

func TestStreamKeepsTheNewestAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, _, g := scope(t)
		cmd := Stream(sc, "download", func(_ context.Context, emit func(tea.Msg)) tea.Msg {
			for i := range 1000 {
				emit(i)
				time.Sleep(time.Millisecond)
			}
			return "end"
		})
		var got []tea.Msg
		last := -1
		for cmd != nil {
			a := cmd().(Addressed)
			got = append(got, a.Msg)
			if n, ok := a.Msg.(int); ok {
				if n <= last {
					t.Errorf("%d after %d", n, last)
				}
				last = n
			}
			cmd = a.Next
		}
		if got[len(got)-1] != "end" || len(got) > 25 || len(got) < 15 {
			t.Errorf("%d messages, last %v", len(got), got[len(got)-1])
		}
		if !g.Wait(context.Background()) {
			t.Error("the stream still counts")
		}
	})
}

func TestStreamPanic(t *testing.T) {
	sc, _, _ := scope(t)
	m := Stream(sc, "x", func(context.Context, func(tea.Msg)) tea.Msg { panic(1) })()
	if _, ok := m.(Addressed).Msg.(Failed); !ok {
		t.Errorf("%#v", m)
	}
}

func TestParseLink(t *testing.T) {
	for link, want := range map[string][]string{
		"": {""}, "/jobs/": {"jobs"}, "job/1/logs": {"job", "1", "logs"}, " job / 2 ": {"job", "2"},
	} {
		name, args := ParseLink(link)
		if name != want[0] || len(args) != len(want)-1 {
			t.Errorf("%q: %q %q", link, name, args)
		}
		if got := args.At(5); got != "" {
			t.Errorf("At(5) = %q", got)
		}
	}
}

func TestWorst(t *testing.T) {
	now := time.Now()
	live, stale := FeedState{Health: HealthLive, At: now}, FeedState{Health: HealthStale, At: now}
	old := FeedState{Health: HealthLive, At: now.Add(-time.Minute)}
	if got := Worst(live, stale, old); got.Health != HealthStale {
		t.Errorf("%+v", got)
	}
	if got := Worst(live, old); !got.At.Equal(old.At) {
		t.Errorf("%+v", got)
	}
	if got := Worst(); got.Health != HealthNone {
		t.Errorf("%+v", got)
	}
}

func TestToastIsClean(t *testing.T) {
	m := Toast(LevelBad, "bad %s", "\x1b[2Jthing\n")().(ToastMsg)
	if m.Text != "bad thing " && m.Text != "bad thing" {
		t.Errorf("%q", m.Text)
	}
}

func TestDetachedOutlivesItsScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(Group)
		root, quit := context.WithCancel(WithGroup(context.Background(), g))
		defer quit()
		sc, leave := NewScope(root, 42, nil)
		got := make(chan tea.Msg, 1)
		cmd := Detached(sc, "upload", func(ctx context.Context) tea.Msg {
			<-ctx.Done()
			return "parked"
		})
		go func() { got <- cmd() }()
		leave()
		synctest.Wait()
		select {
		case m := <-got:
			t.Fatalf("ended with its screen: %v", m)
		default:
		}
		quit()
		if m := <-got; m != "parked" {
			t.Errorf("%v", m)
		}
		if !g.Wait(context.Background()) {
			t.Error("it still counts")
		}
	})
	sc, _, _ := scope(t)
	if m, ok := Detached(sc, "upload", func(context.Context) tea.Msg { panic("x") })().(Failed); !ok || m.Op != "upload" {
		t.Errorf("%#v", m)
	}
}
