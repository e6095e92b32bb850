package rest

import (
	"context"
	"os"
	"testing"

	"github.com/loratop/loratop/client/local/pgtest"
)

// shop is a server over a database with one of every kind of relationship.
func shop(t testing.TB) (*Server, pgtest.DB) {
	t.Helper()
	db := pgtest.New(t, pgtest.Bare)
	sql, err := os.ReadFile("testdata/shop.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool.Exec(context.Background(), string(sql)); err != nil {
		t.Fatal(err)
	}
	return newServer(t, db), db
}

// TestReading runs all that only reads over one shop.
func TestReading(t *testing.T) {
	t.Parallel()
	s, db := shop(t)
	for name, test := range map[string]func(*testing.T, *Server, pgtest.DB){
		"operators": operators, "select and order": selectAndOrder, "embedding": embedding, "errors": readErrors,
		"hints": hintsAreThoseOfPostgreSQL, "ranges and counts": rangesAndCounts, "planned count": plannedCountIsTheGuess,
		"media types": mediaTypes, "options and methods": optionsAndMethods,
	} {
		t.Run(name, func(t *testing.T) { test(t, s, db) })
	}
}

type reading struct {
	path string
	want string
}

func checkReadings(t *testing.T, s *Server, list []reading) {
	t.Helper()
	for _, c := range list {
		got := ask(t, s, "nobody", "GET", c.path, "")
		if got.Status != 200 {
			t.Errorf("%s: %d %s", c.path, got.Status, got.Body)
			continue
		}
		if !sameJSON(t, []byte(got.Body), []byte(c.want)) {
			t.Errorf("%s\n got  %s\n want %s", c.path, got.Body, c.want)
		}
	}
}

func operators(t *testing.T, s *Server, _ pgtest.DB) {
	ids := func(filter, want string) reading {
		return reading{"/customers?select=id&order=id&" + filter, want}
	}
	checkReadings(t, s, []reading{
		ids("id=eq.1", `[{"id":1}]`),
		ids("id=neq.1", `[{"id":2},{"id":3}]`),
		ids("id=not.eq.1", `[{"id":2},{"id":3}]`),
		ids("id=gt.1&id=lte.2", `[{"id":2}]`),
		ids("id=gte(any).{2,3}", `[{"id":2},{"id":3}]`),
		ids("id=gte(all).{2,3}", `[{"id":3}]`),
		ids("name=like.*n", `[{"id":1},{"id":2}]`),
		ids("name=like(any).{A*,B*}", `[{"id":1},{"id":2}]`),
		ids("name=ilike(all).{*N,A*}", `[{"id":1}]`),
		ids("name=not.ilike.a*", `[{"id":2},{"id":3}]`),
		ids("name=match.^[AB]", `[{"id":1},{"id":2}]`),
		ids("name=imatch(any).{^a,1ST}", `[{"id":1},{"id":3}]`),
		ids("id=in.(1,3)", `[{"id":1},{"id":3}]`),
		ids("id=in.()", `[]`),
		ids("id=not.in.()", `[{"id":1},{"id":2},{"id":3}]`),
		ids(`name=in.(%22C%C3%A4sar,%20the%20%5C%221st%5C%22%22,Ben)`, `[{"id":2},{"id":3}]`),
		ids("vip=is.null", `[{"id":3}]`),
		ids("vip=is.not_null", `[{"id":1},{"id":2}]`),
		ids("vip=is.TRUE", `[{"id":1}]`),
		ids("vip=not.is.true", `[{"id":2},{"id":3}]`),
		ids("vip=is.unknown", `[{"id":3}]`),
		ids("vip=isdistinct.true", `[{"id":2},{"id":3}]`),
		ids("vip=not.isdistinct.true", `[{"id":1}]`),
		ids("tags=cs.{a}", `[{"id":1}]`),
		ids("tags=cd.{a,b,z}", `[{"id":1}]`),
		ids("tags=ov.{c,d}", `[{"id":2}]`),
		ids("tags=eq.{b,c}", `[{"id":2}]`),
		ids(`info=cs.{%22city%22:%22Ulm%22}`, `[{"id":2}]`),
		ids("info->>city=eq.Bonn", `[{"id":1}]`),
		ids("info->age=gt.10", `[{"id":1}]`),
		ids("info->deep->list->1->>k=eq.v", `[{"id":1}]`),
		ids("info->deep->list->>-2=eq.1", `[{"id":1}]`),
		ids("tags->>0=eq.b", `[{"id":2}]`),
		ids("born=lt.1995-01-01", `[{"id":1}]`),
		ids("initial=eq.A", `[{"id":1}]`),
		ids("or=(id.eq.1,name.eq.Ben)", `[{"id":1},{"id":2}]`),
		ids("not.or=(id.eq.1,name.eq.Ben)", `[{"id":3}]`),
		ids("and=(id.gt.1,not.or(id.eq.2,id.eq.9))", `[{"id":3}]`),
		ids("or=(and(id.eq.1,vip.is.true),info->>city.eq.Ulm)", `[{"id":1},{"id":2}]`),
		ids("not.and=(id.gt.0,id.lt.3)", `[{"id":3}]`),
		ids(`or=(name.eq.%22C%C3%A4sar,%20the%20%5C%221st%5C%22%22,tags.cs.{a,b})`, `[{"id":1},{"id":3}]`),
		ids("or=(id.in.(1,2),id.gt(any).{2,9})", `[{"id":1},{"id":2},{"id":3}]`),
		{"/products?select=id&order=id&span=ov.[8,12)", `[{"id":1},{"id":2}]`},
		{"/products?select=id&order=id&span=sl.[15,20)", `[{"id":1}]`},
		{"/products?select=id&order=id&span=sr.[0,1)", `[{"id":1},{"id":2}]`},
		{"/products?select=id&order=id&span=nxr.[0,15)", `[{"id":1}]`},
		{"/products?select=id&order=id&span=nxl.[5,6)", `[{"id":2}]`},
		{"/products?select=id&order=id&span=adj.[10,11)", `[{"id":1}]`},
		{"/profiles?select=customer_id&bio=fts(english).fox", `[{"customer_id":1}]`},
		{"/profiles?select=customer_id&bio=plfts(english).quick%20fox", `[{"customer_id":1}]`},
		{"/profiles?select=customer_id&bio=phfts(english).lazy%20dog", `[{"customer_id":2}]`},
		{"/profiles?select=customer_id&bio=not.wfts(english).dog%20-cat", `[{"customer_id":1}]`},
		{"/profiles?select=customer_id&vector=fts(english).foxes%20%26%20quick", `[{"customer_id":1}]`},
	})
}

func selectAndOrder(t *testing.T, s *Server, _ pgtest.DB) {
	checkReadings(t, s, []reading{
		{"/customers?select=n:name,id::text&id=eq.1", `[{"n":"Ann","id":"1"}]`},
		{"/customers?select=info->city,info->>age,c:info->deep->list->0&id=eq.1", `[{"city":"Bonn","age":"30","c":1}]`},
		{"/customers?select=info->deep->list->1->k,info->deep->list->0&id=eq.1", `[{"k":"v","list":1}]`},
		{"/customers?select=info->>age::int&id=eq.1", `[{"age":30}]`},
		{"/customers?select=tags->0&id=eq.1", `[{"tags":"a"}]`},
		{"/customers?select=initial&id=eq.2", `[{"initial":"B"}]`},
		{"/products?select=price::int&id=eq.2", `[{"price":3}]`},
		{"/products?select=price::double%20precision&id=eq.2", `[{"price":3}]`},
		{"/customers?select=id&order=vip.desc.nullslast,id", `[{"id":1},{"id":2},{"id":3}]`},
		{"/customers?select=id&order=vip.asc.nullsfirst", `[{"id":3},{"id":2},{"id":1}]`},
		{"/customers?select=id&order=info->age.desc.nullslast", `[{"id":1},{"id":2},{"id":3}]`},
		{"/customers?select=id&order=info->>age.desc.nullslast", `[{"id":2},{"id":1},{"id":3}]`},
		{"/customers?select=id&order=id.desc&limit=1&offset=1", `[{"id":2}]`},
		{"/customers?select=id&limit=0", `[]`},
		{"/customers?select=id&order=id&offset=2", `[{"id":3}]`},
		{"/orders?select=id,customers!orders_customer_id_fkey(name)&order=customers(name).desc.nullslast,id&limit=3",
			`[{"id":12,"customers":{"name":"Ben"}},{"id":10,"customers":{"name":"Ann"}},{"id":11,"customers":{"name":"Ann"}}]`},
		{`/odd%20%22table?select=%22co%5C%22l,umn%22,s:select&%22co%5C%22l,umn%22=eq.v&order=%22co%5C%22l,umn%22`, `[{"co\"l,umn":"v","s":7}]`},
	})
}

func embedding(t *testing.T, s *Server, _ pgtest.DB) {
	checkReadings(t, s, []reading{
		{"/orders?select=id,by:customer_id(name)&id=eq.10", `[{"id":10,"by":{"name":"Ann"}}]`},
		{"/orders?select=id,orders_ship_to_fkey(name)&id=eq.10", `[{"id":10,"orders_ship_to_fkey":{"name":"Ben"}}]`},
		{"/orders?select=customers!ship_to(name)&id=eq.10", `[{"customers":{"name":"Ben"}}]`},
		{"/orders?select=id,by:customer_id(name)&id=eq.13", `[{"id":13,"by":null}]`},
		{"/orders?select=id,by:customers!customer_id!inner(name)&by.name=eq.Ben", `[{"id":12,"by":{"name":"Ben"}}]`},
		{"/orders?select=id,by:customers!inner!customer_id()&by.name=eq.Ben", `[{"id":12}]`},
		{"/customers?select=id,orders!customer_id(id)&order=id&orders.order=id.desc&orders.limit=1",
			`[{"id":1,"orders":[{"id":11}]},{"id":2,"orders":[{"id":12}]},{"id":3,"orders":[]}]`},
		{"/customers?select=id,orders!customer_id(id)&orders.note=is.null&orders.order=id&id=lt.3",
			`[{"id":1,"orders":[{"id":11}]},{"id":2,"orders":[]}]`},
		{"/customers?select=id,orders!customer_id!inner(id)&orders.or=(note.eq.first,note.eq.nope)", `[{"id":1,"orders":[{"id":10}]}]`},
		{"/customers?select=id,orders!customer_id(id)&orders=is.null", `[{"id":3,"orders":[]}]`},
		{"/customers?select=id,orders!customer_id()&orders=not.is.null&order=id", `[{"id":1},{"id":2}]`},
		{"/customers?select=id,p:profiles(bio)&id=eq.2", `[{"id":2,"p":{"bio":"hates lazy dogs"}}]`},
		{"/profiles?select=bio,customers(name)&customer_id=eq.2", `[{"bio":"hates lazy dogs","customers":{"name":"Ben"}}]`},
		{"/orders?select=id,products(name)&id=eq.10&products.order=name", `[{"id":10,"products":[{"name":"ink"},{"name":"pen"}]}]`},
		{"/products?select=name,orders!order_items(id)&id=eq.1&orders.order=id", `[{"name":"pen","orders":[{"id":10},{"id":12}]}]`},
		{"/orders?select=id,order_items(qty,products(name))&id=eq.10&order_items.order=qty&order_items.products.name=neq.pen",
			`[{"id":10,"order_items":[{"qty":1,"products":{"name":"ink"}},{"qty":5,"products":null}]}]`},
		{"/staff?select=name,boss_id(name),reports:staff(name)&id=eq.2&reports.order=id",
			`[{"name":"mid","boss_id":{"name":"root"},"reports":[{"name":"leaf"},{"name":"leaf2"}]}]`},
		{"/staff?select=name,reports:staff!boss_id(name)&id=eq.1", `[{"name":"root","reports":[{"name":"mid"}]}]`},
		{"/orders?select=id,...customers!customer_id(who:name)&id=in.(10,13)&order=id", `[{"id":10,"who":"Ann"},{"id":13,"who":null}]`},
		{"/customers?select=id,...orders!customer_id(order_ids:id,note)&order=id&orders.order=id.desc",
			`[{"id":1,"order_ids":[11,10],"note":[null,"first"]},{"id":2,"order_ids":[12],"note":["last"]},{"id":3,"order_ids":[],"note":[]}]`},
		{"/order_items?select=qty,...orders(...customers!customer_id(name))&order_id=eq.11", `[{"qty":2,"name":"Ann"}]`},
		{"/customers?select=id,big_orders(id)&order=id", `[{"id":1,"big_orders":[{"id":10},{"id":11}]},{"id":2,"big_orders":[]},{"id":3,"big_orders":[]}]`},
		{"/customers?select=id,orders!customer_id(count)&order=id", `[{"id":1,"orders":[{"count":2}]},{"id":2,"orders":[{"count":1}]},{"id":3,"orders":[{"count":0}]}]`},
		{"/customers?select=id,n:orders!customer_id(total:count)&n.note=not.is.null&id=eq.1", `[{"id":1,"n":[{"total":1}]}]`},
		{"/customers?select=count", `[{"count":3}]`},
		{"/customers?select=count&id=gt.1", `[{"count":2}]`},
		{"/customer_orders?select=order_id,customers(name)&order_id=eq.12", `[{"order_id":12,"customers":{"name":"Ben"}}]`},
		{"/customer_orders?select=order_id,customer_names(name)&order_id=eq.12", `[{"order_id":12,"customer_names":{"name":"Ben"}}]`},
		{"/customer_names?select=name,profiles(bio)&id=eq.1", `[{"name":"Ann","profiles":{"bio":"likes quick brown foxes"}}]`},
	})
}

func readErrors(t *testing.T, s *Server, _ pgtest.DB) {
	for _, c := range []struct {
		path   string
		status int
		code   string
		body   string // "" is not compared
	}{
		{"/orders?select=customers(name)", 300, "PGRST201", `{"code":"PGRST201","details":[
			{"cardinality":"many-to-one","embedding":"orders with customers","relationship":"orders_customer_id_fkey using orders(customer_id) and customers(id)"},
			{"cardinality":"many-to-one","embedding":"orders with customers","relationship":"orders_ship_to_fkey using orders(ship_to) and customers(id)"}],
			"hint":"Try changing 'customers' to one of the following: 'customers!orders_customer_id_fkey', 'customers!orders_ship_to_fkey'. Find the desired relationship in the 'details' key.",
			"message":"Could not embed because more than one relationship was found for 'orders' and 'customers'"}`},
		{"/orders?select=product(name)", 400, "PGRST200", `{"code":"PGRST200","details":"Searched for a foreign key relationship between 'orders' and 'product' in the schema 'public', but no matches were found.",
			"hint":"Perhaps you meant 'products' instead of 'product'.","message":"Could not find a relationship between 'orders' and 'product' in the schema cache"}`},
		{"/orders?select=customers!nope(name)", 400, "PGRST200", `{"code":"PGRST200","details":"Searched for a foreign key relationship between 'orders' and 'customers' using the hint 'nope' in the schema 'public', but no matches were found.",
			"hint":null,"message":"Could not find a relationship between 'orders' and 'customers' in the schema cache"}`},
		{"/orders?select=id&customers.name=eq.x", 400, "PGRST108", `{"code":"PGRST108","details":null,"hint":"Verify that 'customers' is included in the 'select' query parameter.","message":"'customers' is not an embedded resource in this request"}`},
		{"/customers?select=id,orders!customer_id(id)&order=orders(id)", 400, "PGRST118", `{"code":"PGRST118","details":"'customers' and 'orders' do not form a many-to-one or one-to-one relationship","hint":null,"message":"A related order on 'orders' is not possible"}`},
		{"/orders?order=customers(name)", 400, "PGRST108", ""},
		{"/orders?select=id.sum()", 400, "PGRST123", `{"code":"PGRST123","details":null,"hint":null,"message":"Use of aggregate functions is not allowed"}`},
		{"/orders?select=count()", 400, "PGRST123", ""},
		{"/customers?select=id,orders!customer_id(count())", 400, "PGRST123", ""},
		{"/customer", 404, "PGRST205", `{"code":"PGRST205","details":null,"hint":"Perhaps you meant the table 'public.customers'","message":"Could not find the table 'public.customer' in the schema cache"}`},
		{"/customers?select=id,orders!customer_id(nope)", 400, "42703", `{"code":"42703","details":null,"hint":"Perhaps you meant to reference the column \"orders_1.note\".","message":"column orders_1.nope does not exist"}`},
		{"/customers?order=nmae", 400, "42703", `{"code":"42703","details":null,"hint":"Perhaps you meant to reference the column \"customers.name\".","message":"column customers.nmae does not exist"}`},
		{"/customers?select=id::nosuchtype", 400, "42704", `{"code":"42704","details":null,"hint":null,"message":"type \"nosuchtype\" does not exist"}`},
		{"/customers?id=like.x", 404, "42883", ""},
		{"/customers?select=vip,count", 400, "42803", ""},
		{"/customers?count=gt.1", 400, "42803", ""},
		{"/secrets", 401, "42501", `{"code":"42501","details":null,"hint":null,"message":"permission denied for table secrets"}`},
		{"/a/b/c", 404, "PGRST125", `{"code":"PGRST125","details":null,"hint":null,"message":"Invalid path specified in request URL"}`},
		{"/customers?limit=-1", 416, "PGRST103", `{"code":"PGRST103","details":"Limit should be greater than or equal to zero.","hint":null,"message":"Requested range not satisfiable"}`},
	} {
		got := ask(t, s, "nobody", "GET", c.path, "")
		if got.Status != c.status || got.code() != c.code {
			t.Errorf("%s: %d %s", c.path, got.Status, got.Body)
			continue
		}
		if h := got.Header.Get("Proxy-Status"); h != "PostgREST; error="+c.code {
			t.Errorf("%s: Proxy-Status %q", c.path, h)
		}
		if c.body != "" && !sameJSON(t, []byte(got.Body), []byte(c.body)) {
			t.Errorf("%s\n got  %s\n want %s", c.path, got.Body, c.body)
		}
	}
}

// hintsAreThoseOfPostgreSQL compares the errors made here with those the database itself makes.
func hintsAreThoseOfPostgreSQL(t *testing.T, s *Server, db pgtest.DB) {
	for _, word := range []string{
		"nmae", "naem", "n", "i", "ide", "info2", "tgas", "brn", "vipp", "xyzzy", "tagsinfo", "idd", "nam", "inf", "name_", "Born", "\u00e9",
	} {
		_, err := db.Pool.Exec(context.Background(), "SELECT "+target(s.catalog.Load().tables[qual{"public", "customers"}]).Ref+"."+quoteIdent(word)+" FROM public.customers")
		want := fromPg(err, true)
		got := ask(t, s, "nobody", "GET", "/customers?select="+word, "")
		if !sameJSON(t, []byte(got.Body), want.body()) {
			t.Errorf("%q\n got  %s\n want %s", word, got.Body, want.body())
		}
	}
}
