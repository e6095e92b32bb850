package rest

import "sort"

// mutation adds to a plan what is written, and what RETURNING has to give.
func (p *planner) mutation(out *plan) *apiError {
	if p.req.Kind == actUpsert {
		if e := p.checkPut(out.Table); e != nil {
			return e
		}
	}
	if p.req.Kind != actDelete {
		for _, name := range p.req.Body.Keys {
			c := out.Table.byName[name]
			if c == nil {
				return errNoColumn(out.Table.Name.Name, name)
			}
			out.Writes = append(out.Writes, c)
		}
	}
	switch p.req.Prefs.Return {
	case "representation", "headers-only":
		out.Return = returning(out.Root, out.Table.PK)
	}
	out.Root.Columns = out.Return
	if len(out.Return) == 1 && out.Return[0] == "*" {
		out.Root.Columns = nil
	}
	return nil
}

// checkPut demands that all primary key columns, and nothing else, are filtered by eq.
func (p *planner) checkPut(t *table) *apiError {
	q := p.req.Query
	if len(q.Logic) > 0 || len(t.PK) == 0 || len(q.FilterKeys) != len(t.PK) {
		return errPutFilters()
	}
	for key := range q.FilterKeys {
		if !contains(t.PK, key) {
			return errPutFilters()
		}
	}
	for _, f := range q.Filters {
		op := f.What.Op
		if op.Kind != opQuant || op.Name != "eq" || op.Quant != "" || op.Not {
			return errPutFilters()
		}
	}
	return nil
}

// returning lists the columns the rows read back need: the selected ones, those that embedded relations
// are joined by, and the primary key.
func returning(root *node, pk []string) []string {
	names := map[string]bool{}
	for _, f := range root.Fields {
		names[f.Field.Name] = true
	}
	if names["*"] {
		return []string{"*"}
	}
	for _, k := range root.Kids {
		if k.Rel.Function != nil {
			return []string{"*"}
		}
		for _, l := range k.Rel.Cols {
			names[l.From] = true
		}
		if k.Rel.Card == manyToMany {
			for _, l := range k.Rel.Junction.Source {
				names[l.From] = true
			}
		}
	}
	for _, c := range pk {
		names[c] = true
	}
	out := sortedKeys(names)
	sort.Strings(out)
	return out
}

// call plans a function's invocation and the reading of its rows.
func (p *planner) call(out *plan) (*plan, *apiError) {
	req := p.req
	args := req.Body.Keys
	if !req.Post {
		var names []string
		for _, a := range req.Query.Params {
			names = append(names, a.Name)
		}
		args = sortedUnique(names)
	}
	fn, e := p.c.findFunction(req.Target, args, req.Body.Type, req.Post)
	if e != nil {
		return nil, e
	}
	out.Fn = fn
	name := fn.Name.Name
	if fn.Ret != nil {
		name = fn.Ret.Name.Name
	}
	root := &node{
		Name: name, RefName: name, From: quoteIdent(sourceName) + " AS " + quoteIdent(name), Ref: quoteIdent(name),
		Table: fn.Ret, source: true,
	}
	switch {
	case fn.Ret != nil:
	case fn.Scalar:
		root.Columns = []string{"pgrst_scalar"}
	case len(fn.OutNames) > 0:
		root.Columns = fn.OutNames
	default:
		root.anything = true
	}
	if e := p.tree(out, root); e != nil {
		return nil, e
	}
	out.narrow(root)
	if e := p.finish(out); e != nil {
		return nil, e
	}
	if req.Prefs.HasMax && req.Prefs.strict() && !fn.SetOf {
		return nil, errMaxAffectedRPC()
	}
	return out, nil
}

// narrow lists the columns a function's rows have to give: the selected ones, those relations are joined
// by and those filtered by. An order by any other column is an error, as it is in PostgREST. With a star
// all real columns are there, and the computed ones are not.
func (p *plan) narrow(root *node) {
	if p.Fn.Scalar || root.anything {
		return
	}
	p.Return = returning(root, nil)
	if len(p.Return) == 0 || p.Return[0] == "*" {
		p.Return = []string{"*"}
		if root.Table != nil {
			root.Columns = root.Table.columnNames()
		}
		return
	}
	names := map[string]bool{}
	for _, n := range p.Return {
		names[n] = true
	}
	var walk func(l *logicNode)
	walk = func(l *logicNode) {
		if l.Filter != nil && root.nullTest(l.Filter) == nil {
			names[l.Filter.Field.Name] = true
		}
		for i := range l.Kids {
			walk(&l.Kids[i])
		}
	}
	for i := range root.Where {
		walk(&root.Where[i])
	}
	p.Return = sortedKeys(names)
}
