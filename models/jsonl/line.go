package jsonl

import (
	"bytes"
	"strconv"

	"github.com/loratop/loratop/models"
)

// keptTurns is how many turns of a list are looked at one by one; all are counted.
const keptTurns = 1 << 14

// keptScores is how many scores of a line are looked at.
const keptScores = 32

// turn is one element of a list of turns, as it stands.
type turn struct {
	whole         value // any kind
	role, content value // or from and value, as ShareGPT files name them
	share         bool  // it was from or value
	words         int64 // of content, 0 without one
}

// list is a member that should be an array of turns.
type list struct {
	value   value
	turns   []turn // the first keptTurns
	n       int64  // all
	words   int64  // of contents
	null    bool   // one is null: the validator gives up there
	unsplit bool   // one has a content that is no text: the validator gives up after the last
	bad     int64  // without role or content
	first   []int  // the first bad ones, from 1
	spill   *turn  // where those beyond are read
	scratch []byte
}

// record is one line taken apart: what its known keys hold. The slices are
// reused from line to line; the values point into the line.
type record struct {
	whole value
	text  []byte // the record, when it lies in a document of several lines
	keys  int
	fail  string // why the line is no JSON, "" = it is
	at    int    // where
	deep  int
	digit int

	meta, conversation, id         value
	turns, messages, conversations list
	history                        list
	system, input, target          value
	persona, arc, topic            value // of conversation_metadata
	number                         value // turn_number
	scores                         []score
	valence, archetype, arcKey     value
	declared                       value // _meta.total_pairs
	document                       bool  // keys that only the full JSON has
}

// score is a number with the bounds that the platform's files give it.
type score struct {
	path   string
	lo, hi float64
	value  value
}

// parse takes a line apart. It never fails: see record.fail.
func (r *record) parse(b []byte, ctl bool) {
	r.reset()
	var s scanner
	s.start(b, ctl)
	s.space()
	if s.i < len(b) && b[s.i] == '{' {
		r.whole = value{kind: kindObject, at: s.i}
		r.object(&s)
		r.whole.raw = b[r.whole.at:s.i]
	} else {
		r.whole = s.value()
	}
	s.end()
	r.fail, r.at, r.deep, r.digit = s.fail, s.i, s.deep, s.digits
}

func (r *record) reset() {
	*r = record{
		scores: r.scores[:0],
		turns:  r.turns.empty(), messages: r.messages.empty(), conversations: r.conversations.empty(), history: r.history.empty(),
	}
}

// empty is l without content, with its memory.
func (l *list) empty() list {
	return list{turns: l.turns[:0], first: l.first[:0], scratch: l.scratch[:0], spill: l.spill}
}

// object reads the members of the line. A key that stands twice counts as it
// stands last.
func (r *record) object(s *scanner) {
	for {
		key, ok := s.member(&r.keys)
		if !ok {
			return
		}
		switch string(key) {
		case "_meta":
			r.readMeta(s)
		case "messages":
			r.messages.read(s)
		case "turns":
			r.turns.read(s)
		case "conversations":
			r.conversations.read(s)
		case "conversation_history":
			r.history.read(s)
		case "conversation_metadata":
			r.readLabels(s)
		case "training_metadata":
			r.readScores(s)
		case "emotional_context":
			r.readEmotions(s)
		case "training_file_metadata", "dataset_metadata", "consultant_profile", "training_pairs":
			r.document = true
			s.value()
		default:
			*r.plain(key) = s.value()
		}
	}
}

// plain is where the value of a key without structure of its own goes.
func (r *record) plain(key []byte) *value {
	switch string(key) {
	case "conversation_id":
		return &r.conversation
	case "id":
		return &r.id
	case "system_prompt":
		return &r.system
	case "current_user_input":
		return &r.input
	case "target_response":
		return &r.target
	case "turn_number":
		return &r.number
	}
	return new(value)
}

// at reports whether a value of the given opening byte stands next.
func (s *scanner) opens(c byte) bool {
	s.space()
	return s.fail == "" && s.i < len(s.b) && s.b[s.i] == c
}

// read takes the list at which the scanner stands.
func (l *list) read(s *scanner) {
	*l = l.empty()
	if !s.opens('[') {
		l.value = s.value()
		return
	}
	l.value = value{kind: kindArray, at: s.i}
	for n := 0; s.element(&n); {
		t := l.next()
		t.read(s)
		l.count(t)
	}
	if s.fail == "" {
		l.value.raw = s.b[l.value.at:s.i]
	}
}

// next is room for one more turn.
func (l *list) next() *turn {
	if n := len(l.turns); n < keptTurns {
		l.turns = append(l.turns, turn{})
		return &l.turns[n]
	}
	if l.spill == nil {
		l.spill = &turn{}
	}
	return l.spill
}

// count adds a turn to what the validator wants to know of the list.
func (l *list) count(t *turn) {
	l.n++
	if t.content.kind == kindString {
		t.words, l.scratch = words(t.content, l.scratch)
	}
	if l.null = l.null || t.whole.kind == kindNull; l.null {
		return
	}
	if t.share || falsy(t.role) || falsy(t.content) {
		if l.bad++; len(l.first) < platformErrors {
			l.first = append(l.first, int(l.n))
		}
	}
	switch {
	case t.share, t.content.kind == kindNone, t.content.kind == kindNull:
	case t.content.kind != kindString:
		l.unsplit = true
	default:
		l.words += t.words
	}
}

func (t *turn) read(s *scanner) {
	*t = turn{}
	if !s.opens('{') {
		t.whole = s.value()
		return
	}
	t.whole = value{kind: kindObject, at: s.i}
	var from, said value
	for n := 0; ; {
		key, ok := s.member(&n)
		if !ok {
			break
		}
		v := s.value()
		switch string(key) {
		case "role":
			t.role = v
		case "content":
			t.content = v
		case "from":
			from = v
		case "value":
			said = v
		}
	}
	if t.role.kind == kindNone && t.content.kind == kindNone && said.kind != kindNone {
		t.role, t.content, t.share = from, said, true
	}
	if s.fail == "" {
		t.whole.raw = s.b[t.whole.at:s.i]
	}
}

// fields gives each member of the object at which the scanner stands to f, which
// must take its value; anything but an object is passed.
func (s *scanner) fields(f func(key []byte)) value {
	if !s.opens('{') {
		return s.value()
	}
	v := value{kind: kindObject, at: s.i}
	for n := 0; ; {
		key, ok := s.member(&n)
		if !ok {
			return v
		}
		f(key)
	}
}

func (r *record) readMeta(s *scanner) {
	r.declared = value{}
	r.meta = s.fields(func(key []byte) {
		if v := s.value(); string(key) == "total_pairs" {
			r.declared = v
		}
	})
}

func (r *record) readLabels(s *scanner) {
	r.persona, r.arc, r.topic, r.archetype, r.arcKey = value{}, value{}, value{}, value{}, value{}
	s.fields(func(key []byte) {
		v := s.value()
		switch string(key) {
		case "client_persona":
			r.persona = v
		case "emotional_arc":
			r.arc = v
		case "training_topic":
			r.topic = v
		case "persona_archetype":
			r.archetype = v
		case "emotional_arc_key":
			r.arcKey = v
		}
	})
}

func (r *record) readScores(s *scanner) {
	s.fields(func(key []byte) {
		switch string(key) {
		case "quality_score":
			r.score("$.training_metadata.quality_score", 1, 5, s.value())
		case "quality_criteria":
			s.fields(func(key []byte) {
				v := s.value()
				if path := criterion(key); path != "" {
					r.score(path, 1, 5, v)
				}
			})
		default:
			s.value()
		}
	})
}

func (r *record) score(path string, lo, hi float64, v value) {
	if len(r.scores) < keptScores {
		r.scores = append(r.scores, score{path, lo, hi, v})
	}
}

func criterion(key []byte) string {
	switch string(key) {
	case "empathy_score":
		return "$.training_metadata.quality_criteria.empathy_score"
	case "clarity_score":
		return "$.training_metadata.quality_criteria.clarity_score"
	case "appropriateness_score":
		return "$.training_metadata.quality_criteria.appropriateness_score"
	case "brand_voice_alignment":
		return "$.training_metadata.quality_criteria.brand_voice_alignment"
	}
	return ""
}

func (r *record) readEmotions(s *scanner) {
	r.valence = value{}
	s.fields(func(key []byte) {
		if string(key) != "detected_emotions" {
			s.value()
			return
		}
		s.fields(func(key []byte) {
			v := s.value()
			switch string(key) {
			case "valence":
				r.valence = v
			case "intensity":
				r.score("$.emotional_context.detected_emotions.intensity", 0, 1, v)
			case "primary_confidence":
				r.score("$.emotional_context.detected_emotions.primary_confidence", 0, 1, v)
			}
		})
	})
}

// format names the line as models.ParseLine does, and knows the superset.
func (r *record) format() models.LineFormat {
	switch {
	case r.whole.kind != kindObject || r.fail != "":
		return models.LineUnknown
	case r.meta.kind != kindNone && r.keys == 1:
		return models.LineMeta
	case r.messages.value.kind == kindArray && r.turns.value.kind == kindArray && !falsy(r.conversation):
		return LineSuperset
	case r.messages.value.kind != kindNone:
		return only(r.messages, models.LineMessages)
	case r.input.kind != kindNone || r.target.kind != kindNone:
		return models.LinePair
	case r.turns.value.kind != kindNone:
		return only(r.turns, models.LineTurns)
	case r.conversations.value.kind != kindNone:
		return only(r.conversations, models.LineConversations)
	}
	return models.LineUnknown
}

// only is f when the list is one.
func only(l list, f models.LineFormat) models.LineFormat {
	if l.value.kind != kindArray {
		return models.LineUnknown
	}
	return f
}

// falsy is JavaScript's idea of an absent value, as models.ValidateDataset has it.
func falsy(v value) bool {
	switch v.kind {
	case kindNone, kindNull:
		return true
	case kindBool:
		return v.raw[0] == 'f'
	case kindNumber:
		f, err := strconv.ParseFloat(string(v.raw), 64)
		return err == nil && f == 0
	case kindString:
		return len(v.raw) == 2
	}
	return false
}

// words counts the pieces of a string between single spaces, as the platform
// does; scratch is for decoding.
func words(v value, scratch []byte) (int64, []byte) {
	b := v.inner()
	if v.escapes&escapedUnicode != 0 {
		scratch = decode(scratch[:0], b)
		b = scratch
	}
	return int64(bytes.Count(b, []byte(" "))) + 1, scratch
}
