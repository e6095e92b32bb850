package screens

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// mark marks the chosen dataset, or takes its mark, and goes to the next.
func (s *datasets) mark() tea.Cmd {
	s.touch()
	id, _ := s.table.Selected()
	s.marks = toggled(s.marks, id)
	s.anchor = id
	s.table.SetCursor(s.table.Cursor() + 1)
	s.rows(s.last)
	return nil
}

// markRange marks all from the row marked last to the chosen one.
func (s *datasets) markRange() tea.Cmd {
	s.touch()
	from := slices.IndexFunc(s.list.items, func(d models.Dataset) bool { return d.ID == s.anchor })
	to := s.table.Cursor()
	if from < 0 {
		from = to
	}
	for i := min(from, to); i <= max(from, to) && i < len(s.list.items); i++ {
		if id := s.list.items[i].ID; !slices.Contains(s.marks, id) {
			s.marks = append(s.marks, id)
		}
	}
	s.rows(s.last)
	return nil
}

func (s *datasets) unmark() tea.Cmd {
	s.touch()
	s.marks, s.anchor = nil, ""
	s.rows(s.last)
	return nil
}

// markChip says how many datasets are marked.
func (s *datasets) markChip() string {
	if n := len(s.marks); n > 0 {
		return fmt.Sprintf("%d marked", n)
	}
	return ""
}

// uploadChip says what is known here of uploads that are not ended.
func (s *datasets) uploadChip() string {
	on, off := len(s.ups.desk.running()), len(s.ups.stopped())
	switch {
	case on > 0 && off > 0:
		return fmt.Sprintf("%s going on, %d unfinished (n)", plural(on, "upload"), off)
	case on > 0:
		return plural(on, "upload") + " going on"
	case off > 0:
		return plural(off, "unfinished upload") + " (n)"
	}
	return ""
}

// chosen are the marked datasets, or without marks the one under the cursor.
func (s *datasets) chosen() (out []models.Dataset) {
	for _, id := range s.marks {
		if d, ok := s.list.find(id); ok {
			out = append(out, d)
		}
	}
	if d, ok := s.selected(); len(s.marks) == 0 && ok {
		out = append(out, d)
	}
	return out
}

// markActions are the keys of marks.
func (s *datasets) markActions() []screen.Action {
	unmarkOff := func() string {
		if len(s.marks) == 0 {
			return "no dataset is marked"
		}
		return ""
	}
	return []screen.Action{
		{ID: "datasets.mark", Keys: screen.Bind("space", "mark"), Quiet: true, Off: s.noneOff, Do: s.mark},
		{ID: "datasets.range", Keys: screen.Bind("V", "mark from the last mark to here"), Quiet: true, Off: s.noneOff, Do: s.markRange},
		{ID: "datasets.unmark", Keys: screen.Bind("u", "clear the marks"), Quiet: len(s.marks) == 0, Off: unmarkOff, Do: s.unmark},
	}
}
