package jsonl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/loratop/loratop/models"
)

// FixOptions of a repair.
type FixOptions struct {
	Options // of the check that runs along
}

// Dropped is a line of which nothing was written.
type Dropped struct {
	Line int64  `json:"line"` // physical, from 1
	Why  string `json:"why"`
}

// FixReport is what a repair did.
type FixReport struct {
	Before  Report    `json:"before"`  // of the file that was read
	Written int64     `json:"written"` // lines
	Pairs   int64     `json:"pairs"`   // trainable pairs in them
	Bytes   int64     `json:"bytes"`
	Dropped int64     `json:"dropped"`       // lines, all
	Lines   []Dropped `json:"dropped_lines"` // the first KeptFindings
	Turns   int64     `json:"dropped_turns"` // of lines that were written
}

// Fix reads a dataset of any format and writes the superset lines that the
// platform's validator and its trainer both accept: conversation_id and turns
// beside messages, one conversation a line, in the order of the file. What the
// line has beside its texts is kept as it is. A line without a trainable pair is
// dropped; so is a turn without a text, and a message of the user that stands
// twice in a row stands once. Text that is not UTF-8 becomes U+FFFD.
func Fix(ctx context.Context, r io.Reader, w io.Writer, o FixOptions) (FixReport, error) {
	c := newChecker(o.Options)
	c.fix = &fixer{w: bufio.NewWriterSize(w, chunk), rep: FixReport{Lines: []Dropped{}}}
	err := c.read(ctx, r)
	if err == nil {
		err = c.fix.flush()
	}
	c.fix.rep.Before = c.report()
	return c.fix.rep, err
}

// fixer writes the lines of a repair.
type fixer struct {
	w     *bufio.Writer
	rep   FixReport
	out   []byte
	turns []fixedTurn
	err   error
}

type fixedTurn struct{ role, content []byte }

func (f *fixer) flush() error {
	if f.err == nil {
		f.err = f.w.Flush()
	}
	return f.err
}

func (f *fixer) drop(line int64, why string) {
	f.rep.Dropped++
	if len(f.rep.Lines) < KeptFindings {
		f.rep.Lines = append(f.rep.Lines, Dropped{line, why})
	}
}

// repair writes the record at hand, or says why not.
func (c *checker) repair(b []byte, format models.LineFormat) {
	f := c.fix
	f.turns = f.turns[:0]
	lost := int64(0)
	switch {
	case c.rec.fail != "":
		f.drop(c.at.line, "no JSON: "+c.rec.fail)
		return
	case format == models.LineUnknown:
		f.drop(c.at.line, "of no known format")
		return
	case format == models.LineMeta:
		f.drop(c.at.line, "_meta: the validator refuses it")
		return
	case format == models.LinePair:
		lost = c.fixPair()
	default:
		l := map[models.LineFormat]*list{models.LineTurns: &c.rec.turns, models.LineConversations: &c.rec.conversations}[format]
		if l == nil {
			l = &c.rec.messages
		}
		lost = c.fixTurns(l)
	}
	pairs := f.pairs()
	if pairs == 0 {
		f.drop(c.at.line, "no trainable pair")
		return
	}
	if c.rec.number.kind != kindNone || format == models.LinePair {
		pairs = 1 // the others are its history
	}
	f.rep.Turns += lost
	f.line(c, b, format == models.LinePair)
	if len(f.out) >= MaxLine {
		f.drop(c.at.line, "too long once repaired")
		return
	}
	if f.err == nil {
		_, f.err = f.w.Write(f.out)
	}
	f.rep.Written++
	f.rep.Pairs += pairs
	f.rep.Bytes += int64(len(f.out))
}

// pairs counts as models.ParseLine does.
func (f *fixer) pairs() (n int64) {
	asked := false
	for _, t := range f.turns {
		switch string(t.role) {
		case "user":
			asked = true
		case "assistant":
			if asked {
				n++
			}
			asked = false
		}
	}
	return n
}

// add appends a turn; it reports false for one that says nothing or the same as
// the user just said.
func (f *fixer) add(role, content []byte) bool {
	if len(content) == 0 || len(role) == 0 {
		return false
	}
	switch meaning(role) {
	case roleUser:
		role = []byte("user")
	case roleAssistant:
		role = []byte("assistant")
	}
	if n := len(f.turns) - 1; n >= 0 && string(role) == "user" && string(f.turns[n].role) == "user" && bytes.Equal(f.turns[n].content, content) {
		return false
	}
	f.turns = append(f.turns, fixedTurn{role, content})
	return true
}

// fixTurns takes the turns that say something. A prompt without a text takes its
// response with it, and a response without a text its prompt: what would be left
// is no pair.
func (c *checker) fixTurns(l *list) (lost int64) {
	orphan := false
	for i := range l.turns {
		t := &l.turns[i]
		role := c.text(t.role)
		m := meaning(role)
		switch {
		case m == roleUser && !t.content.says():
			orphan = true
			lost++
		case m == roleAssistant && orphan:
			lost++
		case m == roleAssistant && !t.content.says():
			orphan = true
			lost += 1 + c.fix.unask()
		default:
			orphan = orphan && m != roleUser
			if !c.fix.add(role, c.text(t.content)) {
				lost++
			}
		}
	}
	return lost + l.n - int64(len(l.turns))
}

// unask takes back the user's last message.
func (f *fixer) unask() (lost int64) {
	if n := len(f.turns) - 1; n >= 0 && string(f.turns[n].role) == "user" {
		f.turns = f.turns[:n]
		return 1
	}
	return 0
}

func (c *checker) fixPair() (lost int64) {
	c.fix.add([]byte("system"), c.text(c.rec.system))
	lost = c.fixTurns(&c.rec.history)
	prompt, response := c.text(c.rec.input), c.text(c.rec.target)
	if len(prompt) == 0 || len(response) == 0 {
		c.fix.turns = c.fix.turns[:0]
		return lost
	}
	c.fix.add([]byte("user"), prompt)
	c.fix.add([]byte("assistant"), response)
	return lost
}

// line builds the superset line. That of a pair has a turn_number, so that its
// history is not taken for pairs.
func (f *fixer) line(c *checker, b []byte, isPair bool) {
	out := append(f.out[:0], `{"conversation_id":`...)
	id := c.text(c.rec.conversation)
	if len(id) == 0 {
		id = c.text(c.rec.id)
	}
	if len(id) == 0 {
		id = []byte("line-" + strconv.FormatInt(c.at.line, 10))
	}
	out = quoted(out, id)
	from := len(out)
	out = append(out, `,"turns":[`...)
	for i, t := range f.turns {
		if i > 0 {
			out = append(out, ',')
		}
		out = quoted(append(out, `{"role":`...), t.role)
		out = append(quoted(append(out, `,"content":`...), t.content), '}')
	}
	out = append(out, ']')
	to := len(out)
	out = append(out, `,"messages":[`...)
	out = append(out, out[from+len(`,"turns":[`):to]...)
	if isPair && c.rec.number.kind == kindNone {
		out = strconv.AppendInt(append(out, `,"turn_number":`...), int64(len(f.turns)), 10)
	}
	if c.rec.deep <= pythonDepth && c.rec.digit <= pythonDigits {
		out = c.rest(out, b)
	}
	f.out = append(out, '}', '\n')
}

// rest appends the members that are no text of the conversation.
func (c *checker) rest(out, b []byte) []byte {
	if !utf8.Valid(b) {
		b = bytes.ToValidUTF8(b, []byte("\ufffd"))
	}
	var s scanner
	s.start(b, true)
	s.space()
	for n := 0; ; {
		key, ok := s.member(&n)
		if !ok {
			return out
		}
		v := s.value()
		switch string(key) {
		case "conversation_id", "turns", "messages", "conversations", "_meta", "system_prompt",
			"conversation_history", "current_user_input", "target_response":
			continue
		}
		out = append(quoted(append(out, ','), key), ':')
		out = compact(out, v)
	}
}

// compact appends a value without line breaks, which would end the line.
func compact(out []byte, v value) []byte {
	if bytes.IndexByte(v.raw, '\n') < 0 && bytes.IndexByte(v.raw, '\r') < 0 {
		return append(out, v.raw...)
	}
	var b bytes.Buffer
	if json.Compact(&b, v.raw) != nil {
		return append(out, "null"...)
	}
	return append(out, b.Bytes()...)
}

// quoted appends text as a JSON string.
func quoted(dst, text []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}
