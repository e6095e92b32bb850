package screens

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// homeStore is what the home page needs of the backend.
type homeStore interface {
	Jobs
	Datasets
	Metrics
	Notifications
	Overview(ctx context.Context) (models.Overview, error)
}

// homePanel names a panel of the home page.
type homePanel int

const (
	homeJobs homePanel = iota
	homeDatasets
	homeInbox
	homeCost
	homePanels
)

// How many rows a panel reads, how wide it draws, and how often it reads.
const (
	homeRows  = 12
	homeSpark = 14 // cells
	homeBar   = 5  // cells
	homeFast  = 15 * time.Second
	homeSlow  = 10 * time.Second // as often as the header, so that both tell the same
	homeSleep = 3 * time.Minute
)

// home is the first page: what runs, what came lately, what wants reading, and
// what the month has cost. Each panel reads and fails on its own.
type home struct {
	paint
	sc       screen.Scope
	o        Options
	running  *screen.Feed[models.Page[models.Job]]
	recent   *screen.Feed[models.Page[models.Job]]
	datasets *screen.Feed[models.Page[models.Dataset]]
	inbox    *screen.Feed[models.Page[models.Notification]]
	overview *screen.Feed[models.Overview]
	live     *liveSet
	tables   [homePanels]*kit.Table
	focus    homePanel
	cells    [homePanels]rect
	built    built
}

func newHome(b homeStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &home{sc: sc, o: o}
		every := screen.Every(homeSlow, homeSleep)
		s.running = screen.NewFeed(sc, "list running jobs", screen.Every(homeFast, homeSleep), func(ctx context.Context) (models.Page[models.Job], error) {
			return b.Jobs(ctx, models.ListQuery{Status: jobFilters()[1].status, Limit: homeRows})
		})
		s.recent = screen.NewFeed(sc, "list jobs", every, func(ctx context.Context) (models.Page[models.Job], error) {
			return b.Jobs(ctx, models.ListQuery{Limit: homeRows})
		})
		s.datasets = screen.NewFeed(sc, "list datasets", every, func(ctx context.Context) (models.Page[models.Dataset], error) {
			return b.Datasets(ctx, models.ListQuery{Limit: homeRows})
		})
		s.inbox = screen.NewFeed(sc, "list notifications", every, func(ctx context.Context) (models.Page[models.Notification], error) {
			return b.Notifications(ctx, models.ListQuery{Unread: true, Limit: homeRows, Count: true})
		})
		s.overview = screen.NewFeed(sc, "read the month's cost", every, b.Overview)
		s.live = newLiveSet(sc, b, s.watched)
		s.tables = homeTables()
		return s
	}
}

func homeTables() [homePanels]*kit.Table {
	return [homePanels]*kit.Table{
		homeJobs: kit.NewTable(
			kit.Column{Title: "Status", Min: 13, Max: 14},
			kit.Column{Title: "Dataset", Min: 8},
			kit.Column{Title: "Loss over time", Min: homeSpark, Max: homeSpark, Drop: 1},
			kit.Column{Title: "Progress", Min: homeBar + 5, Max: homeBar + 5, Drop: 2},
			kit.Column{Title: "Cost", Min: 7, Max: 8, Right: true, Drop: 3},
			kit.Column{Title: "ETA", Min: 7, Max: 7, Right: true, Drop: 4},
			kit.Column{Title: "Loss", Min: 6, Max: 8, Right: true, Drop: 5},
		),
		homeDatasets: kit.NewTable(
			kit.Column{Title: "Status", Min: 12, Max: 12},
			kit.Column{Title: "Name", Min: 16},
			kit.Column{Title: "Pairs", Min: 6, Max: 7, Right: true, Drop: 2},
			kit.Column{Title: "Age", Min: 4, Max: 4, Right: true, Drop: 1},
		),
		homeInbox: kit.NewTable(
			kit.Column{Title: "Unread", Min: 18},
			kit.Column{Title: "Priority", Min: 8, Max: 8, Drop: 2},
			kit.Column{Title: "Age", Min: 4, Max: 4, Right: true, Drop: 1},
		),
		homeCost: kit.NewTable(),
	}
}

func (s *home) Init() tea.Cmd {
	return tea.Batch(s.running.Start(), s.recent.Start(), s.datasets.Start(), s.inbox.Start(), s.overview.Start(), s.live.feed.Start())
}

// jobs are those that run or wait; when there is none, the latest that ended.
func (s *home) jobs() []models.Job {
	run, _ := s.running.Value()
	var out []models.Job
	for _, j := range run.Items {
		if j = s.live.merged(j); j.Status.Live() {
			out = append(out, j)
		}
	}
	if len(out) > 0 {
		return out
	}
	recent, _ := s.recent.Value()
	for _, j := range recent.Items {
		out = append(out, s.live.merged(j))
	}
	return out
}

func (s *home) watched() []models.Job {
	run, _ := s.running.Value()
	var out []models.Job
	for _, j := range run.Items {
		if j = s.live.merged(j); j.Status.Live() {
			out = append(out, j)
		}
	}
	return out
}

func (s *home) Title() string { return "Home" }

func (s *home) Link() string { return "home" }

func (s *home) Copy() string {
	id, _ := s.tables[s.focus].Selected()
	return id
}

func (s *home) FeedState() screen.FeedState {
	states := []screen.FeedState{s.running.State(), s.datasets.State(), s.inbox.State(), s.overview.State()}
	if len(s.watched()) > 0 {
		states = append(states, s.live.feed.State())
	}
	return screen.Worst(states...)
}

func (s *home) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	var cmds []tea.Cmd
	add := func(cmd tea.Cmd, fresh bool) {
		cmds = append(cmds, cmd)
		if fresh {
			s.built.stale()
		}
	}
	add(s.running.Update(msg))
	add(s.recent.Update(msg))
	add(s.datasets.Update(msg))
	add(s.inbox.Update(msg))
	add(s.overview.Update(msg))
	cmd, moved, ended := s.live.update(msg)
	add(cmd, moved)
	cmds = append(cmds, s.live.wake())
	if ended {
		cmds = append(cmds, s.refresh(), screen.Changed("job"))
	}
	switch m := msg.(type) {
	case tea.KeyPressMsg, tea.MouseWheelMsg:
		s.tables[s.focus].Update(msg)
	case tea.MouseClickMsg:
		s.click(m)
	}
	return tea.Batch(cmds...)
}

// click puts the focus on a panel and the cursor on its row.
func (s *home) click(m tea.MouseClickMsg) {
	for p := range homePanels {
		if s.cells[p].holds(m.X, m.Y) {
			s.focus = p
			s.tables[p].Click(m.Y - s.cells[p].y - 1)
		}
	}
}

func (s *home) refresh() tea.Cmd {
	return tea.Batch(s.running.Poke(), s.recent.Poke(), s.datasets.Poke(), s.inbox.Poke(), s.overview.Poke(), s.live.feed.Poke())
}

// Wake reads again when the page is on top again.
func (s *home) Wake() tea.Cmd { return s.live.wake() }

// open follows the row under the cursor.
func (s *home) open() tea.Cmd {
	id, ok := s.tables[s.focus].Selected()
	switch {
	case s.focus == homeCost:
		return screen.Go("costs")
	case s.focus == homeJobs && ok:
		return screen.Go("job/" + id)
	case s.focus == homeJobs:
		return screen.Go("jobs")
	case s.focus == homeDatasets && ok:
		return screen.Go("dataset/" + id)
	case s.focus == homeDatasets:
		return screen.Go("datasets")
	case ok:
		return s.openNotification(id)
	}
	return screen.Go("inbox")
}

// openNotification goes to what it points to, else to the inbox.
func (s *home) openNotification(id string) tea.Cmd {
	page, _ := s.inbox.Value()
	for _, n := range page.Items {
		if n.ID != id || n.ActionURL == nil {
			continue
		}
		if t, ok := models.ParseActionURL(*n.ActionURL); ok {
			return screen.Go(t.Kind + "/" + t.ID)
		}
	}
	return screen.Go("inbox")
}

func (s *home) Actions() []screen.Action {
	move := func(d homePanel) func() tea.Cmd {
		return func() tea.Cmd {
			s.touch()
			s.focus = (s.focus + d + homePanels) % homePanels
			return nil
		}
	}
	return []screen.Action{
		{ID: "home.open", Keys: screen.Bind("enter", "open"), Do: s.open},
		{ID: "home.next", Keys: screen.Bind("tab", "next panel"), Do: move(1)},
		{ID: "home.prev", Keys: screen.Bind("shift+tab", "previous panel"), Quiet: true, Do: move(homePanels - 1)},
		{ID: "home.launch", Keys: screen.Bind("n", "launch a job"), Do: func() tea.Cmd { return screen.Go("launch") }},
		{ID: "home.refresh", Keys: screen.Bind("r", "refresh"), Do: func() tea.Cmd {
			s.touch()
			return s.refresh()
		}},
	}
}
