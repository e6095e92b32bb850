package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
)

func rangesAndCounts(t *testing.T, s *Server, _ pgtest.DB) {
	rng := func(path, status, want string, headers ...string) step {
		n := 200
		if _, err := fmt.Sscan(status, &n); err != nil {
			t.Fatal(err)
		}
		return step{method: "GET", path: path, headers: headers, status: n, header: map[string]string{"Content-Range": want}}
	}
	play(t, s, []step{
		rng("/customers?order=id", "200", "0-2/*"),
		rng("/customers?order=id", "200", "1-2/*", "Range", "1-5"),
		rng("/customers?order=id", "200", "1-1/*", "Range", "1-1"),
		rng("/customers?order=id", "206", "1-2/3", "Range", "1-", "Prefer", "count=exact"),
		rng("/customers?order=id&limit=2", "200", "1-1/*", "Range", "1-5"),
		rng("/customers", "200", "0-2/3", "Prefer", "count=exact"),
		rng("/customers?limit=1", "206", "0-0/3", "Prefer", "count=exact"),
		rng("/customers?limit=1", "206", "0-0/3", "Prefer", "count=estimated"),
		rng("/customers?id=gt.9", "200", "*/0", "Prefer", "count=exact"),
		rng("/customers?offset=3", "200", "*/*"),
		rng("/customers?offset=3", "206", "*/3", "Prefer", "count=exact"),
		rng("/orders?select=id,customers!customer_id!inner(id)&limit=1", "206", "0-0/3", "Prefer", "count=exact"),
		rng("/orders?select=id,customers!customer_id(id)&customers=is.null", "200", "0-0/1", "Prefer", "count=exact"),
		rng("/orders?select=id,customers!customer_id(id)&or=(customers.not.is.null,id.eq.13)", "200", "0-3/4", "Prefer", "count=exact"),
		{method: "GET", path: "/customers", headers: []string{"Range", "5-1"}, status: 416, code: "PGRST103", want: `{"code":"PGRST103","details":"The lower boundary must be lower than or equal to the upper boundary in the Range header.","hint":null,"message":"Requested range not satisfiable"}`},
		{method: "GET", path: "/customers?offset=9", headers: prefer("count=exact"), status: 416, code: "PGRST103", header: map[string]string{"Content-Range": "*/3"}},
		{method: "HEAD", path: "/customers", headers: prefer("count=exact"), status: 200, header: map[string]string{"Content-Range": "0-2/3", "Content-Type": "application/json; charset=utf-8"}},
		{method: "HEAD", path: "/customers", headers: []string{"Range", "0-0"}, status: 200, header: map[string]string{"Content-Range": "0-2/*"}},
	})
}

func plannedCountIsTheGuess(t *testing.T, s *Server, db pgtest.DB) {
	if _, err := db.Pool.Exec(context.Background(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	got := ask(t, s, "nobody", "GET", "/customers?limit=1", "", "Prefer", "count=planned")
	if got.Status != 206 || got.Header.Get("Content-Range") != "0-0/3" {
		t.Errorf("%d %v", got.Status, got.Header)
	}
}

func mediaTypes(t *testing.T, s *Server, _ pgtest.DB) {
	accept := func(a string) []string { return []string{"Accept", a} }
	ct := func(v string) map[string]string { return map[string]string{"Content-Type": v} }
	const customer = "/customers?select=id,vip&id=eq.3"
	play(t, s, []step{
		{method: "GET", path: customer, headers: accept("*/*"), status: 200, want: `[{"id":3,"vip":null}]`, header: ct("application/json; charset=utf-8")},
		{method: "GET", path: customer, headers: accept("text/html, application/json;q=0.5"), status: 200, header: ct("application/json; charset=utf-8")},
		{method: "GET", path: customer, headers: accept("application/json;q=0.4, text/csv;q=0.9"), status: 200, header: ct("text/csv; charset=utf-8")},
		{method: "GET", path: customer, headers: accept("application/vnd.pgrst.object"), status: 200, want: `{"id":3,"vip":null}`, header: ct("application/vnd.pgrst.object+json; charset=utf-8")},
		{method: "GET", path: customer, headers: accept("application/vnd.pgrst.object+json;nulls=stripped"), status: 200, want: `{"id":3}`, header: ct("application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8")},
		{method: "GET", path: customer, headers: accept("application/vnd.pgrst.array+json;nulls=stripped"), status: 200, want: `[{"id":3}]`, header: ct("application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8")},
		{method: "GET", path: customer, headers: accept("application/vnd.pgrst.array+json"), status: 200, want: `[{"id":3,"vip":null}]`, header: ct("application/json; charset=utf-8")},
		{method: "GET", path: customer, headers: accept("image/png, application/vnd.pgrst.plan+json"), status: 406, code: "PGRST107",
			want: `{"code":"PGRST107","details":null,"hint":null,"message":"None of these media types are available: image/png, application/vnd.pgrst.plan+json; for=\"application/json\""}`},
		{method: "GET", path: "/customers?select=id", headers: accept("application/vnd.pgrst.object+json"), status: 406, code: "PGRST116", want: `{"code":"PGRST116","details":"The result contains 3 rows","hint":null,"message":"Cannot coerce the result to a single JSON object"}`},
	})
	for path, want := range map[string]string{
		"/customers?select=id,name,tags&order=id&limit=2": "id,name,tags\n1,Ann,\"{a,b}\"\n2,Ben,\"{b,c}\"",
		"/customers?select=n:name&id=eq.3":                "n\n\"C\u00e4sar, the \"\"1st\"\"\"",
		"/customers?id=eq.9":                              "\n",
	} {
		if got := ask(t, s, "nobody", "GET", path, "", "Accept", "text/csv"); got.Body != want {
			t.Errorf("%s: %q, want %q", path, got.Body, want)
		}
	}
}

func optionsAndMethods(t *testing.T, s *Server, _ pgtest.DB) {
	allow := func(v string) map[string]string {
		return map[string]string{"Allow": v, "Access-Control-Allow-Origin": "*"}
	}
	play(t, s, []step{
		{method: "OPTIONS", path: "/customers", status: 200, header: allow("OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE")},
		{method: "OPTIONS", path: "/notes", status: 200, header: allow("OPTIONS,GET,HEAD,POST,PATCH,DELETE")},
		{method: "OPTIONS", path: "/customer_names", status: 200, header: allow("OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE")},
		{method: "OPTIONS", path: "/nope", status: 404, code: "PGRST205"},
		{method: "OPTIONS", path: "/rpc/hello", status: 200, header: allow("OPTIONS,GET,HEAD,POST")},
		{method: "OPTIONS", path: "/rpc/sleepy", status: 200, header: allow("OPTIONS,POST")},
		{method: "OPTIONS", path: "/", status: 200, header: allow("OPTIONS,GET,HEAD")},
		{method: "CONNECT", path: "/customers", status: 405, code: "PGRST117", want: `{"code":"PGRST117","details":null,"hint":null,"message":"Unsupported HTTP method: CONNECT"}`},
		{method: "POST", path: "/", body: "{}", status: 405, code: "PGRST117"},
		{method: "GET", path: "/", status: 200, header: map[string]string{"Content-Type": "application/openapi+json; charset=utf-8"}},
		{method: "GET", path: "/", headers: []string{"Accept", "text/csv"}, status: 406, code: "PGRST107"},
		{method: "GET", path: "/customers", headers: []string{"Accept-Profile", "private"}, status: 406, code: "PGRST106", want: `{"code":"PGRST106","details":null,"hint":"Only the following schemas are exposed: public","message":"Invalid schema: private"}`},
		{method: "POST", path: "/customers", body: "{}", headers: []string{"Content-Profile", "private"}, status: 406, code: "PGRST106"},
		{method: "GET", path: "/customers?limit=1", headers: []string{"Accept-Profile", "public"}, status: 200, header: map[string]string{"Content-Profile": "public"}},
		{method: "GET", path: "/customers", headers: prefer("handling=strict", "bogus=1", "x"), status: 400, code: "PGRST122", want: `{"code":"PGRST122","details":"Invalid preferences: bogus=1, x","hint":null,"message":"Invalid preferences given with handling=strict"}`},
		{method: "GET", path: "/customers?limit=1", headers: prefer("handling=lenient", "bogus=1"), status: 200, header: map[string]string{"Preference-Applied": "handling=lenient"}},
		{method: "GET", path: "/orders?select=placed&id=eq.10", headers: prefer("timezone=Asia/Tokyo"), status: 200, want: `[{"placed":"2025-01-01T09:00:00+09:00"}]`, header: map[string]string{"Preference-Applied": "timezone=Asia/Tokyo"}},
		{method: "GET", path: "/orders?limit=1", headers: prefer("timezone=Mars/Base", "handling=strict"), status: 400, code: "PGRST122"},
	})
	root := ask(t, s, "nobody", "GET", "/", "")
	var doc struct {
		Swagger string
		Paths   map[string]any
	}
	if err := json.Unmarshal([]byte(root.Body), &doc); err != nil || doc.Swagger != "2.0" || doc.Paths["/customers"] == nil || doc.Paths["/secrets"] != nil {
		t.Errorf("root: %v %s", err, root.Body)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Conformance)
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	s, err := New(Options{Pool: db.Pool, Secret: []byte(testSecret), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	claims := func(kv ...any) string {
		m := map[string]any{"role": "authenticated", "sub": alice}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return "Bearer " + jwt(testSecret, hs256, m)
	}
	unix := now.Unix()
	for name, c := range map[string]struct {
		auth    string
		status  int
		code    string
		message string
	}{
		"good":              {claims("exp", unix+10), 200, "", ""},
		"lower case scheme": {"bearer" + claims()[6:], 200, "", ""},
		"basic":             {"Basic abc", 200, "", ""},
		"empty":             {"Bearer", 401, "PGRST301", "Empty JWT is sent in Authorization header"},
		"expired within":    {claims("exp", unix-30), 200, "", ""},
		"expired":           {claims("exp", unix-31), 401, "PGRST303", "JWT expired"},
		"early within":      {claims("nbf", unix+30), 200, "", ""},
		"early":             {claims("nbf", unix+31), 401, "PGRST303", "JWT not yet valid"},
		"from the future":   {claims("iat", unix+31), 401, "PGRST303", "JWT issued at future"},
		"exp text":          {claims("exp", "soon"), 401, "PGRST303", "The JWT 'exp' claim must be a number"},
		"exp huge":          {claims("exp", json.RawMessage("1e400")), 401, "PGRST303", "JWT expired"},
		"exp null":          {claims("exp", nil), 200, "", ""},
		"aud object":        {claims("aud", map[string]any{}), 401, "PGRST303", "The JWT 'aud' claim must be a string or an array of strings"},
		"aud list":          {claims("aud", []string{"a"}), 200, "", ""},
		"two parts":         {"Bearer a.b", 401, "PGRST301", "Expected 3 parts in JWT; got 2"},
		"four parts":        {"Bearer a.b.c.d", 401, "PGRST301", "Expected 3 parts in JWT; got 4"},
		"no header":         {"Bearer a.b.c", 401, "PGRST301", "JWT cryptographic operation failed"},
		"forged":            {authorization("forged"), 401, "PGRST301", "No suitable key or wrong key type"},
		"none":              {authorization("algnone"), 401, "PGRST301", "Wrong or unsupported encoding algorithm"},
		"RS256":             {"Bearer " + jwt(testSecret, `{"alg":"RS256"}`, map[string]any{}), 401, "PGRST301", "No suitable key or wrong key type"},
		"no such role":      {claims("role", "superhero"), 401, "22023", `role "superhero" does not exist`},
		"superuser":         {claims("role", "postgres"), 403, "42501", `permission denied to set role "postgres"`},
		"role injected":     {claims("role", `anon"; drop table x; --`), 401, "22023", `role "anon"; drop table x; --" does not exist`},
	} {
		got := ask(t, s, "nobody", "GET", "/datasets?select=id", "", "Authorization", c.auth)
		var e struct{ Message string }
		_ = json.Unmarshal([]byte(got.Body), &e) // a list has no message
		if got.Status != c.status || got.code() != c.code || e.Message != c.message {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if h := got.Header.Get("Www-Authenticate"); c.status == 401 && !strings.HasPrefix(h, "Bearer") {
			t.Errorf("%s: WWW-Authenticate %q", name, h)
		}
	}
}

func TestReloadOnNotify(t *testing.T) {
	t.Parallel()
	s, db := shop(t)
	ctx := context.Background()
	if _, err := db.Pool.Exec(ctx, "CREATE TABLE fresh (id int); INSERT INTO fresh VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, "nobody", "GET", "/fresh", ""); got.Status != 404 {
		t.Fatalf("before the reload: %d %s", got.Status, got.Body)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		if _, err := db.Pool.Exec(ctx, "NOTIFY pgrst, 'reload schema'"); err != nil {
			t.Fatal(err)
		}
		got := ask(t, s, "nobody", "GET", "/fresh", "")
		if got.Status == 200 && got.Body == `[{"id":1}]` {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the reload: %d %s", got.Status, got.Body)
		}
		time.Sleep(5 * time.Millisecond) // between looks at a condition
	}
}

func TestTimeoutAndRowCap(t *testing.T) {
	t.Parallel()
	_, db := shop(t)
	server := func(o Options) *Server {
		o.Pool, o.Secret = db.Pool, []byte(testSecret)
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	play(t, server(Options{StatementTimeout: 50 * time.Millisecond}), []step{
		{method: "POST", path: "/rpc/sleepy", status: 500, code: "57014", want: `{"code":"57014","details":null,"hint":null,"message":"canceling statement due to statement timeout"}`},
	})
	play(t, server(Options{MaxRows: 2}), []step{
		{method: "GET", path: "/customers?select=id&order=id", status: 200, want: `[{"id":1},{"id":2}]`, header: map[string]string{"Content-Range": "0-1/*"}},
		{method: "GET", path: "/customers?select=id&order=id&limit=100", headers: prefer("count=exact"), status: 206, want: `[{"id":1},{"id":2}]`, header: map[string]string{"Content-Range": "0-1/3"}},
		{method: "GET", path: "/orders?select=id,order_items(qty)&order=id&limit=1", status: 200},
		{method: "GET", path: "/rpc/numbers?upto=9", status: 200, want: `[1,2]`},
		{method: "PATCH", path: "/customers?select=id&order=id", body: `{"vip":true}`, headers: prefer(full), status: 200, want: `[{"id":1},{"id":2},{"id":3}]`},
	})
}

// authenticator is a server that logs in as hosted projects do: a role that owns nothing and may only
// become others.
func authenticator(t *testing.T, kind pgtest.Kind) *Server {
	t.Helper()
	cfg := pgtest.New(t, kind).Pool.Config()
	cfg.ConnConfig.User, cfg.ConnConfig.Password = "authenticator", "authenticator"
	cfg.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s, err := New(Options{Pool: pool, Secret: []byte(testSecret)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAsAuthenticator(t *testing.T) {
	t.Parallel()
	s := authenticator(t, pgtest.Conformance)
	play(t, s, []step{
		{as: "alice", method: "GET", path: "/datasets?select=id&limit=1&order=id", status: 200, want: `[{"id":"d0000000-0000-4000-8000-000000000001"}]`},
		{as: "alice", method: "PATCH", path: "/notifications?id=eq.90710000-0000-4000-8000-000000000001&select=read", body: `{"read":true}`, headers: prefer(full), status: 200, want: `[{"read":true}]`},
		{method: "GET", path: "/datasets", status: 200, want: `[]`},
		{method: "GET", path: "/", status: 200},
	})
	token := "Bearer " + jwt(testSecret, hs256, map[string]any{"role": "pg_monitor"})
	if got := ask(t, s, "nobody", "GET", "/datasets", "", "Authorization", token); got.Status != 403 || got.code() != "42501" {
		t.Errorf("a role that was not granted: %d %s", got.Status, got.Body)
	}
}

// TestOnTheWholePlatform reads a database with Auth, Storage and our migrations: their schemas do not show.
func TestOnTheWholePlatform(t *testing.T) {
	t.Parallel()
	s := authenticator(t, pgtest.Full)
	play(t, s, []step{
		{as: "alice", method: "GET", path: "/training_jobs?select=id,dataset:datasets(name),metrics_points(count)&order=created_at.desc,id.desc&limit=100", status: 200, want: `[]`},
		{as: "alice", method: "GET", path: "/users", status: 404, code: "PGRST205"},
		{as: "alice", method: "GET", path: "/objects", headers: []string{"Accept-Profile", "storage"}, status: 406, code: "PGRST106"},
		{as: "alice", method: "GET", path: "/datasets?select=id,users(email)", status: 400, code: "PGRST200"},
		{as: "alice", method: "POST", path: "/datasets", body: `{"user_id":"` + bob + `","name":"n","storage_path":"p","file_name":"f","file_size":1}`, status: 403, code: "42501"},
	})
}

// TestLostConnections kills what is in the pool: requests go on over fresh connections.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	s, db := shop(t)
	for i := range 5 {
		const kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
		if _, err := db.Pool.Exec(context.Background(), kill); err != nil {
			t.Fatal(err)
		}
		play(t, s, []step{
			{method: "GET", path: "/products?select=id&id=eq.1", status: 200, want: `[{"id":1}]`},
			{method: "POST", path: "/counters", body: fmt.Sprintf(`{"n":%d}`, i), status: 201},
			{method: "GET", path: fmt.Sprintf("/counters?select=n&n=eq.%d", i), status: 200, want: fmt.Sprintf(`[{"n":%d}]`, i)},
		})
	}
}

// TestForgottenStatements throws the prepared statements of the only connection away between requests, and
// changes what they were prepared for.
func TestForgottenStatements(t *testing.T) {
	t.Parallel()
	_, db := shop(t)
	ctx := context.Background()
	cfg := db.Pool.Config()
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s, err := New(Options{Pool: pool, Secret: []byte(testSecret)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, change := range []string{
		"SELECT 1", "DEALLOCATE ALL", "ALTER TABLE products ADD COLUMN more int", "ALTER TABLE products DROP COLUMN more",
		"DEALLOCATE ALL", "ALTER TABLE products ALTER COLUMN price TYPE numeric(9,2)", "DROP VIEW customer_names",
	} {
		if _, err := pool.Exec(ctx, change, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		play(t, s, []step{
			{method: "GET", path: "/products?select=id,price&price=gt.2&order=id", status: 200, want: `[{"id":2,"price":3.00},{"id":3,"price":2.50}]`},
			{method: "GET", path: "/products?id=eq.1&select=*", status: 200},
			{method: "POST", path: "/notes", body: `{"body":"again"}`, headers: prefer("tx=rollback"), status: 201},
		})
	}
	for i := range maxPrepared + 50 { // more shapes than are kept
		path := "/products?select=id&id=eq.1" + strings.Repeat("&id=lt.9", i%200)
		if got := ask(t, s, "nobody", "GET", path, ""); got.Body != `[{"id":1}]` {
			t.Fatalf("%d: %d %s", i, got.Status, got.Body)
		}
	}
	var kept int
	if err := pool.QueryRow(ctx, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'loratop%'").Scan(&kept); err != nil || kept == 0 || kept > maxPrepared+2 {
		t.Errorf("%d statements are kept: %v", kept, err)
	}
}
