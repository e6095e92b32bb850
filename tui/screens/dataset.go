package screens

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// datasetStore is what the page of one dataset needs of the backend.
type datasetStore interface {
	Datasets
	Jobs(ctx context.Context, q models.ListQuery) (models.Page[models.Job], error)
	Artifacts(ctx context.Context, q models.ListQuery) (models.Page[models.Artifact], error)
}

// dataset is the page of one dataset: its facts, what the validator found, its
// sample conversations, and the jobs and artifacts that came from it.
type dataset struct {
	paint
	id     string
	feed   *screen.Feed[models.Dataset]
	uses   *screen.Feed[datasetUses]
	doc    *kit.Scroller
	table  *kit.Table
	pane   int // 0 the text, 1 what came from it
	folded bool
	split  int // column where the right pane begins; 0: one pane at a time
}

// datasetUses are the jobs and artifacts of a dataset, newest first.
type datasetUses struct {
	jobs      models.Page[models.Job]
	artifacts models.Page[models.Artifact]
}

const datasetUsesMax = 50

func newDataset(b datasetStore, _ Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, args screen.Args) screen.Screen {
		s := &dataset{id: args.At(0), folded: true, doc: kit.NewScroller(true), table: kit.NewTable(
			kit.Column{Title: "What", Min: 9, Max: 9},
			kit.Column{Title: "State", Min: 12, Max: 14},
			kit.Column{Title: "Name", Min: 8},
			kit.Column{Title: "Cost", Min: 8, Max: 10, Right: true, Drop: 2},
			kit.Column{Title: "Age", Min: 4, Max: 5, Right: true, Drop: 1},
		)}
		id := s.id
		s.feed = screen.NewFeed(sc, "read dataset", s.every, func(ctx context.Context) (models.Dataset, error) { return b.Dataset(ctx, id) })
		s.uses = screen.NewFeed(sc, "read what came from the dataset", s.everyUses, func(ctx context.Context) (datasetUses, error) {
			return readUses(ctx, b, id)
		})
		return s
	}
}

func readUses(ctx context.Context, b datasetStore, id string) (u datasetUses, err error) {
	q := models.ListQuery{DatasetID: id, Limit: datasetUsesMax}
	if u.jobs, err = b.Jobs(ctx, q); err != nil {
		return u, err
	}
	u.artifacts, err = b.Artifacts(ctx, q)
	return u, err
}

// every reads often while the dataset is on its way, seldom when it is settled.
func (s *dataset) every(focused bool) time.Duration {
	d, _ := s.feed.Value()
	if focused && (d.Status == models.DatasetUploading || d.Status == models.DatasetValidating) {
		return 4 * time.Second
	}
	return time.Minute
}

func (s *dataset) everyUses(focused bool) time.Duration {
	u, _ := s.uses.Value()
	for _, j := range u.jobs.Items {
		if focused && j.Status.Live() {
			return 10 * time.Second
		}
	}
	return 2 * time.Minute
}

func (s *dataset) Init() tea.Cmd {
	if s.id == "" {
		return screen.Replace("datasets")
	}
	return tea.Batch(s.feed.Start(), s.uses.Start())
}

func (s *dataset) Title() string {
	if d, ok := s.feed.Value(); ok {
		return "Dataset " + models.Clean(d.Name)
	}
	return "Dataset"
}

func (s *dataset) FeedState() screen.FeedState { return s.feed.State() }

func (s *dataset) Copy() string { return s.id }

func (s *dataset) Link() string { return "dataset/" + s.id }

func (s *dataset) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, _ := s.feed.Update(msg)
	more, fresh := s.uses.Update(msg)
	if fresh {
		s.rows(s.last)
	}
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		s.key(m)
	case tea.MouseWheelMsg:
		s.wheel(m)
	case tea.MouseClickMsg:
		s.click(m)
	}
	return tea.Batch(cmd, more)
}

func (s *dataset) key(k tea.KeyPressMsg) {
	switch {
	case k.String() == "tab" || k.String() == "shift+tab":
		s.pane = 1 - s.pane
	case s.pane == 1:
		s.table.Update(k)
	default:
		s.doc.Update(k)
	}
}

func (s *dataset) wheel(m tea.MouseWheelMsg) {
	right := s.split > 0 && m.X >= s.split || s.split == 0 && s.pane == 1
	if right {
		s.table.Update(m)
		return
	}
	s.doc.Update(m)
}

func (s *dataset) click(m tea.MouseClickMsg) {
	if s.split > 0 {
		s.pane = 0
		if m.X >= s.split {
			s.pane = 1
		}
	}
	if s.pane == 1 {
		s.table.Update(below(m, 1))
	}
}

// rows fills the table of what came from the dataset.
func (s *dataset) rows(f screen.Frame) {
	u, _ := s.uses.Value()
	in := inksOf(f.Theme)
	rows := make([]kit.Row, 0, len(u.jobs.Items)+len(u.artifacts.Items))
	for _, a := range u.artifacts.Items {
		rows = append(rows, kit.Row{ID: "artifact/" + a.ID, Cells: []kit.Cell{
			{Text: "artifact", Style: &in.th.Accent}, kit.StatusCell(in.th, a.Status), {Text: models.Clean(a.Name)},
			{Text: kit.Money(artifactCost(a))}, {Text: kit.Age(a.CreatedAt.Time, f.Now), Style: &in.th.Dim},
		}})
	}
	for _, j := range u.jobs.Items {
		cost := j.FinalCost
		if cost == nil {
			cost = j.CurrentCost
		}
		rows = append(rows, kit.Row{ID: "job/" + j.ID, Cells: []kit.Cell{
			{Text: "job", Style: &in.th.Dim}, kit.StatusCell(in.th, j.Status), {Text: models.Clean(j.PresetID)},
			{Text: kit.Money(cost)}, {Text: kit.Age(j.CreatedAt.Time, f.Now), Style: &in.th.Dim},
		}})
	}
	s.table.SetRows(rows)
}

func (s *dataset) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *dataset) draw(f screen.Frame) string {
	th := f.Theme
	d, ok := s.feed.Value()
	if !ok {
		text, hint := "Loading…", ""
		if err := s.feed.Err(); err != nil {
			text, hint = models.Explain(err)
		}
		return kit.Empty(th, text, hint, f.W, f.H)
	}
	h, foot := f.H, ""
	if err := s.feed.Err(); err != nil && h > 3 {
		h--
		foot = kit.ErrorLine(th, err, kit.Age(s.feed.State().At, f.Now), f.W)
	}
	return kit.JoinV(s.panes(f, d, h), foot)
}

// panes puts text and table side by side where there is room, else one at a
// time.
func (s *dataset) panes(f screen.Frame, d models.Dataset, h int) string {
	th := f.Theme
	if s.rowsDue(f) {
		s.rows(f)
	}
	name := models.Clean(d.Name)
	s.split = 0
	if f.W >= 110 {
		s.split = f.W * 3 / 5
		iw, ih := kit.PanelInner(s.split, h)
		left := kit.Panel(th, name, s.text(f, d, iw, ih), s.split, h, f.Focus && s.pane == 0)
		iw, ih = kit.PanelInner(f.W-s.split, h)
		return kit.JoinH(left, kit.Panel(th, s.usesTitle(), s.usesBody(f, iw, ih), f.W-s.split, h, f.Focus && s.pane == 1))
	}
	iw, ih := kit.PanelInner(f.W, h)
	if s.pane == 1 {
		return kit.Panel(th, s.usesTitle(), s.usesBody(f, iw, ih), f.W, h, f.Focus)
	}
	return kit.Panel(th, name, s.text(f, d, iw, ih), f.W, h, f.Focus)
}

func (s *dataset) text(f screen.Frame, d models.Dataset, w, h int) string {
	if w < 1 || h < 1 {
		return ""
	}
	lines := datasetLines(f.Theme, d, f.Now, max(1, w-2), s.folded)
	s.doc.SetContent(strings.Join(lines, "\n"))
	return s.doc.View(f.Theme, w, h)
}

func (s *dataset) usesTitle() string {
	u, ok := s.uses.Value()
	if !ok {
		return "Jobs and artifacts"
	}
	return plural(len(u.jobs.Items), "job") + " and " + plural(len(u.artifacts.Items), "artifact")
}

func (s *dataset) usesBody(f screen.Frame, w, h int) string {
	_, ok := s.uses.Value()
	switch {
	case !ok && s.uses.Err() != nil:
		text, hint := models.Explain(s.uses.Err())
		return kit.Empty(f.Theme, text, hint, w, h)
	case !ok:
		return kit.Empty(f.Theme, "Loading…", "", w, h)
	case s.table.Len() == 0:
		return kit.Empty(f.Theme, "Nothing has been trained with it yet.", "l launches a job with it.", w, h)
	}
	return s.table.View(f.Theme, w, h, f.Focus && s.pane == 1)
}

func (s *dataset) Actions() []screen.Action {
	return []screen.Action{
		{ID: "dataset.launch", Keys: screen.Bind("l", "launch with it"), Off: s.launchOff, Do: func() tea.Cmd { return screen.Go("launch/" + s.id) }},
		{ID: "dataset.open", Keys: screen.Bind("enter", "open job or artifact"), Off: s.openOff, Do: func() tea.Cmd {
			link, _ := s.table.Selected()
			return screen.Go(link)
		}},
		{ID: "dataset.pane", Keys: screen.Bind("tab", "other pane", "tab", "shift+tab")},
		{ID: "dataset.fold", Keys: screen.Bind("z", "fold samples"), Do: func() tea.Cmd {
			s.touch()
			s.folded = !s.folded
			return nil
		}},
		{ID: "dataset.path", Keys: screen.Bind("p", "copy storage path"), Quiet: true, Off: s.loadedOff, Do: func() tea.Cmd {
			d, _ := s.feed.Value()
			return screen.Copy("storage path", models.Clean(d.StorageBucket+"/"+d.StoragePath))
		}},
		{ID: "dataset.refresh", Keys: screen.Bind("r", "refresh"), Do: func() tea.Cmd {
			s.touch()
			return tea.Batch(s.feed.Poke(), s.uses.Poke())
		}},
	}
}

func (s *dataset) loadedOff() string {
	if _, ok := s.feed.Value(); !ok {
		return "the dataset is not loaded"
	}
	return ""
}

func (s *dataset) launchOff() string {
	d, ok := s.feed.Value()
	if !ok {
		return "the dataset is not loaded"
	}
	_, why := d.Trainable()
	return why
}

func (s *dataset) openOff() string {
	if s.pane != 1 {
		return "tab goes to the jobs and artifacts first"
	}
	if _, ok := s.table.Selected(); !ok {
		return "there is none"
	}
	return ""
}
