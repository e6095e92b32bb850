package jsonl

import (
	"slices"
	"strconv"

	"github.com/loratop/loratop/models"
)

func count(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + one + "s"
}

// verdicts says who accepts the file, and finds what concerns the whole of it.
func (c *checker) verdicts() {
	r, p := &c.rep, &c.plat.v
	if p.Lines == 0 && r.Kind == KindJSONL {
		r.Kind = KindEmpty
		c.found.whole(codeEmpty, "the file has no line that is not blank")
	}
	r.Validator = Verdict{true, "reads " + count(p.Lines, "conversation") + " with " + count(p.Pairs, "turn")}
	switch {
	case p.Lines == 0:
		r.Validator = Verdict{false, models.ErrEmptyFile.Error()}
	case p.ErrorCount > 0:
		first := p.Errors[0]
		r.Validator = Verdict{false, "finds " + count(p.ErrorCount, "error") + "; the first in record " + strconv.FormatInt(int64(*first.Line), 10) + ": " + first.Error}
	}
	t := &c.train
	switch {
	case r.Kind == KindBinary:
		r.Trainer = Verdict{false, "cannot read the file as text"}
	case r.Kind == KindDocument:
		r.Trainer = Verdict{false, "loads no example: the file is one JSON document, not JSON Lines"}
	case t.fatal != "":
		r.Trainer = Verdict{false, "gives up at line " + strconv.FormatInt(t.fatalLine, 10) + ": " + t.fatal}
	case t.loads == 0:
		r.Trainer = Verdict{false, "loads no example of " + count(p.Lines, "line")}
	case c.stats.pairs == 0:
		r.Trainer = Verdict{true, "loads " + count(t.loads, "example") + ", but none has a trainable pair"}
	default:
		r.Trainer = Verdict{true, "loads " + count(t.loads, "example") + ", skips " + count(t.skips, "line")}
	}
	c.wholeFile()
}

// wholeFile finds what concerns all lines.
func (c *checker) wholeFile() {
	r := &c.rep
	if r.Kind == KindJSONL {
		if n := c.foreign(LineSuperset, models.LineTurns); n > 0 {
			c.found.whole(codeValidator, "the validator refuses "+count(n, "line")+" for their format: it wants conversation_id and turns")
		}
		if c.train.loads == 0 && c.train.fatal == "" {
			c.found.whole(codeTrainer, "the trainer loads no line: it wants messages, or current_user_input and target_response")
		} else if n := c.foreign(LineSuperset, models.LineMessages, models.LinePair, models.LineMeta); n > 0 {
			c.found.whole(codeTrainer, "the trainer skips "+count(n, "line")+" for their format")
		}
	}
	if r.CRLF > 0 {
		c.found.whole(codeCRLF, count(r.CRLF, "line")+" end with CR LF")
	}
	if c.stats.declares && c.stats.declared != c.stats.pairs {
		c.found.whole(codeDeclared, "the file declares "+count(c.stats.declared, "pair")+", "+strconv.FormatInt(c.stats.pairs, 10)+" are trainable")
	}
}

// foreign counts the lines of known formats that are none of those given.
func (c *checker) foreign(known ...models.LineFormat) (n int64) {
	for name, k := range c.stats.formats.m {
		if !slices.Contains(append(known, models.LineUnknown), models.LineFormat(name)) {
			n += k.Count
		}
	}
	return n
}
