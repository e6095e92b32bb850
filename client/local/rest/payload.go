package rest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sort"
	"strings"
)

// payload is the body of a writing request or call.
type payload struct {
	Type    mediaType
	Raw     []byte   // JSON, or the raw argument of a function
	Keys    []string // the columns or arguments it names, sorted
	Form    []param  // a form's fields, for a function
	IsForm  bool
	IsArray bool // the JSON does not begin with a brace
}

// readPayload reads the body for those actions that have one.
func readPayload(req *request, h http.Header, body []byte) (payload, *apiError) {
	p := payload{Type: jsonMedia}
	if ct := h.Values("Content-Type"); len(ct) > 0 {
		p.Type = decodeMedia(ct[0])
	}
	if !req.hasBody() {
		return p, nil
	}
	e := p.read(req, body)
	p.IsArray = !bytes.HasPrefix(bytes.TrimLeft(p.Raw, " \t\r\n"), []byte("{"))
	return p, e
}

func (req *request) hasBody() bool {
	switch req.Kind {
	case actInsert, actUpdate, actUpsert:
		return true
	case actCall:
		return req.Post
	}
	return false
}

// read reads the body by its type.
func (p *payload) read(req *request, body []byte) *apiError {
	fn := req.Kind == actCall
	switch p.Type.Kind {
	case mediaJSON:
		if req.Query.HasColumns && req.Kind != actUpsert {
			p.Raw, p.Keys = body, req.Query.Columns
			return nil
		}
		if len(body) == 0 && fn {
			body = []byte("{}")
		}
		return p.object(body, "All object keys must match")
	case mediaCSV:
		return p.csv(body)
	case mediaForm:
		if !fn {
			return p.formObject(body)
		}
		p.form(body)
		return nil
	}
	if fn && rawBody(p.Type) {
		p.Raw = body
		return nil
	}
	return errBody("Content-Type not acceptable: " + p.Type.Name)
}

// object reads the keys of a JSON object, or of an array of objects that all have the same.
func (p *payload) object(body []byte, mismatch string) *apiError {
	p.Raw = body
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if !json.Valid(body) {
		return errBody("Empty or invalid json")
	}
	switch trimmed[0] {
	case '{':
		var o map[string]json.RawMessage
		if json.Unmarshal(body, &o) != nil {
			return errBody("Empty or invalid json")
		}
		p.Keys = sortedKeys(o)
		return nil
	case '[':
		return p.array(body, mismatch)
	}
	p.Raw = []byte("[]")
	return nil
}

func (p *payload) array(body []byte, mismatch string) *apiError {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) != nil {
		return errBody("Empty or invalid json")
	}
	for i, raw := range list {
		var o map[string]json.RawMessage
		if json.Unmarshal(raw, &o) != nil || o == nil {
			return errBody(mismatch)
		}
		keys := sortedKeys(o)
		if i == 0 {
			p.Keys = keys
		} else if strings.Join(keys, "\x00") != strings.Join(p.Keys, "\x00") || len(keys) != len(p.Keys) {
			return errBody(mismatch)
		}
	}
	if len(list) == 0 {
		p.Raw = []byte("[]")
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// csv turns lines into an array of objects of texts; NULL is null.
func (p *payload) csv(body []byte) *apiError {
	r := csv.NewReader(bytes.NewReader(body))
	head, err := r.Read()
	if err != nil {
		return errBody("not enough input")
	}
	rows := []map[string]*string{}
	for {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, csv.ErrFieldCount) {
			return errBody("All lines must have same number of fields")
		}
		if err != nil {
			return errBody("Empty or invalid CSV")
		}
		row := map[string]*string{}
		for i, v := range line {
			row[head[i]] = &v
			if v == "NULL" {
				row[head[i]] = nil
			}
		}
		rows = append(rows, row)
	}
	raw, err := marshal(rows)
	if err != nil {
		return errBody("Empty or invalid CSV")
	}
	return p.object(raw, "All lines must have same number of fields")
}

func (p *payload) form(body []byte) {
	p.IsForm = true
	var keys []string
	for _, f := range splitQuery(string(body)) {
		p.Form = append(p.Form, param{strings.ToValidUTF8(f.Key, "\uFFFD"), strings.ToValidUTF8(f.Value, "\uFFFD")})
		keys = append(keys, f.Key)
	}
	p.Keys = sortedUnique(keys)
}

func (p *payload) formObject(body []byte) *apiError {
	o := map[string]string{}
	for _, f := range splitQuery(string(body)) {
		if _, seen := o[f.Key]; !seen {
			o[f.Key] = f.Value
		}
	}
	raw, err := marshal(o)
	if err != nil {
		return errBody("Empty or invalid json")
	}
	return p.object(raw, "All object keys must match")
}
