package rest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseErrorsNameTheFurthestPlace(t *testing.T) {
	filterErr := func(v string) *apiError { _, e := parseFilter("id", v, false); return e }
	selectErr := func(v string) *apiError { _, e := parseSelect(v); return e }
	orderErr := func(v string) *apiError { _, e := parseOrder("order", v); return e }
	logicErr := func(v string) *apiError { _, e := parseLogic("or", v); return e }
	for _, c := range []struct {
		parse   func(string) *apiError
		in      string
		column  int
		details string
	}{
		{filterErr, "equals.ready", 3, `unexpected "u" expecting operator (eq, gt, ...)`},
		{filterErr, "noop.0", 1, `unexpected "o" expecting "not" or operator (eq, gt, ...)`},
		{filterErr, "val", 1, `unexpected "v" expecting "not" or operator (eq, gt, ...)`},
		{filterErr, "eq().value", 4, `unexpected ")" expecting operator (eq, gt, ...)`},
		{filterErr, "fts().value", 5, `unexpected ")" expecting operator (eq, gt, ...)`},
		{filterErr, "is().value", 3, `unexpected "(" expecting operator (eq, gt, ...)`},
		{filterErr, "in().value", 3, `unexpected "(" expecting operator (eq, gt, ...)`},
		{filterErr, "is.nul", 7, `unexpected end of input expecting isVal: (null, not_null, true, false, unknown)`},
		{selectErr, "id,(", 4, `unexpected "(" expecting "...", field name (* or [a..z0..9_$]), "*" or "count()"`},
		{selectErr, "id,clients(name[])", 16, `unexpected '[' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input`},
		{selectErr, "data->>-78xy", 11, `unexpected 'x' expecting digit, "->", "::", ".", "," or end of input`},
		{selectErr, "name!hint", 5, `unexpected '!' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input`},
		{selectErr, "name::", 7, `unexpected end of input expecting letter or digit`},
		{orderErr, "id.ac", 4, `unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"`},
		{orderErr, "id.descc", 8, `unexpected 'c' expecting delimiter (.), "," or end of input`},
		{orderErr, "id.nullslasttt", 13, `unexpected 't' expecting "," or end of input`},
		{orderErr, "id.asc.nlsfst", 8, `unexpected "l" expecting "nullsfirst" or "nullslast"`},
		{orderErr, "clients(name,id)", 8, `unexpected '(' expecting letter, digit, "-", "->>", "->", delimiter (.), "," or end of input`},
		{logicErr, "()", 4, `unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)`},
		{logicErr, "(id.in.1,2,id.eq.3)", 10, `unexpected "1" expecting "("`},
		{logicErr, ")(", 3, `unexpected ")" expecting "("`},
		{logicErr, "(id.eq.1,not.xor(id.eq.2,id.eq.3))", 16, `unexpected "x" expecting logic operator (and, or)`},
	} {
		e := c.parse(c.in)
		if e == nil {
			t.Errorf("%q was taken", c.in)
			continue
		}
		if e.Code != "PGRST100" || e.Status != 400 {
			t.Errorf("%q: %d %s", c.in, e.Status, e.Code)
		}
		if want := fmt.Sprintf("(line 1, column %d)", c.column); !strings.HasSuffix(e.Message, want) {
			t.Errorf("%q: %s, want %s", c.in, e.Message, want)
		}
		if e.Details != c.details {
			t.Errorf("%q:\n got  %s\n want %s", c.in, e.Details, c.details)
		}
	}
}

func key(k string) jsonStep       { return jsonStep{Key: k} }
func textKey(k string) jsonStep   { return jsonStep{Key: k, AsText: true} }
func index(k string) jsonStep     { return jsonStep{Key: k, Index: true} }
func col(name string) field       { return field{Name: name} }
func colItem(n string) selectItem { return selectItem{Field: col(n)} }
func ptr(s string) *string        { return &s }
func plain(n, op, v string) *filter {
	return &filter{col(n), operation{Kind: opQuant, Name: op, Value: v}}
}

func TestParseSelect(t *testing.T) {
	for in, want := range map[string][]selectItem{
		"":                   nil,
		"*":                  {colItem("*")},
		" id , name ":        {colItem("id"), colItem("name")},
		"with spaces":        {colItem("with spaces")},
		"with-dash":          {colItem("with-dash")},
		`"we,ird:.(","a\"b"`: {colItem("we,ird:.("), colItem(`a"b`)},
		"a:id::text":         {{Field: col("id"), Alias: "a", Cast: "text"}},
		"j->a->>b":           {{Field: field{"j", []jsonStep{key("a"), textKey("b")}}}},
		"j->0->-1->>k::int":  {{Field: field{"j", []jsonStep{index("+0"), index("-1"), textKey("k")}}, Cast: "int"}},
		"j->!@#$%^&*_a":      {{Field: field{"j", []jsonStep{key("!@#$%^&*_a")}}}},
		"count()":            {{Field: col("*"), Agg: "count"}},
		"c:amount.sum()::text": {{
			Field: col("amount"), Agg: "sum", AggCast: "text", Alias: "c",
		}},
		"t(*)":             {{Relation: "t", Kids: []selectItem{colItem("*")}}},
		"x:t!h!inner(a,b)": {{Relation: "t", Alias: "x", Hint: "h", Join: joinInner, Kids: []selectItem{colItem("a"), colItem("b")}}},
		"t!left!h()":       {{Relation: "t", Hint: "h", Join: joinLeft}},
		"...t!h(a)":        {{Relation: "t", Hint: "h", Spread: true, Kids: []selectItem{colItem("a")}}},
		"a,t(u(v),...w(x))": {colItem("a"), {Relation: "t", Kids: []selectItem{
			{Relation: "u", Kids: []selectItem{colItem("v")}}, {Relation: "w", Spread: true, Kids: []selectItem{colItem("x")}},
		}}},
		"leftover!leftish(a)": nil, // "left" is taken for the join, and "ish" is too much
	} {
		got, e := parseSelect(in)
		if in == "leftover!leftish(a)" {
			if e == nil {
				t.Errorf("%q was taken: %+v", in, got)
			}
			continue
		}
		if e != nil {
			t.Errorf("%q: %v %v", in, e, e.Details)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got  %+v\n want %+v", in, got, want)
		}
	}
}

func TestParseFilter(t *testing.T) {
	for in, want := range map[string]operation{
		"eq.1":                   {Kind: opQuant, Name: "eq", Value: "1"},
		"eq.":                    {Kind: opQuant, Name: "eq"},
		"not.gte(all).{1,2}":     {Kind: opQuant, Not: true, Name: "gte", Quant: "all", Value: "{1,2}"},
		"ilike(any).{a*,*b}":     {Kind: opQuant, Name: "ilike", Quant: "any", Value: "{a*,*b}"},
		"neq.a.b,c(d)":           {Kind: opSimple, Name: "neq", Value: "a.b,c(d)"},
		"nxl.[1,2)":              {Kind: opSimple, Name: "nxl", Value: "[1,2)"},
		"in.(a,b)":               {Kind: opIn, Name: "in", List: []string{"a", "b"}},
		`in.("a,b","c\"d",e f)`:  {Kind: opIn, Name: "in", List: []string{"a,b", `c"d`, "e f"}},
		`in.("a"b,c)`:            {Kind: opIn, Name: "in", List: []string{`"a"b`, "c"}},
		"in.()":                  {Kind: opIn, Name: "in", List: []string{""}},
		"not.in.(1)":             {Kind: opIn, Not: true, Name: "in", List: []string{"1"}},
		"is.NuLl":                {Kind: opIs, Name: "null"},
		"is.not_null":            {Kind: opIs, Name: "not_null"},
		"not.is.unknown":         {Kind: opIs, Not: true, Name: "unknown"},
		"isdistinct.x":           {Kind: opDistinct, Name: "isdistinct", Value: "x"},
		"fts.a & b":              {Kind: opFTS, Name: "fts", Value: "a & b"},
		"plfts(english).a":       {Kind: opFTS, Name: "plfts", Lang: ptr("english"), Value: "a"},
		"not.wfts(french).a -b":  {Kind: opFTS, Not: true, Name: "wfts", Lang: ptr("french"), Value: "a -b"},
		"phfts.x":                {Kind: opFTS, Name: "phfts", Value: "x"},
		"match.^a|b":             {Kind: opQuant, Name: "match", Value: "^a|b"},
		"cs.{\"a\":{\"b\":[1]}}": {Kind: opSimple, Name: "cs", Value: "{\"a\":{\"b\":[1]}}"},
	} {
		got, e := parseFilter("a.b.c->d->>e", in, false)
		if e != nil {
			t.Errorf("%q: %v", in, e)
			continue
		}
		if !reflect.DeepEqual(got.What.Op, want) {
			t.Errorf("%q:\n got  %+v\n want %+v", in, got.What.Op, want)
		}
		if !reflect.DeepEqual(got.Path, []string{"a", "b"}) ||
			!reflect.DeepEqual(got.What.Field, field{"c", []jsonStep{key("d"), textKey("e")}}) {
			t.Errorf("key: %+v", got)
		}
	}
}

func TestParseFilterOfFunctionCall(t *testing.T) {
	f, e := parseFilter("name", "plain value", true)
	if e != nil || f.What.Op.Kind != opNone || f.What.Op.Value != "plain value" {
		t.Errorf("argument: %+v %v", f, e)
	}
	if f, e = parseFilter("name", "eq.x", true); e != nil || f.What.Op.Kind != opQuant {
		t.Errorf("filter: %+v %v", f, e)
	}
}

func TestParseLogic(t *testing.T) {
	got, e := parseLogic("a.not.or", `(x.eq.1,and(y.not.in.(1,2),z.eq."q,)"),not.or(j->>k.cs.{a,b},w.is.null))`)
	if e != nil {
		t.Fatal(e)
	}
	want := at[logicNode]{Path: []string{"a"}, What: logicNode{Not: true, Or: true, Kids: []logicNode{
		{Filter: plain("x", "eq", "1")},
		{Kids: []logicNode{
			{Filter: &filter{col("y"), operation{Kind: opIn, Not: true, Name: "in", List: []string{"1", "2"}}}},
			{Filter: plain("z", "eq", "q,)")},
		}},
		{Not: true, Or: true, Kids: []logicNode{
			{Filter: &filter{field{"j", []jsonStep{textKey("k")}}, operation{Kind: opSimple, Name: "cs", Value: "{a,b}"}}},
			{Filter: &filter{col("w"), operation{Kind: opIs, Name: "null"}}},
		}},
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got  %+v\n want %+v", got, want)
	}
}

func TestParseOrder(t *testing.T) {
	got, e := parseOrder("t.order", "a, b.desc,c.asc.nullsfirst,j->k->>0.nullslast,t(x->y).desc.nullslast")
	if e != nil {
		t.Fatal(e)
	}
	want := []orderTerm{
		{Field: col("a")}, {Field: col("b"), Dir: "DESC"}, {Field: col("c"), Dir: "ASC", Nulls: "NULLS FIRST"},
		{Field: field{"j", []jsonStep{key("k"), {Key: "+0", Index: true, AsText: true}}}, Nulls: "NULLS LAST"},
		{Relation: "t", Field: field{"x", []jsonStep{key("y")}}, Dir: "DESC", Nulls: "NULLS LAST"},
	}
	if !reflect.DeepEqual(got.What, want) || !reflect.DeepEqual(got.Path, []string{"t"}) {
		t.Errorf("\n got  %+v\n want %+v", got.What, want)
	}
}

func TestCanonicalQuery(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"b=2&a=1&c&a=x,y":            "a=1,x%2Cy&b=2&c=",
		"a=%E6%97%A5":                "a=%C3%A6%C2%97%C2%A5",
		"a=x+y%2Bz;b=%zz~_-.*":       "a=x%20y%2Bz&b=%25zz~_-.%2A",
		"select=id,t(a)&order=id":    "order=id&select=id%2Ct%28a%29",
		"x=%22%27%3C%3E%0D%0A%00%7F": "x=%22%27%3C%3E%0D%0A%00%7F",
	} {
		if got := canonical(splitQuery(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	deep := strings.Repeat("t(", 5000) + "a" + strings.Repeat(")", 5000)
	if _, e := parseSelect(deep); e == nil || e.Code != "PGRST100" {
		t.Errorf("select: %v", e)
	}
	deep = "(" + strings.Repeat("and(", 5000) + "a.eq.1" + strings.Repeat(")", 5001)
	if _, e := parseLogic("or", deep); e == nil || e.Code != "PGRST100" {
		t.Errorf("logic: %v", e)
	}
}

// TestQuietAndLoudAgree checks that looking for errors changes nothing of what is taken.
func TestQuietAndLoudAgree(t *testing.T) {
	words := []string{
		"a", "bc", "not", "and", "or", "in", "is", "null", "eq", "fts", "any", "asc", "desc", "nullslast", "count()", "sum()", "left", "inner",
		".", ",", "(", ")", ":", "::", "->", "->>", "-", "!", "*", "\"", "\\", "{", "}", " ", "0", "...", "\u00e9",
	}
	for name, grammar := range map[string]func(*scanner) (any, bool){
		"select":    func(s *scanner) (any, bool) { v, ok := s.forest(); return v, ok },
		"order":     func(s *scanner) (any, bool) { v, ok := s.orders(); return v, ok },
		"operation": func(s *scanner) (any, bool) { v, ok := s.operation(s.rest); return v, ok },
		"logic":     func(s *scanner) (any, bool) { var n logicNode; ok := s.logic(&n); return n, ok },
		"names":     func(s *scanner) (any, bool) { v, ok := s.names(); return v, ok },
		"path":      func(s *scanner) (any, bool) { p, f, ok := s.path(); return at[field]{p, f}, ok },
	} {
		rapid.Check(t, func(t *rapid.T) {
			text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 14).Draw(t, "words"), "")
			quiet, loud := &scanner{in: []rune(text), quiet: true}, &scanner{in: []rune(text)}
			a, okA := grammar(quiet)
			b, okB := grammar(loud)
			if okA != okB || okA && (!reflect.DeepEqual(a, b) || quiet.pos != loud.pos) {
				t.Fatalf("%s %q: quiet %v %+v at %d, loud %v %+v at %d", name, text, okA, a, quiet.pos, okB, b, loud.pos)
			}
			if !okB && (loud.err.pos > len(loud.in)+1 || loud.err.details() == "") {
				t.Fatalf("%s %q: error at %d: %q", name, text, loud.err.pos, loud.err.details())
			}
		})
	}
}
