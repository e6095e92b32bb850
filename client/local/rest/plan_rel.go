package rest

import "strconv"

// addRelations finds the relationship of every embedded node with the one above it.
func (p *planner) addRelations(parent *node) *apiError {
	for _, k := range parent.Kids {
		rel, e := p.relation(parent, k)
		if e != nil {
			return e
		}
		k.Rel, k.Table = rel, p.c.tables[rel.To]
		name := rel.To.Name + "_" + strconv.Itoa(k.Depth)
		switch {
		case rel.Function != nil:
			row := parent.Ref
			if parent.Table != nil {
				row = rowRef(parent) + "::" + parent.Table.Name.sql()
			}
			k.From = rel.Function.sql() + "(" + row + ") AS " + quoteIdent(name)
			k.Ref, k.RefName = quoteIdent(name), name
		case rel.Card == manyToMany:
			k.From = rel.To.sql() + " AS " + quoteIdent(name) + ", " + rel.Junction.Table.sql() + " AS pgrst_junction"
			k.Ref, k.RefName = quoteIdent(name), rel.To.Name
		default:
			k.From = rel.To.sql() + " AS " + quoteIdent(name)
			k.Ref, k.RefName = quoteIdent(name), name
		}
		if e := p.addRelations(k); e != nil {
			return e
		}
	}
	return nil
}

// rowRef names a whole row of n: a qualified table is referred to by its bare name.
func rowRef(n *node) string {
	if n.Rel == nil && n.Table != nil {
		return quoteIdent(n.Table.Name.Name)
	}
	return n.Ref
}

func (p *planner) relation(parent, k *node) (*relation, *apiError) {
	origin := parent.Name
	schema := p.req.Target.Schema
	if parent.Table != nil {
		origin = parent.Table.Name.Name
	}
	var found []*relation
	for _, r := range p.c.relations[qual{schema, origin}] {
		if r.To.Schema == schema && r.named(k.Name, k.Hint) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, errNoRelation(origin, k.Name, k.Hint, schema, p.c.relationHint(schema, origin, k.Name))
	case 1:
		return found[0], nil
	}
	return nil, errManyRelations(origin, k.Name, found)
}

// named says whether a request for target with this hint can mean r.
func (r *relation) named(target, hint string) bool {
	switch {
	case r.Function != nil:
		return target == r.Function.Name
	case r.Self:
		return r.namedSelf(target, hint)
	case hint == "":
		return target == r.To.Name || !r.ToView && (r.byConstraint(target) || r.byColumn(target))
	}
	return target == r.To.Name && (r.byConstraint(hint) || r.byColumn(hint) || r.byForeignColumn(hint) || r.byJunction(hint))
}

// namedSelf tells the two directions of a table's relationship with itself apart: the table's name means
// the many that refer to a row, the column's name the one it refers to.
func (r *relation) namedSelf(target, hint string) bool {
	many := target == r.To.Name && r.Card == oneToMany
	if hint != "" {
		return many && r.byForeignColumn(hint)
	}
	return many || r.Card == manyToOne && r.byColumn(target)
}

func (r *relation) byConstraint(s string) bool { return r.Card != manyToMany && r.Constraint == s }

func (r *relation) byColumn(s string) bool {
	return r.Card != manyToMany && len(r.Cols) == 1 && r.Cols[0].From == s
}

func (r *relation) byForeignColumn(s string) bool {
	return r.Card != manyToMany && len(r.Cols) == 1 && r.Cols[0].To == s
}

func (r *relation) byJunction(s string) bool {
	return r.Card == manyToMany && r.Junction.Table.Name == s
}

// ambiguity is one entry of the details of PGRST201.
type ambiguity struct {
	Cardinality  string `json:"cardinality"`
	Embedding    string `json:"embedding"`
	Relationship string `json:"relationship"`
}

func errManyRelations(origin, target string, list []*relation) *apiError {
	details := make([]ambiguity, 0, len(list))
	hints := ""
	for i, r := range list {
		details = append(details, ambiguity{r.Card.String(), r.From.Name + " with " + r.To.Name, r.describe()})
		if i > 0 {
			hints += ", "
		}
		by := r.Constraint
		if r.Card == manyToMany {
			by = r.Junction.Table.Name
		}
		hints += "'" + r.To.Name + "!" + by + "'"
	}
	e := newError(300, "PGRST201",
		"Could not embed because more than one relationship was found for '"+origin+"' and '"+target+"'")
	e.Details = details
	return e.withHint("Try changing '" + target + "' to one of the following: " + hints +
		". Find the desired relationship in the 'details' key.")
}

func (r *relation) describe() string {
	froms := func(l link) string { return l.From }
	tos := func(l link) string { return l.To }
	if r.Card == manyToMany {
		j := r.Junction
		return j.Table.Name + " using " + j.Cons1 + columnList(j.Source, tos) + " and " + j.Cons2 + columnList(j.Target, tos)
	}
	return r.Constraint + " using " + r.From.Name + columnList(r.Cols, froms) + " and " + r.To.Name + columnList(r.Cols, tos)
}

func columnList(cols []link, pick func(link) string) string {
	out := "("
	for i, c := range cols {
		if i > 0 {
			out += ", "
		}
		out += pick(c)
	}
	return out + ")"
}
