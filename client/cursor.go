package client

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/loratop/loratop/models"
)

// mark is where a page ended: the sort value and id of its last row. It is
// bound to the list it came from, because in another it would mean nothing.
type mark struct {
	Version int     `json:"v"`
	List    string  `json:"l"` // digest of table, order and filters
	Value   *string `json:"s"` // nil: null
	ID      string  `json:"i"`
}

const (
	markVersion = 1
	markMax     = 4096 // characters
)

func (m mark) cursor() models.Cursor {
	m.Version = markVersion
	b, err := json.Marshal(m)
	if err != nil {
		return "" // cannot happen: strings and numbers only
	}
	return models.Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// parseMark reads a cursor that belongs to the list with this digest.
func parseMark(c models.Cursor, list string) (mark, error) {
	bad := usage("this page mark cannot be used here", "start from the first page")
	if len(c) > markMax {
		return mark{}, bad
	}
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil {
		return mark{}, bad
	}
	var m mark
	if json.Unmarshal(b, &m) != nil || m.Version != markVersion || !isUUID(m.ID) {
		return mark{}, bad
	}
	if m.List != list {
		return mark{}, usage("this page mark is of a list with another order or filter", "start from the first page")
	}
	return m, nil
}

// digest names a list by everything that decides its rows and their order.
func digest(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%q\x00", fmt.Sprint(p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:9])
}

// after is the condition "behind the mark" of a list that is ordered by column
// and then id, both in one direction, nulls last.
func (m mark) after(column string, asc bool) string {
	op := "lt"
	if asc {
		op = "gt"
	}
	if m.Value == nil {
		return fmt.Sprintf("and(%s.is.null,id.%s.%s)", column, op, m.ID)
	}
	v := literal(*m.Value)
	return fmt.Sprintf("or(%[1]s.%[2]s.%[3]s,and(%[1]s.eq.%[3]s,id.%[2]s.%[4]s),%[1]s.is.null)", column, op, v, m.ID)
}

// markIn is the mark of a row by a value inside a JSON column, which is compared
// as JSON; null only where there is no such key.
func markIn(doc json.RawMessage, key string, out mark) mark {
	var m map[string]json.RawMessage
	if json.Unmarshal(doc, &m) != nil {
		return out
	}
	if raw, ok := m[key]; ok {
		v := string(raw)
		out.Value = &v
	}
	return out
}

// markOf is the mark of a row, its sort value kept as the text that was sent:
// numbers lose no digit and times no microsecond.
func markOf(row json.RawMessage, list, column string) (mark, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(row, &m); err != nil {
		return mark{}, undecodable(err)
	}
	id := text(m["id"])
	if !isUUID(id) {
		return mark{}, undecodable(errors.New("a row without an id"))
	}
	out := mark{List: list, ID: id}
	if column, key, path := strings.Cut(column, "->"); path {
		return markIn(m[column], key, out), nil
	}
	raw, ok := m[column]
	if !ok {
		return mark{}, undecodable(errors.New("a row without " + column))
	}
	if string(raw) != "null" {
		v := text(raw)
		out.Value = &v
	}
	return out, nil
}
