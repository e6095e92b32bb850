package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/client/local/pgtest"
)

// shaped reads the shape of a GET of t.
func shaped(raw string) (*shape, bool) {
	r := &http.Request{Method: "GET", URL: &url.URL{Path: "/t", RawQuery: raw}, Header: http.Header{"Accept": {"application/json"}}}
	return shapeOf(r, splitQuery(raw))
}

// agrees checks a template made of one query against another one of the same shape, which went the long way.
func agrees(c *catalog, one, two string) error {
	a, okA := shaped(one)
	b, okB := shaped(two)
	if !okA || !okB || string(a.key) != string(b.key) {
		return nil
	}
	w, p, e := sqlOf(c, "t", one)
	if e != nil {
		if _, _, other := sqlOf(c, "t", two); other == nil || other.Code != e.Code {
			return fmt.Errorf("one shape, but %v and %v", e, other)
		}
		return nil
	}
	tpl := templateOf(a, p, w)
	if tpl == nil {
		if w.failed == nil && len(w.sql()) <= maxPreparedText {
			return fmt.Errorf("a shape that the grammar does not share: %q", a.key)
		}
		return nil
	}
	want, _, e := sqlOf(c, "t", two)
	if e != nil || want.failed != nil {
		return fmt.Errorf("one shape, one fails: %v %v", e, want)
	}
	got := tpl.statement(b)
	if got.sql() != want.sql() || !slices.EqualFunc(got.args, want.args, func(x, y []byte) bool { return string(x) == string(y) }) {
		return fmt.Errorf("template: %s %q\ngrammar: %s %q", got.sql(), got.args, want.sql(), want.args)
	}
	return nil
}

// drawn is a query with %s for its values, which are drawn twice.
type drawn struct {
	format   string
	one, two []any
}

func (d *drawn) value(t *rapid.T, alphabet string) string {
	for _, to := range []*[]any{&d.one, &d.two} {
		v := rapid.StringOf(rapid.RuneFrom([]rune(alphabet))).Draw(t, "value")
		*to = append(*to, url.QueryEscape(v))
	}
	return "%s"
}

const wild, tame = `abc0-:. *%&=+;,()"'{}\é` + "\x00\n", `abc0-:.*+T`

func (d *drawn) condition(t *rapid.T, alphabet string) string {
	op := rapid.SampledFrom([]string{"eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "is", "in", "fts", "eq(any)", "cs", "isdistinct"}).Draw(t, "op")
	if rapid.Bool().Draw(t, "not") {
		op = "not." + op
	}
	switch {
	case strings.HasSuffix(op, "is"):
		return op + "." + rapid.SampledFrom([]string{"null", "true", "NULL", "x"}).Draw(t, "word")
	case strings.HasSuffix(op, "in"):
		return op + ".(" + d.value(t, alphabet) + "," + d.value(t, alphabet) + ")"
	}
	return op + "." + d.value(t, alphabet)
}

func (d *drawn) tree(t *rapid.T, depth int) string {
	var out []string
	for range rapid.IntRange(1, 3).Draw(t, "members") {
		if depth < 3 && rapid.IntRange(0, 3).Draw(t, "nested") == 0 {
			out = append(out, rapid.SampledFrom([]string{"and", "or", "not.and"}).Draw(t, "junction")+d.tree(t, depth+1))
		} else {
			out = append(out, rapid.SampledFrom([]string{"a", "b", "j->>k", "not"}).Draw(t, "column")+"."+d.condition(t, rapid.SampledFrom([]string{tame, tame, wild}).Draw(t, "alphabet")))
		}
	}
	return "(" + strings.Join(out, ",") + ")"
}

// TestTemplateIsTheLongWay: what a template makes of other values is what the grammar makes of them.
func TestTemplateIsTheLongWay(t *testing.T) {
	c := fixed()
	hits := 0
	rapid.Check(t, func(t *rapid.T) {
		d := &drawn{}
		parts := []string{rapid.SampledFrom([]string{"select=*", "select=a,u(a,b)", "select=j->>k,b", "order=a.desc,j->k", "limit=5", "u.limit=2", "limit=0"}).Draw(t, "part")}
		for range rapid.IntRange(0, 4).Draw(t, "filters") {
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				parts = append(parts, rapid.SampledFrom([]string{"or", "and", "not.or", "u.or"}).Draw(t, "key")+"="+d.tree(t, 0))
			default:
				parts = append(parts, rapid.SampledFrom([]string{"a", "b", "j->k->>l", "u.a", "zz"}).Draw(t, "key")+"="+d.condition(t, wild))
			}
		}
		d.format = strings.Join(parts, "&")
		one, two := fmt.Sprintf(d.format, d.one...), fmt.Sprintf(d.format, d.two...)
		if a, ok := shaped(one); ok {
			if b, ok := shaped(two); ok && string(a.key) == string(b.key) {
				hits++
			}
		}
		if err := agrees(c, one, two); err != nil {
			t.Fatalf("%s\n%s\n%v", one, two, err)
		}
	})
	if hits < 10 {
		t.Errorf("only %d pairs had one shape", hits)
	}
}

// FuzzTemplate looks for two queries of one shape that are not of one statement.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"a=eq.1&b=like.*x*", "or=(a.lt.1,and(a.eq.1,b.gt.2))", "a=in.(1,2)&order=a", "a=is.null&or=(b.not.is.true)", "u.a=eq.1&select=a,u(b)"} {
		f.Add(s, strings.ReplaceAll(s, "1", "3"))
	}
	c := fixed()
	f.Fuzz(func(t *testing.T, one, two string) {
		if err := agrees(c, one, two); err != nil {
			t.Fatalf("%q %q: %v", one, two, err)
		}
	})
}

// BenchmarkKnownShape is the gateway's own work on a keyset page whose like it has seen.
func BenchmarkKnownShape(b *testing.B) {
	const raw = "select=*,u(a,b)&a=eq.x&or=(b.lt.2025-03-02T00:00:00Z,and(b.eq.2025-03-02T00:00:00Z,a.lt.70b00000))&order=b.desc,a.desc&limit=100"
	w, p, e := sqlOf(fixed(), "t", raw)
	if e != nil {
		b.Fatal(e)
	}
	a, _ := shaped(raw)
	tpl := templateOf(a, p, w)
	r := httptest.NewRequest("GET", "/t?"+raw, nil)
	b.ReportAllocs()
	for range b.N {
		pairs := splitQuery(r.URL.RawQuery)
		sh, ok := shapeOf(r, pairs)
		if !ok || tpl.planFor(r.URL.Path, canonical(pairs), identity{}) == nil || len(tpl.statement(sh).args) == 0 {
			b.Fatal("no shape")
		}
	}
}

// TestTemplatesDoNotMix: at once, many callers ask for different rows in one shape; each gets those of his
// values, if they are his, and all that the long way tells about them.
func TestTemplatesDoNotMix(t *testing.T) {
	t.Parallel()
	s := newServer(t, pgtest.New(t, pgtest.Conformance))
	var ids []struct{ ID, Name string }
	if err := json.Unmarshal([]byte(ask(t, s, "service", "GET", "/datasets?select=id,name", "").Body), &ids); err != nil || len(ids) < 3 {
		t.Fatal(err, ids)
	}
	path := func(i, j int) string {
		return "/datasets?select=id,name&id=eq." + ids[i].ID + "&or=(name.eq." + url.QueryEscape(ids[j].Name) + ",name.is.null)"
	}
	callers := []string{"alice", "bob", "anon", "service"}
	want := map[string]reply{}
	for _, as := range callers {
		for i := range ids {
			for j := range ids {
				// A parameter that does nothing keeps the request from having the others' shape.
				want[as+path(i, j)] = ask(t, s, as, "GET", path(i, j)+"&offset=0", "")
			}
		}
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for k := range 60 {
				as, p := callers[(n+k)%len(callers)], path((n*7+k)%len(ids), (n*3+k/2)%len(ids))
				got := ask(t, s, as, "GET", p, "")
				w := want[as+p]
				if got.Status != w.Status || got.Body != w.Body || got.Header.Get("Content-Location")+"" != strings.Replace(w.Header.Get("Content-Location"), "&offset=0", "", 1) {
					t.Errorf("%s %s: %d %s %v, want %d %s %v", as, p, got.Status, got.Body, got.Header, w.Status, w.Body, w.Header)
				}
			}
		})
	}
	wg.Wait()
	if s.catalog.Load().templates.len() == 0 {
		t.Error("no template was made")
	}
}

// TestTemplatesEndWithTheirCatalogue: after a change of the schema nothing of the one before is used.
func TestTemplatesEndWithTheirCatalogue(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Conformance)
	s := newServer(t, db)
	const path = "/datasets?select=*&name=eq."
	for range 2 {
		if r := ask(t, s, "service", "GET", path+"x", ""); r.Status != 200 {
			t.Fatal(r)
		}
	}
	ctx := context.Background()
	if _, err := db.Pool.Exec(ctx, "ALTER TABLE datasets RENAME COLUMN name TO title"); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	if r := ask(t, s, "service", "GET", path+"x", ""); r.Status != 400 || r.code() != "42703" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if n := s.catalog.Load().templates.len(); n != 0 {
		t.Errorf("%d templates of a statement that fails", n)
	}
}

// TestTemplateHoldsNoValue: neither key nor template have anything of the request besides its shape.
func TestTemplateHoldsNoValue(t *testing.T) {
	const secret = "zqsecret"
	raw := "select=*,u(a)&a=eq." + secret + "&b=in.(" + secret + ",x)&or=(b.lt." + secret + ",j.is.null)&b=like.*" + secret
	sh, ok := shaped(raw)
	if !ok {
		t.Fatal("no shape")
	}
	w, p, e := sqlOf(fixed(), "t", raw)
	if e != nil {
		t.Fatal(e)
	}
	p.Req.Identity, p.Req.Header = identity{Role: secret, Claims: secret}, http.Header{"X": {secret}}
	tpl := templateOf(sh, p, w)
	if tpl == nil {
		t.Fatal("no template")
	}
	if all := fmt.Sprintf("%q %+v %+v %+v", sh.key, tpl, tpl.plan.Req, tpl.plan.Req.Query); strings.Contains(all, secret) {
		t.Errorf("%s", all)
	}
	if tpl.plan.Root != nil {
		t.Error("the tree holds the conditions")
	}
}
