package screens

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/screen"
)

// Actions are those of the chart, and of the table below.
func (s *compare) Actions() []screen.Action {
	if s.saver.open {
		return s.saver.choices("compare", s.sc, s.o.DownloadDir, s.summed(), s.touch, s.snapshot)
	}
	do := func(f func()) func() tea.Cmd {
		return func() tea.Cmd {
			s.touch()
			f()
			s.stale = true
			return s.closer()
		}
	}
	o := &s.chart.Options
	out := []screen.Action{
		{ID: "compare.full", Keys: screen.Bind("f", "the chart alone, or the table too", "f", "enter"), Do: do(func() { s.full = !s.full })},
		{ID: "compare.next", Keys: screen.Bind("]", "next metric", "]", "m"), Do: do(func() { s.choose(1) })},
		{ID: "compare.prev", Keys: screen.Bind("[", "previous metric", "[", "M"), Quiet: true, Do: do(func() { s.choose(-1) })},
		{ID: "compare.axis", Keys: screen.Bind("X", "over step, time, epoch or cost"), Do: s.nextAxis},
		{ID: "compare.diff", Keys: screen.Bind("d", "all values, or differences"), Do: do(func() { s.all = !s.all })},
		{ID: "compare.log", Keys: screen.Bind("l", "log scale"), Do: do(func() { o.LogY = !o.LogY })},
		{ID: "compare.robust", Keys: screen.Bind("x", "leave outliers out"), Quiet: true, Do: do(func() { o.Robust = !o.Robust })},
		{ID: "compare.smooth", Keys: screen.Bind("s", "smoothing"), Do: do(func() { s.smooth = (s.smooth + 1) % len(smoothings()) })},
		{ID: "compare.hide", Keys: key.NewBinding(key.WithHelp("A-E", "hide or show the line of a job")), Quiet: true},
		{ID: "compare.left", Keys: screen.Bind("left", "cursor left"), Quiet: true, Do: do(func() { s.move(-1) })},
		{ID: "compare.right", Keys: screen.Bind("right", "cursor right"), Quiet: true, Do: do(func() { s.move(1) })},
		{ID: "compare.farLeft", Keys: screen.Bind("H", "cursor far left"), Quiet: true, Do: do(func() { s.move(-10) })},
		{ID: "compare.farRight", Keys: screen.Bind("L", "cursor far right"), Quiet: true, Do: do(func() { s.move(10) })},
		{ID: "compare.refresh", Keys: screen.Bind("r", "refresh"), Quiet: true, Do: func() tea.Cmd {
			s.touch()
			return s.stream.feed.Poke()
		}},
		s.saver.action("compare", s.touch),
		mouseAction("compare", "on the chart: wheel zooms, drag pans, click puts the cursor and on the title fills the page, right follows the newest, middle shows all"),
	}
	out = append(out, viewActions("compare", &s.plotView, &s.paint, do)...)
	if s.saver.stop != nil {
		return append(out, s.saver.stopAction("compare", s.touch))
	}
	if s.cursor == nil && !s.zoomed() && !s.full {
		return out
	}
	return append(out, screen.Action{ID: "compare.out", Keys: screen.Bind("esc", "cursor off, all in view, the table too", "esc", "alt+esc"), Quiet: true, Do: do(s.out)})
}

// toggle hides or shows the line of a job by its letter; false for what is none.
// The last line stays.
func (s *compare) toggle(letter string) bool {
	if len(letter) != 1 || letter[0] < 'A' || int(letter[0]-'A') >= len(s.ids) {
		return false
	}
	id := s.ids[letter[0]-'A']
	if s.hidden[id] {
		delete(s.hidden, id)
	} else if len(s.hidden) < len(s.ids)-1 {
		s.hidden[id] = true
	}
	s.stale = true
	s.measure()
	return true
}

// hiddenLetters names the jobs without a line.
func (s *compare) hiddenLetters() (out string) {
	for i, id := range s.ids {
		if s.hidden[id] {
			out += string(rune('A' + i))
		}
	}
	return out
}

func (s *compare) choose(d int) {
	s.metric = (s.metric + metric(d) + metricCount) % metricCount
	s.measure()
}

func (s *compare) nextAxis() tea.Cmd {
	s.touch()
	s.stale = true
	left := ""
	for {
		a := (s.axis + 1) % axisCount
		s.turnTo(a)
		why := s.axisOff(a)
		if a == axisStep || why == "" {
			break
		}
		left = "not over " + a.String() + ": " + why
	}
	s.measure()
	if left != "" {
		return screen.Toast(screen.LevelInfo, "%s", left)
	}
	return nil
}

func (s *compare) out() {
	switch {
	case s.cursor != nil:
		s.cursor = nil
	case s.zoomed():
		s.reset()
	default:
		s.full = false
	}
}

// move moves the cursor by cells.
func (s *compare) move(d int) {
	_, hi, ok := s.chart.XRange()
	switch {
	case !ok:
	case s.cursor == nil:
		s.cursor = &hi
	default:
		if x, ok := s.chart.XMove(*s.cursor, d); ok {
			s.cursor = &x
		}
	}
}

// mouse zooms with the wheel, puts the cursor with a click, and moves with a
// drag; below the chart the wheel moves the table.
func (s *compare) mouse(msg tea.MouseMsg) {
	e := msg.Mouse()
	if !s.cells.holds(e.X, e.Y) {
		s.table.Update(msg)
		return
	}
	x, ok := s.chart.XAt(e.X - s.cells.x)
	switch m := msg.(type) {
	case tea.MouseClickMsg:
		s.click(m, x, ok)
	case tea.MouseMotionMsg:
		if m.Button == tea.MouseLeft && s.zoomed() {
			s.pan(float64(s.dragX-m.X) / float64(max(s.cells.w, 1)))
			s.dragX = m.X
		} else if m.Button == tea.MouseLeft && ok {
			s.cursor = &x
		}
	case tea.MouseWheelMsg:
		s.wheel(m, x, ok)
	}
}

func (s *compare) click(m tea.MouseClickMsg, x float64, ok bool) {
	s.dragX = m.X
	switch {
	case m.Button == tea.MouseRight:
		s.tail()
	case m.Button == tea.MouseMiddle:
		s.reset()
	case m.Y == s.cells.y && s.cells.h >= 3:
		s.full = !s.full
	case ok:
		s.cursor = &x
	}
}

func (s *compare) wheel(m tea.MouseWheelMsg, x float64, ok bool) {
	side := m.Mod&tea.ModShift != 0
	switch {
	case m.Button == tea.MouseWheelLeft || side && m.Button == tea.MouseWheelUp:
		s.pan(-0.1)
	case m.Button == tea.MouseWheelRight || side && m.Button == tea.MouseWheelDown:
		s.pan(0.1)
	case !ok:
	case m.Button == tea.MouseWheelUp:
		s.zoom(x, zoomStep)
	case m.Button == tea.MouseWheelDown:
		s.zoom(x, 1/zoomStep)
	}
}
