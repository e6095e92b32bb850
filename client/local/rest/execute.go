package rest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// result is what the statement gave.
type result struct {
	Total       int64 // all rows, -1 when not counted
	Rows        int64
	Body        []byte
	Location    []byte // JSON of the only inserted row, when asked for
	GucHeaders  string
	GucStatus   string
	Inserted    int64
	HasInserted bool
}

// main writes the statement of a plan. Its columns: total, rows, body, location, inserted, headers, status.
func (c *catalog) main(p *plan, maxRows int) *statement {
	w := &statement{c: c}
	w.Grow(2048)
	w.add("WITH ", sourceName, " AS (")
	switch {
	case p.Req.write():
		w.write(p)
	case p.Fn != nil:
		w.callRows(p)
	default:
		w.selectRows(p.Root, nil)
	}
	w.add(")")
	w.counted(p, maxRows)
	if p.Fn != nil && !p.Fn.SetOf {
		w.add("1, ")
	} else {
		w.add("pg_catalog.count(_postgrest_t), ")
	}
	body := w.aggregate(p)
	w.add(", ")
	w.location(p)
	w.add(", ")
	if p.countsInserts() {
		w.add("nullif(current_setting('pgrst.inserted', true), '')")
	} else {
		w.add("NULL")
	}
	w.add(", nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '') FROM (")
	if p.Fn != nil || p.Req.write() && body {
		w.selectRows(p.Root, nil)
	} else {
		w.add("SELECT * FROM ", sourceName)
	}
	w.add(") _postgrest_t")
	return w
}

// counted writes the count of all rows, where it is asked for, and begins the outer SELECT with it.
func (w *statement) counted(p *plan, maxRows int) {
	if p.Req.write() || !p.Req.Prefs.counts() {
		w.add(" SELECT NULL, ")
		return
	}
	w.add(", pgrst_source_count AS (")
	w.countRows(p.Root, nil)
	if p.Req.Prefs.Count == "estimated" && p.Fn == nil && maxRows > 0 {
		w.add(limitOne(maxRows))
	}
	w.add(") SELECT (SELECT pg_catalog.count(*) FROM pgrst_source_count), ")
}

// aggregate writes the expression that makes the body of all rows, and says whether there is one.
func (w *statement) aggregate(p *plan) bool {
	if p.Req.Head || p.Req.write() && p.Req.Prefs.Return != "representation" {
		w.add("''")
		return false
	}
	row := "_postgrest_t"
	if p.Fn != nil && p.Fn.Scalar {
		row += ".pgrst_scalar"
	}
	rows := "json_agg(" + row + ")"
	one := rows + "->0"
	if p.Media.Kind == mediaSingleStrip || p.Media.Kind == mediaArrayStrip {
		rows, one = "json_strip_nulls("+rows+")", "json_strip_nulls("+one+")"
	}
	switch p.Media.Kind {
	case mediaSingle, mediaSingleStrip:
		w.add("coalesce(", one, ", 'null')")
	case mediaCSV:
		w.add("(SELECT coalesce(string_agg(a.k, ','), '') FROM (SELECT json_object_keys(r)::text AS k FROM (",
			"SELECT row_to_json(hh) AS r FROM ", sourceName, " AS hh LIMIT 1) s) a) || E'\\n' || ",
			"coalesce(string_agg(substring(_postgrest_t::text, 2, length(_postgrest_t::text) - 2), E'\\n'), '')")
	case mediaGeoJSON:
		w.add("json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(_postgrest_t)::json), '[]'))")
	default:
		if p.Fn != nil && !p.Fn.SetOf {
			w.add("coalesce(", one, ", 'null')")
		} else {
			w.add("coalesce(", rows, ", '[]')")
		}
	}
	return true
}

func (w *statement) location(p *plan) {
	if p.Req.Kind != actInsert || p.Req.Prefs.Return != "headers-only" {
		w.add("NULL")
		return
	}
	w.add("CASE WHEN pg_catalog.count(_postgrest_t) = 1 THEN (SELECT json_agg(json_build_array(j.key, j.value)) FROM ",
		"(SELECT row_to_json(s) AS r FROM ", sourceName, " s LIMIT 1) one, json_each_text(one.r) j WHERE j.key = ANY(")
	w.bind(arrayText(p.Table.PK))
	w.add("::text[])) END")
}

// preludeSettings are what the prelude sets, in the order of its arguments.
var preludeSettings = []string{
	"search_path", "statement_timeout", "transaction_read_only", "role", "request.jwt.claims", "request.method", "request.path",
	"request.headers", "request.cookies", "timezone",
}

// preludeSQL sets the first n of them. Its result is one number, so that the values do not come back.
func preludeSQL(n int) string {
	w := &statement{}
	w.add("SELECT pg_catalog.num_nulls(")
	for i, name := range preludeSettings[:n] {
		if i > 0 {
			w.add(", ")
		}
		w.add("pg_catalog.set_config('", name, "', $", strconv.Itoa(i+1), ", true)")
	}
	w.add(")")
	return w.String()
}

var onOff = map[bool]string{true: "on", false: "off"}

var preludeText, preludeWithZone = preludeSQL(len(preludeSettings) - 1), preludeSQL(len(preludeSettings))

// prelude sets role, claims and the rest of the request for the transaction, all bound.
func (s *Server) prelude(r *http.Request, p *plan) *statement {
	w := &statement{text: preludeText, args: [][]byte{
		[]byte(quoteIdent(p.Req.Target.Schema) + ", " + quoteIdent("public")),
		strconv.AppendInt(nil, s.opt.StatementTimeout.Milliseconds(), 10),
		[]byte(onOff[p.readOnly()]),
		[]byte(p.Req.Identity.Role),
		[]byte(p.Req.Identity.Claims),
		[]byte(r.Method),
		[]byte(p.Req.Path),
		headerJSON(r),
		cookieJSON(r),
	}}
	if p.Req.Prefs.Timezone != "" {
		w.text, w.args = preludeWithZone, append(w.args, []byte(p.Req.Prefs.Timezone))
	}
	return w
}

func headerJSON(r *http.Request) []byte {
	b := appendMember(make([]byte, 0, 2048), "host", r.Host)
	for k, v := range r.Header {
		if k != "Cookie" && k != "Host" && len(v) > 0 {
			b = appendMember(b, strings.ToLower(k), v[len(v)-1])
		}
	}
	return append(b, '}')
}

func cookieJSON(r *http.Request) []byte {
	if len(r.Header["Cookie"]) == 0 {
		return []byte("{}")
	}
	m := map[string]string{}
	for _, c := range r.Cookies() {
		m[c.Name] = c.Value
	}
	b, err := json.Marshal(m)
	if err != nil { // texts always encode
		return []byte("{}")
	}
	return b
}

// appendMember adds a name and its value to a JSON object that is being written.
func appendMember(b []byte, name, value string) []byte {
	if len(b) == 0 {
		b = append(b, '{')
	} else {
		b = append(b, ',')
	}
	return appendText(append(appendText(b, name), ':'), value)
}

// appendText writes a JSON string. Most headers need no escapes.
func appendText(b []byte, t string) []byte {
	for i := range len(t) {
		if c := t[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			raw, err := json.Marshal(t)
			if err != nil { // texts always encode
				raw = []byte(`""`)
			}
			return append(b, raw...)
		}
	}
	return append(append(append(b, '"'), t...), '"')
}

var isolation = map[string]string{
	"serializable":     " ISOLATION LEVEL SERIALIZABLE",
	"repeatable read":  " ISOLATION LEVEL REPEATABLE READ",
	"read committed":   "",
	"read uncommitted": "",
}

// begin is the statement that opens the plan's transaction, where a round trip is not one by itself.
func (p *plan) begin() string {
	sql := "BEGIN"
	if p.Fn != nil {
		sql += isolation[strings.Trim(p.Fn.Iso, `"' `)]
	}
	if p.readOnly() {
		return sql + " READ ONLY"
	}
	return sql + " READ WRITE"
}

func (p *plan) readOnly() bool {
	if p.Fn != nil {
		return !p.Req.Post || p.Fn.Volatile != 'v'
	}
	return !p.Req.write()
}

// execute runs the plan in one transaction under the caller's role.
func (s *Server) execute(r *http.Request, c *catalog, p *plan, main *statement, buf *[]byte) (*result, *apiError) {
	signedIn := p.Req.Identity.Role != s.opt.AnonRole
	if c.superusers[p.Req.Identity.Role] { // no authenticator may become one
		return nil, fromPg(&pgconn.PgError{Code: "42501", Message: "permission denied to set role \"" + p.Req.Identity.Role + "\""}, signedIn)
	}
	batch := s.opening(r, p, main)
	answers := len(batch)
	if main.failed == nil {
		batch = append(batch, main)
		if p.Fn == nil && !p.Req.write() && p.Req.Prefs.explains() {
			batch = append(batch, c.explain(p))
		}
	}
	var res *result
	err := s.withConn(r.Context(), c, func(t *transaction) error {
		t.buf = buf
		rows, err := t.run(batch)
		if err != nil {
			return err
		}
		if main.failed != nil {
			return main.failed
		}
		res = decode(rows[answers])
		if len(rows) > answers+1 {
			res.plannedTotal(p.Req.Prefs.Count, rows[answers+1], int64(max(s.opt.MaxRows, 0)))
		}
		if e := p.accept(res); e != nil {
			return e
		}
		return t.end(p.Req.Prefs.Tx == "rollback")
	})
	if err != nil {
		return nil, fromPg(err, signedIn)
	}
	return res, nil
}

// opening is what comes before main. A read needs no BEGIN: what is sent at once is a transaction.
func (s *Server) opening(r *http.Request, p *plan, main *statement) []*statement {
	prelude := s.prelude(r, p)
	atOnce := p.readOnly() && main.failed == nil && p.Req.Prefs.Tx != "rollback"
	if atOnce && (p.Fn == nil || p.Fn.Iso == "") {
		return []*statement{prelude}
	}
	return []*statement{{text: p.begin()}, prelude}
}

func (c *catalog) explain(p *plan) *statement {
	w := &statement{c: c, once: true}
	w.add("EXPLAIN (FORMAT JSON) ")
	w.countRows(p.Root, nil)
	return w
}

// accept refuses a result that the request's conditions forbid, before it is committed.
func (p *plan) accept(res *result) *apiError {
	if p.Req.Kind == actUpsert && res.Rows != 1 {
		return errPutKey()
	}
	single := p.Media.Kind == mediaSingle || p.Media.Kind == mediaSingleStrip
	if single && p.Req.Kind != actUpsert && res.Rows != 1 {
		return errNotSingular(res.Rows)
	}
	limited := p.Req.Kind == actUpdate || p.Req.Kind == actDelete || p.Req.Kind == actCall
	if limited && p.Req.Prefs.HasMax && p.Req.Prefs.strict() && res.Rows > p.Req.Prefs.MaxAffected {
		return errMaxAffected(res.Rows)
	}
	return nil
}

// plannedTotal takes the planner's guess for the total where it was asked for.
func (res *result) plannedTotal(mode string, row [][]byte, maxRows int64) {
	var plans []struct {
		Plan struct {
			Rows int64 `json:"Plan Rows"`
		}
	}
	if len(row) == 0 || json.Unmarshal(row[0], &plans) != nil || len(plans) == 0 {
		return
	}
	guess := plans[0].Plan.Rows
	switch {
	case mode == "planned":
		res.Total = guess
	case res.Total > maxRows:
		res.Total = max(res.Total, guess)
	}
}

func decode(row [][]byte) *result {
	res := &result{Total: -1}
	if len(row) < 7 {
		return &result{Total: 0}
	}
	number := func(b []byte) (int64, bool) {
		n, err := strconv.ParseInt(string(b), 10, 64)
		return n, err == nil
	}
	if n, ok := number(row[0]); ok {
		res.Total = n
	}
	res.Rows, _ = number(row[1])
	res.Body, res.Location = row[2], row[3]
	res.Inserted, res.HasInserted = number(row[4])
	res.GucHeaders, res.GucStatus = string(row[5]), string(row[6])
	return res
}
