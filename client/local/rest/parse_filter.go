package rest

import "strings"

// parseFilter reads one filter; with rpc, a value without an operator is an argument.
func parseFilter(key, value string, rpc bool) (at[filter], *apiError) {
	var out at[filter]
	e := parseText(key, "failed to parse tree path ("+key+")", func(s *scanner) (ok bool) {
		out.Path, out.What.Field, ok = s.path()
		return ok
	})
	if e != nil {
		return out, e
	}
	e = parseText(value, "failed to parse filter ("+value+")", func(s *scanner) (ok bool) {
		operator := func() (ok bool) { out.What.Op, ok = s.operation(s.rest); return ok }
		if !rpc {
			return operator()
		}
		return s.alt(operator, func() bool { out.What.Op = operation{Kind: opNone, Value: value}; return true })
	})
	return out, e
}

// rest is the value of a filter outside a logic tree: all that is left.
func (s *scanner) rest() (string, bool) {
	t := string(s.in[s.pos:])
	if t == "" {
		return "", true
	}
	return t, s.advance(len(s.in) - s.pos)
}

// operation reads [not.]operator.value.
func (s *scanner) operation(value func() (string, bool)) (op operation, ok bool) {
	not := false
	_, ok = s.option(func() bool {
		return s.try(func() bool { not = s.text("not") && s.dot(); return not })
	})
	if !ok {
		return op, false
	}
	if s.quiet && s.plainOp(&op) {
		op.Not = not
		op.Value, ok = value()
		return op, ok
	}
	ok = s.label("operator (eq, gt, ...)", func() bool {
		return s.alt(
			func() bool { return s.inOp(&op) },
			func() bool { return s.isOp(&op) },
			func() bool { return s.distinctOp(&op, value) },
			func() bool { return s.try(func() bool { return s.ftsOp(&op, value) }) },
			func() bool { return s.try(func() bool { return s.simpleOp(&op, value) }) },
			func() bool { return s.try(func() bool { return s.quantOp(&op, value) }) },
		)
	})
	op.Not = not
	return op, ok
}

// plainOp takes the usual operator, a word and a dot. Of anything else it takes nothing.
func (s *scanner) plainOp(op *operation) bool {
	for _, w := range []string{"eq", "gt", "lt", "gte", "lte"} {
		if s.at(w) && s.pos+len(w) < len(s.in) && s.in[s.pos+len(w)] == '.' {
			*op = operation{Kind: opQuant, Name: w}
			return s.advance(len(w) + 1)
		}
	}
	return false
}

func (s *scanner) dottedWord(w string) bool {
	return s.try(func() bool { return s.text(w) && s.dot() })
}

func (s *scanner) inOp(op *operation) bool {
	if !s.dottedWord("in") || !s.lexChar('(')() {
		return false
	}
	*op = operation{Kind: opIn, Name: "in"}
	ok := s.sepBy1(func() bool {
		t, ok := s.listElement()
		op.List = append(op.List, t)
		return ok
	}, func() bool { return s.char(',') })
	return ok && s.lexChar(')')()
}

func (s *scanner) listElement() (t string, ok bool) {
	ok = s.alt(
		func() bool { return s.try(func() bool { t, ok = s.closedQuoted(); return ok }) },
		func() bool { t, ok = s.takeWhile(noneOf(",)"), ""); return ok },
	)
	return t, ok
}

// closedQuoted is a quoted value with nothing behind it in its list.
func (s *scanner) closedQuoted() (string, bool) {
	t, ok := s.quoted()
	if !ok {
		return "", false
	}
	return t, s.notFollowedBy(func() bool { _, ok := s.satisfy(noneOf(",)"), ""); return ok })
}

func (s *scanner) isOp(op *operation) bool {
	if !s.dottedWord("is") {
		return false
	}
	*op = operation{Kind: opIs}
	word := func(w string) func() bool {
		return func() bool { return s.try(func() bool { op.Name = w; return s.fold(w) }) }
	}
	return s.label("isVal: (null, not_null, true, false, unknown)", func() bool {
		return s.alt(word("null"), word("not_null"), word("true"), word("false"), word("unknown"))
	})
}

// fold takes w in any mixture of cases.
func (s *scanner) fold(w string) bool {
	for _, c := range w {
		lower, upper := string(c), strings.ToUpper(string(c))
		ok := s.alt(
			func() bool { return s.char(c) },
			func() bool { return lower != upper && s.char([]rune(upper)[0]) },
		)
		if !ok {
			return false
		}
	}
	return true
}

func (s *scanner) distinctOp(op *operation, value func() (string, bool)) (ok bool) {
	if !s.dottedWord("isdistinct") {
		return false
	}
	*op = operation{Kind: opDistinct, Name: "isdistinct"}
	op.Value, ok = value()
	return ok
}

// word takes the first of the words that is there and stores it.
func (s *scanner) word(to *string, words ...string) bool {
	if s.quiet {
		for _, w := range words {
			if s.at(w) {
				*to = w
				return s.advance(len(w))
			}
		}
		return false
	}
	var fs []func() bool
	for _, w := range words {
		fs = append(fs, func() bool { return s.try(func() bool { *to = w; return s.text(w) }) })
	}
	return s.alt(fs...)
}

func (s *scanner) ftsOp(op *operation, value func() (string, bool)) (ok bool) {
	*op = operation{Kind: opFTS}
	if !s.word(&op.Name, "fts", "plfts", "phfts", "wfts") {
		return false
	}
	var lang string
	has, ok := s.option(func() bool {
		return s.try(func() (ok bool) {
			if !s.char('(') {
				return false
			}
			lang, ok = s.identifier()
			return ok && s.char(')')
		})
	})
	if !ok || !s.dot() {
		return false
	}
	if has {
		op.Lang = &lang
	}
	op.Value, ok = value()
	return ok
}

func (s *scanner) simpleOp(op *operation, value func() (string, bool)) (ok bool) {
	*op = operation{Kind: opSimple}
	known := s.label("unknown single value operator", func() bool {
		return s.word(&op.Name, "neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj")
	})
	if !known || !s.dot() {
		return false
	}
	op.Value, ok = value()
	return ok
}

func (s *scanner) quantOp(op *operation, value func() (string, bool)) (ok bool) {
	*op = operation{Kind: opQuant}
	known := s.label("unknown single value operator", func() bool {
		return s.word(&op.Name, "eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch")
	})
	if !known {
		return false
	}
	var q string
	has, ok := s.option(func() bool {
		return s.try(func() bool { return s.char('(') && s.word(&q, "any", "all") && s.char(')') })
	})
	if !ok || !s.dot() {
		return false
	}
	if has {
		op.Quant = q
	}
	op.Value, ok = value()
	return ok
}
