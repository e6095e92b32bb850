package rest

// maxNesting bounds parentheses in select= and in logic trees, so that a request cannot exhaust the stack.
const maxNesting = 200

func (s *scanner) nested(f func() bool) bool {
	s.depth++
	defer func() { s.depth-- }()
	if s.depth > maxNesting {
		return s.failHere(parseMsg{expected, "fewer nested parentheses"})
	}
	return f()
}

func parseSelect(text string) (items []selectItem, e *apiError) {
	e = parseText(text, "failed to parse select parameter ("+text+")", func(s *scanner) (ok bool) {
		items, ok = s.forest()
		return ok
	})
	return items, e
}

func (s *scanner) forest() ([]selectItem, bool) {
	var items []selectItem
	ok := s.nested(func() bool {
		_, ok := s.option(func() bool {
			return s.sepBy1(func() bool {
				var it selectItem
				ok := s.selectTerm(&it)
				if ok {
					items = append(items, it)
				}
				return ok
			}, s.lexChar(','))
		})
		return ok
	})
	return items, ok
}

func (s *scanner) selectTerm(it *selectItem) bool {
	children := func() (ok bool) {
		if !s.char('(') {
			return false
		}
		if it.Kids, ok = s.forest(); !ok {
			return false
		}
		return s.char(')')
	}
	if s.quiet && s.onlyColumn() {
		return s.columnTerm(it)
	}
	return s.alt(
		func() bool { return s.try(func() bool { return s.spreadHead(it) }) && children() },
		func() bool { return s.try(func() bool { return s.relationHead(it) }) && children() },
		func() bool { return s.columnTerm(it) },
	)
}

// onlyColumn says that the next term can embed nothing, for want of a parenthesis.
func (s *scanner) onlyColumn() bool {
	for _, r := range s.in[s.pos:] {
		switch r {
		case ',', ')':
			return true
		case '(', '"':
			return false
		}
	}
	return true
}

func (s *scanner) opensParen() bool {
	return s.try(func() bool { return s.lookAhead(func() bool { return s.text("(") }) })
}

func (s *scanner) spreadHead(it *selectItem) bool {
	return s.lexeme(func() (ok bool) {
		*it = selectItem{Spread: true}
		if !s.text("...") {
			return false
		}
		if it.Relation, ok = s.name(); !ok {
			return false
		}
		return s.embedParams(it) && s.opensParen()
	})
}

func (s *scanner) relationHead(it *selectItem) bool {
	return s.lexeme(func() (ok bool) {
		*it = selectItem{}
		if !s.alias(it) {
			return false
		}
		if it.Relation, ok = s.name(); !ok {
			return false
		}
		if it.Relation == "count" {
			return s.failHere()
		}
		return s.embedParams(it) && s.opensParen()
	})
}

// alias reads an optional "name:" that is not the "::" of a cast.
func (s *scanner) alias(it *selectItem) bool {
	var name string
	matched, ok := s.option(func() bool {
		return s.try(func() (ok bool) {
			if name, ok = s.name(); !ok {
				return false
			}
			return s.char(':') && s.notFollowedBy(func() bool { return s.char(':') })
		})
	})
	if matched {
		it.Alias = name
	}
	return ok
}

func (s *scanner) embedParams(it *selectItem) bool {
	var hints []string
	var joins []joinKind
	one := func() bool {
		return s.char('!') && s.alt(
			func() bool {
				return s.try(func() bool { return s.text("left") }) && appended(&joins, joinLeft)
			},
			func() bool {
				return s.try(func() bool { return s.text("inner") }) && appended(&joins, joinInner)
			},
			func() bool {
				var h string
				return s.try(func() (ok bool) { h, ok = s.name(); return ok }) && appended(&hints, h)
			},
		)
	}
	for range 2 {
		if _, ok := s.option(one); !ok {
			return false
		}
	}
	if len(hints) > 0 {
		it.Hint = hints[0]
	}
	if len(joins) > 0 {
		it.Join = joins[0]
	}
	return true
}

func appended[T any](to *[]T, v T) bool { *to = append(*to, v); return true }

func (s *scanner) termEnd() bool { return s.endOf(")", ",") }

func (s *scanner) columnTerm(it *selectItem) bool {
	return s.lexeme(func() bool {
		return s.alt(
			func() bool {
				return s.try(func() bool {
					*it = selectItem{Field: field{Name: "*"}}
					return s.text("*") && s.termEnd()
				})
			},
			func() bool { return s.try(func() bool { return s.countTerm(it) }) },
			func() bool { return s.plainTerm(it) },
		)
	})
}

func (s *scanner) countTerm(it *selectItem) bool {
	*it = selectItem{Field: field{Name: "*"}, Agg: "count"}
	return s.alias(it) && s.text("count()") && s.cast(&it.AggCast) && s.termEnd()
}

func (s *scanner) plainTerm(it *selectItem) (ok bool) {
	*it = selectItem{}
	if !s.alias(it) {
		return false
	}
	if it.Field, ok = s.field(); !ok {
		return false
	}
	return s.cast(&it.Cast) && s.aggregate(it) && s.cast(&it.AggCast) && s.termEnd()
}

func (s *scanner) cast(to *string) bool {
	_, ok := s.option(func() (ok bool) {
		if !s.text("::") {
			return false
		}
		*to, ok = s.identifier()
		return ok
	})
	return ok
}

func (s *scanner) aggregate(it *selectItem) bool {
	var agg string
	word := func(t string) func() bool {
		return func() bool { agg = t; return s.text(t) }
	}
	tried := func(t string) func() bool {
		return func() bool { return s.try(word(t)) }
	}
	matched, ok := s.option(func() bool {
		return s.try(func() bool {
			return s.char('.') && s.alt(word("sum"), word("avg"), word("count"), tried("max"), tried("min")) && s.text("()")
		})
	})
	if matched {
		it.Agg = agg
	}
	return ok
}
