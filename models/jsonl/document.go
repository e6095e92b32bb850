package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// errTooLong ends a document whose next part would not fit.
var errTooLong = errors.New("a part of the document is longer than " + strconv.Itoa(MaxLine>>20) + " MiB")

// tee passes a document on to its decoder while the validator's lines run along.
// It knows where the lines of the last part begin, and how long that part is.
type tee struct {
	r        io.Reader
	feed     func([]byte)
	n        int64   // bytes passed
	from     int64   // where the part at hand began
	newlines []int64 // offsets of those that line has not counted
	counted  int64
}

// Read is io.Reader's.
func (t *tee) Read(p []byte) (int, error) {
	if t.n-t.from > MaxLine {
		return 0, errTooLong
	}
	n, err := t.r.Read(p)
	for i := 0; i < n; {
		k := bytes.IndexByte(p[i:n], '\n')
		if k < 0 {
			break
		}
		t.newlines = append(t.newlines, t.n+int64(i+k))
		i += k + 1
	}
	t.feed(p[:n])
	t.n += int64(n)
	return n, err
}

// line is the physical line of an offset; offsets only grow.
func (t *tee) line(off int64) int64 {
	i := 0
	for i < len(t.newlines) && t.newlines[i] < off {
		i++
	}
	t.newlines, t.counted = t.newlines[i:], t.counted+int64(i)
	return t.counted + 1
}

// walker reads one JSON document part by part: a conversation or a pair at a
// time is in memory.
type walker struct {
	c       *checker
	tee     *tee
	dec     *json.Decoder
	declare int64 // conversations that the file declares, -1 = none
	found   int64
	what    string // the kind of document
	array   bool   // its outermost value is an array
}

// document reads one JSON document that begins with the byte first, and the rest
// of the file when it breaks. full says that it has the keys of the full JSON.
func (c *checker) document(r io.Reader, first byte, full bool) error {
	c.split.line, c.split.skip = c.platformOnly, c.platformSkip
	head := make([]byte, len(bom))
	n, err := fill(r, head)
	t := &tee{feed: c.split.feed}
	if t.r = io.MultiReader(bytes.NewReader(head[:n]), errReader{err}, r); string(head) == bom {
		c.rep.BOM = true
		_, _ = t.Read(head)
		c.found.whole(codeBOM, "the file begins with a byte order mark")
	}
	w := walker{c: c, tee: t, dec: json.NewDecoder(t), declare: -1, what: "an object", array: first == '['}
	base := t.n
	w.tee.from = base
	err = w.top(base, full)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		at := place{off: min(base+w.dec.InputOffset(), t.n)}
		at.line = t.line(at.off)
		c.found.add(codeJSON, spot{line: at.line, off: at.off, path: "$", index: -1}, func() string { return "the document breaks: " + err.Error() })
	case errors.Is(err, errTooLong):
		c.found.whole(codeTooLong, err.Error())
	case err != nil:
		return err
	}
	c.found.whole(codeDocument, "the file is JSON over several lines ("+w.what+"), not JSON Lines")
	if w.declare >= 0 && w.declare != w.found {
		c.found.whole(codeDeclared, "the document declares "+count(w.declare, "conversation")+", "+strconv.FormatInt(w.found, 10)+" are there")
	}
	t.from = 1 << 62 // what is left is read for the validator and the hash only
	_, err = io.Copy(io.Discard, struct{ io.Reader }{t})
	return err
}

// top walks over the outermost value, or values: one object after another, each
// over several lines, is what many tools print.
func (w *walker) top(base int64, full bool) error {
	for n := 0; w.dec.More(); n++ {
		if n > 0 {
			w.what = "values one after another"
		}
		if err := w.outermost(base, full); err != nil {
			return err
		}
	}
	_, err := w.dec.Token() // what is left, if anything, is no JSON
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (w *walker) outermost(base int64, full bool) error {
	if !full && !w.array {
		var raw json.RawMessage
		if err := w.part(&raw); err != nil {
			return err
		}
		w.record("$", raw, base)
		return nil
	}
	tok, err := w.dec.Token()
	switch {
	case err != nil:
		return err
	case tok == json.Delim('['):
		w.what = "an array"
		return w.each("$", func(path string, raw json.RawMessage) { w.record(path, raw, base) })
	case tok == json.Delim('{'):
		return w.members(base)
	}
	return nil
}

func (w *walker) members(base int64) error {
	for w.dec.More() {
		key, err := w.dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "conversations":
			err = w.list("$.conversations", func(path string, raw json.RawMessage) { w.conversation(path, raw, base) })
		case "training_pairs":
			err = w.list("$.training_pairs", func(path string, raw json.RawMessage) { w.record(path, raw, base) })
		default:
			var raw json.RawMessage
			if err = w.part(&raw); err == nil {
				w.header(key, raw)
			}
		}
		if err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

// part decodes the next value, which may be as long as a line.
func (w *walker) part(raw *json.RawMessage) error {
	*raw = nil
	w.tee.from = w.tee.n
	return w.dec.Decode(raw)
}

// list is each for a member that should be an array.
func (w *walker) list(path string, f func(string, json.RawMessage)) error {
	tok, err := w.dec.Token()
	if err != nil {
		return err
	}
	if tok == json.Delim('[') {
		return w.each(path, f)
	}
	if tok == json.Delim('{') {
		for depth := 1; depth > 0 && err == nil; {
			w.tee.from = w.tee.n
			tok, err = w.dec.Token()
			switch tok {
			case json.Delim('{'), json.Delim('['):
				depth++
			case json.Delim('}'), json.Delim(']'):
				depth--
			}
		}
	}
	w.c.found.whole(codeUnknown, path+" is no array")
	return err
}

// each gives every element of the array that was opened.
func (w *walker) each(path string, f func(string, json.RawMessage)) error {
	for i := 0; w.dec.More(); i++ {
		var raw json.RawMessage
		if err := w.part(&raw); err != nil {
			return err
		}
		f(path+"["+itoa(i)+"]", raw)
	}
	_, err := w.dec.Token()
	return err
}

// header reads what the document says of itself.
func (w *walker) header(key json.Token, raw json.RawMessage) {
	switch key {
	case "training_file_metadata":
		w.what = "v4 full JSON"
	case "dataset_metadata":
		w.what = "v4 full JSON of one conversation"
	default:
		return
	}
	var h struct {
		Version       string `json:"version"`
		Pairs         *int64 `json:"total_training_pairs"`
		Turns         *int64 `json:"total_turns"`
		Conversations *int64 `json:"total_conversations"`
	}
	_ = json.Unmarshal(raw, &h) // a header of another shape declares nothing
	if strings.HasPrefix(h.Version, "3") {
		w.what = "v3-like, version " + quote([]byte(h.Version))
	}
	if h.Pairs == nil {
		h.Pairs = h.Turns
	}
	if h.Pairs != nil {
		w.c.stats.declares, w.c.stats.declared = true, *h.Pairs
	}
	if h.Conversations != nil {
		w.declare = *h.Conversations
	}
}

// conversation takes one element of conversations: pairs under a heading, or a
// conversation of another format.
func (w *walker) conversation(path string, raw json.RawMessage, base int64) {
	w.found++
	var s scanner
	s.start(raw, true)
	var pairs []value
	if !s.opens('{') {
		w.record(path, raw, base)
		return
	}
	s.fields(func(key []byte) {
		if string(key) != "training_pairs" || !s.opens('[') {
			s.value()
			return
		}
		for n := 0; s.element(&n); {
			if v := s.value(); len(pairs) < keptTurns {
				pairs = append(pairs, v)
			}
		}
	})
	if len(pairs) == 0 {
		w.record(path, raw, base)
		return
	}
	start := base + w.dec.InputOffset() - int64(len(raw))
	for i, v := range pairs {
		off := start + int64(v.at)
		w.c.part(v.raw, place{line: w.tee.line(off), off: off}, path+".training_pairs["+itoa(i)+"]")
	}
}

// record takes one element as a line would be taken.
func (w *walker) record(path string, raw json.RawMessage, base int64) {
	off := base + w.dec.InputOffset() - int64(len(raw))
	w.c.part(raw, place{line: w.tee.line(off), off: off}, path)
}

// part looks at a record inside a document.
func (c *checker) part(b []byte, at place, path string) {
	c.at, c.arena, c.inside = at, c.arena[:0], path
	ctl, high := glance(b)
	c.rec.parse(b, ctl)
	c.rec.text, c.high = b, high
	c.lineAsText(b)
	c.record(b)
}
