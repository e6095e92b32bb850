package screens

import (
	"cmp"
	"slices"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// tallyMost bounds what a tally remembers; what is read behind it is not
// counted any more.
const tallyMost = 500_000

// tally sums up the samples that were read, each once.
type tally struct {
	seen    map[int64]int64 // numbers of lines by offset, 0 for unknown
	bytes   int64
	by      string  // what counted the tokens, "" for the platform's rule
	tokens  []int32 // of those that are examples
	formats counts
	roles   counts
	persona counts
	arc     counts
	topic   counts
	version int
}

// counts are how often each name occurs.
type counts map[string]int64

func (c *counts) add(name string) {
	if name == "" {
		return
	}
	if *c == nil {
		*c = counts{}
	}
	if _, had := (*c)[name]; !had && len(*c) >= 10_000 {
		name = "(others)"
	}
	(*c)[name]++
}

// sorted are the counts, most frequent first.
func (c counts) sorted() []jsonl.Count {
	out := make([]jsonl.Count, 0, len(c))
	for name, n := range c {
		out = append(out, jsonl.Count{Name: name, Count: n})
	}
	slices.SortFunc(out, func(a, b jsonl.Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// add counts samples that were not seen before.
func (t *tally) add(list []sample) {
	for i := range list {
		s := &list[i]
		no, had := t.seen[s.at]
		if had && no == 0 && s.no > 0 {
			t.seen[s.at] = s.no
		}
		if had || len(t.seen) >= tallyMost || s.cut || s.headless {
			continue
		}
		if t.seen == nil {
			t.seen = map[int64]int64{}
		}
		t.seen[s.at] = s.no
		t.bytes += int64(len(s.text)) + 1
		t.version++
		if s.err != "an empty line" {
			t.formats.add(string(s.format))
		}
		if len(s.conv.Turns) == 0 {
			continue
		}
		t.tokens = append(t.tokens, int32(min(s.tokens, 1<<30)))
		for _, turn := range s.conv.Turns {
			t.roles.add(models.Clean(turn.Role))
		}
		t.persona.add(s.about.persona)
		t.arc.add(s.about.arc)
		t.topic.add(s.about.topic)
	}
}

// number gives the samples of a run their line numbers when one of them was seen
// with its own before.
func (t *tally) number(list []sample) {
	for i := range list {
		no := t.seen[list[i].at]
		if list[i].no > 0 {
			return
		}
		if no == 0 {
			continue
		}
		for k := range list {
			list[k].no = no + int64(k-i)
		}
		return
	}
}

// lineBytes is the mean length of a line, 0 before any.
func (t *tally) lineBytes() float64 {
	if len(t.seen) == 0 {
		return 0
	}
	return float64(t.bytes) / float64(len(t.seen))
}

// lines is how many lines were counted.
func (t *tally) lines() int { return len(t.seen) }
