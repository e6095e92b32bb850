package rest

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// pair is one parameter of a query string; Has is false without an equal sign.
type pair struct {
	Key, Value string
	Has        bool
}

// splitQuery decodes a raw query string: & and ; separate, + is a blank, a broken escape stays as it is.
func splitQuery(raw string) []pair {
	raw = strings.TrimPrefix(raw, "?")
	if raw == "" {
		return nil
	}
	raw = strings.ReplaceAll(raw, ";", "&")
	out := make([]pair, 0, strings.Count(raw, "&")+1)
	for piece := range strings.SplitSeq(raw, "&") {
		k, v, has := strings.Cut(piece, "=")
		out = append(out, pair{unescape(k), unescape(v), has})
	}
	return out
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			b.WriteByte(byte(unhex(s[i+1])<<4 | unhex(s[i+2])))
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// canonical is the query string as Content-Location shows it: sorted by name, values of one name joined
// by commas, every byte beyond ASCII taken for a Latin-1 letter and encoded as UTF-8.
func canonical(pairs []pair) string {
	sorted := slices.Clone(pairs)
	slices.SortStableFunc(sorted, func(a, b pair) int { return strings.Compare(a.Key, b.Key) })
	var b strings.Builder
	b.Grow(512)
	for i, p := range sorted {
		switch {
		case i > 0 && sorted[i-1].Key == p.Key:
			b.WriteByte(',')
		case i > 0:
			b.WriteByte('&')
			fallthrough
		default:
			encodeLatin(&b, p.Key)
			b.WriteByte('=')
		}
		encodeLatin(&b, p.Value)
	}
	return b.String()
}

func encodeLatin(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isUnreserved(c):
			b.WriteByte(c)
		case c < utf8.RuneSelf:
			percent(b, c)
		default:
			for _, u := range []byte(string(rune(c))) {
				percent(b, u)
			}
		}
	}
}

func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0
}

func percent(b *strings.Builder, c byte) {
	const hex = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// queryGroups are the parameters sorted by what they are for, in the order of the request.
type queryGroups struct {
	order, logic, filters, limits, offsets []pair
}

func groupPairs(pairs []pair) queryGroups {
	var g queryGroups
	for _, p := range pairs {
		if !p.Has {
			continue
		}
		switch lastWord(p.Key) {
		case "and", "or":
			g.logic = append(g.logic, p)
		case "order":
			g.order = append(g.order, p)
		case "limit":
			g.limits = append(g.limits, p)
		case "offset":
			g.offsets = append(g.offsets, p)
		default:
			if p.Key != "select" && p.Key != "columns" && p.Key != "on_conflict" {
				g.filters = append(g.filters, p)
			}
		}
	}
	return g
}

// lookup is the first parameter of that name, if it has a value.
func lookup(pairs []pair, key string) (string, bool) {
	for _, p := range pairs {
		if p.Key == key {
			return p.Value, p.Has
		}
	}
	return "", false
}

// parser reads query strings. It keeps what was selected and ordered by: unlike filters these are the same
// in most requests of a client. It is safe for concurrent use.
type parser struct {
	selects memo[[]selectItem]
	orders  memo[at[[]orderTerm]]
}

// query reads the whole query string. rpcRead: a function called by GET or HEAD, whose arguments
// are parameters without an operator.
func (p *parser) query(pairs []pair, rpcRead bool) (*query, *apiError) {
	q := &query{Canonical: canonical(pairs), FilterKeys: map[string]bool{}, Top: allRows()}
	for i := range pairs {
		pairs[i].Key = strings.ToValidUTF8(pairs[i].Key, "\uFFFD")
		pairs[i].Value = strings.ToValidUTF8(pairs[i].Value, "\uFFFD")
	}
	g := groupPairs(pairs)
	for _, step := range []func() *apiError{
		func() *apiError { return collect(&q.Order, g.order, p.order) },
		func() *apiError { return collect(&q.Logic, g.logic, parseLogic) },
		func() *apiError { return q.readColumns(pairs) },
		func() (e *apiError) { q.Select, e = p.selection(pairs); return e },
		func() *apiError { return q.readFilters(g.filters, rpcRead) },
		func() *apiError { return q.readOnConflict(pairs) },
		func() *apiError { return q.readRanges(g.limits, g.offsets) },
	} {
		if e := step(); e != nil {
			return nil, e
		}
	}
	q.number()
	return q, nil
}

func collect[T any](to *[]at[T], pairs []pair, parse func(k, v string) (at[T], *apiError)) *apiError {
	for _, p := range pairs {
		v, e := parse(p.Key, p.Value)
		if e != nil {
			return e
		}
		*to = append(*to, v)
	}
	return nil
}

func (p *parser) selection(pairs []pair) (items []selectItem, e *apiError) {
	text, has := lookup(pairs, "select")
	if !has {
		text = "*"
	}
	if items, has = p.selects.get(text); has {
		return items, nil
	}
	if items, e = parseSelect(text); e == nil {
		p.selects.put(text, items)
	}
	return items, e
}

func (p *parser) order(key, value string) (at[[]orderTerm], *apiError) {
	text := key + "=" + value
	if o, has := p.orders.get(text); has {
		return o, nil
	}
	o, e := parseOrder(key, value)
	if e == nil {
		p.orders.put(text, o)
	}
	return o, e
}

func (q *query) readColumns(pairs []pair) *apiError {
	text, has := lookup(pairs, "columns")
	if !has {
		return nil
	}
	names, e := parseNames(text, "failed to parse columns parameter ("+text+")")
	q.Columns, q.HasColumns = sortedUnique(names), true
	return e
}

func (q *query) readOnConflict(pairs []pair) *apiError {
	text, has := lookup(pairs, "on_conflict")
	if !has {
		return nil
	}
	names, e := parseNames(text, "failed to parse on_conflict parameter ("+text+")")
	q.OnConflict, q.HasOnConf = names, true
	return e
}

func parseNames(text, name string) (names []string, e *apiError) {
	e = parseText(text, name, func(s *scanner) (ok bool) {
		names, ok = s.names()
		return ok
	})
	return names, e
}

func (q *query) readFilters(pairs []pair, rpcRead bool) *apiError {
	for _, p := range pairs {
		q.FilterKeys[p.Key] = true
		f, e := parseFilter(p.Key, p.Value, rpcRead)
		if e != nil {
			return e
		}
		if f.What.Op.Kind == opNone {
			q.Params = append(q.Params, param{f.What.Field.Name, f.What.Op.Value})
			continue
		}
		q.Filters = append(q.Filters, f)
	}
	return nil
}

// readRanges couples each limit with the offset of the same path.
func (q *query) readRanges(limits, offsets []pair) *apiError {
	byKey := map[string]span{}
	var keys []string
	set := func(key string, r span) {
		if _, seen := byKey[key]; !seen {
			keys = append(keys, key)
		}
		byKey[key] = r
	}
	for _, p := range limits {
		set(p.Key, limitSpan(p.Value))
	}
	for _, p := range offsets {
		key := strings.TrimSuffix(p.Key, "offset") + "limit"
		r := offsetSpan(p.Value)
		if l, both := byKey[key]; both {
			r = l.shiftTo(r.Lo)
		}
		set(key, r)
	}
	for _, key := range keys {
		if key == "limit" {
			q.Top = byKey[key]
			continue
		}
		var path []string
		e := parseText(key, "failed to parse tree path ("+key+")", func(s *scanner) (ok bool) {
			path, _, ok = s.path()
			return ok
		})
		if e != nil {
			return e
		}
		q.Ranges = append(q.Ranges, at[span]{path, byKey[key]})
	}
	return nil
}

func sortedUnique(names []string) []string {
	out := append([]string{}, names...)
	sort.Strings(out)
	n := 0
	for i, s := range out {
		if i == 0 || s != out[n-1] {
			out[n] = s
			n++
		}
	}
	return out[:n]
}
