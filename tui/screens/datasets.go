package screens

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// datasetsStore is what the list of datasets needs of the backend.
type datasetsStore interface {
	Datasets
	DatasetEdits
	Uploads
}

// datasets lists the user's datasets, or the trash.
type datasets struct {
	paint
	sc     screen.Scope
	b      datasetsStore
	list   *listing[models.Dataset]
	table  *kit.Table
	sort   sortState
	status int // index into datasetFilters
	ups    *deskWatch
	form   *datasetForm
	marks  []string // ids in the order of marking
	anchor string   // where a range begins: the row marked last
	moving bool     // rows are on their way to the trash, or back
}

func newDatasets(b datasetsStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	k := o.deskOf(b)
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &datasets{sc: sc, b: b, ups: newDeskWatch(sc, k), table: kit.NewTable(datasetColumns()...), sort: newSort(datasetSorts())}
		s.list = newListing(sc, "list datasets", s.every, models.ListQuery{}, func(d models.Dataset) string { return d.ID }, b.Datasets)
		s.showSort()
		return s
	}
}

// datasetFilters are the states that "f" cycles through; "" is all.
func datasetFilters() []models.DatasetStatus {
	return []models.DatasetStatus{"", models.DatasetReady, models.DatasetValidating, models.DatasetUploading, models.DatasetError}
}

func datasetSorts() []sortOption {
	return []sortOption{
		{"created_at", "age", false}, {"name", "name", true}, {"total_training_pairs", "pairs", false},
		{"total_tokens", "tokens", false}, {"file_size", "size", false},
	}
}

// trainableColumn tells in the trash how long ago it was deleted.
const trainableColumn = 5

func datasetColumns() []kit.Column {
	return []kit.Column{
		{Title: "Status", Min: 12, Max: 12, Drop: 1},
		{Title: "Name", Min: 24, Sort: "name"},
		{Title: "Pairs", Min: 7, Max: 7, Right: true, Drop: 2, Sort: "total_training_pairs"},
		{Title: "Tokens", Min: 7, Max: 7, Right: true, Drop: 4, Sort: "total_tokens"},
		{Title: "Size", Min: 8, Max: 8, Right: true, Drop: 5, Sort: "file_size"},
		{Title: "Trainable", Min: 9, Max: 9, Drop: 6},
		{Title: "Age", Min: 5, Max: 5, Right: true, Drop: 3, Sort: "created_at"},
	}
}

// every is the refresh period: quick while a row is on its way.
func (s *datasets) every(focused bool) time.Duration {
	if !focused {
		return time.Minute
	}
	for _, d := range s.list.items {
		if d.Status == models.DatasetUploading || d.Status == models.DatasetValidating {
			return 4 * time.Second
		}
	}
	return 15 * time.Second
}

func (s *datasets) Init() tea.Cmd { return tea.Batch(s.list.start(), s.ups.start()) }

// Capturing is true while the form is open.
func (s *datasets) Capturing() bool { return s.form != nil }

func (s *datasets) Title() string { return "Datasets" }

func (s *datasets) FeedState() screen.FeedState { return s.list.feed.State() }

func (s *datasets) Link() string { return "datasets" }

func (s *datasets) Copy() string {
	id, _ := s.table.Selected()
	return id
}

func (s *datasets) Filter(text string) tea.Cmd {
	s.touch()
	if text == s.list.q.Search {
		return nil
	}
	return s.list.set(func(q *models.ListQuery) { q.Search = text })
}

func (s *datasets) FilterText() string { return s.list.q.Search }

func (s *datasets) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.list.update(msg)
	up, moved := s.ups.update(msg)
	if fresh || moved {
		s.rows(s.last)
	}
	if m, ok := msg.(uploadDropped); ok && m.err == nil {
		up = tea.Batch(up, s.list.refresh())
	}
	return tea.Batch(cmd, up, s.own(msg))
}

// own takes the screen's own results, keys and the mouse.
func (s *datasets) own(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case datasetsMoved:
		return s.moved(m)
	case datasetPatched:
		if s.form == nil {
			return nil
		}
		cmd, over := s.form.done(m)
		if over {
			s.form = nil
		}
		return tea.Batch(cmd, s.list.refresh())
	case screen.Failed:
		s.moving = false
		if s.form != nil {
			s.form.sending = false
		}
		return nil
	}
	if s.form != nil {
		return s.form.form.Update(msg)
	}
	return moveList(s.list, s.table, below(msg, 1))
}

// rows fills the table for a frame: ages and styles depend on it.
func (s *datasets) rows(f screen.Frame) {
	rows := make([]kit.Row, len(s.list.items))
	in := inksOf(f.Theme)
	for i, d := range s.list.items {
		rows[i] = datasetRow(in, d, f.Now)
		rows[i].Marked = slices.Contains(s.marks, d.ID)
		if c, ok := uploadCell(in, d, s.ups.of(d.ID)); ok {
			rows[i].Cells[0] = c
		}
		if s.list.q.Deleted {
			rows[i].Cells[trainableColumn] = kit.Cell{Text: kit.Age(d.DeletedAt.Time, f.Now) + " ago", Style: &in.th.Dim}
		}
	}
	s.table.SetRows(rows)
}

// uploadCell is the status of a dataset of which this machine knows the upload.
func uploadCell(in *inks, d models.Dataset, up upState) (kit.Cell, bool) {
	if d.Status != models.DatasetUploading || !d.DeletedAt.IsZero() {
		return kit.Cell{}, false
	}
	switch up.kind {
	case upNone:
		return kit.Cell{}, false
	case upRunning, upElsewhere:
		if up.stage() != up.percent() {
			return kit.Cell{Text: fmt.Sprintf("%s read %d%%", in.th.Glyph("◐", "~"), up.stage()), Style: &in.th.Info}, true
		}
		return kit.Cell{Text: fmt.Sprintf("%s sent %d%%", in.th.Glyph("↑", "^"), up.percent()), Style: &in.th.Info}, true
	}
	return kit.Cell{Text: fmt.Sprintf("%s held %d%%", in.th.Glyph("‖", "="), up.percent()), Style: &in.th.Warn}, true
}

func datasetRow(in *inks, d models.Dataset, now time.Time) kit.Row {
	status := kit.StatusCell(in.th, d.Status)
	if models.DiagnoseDataset(d, now) != nil {
		status = kit.Cell{Text: in.th.Glyph("⚠", "!") + " stuck", Style: &in.th.Warn}
	}
	trainable := kit.Cell{Text: in.th.Glyph("✓", "+") + " yes", Style: &in.th.Good}
	if ok, _ := d.Trainable(); !ok {
		trainable = kit.Cell{Text: "no", Style: &in.th.Faint}
	}
	return kit.Row{ID: d.ID, Cells: []kit.Cell{
		status, {Text: models.Clean(d.Name)}, {Text: fitInt(d.TotalTrainingPairs)}, {Text: fitInt(d.TotalTokens)},
		{Text: sizeText(d.FileSize)}, trainable, {Text: kit.Age(d.CreatedAt.Time, now), Style: &in.th.Dim},
	}}
}

// fitInt is an exact number where it has room in a column of 7 cells.
func fitInt(n *models.Int) string {
	if text := kit.Int(n); len(text) <= 7 || n == nil {
		return text
	}
	return kit.CountOf(n)
}

// sizeText is the size of a file; an import does not know it and says 0.
func sizeText(n models.Int) string {
	if n <= 0 {
		return "–"
	}
	return kit.Bytes(int64(n))
}

func (s *datasets) View(f screen.Frame) string {
	return s.frame(f, func(f screen.Frame) string {
		if s.rowsDue(f) {
			s.rows(f)
		}
		q := s.list.q
		filter := "all states"
		if st := datasetFilters()[s.status]; st != "" {
			filter = string(st) + " only"
		}
		s.table.SetTitle(trainableColumn, "Trainable")
		if q.Deleted {
			filter = "trash"
			s.table.SetTitle(trainableColumn, "Deleted")
		}
		head := chips(f.Theme, f.W, listCount(s.list, "dataset"), s.markChip(), s.uploadChip(), filter, s.sort.text(f.Theme), searchChip(q.Search))
		foot := listFoot(f.Theme, s.list, f.Now, f.W, s.rowNote(f))
		out := listBody(f, head, foot, func(w, h int) string {
			if len(s.list.items) == 0 {
				return s.empty(f, w, h)
			}
			return s.table.View(f.Theme, w, h, f.Focus)
		})
		if s.form != nil {
			return s.form.over(f, out)
		}
		return out
	})
}

// rowNote explains the chosen row when it is stuck or failed.
func (s *datasets) rowNote(f screen.Frame) string {
	d, ok := s.selected()
	if !ok {
		return ""
	}
	up := s.ups.of(d.ID)
	if diagnosis := diagnoseDataset(d, up, storedUnknown, f.Now); diagnosis != nil && d.DeletedAt.IsZero() {
		return strings.Join(wrapped(f.Theme.Warn.Render, diagnosisText(diagnosis), f.W), "\n")
	}
	if up.kind == upRunning {
		return f.Theme.Info.Render(kit.Truncate(uploadLine(up), f.W))
	}
	if d.Status == models.DatasetError && d.ErrorMessage != nil {
		return strings.Join(wrapped(f.Theme.Bad.Render, models.Clean(*d.ErrorMessage), f.W), "\n")
	}
	return ""
}

func (s *datasets) empty(f screen.Frame, w, h int) string {
	q := s.list.q
	switch {
	case q.Search != "" || len(q.Status) > 0:
		return listEmpty(f.Theme, s.list, w, h, "No dataset matches.", "esc clears the search, f changes the state.")
	case q.Deleted:
		return listEmpty(f.Theme, s.list, w, h, "The trash is empty.", "t goes back to the datasets.")
	}
	return listEmpty(f.Theme, s.list, w, h, "No datasets yet.", "n uploads a file as one.")
}

func (s *datasets) selected() (models.Dataset, bool) {
	id, ok := s.table.Selected()
	if !ok {
		return models.Dataset{}, false
	}
	return s.list.find(id)
}

func (s *datasets) showSort() {
	s.list.q.Sort, s.list.q.Asc = s.sort.column(), s.sort.asc
	s.table.SetSort(s.sort.column(), s.sort.asc)
}

// reorder asks the server for the order chosen.
func (s *datasets) reorder() tea.Cmd {
	s.touch()
	return s.list.set(func(*models.ListQuery) { s.showSort() })
}

func (s *datasets) Actions() []screen.Action {
	if s.form != nil {
		return s.form.actions("datasets", func() tea.Cmd {
			s.touch()
			s.form = nil
			return nil
		})
	}
	none := s.noneOff
	out := []screen.Action{
		{ID: "datasets.open", Keys: screen.Bind("enter", "open"), Off: none, Do: func() tea.Cmd {
			id, _ := s.table.Selected()
			return screen.Go("dataset/" + id)
		}},
		{ID: "datasets.upload", Keys: screen.Bind("n", "upload a file"), Do: func() tea.Cmd { return screen.Go("upload") }},
		{ID: "datasets.launch", Keys: screen.Bind("l", "launch with it"), Off: s.launchOff, Do: func() tea.Cmd {
			id, _ := s.table.Selected()
			return screen.Go("launch/" + id)
		}},
		{ID: "datasets.filter", Keys: screen.Bind("f", "filter by state"), Do: s.nextFilter},
		{ID: "datasets.sort", Keys: screen.Bind("s", "sort"), Do: func() tea.Cmd { s.sort.cycle(); return s.reorder() }},
		{ID: "datasets.flip", Keys: screen.Bind("S", "reverse order"), Quiet: true, Do: func() tea.Cmd { s.sort.flip(); return s.reorder() }},
		{ID: "datasets.rename", Keys: screen.Bind("e", "rename"), Quiet: true, Off: s.editOff, Do: s.edit("name")},
		{ID: "datasets.describe", Keys: screen.Bind("E", "describe"), Quiet: true, Off: s.editOff, Do: s.edit("description")},
		{ID: "datasets.more", Keys: screen.Bind("+", "load more"), Quiet: true, Off: moreOff(s.list), Do: func() tea.Cmd { s.touch(); return s.list.more() }},
		{ID: "datasets.refresh", Keys: screen.Bind("r", "refresh"), Quiet: true, Do: func() tea.Cmd {
			s.touch()
			return tea.Batch(s.list.refresh(), s.ups.pending.Poke())
		}},
	}
	return append(append(out, s.trashActions()...), s.markActions()...)
}

func (s *datasets) noneOff() string {
	if _, ok := s.table.Selected(); !ok {
		return "no dataset is selected"
	}
	return ""
}

func (s *datasets) launchOff() string {
	d, ok := s.selected()
	if !ok {
		return "no dataset is selected"
	}
	_, why := d.Trainable()
	return why
}

func (s *datasets) nextFilter() tea.Cmd {
	s.touch()
	s.status = (s.status + 1) % len(datasetFilters())
	return s.list.set(func(q *models.ListQuery) {
		q.Status = nil
		if st := datasetFilters()[s.status]; st != "" {
			q.Status = []string{string(st)}
		}
	})
}

// moreOff says why no further page can be loaded.
func moreOff[T any](l *listing[T]) func() string {
	return func() string {
		switch {
		case l.paging:
			return "already loading"
		case l.next == "":
			return "everything is loaded"
		}
		return ""
	}
}
