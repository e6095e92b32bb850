package rest

import "strconv"

// target is the node a writing statement filters: the table under its own name.
func target(t *table) *node {
	return &node{Name: t.Name.Name, Table: t, From: t.Name.sql(), Ref: t.Name.sql(), RefName: t.Name.Name}
}

// conditions writes the root's filters of a PATCH or DELETE.
func (w *statement) conditions(p *plan, n *node) {
	c := &conjunction{w: w}
	for _, f := range p.Req.Query.Filters {
		if len(f.Path) == 0 {
			c.next()
			w.filter(n, &f.What)
		}
	}
	for _, l := range p.Req.Query.Logic {
		if len(l.Path) == 0 {
			c.next()
			w.logic(n, &l.What, w.filter)
		}
	}
}

func (w *statement) returning(p *plan) {
	if len(p.Return) == 0 {
		w.add(" RETURNING 1")
		return
	}
	w.add(" RETURNING ")
	w.returned(p, target(p.Table))
}

func (w *statement) returned(p *plan, n *node) {
	for i, name := range p.Return {
		if i > 0 {
			w.add(", ")
		}
		if name == "*" {
			w.add(n.Ref, ".*")
			continue
		}
		w.column(n, name)
	}
}

// given is the columns there are to name, after only these were returned.
func (n *node) given(returned []string) []string {
	if n.anything || len(returned) == 1 && returned[0] == "*" {
		return n.Columns
	}
	return returned
}

// write writes the INSERT, UPDATE or DELETE.
func (w *statement) write(p *plan) {
	switch p.Req.Kind {
	case actInsert, actUpsert:
		w.insert(p)
	case actUpdate:
		w.update(p)
	case actDelete:
		w.add("DELETE FROM ", p.Table.Name.sql())
		w.conditions(p, target(p.Table))
		w.returning(p)
	}
}

// counting is a condition that is always true and counts: the rows offered (+1), and of these the ones
// that turned out to be updates (-1). What is left are the rows inserted.
func (w *statement) counting(step string) {
	w.add("set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) ", step,
		")::text, true) IS NOT NULL")
}

// countsInserts says whether it matters how many rows were new.
func (p *plan) countsInserts() bool {
	return p.Req.Kind == actUpsert || p.Req.Kind == actInsert && p.Req.Prefs.Resolution == "merge-duplicates"
}

func (w *statement) insert(p *plan) {
	w.add("INSERT INTO ", p.Table.Name.sql())
	if len(p.Writes) > 0 {
		w.add("(")
		w.names(p.Writes)
		w.add(")")
	}
	w.add(" SELECT ")
	w.prefixed(p.Writes, "pgrst_body.")
	w.bodyRows(p)
	if p.countsInserts() {
		w.add(" WHERE ")
		w.counting("+ 1")
		if p.Req.Kind == actUpsert {
			body := &node{Table: p.Table, Ref: "pgrst_body", RefName: "pgrst_body"}
			for _, c := range p.Writes {
				body.Columns = append(body.Columns, c.Name)
			}
			for _, f := range p.Req.Query.Filters {
				w.add(" AND ")
				w.filter(body, &f.What)
			}
		}
	}
	w.onConflict(p)
	w.returning(p)
}

func (w *statement) names(cols []*column) { w.prefixed(cols, "") }

func (w *statement) prefixed(cols []*column, prefix string) {
	for i, c := range cols {
		if i > 0 {
			w.add(", ")
		}
		w.add(prefix, quoteIdent(c.Name))
	}
}

func (w *statement) onConflict(p *plan) {
	resolution, cols := p.Req.Prefs.Resolution, p.Table.PK
	if p.Req.Kind == actUpsert {
		resolution = "merge-duplicates"
	} else if p.Req.Query.HasOnConf {
		cols = p.Req.Query.OnConflict
	}
	if resolution == "" || len(cols) == 0 {
		return
	}
	merge := resolution == "merge-duplicates" && len(p.Writes) > 0
	w.add(" ON CONFLICT(")
	for i, name := range cols {
		if i > 0 {
			w.add(", ")
		}
		if p.Table.byName[name] == nil {
			w.fail(missingConflictColumn(p.Table, name, merge))
			w.add("NULL")
			continue
		}
		w.add(quoteIdent(name))
	}
	if !merge {
		w.add(") DO NOTHING")
		return
	}
	w.add(") DO UPDATE SET ")
	for i, c := range p.Writes {
		if i > 0 {
			w.add(", ")
		}
		w.add(quoteIdent(c.Name), " = EXCLUDED.", quoteIdent(c.Name))
	}
	w.add(" WHERE ")
	w.counting("- 1")
}

// missingConflictColumn is PostgreSQL's error; when it updates, the proposed row is a source of hints too.
func missingConflictColumn(t *table, name string, merge bool) *apiError {
	sources := []columnSource{{t.Name.Name, t.columnNames()}}
	if merge {
		sources = append(sources, columnSource{"excluded", t.columnNames()})
	}
	return errMissingColumn("", name, sources)
}

func (w *statement) update(p *plan) {
	if len(p.Writes) == 0 {
		w.add("SELECT ")
		if len(p.Return) == 0 {
			w.add("NULL")
		} else {
			w.returned(p, target(p.Table))
		}
		w.add(" FROM ", p.Table.Name.sql(), " WHERE false")
		return
	}
	w.add("UPDATE ", p.Table.Name.sql(), " SET ")
	for i, c := range p.Writes {
		if i > 0 {
			w.add(", ")
		}
		w.add(quoteIdent(c.Name), " = pgrst_body.", quoteIdent(c.Name))
	}
	w.bodyRows(p)
	w.conditions(p, target(p.Table))
	w.returning(p)
}

// bodyRows writes the FROM that turns the body into rows of the columns written.
func (w *statement) bodyRows(p *plan) {
	defaults := p.Req.Prefs.Missing == "default" && p.Req.Kind != actUpsert
	array := p.Req.Body.IsArray
	typ, source := "json", "pgrst_payload.json_data"
	if defaults {
		typ, source = "jsonb", "pgrst_filled.json_data"
	}
	w.add(" FROM (SELECT ")
	w.bind(string(p.Req.Body.Raw))
	w.add("::", typ, " AS json_data) pgrst_payload, ")
	if defaults {
		w.filled(p, array)
	}
	w.add("LATERAL (SELECT ")
	w.names(p.Writes)
	w.add(" FROM ")
	switch {
	case len(p.Writes) == 0 && array:
		w.add(typ, "_array_elements(", source, ") _")
	case len(p.Writes) == 0:
		w.add("(VALUES (1)) _")
	default:
		w.add(typ, "_to_record")
		if array {
			w.add("set")
		}
		w.add("(", source, ") AS _(")
		for i, c := range p.Writes {
			if i > 0 {
				w.add(", ")
			}
			w.add(quoteIdent(c.Name), " ", c.Type)
		}
		w.add(")")
	}
	w.add(") pgrst_body")
}

// filled puts the columns' defaults beneath the keys that are missing.
func (w *statement) filled(p *plan, array bool) {
	build := "jsonb_build_object("
	first := true
	for _, c := range p.Writes {
		if c.Default == "" {
			continue
		}
		if !first {
			build += ", "
		}
		first = false
		build += quoteText(c.Name) + ", " + c.Default
	}
	build += ")"
	if array {
		w.add("LATERAL (SELECT jsonb_agg(", build, " || elem) AS json_data FROM jsonb_array_elements(pgrst_payload.json_data) elem) pgrst_filled, ")
		return
	}
	w.add("LATERAL (SELECT ", build, " || pgrst_payload.json_data AS json_data) pgrst_filled, ")
}

// callRows writes the SELECT from the function.
func (w *statement) callRows(p *plan) {
	fn := p.Fn
	w.add("SELECT ")
	if fn.Scalar {
		w.add("pgrst_call.pgrst_scalar")
	} else {
		row := *p.Root
		row.Ref = "pgrst_call"
		w.returned(p, &row)
		p.Root.Columns = row.given(p.Return)
	}
	w.add(" FROM ")
	req := p.Req
	lateral := false
	var args func()
	switch {
	case len(fn.Params) == 1 && fn.Params[0].Name == "":
		args = func() { w.bodyArgument(p) }
	case req.Post && !req.Body.IsForm:
		if used := w.bodyArguments(p); len(used) > 0 {
			lateral = true
			args = func() { w.namedArguments(used) }
		}
	default:
		args = func() { w.directArguments(p) }
	}
	if lateral {
		w.add("LATERAL ")
	}
	if fn.Scalar {
		w.add("(SELECT ")
	}
	w.add(fn.Name.sql(), "(")
	if args != nil {
		args()
	}
	w.add(")")
	if fn.Scalar {
		w.add(" pgrst_scalar)")
	}
	w.add(" pgrst_call")
}

func (w *statement) bodyArgument(p *plan) {
	raw := string(p.Req.Body.Raw)
	if p.Req.Body.IsForm || !p.Req.Post {
		raw = "{}"
	}
	if p.Fn.Params[0].Type == "bytea" {
		w.bind(`\x` + hexText(raw))
	} else {
		w.bind(raw)
	}
	w.add("::", p.Fn.Params[0].Type)
}

func hexText(s string) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(s))
	for i := 0; i < len(s); i++ {
		out = append(out, digits[s[i]>>4], digits[s[i]&15])
	}
	return string(out)
}

// bodyArguments makes a row of the body's arguments and returns the parameters that are given.
func (w *statement) bodyArguments(p *plan) []fnParam {
	var used []fnParam
	for _, prm := range p.Fn.Params {
		if contains(p.Req.Body.Keys, prm.Name) {
			used = append(used, prm)
		}
	}
	if len(used) == 0 {
		return nil
	}
	w.add("(SELECT ")
	w.bind(string(p.Req.Body.Raw))
	w.add("::json AS json_data) pgrst_payload, LATERAL (SELECT * FROM json_to_record")
	if p.Req.Body.IsArray {
		w.add("set")
	}
	w.add("(pgrst_payload.json_data) AS _(")
	for i, prm := range used {
		if i > 0 {
			w.add(", ")
		}
		w.add(quoteIdent(prm.Name), " ", prm.WideType)
	}
	w.add(") LIMIT 1) pgrst_body, ")
	return used
}

func (w *statement) namedArguments(used []fnParam) {
	for i, prm := range used {
		if i > 0 {
			w.add(", ")
		}
		if prm.Variadic {
			w.add("VARIADIC ")
		}
		w.add(quoteIdent(prm.Name), " := pgrst_body.", quoteIdent(prm.Name))
	}
}

// directArguments binds the arguments of a GET or a form; a variadic parameter takes all its values.
func (w *statement) directArguments(p *plan) {
	given := p.Req.Query.Params
	if p.Req.Body.IsForm {
		given = p.Req.Body.Form
	}
	first := true
	for _, prm := range p.Fn.Params {
		var values []string
		for _, g := range given {
			if g.Name == prm.Name {
				values = append(values, g.Value)
			}
		}
		if len(values) == 0 {
			continue
		}
		if !first {
			w.add(", ")
		}
		first = false
		if prm.Variadic {
			w.add("VARIADIC ", quoteIdent(prm.Name), " := ")
			w.bind(arrayText(values))
		} else {
			w.add(quoteIdent(prm.Name), " := ")
			w.bind(values[len(values)-1])
		}
		w.add("::", prm.WideType)
	}
}

// limitOne is how many rows the count stops after, for an estimated count.
func limitOne(maxRows int) string { return " LIMIT " + strconv.Itoa(maxRows+1) }
