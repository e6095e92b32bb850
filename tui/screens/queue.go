package screens

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// queue lists the jobs that have not started: where each stands, how long it
// waits, and what holds it. It cancels one or many.
type queue struct {
	paint
	sc     screen.Scope
	b      Jobs
	o      Options
	feed   *screen.Feed[[]models.Job]
	q      models.Queue
	at     time.Time // the queue was built for
	table  *kit.Table
	marks  []string // ids, in the order of marking
	cancel queueCancel
}

func newQueue(b Jobs, o Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &queue{sc: sc, b: b, o: o, table: kit.NewTable(
			kit.Column{Title: "#", Min: 3, Max: 4, Right: true},
			kit.Column{Title: "Status", Min: 13, Max: 14, Drop: 1},
			kit.Column{Title: "Dataset", Min: 12, Max: 40},
			kit.Column{Title: "Waited", Min: 7, Max: 8, Right: true},
			kit.Column{Title: "Starts in", Min: 9, Max: 9, Right: true, Drop: 2},
			kit.Column{Title: "Cost", Min: 7, Max: 9, Right: true, Drop: 4},
			kit.Column{Title: "What holds it", Min: 18, Drop: 3},
		)}
		s.feed = screen.NewFeed(sc, "read the queue", screen.Every(5*time.Second, 30*time.Second),
			func(ctx context.Context) ([]models.Job, error) { return QueueJobs(ctx, b) })
		s.cancel.going = map[string]bool{}
		return s
	}
}

func (s *queue) Init() tea.Cmd { return s.feed.Start() }

func (s *queue) Title() string { return "Queue" }

func (s *queue) Link() string { return "queue" }

func (s *queue) FeedState() screen.FeedState { return s.feed.State() }

func (s *queue) Copy() string {
	id, _ := s.table.Selected()
	return id
}

// Busy names what quitting would interrupt.
func (s *queue) Busy() string {
	if s.cancel.busy() {
		return "cancelling"
	}
	return ""
}

func (s *queue) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.feed.Update(msg)
	if m, ok := msg.(jobCancelled); ok {
		cmd = tea.Batch(cmd, s.cancelled(m))
		fresh = true
	}
	if fresh {
		s.build(s.now(s.sc))
		s.rows(s.last)
	}
	s.table.Update(below(msg, 1))
	return cmd
}

// build orders the queue for a moment; marks of jobs that have left it go.
func (s *queue) build(now time.Time) {
	jobs, _ := s.feed.Value()
	s.q, s.at = models.BuildQueue(jobs, now), now
	s.marks = slices.DeleteFunc(s.marks, func(id string) bool { _, there := s.find(id); return !there })
}

func (s *queue) find(id string) (models.Queued, bool) {
	i := slices.IndexFunc(s.q.Jobs, func(e models.Queued) bool { return e.Job.ID == id })
	if i < 0 {
		return models.Queued{}, false
	}
	return s.q.Jobs[i], true
}

func (s *queue) selected() (models.Queued, bool) {
	id, ok := s.table.Selected()
	if !ok {
		return models.Queued{}, false
	}
	return s.find(id)
}

func (s *queue) rows(f screen.Frame) {
	in := inksOf(f.Theme)
	rows := make([]kit.Row, len(s.q.Jobs))
	for i, e := range s.q.Jobs {
		position, starts := kit.Cell{Text: kit.None, Style: &in.th.Dim}, kit.Cell{Text: kit.None, Style: &in.th.Dim}
		if e.Position > 0 {
			position = kit.Cell{Text: strconv.Itoa(e.Position)}
		}
		status, hold := kit.StatusCell(in.th, e.Job.Status), kit.Cell{Text: e.Hold, Style: &in.th.Dim}
		switch {
		case e.Known && e.Expect < time.Second:
			starts = kit.Cell{Text: "now"}
		case e.Known:
			starts = kit.Cell{Text: kit.Duration(e.Expect)}
		}
		if e.Overdue {
			status = kit.Cell{Text: in.th.Glyph("⚠", "!") + " " + models.Clean(string(e.Job.Status)), Style: &in.th.Warn}
			hold.Style = &in.th.Warn
		}
		if s.cancel.going[e.Job.ID] {
			hold = kit.Cell{Text: "being cancelled…", Style: &in.th.Info}
		}
		rows[i] = kit.Row{ID: e.Job.ID, Marked: slices.Contains(s.marks, e.Job.ID), Cells: []kit.Cell{
			position, status, datasetCell(in, e.Job), {Text: kit.Duration(e.Waited)}, starts, {Text: jobCost(e.Job, s.o, f.Now)}, hold,
		}}
	}
	s.table.SetRows(rows)
}

func (s *queue) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *queue) draw(f screen.Frame) string {
	if f.Now.Sub(s.at) >= paintTick {
		s.build(f.Now)
	}
	s.rows(f)
	return listBody(f, s.head(f), s.foot(f), func(w, h int) string {
		if len(s.q.Jobs) == 0 {
			return s.empty(f, w, h)
		}
		return s.table.View(f.Theme, w, h, f.Focus)
	})
}

// head sums the queue up.
func (s *queue) head(f screen.Frame) string {
	if s.feed.Loading() {
		return chips(f.Theme, f.W, "loading…")
	}
	usual, marks := "", ""
	if s.q.Starts > 0 {
		usual = "a start takes " + kit.Duration(s.q.Usual) + ", of the last " + strconv.Itoa(s.q.Starts)
	}
	if n := len(s.marks); n > 0 {
		marks = fmt.Sprintf("%d marked", n)
	}
	starting := ""
	if s.q.Starting > 0 {
		starting = fmt.Sprintf("%d being submitted", s.q.Starting)
	}
	return chips(f.Theme, f.W, fmt.Sprintf("%d waiting", s.q.Waiting), marks, starting, fmt.Sprintf("%d running", s.q.Running), usual)
}

// foot says what holds the chosen job, and what positions cannot count.
func (s *queue) foot(f screen.Frame) string {
	if err := s.feed.Err(); err != nil && !s.feed.Loading() {
		return kit.ErrorLine(f.Theme, err, kit.Age(s.feed.State().At, f.Now), f.W)
	}
	e, ok := s.selected()
	if !ok {
		return ""
	}
	if e.Overdue {
		return join2(wrapped(f.Theme.Warn.Render, "! "+joined(e.Hold, e.Hint), f.W))
	}
	return join2(wrapped(f.Theme.Dim.Render, e.Hold+". Positions count your own jobs: those of others are not visible, and may be ahead.", f.W))
}

// join2 is at most two lines.
func join2(lines []string) string {
	if len(lines) > 1 {
		return lines[0] + "\n" + lines[1]
	}
	return lines[0]
}

func (s *queue) empty(f screen.Frame, w, h int) string {
	if _, ok := s.feed.Value(); !ok {
		if err := s.feed.Err(); err != nil {
			text, what := models.Explain(err)
			return kit.Empty(f.Theme, text, what, w, h)
		}
		return kit.Empty(f.Theme, "Loading…", "", w, h)
	}
	hint := "n launches a job."
	if s.q.Running > 0 {
		hint = plural(s.q.Running, "job") + " of yours " + map[bool]string{true: "runs", false: "run"}[s.q.Running == 1] + "; n launches another."
	}
	return kit.Empty(f.Theme, "Nothing waits.", hint, w, h)
}

func (s *queue) noneOff() string {
	if _, ok := s.table.Selected(); !ok {
		return "nothing waits"
	}
	return ""
}

func (s *queue) mark() tea.Cmd {
	s.touch()
	id, ok := s.table.Selected()
	if !ok {
		return nil
	}
	s.marks = toggled(s.marks, id)
	s.table.SetCursor(s.table.Cursor() + 1)
	return nil
}

// markAll marks every job, or none if all are marked.
func (s *queue) markAll() tea.Cmd {
	s.touch()
	if len(s.marks) == len(s.q.Jobs) {
		s.marks = nil
		return nil
	}
	s.marks = nil
	for _, e := range s.q.Jobs {
		s.marks = append(s.marks, e.Job.ID)
	}
	return nil
}

func (s *queue) Actions() []screen.Action {
	one := screen.Action{ID: "queue.cancel", Keys: screen.Bind("x", "cancel"), Off: s.cancelOff, Risk: screen.RiskConfirm,
		Prompt: s.cancelPrompt, Do: s.startCancel}
	if len(s.marks) > 1 {
		one.Keys, one.Risk = screen.Bind("x", "cancel the marked"), screen.RiskTypeName
	}
	return []screen.Action{
		{ID: "queue.open", Keys: screen.Bind("enter", "open"), Off: s.noneOff, Do: func() tea.Cmd { return screen.Go("job/" + s.Copy()) }},
		{ID: "queue.mark", Keys: screen.Bind("space", "mark"), Off: s.noneOff, Do: s.mark},
		{ID: "queue.markAll", Keys: screen.Bind("a", "mark all or none"), Quiet: true, Off: s.noneOff, Do: s.markAll},
		one,
		{ID: "queue.launch", Keys: screen.Bind("n", "launch a job"), Do: func() tea.Cmd { return screen.Go("launch") }},
		{ID: "queue.refresh", Keys: screen.Bind("r", "refresh"), Quiet: true, Do: func() tea.Cmd { s.touch(); return s.feed.Poke() }},
	}
}
