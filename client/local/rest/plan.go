package rest

import "strconv"

// sourceName is the name under which a writing statement's or a function's rows are read back.
const sourceName = "pgrst_source"

// node is one level of what is read: the target itself, or a relation embedded in it.
type node struct {
	Name   string // as the request calls it
	Alias  string
	Hint   string
	Join   joinKind
	Spread bool
	Depth  int

	Fields []selectItem
	Kids   []*node
	Where  []logicNode
	Order  []orderTerm
	Range  span

	Table    *table    // nil: a function's rows
	Rel      *relation // nil at the root
	From     string    // SQL of what it is read from
	Ref      string    // how SQL names a row of it, quoted
	RefName  string    // how PostgreSQL's errors name it
	Lateral  string    // the alias of the subquery that holds it, generated
	Columns  []string  // when not all columns of Table can be named: those that can
	anything bool      // its columns are not known
	source   bool      // the rows of a writing statement or a function
}

// shown is the name under which the embedded rows appear.
func (n *node) shown() string {
	if n.Alias != "" {
		return n.Alias
	}
	return n.Name
}

// toMany says that it is embedded as an array.
func (n *node) toMany() bool { return n.Rel != nil && !n.Rel.toOne() }

// plan is a request matched with the catalogue.
type plan struct {
	Req    *request
	Root   *node
	Media  mediaType
	Table  *table
	Fn     *function
	Return []string // columns RETURNING must give; "*" alone for all; empty for none
	Writes []*column
}

// planner builds a plan from a request.
type planner struct {
	c   *catalog
	req *request
	max int64
}

// plan matches the request with the catalogue.
func (c *catalog) plan(req *request, maxRows int) (*plan, *apiError) {
	p := &planner{c: c, req: req, max: int64(maxRows)}
	out := &plan{Req: req}
	if req.Kind == actCall {
		return p.call(out)
	}
	out.Table = c.table(req.Target.Schema, req.Target.Name)
	if out.Table == nil {
		return nil, errNoTable(req.Target.Schema, req.Target.Name, c.tableHint(req.Target.Schema, req.Target.Name))
	}
	root := &node{Name: out.Table.Name.Name, Table: out.Table, From: out.Table.Name.sql(), Ref: out.Table.Name.sql()}
	root.RefName = root.Name
	if req.write() {
		root.From, root.Ref = quoteIdent(sourceName)+" AS "+quoteIdent(root.Name), quoteIdent(root.Name)
		root.source = true
	}
	if e := p.tree(out, root); e != nil {
		return nil, e
	}
	if req.write() {
		if e := p.mutation(out); e != nil {
			return nil, e
		}
	}
	return out, p.finish(out)
}

// finish checks what comes last: preferences and the media type.
func (p *planner) finish(out *plan) *apiError {
	strictly := func() *apiError {
		if len(p.req.Prefs.Unknown) > 0 && p.req.Prefs.strict() {
			return errPrefer(p.req.Prefs.Unknown)
		}
		return nil
	}
	if p.req.write() {
		if e := strictly(); e != nil {
			return e
		}
	}
	var e *apiError
	if out.Media, e = negotiate(p.req.Accept); e != nil {
		return e
	}
	return strictly()
}

// tree builds the nodes and puts filters, orders, ranges and relationships on them.
func (p *planner) tree(out *plan, root *node) *apiError {
	out.Root = root
	grow(root, p.req.Query.Select)
	root.Range = p.req.Top
	for _, step := range []func(*node) *apiError{
		p.addFilters, p.addOrders, p.addRanges, p.addLogic, p.addRelations, p.checkOrders, p.checkAggregates,
	} {
		if e := step(root); e != nil {
			return e
		}
	}
	if !p.req.write() {
		p.restrict(root)
	}
	count := 0
	enumerate(root, &count)
	return nil
}

// grow turns the select tree into nodes.
func grow(n *node, items []selectItem) {
	for _, it := range items {
		if it.Relation == "" {
			n.Fields = append(n.Fields, it)
			continue
		}
		kid := &node{
			Name: it.Relation, Alias: it.Alias, Hint: it.Hint, Join: it.Join, Spread: it.Spread, Depth: n.Depth + 1,
		}
		grow(kid, it.Kids)
		n.Kids = append(n.Kids, kid)
	}
}

// find follows an embed path.
func (n *node) find(path []string) (*node, *apiError) {
	for _, name := range path {
		var next *node
		for _, k := range n.Kids {
			if k.Name == name || k.Alias == name {
				next = k
				break
			}
		}
		if next == nil {
			return nil, errNotEmbedded(name)
		}
		n = next
	}
	return n, nil
}

func (p *planner) addFilters(root *node) *apiError {
	for _, f := range p.req.Query.Filters {
		if len(f.Path) == 0 && p.req.write() {
			continue // it says which rows to write
		}
		n, e := root.find(f.Path)
		if e != nil {
			return e
		}
		n.Where = append(n.Where, logicNode{Filter: &f.What})
	}
	return nil
}

func (p *planner) addLogic(root *node) *apiError {
	for _, l := range p.req.Query.Logic {
		if len(l.Path) == 0 && p.req.write() {
			continue
		}
		n, e := root.find(l.Path)
		if e != nil {
			return e
		}
		n.Where = append(n.Where, l.What)
	}
	return nil
}

func (p *planner) addOrders(root *node) *apiError {
	for i := len(p.req.Query.Order) - 1; i >= 0; i-- { // the first of two for one relation wins
		o := p.req.Query.Order[i]
		n, e := root.find(o.Path)
		if e != nil {
			return e
		}
		n.Order = o.What
	}
	return nil
}

func (p *planner) addRanges(root *node) *apiError {
	if p.req.write() {
		root.Range = allRows()
		return nil
	}
	for _, r := range p.req.Query.Ranges {
		n, e := root.find(r.Path)
		if e != nil {
			return e
		}
		if r.What.empty() && !r.What.zero() {
			return errRange("Limit should be greater than or equal to zero.")
		}
		n.Range = r.What
	}
	return nil
}

func (p *planner) restrict(n *node) {
	n.Range = n.Range.capped(p.max)
	for _, k := range n.Kids {
		p.restrict(k)
	}
}

// enumerate gives every embedded node a name of its own.
func enumerate(n *node, count *int) {
	for _, k := range n.Kids {
		*count++
		k.Lateral = quoteIdent("pgrst_embed_" + strconv.Itoa(*count))
		enumerate(k, count)
	}
}

// checkOrders refuses an order by a relation that is not embedded, or has many rows.
func (p *planner) checkOrders(n *node) *apiError {
	for _, o := range n.Order {
		if o.Relation == "" {
			continue
		}
		k := n.embedded(o.Relation)
		if k == nil {
			return errNotEmbedded(o.Relation)
		}
		if k.toMany() {
			return errRelatedOrder(n.tableName(), k.shown())
		}
	}
	for _, k := range n.Kids {
		if e := p.checkOrders(k); e != nil {
			return e
		}
	}
	return nil
}

// embedded is the child shown under that name.
func (n *node) embedded(name string) *node {
	for _, k := range n.Kids {
		if k.shown() == name {
			return k
		}
	}
	return nil
}

func (n *node) tableName() string {
	if n.source {
		return sourceName
	}
	if n.Table != nil {
		return n.Table.Name.Name
	}
	return n.Name
}

func (p *planner) checkAggregates(n *node) *apiError {
	for _, f := range n.Fields {
		if f.Agg != "" {
			return errAggregates()
		}
	}
	for _, k := range n.Kids {
		if e := p.checkAggregates(k); e != nil {
			return e
		}
	}
	return nil
}
