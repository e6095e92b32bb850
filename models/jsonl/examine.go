package jsonl

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/loratop/loratop/models"
)

func itoa(n int) string { return strconv.Itoa(n) }

// line takes one line of a JSON Lines file.
func (c *checker) line(b []byte, at place) {
	if at.cr {
		c.rep.CRLF++
	}
	marked := at.line == 1 && bytes.HasPrefix(b, []byte(bom))
	if marked {
		b, c.rep.BOM = b[len(bom):], true
		at.off += int64(len(bom))
	}
	if len(bytes.TrimSpace(b)) == 0 {
		c.rep.Blank++
		return
	}
	c.at, c.arena = at, c.arena[:0]
	ctl, high := glance(b)
	c.rec.parse(b, ctl)
	c.plat.line(b, &c.rec)
	if marked {
		c.train.skip()
		c.found.add(codeBOM, c.spot(0, "$"), func() string { return "the file begins with a byte order mark; the trainer skips the line" })
	} else {
		c.train.line(&c.rec, at.line)
	}
	c.high = high
	c.lineAsText(b)
	c.record(b)
}

// lineAsText looks at the line before its meaning.
func (c *checker) lineAsText(b []byte) {
	c.controls.lookFor(b, c.high)
	if len(b) > LongLine {
		c.rep.Long++
		c.found.add(codeLong, c.spot(0, "$"), func() string { return "the line has " + itoa(len(b)>>20) + " MiB" })
	}
	if c.high && !utf8.Valid(b) {
		c.rep.InvalidUTF8++
		c.train.giveUp(c.at.line, "bytes that are not UTF-8")
		i := invalidAt(b)
		c.found.add(codeUTF8, c.spot(i, "$"), func() string { return "byte 0x" + strconv.FormatUint(uint64(b[i]), 16) + " is not UTF-8" })
	}
	if c.rec.fail != "" {
		c.found.add(codeJSON, c.spot(c.rec.at, "$"), func() string { return c.rec.fail + " (column " + itoa(c.rec.at+1) + ")" })
		return
	}
	if c.rec.deep > pythonDepth {
		c.train.giveUp(c.at.line, "nesting that its reader does not take")
		c.found.add(codeDepth, c.spot(0, "$"), func() string { return "nested " + itoa(c.rec.deep) + " deep" })
	}
	if c.rec.digit > pythonDigits {
		c.train.giveUp(c.at.line, "an integer that its reader does not take")
		c.found.add(codeDigits, c.spot(0, "$"), func() string { return "an integer of " + itoa(c.rec.digit) + " digits" })
	}
}

func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return 0
}

// spot is a place in the line at hand.
func (c *checker) spot(i int, path string) spot {
	s := spot{line: c.at.line, off: c.at.off + int64(i), path: path, index: -1, inside: c.inside}
	if c.inside != "" {
		s.line += int64(bytes.Count(c.rec.text[:min(i, len(c.rec.text))], []byte("\n")))
	}
	return s
}

// record looks at what a line means.
func (c *checker) record(b []byte) {
	r := &c.rec
	format := r.format()
	if r.fail == "" {
		c.stats.formats.add([]byte(format), 1)
	}
	switch format {
	case models.LineMeta:
		c.meta()
	case models.LinePair:
		c.pair()
	case models.LineTurns:
		c.chat("turns", &r.turns, codeTurnsEmpty)
	case models.LineMessages:
		c.chat("messages", &r.messages, codeMessagesEmpty)
	case models.LineConversations:
		c.chat("conversations", &r.conversations, codeMessagesEmpty)
	case LineSuperset:
		c.superset()
	default:
		c.unknown()
	}
	c.lint()
	if c.fix != nil {
		c.repair(b, format)
	}
	if format != models.LineUnknown {
		c.sample(b)
	}
}

// sample keeps the first conversations as the screens show them.
func (c *checker) sample(b []byte) {
	if len(c.rep.Samples) >= platformSamples || len(b) > sampleLine {
		return
	}
	if l, err := models.ParseLine(b); err == nil && len(l.Conversation.Turns) > 0 {
		c.rep.Samples = append(c.rep.Samples, l.Conversation)
	}
}

// sampleLine is the longest line that is kept as a sample.
const sampleLine = 1 << 20

func (c *checker) unknown() {
	r := &c.rec
	if r.fail != "" {
		return
	}
	text := "an object without messages, turns, conversations or a pair"
	switch {
	case r.whole.kind != kindObject:
		text = "a JSON value that is no object"
	case r.messages.value.kind != kindNone:
		text = "messages is no array"
	case r.turns.value.kind != kindNone:
		text = "turns is no array"
	case r.conversations.value.kind != kindNone:
		text = "conversations is no array"
	case !falsy(r.conversation):
		c.found.add(codeTurns, c.spot(r.conversation.at, "$.turns"), func() string { return "turns is missing" })
		return
	}
	c.found.add(codeUnknown, c.spot(r.whole.at, "$"), func() string { return text })
}

func (c *checker) meta() {
	if n, err := strconv.ParseInt(string(c.rec.declared.raw), 10, 64); err == nil && c.rec.declared.kind == kindNumber {
		c.stats.declares = true
		c.stats.declared += n
	}
	if c.stats.formats.m[string(models.LineMeta)] != nil && c.notFirst() {
		c.found.add(codeMetaPlace, c.spot(0, "$._meta"), func() string { return "_meta stands after other lines" })
	}
}

// notFirst reports that other records stood before the line at hand.
func (c *checker) notFirst() bool { return c.plat.v.Lines > 1 }

// text is a string decoded; it lives until the next line.
func (c *checker) text(v value) []byte {
	if v.kind != kindString {
		return nil
	}
	if v.escapes == 0 {
		return v.inner()
	}
	n := len(c.arena)
	c.arena = decode(c.arena, v.inner())
	return c.arena[n:len(c.arena):len(c.arena)]
}

// spelled is a string as it stands in the file, decoded only where it has \u
// escapes: good for comparing texts of one file, and for what most need not
// decode.
func (c *checker) spelled(v value) []byte {
	if v.escapes&escapedUnicode != 0 {
		return c.text(v)
	}
	return v.inner()
}

// same reports that two strings are the same text.
func (c *checker) same(a, b value) bool {
	if bytes.Equal(a.raw, b.raw) {
		return true
	}
	return a.escapes|b.escapes != 0 && bytes.Equal(c.text(a), c.text(b))
}

// says reports a string that is not empty.
func (v value) says() bool { return v.kind == kindString && len(v.raw) > 2 }

// pair looks at a v4 line: one prompt with its history and its response.
func (c *checker) pair() {
	r := &c.rec
	c.labels()
	if id := c.text(r.id); len(id) > 0 {
		c.unique(id, r.id, "$.id")
	}
	c.conversation()
	c.half(r.input, "current_user_input")
	c.half(r.target, "target_response")
	asks := c.content(r.input, "$.current_user_input", 0, nil)
	answers := c.content(r.target, "$.target_response", 0, nil)
	words := c.history() + c.wordsOf(r.system) + c.wordsOf(r.input) + c.wordsOf(r.target)
	if r.input.says() && r.target.says() {
		c.learn(pair{r.input, r.target, asks || answers})
	}
	if r.target.says() {
		c.example(words, func(f func(value)) {
			f(r.system)
			for i := range r.history.turns {
				f(r.history.turns[i].content)
			}
			f(r.input)
			f(r.target)
		})
	}
}

// conversation counts the conversation that a pair is part of.
func (c *checker) conversation() {
	if id := c.text(c.rec.conversation); len(id) > 0 {
		c.convs.add(c.pairs.hash(id), c.at.line)
	} else {
		c.stats.conversations++
	}
}

// labels counts by what the line says of itself.
func (c *checker) labels() {
	if c.rec.persona.kind|c.rec.arc.kind|c.rec.topic.kind == kindNone {
		return
	}
	for _, l := range [...]struct {
		names *names
		value value
	}{{&c.stats.personas, c.rec.persona}, {&c.stats.arcs, c.rec.arc}, {&c.stats.topics, c.rec.topic}} {
		if l.value.says() {
			l.names.add(c.text(l.value), 1)
		}
	}
}

func (c *checker) half(v value, name string) {
	switch {
	case v.kind == kindNull && c.inside != "": // the full JSON has turns that are not learnt
	case nothing(v):
		c.found.add(codePairHalf, c.spot(v.at, "$."+name), func() string { return name + " is missing or empty" })
	case v.kind != kindString:
		c.mixed(true, c.spot(v.at, "$."+name), name+" is no string")
	}
}

func (c *checker) wordsOf(v value) (n int64) {
	if !v.says() {
		return 0
	}
	n, c.rec.history.scratch = words(v, c.rec.history.scratch)
	return n
}

// history looks at the turns before a pair's prompt and returns their words.
func (c *checker) history() (words int64) {
	r := &c.rec
	if r.system.says() {
		c.stats.roles.add([]byte("system"), 1)
		c.stats.turns++
	}
	last := len(r.history.turns) - 1
	o := order{}
	for i := range r.history.turns {
		t := &r.history.turns[i]
		words += t.words
		role := c.text(t.role)
		if !nothing(t.content) && (t.content.kind != kindString || (t.role.kind != kindString && !falsy(t.role))) {
			c.mixed(true, c.turnSpot("$.conversation_history", i, t), "role and content must be strings")
		}
		c.stats.turns++
		c.stats.roles.add(role, 1)
		if i == last && string(role) == "user" && r.input.says() && c.same(t.content, r.input) {
			c.found.add(codeRepeated, c.turnSpot("$.conversation_history", i, t), func() string { return "the last turn of the history is current_user_input again" })
			c.stats.turns--
			c.stats.roles.add(role, -1)
			break
		}
		c.step(&o, role, "$.conversation_history", i, t)
	}
	if r.input.says() {
		c.stats.turns++
		c.stats.roles.add([]byte("user"), 1)
	}
	if r.target.says() {
		c.stats.turns++
		c.stats.roles.add([]byte("assistant"), 1)
	}
	return words
}

// superset looks at a line that both readers take: the trainer's messages, and
// the errors that the validator finds in its turns.
func (c *checker) superset() {
	r := &c.rec
	if r.turns.n == 0 {
		c.found.add(codeTurnsEmpty, c.spot(r.turns.value.at, "$.turns"), func() string { return "turns is empty" })
	}
	for i := range r.turns.turns {
		if t := &r.turns.turns[i]; t.share || falsy(t.role) || falsy(t.content) {
			c.found.add(codeTurn, c.turnSpot("$.turns", i, t), func() string { return "turn " + itoa(i+1) + " has no role or no content" })
		}
	}
	c.chat("messages", &r.messages, codeMessagesEmpty)
}

// quote shortens what a finding shows of the file.
func quote(b []byte) string {
	if len(b) > 40 {
		return string(bytes.ToValidUTF8(b[:40], nil)) + "…"
	}
	return string(b)
}

// unique reports an id that stood before.
func (c *checker) unique(id []byte, v value, path string) {
	if first, again := c.ids.add(c.pairs.hash(id), c.at.line); again {
		c.found.add(codeDuplicateID, c.spot(v.at, path), func() string {
			return "the id " + quote(id) + " stands in line " + strconv.FormatInt(first, 10) + " too"
		})
	}
}
