package screens

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// Sizes of a list read: a first page, and how many rows of the head one
// refresh renews. Rows behind the renewed head are kept as they were read.
const (
	listPageSize   = 50
	listRefreshMax = 200
	listTimeout    = 20 * time.Second
)

// listing is the state behind a keyset-paged list that refreshes itself. It
// belongs to the Update goroutine: reads take copies of the query with them.
type listing[T any] struct {
	sc    screen.Scope
	op    string
	id    func(T) string
	fetch func(context.Context, models.ListQuery) (models.Page[T], error)
	feed  *screen.Feed[listRead[T]]

	q       models.ListQuery
	gen     uint64 // counts queries; an answer to an older one is dropped
	items   []T
	next    models.Cursor
	total   *int64
	loaded  bool // any answer has arrived
	settled bool // items answer the query of now
	paging  bool
	pageErr error
}

type listRead[T any] struct {
	gen  uint64
	page models.Page[T]
}

// morePage is the past-tense message of one further page.
type morePage[T any] struct {
	to   *listing[T]
	gen  uint64
	page models.Page[T]
	err  error
}

// Failure lets the shell see that a session has ended.
func (m morePage[T]) Failure() error { return m.err }

// newListing prepares a list; start begins to read.
func newListing[T any](sc screen.Scope, op string, every func(bool) time.Duration, q models.ListQuery, id func(T) string,
	fetch func(context.Context, models.ListQuery) (models.Page[T], error)) *listing[T] {
	l := &listing[T]{sc: sc, op: op, id: id, fetch: fetch, q: q}
	l.feed = screen.NewFeed[listRead[T]](sc, op, every, nil)
	l.feed.Prepare(l.head)
	return l
}

// head makes the read of the list's head for the query of now.
func (l *listing[T]) head() func(context.Context) (listRead[T], error) {
	q, gen, fetch := l.q, l.gen, l.fetch
	q.Limit = listPageSize
	if l.settled {
		q.Limit = min(max(listPageSize, len(l.items)), listRefreshMax)
	}
	q.Count, q.After = true, ""
	return func(ctx context.Context) (listRead[T], error) {
		page, err := fetch(ctx, q)
		return listRead[T]{gen: gen, page: page}, err
	}
}

func (l *listing[T]) start() tea.Cmd { return l.feed.Start() }

// refresh reads the head again now.
func (l *listing[T]) refresh() tea.Cmd { return l.feed.Poke() }

// set changes the query. The old rows stay on the screen, unsettled, until the
// answer is there.
func (l *listing[T]) set(change func(*models.ListQuery)) tea.Cmd {
	change(&l.q)
	l.gen++
	l.settled, l.paging, l.pageErr = false, false, nil
	return l.feed.Poke()
}

// update takes the list's own messages; fresh reports that the rows changed.
func (l *listing[T]) update(msg tea.Msg) (cmd tea.Cmd, fresh bool) {
	if m, ok := msg.(morePage[T]); ok && m.to == l {
		return nil, l.appendPage(m)
	}
	cmd, fresh = l.feed.Update(msg)
	if !fresh {
		return cmd, false
	}
	read, ok := l.feed.Value()
	if !ok {
		return cmd, false
	}
	if read.gen != l.gen { // asked before the query changed; set has poked
		return cmd, false
	}
	l.absorb(read.page)
	return cmd, true
}

// absorb renews the head of the list and keeps what was paged in behind it.
func (l *listing[T]) absorb(p models.Page[T]) {
	tail := l.tailBehind(p.Items)
	if !l.settled || p.Next == "" || tail == nil {
		l.items, l.next = p.Items, p.Next
	} else {
		l.items = append(append(make([]T, 0, len(p.Items)+len(tail)), p.Items...), tail...)
	}
	l.total, l.loaded, l.settled = p.Total, true, true
}

// tailBehind gives the rows now held that follow the last of head.
func (l *listing[T]) tailBehind(head []T) []T {
	if len(head) == 0 || len(l.items) <= len(head) {
		return nil
	}
	seen := make(map[string]bool, len(head))
	for _, it := range head {
		seen[l.id(it)] = true
	}
	last := l.id(head[len(head)-1])
	for i := range l.items {
		if l.id(l.items[i]) != last {
			continue
		}
		var tail []T
		for _, it := range l.items[i+1:] {
			if !seen[l.id(it)] {
				tail = append(tail, it)
			}
		}
		return tail
	}
	return nil
}

// more reads the next page, once at a time.
func (l *listing[T]) more() tea.Cmd {
	if l.paging || !l.settled || l.next == "" {
		return nil
	}
	l.paging, l.pageErr = true, nil
	q, gen, fetch := l.q, l.gen, l.fetch
	q.Limit, q.After, q.Count = listPageSize, l.next, false
	return screen.Do(l.sc, l.op, listTimeout, func(ctx context.Context) tea.Msg {
		page, err := fetch(ctx, q)
		return morePage[T]{to: l, gen: gen, page: page, err: err}
	})
}

func (l *listing[T]) appendPage(m morePage[T]) bool {
	if m.gen != l.gen {
		return false
	}
	l.paging, l.pageErr = false, m.err
	if m.err != nil {
		return true
	}
	seen := make(map[string]bool, len(l.items))
	for _, it := range l.items {
		seen[l.id(it)] = true
	}
	grown := l.items[:len(l.items):len(l.items)]
	for _, it := range m.page.Items {
		if !seen[l.id(it)] {
			grown = append(grown, it)
		}
	}
	l.items, l.next = grown, m.page.Next
	return true
}

// err is what to tell: the failed refresh, or the failed page.
func (l *listing[T]) err() error {
	if err := l.feed.Err(); err != nil {
		return err
	}
	return l.pageErr
}

// find gives the row with the id.
func (l *listing[T]) find(id string) (T, bool) {
	for _, it := range l.items {
		if l.id(it) == id {
			return it, true
		}
	}
	var zero T
	return zero, false
}
