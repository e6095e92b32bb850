package screens

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// inbox lists the user's notifications, newest first, and marks them read.
type inbox struct {
	paint
	sc      screen.Scope
	b       Notifications
	list    *listing[models.Notification]
	table   *kit.Table
	read    map[string]bool // marked here; the next refresh confirms it
	marking bool
}

const (
	opMark      = "mark notification read"
	markTimeout = 15 * time.Second
	inboxDetail = 7 // lines of the panel with the whole message
)

func newInbox(b Notifications, _ Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		s := &inbox{sc: sc, b: b, read: map[string]bool{}, table: kit.NewTable(
			kit.Column{Title: "!", Min: 2, Max: 2, Drop: 2},
			kit.Column{Title: "Title", Min: 14},
			kit.Column{Title: "Message", Min: 20, Drop: 3},
			kit.Column{Title: "Age", Min: 5, Max: 5, Right: true, Drop: 1},
		)}
		s.list = newListing(sc, "list notifications", screen.Every(10*time.Second, time.Minute), models.ListQuery{},
			func(n models.Notification) string { return n.ID }, b.Notifications)
		return s
	}
}

// marked is the outcome of marking some or all as read.
type marked struct {
	ids []string // nil: all
	n   int
	err error
}

// Failure lets the shell see that a session has ended.
func (m marked) Failure() error { return m.err }

func (s *inbox) Init() tea.Cmd { return s.list.start() }

func (s *inbox) Title() string { return "Inbox" }

func (s *inbox) FeedState() screen.FeedState { return s.list.feed.State() }

func (s *inbox) Link() string { return "inbox" }

func (s *inbox) Copy() string {
	id, _ := s.table.Selected()
	return id
}

func (s *inbox) Filter(text string) tea.Cmd {
	s.touch()
	if text == s.list.q.Search {
		return nil
	}
	return s.list.set(func(q *models.ListQuery) { q.Search = text })
}

func (s *inbox) FilterText() string { return s.list.q.Search }

func (s *inbox) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.list.update(msg)
	if fresh {
		s.rows(s.last)
	}
	switch m := msg.(type) {
	case marked:
		return tea.Batch(cmd, s.outcome(m))
	case screen.Failed:
		s.marking = false
	}
	return tea.Batch(cmd, moveList(s.list, s.table, below(msg, 1)))
}

// unread tells whether a notification still counts.
func (s *inbox) unread(n models.Notification) bool { return !n.Read && !s.read[n.ID] }

func (s *inbox) rows(f screen.Frame) {
	in := inksOf(f.Theme)
	rows := make([]kit.Row, len(s.list.items))
	for i, n := range s.list.items {
		unread := s.unread(n)
		title := kit.Cell{Text: models.Clean(n.Title), Style: &in.th.Dim}
		if unread {
			title.Style = &in.th.Strong
		}
		mark := kit.PriorityCell(in.th, n.Priority)
		mark.Text = priorityGlyph(n.Priority)
		rows[i] = kit.Row{ID: n.ID, Marked: unread, Cells: []kit.Cell{
			mark, title, {Text: models.Clean(n.Message), Style: &in.th.Dim}, {Text: kit.Age(n.CreatedAt.Time, f.Now), Style: &in.th.Dim},
		}}
	}
	s.table.SetRows(rows)
}

func (s *inbox) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *inbox) draw(f screen.Frame) string {
	if s.rowsDue(f) {
		s.rows(f)
	}
	unread := 0
	for _, n := range s.list.items {
		if s.unread(n) {
			unread++
		}
	}
	filter := "all"
	if s.list.q.Unread {
		filter = "unread only"
	}
	unreadText := ""
	if s.list.loaded {
		unreadText = fmt.Sprintf("%d unread here", unread)
	}
	head := chips(f.Theme, f.W, listCount(s.list, "notification"), unreadText, filter, searchChip(s.list.q.Search))
	foot := listFoot(f.Theme, s.list, f.Now, f.W, "")
	n, ok := s.selected()
	body := f
	detail := ""
	if ok && f.H >= 14 {
		body.H -= inboxDetail
		detail = s.detail(f.Theme, n, f)
	}
	main := listBody(body, head, foot, func(w, h int) string {
		if len(s.list.items) > 0 {
			return s.table.View(f.Theme, w, h, f.Focus)
		}
		if s.list.q.Unread || s.list.q.Search != "" {
			return listEmpty(f.Theme, s.list, w, h, "Nothing here matches.", "u shows all, esc clears the search.")
		}
		return listEmpty(f.Theme, s.list, w, h, "No notifications.", "What happens to your datasets, jobs and artifacts is told here.")
	})
	return kit.JoinV(main, detail)
}

// detail is the whole of the chosen notification.
func (s *inbox) detail(th theme.Theme, n models.Notification, f screen.Frame) string {
	iw, ih := kit.PanelInner(f.W, inboxDetail)
	where := "points to nothing that loratop can open"
	if t, ok := notificationTarget(n); ok {
		where = "enter opens the " + t.Kind
	} else if n.ActionURL != nil && *n.ActionURL != "" {
		where = "points to " + models.Clean(*n.ActionURL)
	}
	facts := chips(th, iw, notificationKind(n.Type), string(n.Priority)+" priority", kit.Clock(n.CreatedAt.Time, f.Now), where)
	lines := wrapped(th.Text.Render, n.Message, iw)
	if len(lines) > ih-1 {
		lines = lines[:max(0, ih-1)]
	}
	return kit.Panel(th, models.Clean(n.Title), kit.JoinV(append(lines, facts)...), f.W, inboxDetail, false)
}

func (s *inbox) selected() (models.Notification, bool) {
	id, ok := s.table.Selected()
	if !ok {
		return models.Notification{}, false
	}
	return s.list.find(id)
}

// open goes to what the notification is about, and marks it read.
func (s *inbox) open() tea.Cmd {
	n, ok := s.selected()
	if !ok {
		return nil
	}
	t, ok := notificationTarget(n)
	if !ok {
		return nil
	}
	return tea.Batch(s.mark(), screen.Go(targetLink(t)))
}

// mark marks the chosen one read.
func (s *inbox) mark() tea.Cmd {
	n, ok := s.selected()
	if !ok || !s.unread(n) {
		return nil
	}
	s.touch()
	b, ids := s.b, []string{n.ID}
	return screen.Do(s.sc, opMark, markTimeout, func(ctx context.Context) tea.Msg {
		return marked{ids: ids, n: 1, err: b.MarkRead(ctx, ids)}
	})
}

func (s *inbox) markAll() tea.Cmd {
	s.marking = true
	s.touch()
	b := s.b
	return screen.Do(s.sc, opMark, markTimeout, func(ctx context.Context) tea.Msg {
		n, err := b.MarkAllRead(ctx)
		return marked{n: n, err: err}
	})
}

func (s *inbox) outcome(m marked) tea.Cmd {
	if m.ids == nil {
		s.marking = false
	}
	if m.err != nil {
		return markRefused(m.err)
	}
	if m.ids == nil {
		for _, n := range s.list.items {
			s.read[n.ID] = true
		}
	}
	for _, id := range m.ids {
		s.read[id] = true
	}
	s.rows(s.last)
	cmds := []tea.Cmd{screen.Changed("inbox"), s.list.refresh()}
	if m.ids == nil {
		cmds = append(cmds, screen.Toast(screen.LevelGood, "Marked %d as read", m.n))
	}
	return tea.Batch(cmds...)
}

// markRefused says plainly why nothing was marked.
func markRefused(err error) tea.Cmd {
	switch models.CodeOf(err) {
	case models.CodeNoRows, models.CodeForbidden:
		return screen.Toast(screen.LevelWarn, "Not marked: this database's policies do not let you change notifications, or they are gone.")
	}
	text, hint := models.Explain(err)
	return screen.Toast(screen.LevelBad, "Not marked: %s", strings.TrimSpace(text+" "+hint))
}

func (s *inbox) Actions() []screen.Action {
	return []screen.Action{
		{ID: "inbox.open", Keys: screen.Bind("enter", "open"), Off: s.openOff, Do: s.open},
		{ID: "inbox.read", Keys: screen.Bind("m", "mark read"), Off: s.markOff, Do: s.mark},
		{ID: "inbox.all", Keys: screen.Bind("M", "mark all"), Off: s.markAllOff, Risk: screen.RiskConfirm,
			Prompt: func() (title, body, typed string) {
				return "Mark all as read", "Mark every unread notification as read? This cannot be undone here.", ""
			}, Do: s.markAll},
		{ID: "inbox.unread", Keys: screen.Bind("u", "unread only"), Do: func() tea.Cmd {
			s.touch()
			return s.list.set(func(q *models.ListQuery) { q.Unread = !q.Unread })
		}},
		{ID: "inbox.more", Keys: screen.Bind("+", "load more"), Quiet: true, Off: moreOff(s.list), Do: func() tea.Cmd { s.touch(); return s.list.more() }},
		{ID: "inbox.refresh", Keys: screen.Bind("r", "refresh"), Do: func() tea.Cmd { s.touch(); return s.list.refresh() }},
	}
}

func (s *inbox) openOff() string {
	n, ok := s.selected()
	if !ok {
		return "nothing is selected"
	}
	if _, ok := notificationTarget(n); !ok {
		return "it points to nothing that loratop can open"
	}
	return ""
}

func (s *inbox) markOff() string {
	n, ok := s.selected()
	switch {
	case !ok:
		return "nothing is selected"
	case !s.unread(n):
		return "it is read already"
	}
	return ""
}

func (s *inbox) markAllOff() string {
	if s.marking {
		return "already on its way"
	}
	for _, n := range s.list.items {
		if s.unread(n) {
			return ""
		}
	}
	if s.list.next != "" {
		return ""
	}
	return "nothing is unread"
}
