package rest

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// The grammar of the query string is read by a recursive parser that keeps errors as the Parsec family
// does: the furthest failure wins, failures at the same place are merged, and an alternative is only
// tried while nothing was consumed. PostgREST's messages show that place, so it has to be the same.

type msgKind uint8

const (
	sysUnexpected msgKind = iota
	userUnexpected
	expected
)

type parseMsg struct {
	kind msgKind
	text string
}

// parseErr is a failure, or the memory of one, at a rune offset.
type parseErr struct {
	pos  int
	msgs []parseMsg
}

func mergeErr(a, b parseErr) parseErr {
	switch {
	case len(b.msgs) == 0 && len(a.msgs) > 0:
		return a
	case len(a.msgs) == 0 && len(b.msgs) > 0:
		return b
	case a.pos > b.pos:
		return a
	case a.pos < b.pos:
		return b
	}
	return parseErr{a.pos, append(append([]parseMsg(nil), a.msgs...), b.msgs...)}
}

// expecting replaces what was expected by one text.
func (e parseErr) expecting(text string) parseErr {
	kept := []parseMsg{{expected, text}}
	for _, m := range e.msgs {
		if m.kind != expected {
			kept = append(kept, m)
		}
	}
	return parseErr{e.pos, kept}
}

// scanner holds the input and the state of the innermost parser that runs. A quiet one keeps no errors:
// what it takes is the same, at a fraction of the cost.
type scanner struct {
	in       []rune
	pos      int
	consumed bool
	quiet    bool
	err      parseErr
	depth    int
}

// parseText runs a grammar over text. Only when it fails is it run again to find out where and why; name
// is what the message calls the text.
func parseText(text, name string, grammar func(*scanner) bool) *apiError {
	s := &scanner{in: []rune(text), quiet: true}
	if grammar(s) {
		return nil
	}
	s = &scanner{in: s.in}
	grammar(s)
	return s.describe(name)
}

// outcome is how one parser ended.
type outcome struct {
	ok, consumed bool
	err          parseErr
}

func (s *scanner) run(f func() bool) outcome {
	c, e := s.consumed, s.err
	s.consumed, s.err = false, parseErr{}
	ok := f()
	o := outcome{ok, s.consumed, s.err}
	s.consumed, s.err = c, e
	return o
}

// end makes o the result of the latest step of the parser that runs.
func (s *scanner) end(o outcome) bool {
	if o.consumed {
		s.consumed, s.err = true, o.err
	} else {
		s.err = mergeErr(s.err, o.err)
	}
	return o.ok
}

func (s *scanner) shown() string {
	if s.pos >= len(s.in) {
		return ""
	}
	return haskellQuote(string(s.in[s.pos]))
}

// failHere fails before anything was consumed; nobody else may touch msgs.
func (s *scanner) failHere(msgs ...parseMsg) bool {
	if s.quiet {
		return false
	}
	return s.end(outcome{err: parseErr{s.pos, msgs}})
}

func (s *scanner) advance(n int) bool {
	s.pos += n
	return s.end(outcome{ok: true, consumed: true})
}

// satisfy takes one rune for which is holds. label, if any, is what was expected.
func (s *scanner) satisfy(is func(rune) bool, label string) (rune, bool) {
	if s.pos < len(s.in) && is(s.in[s.pos]) {
		r := s.in[s.pos]
		return r, s.advance(1)
	}
	if s.quiet {
		return 0, false
	}
	msgs := []parseMsg{{sysUnexpected, s.shown()}}
	if label != "" {
		msgs = append(msgs, parseMsg{expected, label})
	}
	return 0, s.failHere(msgs...)
}

func (s *scanner) char(c rune) bool {
	if s.quiet {
		if s.pos < len(s.in) && s.in[s.pos] == c {
			return s.advance(1)
		}
		return false
	}
	_, ok := s.satisfy(func(r rune) bool { return r == c }, haskellQuote(string(c)))
	return ok
}

// text takes t; a mismatch after the first rune counts as consumed, at the place where t began.
func (s *scanner) text(t string) bool {
	if s.quiet {
		return s.quietText(t)
	}
	want := []rune(t)
	for i, r := range want {
		at := s.pos + i
		if at < len(s.in) && s.in[at] == r {
			continue
		}
		got := ""
		if at < len(s.in) {
			got = haskellQuote(string(s.in[at]))
		}
		e := parseErr{s.pos, []parseMsg{{expected, haskellQuote(t)}, {sysUnexpected, got}}}
		return s.end(outcome{consumed: i > 0, err: e})
	}
	return s.advance(len(want))
}

// at says whether t, which is ASCII, comes next.
func (s *scanner) at(t string) bool {
	if len(s.in)-s.pos < len(t) {
		return false
	}
	for i := 0; i < len(t); i++ {
		if s.in[s.pos+i] != rune(t[i]) {
			return false
		}
	}
	return true
}

func (s *scanner) quietText(t string) bool {
	n := 0
	for _, r := range t {
		if at := s.pos + n; at >= len(s.in) || s.in[at] != r {
			s.consumed = s.consumed || n > 0
			return false
		}
		n++
	}
	return s.advance(n)
}

func (s *scanner) try(f func() bool) bool {
	start := s.pos
	o := s.run(f)
	if !o.ok {
		s.pos, o.consumed = start, false
	}
	return s.end(o)
}

func (s *scanner) alt(fs ...func() bool) bool {
	var sofar parseErr
	start := s.pos
	for _, f := range fs {
		o := s.run(f)
		if o.ok || o.consumed {
			if !o.consumed {
				o.err = mergeErr(sofar, o.err)
			}
			return s.end(o)
		}
		sofar, s.pos = mergeErr(sofar, o.err), start
	}
	return s.end(outcome{err: sofar})
}

// option runs f and succeeds without it when f failed before it consumed anything.
func (s *scanner) option(f func() bool) (matched, ok bool) {
	ok = s.alt(func() bool { matched = f(); return matched }, func() bool { matched = false; return true })
	return matched && ok, ok
}

func (s *scanner) label(text string, f func() bool) bool {
	if s.quiet {
		return f()
	}
	o := s.run(f)
	if !o.consumed && (!o.ok || len(o.err.msgs) > 0) {
		o.err = o.err.expecting(text)
	}
	return s.end(o)
}

func (s *scanner) many(f func() bool) bool {
	consumed := false
	for {
		start := s.pos
		o := s.run(f)
		if o.ok && s.pos > start {
			consumed = true
			continue
		}
		if !o.ok && o.consumed {
			return s.end(o)
		}
		s.pos = start
		return s.end(outcome{ok: true, consumed: consumed, err: o.err})
	}
}

func (s *scanner) sepBy1(item, sep func() bool) bool {
	return item() && s.many(func() bool { return sep() && item() })
}

func (s *scanner) lookAhead(f func() bool) bool {
	start := s.pos
	o := s.run(f)
	if o.ok {
		s.pos = start
		return s.end(outcome{ok: true, err: parseErr{pos: start}})
	}
	return s.end(o)
}

// notFollowedBy fails when f succeeds; shown is what it then found.
func (s *scanner) notFollowedBy(f func() bool) bool {
	return s.try(func() bool {
		start := s.pos
		return s.alt(func() bool {
			if !s.try(f) {
				return false
			}
			if s.quiet {
				s.consumed = true
				return false
			}
			shown := haskellChar(s.in[start])
			return s.end(outcome{err: parseErr{s.pos, []parseMsg{{userUnexpected, shown}}}})
		}, func() bool { return true })
	})
}

// eof succeeds at the end of the input. Its failure, unlike that of notFollowedBy, stays where it began.
func (s *scanner) eof() bool {
	if s.quiet {
		return s.pos >= len(s.in)
	}
	end := parseMsg{expected, "end of input"}
	if s.pos >= len(s.in) {
		return s.end(outcome{ok: true, err: parseErr{s.pos, []parseMsg{end, {sysUnexpected, ""}}}})
	}
	return s.failHere(end, parseMsg{userUnexpected, haskellChar(s.in[s.pos])})
}

// describe renders the message and details of a PGRST100 error for input named name.
func (s *scanner) describe(name string) *apiError {
	line, col := 1, 1
	for _, r := range s.in[:min(s.err.pos, len(s.in))] {
		switch r {
		case '\n':
			line, col = line+1, 1
		case '\t':
			col += 8 - (col-1)%8
		default:
			col++
		}
	}
	return errParse(fmt.Sprintf("\"%s\" (line %d, column %d)", name, line, col), s.err.details())
}

func (e parseErr) details() string {
	if len(e.msgs) == 0 {
		return "unknown parse error"
	}
	msgs := append([]parseMsg(nil), e.msgs...)
	sort.SliceStable(msgs, func(i, j int) bool { return msgs[i].kind < msgs[j].kind })
	by := map[msgKind][]string{}
	for _, m := range msgs {
		by[m.kind] = append(by[m.kind], m.text)
	}
	var parts []string
	if len(by[userUnexpected]) == 0 && len(by[sysUnexpected]) > 0 {
		what := by[sysUnexpected][0]
		if what == "" {
			what = "end of input"
		}
		parts = append(parts, "unexpected "+what)
	}
	if t := orList(by[userUnexpected]); t != "" {
		parts = append(parts, "unexpected "+t)
	}
	if t := orList(by[expected]); t != "" {
		parts = append(parts, "expecting "+t)
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

func orList(all []string) string {
	var list []string
	seen := map[string]bool{"": true}
	for _, t := range all {
		if !seen[t] {
			seen[t] = true
			list = append(list, t)
		}
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
	return strings.Join(list, "")
}

// haskellQuote shows a string as Haskell does: decimal escapes beyond ASCII.
func haskellQuote(t string) string { return "\"" + haskellEscape(t, '"') + "\"" }

func haskellChar(r rune) string { return "'" + haskellEscape(string(r), '\'') + "'" }

func haskellEscape(t string, quote rune) string {
	var b strings.Builder
	named := map[rune]string{'\\': `\\`, '\n': `\n`, '\t': `\t`, '\r': `\r`, 7: `\a`, 8: `\b`, 11: `\v`, 12: `\f`, 127: `\DEL`}
	for _, r := range t {
		switch {
		case r == quote:
			b.WriteString("\\" + string(quote))
		case named[r] != "":
			b.WriteString(named[r])
		case r < 32 || r > 126:
			b.WriteString("\\" + strconv.Itoa(int(r)))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
