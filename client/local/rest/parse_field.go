package rest

import (
	"strings"
	"unicode"
)

const fieldNameLabel = "field name (* or [a..z0..9_$])"

func oneOf(set string) func(rune) bool {
	return func(r rune) bool { return strings.ContainsRune(set, r) }
}

func noneOf(set string) func(rune) bool {
	return func(r rune) bool { return !strings.ContainsRune(set, r) }
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// takeWhile collects runes for which is holds; the failure that ends it is remembered.
func (s *scanner) takeWhile(is func(rune) bool, label string) (string, bool) {
	start := s.pos
	if s.quiet {
		for s.pos < len(s.in) && is(s.in[s.pos]) {
			s.pos++
		}
		s.consumed = s.consumed || s.pos > start
		return string(s.in[start:s.pos]), true
	}
	ok := s.many(func() bool { _, ok := s.satisfy(is, label); return ok })
	return string(s.in[start:s.pos]), ok
}

func (s *scanner) takeWhile1(is func(rune) bool, label string) (string, bool) {
	start := s.pos
	if _, ok := s.satisfy(is, label); !ok {
		return "", false
	}
	if _, ok := s.takeWhile(is, label); !ok {
		return "", false
	}
	return string(s.in[start:s.pos]), true
}

func (s *scanner) ws() bool {
	if s.quiet {
		for s.pos < len(s.in) && (s.in[s.pos] == ' ' || s.in[s.pos] == '\t') {
			s.advance(1)
		}
		return true
	}
	_, ok := s.takeWhile(oneOf(" \t"), "")
	return ok
}

func (s *scanner) lexeme(f func() bool) bool { return s.ws() && f() && s.ws() }

func (s *scanner) lexChar(c rune) func() bool {
	return func() bool { return s.lexeme(func() bool { return s.char(c) }) }
}

// dot is the delimiter between words.
func (s *scanner) dot() bool {
	return s.label("delimiter (.)", func() bool { return s.char('.') })
}

func (s *scanner) identChar() bool {
	if s.quiet {
		if s.pos < len(s.in) && isIdent(s.in[s.pos]) {
			return s.advance(1)
		}
		return false
	}
	return s.alt(
		func() bool { _, ok := s.satisfy(unicode.IsLetter, "letter"); return ok },
		func() bool { _, ok := s.satisfy(isDigit, "digit"); return ok },
		func() bool { _, ok := s.satisfy(oneOf("_ $"), ""); return ok },
	)
}

func isIdent(r rune) bool {
	return unicode.IsLetter(r) || isDigit(r) || r == '_' || r == ' ' || r == '$'
}

// identifier is letters, digits, _, $ and blanks; blanks around it are dropped.
func (s *scanner) identifier() (string, bool) {
	start := s.pos
	if !s.identChar() || !s.many(s.identChar) {
		return "", false
	}
	return strings.TrimSpace(string(s.in[start:s.pos])), true
}

// dashed is parts joined by dashes that do not begin an arrow.
func (s *scanner) dashed(part func() (string, bool)) (string, bool) {
	var parts []string
	item := func() bool {
		t, ok := part()
		if ok {
			parts = append(parts, t)
		}
		return ok
	}
	dash := func() bool {
		return s.try(func() bool {
			return s.char('-') && s.notFollowedBy(func() bool { return s.char('>') })
		})
	}
	ok := s.sepBy1(item, dash)
	return strings.Join(parts, "-"), ok
}

// quoted is "…" in which a backslash protects any rune.
func (s *scanner) quoted() (string, bool) {
	var b strings.Builder
	ok := s.char('"') && s.many(func() bool {
		return s.alt(
			func() bool {
				r, ok := s.satisfy(noneOf("\\\""), "")
				if ok {
					b.WriteRune(r)
				}
				return ok
			},
			func() bool {
				if !s.char('\\') {
					return false
				}
				r, ok := s.satisfy(func(rune) bool { return true }, "")
				if ok {
					b.WriteRune(r)
				}
				return ok
			},
		)
	}) && s.char('"')
	return b.String(), ok
}

// name is a field name: quoted, or an identifier with dashes.
func (s *scanner) name() (out string, ok bool) {
	if out, ok = s.plainName(); ok {
		return out, true
	}
	ok = s.label(fieldNameLabel, func() bool {
		return s.alt(
			func() bool { out, ok = s.quoted(); return ok },
			func() bool { out, ok = s.dashed(s.identifier); return ok },
		)
	})
	return out, ok
}

// plainName takes the usual name, an identifier without dashes, at once. Of anything else it takes nothing.
func (s *scanner) plainName() (string, bool) {
	end := s.pos
	for end < len(s.in) && isIdent(s.in[end]) {
		end++
	}
	if !s.quiet || end == s.pos || end < len(s.in) && s.in[end] == '-' {
		return "", false
	}
	name := strings.TrimSpace(string(s.in[s.pos:end]))
	return name, s.advance(end - s.pos)
}

// names is a comma-separated list of field names.
func (s *scanner) names() ([]string, bool) {
	var out []string
	ok := s.sepBy1(func() bool {
		n, ok := s.name()
		if ok {
			out = append(out, n)
		}
		return ok
	}, s.lexChar(','))
	return out, ok
}

// field is a name with a JSON path, blanks around it allowed.
func (s *scanner) field() (f field, ok bool) {
	ok = s.lexeme(func() bool {
		if f.Name, ok = s.name(); !ok {
			return false
		}
		f.Path, ok = s.jsonPath()
		return ok
	})
	return f, ok
}

func (s *scanner) jsonPath() ([]jsonStep, bool) {
	var path []jsonStep
	_, ok := s.option(func() bool {
		return s.many(func() bool {
			st, ok := s.jsonStep()
			if ok {
				path = append(path, st)
			}
			return ok
		})
	})
	return path, ok
}

func (s *scanner) jsonStep() (st jsonStep, ok bool) {
	arrow := s.alt(
		func() bool { st.AsText = true; return s.try(func() bool { return s.text("->>") }) },
		func() bool { st.AsText = false; return s.try(func() bool { return s.text("->") }) },
	)
	if !arrow {
		return st, false
	}
	ok = s.alt(
		func() bool { return s.try(func() bool { return s.jsonIndex(&st) }) },
		func() bool { return s.try(func() bool { return s.jsonKey(&st) }) },
	)
	return st, ok
}

func (s *scanner) jsonIndex(st *jsonStep) bool {
	sign := "+"
	minus, ok := s.option(func() bool { return s.char('-') })
	if !ok {
		return false
	}
	if minus {
		sign = "-"
	}
	digits, ok := s.takeWhile1(isDigit, "digit")
	if !ok || !s.endOf("->", "::", ".", ",") {
		return false
	}
	st.Key, st.Index = sign+digits, true
	return true
}

func (s *scanner) jsonKey(st *jsonStep) bool {
	return s.label("any non reserved character different from: .,>()", func() bool {
		st.Index = false
		return s.alt(
			func() (ok bool) { st.Key, ok = s.quoted(); return ok },
			func() (ok bool) {
				st.Key, ok = s.dashed(func() (string, bool) {
					t, ok := s.takeWhile1(noneOf("(-:.,>)"), "")
					return strings.TrimSpace(t), ok
				})
				return ok
			},
		)
	})
}

// endOf looks for one of the texts, or the end of the input, and takes nothing.
func (s *scanner) endOf(texts ...string) bool {
	if s.quiet {
		for _, t := range texts {
			if s.at(t) {
				return true
			}
		}
		return s.pos >= len(s.in)
	}
	var fs []func() bool
	for _, t := range texts {
		fs = append(fs, func() bool {
			return s.try(func() bool { return s.lookAhead(func() bool { return s.text(t) }) })
		})
	}
	return s.alt(append(fs, func() bool { return s.try(s.eof) })...)
}

// path is dotted names, the last of which may carry a JSON path: the key of a filter, order or range.
func (s *scanner) path() (embed []string, last field, ok bool) {
	names, ok := s.dotted()
	if !ok {
		return nil, field{}, false
	}
	jp, ok := s.jsonPath()
	n := len(names) - 1
	return names[:n], field{Name: names[n], Path: jp}, ok
}

func (s *scanner) dotted() ([]string, bool) {
	var names []string
	ok := s.sepBy1(func() bool {
		n, ok := s.name()
		if ok {
			names = append(names, n)
		}
		return ok
	}, s.dot)
	return names, ok
}
