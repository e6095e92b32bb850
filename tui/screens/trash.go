package screens

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// trashMany is from how many datasets on a word has to be typed.
const trashMany = 5

// trashActions move datasets to the trash and back, show it, and go on with
// uploads.
func (s *datasets) trashActions() []screen.Action {
	view := "show the trash"
	if s.list.q.Deleted {
		view = "back to the datasets"
	}
	risk := screen.RiskConfirm
	if len(s.chosen()) >= trashMany {
		risk = screen.RiskTypeName
	}
	id, _ := s.table.Selected()
	return []screen.Action{
		{ID: "datasets.trash", Keys: screen.Bind("t", view), Quiet: !s.list.q.Deleted, Do: s.toggleTrash},
		{ID: "datasets.delete", Keys: screen.Bind("x", "move to the trash"), Quiet: len(s.marks) == 0, Off: s.deleteOff, Risk: risk, Prompt: s.deletePrompt, Do: s.delete},
		{ID: "datasets.restore", Keys: screen.Bind("R", "restore"), Quiet: !s.list.q.Deleted, Off: s.restoreOff, Do: s.restore},
		{ID: "datasets.resume", Keys: screen.Bind("U", "continue its upload"), Quiet: s.ups.of(id).kind == upNone, Off: func() string {
			if s.noneOff() != "" {
				return s.noneOff()
			}
			return s.ups.resumeOff(id)
		}, Do: func() tea.Cmd {
			s.touch()
			return s.ups.resume(id)
		}},
		{ID: "datasets.pause", Keys: screen.Bind("P", "pause its upload"), Quiet: s.ups.of(id).kind != upRunning, Off: func() string {
			if s.ups.of(id).kind != upRunning {
				return "it is not being uploaded"
			}
			return ""
		}, Do: func() tea.Cmd {
			s.touch()
			s.ups.desk.pause(id)
			return nil
		}},
	}
}

// toggleTrash shows the trash, or the datasets again; marks are of one of them.
func (s *datasets) toggleTrash() tea.Cmd {
	s.touch()
	s.marks, s.anchor = nil, ""
	s.table.SetCursor(0)
	return s.list.set(func(q *models.ListQuery) { q.Deleted = !q.Deleted })
}

func (s *datasets) deleteOff() string {
	switch {
	case s.list.q.Deleted:
		return "these are in the trash already: R restores"
	case len(s.chosen()) == 0:
		return "no dataset is selected"
	case s.moving:
		return "the datasets before are on their way"
	}
	return ""
}

func (s *datasets) deletePrompt() (title, body, typed string) {
	list := s.chosen()
	uploads := len(s.withUpload(list))
	if len(list) == 1 {
		return "Move this dataset to the trash?", trashBody(list, uploads), ""
	}
	return "Move " + plural(len(list), "dataset") + " to the trash?", trashBody(list, uploads), "trash"
}

// withUpload are those whose upload is not ended and known here.
func (s *datasets) withUpload(list []models.Dataset) (ids []string) {
	for _, d := range list {
		if d.Status == models.DatasetUploading && s.ups.of(d.ID).kind != upNone {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// delete moves the chosen datasets to the trash, and cancels their uploads.
func (s *datasets) delete() tea.Cmd {
	s.touch()
	list := s.chosen()
	drop := s.withUpload(list)
	var ids []string
	var cmds []tea.Cmd
	for _, d := range list {
		if slices.Contains(drop, d.ID) {
			cmds = append(cmds, s.ups.desk.drop(s.sc, d.ID))
			continue
		}
		ids = append(ids, d.ID)
	}
	if len(ids) > 0 {
		s.moving = true
		cmds = append(cmds, moveDatasets(s.sc, s.b, ids, false))
	}
	return tea.Batch(cmds...)
}

func (s *datasets) restoreOff() string {
	switch {
	case !s.list.q.Deleted:
		return "t shows the trash first"
	case len(s.chosen()) == 0:
		return "no dataset is selected"
	case s.moving:
		return "the datasets before are on their way"
	}
	return ""
}

func (s *datasets) restore() tea.Cmd {
	s.touch()
	var ids []string
	for _, d := range s.chosen() {
		ids = append(ids, d.ID)
	}
	s.moving = true
	return moveDatasets(s.sc, s.b, ids, true)
}

// moved takes the outcome: what was moved loses its mark.
func (s *datasets) moved(m datasetsMoved) tea.Cmd {
	s.moving = false
	s.marks = slices.DeleteFunc(s.marks, func(id string) bool { return slices.Contains(m.moved, id) })
	return tea.Batch(m.told(), s.list.refresh())
}

// editOff says why the chosen dataset cannot be renamed.
func (s *datasets) editOff() string {
	if s.list.q.Deleted {
		return "restore it first (R)"
	}
	return s.noneOff()
}

func (s *datasets) edit(field string) func() tea.Cmd {
	return func() tea.Cmd {
		s.touch()
		d, _ := s.selected()
		s.form = newDatasetForm(s.sc, s.b, d, field)
		return nil
	}
}
