package client

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/supabase-community/postgrest-go"

	"github.com/loratop/loratop/models"
)

// query is one PostgREST request, put together here and sent through
// postgrest-go. That builder keeps one value a parameter and silently replaces
// the first by the second, so a column may be filtered once only; everything
// else goes into the one and=(…).
type query struct {
	table   string
	columns string // select=
	filters []filter
	conds   []string // logic tree expressions, all of which must hold
	order   []orderBy
	limit   int // 0: none
	embeds  []embed
}

type filter struct{ column, op, value string }

type orderBy struct {
	column string
	asc    bool
}

// nullsFirst tells where nulls go in the order of a column: last, but for a
// descending timestamp of a point. That is the order in which PostgreSQL can
// read its index backwards; another would sort all points of the job. Such
// queries leave nulls out.
func (o orderBy) nullsFirst() bool { return o.column == "timestamp" && !o.asc }

// embed limits an embedded resource, by its alias.
type embed struct {
	alias   string
	filters []filter
	or      []string
	order   []orderBy
	limit   int
}

func (q *query) where(column, op, value string) {
	q.filters = append(q.filters, filter{column, op, value})
}

func (q *query) cond(expr string) { q.conds = append(q.conds, expr) }

// lint refuses what postgrest-go would send as something else.
func (q *query) lint() error {
	seen := map[string]bool{}
	check := func(name string) error {
		if seen[name] {
			return fmt.Errorf("%s: %q is filtered twice", q.table, name)
		}
		seen[name] = true
		return nil
	}
	for _, f := range q.filters {
		if err := check(f.column); err != nil {
			return err
		}
	}
	for _, e := range q.embeds {
		for _, f := range e.filters {
			if err := check(e.alias + "." + f.column); err != nil {
				return err
			}
		}
	}
	if strings.ContainsAny(q.columns, " \"") {
		return fmt.Errorf("%s: select holds what the builder takes out", q.table)
	}
	return nil
}

// rows is the answer to a query.
type rows struct {
	data  []byte
	total int64 // rows that match, when counted
}

func (r rows) into(dst any) error {
	if err := json.Unmarshal(r.data, dst); err != nil {
		return undecodable(err)
	}
	return nil
}

const (
	countNone  = ""
	countExact = "exact"
)

// get sends the query as GET, or as HEAD when only the count is wanted.
func (q *query) get(ctx context.Context, l *live, count string, head bool) (rows, error) {
	if err := q.lint(); err != nil {
		return rows{}, err
	}
	fb := l.sb.From(q.table).Select(q.columns, count, head)
	data, total, err := q.apply(fb).ExecuteWithContext(ctx)
	return rows{data, total}, err
}

// patch updates what the query selects and returns the rows as they are after.
func (q *query) patch(ctx context.Context, l *live, value any) (rows, error) {
	if err := q.lint(); err != nil {
		return rows{}, err
	}
	qb := l.sb.From(q.table)
	qb.Select(q.columns, countNone, false) // sets select=, which an update cannot by itself
	data, total, err := q.apply(qb.Update(value, "representation", countExact)).ExecuteWithContext(ctx)
	return rows{data, total}, err
}

// insert adds one row. Without columns nothing is returned, which also asks no
// permission to read.
func (q *query) insert(ctx context.Context, l *live, value any) (rows, error) {
	qb := l.sb.From(q.table)
	returning := "minimal"
	if q.columns != "" {
		qb.Select(q.columns, countNone, false)
		returning = "representation"
	}
	data, total, err := qb.Insert(value, false, "", returning, countNone).ExecuteWithContext(ctx)
	return rows{data, total}, err
}

func (q *query) apply(fb *postgrest.FilterBuilder) *postgrest.FilterBuilder {
	for _, f := range q.filters {
		fb = fb.Filter(f.column, f.op, f.value)
	}
	for _, e := range q.embeds {
		fb = e.apply(fb)
	}
	for _, o := range q.order {
		fb = fb.Order(o.column, &postgrest.OrderOpts{Ascending: o.asc, NullsFirst: o.nullsFirst()})
	}
	if q.limit > 0 {
		fb = fb.Limit(q.limit, "")
	}
	if len(q.conds) > 0 { // last: later filters would be folded into it
		fb = fb.And(strings.Join(q.conds, ","), "")
	}
	return fb
}

func (e embed) apply(fb *postgrest.FilterBuilder) *postgrest.FilterBuilder {
	for _, f := range e.filters {
		fb = fb.Filter(e.alias+"."+f.column, f.op, f.value)
	}
	if len(e.or) > 0 {
		fb = fb.Or(strings.Join(e.or, ","), e.alias)
	}
	for _, o := range e.order {
		fb = fb.Order(o.column, &postgrest.OrderOpts{Ascending: o.asc, NullsFirst: o.nullsFirst(), ForeignTable: e.alias})
	}
	if e.limit > 0 {
		fb = fb.Limit(e.limit, e.alias)
	}
	return fb
}

// literal is a value inside a logic tree or a list: quoted when it holds what
// PostgREST's grammar gives a meaning to.
func literal(v string) string {
	if v != "" && !strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`,.:()"\{}`, r) || r > '~' }) {
		return v
	}
	return quoted(v)
}

func quoted(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

// inList is (a,b,c) for the operator in.
func inList(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = literal(v)
	}
	return "(" + strings.Join(out, ",") + ")"
}

// likePattern finds text anywhere, as it stands: wildcards of LIKE lose their
// meaning. PostgREST reads every * as %, with no way to escape it, so a * of
// the user's stands for any one character.
func likePattern(text string) string {
	return "*" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `_`).Replace(text) + "*"
}

// instant writes a time as PostgREST filters take it: UTC with Z, so that no +
// can turn into a space on the way.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// isUUID reports the canonical form; anything else never reaches a filter.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash && c != '-' || !dash && !hex {
			return false
		}
	}
	return true
}

func checkID(what, id string) error {
	if isUUID(id) {
		return nil
	}
	return usage("not the id of a "+what+": "+quote(id), "an id looks like 3f2b8c1e-7d54-4a86-9f0e-2b6c1d9e5a70")
}

func notFound(what, id string) error {
	return &models.Error{Code: models.CodeNotFound, Msg: "no " + what + " with the id " + id, Hint: "it may be deleted, or someone else's"}
}

// uniqueIDs checks ids and drops repetitions.
func uniqueIDs(what string, ids []string) ([]string, error) {
	var out []string
	for _, id := range ids {
		if err := checkID(what, id); err != nil {
			return nil, err
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}
