package screens

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// artifacts lists the trained models.
type artifacts struct {
	paint
	list  *listing[models.Artifact]
	table *kit.Table
	sort  sortState
}

func newArtifacts(b Artifacts, _ Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &artifacts{sort: newSort(artifactSorts()), table: kit.NewTable(
			kit.Column{Title: "Name", Min: 24, Sort: "name"},
			kit.Column{Title: "Dataset", Min: 12, Drop: 6},
			kit.Column{Title: "Quality", Min: 13, Max: 15, Drop: 1, Sort: "quality"},
			kit.Column{Title: "Val loss", Min: 8, Max: 8, Right: true, Drop: 3},
			kit.Column{Title: "Perplex.", Min: 8, Max: 8, Right: true, Drop: 4},
			kit.Column{Title: "Files", Min: 5, Max: 5, Right: true, Drop: 7},
			kit.Column{Title: "Cost", Min: 8, Max: 10, Right: true, Drop: 5},
			kit.Column{Title: "Age", Min: 5, Max: 5, Right: true, Drop: 2, Sort: "created_at"},
		)}
		s.list = newListing(sc, "list artifacts", screen.Every(20*time.Second, 2*time.Minute), models.ListQuery{},
			func(a models.Artifact) string { return a.ID }, b.Artifacts)
		s.showSort()
		return s
	}
}

func artifactSorts() []sortOption {
	return []sortOption{{"created_at", "age", false}, {"quality", "quality", false}, {"name", "name", true}}
}

func (s *artifacts) Init() tea.Cmd { return s.list.start() }

func (s *artifacts) Title() string { return "Artifacts" }

func (s *artifacts) FeedState() screen.FeedState { return s.list.feed.State() }

func (s *artifacts) Link() string { return "artifacts" }

func (s *artifacts) Copy() string {
	id, _ := s.table.Selected()
	return id
}

func (s *artifacts) Filter(text string) tea.Cmd {
	s.touch()
	if text == s.list.q.Search {
		return nil
	}
	return s.list.set(func(q *models.ListQuery) { q.Search = text })
}

func (s *artifacts) FilterText() string { return s.list.q.Search }

func (s *artifacts) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.list.update(msg)
	if fresh {
		s.rows(s.last)
	}
	return tea.Batch(cmd, moveList(s.list, s.table, below(msg, 1)))
}

func (s *artifacts) rows(f screen.Frame) {
	in := inksOf(f.Theme)
	rows := make([]kit.Row, len(s.list.items))
	for i, a := range s.list.items {
		rows[i] = artifactRow(in, a, f.Now)
	}
	s.table.SetRows(rows)
}

func artifactRow(in *inks, a models.Artifact, now time.Time) kit.Row {
	return kit.Row{ID: a.ID, Cells: []kit.Cell{
		{Text: models.Clean(a.Name)}, {Text: datasetName(a.Dataset, a.DatasetID), Style: &in.th.Dim}, qualityCell(in, a.Quality),
		{Text: kit.Float(a.Quality.FinalValidationLoss, 4)}, {Text: kit.Float(a.Quality.Perplexity, 4)},
		{Text: kit.Exact(int64(len(a.Files)))}, {Text: kit.Money(artifactCost(a))},
		{Text: kit.Age(a.CreatedAt.Time, now), Style: &in.th.Dim},
	}}
}

// datasetName names the dataset of a row, also when it is deleted or hidden.
func datasetName(d *models.DatasetRef, id string) string {
	switch {
	case d == nil:
		return kit.Truncate(models.Clean(id), 8) + " (hidden)"
	case !d.DeletedAt.IsZero():
		return models.Clean(d.Name) + " (deleted)"
	}
	return models.Clean(d.Name)
}

// artifactCost is what the training cost: from the summary, else from the job.
func artifactCost(a models.Artifact) *models.Money {
	if a.Summary.TotalCost != nil {
		return a.Summary.TotalCost
	}
	if a.Job != nil {
		return a.Job.FinalCost
	}
	return nil
}

// qualityCell is the score with the word for it.
func qualityCell(in *inks, q models.QualityMetrics) kit.Cell {
	return kit.Cell{Text: qualityText(q), Style: qualityStyle(in, q)}
}

func qualityText(q models.QualityMetrics) string {
	word := models.Clean(q.ConvergenceQuality)
	if word == "" {
		word = "unknown"
	}
	if q.OverallScore == nil {
		return word
	}
	return kit.Float(q.OverallScore, 2) + "/5 " + word
}

func (s *artifacts) View(f screen.Frame) string {
	return s.frame(f, func(f screen.Frame) string {
		if s.rowsDue(f) {
			s.rows(f)
		}
		q := s.list.q
		where := ""
		if q.Deleted {
			where = "trash"
		}
		head := chips(f.Theme, f.W, listCount(s.list, "artifact"), where, s.sort.text(f.Theme), searchChip(q.Search))
		foot := listFoot(f.Theme, s.list, f.Now, f.W, "")
		return listBody(f, head, foot, func(w, h int) string {
			switch {
			case len(s.list.items) > 0:
				return s.table.View(f.Theme, w, h, f.Focus)
			case q.Search != "":
				return listEmpty(f.Theme, s.list, w, h, "No artifact matches.", "esc clears the search.")
			case q.Deleted:
				return listEmpty(f.Theme, s.list, w, h, "The trash is empty.", "t goes back to the artifacts.")
			}
			return listEmpty(f.Theme, s.list, w, h, "No artifacts yet.", "A completed job leaves one here.")
		})
	})
}

func (s *artifacts) showSort() {
	s.list.q.Sort, s.list.q.Asc = s.sort.column(), s.sort.asc
	s.table.SetSort(s.sort.column(), s.sort.asc)
}

func (s *artifacts) reorder() tea.Cmd {
	s.touch()
	return s.list.set(func(*models.ListQuery) { s.showSort() })
}

func (s *artifacts) Actions() []screen.Action {
	none := func() string {
		if _, ok := s.table.Selected(); !ok {
			return "no artifact is selected"
		}
		return ""
	}
	return []screen.Action{
		{ID: "artifacts.open", Keys: screen.Bind("enter", "open"), Off: none, Do: func() tea.Cmd {
			id, _ := s.table.Selected()
			return screen.Go("artifact/" + id)
		}},
		{ID: "artifacts.sort", Keys: screen.Bind("s", "sort"), Do: func() tea.Cmd { s.sort.cycle(); return s.reorder() }},
		{ID: "artifacts.flip", Keys: screen.Bind("S", "reverse order"), Quiet: true, Do: func() tea.Cmd { s.sort.flip(); return s.reorder() }},
		{ID: "artifacts.trash", Keys: screen.Bind("t", "trash or living"), Quiet: true, Do: func() tea.Cmd {
			s.touch()
			return s.list.set(func(q *models.ListQuery) { q.Deleted = !q.Deleted })
		}},
		{ID: "artifacts.more", Keys: screen.Bind("+", "load more"), Quiet: true, Off: moreOff(s.list), Do: func() tea.Cmd { s.touch(); return s.list.more() }},
		{ID: "artifacts.refresh", Keys: screen.Bind("r", "refresh"), Do: func() tea.Cmd { s.touch(); return s.list.refresh() }},
	}
}
