package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/loratop/loratop/models"
)

const (
	pageDefault = 50
	pageMax     = 1000 // a hosted project's db-max-rows
)

// listSpec describes one list of the user's own rows.
type listSpec struct {
	id      tableID
	table   string
	op      string
	columns string            // those of FR-1.1 that the list shows
	embed   string            // what else the same request brings, after a comma
	sorts   []string          // columns a list may be ordered by, or names of paths
	paths   map[string]string // where in a JSON column the name of an order leads
	trash   bool              // has deleted_at
	status  string            // column of ListQuery.Status, "" when it has none
	time    string            // column of Since
	search  func(q *query, text string)
	extra   func(q *query, l models.ListQuery) error
}

// list reads one page. Every list is filtered by its owner on top of row level
// security, which some deployments switch off.
func list[T any](ctx context.Context, c *Client, sp listSpec, lq models.ListQuery) (models.Page[T], error) {
	page, err := readPage[T](ctx, c, sp, lq)
	return page, fail(sp.op, err)
}

func readPage[T any](ctx context.Context, c *Client, sp listSpec, lq models.ListQuery) (models.Page[T], error) {
	var none models.Page[T]
	lq, err := sp.normal(lq)
	if err != nil {
		return none, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return none, err
	}
	q, name, err := sp.query(lq, me.UserID)
	if err != nil {
		return none, err
	}
	total, err := c.wholeCount(ctx, me, *q, lq)
	if err != nil {
		return none, err
	}
	if path := sp.paths[lq.Sort]; path != "" {
		lq.Sort = path
	}
	q.limit = lq.Limit
	q.order = []orderBy{{lq.Sort, lq.Asc}, {"id", lq.Asc}}
	if lq.After != "" {
		m, err := parseMark(lq.After, name)
		if err != nil {
			return none, err
		}
		q.cond(m.after(lq.Sort, lq.Asc))
	}
	res, err := c.selectKnown(ctx, me, q, sp.id, sp.columns, sp.embed, countExact)
	if err != nil {
		return none, err
	}
	if lq.Count && total < 0 {
		total = res.total
	}
	return makePage[T](res, name, lq, total)
}

// normal checks a query and fills its defaults.
func (sp listSpec) normal(lq models.ListQuery) (models.ListQuery, error) {
	if lq.Sort == "" {
		lq.Sort = "created_at"
	}
	if !slices.Contains(sp.sorts, lq.Sort) {
		return lq, usage("cannot sort by "+quote(lq.Sort), "choose one of "+strings.Join(sp.sorts, ", "))
	}
	if lq.Limit == 0 {
		lq.Limit = pageDefault
	}
	if lq.Limit < 1 || lq.Limit > pageMax {
		return lq, usage(fmt.Sprintf("a page has 1 to %d rows", pageMax), "")
	}
	lq.Search = strings.TrimSpace(models.Clean(lq.Search))
	return lq, nil
}

// query is the list without its page, and the name that binds page marks.
func (sp listSpec) query(lq models.ListQuery, user string) (*query, string, error) {
	q := &query{table: sp.table}
	q.where("user_id", "eq", user)
	if sp.trash {
		if lq.Deleted {
			q.cond("deleted_at.not.is.null")
		} else {
			q.where("deleted_at", "is", "null")
		}
	}
	if len(lq.Status) > 0 && sp.status != "" {
		q.where(sp.status, "in", inList(lq.Status))
	}
	if !lq.Since.IsZero() {
		q.where(sp.time, "gte", instant(lq.Since))
	}
	if lq.Search != "" {
		sp.search(q, lq.Search)
	}
	if sp.extra != nil {
		if err := sp.extra(q, lq); err != nil {
			return nil, "", err
		}
	}
	return q, digest(sp.table, user, lq.Sort, lq.Asc, q.filters, q.conds), nil
}

// wholeCount counts the whole list when a later page is asked to; -1 when the
// page's own count will do or none is wanted.
func (c *Client) wholeCount(ctx context.Context, me *live, q query, lq models.ListQuery) (int64, error) {
	if !lq.Count || lq.After == "" {
		return -1, nil
	}
	q.columns = "id"
	if slices.ContainsFunc(q.filters, func(f filter) bool { return strings.HasPrefix(f.column, "dataset.") }) {
		q.columns = "id,dataset:datasets!inner(id)"
	}
	res, err := q.get(ctx, me, countExact, true)
	return res.total, err
}

// makePage decodes rows. There is a next page when the server counted more
// than it sent: a short page alone proves nothing, as its row limit may be
// below ours.
func makePage[T any](res rows, name string, lq models.ListQuery, total int64) (models.Page[T], error) {
	var raw []json.RawMessage
	if err := res.into(&raw); err != nil {
		return models.Page[T]{}, err
	}
	page := models.Page[T]{Items: make([]T, len(raw))}
	for i, r := range raw {
		if err := json.Unmarshal(r, &page.Items[i]); err != nil {
			return models.Page[T]{}, undecodable(err)
		}
	}
	if lq.Count {
		page.Total = &total
	}
	if len(raw) > 0 && res.total > int64(len(raw)) {
		m, err := markOf(raw[len(raw)-1], name, lq.Sort)
		if err != nil {
			return models.Page[T]{}, err
		}
		page.Next = m.cursor()
	}
	return page, nil
}

// selectKnown asks for the columns we know, and for all of them where the
// database lacks one, which it then remembers.
func (c *Client) selectKnown(ctx context.Context, me *live, q *query, id tableID, columns, embed, count string) (rows, error) {
	if embed != "" {
		embed = "," + embed
	}
	if !c.wide[id].Load() {
		q.columns = columns + embed
		res, err := q.get(ctx, me, count, false)
		if !lacksColumn(err) {
			return res, err
		}
	}
	q.columns = "*" + embed
	res, err := q.get(ctx, me, count, false)
	if err == nil {
		c.wide[id].Store(true)
	}
	return res, err
}

func lacksColumn(err error) bool {
	var e *models.Error
	return errors.As(err, &e) && (e.Server == "42703" || e.Server == "PGRST204")
}

// one reads the single row with this id, nil when there is none.
func one[T any](ctx context.Context, c *Client, q *query, what, id string) (T, error) {
	var zero T
	me, err := c.me(ctx)
	if err != nil {
		return zero, err
	}
	q.where("user_id", "eq", me.UserID)
	q.limit = 1
	res, err := q.get(ctx, me, countNone, false)
	if err != nil {
		return zero, err
	}
	var out []T
	if err := res.into(&out); err != nil {
		return zero, err
	}
	if len(out) == 0 {
		return zero, notFound(what, id)
	}
	return out[0], nil
}

// all pages to the end by (column, id) ascending. The first page is counted:
// a server with a lower row limit sends short pages, and only the count tells
// them from the end.
func all[T any](ctx context.Context, c *Client, me *live, base query, id tableID, columns, embed, column string) ([]T, error) {
	out := []T{}
	want := int64(-1)
	var at *mark
	for {
		q := base
		q.conds = slices.Clone(base.conds)
		q.order = []orderBy{{column, true}, {"id", true}}
		q.limit = pageMax
		count := countNone
		if at == nil {
			count = countExact
		} else {
			q.cond(at.after(column, true))
		}
		res, err := c.selectKnown(ctx, me, &q, id, columns, embed, count)
		if err != nil {
			return nil, err
		}
		if at == nil {
			want = res.total
		}
		var raw []json.RawMessage
		if err := res.into(&raw); err != nil {
			return nil, err
		}
		for _, r := range raw {
			var v T
			if err := json.Unmarshal(r, &v); err != nil {
				return nil, undecodable(err)
			}
			out = append(out, v)
		}
		if len(raw) == 0 || len(raw) < pageMax && int64(len(out)) >= want {
			return out, nil
		}
		m, err := markOf(raw[len(raw)-1], "", column)
		if err != nil {
			return nil, err
		}
		at = &m
	}
}
