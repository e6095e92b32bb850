package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
)

// fields is a JSONB object while it is being taken apart: take removes what was
// understood, what is left becomes Extra.
type fields map[string]json.RawMessage

// objectOf reads a JSONB column that should hold an object. Null, scalars and
// arrays give no fields; an object inside a JSON string (double-encoded by some
// writers) is unwrapped.
func objectOf(b []byte) fields {
	b = unwrap(b)
	var f fields
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &f) != nil {
		return fields{}
	}
	return f
}

// unwrap peels JSON strings that hold JSON, at most three layers.
func unwrap(b []byte) []byte {
	b = bytes.TrimSpace(b)
	for range 3 {
		var s string
		if len(b) == 0 || b[0] != '"' || json.Unmarshal(b, &s) != nil {
			return b
		}
		inner := bytes.TrimSpace([]byte(s))
		if len(inner) == 0 || (inner[0] != '{' && inner[0] != '[' && inner[0] != '"') || !json.Valid(inner) {
			return b
		}
		b = inner
	}
	return b
}

// take returns the value of the first of the names that is present and not
// null, and removes all of them.
func (f fields) take(names ...string) json.RawMessage {
	var found json.RawMessage
	for _, n := range names {
		v, ok := f[n]
		if !ok {
			continue
		}
		delete(f, n)
		if found == nil && !bytes.Equal(bytes.TrimSpace(v), []byte("null")) {
			found = v
		}
	}
	return found
}

// number is take for a float; text that is no number counts as absent.
func (f fields) number(names ...string) *F64 { return decoded[F64](f.take(names...)) }

// integer is take for an integer.
func (f fields) integer(names ...string) *Int { return decoded[Int](f.take(names...)) }

// money is take for an amount.
func (f fields) money(names ...string) *Money { return decoded[Money](f.take(names...)) }

// text is take for a string; numbers keep their digits.
func (f fields) text(names ...string) string {
	v := f.take(names...)
	if v == nil {
		return ""
	}
	s, _ := scalar(v)
	return s
}

// extra is what is left, nil when nothing is.
func (f fields) extra() map[string]json.RawMessage {
	if len(f) == 0 {
		return nil
	}
	return f
}

func decoded[T any](b json.RawMessage) *T {
	if b == nil {
		return nil
	}
	v := new(T)
	if json.Unmarshal(b, v) != nil {
		return nil
	}
	return v
}

// put is one member of an object that is written; nil values are left out.
type put struct {
	names []string
	value any
}

// encode writes members in a stable order: the known ones as given, then extra
// keys that no known one has taken, sorted.
func encode(members []put, extra map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	seen := map[string]bool{}
	b.WriteByte('{')
	add := func(name string, v any) error {
		if seen[name] {
			return nil
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		if len(seen) > 0 {
			b.WriteByte(',')
		}
		seen[name] = true
		b.Write(key)
		b.WriteByte(':')
		b.Write(raw)
		return nil
	}
	for _, m := range members {
		if absent(m.value) {
			continue
		}
		for _, n := range m.names {
			if err := add(n, m.value); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range sortedKeys(extra) {
		if err := add(n, extra[n]); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func absent(v any) bool {
	switch p := v.(type) {
	case *F64:
		return p == nil
	case *Int:
		return p == nil
	case *Money:
		return p == nil
	case string:
		return p == ""
	}
	return v == nil
}

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
