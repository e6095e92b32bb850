package jsonl

import (
	"bytes"
	"math"
	"strconv"

	"github.com/loratop/loratop/models"
)

// What the platform's validator keeps.
const (
	platformErrors  = 10
	platformSamples = 3
)

// platform runs models.ValidateDataset's algorithm on lines that are taken apart
// already; the two agree on every input.
type platform struct {
	v     models.Validation
	words int64
}

func (p *platform) fail(text, suggestion string) {
	p.v.ErrorCount++
	if len(p.v.Errors) < platformErrors {
		p.v.Errors = append(p.v.Errors, models.ValidationError{Line: models.Ptr(models.Int(p.v.Lines)), Error: text, Suggestion: suggestion})
	}
}

// unparsed is what the validator says of everything that throws.
func (p *platform) unparsed() {
	p.fail("JSON parse error", "Check that every line is one whole JSON object.")
}

// line counts one line that is not blank.
func (p *platform) line(b []byte, r *record) {
	p.v.Lines++
	switch {
	case r.fail != "", r.whole.kind == kindNull:
		p.unparsed()
		return
	case falsy(r.conversation):
		p.fail("Missing conversation_id", "Give every line a conversation_id.")
		return
	case r.turns.value.kind != kindArray:
		p.fail("Invalid or missing turns array", "Give every line turns: [{role, content}, …].")
		return
	case r.turns.n == 0:
		p.fail("Empty turns array", "Remove the line, or add its turns.")
		return
	}
	for _, n := range r.turns.first {
		p.fail("Turn "+strconv.Itoa(n)+" missing role or content", "Every turn needs a role and a text.")
	}
	p.v.ErrorCount += r.turns.bad - int64(len(r.turns.first))
	if r.turns.null {
		p.unparsed()
		return
	}
	p.v.Pairs += r.turns.n
	if r.turns.unsplit {
		p.unparsed()
		return
	}
	p.words += r.turns.words
	if len(p.v.Sample) < platformSamples {
		p.v.Sample = append(p.v.Sample, bytes.Clone(b))
	}
}

// result is what the validator would write.
func (p *platform) result() models.Validation {
	if p.v.Lines > 0 {
		p.v.Tokens = int64(math.Round(float64(p.words) * 1.3))
		p.v.AvgTurns = float64(p.v.Pairs) / float64(p.v.Lines)
	}
	return p.v
}
