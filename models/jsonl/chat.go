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
	k := talk{path: path, strict: name == "turns", trained: name == "messages"}
	if c.turns(&k, l) > 0 {
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
	if k := c.controls.control(v, text); k >= 0 {
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
