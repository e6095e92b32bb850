package proof_test

import "testing"

// TestWireRest: what PostgREST answers about the tables of FR-1.1.
func TestWireRest(t *testing.T) {
	t.Parallel()
	s := newSuite(t)
	one := s["one"]
	row := func(user, name string) map[string]any {
		return obj("user_id", user, "name", "wire-"+name, "storage_path", one.id+"/wire-"+name, "file_name", name, "file_size", 1)
	}
	const mine = "/rest/v1/datasets?name=like.wire*"
	clean := func() { one.do("DELETE", mine, nil) }
	clean()
	t.Cleanup(clean)
	pg := func(code string) []string { return []string{`"code":"` + code + `"`} }
	prefer := func(v string) []string { return []string{"Prefer", v} }
	s.run(t, []exchange{
		{"insert of one", "one", "POST", "/rest/v1/datasets", row(one.id, "a"), nil, 201, []string{""}, []string{"Content-Range", "*/*"}},
		{"insert with its place", "one", "POST", "/rest/v1/datasets", row(one.id, "b"), prefer("return=headers-only"), 201, []string{""}, []string{"Location", "/datasets?id=eq."}},
		{"insert of many", "one", "POST", "/rest/v1/datasets?columns=user_id,name,storage_path,file_name,file_size&select=name,status",
			[]any{row(one.id, "c"), row(one.id, "d")}, prefer("return=representation, missing=default"), 201,
			[]string{`"status":"uploading"`}, []string{"Preference-Applied", "return=representation"}},
		{"insert of a double", "one", "POST", "/rest/v1/datasets", row(one.id, "a"), nil, 409, pg("23505"), nil},
		{"insert for another", "one", "POST", "/rest/v1/datasets", row(s["two"].id, "x"), nil, 403, pg("42501"), nil},
		{"insert by nobody", "nobody", "POST", "/rest/v1/datasets", row(one.id, "x"), nil, 401, pg("42501"), nil},
		{"insert of bad JSON", "one", "POST", "/rest/v1/datasets", "{", nil, 400, pg("PGRST102"), nil},
		{"insert of an unknown column", "one", "POST", "/rest/v1/datasets", obj("nonsense", 1), nil, 400, pg("PGRST204"), nil},
		{"page with a count", "one", "GET", mine + "&select=name&order=name&limit=2", nil, prefer("count=exact"), 206, nil, []string{"Content-Range", "0-1/4"}},
		{"page by Range", "one", "GET", mine + "&select=name&order=name", nil, []string{"Range", "1-2"}, 200, []string{"wire-b", "wire-c"}, []string{"Content-Range", "1-2/*"}},
		{"beyond the end", "one", "GET", mine + "&offset=100", nil, nil, 200, []string{"[]"}, []string{"Content-Range", "*/*"}},
		{"beyond the end with a count", "one", "GET", mine + "&offset=100", nil, prefer("count=exact"), 416, pg("PGRST103"), nil},
		{"only the head", "one", "HEAD", mine, nil, prefer("count=exact"), 200, []string{""}, []string{"Content-Range", "0-3/4"}},
		{"one object", "one", "GET", mine + "&name=eq.wire-a&select=name", nil, []string{"Accept", "application/vnd.pgrst.object+json"}, 200, []string{`{"name":"wire-a"}`}, nil},
		{"one object of many", "one", "GET", mine, nil, []string{"Accept", "application/vnd.pgrst.object+json"}, 406, pg("PGRST116"), nil},
		{"CSV", "one", "GET", mine + "&select=name,file_size&order=name&limit=1", nil, []string{"Accept", "text/csv"}, 200, []string{"name,file_size\nwire-a,1"}, []string{"Content-Type", "text/csv"}},
		{"unknown media type", "one", "GET", mine, nil, []string{"Accept", "image/png"}, 406, pg("PGRST107"), nil},
		{"change that is undone", "one", "PATCH", mine, obj("description", "x"), prefer("max-affected=1, handling=strict"), 400, pg("PGRST124"), nil},
		{"change", "one", "PATCH", mine + "&name=eq.wire-a", obj("description", "x"), prefer("return=representation"), 200, []string{`"description":"x"`}, nil},
		{"change by another", "two", "PATCH", mine, obj("description", "y"), prefer("return=representation"), 200, []string{"[]"}, nil},
		{"unknown table", "one", "GET", "/rest/v1/nonsense", nil, nil, 404, pg("PGRST205"), nil},
		{"unknown column", "one", "GET", "/rest/v1/datasets?select=nonsense", nil, nil, 400, pg("42703"), nil},
		{"unknown operator", "one", "GET", "/rest/v1/datasets?name=nonsense.x", nil, nil, 400, pg("PGRST100"), nil},
		{"bad value", "one", "GET", "/rest/v1/datasets?id=eq.x", nil, nil, 400, pg("22P02"), nil},
		{"unknown relationship", "one", "GET", "/rest/v1/datasets?select=notifications(id)", nil, nil, 400, pg("PGRST200"), nil},
		{"ambiguous relationship", "one", "GET", "/rest/v1/training_jobs?select=model_artifacts(id)", nil, nil, 300, pg("PGRST201"), nil},
		{"unknown function", "one", "POST", "/rest/v1/rpc/nonsense", obj(), nil, 404, pg("PGRST202"), nil},
		{"unknown preference", "one", "GET", mine, nil, prefer("handling=strict, nonsense=1"), 400, pg("PGRST122"), nil},
		{"unknown schema", "one", "GET", mine, nil, []string{"Accept-Profile", "auth"}, 406, pg("PGRST106"), nil},
		{"token of garbage", "nobody", "GET", mine, nil, []string{"Authorization", "Bearer x"}, 401, pg("PGRST301"), nil},
		{"deletion of one", "one", "DELETE", mine + "&name=eq.wire-a&select=name", nil, prefer("return=representation"), 200, []string{`[{"name":"wire-a"}]`}, nil},
		{"deletion by another", "two", "DELETE", mine, nil, prefer("return=representation"), 200, []string{"[]"}, nil},
	})
}
