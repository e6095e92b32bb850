package screens

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// mark marks the chosen job, or takes its mark, and goes to the next.
func (s *jobs) mark() tea.Cmd {
	s.touch()
	id, ok := s.table.Selected()
	if !ok {
		return nil
	}
	s.marks = toggled(s.marks, id)
	s.table.SetCursor(s.table.Cursor() + 1)
	s.built.stale()
	s.rows(s.last)
	return nil
}

func (s *jobs) unmark() tea.Cmd {
	s.touch()
	s.marks = nil
	s.built.stale()
	s.rows(s.last)
	return nil
}

func (s *jobs) unmarkOff() string {
	if len(s.marks) == 0 {
		return "no job is marked"
	}
	return ""
}

func (s *jobs) compareOff() string {
	switch n := len(s.marks); {
	case n < 2:
		return "mark two to five jobs with space"
	case n > compareMost:
		return fmt.Sprintf("%d jobs are marked, and %d can be told apart: u clears the marks", n, compareMost)
	}
	return ""
}

func (s *jobs) compare() tea.Cmd { return screen.Go("compare/" + strings.Join(s.marks, ",")) }

// markChip says how many jobs are marked.
func (s *jobs) markChip() string {
	if n := len(s.marks); n > 0 {
		return fmt.Sprintf("%d marked", n)
	}
	return ""
}

// markedLive are the marked jobs that have not ended and are not on their way
// to it.
func (s *jobs) markedLive() (out []models.Job) {
	for _, id := range s.marks {
		if j, ok := s.list.find(id); ok && !s.busy[id] {
			if j = s.live.merged(j); j.Status.Live() {
				out = append(out, j)
			}
		}
	}
	return out
}

func (s *jobs) cancelMarkedOff() string {
	if len(s.marks) == 0 {
		return "no job is marked"
	}
	if len(s.markedLive()) == 0 {
		return "the marked jobs have ended"
	}
	return ""
}

func (s *jobs) cancelMarkedPrompt() (title, body, typed string) {
	var b strings.Builder
	list := s.markedLive()
	for i, j := range list {
		if i == 8 {
			fmt.Fprintf(&b, "and %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(&b, "%s · %s · %s\n", kit.Truncate(jobLabel(j), 30), models.Clean(string(j.Status)), jobCost(j, s.o, s.now(s.sc)))
	}
	b.WriteString("\nWhat they have spent stays spent. A cancelled job cannot be resumed and leaves no artifact.")
	return "Cancel " + plural(len(list), "job") + "?", b.String(), "cancel"
}

func (s *jobs) cancelMarked() tea.Cmd {
	s.touch()
	var cmds []tea.Cmd
	for _, j := range s.markedLive() {
		s.busy[j.ID] = true
		cmds = append(cmds, cancelJob(s.sc, s.b, j.ID))
	}
	s.unmark()
	return tea.Batch(cmds...)
}

// markActions are the keys of marks.
func (s *jobs) markActions() []screen.Action {
	return []screen.Action{
		{ID: "jobs.mark", Keys: screen.Bind("space", "mark"), Off: s.noneOff, Do: s.mark},
		{ID: "jobs.compare", Keys: screen.Bind("C", "compare the marked"), Off: s.compareOff, Do: s.compare},
		{ID: "jobs.unmark", Keys: screen.Bind("u", "clear the marks"), Quiet: true, Off: s.unmarkOff, Do: s.unmark},
		{ID: "jobs.cancelMarked", Keys: screen.Bind("x", "cancel the marked"), Quiet: true, Off: s.cancelMarkedOff,
			Risk: screen.RiskTypeName, Prompt: s.cancelMarkedPrompt, Do: s.cancelMarked},
	}
}
