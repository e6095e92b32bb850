package rest

import (
	"net/http"
	"strings"
	"testing"
)

// step is one request of a story with what is expected of it; empty fields are not compared.
type step struct {
	as, method, path, body string
	headers                []string
	status                 int
	code, want             string
	header                 map[string]string
}

func play(t *testing.T, s http.Handler, steps []step) {
	t.Helper()
	for _, st := range steps {
		as := st.as
		if as == "" {
			as = "nobody"
		}
		got := ask(t, s, as, st.method, st.path, st.body, st.headers...)
		name := st.method + " " + st.path + " " + strings.Join(st.headers, " ")
		if got.Status != st.status || st.code != "" && got.code() != st.code {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
			continue
		}
		if st.want != "" && (got.Body == "" || !sameJSON(t, []byte(got.Body), []byte(st.want))) {
			t.Errorf("%s\n got  %s\n want %s", name, got.Body, st.want)
		}
		for k, v := range st.header {
			if h := strings.Join(got.Header.Values(k), "; "); h != v {
				t.Errorf("%s: %s: %q, want %q", name, k, h, v)
			}
		}
	}
}

const (
	full  = "return=representation"
	merge = "resolution=merge-duplicates"
	skip  = "resolution=ignore-duplicates"
)

func prefer(p ...string) []string { return []string{"Prefer", strings.Join(p, ",")} }

func TestInsert(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	play(t, s, []step{
		{method: "POST", path: "/products", body: `{"id":4,"name":"cap"}`, status: 201, header: map[string]string{"Content-Range": "*/*", "Location": "", "Content-Type": ""}},
		{method: "POST", path: "/products?select=id,name,price", body: `[{"id":5,"name":"a"},{"id":6,"name":"b"}]`, headers: prefer(full, "count=exact"), status: 201,
			want: `[{"id":5,"name":"a","price":1.50},{"id":6,"name":"b","price":1.50}]`, header: map[string]string{"Content-Range": "*/2", "Preference-Applied": "return=representation, count=exact"}},
		{method: "POST", path: "/products?columns=id,name&select=id,name,price", body: `[{"id":7,"name":"x","price":9,"bogus":1},{"id":8}]`, headers: prefer(full), status: 400, code: "23502"},
		{method: "POST", path: "/products?columns=id,name&select=id,name,price", body: `[{"id":7,"name":"x","price":9,"bogus":1},{"id":8}]`, headers: prefer(full, "missing=default"), status: 201,
			want: `[{"id":7,"name":"x","price":1.50},{"id":8,"name":"thing","price":1.50}]`, header: map[string]string{"Preference-Applied": "missing=default, return=representation"}},
		{method: "POST", path: "/products?columns=nope", body: `{"nope":1}`, status: 400, code: "PGRST204", want: `{"code":"PGRST204","details":null,"hint":null,"message":"Could not find the 'nope' column of 'products' in the schema cache"}`},
		{method: "POST", path: "/products", body: `[{"id":9},{"id":10,"name":"y"}]`, status: 400, code: "PGRST102", want: `{"code":"PGRST102","details":null,"hint":null,"message":"All object keys must match"}`},
		{method: "POST", path: "/products", body: `[]`, headers: prefer(full), status: 201, want: `[]`},
		{method: "POST", path: "/products", body: `{"id":20,"name":"z"}`, headers: prefer("return=headers-only"), status: 201, header: map[string]string{"Location": "/products?id=eq.20"}},
		{method: "POST", path: "/order_items", body: `{"order_id":13,"product_id":3}`, headers: prefer("return=headers-only"), status: 201, header: map[string]string{"Location": "/order_items?order_id=eq.13&product_id=eq.3"}},
		{method: "POST", path: "/notes", body: `{"body":"n"}`, headers: prefer("return=headers-only"), status: 201, header: map[string]string{"Location": ""}},
		{method: "POST", path: "/counters?select=id", body: `{}`, headers: prefer(full), status: 201, want: `[{"id":1}]`},
		{method: "POST", path: "/counters?select=id", body: `[{},{}]`, headers: prefer(full), status: 201, want: `[{"id":2},{"id":3}]`},
		{method: "POST", path: "/counters?select=id,n&columns=id,n", body: `[{"n":7}]`, headers: prefer(full, "missing=default"), status: 201, want: `[{"id":4,"n":7}]`},
		{method: "POST", path: "/orders?select=id,customers!customer_id(name)", body: `{"id":30,"customer_id":2}`, headers: prefer(full), status: 201, want: `[{"id":30,"customers":{"name":"Ben"}}]`},
		{method: "POST", path: "/orders", body: "id,customer_id,note\n31,1,\"a, b\"\n32,NULL,c\n", headers: []string{"Content-Type", "text/csv", "Prefer", full}, status: 201,
			want: `[{"id":31,"customer_id":1,"ship_to":null,"note":"a, b","placed":"2025-01-01T00:00:00+00:00"},{"id":32,"customer_id":null,"ship_to":null,"note":"c","placed":"2025-01-01T00:00:00+00:00"}]`},
		{method: "POST", path: "/notes?select=body", body: "body=from+a%20form", headers: []string{"Content-Type", "application/x-www-form-urlencoded", "Prefer", full}, status: 201, want: `[{"body":"from a form"}]`},
		{method: "POST", path: "/notes", body: `{"body":"x"}`, headers: []string{"Content-Type", "application/x-unknown"}, status: 400, code: "PGRST102"},
		{method: "POST", path: "/products?select=id", body: `{"id":21,"name":"one"}`, headers: []string{"Prefer", full, "Accept", "application/vnd.pgrst.object+json"}, status: 201, want: `{"id":21}`, header: map[string]string{"Content-Type": "application/vnd.pgrst.object+json; charset=utf-8"}},
		{method: "POST", path: "/products?select=id", body: `[{"id":22,"name":"one"},{"id":23,"name":"two"}]`, headers: []string{"Prefer", full, "Accept", "application/vnd.pgrst.object+json"}, status: 406, code: "PGRST116"},
		{method: "GET", path: "/products?id=in.(22,23)", status: 200, want: `[]`},
	})
}

func TestUpsert(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	play(t, s, []step{
		{method: "POST", path: "/products?select=id,name", body: `[{"id":1,"name":"PEN"},{"id":9,"name":"new"}]`, headers: prefer(merge, full), status: 201, want: `[{"id":1,"name":"PEN"},{"id":9,"name":"new"}]`,
			header: map[string]string{"Preference-Applied": "resolution=merge-duplicates, return=representation"}},
		{method: "POST", path: "/products?select=id,name", body: `[{"id":1,"name":"Pen"}]`, headers: prefer(merge, full), status: 200, want: `[{"id":1,"name":"Pen"}]`},
		{method: "POST", path: "/products?select=id,name", body: `[{"id":1,"name":"no"},{"id":10,"name":"ten"}]`, headers: prefer(skip, full), status: 201, want: `[{"id":10,"name":"ten"}]`},
		{method: "POST", path: "/products", body: `{"id":60,"code":"c60"}`, status: 201},
		{method: "POST", path: "/products?on_conflict=code&select=id,name,code", body: `{"id":61,"name":"ink2","code":"c60"}`, headers: prefer(merge, full), status: 200, want: `[{"id":61,"name":"ink2","code":"c60"}]`},
		{method: "POST", path: "/products?on_conflict=name", body: `{"id":99,"name":"ink2"}`, headers: prefer(merge), status: 400, code: "42P10"},
		{method: "POST", path: "/products?on_conflict=nmae", body: `{"id":99,"name":"ink2"}`, headers: prefer(merge), status: 400, code: "42703",
			want: `{"code":"42703","details":null,"hint":"Perhaps you meant to reference the column \"products.name\" or the column \"excluded.name\".","message":"column \"nmae\" does not exist"}`},
		{method: "POST", path: "/notes", body: `{"body":"x"}`, headers: prefer(merge), status: 201, header: map[string]string{"Preference-Applied": ""}},
		{method: "PUT", path: "/products?id=eq.50", body: `{"id":50,"name":"fifty"}`, headers: prefer(full), status: 201},
		{method: "PUT", path: "/products?id=eq.50", body: `{"id":50,"name":"again"}`, headers: prefer(full), status: 200},
		{method: "PUT", path: "/products?id=eq.50", body: `{"id":50,"name":"again"}`, status: 204},
		{method: "PUT", path: "/products?id=eq.51", body: `{"id":52,"name":"no"}`, status: 400, code: "PGRST115"},
		{method: "PUT", path: "/products?name=eq.x", body: `{"id":52,"name":"no"}`, status: 405, code: "PGRST105"},
		{method: "PUT", path: "/products?id=gt.51", body: `{"id":52,"name":"no"}`, status: 405, code: "PGRST105"},
		{method: "PUT", path: "/products?id=eq.51&limit=1", body: `{"id":51,"name":"no"}`, status: 400, code: "PGRST114"},
		{method: "GET", path: "/products?id=in.(51,52)", status: 200, want: `[]`},
	})
}

func TestUpdateAndDelete(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	play(t, s, []step{
		{method: "PATCH", path: "/products?id=eq.1", body: `{"name":"q"}`, status: 204, header: map[string]string{"Content-Range": "0-0/*"}},
		{method: "PATCH", path: "/products?id=lt.3&select=id,name&order=id", body: `{"name":"w"}`, headers: prefer(full, "count=exact"), status: 200, want: `[{"id":1,"name":"w"},{"id":2,"name":"w"}]`, header: map[string]string{"Content-Range": "0-1/2"}},
		{method: "PATCH", path: "/products?or=(id.eq.1,name.eq.pad)&select=id&order=id", body: `{"price":7}`, headers: prefer(full), status: 200, want: `[{"id":1},{"id":3}]`},
		{method: "PATCH", path: "/products?id=eq.1&columns=price&select=price", body: `{"price":8,"name":"ignored"}`, headers: prefer(full), status: 200, want: `[{"price":8.00}]`},
		{method: "PATCH", path: "/products?id=eq.77&select=id", body: `{"price":8}`, headers: prefer(full), status: 200, want: `[]`, header: map[string]string{"Content-Range": "*/*"}},
		{method: "PATCH", path: "/products?nope=eq.1", body: `{"price":8}`, status: 400, code: "42703"},
		{method: "PATCH", path: "/products?id=eq.1", body: `{"nope":8}`, status: 400, code: "PGRST204"},
		{method: "PATCH", path: "/products?id=eq.1&select=name&order=price", body: `{"price":8}`, headers: prefer(full), status: 400, code: "42703"},
		{method: "PATCH", path: "/products", body: `{"price":1}`, headers: prefer("max-affected=2", "handling=strict"), status: 400, code: "PGRST124", want: `{"code":"PGRST124","details":"The query affects 3 rows","hint":null,"message":"Query result exceeds max-affected preference constraint"}`},
		{method: "PATCH", path: "/products?id=eq.3", body: `{"price":1}`, headers: prefer("max-affected=2", "handling=strict"), status: 204, header: map[string]string{"Preference-Applied": "handling=strict, max-affected=2"}},
		{method: "GET", path: "/products?select=id,price&order=id", status: 200, want: `[{"id":1,"price":8.00},{"id":2,"price":3.00},{"id":3,"price":1.00}]`},
		{method: "PATCH", path: "/products?id=eq.1&select=id,price", body: `{"price":100}`, headers: prefer(full, "tx=rollback"), status: 200, want: `[{"id":1,"price":100.00}]`, header: map[string]string{"Preference-Applied": "return=representation, tx=rollback"}},
		{method: "GET", path: "/products?select=price&id=eq.1", status: 200, want: `[{"price":8.00}]`},
		{method: "DELETE", path: "/order_items?order_id=eq.10&select=product_id,orders(note)&order=product_id", headers: prefer(full), status: 200, want: `[{"product_id":1,"orders":{"note":"first"}},{"product_id":2,"orders":{"note":"first"}}]`},
		{method: "DELETE", path: "/order_items?order_id=eq.11", headers: prefer("count=exact"), status: 204, header: map[string]string{"Content-Range": "*/1"}},
		{method: "DELETE", path: "/products?id=eq.1", status: 409, code: "23503"},
		{method: "DELETE", path: "/products?select=id", headers: prefer("max-affected=1", "handling=strict"), status: 409},
		{method: "DELETE", path: "/notes?body=eq.x", headers: prefer("return=minimal"), status: 204, header: map[string]string{"Preference-Applied": "return=minimal"}},
		{method: "GET", path: "/notes", status: 200, want: `[{"body":"y"}]`},
	})
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	play(t, s, []step{
		{method: "POST", path: "/rpc/add", body: `{"a":1,"b":2}`, status: 200, want: `3`, header: map[string]string{"Content-Range": "0-0/*", "Content-Type": "application/json; charset=utf-8"}},
		{method: "POST", path: "/rpc/add", body: `{"a":1}`, status: 200, want: `11`},
		{method: "GET", path: "/rpc/add?a=1&b=5", status: 200, want: `6`},
		{method: "HEAD", path: "/rpc/add?a=1", status: 200},
		{method: "POST", path: "/rpc/add", body: `a=3&b=4`, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 200, want: `7`},
		{method: "POST", path: "/rpc/add", body: `{"c":1}`, status: 404, code: "PGRST202", want: `{"code":"PGRST202","details":"Searched for the function public.add with parameter c or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.","hint":null,"message":"Could not find the function public.add(c) in the schema cache"}`},
		{method: "GET", path: "/rpc/add?aa=1&b=2", status: 404, code: "PGRST202", want: `{"code":"PGRST202","details":"Searched for the function public.add with parameters aa, b, but no matches were found in the schema cache.","hint":"Perhaps you meant to call the function public.add(a, b)","message":"Could not find the function public.add(aa, b) in the schema cache"}`},
		{method: "GET", path: "/rpc/ad?a=1", status: 404, code: "PGRST202"},
		{method: "GET", path: "/rpc/helo", status: 404, code: "PGRST202", want: `{"code":"PGRST202","details":"Searched for the function public.helo without parameters, but no matches were found in the schema cache.","hint":"Perhaps you meant to call the function public.hello","message":"Could not find the function public.helo without parameters in the schema cache"}`},
		{method: "GET", path: "/rpc/hello", status: 200, want: `"hi"`},
		{method: "POST", path: "/rpc/hello", status: 200, want: `"hi"`},
		{method: "GET", path: "/rpc/numbers?upto=3", status: 200, want: `[1,2,3]`, header: map[string]string{"Content-Range": "0-2/*"}},
		{method: "GET", path: "/rpc/numbers?upto=5&limit=2&offset=1", headers: prefer("count=exact"), status: 206, want: `[2,3]`, header: map[string]string{"Content-Range": "1-2/5"}},
		{method: "GET", path: "/rpc/by_city?city=Ulm&select=id,name", status: 200, want: `[{"id":2,"name":"Ben"}]`},
		{method: "POST", path: "/rpc/all_orders?select=id,customers!customer_id(name)&id=gt.11&order=id.desc", body: `{}`, status: 200, want: `[{"id":13,"customers":null},{"id":12,"customers":{"name":"Ben"}}]`},
		{method: "GET", path: "/rpc/all_orders?select=id&note=eq.last", status: 200, want: `[{"id":12}]`},
		{method: "GET", path: "/rpc/one_customer?id=2&select=name,initial", status: 200, want: `{"name":"Ben","initial":"B"}`},
		{method: "GET", path: "/rpc/pairs?order=v.desc&select=k", status: 400, code: "42703"},
		{method: "GET", path: "/rpc/pairs?order=v.desc&select=k,v", status: 200, want: `[{"k":"b","v":2},{"k":"a","v":1}]`},
		{method: "GET", path: "/rpc/pairs?select=nope", status: 400, code: "42703"},
		{method: "GET", path: "/rpc/pairs", headers: []string{"Accept", "application/vnd.pgrst.object+json"}, status: 406, code: "PGRST116"},
		{method: "GET", path: "/rpc/outs?x=3", status: 200, want: `{"double":6,"half":1.5000000000000000}`},
		{method: "POST", path: "/rpc/add_note", body: `{"body":"z"}`, status: 204, header: map[string]string{"Content-Type": ""}},
		{method: "GET", path: "/rpc/add_note?body=q", status: 405, code: "25006"},
		{method: "GET", path: "/notes?body=in.(z,q)", status: 200, want: `[{"body":"z"}]`},
		{method: "POST", path: "/rpc/joined", body: `{"words":["a","b"]}`, status: 200, want: `"a-b"`},
		{method: "GET", path: "/rpc/joined?words=a&words=b&words=c,%22d", status: 200, want: `"a-b-c,\"d"`},
		{method: "POST", path: "/rpc/echo", body: `[1,{"a":2}]`, status: 400, code: "PGRST102"},
		{method: "POST", path: "/rpc/echo", body: `{"any":{"a":2}}`, status: 200, want: `{"any":{"a":2}}`},
		{method: "POST", path: "/rpc/twice", body: `{"x":2}`, status: 300, code: "PGRST203", want: `{"code":"PGRST203","details":null,"hint":"Try renaming the parameters or the function itself in the database so function overloading can be resolved","message":"Could not choose the best candidate function between: public.twice(x => integer), public.twice(x => text)"}`},
		{method: "DELETE", path: "/rpc/add", status: 405, code: "PGRST101", want: `{"code":"PGRST101","details":null,"hint":null,"message":"Cannot use the DELETE method on RPC"}`},
		{method: "POST", path: "/rpc/boom", body: `{"code":"P0001"}`, status: 400, want: `{"code":"P0001","details":"a detail","hint":"a hint","message":"it broke"}`},
		{method: "POST", path: "/rpc/boom", body: `{"code":"PT402"}`, status: 402, code: "PT402"},
		{method: "POST", path: "/rpc/boom", body: `{"code":"57014"}`, status: 500, code: "57014"},
		{method: "POST", path: "/rpc/boom", body: `{"code":"53300"}`, status: 503, code: "53300"},
		{method: "POST", path: "/rpc/boom", body: `{"code":"42501"}`, status: 401, code: "42501", header: map[string]string{"Www-Authenticate": "Bearer"}},
		{as: "alice", method: "POST", path: "/rpc/boom", body: `{"code":"42501"}`, status: 403, code: "42501", header: map[string]string{"Www-Authenticate": ""}},
		{method: "POST", path: "/rpc/teapot", status: 418, code: "TEA", header: map[string]string{"X-Pot": "tea", "Proxy-Status": "PostgREST; error=TEA"}},
		{method: "GET", path: "/rpc/made", status: 202, want: `{}`, header: map[string]string{"X-Made": "yes", "Content-Type": "application/x-made"}},
		{as: "alice", method: "GET", path: "/rpc/whoami", headers: []string{"X-Test", "t", "Cookie", "c=d"}, status: 200,
			want: `{"role":"authenticated","sub":"` + alice + `","method":"GET","path":"/rpc/whoami","header":"t","cookie":"d"}`},
		{method: "GET", path: "/rpc/numbers?upto=x", status: 400, code: "22P02"},
		{method: "GET", path: "/rpc/add?a=1", headers: prefer("handling=strict", "max-affected=1"), status: 400, code: "PGRST128"},
	})
}
