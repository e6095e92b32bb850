package screens

import (
	"fmt"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

func (s *home) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *home) draw(f screen.Frame) string {
	s.rows(f)
	s.cells = [homePanels]rect{}
	if s.newcomer() {
		return kit.Empty(f.Theme, "Welcome to loratop.",
			"There are no datasets and no jobs yet. Upload a dataset on the platform's web page; once it is ready, n launches a training job here.", f.W, f.H)
	}
	costH := 4
	switch {
	case f.W < 60 || f.H < 14:
		return s.panel(f, s.focus, 0, 0, f.W, f.H)
	case f.W < 110:
		top := max(6, (f.H-costH)/2)
		half := f.W / 2
		low := f.H - top - costH
		return kit.JoinV(
			s.panel(f, homeJobs, 0, 0, f.W, top),
			kit.JoinH(s.panel(f, homeDatasets, 0, top, half, low), s.panel(f, homeInbox, half, top, f.W-half, low)),
			s.panel(f, homeCost, 0, top+low, f.W, costH))
	}
	left := f.W * 3 / 5
	top := f.H * 3 / 5
	return kit.JoinH(
		kit.JoinV(s.panel(f, homeJobs, 0, 0, left, top), s.panel(f, homeDatasets, 0, top, left, f.H-top)),
		kit.JoinV(s.panel(f, homeInbox, left, 0, f.W-left, f.H-costH), s.panel(f, homeCost, left, f.H-costH, f.W-left, costH)))
}

// newcomer is true when everything was read and there is nothing.
func (s *home) newcomer() bool {
	recent, a := s.recent.Value()
	ds, b := s.datasets.Value()
	inbox, c := s.inbox.Value()
	return a && b && c && len(recent.Items) == 0 && len(ds.Items) == 0 && len(inbox.Items) == 0
}

// panel draws one panel and notes where.
func (s *home) panel(f screen.Frame, p homePanel, x, y, w, h int) string {
	s.cells[p] = rect{x, y, w, h}
	focus := f.Focus && s.focus == p
	iw, ih := kit.PanelInner(w, h)
	title, body := "", ""
	switch p {
	case homeJobs:
		title, body = s.jobsPanel(f, iw, ih, focus)
	case homeDatasets:
		title = "Latest datasets"
		body = s.table(f, p, s.datasets.Err(), s.datasets.State().At, s.datasets.Loading(), "No dataset yet.", iw, ih, focus)
	case homeInbox:
		title = "Inbox"
		if page, ok := s.inbox.Value(); ok && page.Total != nil && *page.Total > 0 {
			title = "Inbox: " + plural(int(*page.Total), "unread notification")
		}
		body = s.table(f, p, s.inbox.Err(), s.inbox.State().At, s.inbox.Loading(), "Nothing unread.", iw, ih, focus)
	case homeCost:
		title, body = "This month's cost", s.costPanel(f, iw, ih)
	}
	return kit.Panel(f.Theme, title, body, w, h, focus)
}

func (s *home) jobsPanel(f screen.Frame, w, h int, focus bool) (title, body string) {
	title = "Latest jobs"
	if n := len(s.watched()); n > 0 {
		title = plural(n, "job") + " running or waiting"
	}
	err, at := s.running.Err(), s.running.State().At
	if err == nil && len(s.watched()) > 0 {
		err, at = s.live.feed.Err(), s.live.feed.State().At
	}
	if err == nil {
		err = s.recent.Err()
	}
	return title, s.table(f, homeJobs, err, at, s.running.Loading() || s.recent.Loading(), "No job yet. n launches one.", w, h, focus)
}

// table is the body of a panel with rows: the error is one line below what is
// there.
func (s *home) table(f screen.Frame, p homePanel, err error, at time.Time, loading bool, nothing string, w, h int, focus bool) string {
	t := s.tables[p]
	switch {
	case t.Len() == 0 && err != nil:
		text, hint := models.Explain(err)
		return kit.Empty(f.Theme, text, hint, w, h)
	case t.Len() == 0 && loading:
		return kit.Empty(f.Theme, "Loading…", "", w, h)
	case t.Len() == 0:
		return kit.Empty(f.Theme, nothing, "", w, h)
	case err != nil && h > 3:
		return kit.JoinV(t.View(f.Theme, w, h-1, focus), kit.ErrorLine(f.Theme, err, kit.Age(at, f.Now), w))
	}
	return t.View(f.Theme, w, h, focus)
}

// rows fills the tables for a frame.
func (s *home) rows(f screen.Frame) {
	if s.built.fresh(f) {
		return
	}
	in := inksOf(f.Theme)
	var rows []kit.Row
	for _, j := range s.jobs() {
		rows = append(rows, s.jobRow(in, j, f.Now))
	}
	s.tables[homeJobs].SetRows(rows)

	page, _ := s.datasets.Value()
	rows = make([]kit.Row, 0, len(page.Items))
	for _, d := range page.Items {
		rows = append(rows, kit.Row{ID: d.ID, Cells: []kit.Cell{
			kit.StatusCell(in.th, d.Status), {Text: models.Clean(d.Name)}, {Text: kit.CountOf(d.TotalTrainingPairs)},
			{Text: kit.Age(d.CreatedAt.Time, f.Now), Style: &in.th.Dim},
		}})
	}
	s.tables[homeDatasets].SetRows(rows)

	notes, _ := s.inbox.Value()
	rows = make([]kit.Row, 0, len(notes.Items))
	for _, n := range notes.Items {
		rows = append(rows, kit.Row{ID: n.ID, Cells: []kit.Cell{
			{Text: models.Clean(n.Title)}, kit.PriorityCell(in.th, n.Priority),
			{Text: kit.Age(n.CreatedAt.Time, f.Now), Style: &in.th.Dim},
		}})
	}
	s.tables[homeInbox].SetRows(rows)
}

// jobRow is a job in the few columns that a panel has.
func (s *home) jobRow(in *inks, j models.Job, now time.Time) kit.Row {
	r := jobRow(in, s.o, j, "", s.live.rate(j.ID), now)
	c := r.Cells
	r.Cells = []kit.Cell{
		c[0], c[1],
		{Text: s.live.spark(in.th, j.ID, homeSpark), Raw: true},
		{Text: progressBar(in.th, j, homeBar), Raw: true},
		c[6], c[5], c[4],
	}
	return r
}

// costPanel is the month's spend, what of it is derived, and the budget.
func (s *home) costPanel(f screen.Frame, w, h int) string {
	th := f.Theme
	o, ok := s.overview.Value()
	if !ok {
		if err := s.overview.Err(); err != nil {
			return kit.ErrorLine(th, err, "", w)
		}
		return th.Dim.Render("Loading…")
	}
	line := th.Strong.Render(kit.Money(&o.MonthSpend)) + th.Dim.Render(" in "+f.Now.UTC().Format("January 2006"))
	if o.Derived {
		line += th.Faint.Render("  part of it derived from run times")
	}
	lines := []string{kit.Truncate(line, w)}
	if b := s.o.Budget; b != nil && b.Known() && !b.IsZero() {
		share := o.MonthSpend.Ratio(*b)
		text := fmt.Sprintf(" %.0f%% of the budget of %s", share*100, kit.Money(b))
		style := th.Dim
		switch {
		case share > 1:
			style = th.Bad
		case share >= 0.8:
			style = th.Warn
		}
		bar := kit.Meter(th, share, max(4, min(24, w-kit.Width(text))))
		lines = append(lines, kit.Truncate(bar+style.Render(text), w))
	} else {
		lines = append(lines, th.Faint.Render(kit.Truncate("enter shows it by job, type and month", w)))
	}
	if err := s.overview.Err(); err != nil && h > 2 {
		lines = append(lines, kit.ErrorLine(th, err, kit.Age(s.overview.State().At, f.Now), w))
	}
	return kit.JoinV(lines...)
}
