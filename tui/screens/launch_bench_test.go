package screens

import (
	"testing"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

func BenchmarkLaunchView(b *testing.B) {
	sc, cancel := screen.NewScope(b.Context(), 1, clock)
	defer cancel()
	ds := readyDataset("ds1", "support chats", 1567, 313400)
	l := newLaunch(launchBackend(&launches{rows: map[string]models.NewJob{}}), testOptions())(sc, nil).(*launch)
	l.d.take(ds)
	f := screen.Frame{W: 120, H: 36, Theme: theme.New("dark", true, false, false), Now: clock(), Focus: true}
	b.Run("cold", func(b *testing.B) {
		for range b.N {
			l.touch()
			l.View(f)
		}
	})
	b.Run("key", func(b *testing.B) {
		for range b.N {
			l.Update(keyPress("down"))
			l.View(f)
		}
	})
	b.Run("end", func(b *testing.B) {
		for range b.N {
			l.Update(keyPress("end"))
			l.Update(keyPress("g"))
		}
	})
}
