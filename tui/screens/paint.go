package screens

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// paint keeps the last drawn frame of a screen. touch forgets it; ages of rows
// make it stale after a tick of its own, so that the shell's redraws of every
// message and every second cost nothing.
type paint struct {
	last  screen.Frame // theme and time of the last View, for what Update builds
	key   paintKey
	text  string
	valid bool
	rowed paintKey // theme and tick that the rows of a table were made for
}

type paintKey struct {
	w, h  int
	theme string
	focus bool
	tick  int64
}

// paintTick is how long drawn ages may stay as they are.
const paintTick = 5 * time.Second

// touch makes the next View draw anew.
func (p *paint) touch() { p.valid = false }

// frame returns the kept frame, or draws it: exactly f.W × f.H cells.
func (p *paint) frame(f screen.Frame, draw func(screen.Frame) string) string {
	key := paintKey{w: f.W, h: f.H, theme: f.Theme.ID, focus: f.Focus, tick: f.Now.Unix() / int64(paintTick/time.Second)}
	if p.valid && p.key == key {
		return p.text
	}
	p.last, p.key, p.valid = f, key, true
	if f.W < 1 || f.H < 1 {
		p.text = kit.Fit("", f.W, f.H)
		return p.text
	}
	p.text = kit.Fit(draw(f), f.W, f.H)
	return p.text
}

// rowsDue reports, once, that rows made for an earlier frame show ages or styles
// of then. What changes the rows themselves makes them anew at once.
func (p *paint) rowsDue(f screen.Frame) bool {
	key := paintKey{theme: f.Theme.ID, tick: f.Now.Unix() / int64(paintTick/time.Second)}
	due := key != p.rowed
	p.rowed = key
	return due
}

// now is the time of the last frame, or the scope's before the first.
func (p *paint) now(sc screen.Scope) time.Time {
	if p.last.Now.IsZero() {
		return sc.Now()
	}
	return p.last.Now
}

// inks is a theme that stays where it is, so that the cells of a table can point
// at its styles.
type inks struct{ th theme.Theme }

func inksOf(th theme.Theme) *inks { return &inks{th: th} }

// below moves a mouse event into a part of the screen that begins at line y.
func below(msg tea.Msg, y int) tea.Msg {
	if m, ok := msg.(tea.MouseClickMsg); ok {
		m.Y -= y
		return m
	}
	return msg
}

// moveList moves in the table of a list and loads more near its end.
func moveList[T any](l *listing[T], t *kit.Table, msg tea.Msg) tea.Cmd {
	if t.Update(msg) && t.NearEnd() {
		return l.more()
	}
	return nil
}
