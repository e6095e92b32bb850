package rest

import "slices"

// finish derives the relationships from foreign keys, views and functions, and keeps the exposed ones.
func (l *loader) finish() {
	for _, k := range l.fks {
		if r := l.foreignKey(k); r != nil {
			l.rels = append(l.rels, r)
		}
	}
	l.viewKeys()
	l.rels = append(l.rels, l.viewRelations()...)
	l.rels = append(l.rels, l.junctions()...)
	for _, r := range slices.Clone(l.rels) {
		if inv := inverse(r); inv != nil {
			l.rels = append(l.rels, inv)
		}
	}
	l.expose()
}

func (l *loader) foreignKey(k *fkey) *relation {
	from, to := l.byOID[k.from], l.byOID[k.to]
	if from == nil || to == nil {
		return nil
	}
	r := &relation{From: from.Name, To: to.Name, Self: k.from == k.to, Card: manyToOne, Constraint: k.name}
	a, b := from.namesOf(k.cols), to.namesOf(k.ref)
	if len(a) != len(b) {
		return nil
	}
	for i := range a {
		r.Cols = append(r.Cols, link{a[i], b[i]})
	}
	sorted := sortedUnique(a)
	for _, u := range from.uniques {
		if slices.Equal(u, sorted) {
			r.Card = oneToOne
		}
	}
	return r
}

// inverse is the relationship seen from the other table; junctions already come in both directions.
func inverse(r *relation) *relation {
	inv := &relation{
		From: r.To, To: r.From, Self: r.Self, Constraint: r.Constraint,
		FromView: r.ToView, ToView: r.FromView, Card: oneToMany,
	}
	switch {
	case r.Card == manyToMany || r.Function != nil:
		return nil
	case r.Card == oneToOne:
		inv.Card, inv.Reverse = oneToOne, !r.Reverse
	}
	for _, c := range r.Cols {
		inv.Cols = append(inv.Cols, link{c.To, c.From})
	}
	return inv
}

// junctions finds pairs of foreign keys of one table whose columns are part of its primary key.
func (l *loader) junctions() []*relation {
	byTable := map[qual][]*relation{}
	for _, r := range l.rels {
		if r.Card == manyToOne {
			byTable[r.From] = append(byTable[r.From], r)
		}
	}
	var out []*relation
	for name, list := range byTable {
		pk := l.c.tables[name].PK
		for _, a := range list {
			for _, b := range list {
				if a.Constraint == b.Constraint || !linksWithin(a.Cols, pk) || !linksWithin(b.Cols, pk) {
					continue
				}
				out = append(out, &relation{
					From: a.To, To: b.To, Self: a.To == b.To, Card: manyToMany, FromView: a.ToView, ToView: b.ToView,
					Junction: &junction{name, a.Constraint, b.Constraint, swapped(a.Cols), swapped(b.Cols)},
				})
			}
		}
	}
	return out
}

func linksWithin(cols []link, pk []string) bool {
	for _, c := range cols {
		if !contains(pk, c.From) {
			return false
		}
	}
	return true
}

func swapped(cols []link) []link {
	var out []link
	for _, c := range cols {
		out = append(out, link{c.To, c.From})
	}
	return out
}

// expose files the relationships between exposed tables; a function with the name of a table takes the
// place of the relationships to it.
func (l *loader) expose() {
	shown := func(q qual) bool { return contains(l.c.schemas, q.Schema) }
	for _, r := range l.pending {
		kept := l.rels[:0]
		for _, old := range l.rels {
			if old.From != r.From || old.To.Name != r.Function.Name || old.To.Schema != r.Function.Schema {
				kept = append(kept, old)
			}
		}
		l.rels = kept
	}
	for _, r := range append(l.rels, l.pending...) {
		if !shown(r.From) || !shown(r.To) {
			continue
		}
		list := l.c.relations[r.From]
		if r.Junction == nil || shown(r.Junction.Table) {
			list = append(list, r)
		}
		l.c.relations[r.From] = list
	}
	for _, list := range l.c.relations {
		sortRelations(list)
	}
	for _, list := range l.c.functions {
		sortFunctions(list)
	}
}
