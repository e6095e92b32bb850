package rest

import (
	"context"
	"regexp"
	"strconv"
)

// viewColumn says that a column of a view is, as it stands, a column of another relation.
type viewColumn struct {
	view    uint32
	viewNum int16
	of      uint32
	ofNum   int16
}

const sqlViews = `
SELECT c.oid, r.ev_action::text FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
WHERE c.relkind IN ('v','m') AND c.oid = ANY($1)`

// targetEntry finds, in a stored query tree, what each output column is made from. Only the fields of a
// target entry are named so, and they follow each other.
var targetEntry = regexp.MustCompile(`:resno (\d+) :resname (?:\\.|[^ \\])+ :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+) :resjunk (true|false)`)

// views reads which columns of views are columns of tables.
func (l *loader) views(ctx context.Context) error {
	return l.each(ctx, sqlViews, func(scan func(...any) error) error {
		var oid uint32
		var tree string
		if err := scan(&oid, &tree); err != nil {
			return err
		}
		for _, m := range targetEntry.FindAllStringSubmatch(outerTargets(tree), -1) {
			of, err1 := strconv.ParseUint(m[2], 10, 32)
			num, err2 := strconv.ParseInt(m[1], 10, 16)
			col, err3 := strconv.ParseInt(m[3], 10, 16)
			if err1 != nil || err2 != nil || err3 != nil || of == 0 || col <= 0 || m[4] == "true" {
				continue
			}
			l.deps = append(l.deps, viewColumn{oid, int16(num), uint32(of), int16(col)})
		}
		return nil
	}, l.oids())
}

// outerTargets is the target list of the outermost query of a stored tree: what stands between
// ":targetList" and its closing parenthesis, at the first level of braces.
func outerTargets(tree string) string {
	const mark = ":targetList "
	depth := 0
	for i := 0; i < len(tree); i++ {
		switch tree[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			depth--
		case ':':
			if depth == 1 && i+len(mark) < len(tree) && tree[i:i+len(mark)] == mark {
				return ownEntries(tree[i+len(mark):])
			}
		}
	}
	return ""
}

// ownEntries keeps of a list of nodes only their own fields, not those of the nodes inside them.
func ownEntries(list string) string {
	depth, out := 0, make([]byte, 0, len(list)/4)
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && i+1 < len(list):
			if depth == 1 {
				out = append(out, c, list[i+1])
			}
			i++
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ')' && depth == 0:
			return string(out)
		case depth == 1:
			out = append(out, c)
		}
	}
	return string(out)
}

// tableColumn follows a view's column through views to the table it comes from.
func (l *loader) tableColumns() map[uint32]map[columnID][]string {
	direct := map[columnID]columnID{}
	for _, d := range l.deps {
		direct[columnID{d.view, d.viewNum}] = columnID{d.of, d.ofNum}
	}
	out := map[uint32]map[columnID][]string{}
	for _, d := range l.deps {
		v := l.byOID[d.view]
		names := v.namesOf([]int16{d.viewNum})
		if len(names) != 1 {
			continue
		}
		id := columnID{d.of, d.ofNum}
		for range 32 { // views on views; a cycle cannot be, yet costs nothing to survive
			if out[d.view] == nil {
				out[d.view] = map[columnID][]string{}
			}
			out[d.view][id] = append(out[d.view][id], names[0])
			next, more := direct[id]
			if !more {
				break
			}
			id = next
		}
	}
	return out
}

type columnID struct {
	table uint32
	num   int16
}

// viewKeys gives views the primary key of the table they show, when all of it is there.
func (l *loader) viewKeys() {
	for oid, cols := range l.tableColumns() {
		v := l.byOID[oid]
		for _, t := range l.byOID {
			if t.View || len(t.PK) == 0 {
				continue
			}
			var pk []string
			for _, name := range t.PK {
				if found := cols[columnID{t.oid, t.byName[name].num}]; len(found) > 0 {
					pk = append(pk, found[0])
				}
			}
			if len(pk) == len(t.PK) {
				v.PK = append(v.PK, pk...)
			}
		}
	}
}

// viewRelations carries each foreign key over to the views that show all its columns, on either side.
func (l *loader) viewRelations() []*relation {
	shown := l.tableColumns()
	var out []*relation
	for _, k := range l.fks {
		base := l.foreignKey(k)
		if base == nil {
			continue
		}
		froms, tos := l.showing(shown, k.from, k.cols), l.showing(shown, k.to, k.ref)
		for _, f := range froms {
			out = append(out, carried(base, &f, nil))
		}
		for _, t := range tos {
			out = append(out, carried(base, nil, &t))
			for _, f := range froms {
				out = append(out, carried(base, &f, &t))
			}
		}
	}
	return out
}

// side is a view and its names for the columns of a key.
type side struct {
	view qual
	cols []string
}

// showing lists the views that show these columns, once for every choice of columns.
func (l *loader) showing(shown map[uint32]map[columnID][]string, oid uint32, nums []int16) []side {
	var out []side
	for view, cols := range shown {
		choices := [][]string{nil}
		for _, n := range nums {
			var next [][]string
			for _, c := range choices {
				for _, name := range cols[columnID{oid, n}] {
					next = append(next, append(append([]string(nil), c...), name))
				}
			}
			choices = next
		}
		for _, c := range choices {
			out = append(out, side{l.byOID[view].Name, c})
		}
	}
	return out
}

func carried(base *relation, from, to *side) *relation {
	r := &relation{From: base.From, To: base.To, Card: base.Card, Constraint: base.Constraint}
	r.Cols = append([]link(nil), base.Cols...)
	if from != nil {
		r.From, r.FromView = from.view, true
		for i := range r.Cols {
			r.Cols[i].From = from.cols[i]
		}
	}
	if to != nil {
		r.To, r.ToView = to.view, true
		for i := range r.Cols {
			r.Cols[i].To = to.cols[i]
		}
	}
	r.Self = r.From == r.To
	return r
}
