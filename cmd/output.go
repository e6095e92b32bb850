package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
)

// schema names the JSON contract; fields are only ever added to it.
const schema = "loratop/v1"

// jsonFlag is --json, --json=field,field and --json= (which lists the fields).
type jsonFlag struct {
	on     bool
	fields []string
	list   bool
}

func (j *jsonFlag) String() string { return strings.Join(j.fields, ",") }
func (j *jsonFlag) Type() string   { return "fields" }

// jsonAll is what a bare --json stands for.
const jsonAll = "*"

func (j *jsonFlag) Set(s string) error {
	j.on, j.fields, j.list = true, nil, s == ""
	if s != "" && s != jsonAll {
		j.fields = strings.Split(s, ",")
	}
	return nil
}

// object is one JSON item; its fields are written in alphabetical order.
type object = map[string]any

// writeDocument prints one JSON document: {"schema":…, key: value, extra…}.
func (a *app) writeDocument(key string, value any, extra object) error {
	doc := object{"schema": schema, "currency": models.Currency}
	for k, v := range extra {
		doc[k] = v
	}
	picked, err := a.pick(value)
	if err != nil {
		return err
	}
	doc[key] = picked
	return writeJSON(a.sys.Out, doc)
}

// writeLine prints one NDJSON line.
func (a *app) writeLine(v object) error {
	v["schema"] = schema
	return writeJSON(a.sys.Out, v)
}

// writeJSON prints one line. Control and formatting characters (C1, bidi) are
// written as escapes, so that a document printed on a terminal is as harmless as
// a table, and loses nothing.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() {
		switch {
		case r == '\n' || (!unicode.Is(unicode.Cf, r) && !unicode.IsControl(r)):
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// pick keeps the fields that --json named.
func (a *app) pick(value any) (any, error) {
	fields := a.flags.json.fields
	if len(fields) == 0 {
		return value, nil
	}
	if items, ok := value.([]object); ok {
		out := make([]object, len(items))
		for i, it := range items {
			p, err := pickFields(it, fields)
			if err != nil {
				return nil, err
			}
			out[i] = p
		}
		return out, nil
	}
	if it, ok := value.(object); ok {
		return pickFields(it, fields)
	}
	return value, nil
}

func pickFields(it object, fields []string) (object, error) {
	out := make(object, len(fields))
	for _, f := range fields {
		v, ok := it[f]
		if !ok {
			return nil, usagef("fields: "+strings.Join(names(it), ", "), "no field %q", f)
		}
		out[f] = v
	}
	return out, nil
}

// fields answers --json= with the names of the fields, and checks the ones that
// --json=a,b names, both before anything is asked of the server.
func (a *app) fields(prototype object) (done bool, err error) {
	if a.flags.json.list {
		_, err := fmt.Fprintln(a.sys.Out, strings.Join(names(prototype), "\n"))
		return true, err
	}
	if !a.flags.json.on {
		return false, nil
	}
	_, err = pickFields(prototype, a.flags.json.fields)
	return false, err
}

func names(it object) []string {
	out := make([]string, 0, len(it))
	for k := range it {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// writeTable prints aligned columns, plain text without any escape. What came
// over the wire is cleaned here, whatever was done before.
func writeTable(w io.Writer, head []string, rows [][]string) error {
	widths := make([]int, len(head))
	all := append([][]string{head}, rows...)
	for _, r := range all {
		for i := range r {
			r[i] = models.Clean(r[i])
			widths[i] = max(widths[i], ansi.StringWidth(r[i]))
		}
	}
	var b strings.Builder
	for _, r := range all {
		for i, c := range r {
			b.WriteString(c)
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-ansi.StringWidth(c)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeIDs prints ids only, for --quiet.
func writeIDs(w io.Writer, ids []string) error {
	for _, id := range ids {
		if _, err := fmt.Fprintln(w, id); err != nil {
			return err
		}
	}
	return nil
}
