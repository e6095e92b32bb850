package cmd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// alertHelp documents the language of --alert.
const alertHelp = `An alert is a condition over what is known of a job:

  nan(loss)                  the value is not a number
  inf(grad)                  the value is infinite
  bad(loss)                  either of them
  loss > 3                   also >= < <= == !=
  stalled(10m)               it runs, and there was no new point for so long
  val > 2 and step > 1000    and, or, not and parentheses join conditions

Names: loss, val, lr, grad, throughput, gpu (of the newest point that has the
value), step, epoch, progress (percent), cost (dollars so far).
An unknown value fulfils no condition. An alert fires once, and again only after
its condition has not held for a while.`

// alertView is what a condition can ask.
type alertView struct {
	value func(name string) (v float64, known bool)
	idle  time.Duration // since the last new point of a running job; 0 when it does not run
}

// condition is a node of a parsed alert.
type condition func(alertView) bool

func alertNames() []string {
	return []string{"loss", "val", "lr", "grad", "throughput", "gpu", "step", "epoch", "progress", "cost"}
}

// alertMax is the longest expression, and bounds how deep it can nest.
const alertMax = 500

// parseAlert reads one expression.
func parseAlert(text string) (condition, error) {
	if len(text) > alertMax {
		return nil, alertError(text[:20]+"…", "an alert has at most %d characters", alertMax)
	}
	p := &alertParser{text: text, tokens: alertTokens(text)}
	c, err := p.either()
	if err == nil && p.peek() != "" {
		err = p.unexpected("the end")
	}
	return c, err
}

func alertError(text, format string, args ...any) error {
	return usagef("for example --alert 'nan(loss)', --alert 'val > 3' or --alert 'stalled(10m)'; see: loratop help watch",
		"--alert %q: %s", text, fmt.Sprintf(format, args...))
}

// alertTokens cuts words, numbers, operators and parentheses apart.
func alertTokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		c := rune(s[i])
		j := i + 1
		switch {
		case unicode.IsSpace(c):
			i++
			continue
		case alertWord(c) || c == '-' || c == '+':
			for j < len(s) && (alertWord(rune(s[j])) || (s[j] == '-' || s[j] == '+') && isExponent(s[i:j])) {
				j++
			}
		case strings.ContainsRune("<>=!&|", c):
			for j < len(s) && strings.ContainsRune("=&|", rune(s[j])) {
				j++
			}
		}
		out = append(out, s[i:j])
		i = j
	}
	return out
}

func alertWord(c rune) bool {
	return c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isExponent reports a number that goes on behind its sign: 1e-5.
func isExponent(s string) bool {
	last := s[len(s)-1]
	return (last == 'e' || last == 'E') && (s[0] >= '0' && s[0] <= '9' || strings.ContainsRune("+-.", rune(s[0])))
}

type alertParser struct {
	text   string
	tokens []string
}

func (p *alertParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *alertParser) next() string {
	t := p.peek()
	if t != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *alertParser) unexpected(want string) error {
	if p.peek() == "" {
		return alertError(p.text, "it ends where %s is expected", want)
	}
	return alertError(p.text, "%q where %s is expected", p.peek(), want)
}

func (p *alertParser) either() (condition, error) {
	return p.joined(p.both, []string{"or", "||", "|"}, func(a, b condition) condition {
		return func(v alertView) bool { return a(v) || b(v) }
	})
}

func (p *alertParser) both() (condition, error) {
	return p.joined(p.one, []string{"and", "&&", "&"}, func(a, b condition) condition {
		return func(v alertView) bool { return a(v) && b(v) }
	})
}

func (p *alertParser) joined(part func() (condition, error), words []string, join func(a, b condition) condition) (condition, error) {
	c, err := part()
	for err == nil && contains(words, p.peek()) {
		p.next()
		var d condition
		if d, err = part(); err == nil {
			c = join(c, d)
		}
	}
	return c, err
}

func contains(words []string, w string) bool {
	for _, x := range words {
		if strings.EqualFold(x, w) {
			return true
		}
	}
	return false
}

func (p *alertParser) one() (condition, error) {
	switch t := p.next(); {
	case t == "(":
		c, err := p.either()
		if err != nil {
			return nil, err
		}
		return c, p.expect(")")
	case strings.EqualFold(t, "not"), t == "!":
		c, err := p.one()
		return func(v alertView) bool { return !c(v) }, err
	case p.peek() == "(":
		p.next()
		arg := p.next()
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		return p.call(strings.ToLower(t), arg)
	case t == "":
		return nil, p.unexpected("a condition")
	default:
		return p.comparison(t)
	}
}

func (p *alertParser) expect(t string) error {
	if p.peek() != t {
		return p.unexpected(strconv.Quote(t))
	}
	p.next()
	return nil
}

func (p *alertParser) call(name, arg string) (condition, error) {
	if name == "stalled" {
		d, err := time.ParseDuration(arg)
		if err != nil || d <= 0 {
			return nil, alertError(p.text, "stalled needs a duration such as 10m, not %q", arg)
		}
		return func(v alertView) bool { return v.idle >= d }, nil
	}
	tests := map[string]func(float64) bool{
		"nan": math.IsNaN, "inf": func(f float64) bool { return math.IsInf(f, 0) },
		"bad": func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) },
	}
	test, ok := tests[name]
	if !ok {
		return nil, alertError(p.text, "no function %q; there are nan, inf, bad and stalled", name)
	}
	if !contains(alertNames(), arg) {
		return nil, p.noName(arg)
	}
	arg = strings.ToLower(arg)
	return func(v alertView) bool { f, known := v.value(arg); return known && test(f) }, nil
}

func (p *alertParser) noName(name string) error {
	return alertError(p.text, "no value %q; there are %s", name, strings.Join(alertNames(), ", "))
}

func (p *alertParser) comparison(name string) (condition, error) {
	if !contains(alertNames(), name) {
		return nil, p.noName(name)
	}
	name = strings.ToLower(name)
	ops := map[string]func(a, b float64) bool{
		">": func(a, b float64) bool { return a > b }, ">=": func(a, b float64) bool { return a >= b },
		"<": func(a, b float64) bool { return a < b }, "<=": func(a, b float64) bool { return a <= b },
		"==": func(a, b float64) bool { return a == b }, "!=": func(a, b float64) bool { return a != b },
	}
	op, ok := ops[p.peek()]
	if !ok {
		return nil, p.unexpected("one of > >= < <= == !=")
	}
	p.next()
	limit, err := strconv.ParseFloat(p.peek(), 64)
	if err != nil || math.IsNaN(limit) {
		return nil, p.unexpected("a number")
	}
	p.next()
	return func(v alertView) bool { f, known := v.value(name); return known && !math.IsNaN(f) && op(f, limit) }, nil
}
