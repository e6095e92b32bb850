package rest

import "strconv"

// selectRows writes the SELECT of a node with everything embedded in it.
func (w *statement) selectRows(n, parent *node) {
	w.add("SELECT ")
	items := 0
	sep := func() {
		if items > 0 {
			w.add(", ")
		}
		items++
	}
	w.ownFields(n, sep)
	w.spreadOrder(n, sep)
	for _, k := range n.Kids {
		w.kidFields(k, sep)
	}
	w.add(" FROM ", n.From)
	for _, k := range n.Kids {
		w.joinKid(k, n)
	}
	c := &conjunction{w: w}
	for i := range n.Where {
		c.next()
		w.logic(n, &n.Where[i], w.filter)
	}
	c.joins(n, parent)
	w.orderBy(n)
	w.limits(n.Range)
}

func (w *statement) ownFields(n *node, sep func()) {
	if len(n.Fields) == 0 && len(n.Kids) == 0 {
		sep()
		w.add(n.Ref, ".*")
		return
	}
	for _, f := range n.Fields {
		if f.star() {
			w.allFields(n, sep)
			continue
		}
		sep()
		w.selectField(n, f)
	}
}

func (f selectItem) star() bool {
	return f.Field.Name == "*" && len(f.Field.Path) == 0 && f.Cast == "" && f.Alias == ""
}

// allFields is the star; where the columns are put into arrays one by one, it is spelled out.
func (w *statement) allFields(n *node, sep func()) {
	if !n.spreadMany() || n.Table == nil {
		sep()
		w.add(n.Ref, ".*")
		return
	}
	for _, c := range n.Table.Columns {
		sep()
		w.column(n, c.Name)
	}
}

func (n *node) spreadMany() bool { return n.Spread && n.toMany() }

func (w *statement) selectField(n *node, f selectItem) {
	if f.Cast == "" {
		w.field(n, f.Field)
	} else {
		typ, e := w.c.castType(f.Cast)
		if e != nil {
			w.fail(e)
		}
		w.add("CAST(")
		w.field(n, f.Field)
		w.add(" AS ", typ, ")")
	}
	w.as(f.output())
}

// as names a selected value. PostgreSQL has no empty names, and says so.
func (w *statement) as(name string) {
	if name == "" {
		w.fail(newError(400, "42601", `zero-length delimited identifier at or near """"`))
		name = "?"
	}
	w.add(" AS ", quoteIdent(name))
}

// output is the name a selected value appears under: its alias, the last key of its path, or the column.
func (f selectItem) output() string {
	if f.Alias != "" {
		return f.Alias
	}
	for i := len(f.Field.Path) - 1; i >= 0; i-- {
		if !f.Field.Path[i].Index {
			return f.Field.Path[i].Key
		}
	}
	return f.Field.Name
}

// spreadOrder selects what the arrays of a spread relation are ordered by.
func (w *statement) spreadOrder(n *node, sep func()) {
	if !n.spreadMany() {
		return
	}
	for i, o := range n.Order {
		sep()
		w.orderTerm(n, o)
		w.add(" AS pgrst_order_", strconv.Itoa(i+1))
	}
}

// hollow is an embedding that selects nothing, at any level: it joins and filters but does not appear.
func (n *node) hollow() bool {
	if len(n.Fields) > 0 {
		return false
	}
	for _, k := range n.Kids {
		if !k.hollow() {
			return false
		}
	}
	return true
}

// kidFields writes the columns an embedded relation adds to its parent.
func (w *statement) kidFields(k *node, sep func()) {
	switch {
	case k.Spread:
		for _, name := range w.spreadNames(k, k.spreadMany()) {
			sep()
			w.add(k.Lateral, ".", name)
		}
	case k.hollow():
	case k.toMany():
		sep()
		w.add("COALESCE(", k.Lateral, ".rows, '[]')")
		w.as(k.shown())
	default:
		sep()
		w.add("row_to_json(", k.Lateral, ".*)::jsonb")
		w.as(k.shown())
	}
}

// spreadNames are the columns of a spread relation, quoted; a star stays one unless spelled out.
func (w *statement) spreadNames(n *node, spell bool) []string {
	var out []string
	for _, f := range n.Fields {
		switch {
		case !f.star():
			out = append(out, quoteIdent(f.output()))
		case spell && n.Table != nil:
			for _, c := range n.Table.Columns {
				out = append(out, quoteIdent(c.Name))
			}
		default:
			out = append(out, "*")
		}
	}
	for _, k := range n.Kids {
		switch {
		case k.Spread:
			out = append(out, w.spreadNames(k, spell || k.spreadMany())...)
		case !k.hollow():
			out = append(out, quoteIdent(k.shown()))
		}
	}
	return out
}

// joinKid joins an embedded relation as a subquery of its own for every row of its parent.
func (w *statement) joinKid(k, parent *node) {
	inner := k.Join == joinInner
	if inner {
		w.add(" INNER JOIN LATERAL (")
	} else {
		w.add(" LEFT JOIN LATERAL (")
	}
	if !k.toMany() {
		w.selectRows(k, parent)
		w.add(") AS ", k.Lateral, " ON TRUE")
		return
	}
	w.add("SELECT json_agg(", k.Lateral, ")::jsonb AS rows")
	if k.Spread {
		w.spreadArrays(k)
	}
	w.add(" FROM (")
	w.selectRows(k, parent)
	w.add(") AS ", k.Lateral, ") AS ", k.Lateral)
	if inner {
		w.add(" ON ", k.Lateral, ".rows IS NOT NULL")
	} else {
		w.add(" ON TRUE")
	}
}

func (w *statement) spreadArrays(k *node) {
	for _, name := range w.spreadNames(k, true) {
		w.add(", COALESCE(json_agg(", k.Lateral, ".", name)
		for i, o := range k.Order {
			if i == 0 {
				w.add(" ORDER BY ")
			} else {
				w.add(", ")
			}
			w.add(k.Lateral, ".pgrst_order_", strconv.Itoa(i+1), " ", o.Dir, " ", o.Nulls)
		}
		w.add("), '[]')::jsonb AS ", name)
	}
}

func (w *statement) orderBy(n *node) {
	for i, o := range n.Order {
		if i == 0 {
			w.add(" ORDER BY ")
		} else {
			w.add(", ")
		}
		w.orderTerm(n, o)
		if o.Dir != "" {
			w.add(" ", o.Dir)
		}
		if o.Nulls != "" {
			w.add(" ", o.Nulls)
		}
	}
}

func (w *statement) orderTerm(n *node, o orderTerm) {
	if o.Relation == "" {
		w.field(n, o.Field)
		return
	}
	k := n.embedded(o.Relation)
	if k == nil { // checked by the planner
		w.fail(errNotEmbedded(o.Relation))
		return
	}
	w.relatedField(n, k, o.Field)
}

// relatedField is a selected value of an embedded to-one relation.
func (w *statement) relatedField(n, k *node, f field) {
	name := n.tableName() + "_" + k.shown() + "_" + strconv.Itoa(k.Depth)
	var names []string
	found := len(k.Fields) == 0 && len(k.Kids) == 0 && k.Table.has(f.Name)
	for _, s := range k.Fields {
		if s.star() {
			names = append(names, k.Table.columnNames()...)
		} else {
			names = append(names, s.output())
		}
	}
	for _, kk := range k.Kids {
		names = append(names, kk.shown())
	}
	if !found && !contains(names, f.Name) {
		w.fail(errMissingColumn(name, f.Name, []columnSource{{name, names}}))
		w.add("NULL")
		return
	}
	if len(f.Path) > 0 {
		w.add("to_jsonb(", k.Lateral, ".", quoteIdent(f.Name), ")")
		w.path(f.Path)
		return
	}
	w.add(k.Lateral, ".", quoteIdent(f.Name))
}

func (w *statement) limits(r span) {
	if r.isAll() {
		return
	}
	w.add(" LIMIT ")
	if n, has := r.limit(); has {
		w.bind(strconv.FormatInt(n, 10))
	} else {
		w.add("ALL")
	}
	w.add(" OFFSET ")
	w.bind(strconv.FormatInt(r.Lo, 10))
}

// countRows writes the query whose rows are those of n without limits; what is embedded matters only
// where it is required.
func (w *statement) countRows(n, parent *node) {
	w.add("SELECT 1 FROM ", n.From)
	c := &conjunction{w: w}
	for i := range n.Where {
		c.next()
		w.logic(n, &n.Where[i], w.countFilter)
	}
	c.joins(n, parent)
	for _, k := range n.Kids {
		if k.Join == joinInner {
			c.next()
			w.add("EXISTS (")
			w.countRows(k, n)
			w.add(")")
		}
	}
}

func (w *statement) countFilter(n *node, f *filter) {
	k := n.nullTest(f)
	if k == nil {
		w.filter(n, f)
		return
	}
	if !f.Op.Not {
		w.add("NOT ")
	}
	w.add("EXISTS (")
	w.countRows(k, n)
	w.add(")")
}
