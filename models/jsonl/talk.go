package jsonl

// talk is a conversation on the way through its turns.
type talk struct {
	order
	path        string
	strict      bool // the validator reads it: a turn without a text is an error
	trained     bool // the trainer reads it: mixed types stop it
	last        bool // only the last pair counts
	now, latest pair
	pairs       int
}

// turns walks over a list and returns its trainable pairs, found as
// models.ParseLine finds them. Of a line with a turn_number, which is a v4 pair
// as Fix writes it, only the last pair counts: the others are its history.
func (c *checker) turns(k *talk, l *list) int {
	k.last = c.rec.number.kind != kindNone
	for i := range l.turns {
		c.stats.turns++
		c.turn(k, i, &l.turns[i])
	}
	if k.last && k.pairs > 0 {
		c.learn(k.latest)
	}
	if n := len(l.turns) - 1; n >= 0 && k.order.last != roleAssistant {
		c.found.add(codeRoleEnd, c.turnSpot(k.path, n, &l.turns[n]), func() string { return "the conversation does not end with the assistant" })
	}
	return k.pairs
}

// turn looks at one turn.
func (c *checker) turn(k *talk, i int, t *turn) {
	name, text := c.text(t.role), t.content
	m := meaning(name)
	if !t.sound() && !c.unsound(k, i, t) {
		if m == roleUser || m == roleAssistant {
			k.now = pair{}
		}
		return
	}
	c.stats.roles.add(name, 1)
	foreign := c.content(text, k.path, i, t)
	if m == roleUser && k.order.last == roleUser && text.says() && c.same(text, k.text) {
		c.found.add(codeRepeated, c.turnSpot(k.path, i, t), func() string { return "the user's message stands twice in a row" })
	} else {
		c.step(&k.order, name, k.path, i, t)
	}
	switch m {
	case roleUser:
		k.now, k.text = pair{prompt: text, foreign: foreign}, text
	case roleAssistant:
		k.now.response, k.now.foreign = text, k.now.foreign || foreign
		c.paired(k)
	}
}

// paired takes the pair that an assistant's turn has ended.
func (c *checker) paired(k *talk) {
	if k.now.prompt.says() && k.now.response.says() {
		k.pairs++
		if k.latest = k.now; !k.last {
			c.learn(k.now)
		}
	}
	k.now = pair{}
}

// sound reports a role and a text.
func (t *turn) sound() bool { return t.role.says() && t.content.says() && !t.share }

// odd reports a value that is neither text nor absent.
func (v value) odd() bool { return v.kind != kindNone && v.kind != kindNull && v.kind != kindString }

// unsound says what is wrong with a turn, and reports whether it can be looked at
// all the same.
func (c *checker) unsound(k *talk, i int, t *turn) bool {
	at := c.turnSpot(k.path, i, t)
	missing := falsy(t.role) || falsy(t.content)
	switch {
	case t.whole.kind != kindObject:
		c.mixed(k.trained, at, "a turn must be an object")
		return false
	case t.role.odd(), t.content.odd():
		c.mixed(k.trained, at, "role and content must be strings")
		return false
	case k.strict && (missing || t.share):
		c.found.add(codeTurn, at, func() string { return "turn " + itoa(i+1) + " has no role or no content" })
	case missing:
		c.found.add(codeContent, at, func() string { return "message " + itoa(i+1) + " has no role or no content" })
	}
	return !falsy(t.role)
}

// mixed finds a value of another type than its neighbours, which stops the
// trainer where it reads them.
func (c *checker) mixed(trained bool, at spot, text string) {
	c.found.add(codeTurnType, at, func() string { return text })
	if trained && c.train.loaded {
		c.train.giveUp(c.at.line, "a role or text that is no string")
	}
}
