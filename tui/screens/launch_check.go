package screens

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/loratop/loratop/models"
)

// Recommended dataset sizes of the platform's tutorial and wireframes.
const (
	fewPairs       = 100
	suggestedPairs = 500
)

// allowance is the month's budget as far as it is known.
type allowance struct {
	budget *models.Money // nil: none set
	spent  *models.Money // nil: not read yet
}

// left is what remains of the month; ok is false when it cannot be told.
func (a allowance) left() (models.Money, bool) {
	if a.budget == nil || a.spent == nil {
		return models.Money{}, false
	}
	return a.budget.Sub(*a.spent), true
}

// exceeded reports that total does not fit into what is left.
func (a allowance) exceeded(total models.Money) bool {
	left, ok := a.left()
	return ok && total.Cmp(left) > 0
}

// problems lists everything that stops the launch (Hard) or speaks against it,
// in the order of the form.
func (d *draft) problems(gpus []models.GPU, a allowance) []models.Problem {
	out := d.datasetProblems()
	unreadable := map[string]bool{}
	for _, b := range models.Bounds() {
		if text := d.unreadable(b); text != "" {
			unreadable[b.Field] = true
			out = append(out, models.Problem{Field: b.Field, Text: text, Hard: true})
		}
	}
	if d.model == "" {
		out = append(out, models.Problem{Field: fieldModel, Text: "a base model is needed", Hard: true})
	}
	if _, ok := models.FindGPU(gpus, d.gpu); !ok {
		out = append(out, models.Problem{Field: fieldGPU, Text: "no price is known for this GPU", Hard: true})
	}
	for _, p := range models.CheckLaunch(d.hyperparameters(), d.gpuConfig(gpus)) {
		if !unreadable[p.Field] && !hasField(out, p.Field) {
			out = append(out, p)
		}
	}
	if e, ok := d.estimate(gpus); ok && a.exceeded(e.Total) {
		left, _ := a.left()
		out = append(out, models.Problem{Text: fmt.Sprintf("the estimate is above the $%s left of the month's budget", left.Round())})
	}
	order := launchFields()
	slices.SortStableFunc(out, func(x, y models.Problem) int {
		return fieldRankOf(order, x.Field) - fieldRankOf(order, y.Field)
	})
	return out
}

func (d *draft) datasetProblems() []models.Problem {
	if d.dataset == nil {
		return []models.Problem{{Field: fieldDataset, Text: "choose a dataset", Hard: true}}
	}
	if ok, why := d.dataset.Trainable(); !ok {
		return []models.Problem{{Field: fieldDataset, Text: models.Clean(why), Hard: true}}
	}
	switch n := d.dataset.TotalTrainingPairs; {
	case n == nil:
		return []models.Problem{{Field: fieldDataset, Text: "the number of pairs is unknown: the estimate assumes 1,000"}}
	case *n <= 0:
		return []models.Problem{{Field: fieldDataset, Text: "it has no pairs: a training with it can only fail; the estimate assumes 1,000"}}
	case *n < fewPairs:
		return []models.Problem{{Field: fieldDataset, Text: fmt.Sprintf("only %s: at least %d are advised", plural(int(*n), "pair"), fewPairs)}}
	case *n < suggestedPairs:
		return []models.Problem{{Field: fieldDataset, Text: fmt.Sprintf("%d pairs: %d or more give steadier results", int64(*n), suggestedPairs)}}
	}
	return nil
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

func hasField(list []models.Problem, field string) bool {
	return slices.ContainsFunc(list, func(p models.Problem) bool { return p.Field == field && field != "" })
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
