package jsonl

import (
	"bytes"
	"encoding/binary"
)

// kind is what a JSON value is.
type kind uint8

const (
	kindNone kind = iota // absent
	kindNull
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// maxDepth is the nesting that encoding/json takes; what is deeper is refused.
const maxDepth = 10000

// escapes says which escapes a string has.
type escapes uint8

const (
	escaped        escapes = 1 << iota // any
	escapedUnicode                     // \u
	escapedOdd                         // \b or \f
)

// value is one JSON value as it stands in the line.
type value struct {
	kind    kind
	escapes escapes
	raw     []byte // of a string: with its quotes
	at      int    // where raw begins in the line
}

// inner is the undecoded text of a string.
func (v value) inner() []byte {
	if v.kind != kindString {
		return nil
	}
	return v.raw[1 : len(v.raw)-1]
}

// scanner walks one line of strict JSON, as encoding/json accepts it. The first
// mistake ends it: fail says what, i where.
type scanner struct {
	b      []byte
	i      int
	ctl    bool // the line holds bytes below 0x20
	fail   string
	depth  int
	deep   int // deepest nesting so far
	digits int // longest integer so far
}

// start begins with a line whose bytes were looked at by glance.
func (s *scanner) start(b []byte, ctl bool) {
	*s = scanner{b: b, ctl: ctl}
}

// wrong notes the first mistake, at offset i.
func (s *scanner) wrong(i int, text string) {
	if s.fail == "" {
		s.fail, s.i = text, i
	}
}

// space skips white space.
func (s *scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\r' || s.b[s.i] == '\t') {
		s.i++
	}
}

// end demands that nothing but white space is left.
func (s *scanner) end() {
	if s.space(); s.fail == "" && s.i < len(s.b) {
		s.wrong(s.i, "text after the end of the JSON value")
	}
}

// value walks over one value, whatever it holds.
func (s *scanner) value() value {
	s.space()
	if s.i >= len(s.b) || s.fail != "" {
		s.wrong(s.i, "the line ends where a value should stand")
		return value{}
	}
	v := value{at: s.i}
	switch c := s.b[s.i]; c {
	case '"':
		v.kind, v.escapes = kindString, s.str()
	case '{':
		v.kind = kindObject
		for n := 0; ; {
			if _, ok := s.member(&n); !ok {
				break
			}
			s.value()
		}
	case '[':
		v.kind = kindArray
		for n := 0; s.element(&n); {
			s.value()
		}
	default:
		v.kind = s.atom(c)
	}
	if s.fail != "" {
		return value{}
	}
	v.raw = s.b[v.at:s.i]
	return v
}

// member steps to the next member of the object at which the scanner stands;
// n counts them and begins with 0. The key is decoded. false = the object has
// ended, or a mistake.
func (s *scanner) member(n *int) (key []byte, ok bool) {
	if !s.next(n, '}') {
		return nil, false
	}
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		s.wrong(s.i, "an object's key must be a string in double quotes")
		return nil, false
	}
	from := s.i
	has := s.str()
	if s.fail != "" {
		return nil, false
	}
	key = s.b[from+1 : s.i-1]
	if has != 0 {
		key = decode(nil, key)
	}
	if s.i < len(s.b) && s.b[s.i] != ':' {
		s.space()
	}
	if s.i >= len(s.b) || s.b[s.i] != ':' {
		s.wrong(s.i, "a colon is missing after a key")
		return nil, false
	}
	s.i++
	return key, true
}

// element is member for an array.
func (s *scanner) element(n *int) bool { return s.next(n, ']') }

// next opens the object or array, or passes a comma, or its end.
func (s *scanner) next(n *int, closing byte) bool {
	if s.fail != "" {
		return false
	}
	if *n == 0 {
		s.i++
		if s.depth++; s.depth > maxDepth {
			s.wrong(s.i-1, "nested too deeply")
			return false
		}
		s.deep = max(s.deep, s.depth)
	}
	s.space()
	switch {
	case s.i >= len(s.b):
		s.wrong(s.i, "the line ends inside an object or array")
		return false
	case s.b[s.i] == closing:
		s.i++
		s.depth--
		return false
	case *n > 0 && s.b[s.i] != ',':
		s.wrong(s.i, "a comma or the closing bracket is missing")
		return false
	case *n > 0:
		s.i++
		s.space()
		if s.i < len(s.b) && s.b[s.i] == closing {
			s.wrong(s.i, "a comma before the closing bracket")
			return false
		}
	}
	*n++
	return true
}

// str passes the string at which the scanner stands and reports its escapes.
func (s *scanner) str() (has escapes) {
	i := s.i + 1
	for {
		j := bytes.IndexByte(s.b[i:], '"')
		if j < 0 {
			s.wrong(len(s.b), "a string has no end")
			return has
		}
		for j += i; i < j; {
			k := bytes.IndexByte(s.b[i:j], '\\')
			if k < 0 {
				k = j - i
			}
			if s.ctl && !s.clean(i, i+k) {
				return has
			}
			if i += k; i == j {
				break
			}
			n := escapeLen(s.b[i:])
			if n == 0 {
				s.wrong(i, "an escape that JSON does not know")
				return has
			}
			has |= kindsOf(s.b[i+1])
			i += n
		}
		if i == j {
			s.i = j + 1
			return has
		}
	}
}

// kindsOf is what the letter behind a backslash means.
func kindsOf(c byte) escapes {
	switch c {
	case 'u':
		return escaped | escapedUnicode
	case 'b', 'f':
		return escaped | escapedOdd
	}
	return escaped
}

// clean reports whether no control character stands in b[from:to].
func (s *scanner) clean(from, to int) bool {
	for i := from; i < to; i++ {
		if s.b[i] < 0x20 {
			s.wrong(i, "a control character in a string; it must be escaped")
			return false
		}
	}
	return true
}

// escapeLen is the length of the escape at the start of b, 0 when it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, c := range b[2:6] {
			if hexDigit(c) < 0 {
				return 0
			}
		}
		return 6
	}
	return 0
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// atom passes a number, true, false or null.
func (s *scanner) atom(c byte) kind {
	switch {
	case c == '-' || (c >= '0' && c <= '9'):
		s.number()
		return kindNumber
	case c == 't' && s.word("true"), c == 'f' && s.word("false"):
		return kindBool
	case c == 'n' && s.word("null"):
		return kindNull
	}
	text := "a value must stand here"
	if rest := s.b[s.i:]; c == 'N' && bytes.HasPrefix(rest, []byte("NaN")) || c == 'I' && bytes.HasPrefix(rest, []byte("Infinity")) {
		text = "NaN and Infinity are no JSON"
	}
	s.wrong(s.i, text)
	return kindNone
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

func (s *scanner) number() {
	if s.b[s.i] == '-' {
		s.i++
	}
	from := s.i
	s.run()
	n := s.i - from
	if n == 0 || (n > 1 && s.b[from] == '0') {
		s.wrong(from, "a number that JSON does not know")
		return
	}
	real := false
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i, real = s.i+1, true
		if s.run() == 0 {
			s.wrong(s.i, "a number ends with its point")
			return
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i, real = s.i+1, true
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if s.run() == 0 {
			s.wrong(s.i, "a number ends inside its exponent")
			return
		}
	}
	if !real {
		s.digits = max(s.digits, n)
	}
}

// run passes digits and returns how many.
func (s *scanner) run() int {
	from := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i - from
}

// glance looks at every byte of a line once: whether it holds bytes below 0x20,
// and bytes that are not ASCII.
func glance(b []byte) (ctl, high bool) {
	var low, hi uint64
	for len(b) >= 32 {
		w, x := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		y, z := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		hi |= w | x | y | z
		low |= (w-0x20*ones)&^w | (x-0x20*ones)&^x | (y-0x20*ones)&^y | (z-0x20*ones)&^z
		b = b[32:]
	}
	for _, c := range b {
		hi |= uint64(c)
		if c < 0x20 {
			ctl = true
		}
	}
	return ctl || low&tops != 0, hi&tops != 0
}
