package jsonl_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// maker writes dataset files of any size whose every line is another: their text
// is made of words as frequent as English ones, and each has a number of its own.
type maker struct {
	rng   *rand.Rand
	words []string
	line  func(m *maker, b *bytes.Buffer, n int)
}

func newMaker(line func(m *maker, b *bytes.Buffer, n int)) *maker {
	m := &maker{rng: rand.New(rand.NewPCG(1, 2)), line: line}
	syllables := strings.Fields("the re con ta ti on ing er an mo ney plan is of bud get to ful save debt year in come tax and ly")
	for range 4000 {
		w := ""
		for range 1 + m.rng.IntN(3) {
			w += syllables[m.rng.IntN(len(syllables))]
		}
		m.words = append(m.words, w)
	}
	return m
}

// text is n words with punctuation, an escape now and then, and some characters
// that are not ASCII, as models write them.
func (m *maker) text(b *bytes.Buffer, n int) {
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(m.words[min(m.rng.IntN(len(m.words)), m.rng.IntN(len(m.words)))])
		switch r := m.rng.IntN(200); {
		case r < 12:
			b.WriteByte('.')
		case r < 20:
			b.WriteByte(',')
		case r < 22:
			b.WriteString(`\n\n`)
		case r < 23:
			b.WriteString("’s")
		case r < 24:
			b.WriteString(` \"quoted\"`)
		}
	}
}

// bytes is about size bytes of lines, numbered from first.
func (m *maker) bytes(size, first int) []byte {
	var b bytes.Buffer
	for n := first; b.Len() < size; n++ {
		m.line(m, &b, n)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// turnsLine is a conversation as the validator reads it.
func turnsLine(m *maker, b *bytes.Buffer, n int) {
	fmt.Fprintf(b, `{"conversation_id": "conv-#%08d", "turns": [`, n)
	m.chat(b, 2+m.rng.IntN(3), n)
	b.WriteString("]}")
}

// messagesLine is OpenAI's chat.
func messagesLine(m *maker, b *bytes.Buffer, n int) {
	fmt.Fprintf(b, `{"id": "m-%08d", "messages": [`, n)
	m.chat(b, 1+m.rng.IntN(2), n)
	b.WriteString("]}")
}

func (m *maker) chat(b *bytes.Buffer, pairs, n int) {
	for i := range pairs {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, `{"role": "user", "content": "#%08d `, n)
		m.text(b, 15+m.rng.IntN(40))
		b.WriteString(`"}, {"role": "assistant", "content": "`)
		m.text(b, 60+m.rng.IntN(200))
		b.WriteString(`"}`)
	}
}

// pairLine is a v4 pair with all that the platform's exporter writes.
func pairLine(m *maker, b *bytes.Buffer, n int) {
	fmt.Fprintf(b, `{"id":"topic_turn2_%08x","conversation_id":"%08x-0000-4000-8000-000000000001","turn_number":2,"conversation_metadata":{"client_persona":"Ann - The Planner","persona_archetype":"anxious_planner","client_background":"`, n, n/3)
	m.text(b, 30)
	fmt.Fprintf(b, `","emotional_arc":"Confusion → Clarity","emotional_arc_key":"confusion_to_clarity","training_topic":"Topic %d","training_topic_key":"topic_%d","session_context":"first call","conversation_phase":"initial","expected_outcome":"one next step"},"system_prompt":"You are a calm helper. `, n%20, n%20)
	m.text(b, 150)
	b.WriteString(`","conversation_history":[`)
	for t := range n % 3 {
		fmt.Fprintf(b, `{"turn":%d,"role":"user","content":"`, 2*t+1)
		m.text(b, 60)
		fmt.Fprintf(b, `","emotional_state":{"primary":"worry","intensity":0.6}},{"turn":%d,"role":"assistant","content":"`, 2*t+2)
		m.text(b, 250)
		b.WriteString(`","emotional_state":{"primary":"calm","intensity":0.4}},`)
	}
	var asked bytes.Buffer
	m.text(&asked, 60)
	fmt.Fprintf(b, `{"turn":9,"role":"user","content":"%s","emotional_state":{"primary":"worry","intensity":0.6}}],"current_user_input":"%s","emotional_context":{"detected_emotions":{"primary":"worry","primary_confidence":0.8,"intensity":0.6,"valence":"negative"}},"target_response":"`, asked.String(), asked.String())
	m.text(b, 290)
	b.WriteString(`","training_metadata":{"difficulty_level":"intermediate","key_learning_objective":"budget","demonstrates_skills":["clarity","pacing"],"conversation_turn":2,"emotional_progression_target":"worry(0.8) → calm(0.8)","quality_score":3.4,"quality_criteria":{"empathy_score":3,"clarity_score":4,"appropriateness_score":3,"brand_voice_alignment":3},"human_reviewed":false,"reviewer_notes":null,"use_as_seed_example":false,"generate_variations_count":0}}`)
}

// endless gives a block again and again, of which every line is made another by
// its number, until size bytes are read.
type endless struct {
	block []byte
	marks []int // where each line's eight digits stand
	left  int64
	rest  []byte
	next  int
	watch func() // called with every block; may be nil
}

// newEndless numbers the lines of block anew at every # and eight digits in them.
func newEndless(block []byte, size int64) *endless {
	e := &endless{block: block, left: size}
	for i := 0; ; {
		k := bytes.IndexByte(block[i:], '#')
		if k < 0 {
			return e
		}
		i += k + 1
		e.marks = append(e.marks, i)
	}
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.left <= 0 {
			return 0, io.EOF
		}
		for _, at := range e.marks {
			e.next++
			for i, n := at+7, e.next; i >= at; i, n = i-1, n/10 {
				e.block[i] = '0' + byte(n%10)
			}
		}
		e.rest = e.block
		if e.watch != nil {
			e.watch()
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	e.left -= int64(n)
	return n, nil
}
