package screens

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// datasetStore is what the page of one dataset needs of the backend.
type datasetStore interface {
	Datasets
	DatasetEdits
	DatasetFiles
	Uploads
	Jobs(ctx context.Context, q models.ListQuery) (models.Page[models.Job], error)
	Artifacts(ctx context.Context, q models.ListQuery) (models.Page[models.Artifact], error)
}

// dataset is the page of one dataset: its facts and what the validator found,
// its samples, what it holds, and the jobs and artifacts that came from it.
type dataset struct {
	paint
	sc   screen.Scope
	b    datasetStore
	o    Options
	id   string
	feed *screen.Feed[models.Dataset]
	uses *screen.Feed[datasetUses]
	ups  *deskWatch

	view    datasetView
	doc     *kit.Scroller
	table   *kit.Table
	samples *browser
	report  *reportPane
	folded  bool
	split   int // column where the right pane begins; 0: one pane at a time
	top     int // lines above the body
	usesY   int // line of the body where the table of uses begins
	tabs    [][2]int

	form    *datasetForm
	op      *longOp
	stored  storedFile
	probing bool
	jumpTo  jsonl.Finding // shown once the file is open
	saved   models.Downloaded
}

// datasetView is the part of the page that is looked at.
type datasetView int

// The views in their order.
const (
	viewOverview datasetView = iota
	viewSamples
	viewContents
	viewUses
	datasetViews
)

func (v datasetView) title() string {
	return [...]string{"Overview", "Samples", "Contents", "Jobs and artifacts"}[v]
}

// datasetUses are the jobs and artifacts of a dataset, newest first.
type datasetUses struct {
	jobs      models.Page[models.Job]
	artifacts models.Page[models.Artifact]
}

const datasetUsesMax = 50

func newDataset(b datasetStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	k := o.deskOf(b)
	return func(sc screen.Scope, args screen.Args) screen.Screen {
		s := &dataset{sc: sc, b: b, o: o, id: args.At(0), folded: true, doc: kit.NewScroller(true), report: newReportPane(),
			samples: newBrowser(sc, b), ups: newDeskWatch(sc, k), table: kit.NewTable(
				kit.Column{Title: "What", Min: 9, Max: 9},
				kit.Column{Title: "State", Min: 12, Max: 14},
				kit.Column{Title: "Name", Min: 8},
				kit.Column{Title: "Cost", Min: 8, Max: 10, Right: true, Drop: 2},
				kit.Column{Title: "Age", Min: 4, Max: 5, Right: true, Drop: 1},
			)}
		s.samples.by = o.Tokens
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
	return tea.Batch(s.feed.Start(), s.uses.Start(), s.ups.start())
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

// Capturing is true while a text is typed.
func (s *dataset) Capturing() bool { return s.form != nil || s.samples.prompt != nil }

// Filter searches the samples.
func (s *dataset) Filter(text string) tea.Cmd {
	s.touch()
	if text != "" && s.view != viewSamples {
		s.view = viewSamples
	}
	s.samples.search(text)
	if text == "" {
		return nil
	}
	return s.samples.open()
}

// FilterText is what is searched for.
func (s *dataset) FilterText() string { return s.samples.needle }

// Close ends what goes on for this page only.
func (s *dataset) Close() {
	s.samples.halt()
	if s.op != nil {
		s.op.cancel()
	}
}

// Busy names what quitting would interrupt.
func (s *dataset) Busy() string {
	if s.op != nil {
		return "what is going on: " + s.op.what
	}
	return ""
}

// Progress of what goes on, for the terminal's own progress bar.
func (s *dataset) Progress() (percent int, ok bool) { return s.op.percent() }

func (s *dataset) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.feed.Update(msg)
	if fresh {
		cmd = tea.Batch(cmd, s.arrived())
	}
	more, used := s.uses.Update(msg)
	if used {
		s.rows(s.last)
	}
	up, moved := s.ups.update(msg)
	if moved {
		up = tea.Batch(up, s.uploadMoved())
	}
	cmd = tea.Batch(cmd, more, up, s.own(msg))
	if s.wide() { // what it holds stands beside the overview
		cmd = tea.Batch(cmd, s.samples.open())
	}
	return cmd
}

// own takes the page's own results, keys and the mouse.
func (s *dataset) own(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case partRead:
		return tea.Batch(s.samples.update(m), s.afterRead())
	case opMoved:
		if m.op == s.op {
			s.op.moved(m)
		}
	case opEnded:
		return s.ended(m)
	case probed:
		s.probing = false
		s.stored = m.found
	case datasetPatched:
		return s.patched(m)
	case datasetsMoved:
		return tea.Batch(m.told(), s.feed.Poke())
	case screen.Failed:
		s.broken(m.Err)
	case tea.KeyPressMsg:
		return s.key(m)
	case tea.PasteMsg:
		return s.typed(m)
	case tea.MouseWheelMsg, tea.MouseClickMsg:
		return s.mouse(m)
	}
	return nil
}

// arrived takes a row that was read.
func (s *dataset) arrived() tea.Cmd {
	d, _ := s.feed.Value()
	if s.samples.took && s.samples.data.Status != d.Status {
		s.stored = storedUnknown
	}
	s.samples.take(d)
	cmd := s.probe(d)
	if s.view == viewSamples || s.view == viewContents {
		cmd = tea.Batch(cmd, s.samples.open())
	}
	return cmd
}

// uploadMoved reads the row when an upload of it has ended here.
func (s *dataset) uploadMoved() tea.Cmd {
	d, ok := s.feed.Value()
	if r, mine := s.ups.desk.get(s.id); ok && mine && r.state == deskDone && d.Status != r.got.Status {
		return s.feed.Poke()
	}
	return nil
}

// probed is whether the file of a stuck dataset is stored.
type probed struct{ found storedFile }

// probe asks, once, for the file of a dataset that is stuck.
func (s *dataset) probe(d models.Dataset) tea.Cmd {
	if s.probing || s.stored != storedUnknown || models.DiagnoseDataset(d, s.now(s.sc)) == nil {
		return nil
	}
	s.probing = true
	b := s.b
	return screen.Do(s.sc, "look for the stored file", editTimeout, func(ctx context.Context) tea.Msg {
		p, err := b.DatasetPart(ctx, d, 0, 1)
		switch {
		case err == nil && (len(p.Data) > 0 || p.Size >= 0):
			return probed{storedThere}
		case models.CodeOf(err) == models.CodeNotFound:
			return probed{storedMissing}
		}
		return probed{storedUnknown}
	})
}

// patched takes the outcome of renaming.
func (s *dataset) patched(m datasetPatched) tea.Cmd {
	if s.form == nil {
		return nil
	}
	cmd, over := s.form.done(m)
	if over {
		s.form = nil
	}
	return tea.Batch(cmd, s.feed.Poke())
}

// broken ends what went on after a panic of its command.
func (s *dataset) broken(error) {
	s.op = nil
	s.samples.halt()
	if s.form != nil {
		s.form.sending = false
	}
}

// afterRead shows a finding once the file is open.
func (s *dataset) afterRead() tea.Cmd {
	x := s.jumpTo
	if x.Line == 0 || !s.samples.fromFile() || s.samples.reading != readNothing {
		return nil
	}
	s.jumpTo = jsonl.Finding{}
	return s.samples.jumpInto(x.Offset, x.Line)
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
