package rest

import (
	"bytes"
	"strings"
)

// template is the plan and the statement of all requests of one shape. It holds nothing of the request
// that it was made from but its shape: no value, no caller, no header. It belongs to a snapshot of the
// catalogue and goes with it.
type template struct {
	plan  plan // of Req only what the answer needs
	sql   string
	binds []bind
}

// bind is one bound value of a template: that of a condition, or one that is part of the shape, such as
// the key of a JSON path.
type bind struct {
	fixed []byte // when slot is 0
	slot  int    // from 1, counting conditions
	kind  holeKind
}

// number gives the conditions of a query the numbers by which the statement tells whose value it bound.
func (q *query) number() {
	n := 0
	for i := range q.Filters {
		n++
		q.Filters[i].What.Op.slot = n
	}
	for i := range q.Logic {
		q.Logic[i].What.number(&n)
	}
}

func (l *logicNode) number(n *int) {
	if l.Filter != nil {
		*n++
		l.Filter.Op.slot = *n
	}
	for i := range l.Kids {
		l.Kids[i].number(n)
	}
}

// conditions are the operations of a query in the order of their numbers.
func (q *query) conditions() []*operation {
	var out []*operation
	for i := range q.Filters {
		out = append(out, &q.Filters[i].What.Op)
	}
	for i := range q.Logic {
		out = q.Logic[i].What.conditions(out)
	}
	return out
}

func (l *logicNode) conditions(out []*operation) []*operation {
	if l.Filter != nil {
		out = append(out, &l.Filter.Op)
	}
	for i := range l.Kids {
		out = l.Kids[i].conditions(out)
	}
	return out
}

// at is the value of the condition with that number.
func (sh *shape) at(slot int) hole {
	if slot <= len(sh.filters) {
		return sh.filters[slot-1]
	}
	return sh.logic[slot-1-len(sh.filters)]
}

// bound is a hole's value as it is bound.
func (h hole) bound() []byte {
	switch h.kind {
	case holePattern:
		return []byte(strings.ReplaceAll(h.text, "*", "%"))
	case holeList:
		return []byte(arrayText(strings.Split(h.text, ",")))
	}
	return []byte(h.text)
}

// templateOf makes a template of a request that went the long way, or nil. The shape has to have found the
// values that the grammar has, and the template to give the statement that was written.
func templateOf(sh *shape, p *plan, main *statement) *template {
	q := p.Req.Query
	ops := q.conditions()
	if len(ops) != len(sh.filters)+len(sh.logic) || len(q.Params) > 0 || main.failed != nil || main.once || len(main.sql()) > maxPreparedText {
		return nil
	}
	for i, op := range ops {
		if !sh.at(i + 1).isOf(op) {
			return nil
		}
	}
	t := &template{sql: strings.Clone(main.sql()), binds: make([]bind, len(main.args))}
	for i, value := range main.args {
		slot := main.slots[i]
		if slot == 0 {
			t.binds[i].fixed = bytes.Clone(value)
			continue
		}
		t.binds[i] = bind{slot: slot, kind: sh.at(slot).kind}
	}
	for i, value := range t.statement(sh).args {
		if !bytes.Equal(value, main.args[i]) {
			return nil
		}
	}
	req := p.Req
	t.plan = plan{Media: p.Media, Table: p.Table, Req: &request{Kind: req.Kind, Head: req.Head, Method: req.Method, Target: p.Table.Name,
		Profiled: req.Profiled, Top: req.Top, Prefs: req.Prefs, Query: &query{HasOnConf: q.HasOnConf}}}
	return t
}

// isOf says whether the hole holds the value of op, and op treats it as such.
func (h hole) isOf(op *operation) bool {
	switch h.kind {
	case holeFixed:
		return op.Kind == opIs
	case holePlain:
		return (op.Kind == opQuant && op.Quant == "" && op.Name != "like" && op.Name != "ilike" || op.Kind == opSimple) && op.Value == h.text
	case holePattern:
		return op.Kind == opQuant && op.Quant == "" && (op.Name == "like" || op.Name == "ilike") && op.Value == h.text
	case holeList:
		return op.Kind == opIn && strings.Join(op.List, ",") == h.text
	}
	return false
}

// statement is the template's with the values of a request.
func (t *template) statement(sh *shape) *statement {
	w := &statement{text: t.sql, args: make([][]byte, len(t.binds))}
	for i := range t.binds {
		if b := &t.binds[i]; b.slot == 0 {
			w.args[i] = b.fixed
		} else {
			w.args[i] = sh.at(b.slot).bound()
		}
	}
	return w
}

// planFor is the template's plan for one request. The parts that are not the template's own are set anew.
func (t *template) planFor(path, canonical string, who identity) *plan {
	both := struct {
		plan
		request
		query
	}{t.plan, *t.plan.Req, *t.plan.Req.Query}
	both.request.Path, both.request.Identity = path, who
	both.query.Canonical = canonical
	both.request.Query = &both.query
	both.plan.Req = &both.request
	return &both.plan
}
