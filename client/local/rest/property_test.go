package rest

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fixed is a catalogue without a database.
func fixed() *catalog {
	parent := &table{Name: qual{"public", "t"}, byName: map[string]*column{}, computed: map[string]bool{}, PK: []string{"a"}}
	child := &table{Name: qual{"public", "u"}, byName: map[string]*column{}, computed: map[string]bool{}}
	for _, t := range []*table{parent, child} {
		for i, n := range []string{"a", "b", "j", "v", `q"u o`} {
			c := &column{Name: n, Type: "text", Base: "text", JSON: n == "j", TSVector: n == "v", num: int16(i + 1)}
			t.Columns, t.byName[n] = append(t.Columns, c), c
		}
	}
	c := &catalog{
		schemas: []string{"public"}, functions: map[qual][]*function{}, types: map[string]string{"text": "text", "int": "integer"},
		tables: map[qual]*table{parent.Name: parent, child.Name: child}, superusers: map[string]bool{},
	}
	c.relations = map[qual][]*relation{
		parent.Name: {{From: parent.Name, To: child.Name, Card: oneToMany, Constraint: "fk", Cols: []link{{"a", "b"}}}},
		child.Name:  {{From: child.Name, To: parent.Name, Card: manyToOne, Constraint: "fk", Cols: []link{{"b", "a"}}}},
	}
	return c
}

// sqlOf plans a GET of a path's query and writes its statement.
func sqlOf(c *catalog, table, rawQuery string) (*statement, *plan, *apiError) {
	q, e := new(parser).query(splitQuery(rawQuery), false)
	if e != nil {
		return nil, nil, e
	}
	req := &request{Kind: actRead, Target: qual{"public", table}, Query: q, Top: q.Top, Accept: []mediaType{jsonMedia}}
	p, e := c.plan(req, 1000)
	if e != nil {
		return nil, nil, e
	}
	return c.main(p, 1000), p, nil
}

var quotedIdents = regexp.MustCompile(`"(?:[^"]|"")*"`)

// marker is in every text a generated request carries; it may be in SQL only within an alias.
const marker = "zq"

// TestEveryFilterIsBound generates filters whose every value, key and language carries a marker, and
// demands that it is in the bound values and nowhere in the SQL.
func TestEveryFilterIsBound(t *testing.T) {
	c := fixed()
	rapid.Check(t, func(t *rapid.T) {
		value := marker + rapid.StringOf(rapid.RuneFrom([]rune(`abc '"\;-*%$(){},.&<>`+"\n\u00e9\u65e5"))).Draw(t, "value")
		column := rapid.SampledFrom([]string{"a", "b", "j", "v"}).Draw(t, "column")
		op := rapid.SampledFrom([]string{
			"eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj",
			"isdistinct", "fts", "plfts", "phfts(zqlang)", "wfts", "eq(any)", "like(all)", "in",
		}).Draw(t, "op")
		if rapid.Bool().Draw(t, "not") {
			op = "not." + op
		}
		if rapid.Bool().Draw(t, "path") {
			column += "->zqkey->>0"
		}
		text := value
		if strings.HasSuffix(op, "in") {
			text = `("` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `")`
		}
		query := escape(column) + "=" + op + "." + escape(text)
		switch rapid.IntRange(0, 2).Draw(t, "where") {
		case 1:
			query = "select=a,u(b)&u." + query
		case 2:
			inner := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
			if strings.HasSuffix(op, "in") {
				inner = "(" + inner + ")"
			}
			query = "or=" + escape("("+column+"."+op+"."+inner+",not.and(a.is.null,b.eq.1))")
		}
		w, _, e := sqlOf(c, "t", query)
		if e != nil {
			t.Fatalf("%s: %v %v", query, e, e.Details)
		}
		if w.failed != nil {
			t.Fatalf("%s: %v", query, w.failed)
		}
		if strings.Contains(w.String(), marker) {
			t.Fatalf("%s is in SQL: %s", query, w.String())
		}
		found := false
		for _, a := range w.args {
			found = found || strings.Contains(string(a), marker)
		}
		if !found {
			t.Fatalf("%s is not bound: %s %q", query, w.String(), w.args)
		}
	})
}

// TestNamesNeverReachSQL generates whole requests from hostile words: none is in SQL, except as an alias.
func TestNamesNeverReachSQL(t *testing.T) {
	c := fixed()
	word := rapid.Custom(func(t *rapid.T) string {
		return marker + rapid.StringOf(rapid.RuneFrom([]rune(`abc '"\;-$.()`+"\u00e9"))).Draw(t, "word")
	})
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	rapid.Check(t, func(t *rapid.T) {
		name := escape(`"` + quote.Replace(word.Draw(t, "name")) + `"`)
		query := strings.ReplaceAll(rapid.SampledFrom([]string{
			"select=W", "select=a,u(W)", "select=u!W(a)", "select=W(a)", "select=a::zqtype", "order=W", "order=u(W)&select=a,u(b)", "W=eq.1",
			"or=(W.eq.1)", "select=a,u(b)&u.order=W", "select=j->W", "order=j->W", "select=...u(W)", "select=W:a", "select=W:u(b)", "select=W:j->a", "select=a,W:u(b)&W=is.null",
		}).Draw(t, "query"), "W", name)
		w, p, e := sqlOf(c, "t", query)
		if e != nil || w.failed != nil {
			return
		}
		sql := w.String()
		for _, ident := range quotedIdents.FindAllString(sql, -1) {
			if strings.Contains(ident, marker) && !isAlias(p.Root, ident) {
				t.Fatalf("%s: %s is no alias: %s", query, ident, sql)
			}
		}
		if strings.Contains(quotedIdents.ReplaceAllString(sql, ""), marker) {
			t.Fatalf("%s: outside quotes: %s", query, sql)
		}
	})
}

func isAlias(n *node, ident string) bool {
	for _, f := range n.Fields {
		if quoteIdent(f.output()) == ident && (f.Alias != "" || len(f.Field.Path) > 0) {
			return true
		}
	}
	for _, k := range n.Kids {
		if quoteIdent(k.Alias) == ident || isAlias(k, ident) {
			return true
		}
	}
	return false
}

// FuzzQuery feeds query strings to the parser and, what parses, to the planner and the writer.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "select=*", "select=id,t(a,...u(b))&order=a.desc.nullslast,u(b)", "or=(a.eq.1,and(b.in.(1,2),not.or(j->>k.is.null)))",
		"a=not.in.(\"x,y\",\"z\\\"\")", "u.limit=3&u.offset=1&select=a,u(*)", "select=a:b->c->>0::text,count()", "a=fts(english).x&limit=-1",
		"columns=a,b&on_conflict=a", "a=%zz&b&&=;", "select=u!fk!inner()&u=is.null", "order=(&select=((&or=)",
	} {
		f.Add(seed)
	}
	c := fixed()
	f.Fuzz(func(t *testing.T, raw string) {
		for _, rpc := range []bool{false, true} {
			if _, e := new(parser).query(splitQuery(raw), rpc); e != nil && (e.Status < 400 || e.Status > 499 || e.Message == "") {
				t.Fatalf("%+v", e)
			}
		}
		w, _, e := sqlOf(c, "t", raw)
		if e != nil || w.failed != nil {
			return
		}
		if bare := quotedIdents.ReplaceAllString(w.String(), ""); strings.ContainsAny(bare, `"\`+"\x00") || strings.Contains(bare, "--") || strings.Contains(bare, ";") {
			t.Fatalf("%q: %s", raw, w.String())
		}
	})
}

// FuzzPayload feeds bodies of every type.
func FuzzPayload(f *testing.F) {
	f.Add("application/json", `[{"a":1},{"a":2}]`)
	f.Add("text/csv", "a,b\n1,NULL\n")
	f.Add("application/x-www-form-urlencoded", "a=1&b=%20")
	f.Fuzz(func(t *testing.T, typ, body string) {
		for _, kind := range []actionKind{actInsert, actCall} {
			req := &request{Kind: kind, Post: true, Query: &query{}}
			p, e := readPayload(req, map[string][]string{"Content-Type": {typ}}, []byte(body))
			if e != nil && e.Code != "PGRST102" {
				t.Fatalf("%+v", e)
			}
			if e == nil && kind == actInsert && len(p.Raw) == 0 {
				t.Fatal("no body and no error")
			}
		}
	})
}
