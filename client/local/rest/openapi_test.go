package rest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local/pgtest"
)

// walk calls f with every object of a JSON document.
func walk(v any, f func(map[string]any)) {
	switch t := v.(type) {
	case map[string]any:
		f(t)
		for _, kid := range t {
			walk(kid, f)
		}
	case []any:
		for _, kid := range t {
			walk(kid, f)
		}
	}
}

// at follows names into a JSON document.
func follow(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// TestDescription: the root tells of tables, columns, keys and functions as OpenAPI, and of nothing that the
// caller may not use.
func TestDescription(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Conformance)
	if _, err := db.Pool.Exec(t.Context(), `
	  COMMENT ON TABLE datasets IS E'All datasets\n\nof everybody'; COMMENT ON COLUMN datasets.name IS 'What it is called';
	  CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE described (id int PRIMARY KEY, m mood, c varchar(7) DEFAULT 'x', a int[], b bigint, j jsonb);
	  CREATE TABLE hidden (id int); REVOKE ALL ON hidden FROM anon, authenticated; GRANT ALL ON described TO anon;
	  CREATE FUNCTION many(VARIADIC v int[] DEFAULT '{}') RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
	  CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION secret() FROM public, anon;`); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, db)
	r := ask(t, s, "nobody", "GET", "/", "")
	var d map[string]any
	if err := json.Unmarshal([]byte(r.Body), &d); r.Status != 200 || err != nil {
		t.Fatal(r.Status, err, r.Body)
	}
	walk(d, func(o map[string]any) {
		ref, _ := o["$ref"].(string)
		if ref != "" && follow(d, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...) == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	})
	for _, c := range []struct{ path, want string }{
		{"info title", `"standard public schema"`},
		{"definitions described properties m", `{"enum":["sad","happy"],"format":"public.mood","type":"string"}`},
		{"definitions described properties c", `{"default":"x","format":"character varying","maxLength":7,"type":"string"}`},
		{"definitions described properties a", `{"format":"integer[]","items":{"type":"integer"},"type":"array"}`},
		{"definitions described properties b", `{"format":"int64","type":"integer"}`},
		{"definitions described properties j", `{"format":"jsonb"}`},
		{"definitions described properties id", `{"description":"Note:\nThis is a Primary Key.\u003cpk/\u003e","format":"int32","type":"integer"}`},
		{"definitions described required", `["id"]`},
		{"definitions datasets properties name description", `"What it is called"`},
		{"definitions metrics_points properties job_id description", `"Note:\nThis is a Foreign Key to ` + "`training_jobs.id`" + `.\u003cfk table='training_jobs' column='id'/\u003e"`},
		{"paths /datasets get summary", `"All datasets"`},
		{"paths /datasets get description", `"of everybody"`},
		{"paths /datasets post responses", `{"201":{"description":"Created"}}`},
		{"paths /rpc/many get parameters", `[{"collectionFormat":"multi","in":"query","items":{"format":"int32","type":"integer"},"name":"v","required":false,"type":"array"}]`},
		{"definitions hidden", `null`}, {"paths /hidden", `null`}, {"paths /rpc/secret", `null`},
	} {
		got, err := json.Marshal(follow(d, strings.Fields(c.path)...))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, want %s", c.path, got, c.want)
		}
	}
}
