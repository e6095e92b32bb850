package screens

import (
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// datasetPicker is the list of ready datasets that launch opens: typing
// searches on the server, arrows move.
type datasetPicker struct {
	list   *listing[models.Dataset]
	table  *kit.Table
	input  kit.Input
	opened bool
}

func newDatasetPicker(sc screen.Scope, b Datasets) *datasetPicker {
	p := &datasetPicker{input: kit.NewInput("", "type to search", false, 200), table: kit.NewTable(
		kit.Column{Title: "Dataset", Min: 12},
		kit.Column{Title: "Pairs", Min: 7, Max: 7, Right: true, Drop: 1},
		kit.Column{Title: "Tokens", Min: 7, Max: 7, Right: true, Drop: 3},
		kit.Column{Title: "Trainable", Min: 9, Max: 9, Drop: 4},
		kit.Column{Title: "Age", Min: 5, Max: 5, Right: true, Drop: 2},
	)}
	q := models.ListQuery{Status: []string{string(models.DatasetReady)}}
	// The list lives only as long as it is looked at: it is read when it opens
	// and when the search changes.
	p.list = newListing(sc, "list ready datasets", screen.Every(0, 0), q, func(d models.Dataset) string { return d.ID }, b.Datasets)
	p.input.Focus()
	return p
}

// open begins with every dataset, whatever was searched for the last time.
func (p *datasetPicker) open() tea.Cmd {
	p.opened = true
	if p.input.Value() != "" {
		p.input.SetValue("")
		return p.list.set(func(q *models.ListQuery) { q.Search = "" })
	}
	return p.list.refresh()
}

// update takes the list's messages; fresh asks for rows to be filled anew.
func (p *datasetPicker) update(msg tea.Msg) (cmd tea.Cmd, fresh bool) {
	if !p.opened {
		return nil, false
	}
	return p.list.update(msg)
}

// key moves in the list, or edits the search.
func (p *datasetPicker) key(k tea.KeyPressMsg) tea.Cmd {
	if k.Text == "" && p.table.Update(k) { // letters are for the search
		if p.table.NearEnd() {
			return p.list.more()
		}
		return nil
	}
	return p.typed(k)
}

// typed edits the search and sends it to the server.
func (p *datasetPicker) typed(msg tea.Msg) tea.Cmd {
	if !p.input.Update(msg) {
		return nil
	}
	return p.list.set(func(q *models.ListQuery) { q.Search = p.input.Value() })
}

func (p *datasetPicker) selected() (models.Dataset, bool) {
	id, ok := p.table.Selected()
	if !ok {
		return models.Dataset{}, false
	}
	return p.list.find(id)
}

func (p *datasetPicker) rows(f screen.Frame) {
	in := inksOf(f.Theme)
	rows := make([]kit.Row, len(p.list.items))
	for i, d := range p.list.items {
		full := datasetRow(in, d, f.Now).Cells
		rows[i] = kit.Row{ID: d.ID, Cells: []kit.Cell{full[1], full[2], full[3], full[5], full[6]}}
	}
	p.table.SetRows(rows)
}

func (p *datasetPicker) view(f screen.Frame) string {
	p.rows(f)
	th := f.Theme
	iw, ih := kit.PanelInner(f.W, f.H)
	head := th.Dim.Render("search  ") + p.input.View(th, max(1, iw-8))
	foot := listFoot(th, p.list, f.Now, iw, p.rowNote(f, iw))
	inner := f
	inner.W, inner.H = iw, ih
	body := listBody(inner, head, foot, func(w, h int) string {
		if len(p.list.items) > 0 {
			return p.table.View(th, w, h, f.Focus)
		}
		return listEmpty(th, p.list, w, h, "No ready dataset matches.", "Only datasets that have been validated can be trained with.")
	})
	return kit.Panel(th, "Choose a dataset", body, f.W, f.H, f.Focus)
}

func (p *datasetPicker) rowNote(f screen.Frame, w int) string {
	d, ok := p.selected()
	if !ok {
		return ""
	}
	if fine, why := d.Trainable(); !fine {
		return f.Theme.Warn.Render(kit.Truncate(models.Clean(why), w))
	}
	return ""
}
