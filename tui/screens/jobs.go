package screens

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// jobStore is what the list of jobs needs of the backend.
type jobStore interface {
	Jobs
	Metrics
}

// jobs lists the training jobs and watches those in sight that have not ended.
type jobs struct {
	paint
	sc     screen.Scope
	b      jobStore
	o      Options
	list   *listing[models.Job]
	live   *liveSet
	table  *kit.Table
	sort   sortState
	status int // index into jobFilters
	busy   map[string]bool
	marks  []string // ids, in the order of marking
	built  built
}

func newJobs(b jobStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &jobs{sc: sc, b: b, o: o, table: kit.NewTable(jobColumns()...), sort: newSort(jobSorts()), busy: map[string]bool{}}
		s.list = newListing(sc, "list jobs", s.every, models.ListQuery{}, func(j models.Job) string { return j.ID }, b.Jobs)
		s.live = newLiveSet(sc, b, s.watched)
		s.showSort()
		return s
	}
}

// jobFilter is a choice of "f".
type jobFilter struct {
	label  string
	status []string
}

func jobFilters() []jobFilter {
	live := make([]string, 0, 3)
	for _, s := range models.CancellableStatuses() {
		live = append(live, string(s))
	}
	return []jobFilter{
		{"all states", nil}, {"not ended", live},
		{"completed only", []string{string(models.JobCompleted)}},
		{"failed only", []string{string(models.JobFailed)}},
		{"cancelled only", []string{string(models.JobCancelled)}},
	}
}

func jobSorts() []sortOption {
	return []sortOption{
		{"created_at", "age", false}, {"status", "status", true}, {"progress", "progress", false},
		{"current_cost", "cost", false}, {"preset_id", "preset", true},
	}
}

// every is the period at which the list itself is read again: it finds new
// jobs; the live reads move those that are there.
func (s *jobs) every(focused bool) time.Duration {
	if !focused {
		return time.Minute
	}
	return 15 * time.Second
}

// watched are the jobs in the window that have not ended.
func (s *jobs) watched() []models.Job {
	from, to := s.table.Visible()
	if to <= from {
		from, to = 0, 40
	}
	from, to = max(0, from-3), min(to+3, len(s.list.items))
	var out []models.Job
	for i := from; i < to; i++ {
		if j := s.live.merged(s.list.items[i]); j.Status.Live() {
			out = append(out, j)
		}
	}
	return out
}

func (s *jobs) Init() tea.Cmd { return tea.Batch(s.list.start(), s.live.feed.Start()) }

func (s *jobs) Title() string { return "Jobs" }

func (s *jobs) FeedState() screen.FeedState {
	if len(s.watched()) == 0 {
		return s.list.feed.State()
	}
	return screen.Worst(s.list.feed.State(), s.live.feed.State())
}

func (s *jobs) Link() string { return "jobs" }

func (s *jobs) Copy() string {
	id, _ := s.table.Selected()
	return id
}

// Filter searches on the server, by the name of the dataset.
func (s *jobs) Filter(text string) tea.Cmd {
	s.touch()
	if text == s.list.q.Search {
		return nil
	}
	return s.list.set(func(q *models.ListQuery) { q.Search = text })
}

func (s *jobs) FilterText() string { return s.list.q.Search }

func (s *jobs) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmds := make([]tea.Cmd, 0, 6)
	cmd, listed := s.list.update(msg)
	cmds = append(cmds, cmd)
	cmd, moved, ended := s.live.update(msg)
	cmds = append(cmds, cmd)
	if listed || moved {
		s.built.stale()
		s.rows(s.last)
	}
	if listed {
		cmds = append(cmds, s.live.wake())
	}
	if ended {
		cmds = append(cmds, s.list.refresh(), screen.Changed("job"))
	}
	if m, ok := msg.(jobCancelled); ok {
		delete(s.busy, m.id)
		cmds = append(cmds, m.told(), s.list.refresh())
	}
	cmds = append(cmds, moveList(s.list, s.table, below(msg, 1)), s.live.wake())
	return tea.Batch(cmds...)
}

// rows fills the table for a frame.
func (s *jobs) rows(f screen.Frame) {
	if s.built.fresh(f) {
		return
	}
	in := inksOf(f.Theme)
	rows := make([]kit.Row, len(s.list.items))
	for i, j := range s.list.items {
		j = s.live.merged(j)
		rows[i] = jobRow(in, s.o, j, s.live.spark(f.Theme, j.ID, jobSparkCells), s.live.rate(j.ID), f.Now)
		rows[i].Marked = slices.Contains(s.marks, j.ID)
	}
	s.table.SetRows(rows)
}

func (s *jobs) View(f screen.Frame) string {
	return s.frame(f, func(f screen.Frame) string {
		s.rows(f)
		head := chips(f.Theme, f.W, listCount(s.list, "job"), s.markChip(), jobFilters()[s.status].label, s.sort.text(f.Theme), searchChip(s.list.q.Search))
		foot := listFoot(f.Theme, s.list, f.Now, f.W, s.rowNote(f))
		return listBody(f, head, foot, func(w, h int) string {
			if len(s.list.items) == 0 {
				return s.empty(f, w, h)
			}
			return s.table.View(f.Theme, w, h, f.Focus)
		})
	})
}

// rowNote says what is wrong with the chosen job, or that the stream is stale.
func (s *jobs) rowNote(f screen.Frame) string {
	if err := s.live.feed.Err(); err != nil {
		return kit.ErrorLine(f.Theme, err, kit.Age(s.live.feed.State().At, f.Now), f.W)
	}
	j, ok := s.selected()
	if !ok {
		return ""
	}
	if d := models.DiagnoseJob(j, f.Now); d != nil {
		return diagnosisLine(f.Theme, d, f.W)
	}
	if j.ErrorMessage != nil && *j.ErrorMessage != "" {
		return f.Theme.Bad.Render(kit.Truncate(joined(models.Clean(*j.ErrorMessage), models.ErrorHint(*j.ErrorMessage)), f.W))
	}
	return ""
}

func (s *jobs) empty(f screen.Frame, w, h int) string {
	if s.list.q.Search != "" || s.status != 0 {
		return listEmpty(f.Theme, s.list, w, h, "No job matches.", "esc clears the search, f changes the state.")
	}
	return listEmpty(f.Theme, s.list, w, h, "No training job yet.", "n launches one with a dataset that is ready.")
}

// selected is the job under the cursor, as it is by the latest news.
func (s *jobs) selected() (models.Job, bool) {
	id, ok := s.table.Selected()
	if !ok {
		return models.Job{}, false
	}
	j, ok := s.list.find(id)
	return s.live.merged(j), ok
}

func (s *jobs) showSort() {
	s.list.q.Sort, s.list.q.Asc = s.sort.column(), s.sort.asc
	s.table.SetSort(s.sort.column(), s.sort.asc)
}

func (s *jobs) reorder() tea.Cmd {
	s.touch()
	return s.list.set(func(*models.ListQuery) { s.showSort() })
}

func (s *jobs) nextFilter() tea.Cmd {
	s.touch()
	s.status = (s.status + 1) % len(jobFilters())
	return s.list.set(func(q *models.ListQuery) { q.Status = jobFilters()[s.status].status })
}

func (s *jobs) noneOff() string {
	if _, ok := s.table.Selected(); !ok {
		return "no job is selected"
	}
	return ""
}

func (s *jobs) Actions() []screen.Action {
	open := func() tea.Cmd {
		id, _ := s.table.Selected()
		return screen.Go("job/" + id)
	}
	return append([]screen.Action{
		{ID: "jobs.open", Keys: screen.Bind("enter", "open"), Off: s.noneOff, Do: open},
		{ID: "jobs.launch", Keys: screen.Bind("n", "launch a new job"), Do: func() tea.Cmd { return screen.Go("launch") }},
		{ID: "jobs.cancel", Keys: screen.Bind("c", "cancel the job"), Off: s.cancelOff, Risk: screen.RiskConfirm, Prompt: s.cancelPrompt, Do: s.cancel},
		{ID: "jobs.filter", Keys: screen.Bind("f", "next state filter"), Do: s.nextFilter},
		{ID: "jobs.sort", Keys: screen.Bind("s", "sort by the next column"), Do: func() tea.Cmd { s.sort.cycle(); return s.reorder() }},
		{ID: "jobs.flip", Keys: screen.Bind("S", "reverse the order"), Quiet: true, Do: func() tea.Cmd { s.sort.flip(); return s.reorder() }},
		{ID: "jobs.again", Keys: screen.Bind("l", "launch again with its values"), Quiet: true, Off: s.againOff, Do: s.again},
		{ID: "jobs.dataset", Keys: screen.Bind("d", "open its dataset"), Quiet: true, Off: s.noneOff, Do: s.openDataset},
		{ID: "jobs.more", Keys: screen.Bind("+", "load more"), Quiet: true, Off: moreOff(s.list), Do: func() tea.Cmd { s.touch(); return s.list.more() }},
		{ID: "jobs.refresh", Keys: screen.Bind("r", "refresh"), Do: func() tea.Cmd {
			s.touch()
			return tea.Batch(s.list.refresh(), s.live.feed.Poke())
		}},
	}, s.markActions()...)
}

func (s *jobs) openDataset() tea.Cmd {
	j, _ := s.selected()
	return screen.Go("dataset/" + j.DatasetID)
}

func (s *jobs) againOff() string {
	j, ok := s.selected()
	if !ok {
		return "no job is selected"
	}
	return datasetOff(j)
}

func (s *jobs) again() tea.Cmd {
	j, _ := s.selected()
	return screen.Go(againLink(j, false))
}

func (s *jobs) cancelOff() string {
	j, ok := s.selected()
	switch {
	case !ok:
		return "no job is selected"
	case s.busy[j.ID]:
		return "being cancelled"
	}
	return cancelOff(j)
}

func (s *jobs) cancelPrompt() (title, body, typed string) {
	j, _ := s.selected()
	return cancelPrompt(j, s.o, s.now(s.sc))
}

func (s *jobs) cancel() tea.Cmd {
	s.touch()
	j, _ := s.selected()
	s.busy[j.ID] = true
	return cancelJob(s.sc, s.b, j.ID)
}

// costStyle colours a cost by its share of the estimate: 80 % and 100 % are the
// steps; nil below.
func costStyle(th *theme.Theme, j models.Job, o Options, now time.Time) *lipgloss.Style {
	share, ok := costShare(j, o, now)
	switch {
	case !ok || share < 0.8:
		return nil
	case share <= 1:
		return &th.Warn
	}
	return &th.Bad
}
