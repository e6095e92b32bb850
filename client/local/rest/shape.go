package rest

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// shape is what a request has besides the values of its filters, and those values apart from it. Two
// requests of one key differ in the values only: they have one plan and one statement.
//
// Only plain reads have a shape. What is not recognised here at once has none, and takes the long way
// through the grammar: nothing is refused here, and nothing is interpreted.
type shape struct {
	key     []byte
	filters []hole // of the filters, in the order of the request
	logic   []hole // of the logic trees, likewise
}

// hole is the value of one condition.
type hole struct {
	kind holeKind
	text string
}

type holeKind byte

const (
	holeFixed   holeKind = iota + 1 // there is none to bind: it is part of the key
	holePlain                       // it is bound as it is
	holePattern                     // with * for %
	holeList                        // elements, separated by commas
)

// shapeOf reads a request, whose query string was split into pairs; ok is false when it has no shape.
func shapeOf(r *http.Request, pairs []pair) (sh *shape, ok bool) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.RawPath != "" || len(r.Header["Range"]) > 0 {
		return nil, false
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" || wordEnd(name, 0) != len(name) {
		return nil, false
	}
	sh = &shape{key: make([]byte, 0, 512), filters: make([]hole, 0, 8)}
	sh.add(r.Method, " ", name)
	for _, h := range []string{"Accept", "Accept-Profile", "Prefer"} {
		for _, v := range r.Header[h] {
			if h == "Prefer" && (strings.Contains(v, "timezone") || strings.Contains(v, "count")) {
				return nil, false // the database has a say in it
			}
			sh.add("\n", h, ":", v)
		}
	}
	sh.add("\n")
	for _, p := range pairs {
		if !sh.pair(p) {
			return nil, false
		}
	}
	return sh, true
}

func (sh *shape) add(parts ...string) {
	for _, p := range parts {
		sh.key = append(sh.key, p...)
	}
}

// hole marks in the key where a value was. No control character gets into the key otherwise.
func (sh *shape) hole(to *[]hole, kind holeKind, text string) bool {
	if kind != holeFixed {
		sh.key = append(sh.key, 0, byte(kind))
	}
	*to = append(*to, hole{kind, text})
	return true
}

func (sh *shape) pair(p pair) bool {
	if !p.Has || !verbatim(p.Key) || !utf8.ValidString(p.Value) {
		return false
	}
	sh.add("&", p.Key, "=")
	switch word := lastWord(p.Key); {
	case word == "and" || word == "or":
		end, ok := sh.group(p.Value, 0, 0)
		return ok && end == len(p.Value)
	case word == "offset":
		return false // pages by offset are no shape each
	case word == "order" || word == "limit" || p.Key == "select" || p.Key == "columns" || p.Key == "on_conflict":
		sh.add(p.Value)
		return verbatim(p.Value)
	}
	return sh.condition(p.Value, &sh.filters, false)
}

// verbatim says whether a text can be part of the key.
func verbatim(t string) bool {
	for i := range len(t) {
		if t[i] < ' ' {
			return false
		}
	}
	return utf8.ValidString(t)
}

// condition reads operator and value.
func (sh *shape) condition(t string, to *[]hole, inTree bool) bool {
	if rest, not := strings.CutPrefix(t, "not."); not {
		t = rest
		sh.add("not.")
	}
	op, value, ok := strings.Cut(t, ".")
	if !ok {
		return false
	}
	sh.add(op, ".")
	switch op {
	case "eq", "neq", "gt", "gte", "lt", "lte":
		return sh.hole(to, holePlain, value)
	case "like", "ilike":
		return sh.hole(to, holePattern, value)
	case "is":
		sh.add(value)
		return wordEnd(value, 0) == len(value) && sh.hole(to, holeFixed, "")
	case "in":
		return !inTree && len(value) > 2 && value[0] == '(' && value[len(value)-1] == ')' &&
			!strings.ContainsAny(value[1:len(value)-1], "\"\\(){} \t\r\n\f\v\x00") && sh.hole(to, holeList, value[1:len(value)-1])
	}
	return false
}

// maxShapeDepth bounds how deep logic trees with a shape are.
const maxShapeDepth = 8

// group reads "(condition,…)" from i on and says where it ends.
func (sh *shape) group(t string, i, depth int) (end int, ok bool) {
	if depth > maxShapeDepth || i >= len(t) || t[i] != '(' {
		return 0, false
	}
	sh.add("(")
	for {
		if i, ok = sh.member(t, i+1, depth); !ok || i >= len(t) {
			return 0, false
		}
		sh.key = append(sh.key, t[i])
		if t[i] == ')' {
			return i + 1, true
		}
		if t[i] != ',' {
			return 0, false
		}
	}
}

// member reads a condition, or a group without a not, up to what follows it.
func (sh *shape) member(t string, i, depth int) (end int, ok bool) {
	stop := wordEnd(t, i)
	word := t[i:stop]
	if stop == len(t) || word == "" || word == "not" {
		return 0, false
	}
	sh.add(word)
	if t[stop] == '(' && (word == "and" || word == "or") {
		return sh.group(t, stop, depth+1)
	}
	if t[stop] != '.' {
		return 0, false
	}
	sh.add(".")
	for end = stop + 1; end < len(t) && t[end] != ',' && t[end] != ')'; end++ {
		if strings.IndexByte("(\"\\{} \t\r\n\f\v\x00", t[end]) >= 0 {
			return 0, false
		}
	}
	return end, sh.condition(t[stop+1:end], &sh.logic, true)
}

// wordEnd is where letters, digits and underscores end that begin at i.
func wordEnd(t string, i int) int {
	for ; i < len(t); i++ {
		if c := t[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			break
		}
	}
	return i
}
