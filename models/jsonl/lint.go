package jsonl

import (
	"slices"
	"strconv"
	"strings"
)

// lint looks at numbers that have a scale, and at words of which the platform
// prints a list.
func (c *checker) lint() {
	r := &c.rec
	if r.fail != "" {
		return
	}
	for _, s := range r.scores {
		c.scale(s)
	}
	if r.valence.kind|r.archetype.kind|r.arcKey.kind != kindNone {
		c.listed(r.valence, "$.emotional_context.detected_emotions.valence", "positive", "negative", "mixed")
		c.listed(r.archetype, "$.conversation_metadata.persona_archetype", "pragmatic_optimist", "anxious_planner", "overwhelmed_avoider")
		c.listed(r.arcKey, "$.conversation_metadata.emotional_arc_key",
			"confusion_to_clarity", "shame_to_acceptance", "fear_to_confidence", "overwhelm_to_empowerment")
	}
	if v := r.number; v.kind != kindNone && (v.kind != kindNumber || v.raw[0] == '-' || string(v.raw) == "0") {
		c.found.add(codeScore, c.spot(v.at, "$.turn_number"), func() string { return quote(v.raw) + " is no turn number" })
	}
}

// scale finds a score outside its bounds; null is none.
func (c *checker) scale(s score) {
	if s.value.kind == kindNone || s.value.kind == kindNull {
		return
	}
	f, err := strconv.ParseFloat(string(s.value.raw), 64)
	if s.value.kind != kindNumber || err != nil || f < s.lo || f > s.hi {
		c.found.add(codeScore, c.spot(s.value.at, s.path), func() string {
			return quote(s.value.raw) + " is not in " + itoa(int(s.lo)) + " to " + itoa(int(s.hi))
		})
	}
}

// listed finds a word that is not on the platform's list; nothing and null are.
func (c *checker) listed(v value, path string, words ...string) {
	if v.kind == kindNone || v.kind == kindNull || slices.Contains(words, string(c.text(v))) {
		return
	}
	c.found.add(codeEnum, c.spot(v.at, path), func() string { return quote(v.raw) + " is none of " + strings.Join(words, ", ") })
}
