package screens

import (
	"math"
	"slices"
	"strconv"

	"github.com/loratop/loratop/models"
)

// allowance is the month's budget as far as it is known.
type allowance struct {
	budget *models.Money // nil: none set
	spent  *models.Money // nil: not read yet
}

// problems lists everything that stops the launch (Hard) or speaks against it,
// in the order of the form. A text that is no value is said instead of the
// value that is missing for it.
func (d *draft) problems(r models.LaunchReview) []models.Problem {
	var out []models.Problem
	unreadable := map[string]bool{}
	for _, b := range models.Bounds() {
		if text := d.unreadable(b); text != "" {
			unreadable[b.Field] = true
			out = append(out, models.Problem{Field: b.Field, Text: text, Hard: true})
		}
	}
	for _, p := range r.Problems {
		if !unreadable[p.Field] {
			out = append(out, p)
		}
	}
	order := launchFields()
	slices.SortStableFunc(out, func(x, y models.Problem) int {
		return fieldRankOf(order, x.Field) - fieldRankOf(order, y.Field)
	})
	return out
}

// unreadable says why the text of a bounded field is no value, "" if it is one.
func (d *draft) unreadable(b models.Bound) string {
	text := d.text[b.Field]
	if text == "" {
		if optionalField(b.Field) {
			return ""
		}
		return "a value is needed"
	}
	if b.Integer && d.integer(b.Field) == nil {
		return "not a whole number"
	}
	if !b.Integer && d.float(b.Field) == nil {
		return "not a number"
	}
	return ""
}

func fieldRankOf(order []string, field string) int {
	if i := slices.Index(order, field); i >= 0 {
		return i
	}
	return len(order)
}

// hardProblems are those that stop a launch.
func hardProblems(list []models.Problem) []models.Problem {
	var out []models.Problem
	for _, p := range list {
		if p.Hard {
			out = append(out, p)
		}
	}
	return out
}

// boundOf finds the bound of a field.
func boundOf(field string) (models.Bound, bool) {
	for _, b := range models.Bounds() {
		if b.Field == field {
			return b, true
		}
	}
	return models.Bound{}, false
}

// boundText is the range of a field in words: what is usual, what is possible.
func boundText(b models.Bound) string {
	hard := formatFloat(b.Min) + "–" + formatFloat(b.Max)
	if b.SoftMin == b.Min && b.SoftMax == b.Max {
		return hard
	}
	return "usually " + formatFloat(b.SoftMin) + "–" + formatFloat(b.SoftMax) + ", possible " + hard
}

// stepField is the next value of a field in a direction (+1 or -1), inside its
// hard bounds: along 1-2-3-5 for the learning rate, by a fitting step elsewhere.
func (d *draft) stepField(field string, dir int) {
	b, ok := boundOf(field)
	if !ok {
		return
	}
	now := d.float(field)
	if now == nil {
		d.set(field, formatFloat(b.SoftMin))
		return
	}
	v := float64(*now)
	if field == fieldRate {
		v = stepDecade(v, dir)
	} else {
		step := stepSize(field)
		v = math.Round((v+float64(dir)*step)/step) * step // onto the grid of steps
	}
	v = min(max(v, b.Min), b.Max)
	if b.Integer {
		d.set(field, strconv.FormatInt(int64(math.Round(v)), 10))
		return
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64) // 0.11, not 0.11000000000000001
	d.set(field, formatFloat(v))
}

func stepSize(field string) float64 {
	switch field {
	case fieldRank:
		return 4
	case fieldAlpha:
		return 8
	case fieldDropout, fieldDecay:
		return 0.01
	case fieldWarmup:
		return 10
	case fieldNorm:
		return 0.1
	case fieldSequence:
		return 256
	}
	return 1
}

// stepDecade moves along 1, 2, 3, 5 × powers of ten.
func stepDecade(v float64, dir int) float64 {
	if v <= 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 1e-5
	}
	exp := math.Floor(math.Log10(v))
	best := v
	for e := exp - 1; e <= exp+1; e++ {
		for _, m := range []float64{1, 2, 3, 5} {
			c := m * math.Pow(10, e)
			switch {
			case dir > 0 && c > v*1.0001 && (best == v || c < best):
				best = c
			case dir < 0 && c < v*0.9999 && (best == v || c > best):
				best = c
			}
		}
	}
	return best
}
