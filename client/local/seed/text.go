package seed

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// turn is one message of a made-up conversation.
type turn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// talk is one made-up conversation.
type talk struct {
	id      string
	persona string
	topic   string
	arc     string
	system  string
	turns   []turn // user and assistant in turns, user first
}

// scene is the material of one kind of conversation. A "{x}" in a sentence is
// replaced by one of words[x], the same one all through a conversation.
type scene struct {
	topic, arc, system string
	personas           []string
	words              map[string][]string
	openings           []string
	followUps          []string
	feelings           []string // how an answer begins
	advice             []string
	closings           []string
}

// writer makes conversations from scenes; the same seed makes the same text.
type writer struct {
	rng    *rand.Rand
	scenes []scene
	prefix string
	n      int
}

func newWriter(name string, scenes ...scene) *writer {
	var a, b uint64 = 0x10a7, 0x70b
	for _, c := range name {
		a, b = a*31+uint64(c), b*131+uint64(c)
	}
	return &writer{rng: rand.New(rand.NewPCG(a, b)), scenes: scenes, prefix: uuidOf("talks", name)[:8]}
}

func (w *writer) pick(list []string) string { return list[w.rng.IntN(len(list))] }

// talks makes count conversations of minTurns to maxTurns exchanges.
func (w *writer) talks(count, minTurns, maxTurns int) []talk {
	out := make([]talk, count)
	for i := range out {
		out[i] = w.talk(minTurns + w.rng.IntN(maxTurns-minTurns+1))
	}
	return out
}

func (w *writer) talk(exchanges int) talk {
	s := w.scenes[w.rng.IntN(len(w.scenes))]
	w.n++
	fill := w.filler(s)
	t := talk{
		id:      uuidOf("talk", fmt.Sprint(w.prefix, w.n)),
		persona: w.pick(s.personas), topic: s.topic, arc: s.arc, system: s.system,
	}
	for i := range exchanges {
		ask := w.pick(s.followUps)
		if i == 0 {
			ask = w.pick(s.openings)
		}
		answer := []string{w.pick(s.feelings), w.pick(s.advice)}
		if w.rng.IntN(2) == 0 {
			answer = append(answer, w.pick(s.advice))
		}
		if i == exchanges-1 {
			answer = append(answer, w.pick(s.closings))
		}
		t.turns = append(t.turns,
			turn{"user", fill(ask)}, turn{"assistant", fill(strings.Join(unique(answer), " "))})
	}
	return t
}

// filler replaces the placeholders of one conversation.
func (w *writer) filler(s scene) func(string) string {
	var pairs []string
	for _, name := range sortedKeys(s.words) {
		pairs = append(pairs, "{"+name+"}", w.pick(s.words[name]))
	}
	return strings.NewReplacer(pairs...).Replace
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		seen := false
		for _, o := range out {
			seen = seen || o == s
		}
		if !seen {
			out = append(out, s)
		}
	}
	return out
}
