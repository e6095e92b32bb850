package jsonl

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// role is what a turn's role means.
type role uint8

const (
	roleOther role = iota
	roleSystem
	roleUser
	roleAssistant
	roleTool
)

// meaning takes the names that models.ParseLine takes; the exact ones need no copy.
func meaning(b []byte) role {
	switch string(b) {
	case "user":
		return roleUser
	case "assistant":
		return roleAssistant
	case "system", "developer":
		return roleSystem
	case "tool", "function":
		return roleTool
	}
	if len(b) > 16 {
		return roleOther
	}
	switch strings.ToLower(string(b)) {
	case "human":
		return roleUser
	case "gpt", "model", "bot":
		return roleAssistant
	}
	return roleOther
}

// pair is what is learnt: the response to a prompt.
type pair struct {
	prompt, response value
	foreign          bool // letters that are not Latin
}

// order follows the roles of a conversation.
type order struct {
	last  role
	text  value // of the last user turn
	wrong bool  // reported already
}

// turnSpot is the place of a turn.
func (c *checker) turnSpot(path string, i int, t *turn) spot {
	s := c.spot(t.whole.at, path)
	s.index = i
	return s
}

// step looks at one turn's role in its order.
func (c *checker) step(o *order, name []byte, path string, i int, t *turn) {
	m := meaning(name)
	switch {
	case m == roleOther:
		c.found.add(codeRoleUnknown, c.turnSpot(path, i, t), func() string { return "the role " + quote(t.role.raw) + " is unknown" })
		return
	case o.wrong || m == roleTool:
	case m == roleSystem && i == 0:
		return
	case m == roleSystem, m == o.last, m == roleAssistant && o.last == roleOther:
		o.wrong = true
		c.found.add(codeRoleOrder, c.turnSpot(path, i, t), func() string { return string(name) + " is out of turn" })
	}
	if m != roleSystem {
		o.last = m
	}
}

// chat looks at a line that is a list of turns.
func (c *checker) chat(name string, l *list, empty code) {
	r := &c.rec
	path := "$." + name
	if r.number.kind != kindNone {
		c.conversation()
	} else {
		c.stats.conversations++
	}
	c.labels()
	if l.n == 0 {
		c.found.add(empty, c.spot(l.value.at, path), func() string { return name + " is empty" })
		return
	}
	id, idPath := r.conversation, "$.conversation_id"
	if id.kind == kindNone || r.number.kind != kindNone {
		id, idPath = r.id, "$.id"
	}
	if text := c.text(id); len(text) > 0 {
		c.unique(text, id, idPath)
	}
	if name == "turns" && falsy(r.conversation) {
		c.found.add(codeConversationID, c.spot(r.whole.at, "$.conversation_id"), func() string { return "conversation_id is missing" })
	}
	if l.n > keptTurns {
		c.found.add(codeMany, c.spot(l.value.at, path), func() string { return strconv.FormatInt(l.n, 10) + " turns in a line" })
	}
	pairs := c.turns(path, l, name == "turns")
	if pairs > 0 {
		c.example(l.spoken(), func(f func(value)) {
			for i := range l.turns {
				f(l.turns[i].content)
			}
		})
	}
}

// spoken is the words of all kept turns.
func (l *list) spoken() (words int64) {
	for i := range l.turns {
		words += l.turns[i].words
	}
	return words
}

// turns walks over a list and returns its trainable pairs, found as
// models.ParseLine finds them. Of a line with a turn_number, which is a v4 pair
// as Fix writes it, only the last pair counts: the others are its history.
func (c *checker) turns(path string, l *list, strict bool) (pairs int) {
	o, last := order{}, len(l.turns)-1
	var now, latest pair
	for i := range l.turns {
		t := &l.turns[i]
		c.stats.turns++
		name, text := c.text(t.role), t.content
		if !c.whole(path, i, t, strict) {
			continue
		}
		c.stats.roles.add(name, 1)
		foreign := c.content(text, path, i, t)
		again := meaning(name) == roleUser && o.last == roleUser && text.says() && c.same(text, o.text)
		if again {
			c.found.add(codeRepeated, c.turnSpot(path, i, t), func() string { return "the user's message stands twice in a row" })
		} else {
			c.step(&o, name, path, i, t)
		}
		switch meaning(name) {
		case roleUser:
			now.prompt, now.foreign, o.text = text, foreign, text
		case roleAssistant:
			now.response, now.foreign = text, now.foreign || foreign
			if now.prompt.says() && text.says() {
				pairs++
				latest = now
				if c.rec.number.kind == kindNone {
					c.learn(now)
				}
			}
			now = pair{}
		}
	}
	if pairs > 0 && c.rec.number.kind != kindNone {
		c.learn(latest)
	}
	if m := o.last; m != roleAssistant && last >= 0 {
		c.found.add(codeRoleEnd, c.turnSpot(path, last, &l.turns[last]), func() string { return "the conversation does not end with the assistant" })
	}
	return pairs
}

// whole reports whether a turn has a role and a text that can be looked at.
func (c *checker) whole(path string, i int, t *turn, strict bool) bool {
	role, content := t.role, t.content
	if t.whole.kind == kindObject && role.kind == kindString && content.kind == kindString && !t.share && len(role.raw) > 2 && len(content.raw) > 2 {
		return true
	}
	at := c.turnSpot(path, i, t)
	switch {
	case t.whole.kind != kindObject:
		c.found.add(codeTurnType, at, func() string { return "a turn must be an object" })
		c.train.giveUp(c.at.line, "a turn that is no object")
		return false
	case (role.kind != kindString && !falsy(role)) || (content.kind != kindString && !falsy(content)):
		c.found.add(codeTurnType, at, func() string { return "role and content must be strings" })
		c.train.giveUp(c.at.line, "turns of mixed types")
		return false
	case strict && (t.share || falsy(role) || falsy(content)):
		c.found.add(codeTurn, at, func() string { return "turn " + itoa(i+1) + " has no role or no content" })
	case falsy(role) || falsy(content):
		c.found.add(codeContent, at, func() string { return "message " + itoa(i+1) + " has no role or no content" })
	}
	return !falsy(role)
}

// content looks at one text: that of a turn of a list, or with a nil turn one of
// its own. It reports letters that are not Latin.
func (c *checker) content(v value, path string, i int, t *turn) (foreign bool) {
	if !v.says() {
		return false
	}
	at := func() spot {
		if t == nil {
			return c.spot(v.at, path)
		}
		s := c.turnSpot(path, i, t)
		s.field = "content"
		return s
	}
	text := c.spelled(v)
	if first := text[0]; (first <= ' ' || first == '\\' || first >= utf8.RuneSelf) && blank(c.text(v)) {
		c.found.add(codeBlank, at(), func() string { return "nothing but white space" })
	}
	high := c.high || v.escapes&escapedUnicode != 0
	foreign = c.stats.scripts.add(text, high)
	if v.escapes&escapedOdd != 0 {
		text = c.text(v)
	}
	if k := control(v, text, high); k >= 0 {
		c.rep.Control++
		r, _ := utf8.DecodeRune(text[k:])
		c.found.add(codeControl, at(), func() string { return "the control character U+" + strings.ToUpper(hex4(r)) })
	}
	if v.escapes&escapedUnicode != 0 && loneSurrogate(v.inner()) {
		c.train.giveUp(c.at.line, "half a character")
		c.found.add(codeSurrogate, at(), func() string { return "a lone surrogate" })
	}
	return foreign
}

func hex4(r rune) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", max(0, 4-len(s))) + s
}

// learn counts a trainable pair and looks whether it stood before.
func (c *checker) learn(p pair) {
	c.stats.pairs++
	first, exact := c.pairs.add(c.spelled(p.prompt), c.spelled(p.response), c.at.line, p.foreign)
	if first == 0 {
		return
	}
	at, what := codeNear, "nearly the pair of line "
	if exact {
		at, what = codeDuplicate, "the pair of line "
	}
	c.found.add(at, c.spot(0, "$"), func() string { return what + strconv.FormatInt(first, 10) + " again" })
}

// example counts one training example: with a tokenizer its texts, else by rule.
func (c *checker) example(words int64, texts func(func(value))) {
	n := int64(math.Round(float64(words) * 1.3))
	if t := c.o.Tokens; t != nil {
		n = 0
		texts(func(v value) {
			if b := c.text(v); len(b) > 0 {
				n += int64(t.Count(b))
			}
		})
	}
	c.stats.tokens.add(n, c.o.SeqLen)
}
