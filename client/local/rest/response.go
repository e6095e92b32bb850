package rest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// answer is a response ready to be written.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

func errorAnswer(e *apiError) *answer {
	a := &answer{Status: e.Status, Header: http.Header{}, Body: e.body()}
	a.Header.Set("Content-Type", jsonMedia.contentType())
	a.Header.Set("Proxy-Status", "PostgREST; error="+headerSafe(e.Code))
	for k, v := range e.Header {
		a.Header[k] = v
	}
	return a
}

// headerSafe keeps a text, which a function may have raised, within one header line.
func headerSafe(t string) string {
	return strings.Map(func(r rune) rune {
		if r < 32 || r == 127 {
			return -1
		}
		return r
	}, t)
}

// respond makes the answer of a plan that ran.
func respond(p *plan, res *result) (*answer, *apiError) {
	a := &answer{Status: http.StatusOK, Header: http.Header{}}
	if v := p.Req.Prefs.applied(p.Req.Kind, p.hasConflictTarget()); v != "" {
		a.Header.Set("Preference-Applied", v)
	}
	switch p.Req.Kind {
	case actRead:
		a.read(p, res)
	case actCall:
		a.call(p, res)
	case actInsert:
		a.insert(p, res)
	case actUpsert:
		a.upsert(p, res)
	case actUpdate:
		a.Header.Set("Content-Range", contentRange(0, res.Rows-1, p.counted(res)))
		a.written(p, res)
	case actDelete:
		a.Header.Set("Content-Range", contentRange(1, 0, p.counted(res)))
		a.written(p, res)
	}
	return a.override(res)
}

func (p *plan) hasConflictTarget() bool {
	return p.Table != nil && len(p.Table.PK) > 0 || p.Req.Query.HasOnConf
}

// counted is the number of rows written, if a count was asked for.
func (p *plan) counted(res *result) int64 {
	if p.Req.Prefs.counts() {
		return res.Rows
	}
	return -1
}

func (a *answer) content(p *plan, body []byte) {
	a.Header.Set("Content-Type", p.Media.contentType())
	if p.Req.Profiled {
		a.Header.Set("Content-Profile", p.Req.Target.Schema)
	}
	a.Body = body
}

// rows sets status and range of what was read.
func (a *answer) rows(p *plan, res *result) {
	lo := p.Req.Top.Lo
	hi := lo + res.Rows - 1
	a.Status = rangeStatus(lo, hi, res.Total)
	a.Header.Set("Content-Range", contentRange(lo, hi, res.Total))
	a.content(p, res.Body)
	if a.Status == http.StatusRequestedRangeNotSatisfiable {
		a.Body = errOffset(lo, res.Total).body()
	}
}

func (a *answer) read(p *plan, res *result) {
	a.rows(p, res)
	location := "/" + p.Table.Name.Name
	if p.Req.Query.Canonical != "" {
		location += "?" + p.Req.Query.Canonical
	}
	a.Header.Set("Content-Location", headerSafe(location))
}

func (a *answer) call(p *plan, res *result) {
	a.rows(p, res)
	if p.Fn.Void {
		a.Status, a.Body = http.StatusNoContent, nil
		a.Header.Del("Content-Type")
		a.Header.Del("Content-Profile")
	}
}

func (a *answer) insert(p *plan, res *result) {
	a.Status = http.StatusCreated
	if p.Req.Prefs.Resolution == "merge-duplicates" && res.Inserted <= 0 {
		a.Status = http.StatusOK
	}
	a.Header.Set("Content-Range", contentRange(1, 0, p.counted(res)))
	if l := location(p.Table.Name.Name, res.Location); l != "" {
		a.Header.Set("Location", l)
	}
	if p.Req.Prefs.Return == "representation" {
		a.content(p, res.Body)
	}
}

// location is the address of the row inserted, from pairs of key column and value.
func location(table string, raw []byte) string {
	var pairs [][2]*string
	if len(raw) == 0 || json.Unmarshal(raw, &pairs) != nil || len(pairs) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("/" + table)
	for i, kv := range pairs {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		value := "is.null"
		if kv[1] != nil {
			value = "eq." + *kv[1]
		}
		percentText(&b, *kv[0])
		b.WriteByte('=')
		percentText(&b, value)
	}
	return b.String()
}

func percentText(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		if isUnreserved(s[i]) {
			b.WriteByte(s[i])
		} else {
			percent(b, s[i])
		}
	}
}

func (a *answer) upsert(p *plan, res *result) {
	if p.Req.Prefs.Return != "representation" {
		a.Status = http.StatusNoContent
		return
	}
	if res.Inserted > 0 {
		a.Status = http.StatusCreated
	}
	a.content(p, res.Body)
}

func (a *answer) written(p *plan, res *result) {
	if p.Req.Prefs.Return != "representation" {
		a.Status = http.StatusNoContent
		return
	}
	a.content(p, res.Body)
}

// override lets a function or trigger decide on status and headers through settings.
func (a *answer) override(res *result) (*answer, *apiError) {
	if res.GucHeaders != "" {
		var list []map[string]string
		if json.Unmarshal([]byte(res.GucHeaders), &list) != nil {
			return nil, errGucHeaders()
		}
		fresh := map[string]bool{}
		for _, h := range list {
			if len(h) != 1 {
				return nil, errGucHeaders()
			}
			for k, v := range h {
				k = http.CanonicalHeaderKey(k)
				if !fresh[k] {
					a.Header.Del(k)
					fresh[k] = true
				}
				a.Header.Add(k, headerSafe(v))
			}
		}
	}
	if res.GucStatus != "" {
		n, err := strconv.Atoi(res.GucStatus)
		if err != nil || n < 200 || n > 599 {
			return nil, errGucStatus()
		}
		a.Status = n
	}
	return a, nil
}

// info answers OPTIONS: what can be done with a table or function.
func (c *catalog) info(req *request, maxRows int) (*answer, *apiError) {
	a := &answer{Status: http.StatusOK, Header: http.Header{}}
	a.Header.Set("Access-Control-Allow-Origin", "*")
	allow := "OPTIONS,GET,HEAD"
	switch {
	case req.Root:
	case req.RPC:
		call := *req
		call.Kind = actCall
		p, e := c.plan(&call, maxRows)
		if e != nil {
			return nil, e
		}
		allow = "OPTIONS,GET,HEAD,POST"
		if p.Fn.Volatile == 'v' {
			allow = "OPTIONS,POST"
		}
	default:
		t := c.table(req.Target.Schema, req.Target.Name)
		if t == nil {
			return nil, errNoTable(req.Target.Schema, req.Target.Name, c.tableHint(req.Target.Schema, req.Target.Name))
		}
		allow += t.verbs()
	}
	a.Header.Set("Allow", allow)
	return a, nil
}

func (t *table) verbs() string {
	out := ""
	if t.Insertable {
		out += ",POST"
	}
	if t.Insertable && t.Updatable && len(t.PK) > 0 {
		out += ",PUT"
	}
	if t.Updatable {
		out += ",PATCH"
	}
	if t.Deletable {
		out += ",DELETE"
	}
	return out
}
