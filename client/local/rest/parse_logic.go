package rest

import "strings"

// parseLogic reads and=(…), or=(…), not.and=(…) and their forms below an embedded relation.
func parseLogic(key, value string) (at[logicNode], *apiError) {
	var out at[logicNode]
	var names []string
	e := parseText(key, "failed to parse logic path ("+key+")", func(s *scanner) (ok bool) {
		names, ok = s.dotted()
		return ok
	})
	if e != nil {
		return out, e
	}
	last := len(names) - 1
	op := names[last]
	negated := false
	for i, n := range names {
		negated = negated || n == "not"
		if i < last && n != "not" {
			out.Path = append(out.Path, n)
		}
	}
	if negated {
		op = "not." + op
	}
	e = parseText(op+value, "failed to parse logic tree ("+value+")", func(s *scanner) bool { return s.logic(&out.What) })
	return out, e
}

func (s *scanner) logic(n *logicNode) bool {
	return s.nested(func() bool {
		return s.alt(
			func() bool { return s.try(func() bool { return s.logicFilter(n) }) },
			func() bool { return s.logicGroup(n) },
		)
	})
}

func (s *scanner) logicFilter(n *logicNode) bool {
	f, ok := s.field()
	if !ok || !s.dot() {
		return false
	}
	op, ok := s.operation(s.logicValue)
	if ok {
		*n = logicNode{Filter: &filter{f, op}}
	}
	return ok
}

func (s *scanner) logicGroup(n *logicNode) bool {
	*n = logicNode{}
	not := s.label("negation operator (not)", func() bool {
		_, ok := s.option(func() bool {
			return s.try(func() bool { n.Not = s.text("not") && s.dot(); return n.Not })
		})
		return ok
	})
	if !not {
		return false
	}
	op := s.label("logic operator (and, or)", func() bool {
		return s.alt(
			func() bool { return s.try(func() bool { return s.text("and") }) },
			func() bool { n.Or = true; return s.text("or") },
		)
	})
	if !op || !s.lexChar('(')() {
		return false
	}
	ok := s.sepBy1(func() bool {
		var kid logicNode
		ok := s.logic(&kid)
		if ok {
			n.Kids = append(n.Kids, kid)
		}
		return ok
	}, s.lexChar(','))
	return ok && s.lexChar(')')()
}

// logicValue is quoted, or a {…} array, or all up to a comma or parenthesis.
func (s *scanner) logicValue() (t string, ok bool) {
	ok = s.alt(
		func() bool { return s.try(func() bool { t, ok = s.closedQuoted(); return ok }) },
		func() bool { return s.try(func() bool { t, ok = s.braced(); return ok }) },
		func() bool { t, ok = s.takeWhile(noneOf(",)"), ""); return ok },
	)
	return t, ok
}

func (s *scanner) braced() (string, bool) {
	if !s.text("{") {
		return "", false
	}
	in, ok := s.takeWhile(noneOf("{}"), "")
	return "{" + in + "}", ok && s.text("}")
}

func parseOrder(key, value string) (at[[]orderTerm], *apiError) {
	var out at[[]orderTerm]
	e := parseText(key, "failed to parse tree path ("+key+")", func(s *scanner) (ok bool) {
		out.Path, _, ok = s.path()
		return ok
	})
	if e != nil {
		return out, e
	}
	e = parseText(value, "failed to parse order ("+value+")", func(s *scanner) (ok bool) {
		out.What, ok = s.orders()
		return ok
	})
	return out, e
}

func (s *scanner) orders() ([]orderTerm, bool) {
	var out []orderTerm
	ok := s.sepBy1(func() bool {
		var t orderTerm
		ok := s.lexeme(func() bool {
			return s.alt(
				func() bool { return s.try(func() bool { return s.relatedOrder(&t) }) },
				func() bool { return s.plainOrder(&t) },
			)
		})
		if ok {
			out = append(out, t)
		}
		return ok
	}, func() bool { return s.char(',') })
	return out, ok
}

func (s *scanner) plainOrder(t *orderTerm) (ok bool) {
	*t = orderTerm{}
	if t.Field, ok = s.field(); !ok {
		return false
	}
	return s.orderTail(t)
}

func (s *scanner) relatedOrder(t *orderTerm) (ok bool) {
	*t = orderTerm{}
	if t.Relation, ok = s.name(); !ok || !s.char('(') {
		return false
	}
	if t.Field, ok = s.field(); !ok || !s.char(')') {
		return false
	}
	return s.orderTail(t)
}

func (s *scanner) orderTail(t *orderTerm) bool {
	word := func(to *string, w, sql string) func() bool {
		return func() bool {
			return s.try(func() bool {
				if !s.dot() || !s.text(w) {
					return false
				}
				*to = sql
				return true
			})
		}
	}
	_, ok := s.option(func() bool {
		return s.alt(word(&t.Dir, "asc", "ASC"), word(&t.Dir, "desc", "DESC"))
	})
	if !ok {
		return false
	}
	end := func() bool {
		return s.alt(
			func() bool { return s.try(func() bool { return s.lookAhead(func() bool { return s.char(',') }) }) },
			func() bool { return s.try(s.eof) },
		)
	}
	nulls := func() bool {
		return s.alt(word(&t.Nulls, "nullsfirst", "NULLS FIRST"), word(&t.Nulls, "nullslast", "NULLS LAST"))
	}
	return s.alt(
		func() bool {
			_, ok := s.option(nulls)
			return ok && end()
		},
		end,
	)
}

// lastWord is what follows the last dot of a parameter's name.
func lastWord(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
