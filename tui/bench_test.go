package tui

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
	"github.com/loratop/loratop/tui/tuitest"
)

// pump runs the commands of a shell until nothing comes back soon: what waits
// (feeds, clocks) is left to itself.
func pump(s *shell, cmd tea.Cmd) {
	msgs := make(chan tea.Msg, 1000)
	var start func(tea.Cmd)
	start = func(c tea.Cmd) {
		if c == nil {
			return
		}
		go func() {
			m := c()
			// tea.Batch gives a slice of commands, of a type of its own or not.
			if v := reflect.ValueOf(m); v.IsValid() && v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
				for i := range v.Len() {
					start(v.Index(i).Interface().(tea.Cmd))
				}
				return
			}
			if m != nil {
				msgs <- m
			}
		}()
	}
	start(cmd)
	for {
		select {
		case m := <-msgs:
			_, c := s.Update(m)
			start(c)
		case <-time.After(150 * time.Millisecond):
			return
		}
	}
}

func benchShell(b *testing.B, link string, w, h int, more func(*tuitest.Fake)) *shell {
	b.Helper()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f := tuitest.NewFake(now)
	if more != nil {
		more(f)
	}
	so := screens.Options{GPUs: models.GPUs(), Presets: models.Presets()}
	o := Options{Link: link, Now: func() time.Time { return now }, Theme: "dark", Env: []string{}}.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	s := newShell(ctx, o, f, screens.All(f, so))
	s.Update(tea.WindowSizeMsg{Width: w, Height: h})
	pump(s, s.Init())
	s.View()
	return s
}

// fiftyJobs makes 50 running jobs with points.
func fiftyJobs(f *tuitest.Fake) {
	base := f.JobRows[0]
	for i := range 50 {
		j := base
		j.ID = fmt.Sprintf("a1000000-0000-4000-8000-%012d", i)
		f.JobRows = append(f.JobRows, j)
		f.Points[j.ID] = tuitest.SamplePoints(j.ID, 300, j.StartedAt.Time)
	}
}

// BenchmarkKeyToView is what a key costs until the frame is ready to be painted.
func BenchmarkKeyToView(b *testing.B) {
	for _, page := range []string{"home", "datasets", "jobs", "job/a0000000-0000-4000-8000-000000000001", "launch", "costs", "inbox"} {
		b.Run(page[:min(len(page), 9)], func(b *testing.B) {
			s := benchShell(b, page, 120, 40, fiftyJobs)
			keys := []tea.KeyPressMsg{{Code: 'j', Text: "j"}, {Code: 'k', Text: "k"}}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.Update(keys[i%2])
				s.View()
				i++
			}
		})
	}
}

// BenchmarkCursorToView is a cursor key over the charts of a long job, all of
// which are drawn again, until the frame is ready to be painted.
func BenchmarkCursorToView(b *testing.B) {
	const id = "a0000000-0000-4000-8000-000000000001"
	s := benchShell(b, "job/"+id, 120, 36, func(f *tuitest.Fake) {
		f.Points[id] = tuitest.SamplePoints(id, 20_000, time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC))
	})
	keys := []tea.KeyPressMsg{{Code: tea.KeyLeft}, {Code: tea.KeyRight}}
	s.Update(keys[0])
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.Update(keys[i%2])
		s.View()
		i++
	}
}

// BenchmarkIdleView is a message that changes nothing.
func BenchmarkIdleView(b *testing.B) {
	s := benchShell(b, "jobs", 120, 40, fiftyJobs)
	b.ReportAllocs()
	for b.Loop() {
		s.Update(clockMsg{gen: 0})
		s.View()
	}
}
