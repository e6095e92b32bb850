package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local/pgtest"
)

var policed = []string{"datasets", "training_jobs", "metrics_points", "model_artifacts", "cost_records", "notifications"}

// rowsOf lists the ids a caller reads from a table.
func rowsOf(t *testing.T, s *Server, as, table string) []string {
	t.Helper()
	got := ask(t, s, as, "GET", "/"+table+"?select=id&order=id", "")
	var rows []struct{ ID string }
	if got.Status != 200 {
		t.Fatalf("%s reads %s: %d %s", as, table, got.Status, got.Body)
	}
	if err := json.Unmarshal([]byte(got.Body), &rows); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestRowLevelSecurity tries every table as its owner, as another user and as nobody.
func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	s := newServer(t, pgtest.New(t, pgtest.Conformance))
	for _, table := range policed {
		hers, his, all := rowsOf(t, s, "alice", table), rowsOf(t, s, "bob", table), rowsOf(t, s, "service", table)
		if len(hers) == 0 || len(hers)+len(his) != len(all) && table != "model_artifacts" {
			t.Errorf("%s: alice %d, bob %d, service %d", table, len(hers), len(his), len(all))
		}
		for _, id := range hers {
			if contains(his, id) {
				t.Errorf("%s: both see %s", table, id)
			}
		}
		for _, as := range []string{"nobody", "anon", "stranger"} {
			if got := rowsOf(t, s, as, table); len(got) != 0 {
				t.Errorf("%s: %s sees %v", table, as, got)
			}
		}
		for _, as := range []string{"bob", "nobody", "stranger"} {
			others(t, s, as, table, hers[0])
		}
	}
}

// others tries to change and to delete a row that is not the caller's: nothing may happen.
func others(t *testing.T, s *Server, as, table, id string) {
	t.Helper()
	before := ask(t, s, "service", "GET", "/"+table+"?id=eq."+id, "").Body
	for _, method := range []string{"PATCH", "DELETE"} {
		body := ""
		if method == "PATCH" {
			body = `{"id":"00000000-0000-4000-8000-00000000dead"}`
		}
		got := ask(t, s, as, method, "/"+table+"?id=eq."+id+"&select=id", body, "Prefer", full)
		if got.Status != 200 || got.Body != "[]" {
			t.Errorf("%s: %s %s by %s: %d %s", table, method, id, as, got.Status, got.Body)
		}
	}
	if after := ask(t, s, "service", "GET", "/"+table+"?id=eq."+id, "").Body; after != before || before == "[]" {
		t.Errorf("%s %s changed by %s:\n%s\n%s", table, id, as, before, after)
	}
}

// TestClaimsDoNotLeak runs many callers over few connections: nobody gets another's rows.
func TestClaimsDoNotLeak(t *testing.T) {
	t.Parallel()
	s := newServer(t, pgtest.New(t, pgtest.Conformance))
	want := map[string]string{}
	callers := []string{"alice", "bob", "stranger", "nobody", "badrole"}
	for _, as := range callers {
		want[as] = ask(t, s, as, "GET", "/datasets?select=id&order=id", "").Body
	}
	errs := make(chan string, 64)
	for i := range 16 {
		go func() {
			for j := range 20 {
				as := callers[(i+j)%len(callers)]
				if got := ask(t, s, as, "GET", "/datasets?select=id&order=id", "").Body; got != want[as] {
					errs <- fmt.Sprintf("%s got %s", as, got)
				}
			}
			errs <- ""
		}()
	}
	for done := 0; done < 16; {
		if e := <-errs; e == "" {
			done++
		} else {
			t.Error(e)
		}
	}
}

// injections are texts that would do harm, or be told apart, if they ever became SQL.
var injections = []string{
	`'`, `"`, `\`, `''`, `""`, `'--`, `"--`, `';--`, `";--`, `1;drop table canary`, `1); drop table canary; --`,
	`'; drop table canary; --`, `"; drop table canary; --`, `") from canary; drop table canary; --`,
	`' or '1'='1`, `" or "1"="1`, `1 or 1=1`, `1 union select null`, `' union select body from canary --`,
	`$1`, `$$`, `$$; drop table canary; $$`, `$a$x$a$`, `E'\x27'`, `U&"\0022"`, `/*`, `*/`, `/**/or/**/1=1`,
	`pg_sleep(9)`, `||pg_sleep(9)||`, `(select pg_sleep(9))`, `'||(select body from canary)||'`, "\u00a0", "\u2019", "\u02bc",
	"a\nb", "a\r\nSet-Cookie: x=y", "\t", "%00", "%27", "%22", "%5C%27", "\u202e", "null", "NaN", "Infinity", "-1", "1e999", "{}", "[]", "{\"}", "(", ")", "((", ",", ".", "::", "->", "->>", ":", "!", "*", "...", "not.", "and", "or",
	`id::text; drop table canary`, `pg_catalog.pg_class`, `pg_shadow`, `current_user`, `ctid`, `tableoid::regclass`, `version()`,
	strings.Repeat("a", 70), strings.Repeat("(", 300), strings.Repeat("a.", 300) + "b", strings.Repeat("x->", 200) + "y",
}

// places are the parts of a request that a client fills; %s is the text, escaped for a URL.
var places = []string{
	"/customers?name=eq.%s", "/customers?name=in.(%s)", "/customers?name=in.(%%22%s%%22)", "/customers?name=like.%s", "/customers?name=like(any).{%s}",
	"/customers?name=fts(%s).x", "/customers?name=fts.%s", "/customers?tags=cs.{%s}", "/customers?info=cs.%s", "/customers?name=is.%s", "/customers?name=%s", "/customers?name=isdistinct.%s",
	"/customers?%s=eq.1", "/customers?%%22%s%%22=eq.1", "/customers?info->>%s=eq.1", "/customers?info->%s->>a=eq.1", "/customers?info->>%%22%s%%22=eq.1",
	"/customers?select=%s", "/customers?select=%%22%s%%22", "/customers?select=id::%s", "/customers?select=%s:id", "/customers?select=%%22%s%%22:id", "/customers?select=info->%s", "/customers?select=a:info->%%22%s%%22",
	"/customers?select=orders!%s(id)", "/customers?select=%s(id)", "/customers?select=id,orders!customer_id(%s)", "/customers?select=%%22%s%%22:profiles(bio)", "/customers?select=...%s(id)",
	"/customers?order=%s", "/customers?order=%%22%s%%22", "/customers?order=id.%s", "/customers?order=info->%s", "/customers?order=%s(id)",
	"/customers?or=(%s)", "/customers?or=(id.eq.%s)", "/customers?or=(name.eq.%%22%s%%22,id.eq.1)", "/customers?%s.or=(id.eq.1)", "/customers?and=(id.in.(%s))",
	"/customers?limit=%s", "/customers?offset=%s", "/customers?%s.limit=1", "/customers?%s", "/%s", "/%s?select=*", "/rpc/%s", "/rpc/add?%s=1", "/rpc/add?a=%s", "/rpc/hello?%s", "/rpc/joined?words=%s",
	"/customers?columns=%s", "/customers?on_conflict=%s",
}

func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if isUnreserved(s[i]) {
			b.WriteByte(s[i])
		} else {
			percent(&b, s[i])
		}
	}
	return b.String()
}

// TestInjections sends every text in every place and demands that no answer is a server error or shows
// what it should not, and that the database is as it was.
func TestInjections(t *testing.T) {
	t.Parallel()
	s, db := shop(t)
	ctx := context.Background()
	setup := `CREATE TABLE canary (body text); INSERT INTO canary VALUES ('the-canary-sings'); REVOKE ALL ON canary FROM PUBLIC, anon, authenticated`
	if _, err := db.Pool.Exec(ctx, setup); err != nil {
		t.Fatal(err)
	}
	digest := func() (d string) {
		const q = `SELECT md5(string_agg(r, '|' ORDER BY r)) FROM (SELECT c::text FROM customers c UNION ALL SELECT p::text FROM products p
			UNION ALL SELECT o::text FROM orders o UNION ALL SELECT n::text FROM notes n UNION ALL SELECT y::text FROM canary y) t(r)`
		if err := db.Pool.QueryRow(ctx, q).Scan(&d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	before := digest()
	check := func(where, text string, got reply) {
		if strings.Contains(got.Body, "canary-sings") {
			t.Errorf("%s with %q shows the canary: %s", where, text, got.Body)
		}
		syntax := (strings.Contains(got.Body, "error at or near") || strings.Contains(got.Body, "unterminated")) && !strings.Contains(where, "id::")
		if got.Status >= 500 || syntax {
			t.Errorf("%s with %q: %d %s", where, text, got.Status, got.Body)
		}
		for k, v := range got.Header {
			if strings.ContainsAny(strings.Join(v, ""), "\r\n") || k == "Set-Cookie" {
				t.Errorf("%s with %q: header %s: %q", where, text, k, v)
			}
		}
	}
	for _, text := range injections {
		for _, place := range places {
			check(place, text, ask(t, s, "nobody", "GET", fmt.Sprintf(place, escape(text)), ""))
		}
		key, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		path := escape(text)
		for where, got := range map[string]reply{
			"insert key":   ask(t, s, "nobody", "POST", "/notes", `{`+string(key)+`:1}`, "Prefer", "tx=rollback"),
			"insert value": ask(t, s, "nobody", "POST", "/notes", `{"body":`+string(key)+`}`, "Prefer", "tx=rollback"),
			"insert body":  ask(t, s, "nobody", "POST", "/notes", text, "Prefer", "tx=rollback"),
			"columns":      ask(t, s, "nobody", "POST", "/notes?columns="+path, `{"body":"x"}`, "Prefer", "tx=rollback"),
			"conflict":     ask(t, s, "nobody", "POST", "/products?on_conflict="+path, `{"id":1}`, "Prefer", "tx=rollback, resolution=merge-duplicates"),
			"patch value":  ask(t, s, "nobody", "PATCH", "/customers?name=eq."+path, `{"vip":`+string(key)+`}`, "Prefer", "tx=rollback"),
			"delete":       ask(t, s, "nobody", "DELETE", "/customers?name=eq."+path+"&id=eq.0", "", "Prefer", "tx=rollback"),
			"call key":     ask(t, s, "nobody", "POST", "/rpc/add", `{`+string(key)+`:1}`),
			"call value":   ask(t, s, "nobody", "POST", "/rpc/by_city", `{"city":`+string(key)+`}`),
			"form":         ask(t, s, "nobody", "POST", "/rpc/by_city", "city="+path, "Content-Type", "application/x-www-form-urlencoded"),
			"csv":          ask(t, s, "nobody", "POST", "/notes", text+"\n"+text, "Content-Type", "text/csv", "Prefer", "tx=rollback"),
			"prefer":       ask(t, s, "nobody", "GET", "/customers", "", "Prefer", "timezone="+text+", count="+text+", handling=strict"),
			"accept":       ask(t, s, "nobody", "GET", "/customers", "", "Accept", text),
			"profile":      ask(t, s, "nobody", "GET", "/customers", "", "Accept-Profile", text),
			"content type": ask(t, s, "nobody", "POST", "/notes", "{}", "Content-Type", text),
			"range":        ask(t, s, "nobody", "GET", "/customers", "", "Range", text),
			"header":       ask(t, s, "nobody", "GET", "/rpc/whoami", "", "X-Test", text, "Cookie", "c="+text),
			"role":         ask(t, s, "nobody", "GET", "/customers", "", "Authorization", "Bearer "+jwt(testSecret, hs256, map[string]any{"role": text})),
			"subject":      ask(t, s, "nobody", "GET", "/rpc/whoami", "", "Authorization", "Bearer "+jwt(testSecret, hs256, map[string]any{"role": "anon", "sub": text})),
		} {
			check(where, text, got)
		}
	}
	if after := digest(); after != before {
		t.Error("the database has changed")
	}
}
