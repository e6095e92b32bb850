package screens

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// cancelAtOnce is how many cancels are under way at a time.
const cancelAtOnce = 4

// queueCancel is a cancelling of one or many jobs that goes on.
type queueCancel struct {
	todo   []string        // not begun
	going  map[string]bool // begun, without an answer
	done   int
	spent  models.Money   // of those that are cancelled
	failed []jobCancelled // in the order of the answers
}

func (c *queueCancel) busy() bool { return len(c.todo) > 0 || len(c.going) > 0 }

// targets are the marked jobs, or the chosen one, that can be cancelled now.
func (s *queue) targets() (out []models.Job) {
	ids := s.marks
	if len(ids) == 0 {
		if id, ok := s.table.Selected(); ok {
			ids = []string{id}
		}
	}
	for _, id := range ids {
		if e, ok := s.find(id); ok && e.Job.Status.Live() && !s.cancel.going[id] {
			out = append(out, e.Job)
		}
	}
	return out
}

func (s *queue) cancelOff() string {
	switch {
	case s.cancel.busy():
		return "jobs are being cancelled"
	case len(s.targets()) == 0:
		return "nothing waits that could be cancelled"
	}
	return ""
}

// cancelPrompt says what each has cost so far, and all together.
func (s *queue) cancelPrompt() (title, body, typed string) {
	list, now := s.targets(), s.now(s.sc)
	if len(list) == 1 {
		return cancelPrompt(list[0], s.o, now)
	}
	var b strings.Builder
	var sum models.Money
	for i, j := range list {
		if m, _, ok := models.Spend(j, s.o.GPUs, now); ok {
			sum = sum.Add(m)
		}
		switch {
		case i < 8:
			fmt.Fprintf(&b, "%s · %s · %s\n", kit.Truncate(jobLabel(j), 30), models.Clean(string(j.Status)), jobCost(j, s.o, now))
		case i == 8:
			fmt.Fprintf(&b, "and %d more\n", len(list)-i)
		}
	}
	sum = sum.Round()
	fmt.Fprintf(&b, "\nTogether they have cost %s so far, which stays spent. A cancelled job cannot be resumed.", kit.Money(&sum))
	return "Cancel " + plural(len(list), "job") + "?", b.String(), "cancel"
}

func (s *queue) startCancel() tea.Cmd {
	s.touch()
	s.cancel = queueCancel{going: map[string]bool{}}
	for _, j := range s.targets() {
		s.cancel.todo = append(s.cancel.todo, j.ID)
	}
	s.marks = nil
	return s.nextCancels()
}

// nextCancels begins as many as may be under way.
func (s *queue) nextCancels() tea.Cmd {
	var cmds []tea.Cmd
	c := &s.cancel
	for len(c.todo) > 0 && len(c.going) < cancelAtOnce {
		id := c.todo[0]
		c.todo = c.todo[1:]
		c.going[id] = true
		cmds = append(cmds, cancelJob(s.sc, s.b, id))
	}
	return tea.Batch(cmds...)
}

// cancelled takes one outcome; the last of them is told with all others. The
// queue is read again then, which shows what has become of each.
func (s *queue) cancelled(m jobCancelled) tea.Cmd {
	c := &s.cancel
	if !c.going[m.id] {
		return nil
	}
	delete(c.going, m.id)
	if m.err != nil {
		c.failed = append(c.failed, m)
	} else {
		c.done++
		if spent, _, ok := models.Spend(m.job, s.o.GPUs, s.now(s.sc)); ok {
			c.spent = c.spent.Add(spent)
		}
	}
	if c.busy() {
		return s.nextCancels()
	}
	return tea.Batch(s.feed.Poke(), screen.Changed("job"), c.told(m))
}

// told sums the outcomes up; last is the one that came last.
func (c *queueCancel) told(last jobCancelled) tea.Cmd {
	if c.done+len(c.failed) == 1 {
		return last.told()
	}
	var cmds []tea.Cmd
	if c.done > 0 {
		spent := c.spent.Round()
		cmds = append(cmds, screen.Toast(screen.LevelGood, "%s cancelled. What was spent: %s", plural(c.done, "job"), kit.Money(&spent)))
	}
	if n := len(c.failed); n > 0 {
		first := c.failed[0]
		switch models.CodeOf(first.err) {
		case models.CodeNoRows, models.CodeForbidden: // policies: the same for all of them
			return tea.Batch(append(cmds, first.told())...)
		}
		text, hint := models.Explain(first.err)
		cmds = append(cmds, screen.Toast(screen.LevelWarn, "%s not cancelled: %s", plural(n, "job"), joined(text, hint)))
	}
	return tea.Batch(cmds...)
}
