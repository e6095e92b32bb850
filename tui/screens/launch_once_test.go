package screens

import (
	"context"
	"testing"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// launcher drives launch screens one command at a time, in an order that the
// test decides: commands wait in a queue until they are run, or are lost.
type launcher struct {
	t     *rapid.T
	build func(screen.Scope, screen.Args) screen.Screen
	s     screen.Screen
	stop  context.CancelFunc
	queue []tea.Cmd
	won   int // launches that the screen saw succeed, and told so
	ids   uint64
}

func (l *launcher) open() {
	if l.stop != nil {
		l.stop()
	}
	l.ids++
	var sc screen.Scope
	sc, l.stop = screen.NewScope(context.Background(), l.ids, clock)
	l.s, l.queue = l.build(sc, screen.Args{"ds1"}), nil
	l.push(l.s.Init())
}

func (l *launcher) push(c tea.Cmd) {
	if c != nil {
		l.queue = append(l.queue, c)
	}
}

// step runs the oldest command that waits.
func (l *launcher) step() {
	if len(l.queue) == 0 {
		return
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	switch m := c().(type) {
	case tea.BatchMsg:
		for _, c := range m {
			l.push(c)
		}
	case screen.Addressed:
		if m.To != l.ids {
			return
		}
		was := l.s.(*launch).left
		l.push(l.s.Update(m.Msg))
		if l.s.(*launch).left && !was {
			l.won++
		}
	case screen.GoMsg:
		l.open() // the shell puts the job in place of the form; later the form is opened again
	}
}

func (l *launcher) key(k string) {
	p := keyPress(k)
	for _, a := range l.s.Actions() {
		if a.Do != nil && claims(a, k) {
			if a.Why() == "" {
				l.push(a.Do())
			}
			return
		}
	}
	l.push(l.s.Update(p))
}

// Whatever keys come, whatever fails, whichever answers are lost and however
// often the form is left and opened: there is never a second job for one launch.
func TestLaunchNeverMakesASecondJob(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := &launches{rows: map[string]models.NewJob{}}
		l := &launcher{t: t, build: newLaunch(launchBackend(rows), testOptions())}
		l.open()
		for range rapid.IntRange(20, 120).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				rows.fail, rows.lost = nil, false
			case 1:
				rows.fail, rows.lost = &models.Error{Code: models.CodeTimeout, Msg: "no answer"}, rapid.Bool().Draw(t, "lost")
			case 2:
				l.open() // the answer of a running try is lost with the screen
			case 3, 4, 5:
				l.step()
			default:
				l.key(rapid.SampledFrom([]string{"v", "L", "L", "esc", "right", "down", "L"}).Draw(t, "key"))
			}
			if n := len(rows.rows); n > l.won+1 {
				t.Fatalf("%d jobs after %d launches that were seen to succeed", n, l.won)
			}
		}
		l.stop()
	})
}
