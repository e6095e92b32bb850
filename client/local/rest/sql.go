package rest

import (
	"strconv"
	"strings"
)

// quoteIdent writes a name as an SQL identifier.
func quoteIdent(name string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(name, "\x00", ""), `"`, `""`) + `"`
}

// quoteText writes text that comes from the catalogue as an SQL string.
func quoteText(t string) string {
	t = strings.ReplaceAll(strings.ReplaceAll(t, "\x00", ""), "'", "''")
	if strings.Contains(t, `\`) {
		return " E'" + strings.ReplaceAll(t, `\`, `\\`) + "'"
	}
	return "'" + t + "'"
}

// statement is SQL under construction with its bound values.
type statement struct {
	strings.Builder
	text   string // the SQL, when it need not be built
	args   [][]byte
	slots  []int // whose value each of args is: a condition's number, or 0
	c      *catalog
	failed *apiError // the first name that does not exist
	once   bool      // not worth keeping prepared
}

func (w *statement) sql() string {
	if w.text != "" {
		return w.text
	}
	return w.String()
}

// bind adds a value and writes its place holder; PostgreSQL infers its type.
func (w *statement) bind(value string) { w.bindOf(0, value) }

// bindOf adds the value of the condition with that number.
func (w *statement) bindOf(slot int, value string) {
	w.args = append(w.args, []byte(value))
	w.slots = append(w.slots, slot)
	w.add("$", strconv.Itoa(len(w.args)))
}

func (w *statement) add(parts ...string) {
	for _, p := range parts {
		w.WriteString(p)
	}
}

func (w *statement) fail(e *apiError) {
	if w.failed == nil {
		w.failed = e
	}
}

// known says whether n has such a column, and takes note of the error when not.
func (w *statement) known(n *node, name string) bool {
	var names []string
	if w.c.ofRows[name] {
		return true
	}
	switch {
	case n.anything:
	case n.Columns != nil:
		if contains(n.Columns, name) {
			return true
		}
		names = n.Columns
	case n.Table != nil:
		if n.Table.has(name) {
			return true
		}
		names = n.Table.columnNames()
	}
	w.fail(errMissingColumn(n.RefName, name, []columnSource{{n.RefName, names}}))
	return false
}

// column writes a column of n.
func (w *statement) column(n *node, name string) {
	if w.known(n, name) {
		w.add(n.Ref, ".", quoteIdent(name))
		return
	}
	w.add("NULL")
}

// field writes a column with its JSON path; other types are made JSON first.
func (w *statement) field(n *node, f field) {
	if len(f.Path) == 0 {
		w.column(n, f.Name)
		return
	}
	isJSON := n.Table != nil && n.Table.byName[f.Name] != nil && n.Table.byName[f.Name].JSON
	if !isJSON {
		w.add("to_jsonb(")
	}
	w.column(n, f.Name)
	if !isJSON {
		w.add(")")
	}
	w.path(f.Path)
}

func (w *statement) path(path []jsonStep) {
	for _, st := range path {
		if st.AsText {
			w.add("->>")
		} else {
			w.add("->")
		}
		w.bind(st.Key)
		if st.Index {
			w.add("::int")
		}
	}
}

var simpleSQL = map[string]string{
	"neq": "<>", "cs": "@>", "cd": "<@", "ov": "&&", "sl": "<<", "sr": ">>", "nxr": "&<", "nxl": "&>", "adj": "-|-",
	"eq": "=", "gte": ">=", "gt": ">", "lte": "<=", "lt": "<", "like": "LIKE", "ilike": "ILIKE", "match": "~", "imatch": "~*",
	"fts": "to_tsquery", "plfts": "plainto_tsquery", "phfts": "phraseto_tsquery", "wfts": "websearch_to_tsquery",
}

var isSQL = map[string]string{
	"null": "NULL", "not_null": "NOT NULL", "true": "TRUE", "false": "FALSE", "unknown": "UNKNOWN",
}

// filter writes one condition.
func (w *statement) filter(n *node, f *filter) {
	if k := n.nullTest(f); k != nil {
		w.add(k.Lateral)
		if k.toMany() {
			w.add(".rows")
		}
		w.add(" IS ")
		if f.Op.Not {
			w.add("DISTINCT FROM NULL")
		} else {
			w.add("NOT DISTINCT FROM NULL")
		}
		return
	}
	if f.Op.Not {
		w.add("NOT ")
	}
	w.left(n, f)
	w.right(&f.Op)
}

// nullTest is the embedded relation that f asks to be absent or present.
func (n *node) nullTest(f *filter) *node {
	if len(f.Field.Path) > 0 || f.Op.Kind != opIs || f.Op.Name != "null" {
		return nil
	}
	return n.embedded(f.Field.Name)
}

func (w *statement) left(n *node, f *filter) {
	vector := false
	if f.Op.Kind == opFTS {
		c := (*column)(nil)
		if n.Table != nil {
			c = n.Table.byName[f.Field.Name]
		}
		vector = c != nil && !c.TSVector
	}
	if vector {
		w.add("to_tsvector(")
		w.language(f.Op.Lang)
	}
	w.field(n, f.Field)
	if vector {
		w.add(")")
	}
}

func (w *statement) language(lang *string) {
	if lang != nil {
		w.bind(*lang)
		w.add(", ")
	}
}

func (w *statement) right(op *operation) {
	switch op.Kind {
	case opSimple:
		w.add(" ", simpleSQL[op.Name], " ")
		w.bindOf(op.slot, op.Value)
	case opQuant:
		w.quantified(op)
	case opIn:
		if len(op.List) == 1 && op.List[0] == "" {
			w.add(" = ANY('{}')")
			return
		}
		w.add(" = ANY(")
		w.bindOf(op.slot, arrayText(op.List))
		w.add(")")
	case opIs:
		w.add(" IS ", isSQL[op.Name])
	case opDistinct:
		w.add(" IS DISTINCT FROM ")
		w.bindOf(op.slot, op.Value)
	case opFTS:
		w.add(" @@ ", simpleSQL[op.Name], "(")
		w.language(op.Lang)
		w.bindOf(op.slot, op.Value)
		w.add(")")
	}
}

func (w *statement) quantified(op *operation) {
	value := op.Value
	if op.Name == "like" || op.Name == "ilike" {
		value = strings.ReplaceAll(value, "*", "%")
	}
	w.add(" ", simpleSQL[op.Name], " ")
	switch op.Quant {
	case "any":
		w.add("ANY(")
	case "all":
		w.add("ALL(")
	}
	w.bindOf(op.slot, value)
	if op.Quant != "" {
		w.add(")")
	}
}

// arrayText is an array in PostgreSQL's text form, every element quoted.
func arrayText(list []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(arrayEscape.Replace(v))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

var arrayEscape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\x00", "")

// logic writes a condition tree.
func (w *statement) logic(n *node, l *logicNode, leaf func(*node, *filter)) {
	if l.Filter != nil {
		leaf(n, l.Filter)
		return
	}
	if l.Not {
		w.add("NOT ")
	}
	w.add("(")
	for i := range l.Kids {
		switch {
		case i > 0 && l.Or:
			w.add(" OR ")
		case i > 0:
			w.add(" AND ")
		}
		w.logic(n, &l.Kids[i], leaf)
	}
	w.add(")")
}

// conjunction writes WHERE and its conditions, if there are any.
type conjunction struct {
	w   *statement
	any bool
}

func (c *conjunction) next() {
	if c.any {
		c.w.add(" AND ")
	} else {
		c.w.add(" WHERE ")
	}
	c.any = true
}

// joins writes what binds n to the node above it.
func (c *conjunction) joins(n, parent *node) {
	if n.Rel == nil || n.Rel.Function != nil {
		return
	}
	equal := func(refA, a, refB, b string) {
		c.next()
		c.w.add(refA, ".", quoteIdent(a), " = ", refB, ".", quoteIdent(b))
	}
	if n.Rel.Card == manyToMany {
		for _, l := range n.Rel.Junction.Target {
			equal(n.Ref, l.From, "pgrst_junction", l.To)
		}
		for _, l := range n.Rel.Junction.Source {
			equal(parent.Ref, l.From, "pgrst_junction", l.To)
		}
		return
	}
	for _, l := range n.Rel.Cols {
		equal(n.Ref, l.To, parent.Ref, l.From)
	}
}
