package cmd

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
)

// maxPage is the most rows one request may ask for: hosted projects cut at it.
const maxPage = 1000

// listFlags are those of every listing command.
type listFlags struct {
	search string
	status []string
	sort   string
	asc    bool
	limit  int
	all    bool
	after  string
	since  sinceFlag
}

func (l *listFlags) add(c *cobra.Command, sortable string) {
	f := c.Flags()
	f.StringVar(&l.search, "search", "", "only names that contain this")
	f.StringSliceVar(&l.status, "status", nil, "only these statuses (comma separated)")
	f.StringVar(&l.sort, "sort", "", "order by: "+sortable)
	f.BoolVar(&l.asc, "asc", false, "oldest or smallest first")
	l.addPaging(c)
}

func (l *listFlags) addPaging(c *cobra.Command) {
	f := c.Flags()
	f.IntVar(&l.limit, "limit", 50, "rows a page, 1..1000")
	f.BoolVar(&l.all, "all", false, "every page")
	f.StringVar(&l.after, "after", "", "continue behind this cursor (\"next\" of the page before)")
	f.Var(&l.since, "since", "only what was created from here on: a span such as 48h or 30d, or a date")
}

func (l *listFlags) query(now time.Time) (models.ListQuery, error) {
	if l.limit < 1 || l.limit > maxPage {
		return models.ListQuery{}, usagef("use --all for everything", "--limit must be 1..%d", maxPage)
	}
	q := models.ListQuery{
		Search: l.search, Status: l.status, Sort: strings.TrimSpace(l.sort), Asc: l.asc,
		Limit: l.limit, After: models.Cursor(l.after), Since: l.since.from(now),
	}
	if l.all {
		q.Limit = maxPage
	}
	return q, nil
}

// collect reads one page, or with --all every page.
func collect[T any](ctx context.Context, l *listFlags, q models.ListQuery, read func(context.Context, models.ListQuery) (models.Page[T], error)) ([]T, models.Cursor, error) {
	items := []T{}
	for {
		p, err := read(ctx, q)
		if err != nil {
			return nil, "", err
		}
		items = append(items, p.Items...)
		if p.Next == "" || !l.all {
			return items, p.Next, nil
		}
		q.After = p.Next
	}
}
