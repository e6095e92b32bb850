package models

import (
	"fmt"
	"math"
	"strings"
)

// Recommended dataset sizes of the platform's tutorial and wireframes, and
// from where on a run is said to be long, in hours.
const (
	FewPairs       = 100
	SuggestedPairs = 500
	LongHours      = 24
)

// EstimateBand is how far the platform's own projection may be off either way.
const EstimateBand = 0.15

// BudgetGrace is how far above what is left of a budget a launch may go without
// being acknowledged: the platform's specification grants a tenth.
const BudgetGrace = 0.10

// LaunchPlan is a launch before it is made, with all that bears on it.
type LaunchPlan struct {
	Dataset         *Dataset // nil: none chosen
	Lengths         Lengths  // of its examples; the zero value: the row alone
	Hyperparameters Hyperparameters
	GPU             GPUConfig
	GPUs            []GPU  // the price table
	Budget          *Money // of the month; nil: none set
	Spent           *Money // of the month; nil: not known
}

// Overrun says how an estimate stands to what is left of the month's budget.
type Overrun int

// The stages of an overrun.
const (
	OverNone Overrun = iota // fits, or no budget is known
	OverLeft                // above what is left, within BudgetGrace
	OverFar                 // further above: only what is acknowledged is launched
)

// LaunchReview is everything that can be known of a launch beforehand. What is
// nil or zero could not be told.
type LaunchReview struct {
	Estimate        *Estimate
	Least, Most     Money   // of the cost, by EstimateBand
	Soonest, Latest float64 // hours, by EstimateBand
	WorkerSteps     Int     // by the worker's rule; see WorkerSteps
	Examples        int64   // trainable lines that WorkerSteps is computed from
	Memory          *Memory // of one GPU
	GPUMemory       float64 // of one GPU, gigabytes; 0 = unknown
	Fit             Fit
	Truncation      *Truncation
	Left            *Money // of the month's budget
	Over            Overrun
	Problems        []Problem // hard ones stop the launch
}

// WorkerSteps is the worker's own count: the last incomplete batch of an epoch
// is dropped. The platform's estimate rounds up over a number of pairs that is
// often too large, so a job may end at about half of its total steps.
func WorkerSteps(lines int64, batch, epochs Int) Int {
	if lines < 0 || batch < 1 || epochs < 1 {
		return 0
	}
	return Int(lines) / batch * epochs
}

// Review computes everything from the plan. It never fails: what cannot be
// computed is absent, and why is among the problems.
func (p LaunchPlan) Review() LaunchReview {
	var r LaunchReview
	r.Problems = append(p.datasetProblems(), CheckLaunch(p.Hyperparameters, p.GPU)...)
	p.estimate(&r)
	p.memory(&r)
	p.truncation(&r)
	p.worker(&r)
	p.budget(&r)
	return r
}

// Hard are the problems that stop the launch.
func (r LaunchReview) Hard() []Problem {
	var out []Problem
	for _, p := range r.Problems {
		if p.Hard {
			out = append(out, p)
		}
	}
	return out
}

func (r *LaunchReview) warn(field, format string, a ...any) {
	r.Problems = append(r.Problems, Problem{Field: field, Text: fmt.Sprintf(format, a...)})
}

func (p LaunchPlan) datasetProblems() []Problem {
	d := p.Dataset
	if d == nil {
		return []Problem{{Field: "dataset", Text: "choose a dataset", Hard: true}}
	}
	if ok, why := d.Trainable(); !ok {
		return []Problem{{Field: "dataset", Text: Clean(why), Hard: true}}
	}
	switch n := d.TotalTrainingPairs; {
	case n == nil:
		return []Problem{{Field: "dataset", Text: "the number of pairs is unknown: the estimate assumes 1,000"}}
	case *n <= 0:
		return []Problem{{Field: "dataset", Text: "it has no pairs: a training with it can only fail; the estimate assumes 1,000"}}
	case *n == 1:
		return []Problem{{Field: "dataset", Text: fmt.Sprintf("only 1 pair: at least %d are advised", FewPairs)}}
	case *n < FewPairs:
		return []Problem{{Field: "dataset", Text: fmt.Sprintf("only %d pairs: at least %d are advised", int64(*n), FewPairs)}}
	case *n < SuggestedPairs:
		return []Problem{{Field: "dataset", Text: fmt.Sprintf("%d pairs: %d or more give steadier results", int64(*n), SuggestedPairs)}}
	}
	return nil
}

func (p LaunchPlan) estimate(r *LaunchReview) {
	g, ok := FindGPU(p.GPUs, p.GPU.Type)
	h := p.Hyperparameters
	if !ok && p.GPU.Type != "" {
		r.Problems = append(r.Problems, Problem{Field: "gpu_type", Text: "no price is known for this GPU", Hard: true})
	}
	if !ok || p.Dataset == nil || h.BatchSize == nil || h.Epochs == nil || p.GPU.Count == nil {
		return
	}
	e, err := EstimateInput{
		Pairs: p.Dataset.TotalTrainingPairs, Tokens: p.Dataset.TotalTokens, BatchSize: *h.BatchSize, Epochs: *h.Epochs,
		GPUs: *p.GPU.Count, Throughput: g.Throughput, PricePerHour: g.PricePerHour,
	}.Estimate()
	if err != nil {
		if len(r.Hard()) == 0 { // else the reason is said
			r.Problems = append(r.Problems, Problem{Field: "gpu_type", Text: "no estimate is possible: " + strings.TrimPrefix(err.Error(), "estimate: "), Hard: true})
		}
		return
	}
	r.Estimate = &e
	r.Soonest, r.Latest = e.Hours*(1-EstimateBand), e.Hours*(1+EstimateBand)
	r.Least = e.Compute.Cost(1 - EstimateBand).Add(e.Storage).Round()
	r.Most = e.Compute.Cost(1 + EstimateBand).Add(e.Storage).Round()
	if e.Hours > LongHours {
		r.warn("epochs", "the run takes about %.0f hours: more GPUs or fewer epochs make it shorter", e.Hours)
	}
}

// lines are the trainable lines of the dataset: of its file where that was
// looked at, else what its row tells.
func (p LaunchPlan) lines() int64 {
	if l := p.Lengths.Lines; l >= 1 && l < 1<<53 {
		return int64(l + 0.5)
	}
	return p.Dataset.examples()
}

func (p LaunchPlan) memory(r *LaunchReview) {
	h := p.Hyperparameters
	if g, ok := FindGPU(p.GPUs, p.GPU.Type); ok {
		r.GPUMemory = g.MemoryGB
	}
	m, ok := FindBaseModel(h.BaseModel)
	if !ok || h.Rank == nil || h.BatchSize == nil || *h.Rank < 1 || *h.BatchSize < 1 {
		return
	}
	in := MemoryInput{Model: m, Rank: *h.Rank, Batch: *h.BatchSize}
	if h.MaxSeqLength != nil {
		in.SeqLength = *h.MaxSeqLength
	}
	e := in.Estimate()
	r.Memory, r.Fit = &e, e.Fits(r.GPUMemory)
	if r.Fit == FitNot {
		r.warn("gpu_type", "needs about %.0f GB and the GPU has %.0f: a smaller batch, rank or sequence length fits", e.Total/1e9, r.GPUMemory)
	}
}

func (p LaunchPlan) truncation(r *LaunchReview) {
	if p.Dataset == nil {
		return
	}
	h, seq := p.Hyperparameters, int64(0)
	if h.MaxSeqLength != nil {
		seq = int64(*h.MaxSeqLength)
	}
	l := p.Lengths
	if len(l.Tokens) == 0 {
		l = p.Dataset.RowLengths()
	}
	if t, ok := Truncate(*p.Dataset, l, seq); ok {
		r.Truncation = &t
		switch {
		case t.Samples > 0 && t.CutShare >= 0.05:
			r.warn("max_seq_length", "about %s of the examples are longer than %d tokens: %s of all tokens are cut off", percent(t.CutShare), t.SeqLength, percent(t.LostShare))
		case t.Samples == 0 && t.LostShare > 0:
			r.warn("max_seq_length", "at least %s of all tokens are cut off: an example has %.0f tokens on average, and %d are kept", percent(t.LostShare), t.Mean, t.SeqLength)
		}
	}
}

// worker tells what the platform's worker makes of the dataset.
func (p LaunchPlan) worker(r *LaunchReview) {
	if p.Dataset == nil {
		return
	}
	if l := p.Lengths; l.Skipped > 0 {
		r.warn("dataset", "the platform's worker skips the format of %d of %d lines: `loratop datasets check --fix` mends it", l.Skipped, len(l.Tokens))
	}
	h := p.Hyperparameters
	if r.Examples = p.lines(); r.Examples < 1 || h.BatchSize == nil || h.Epochs == nil {
		return
	}
	r.WorkerSteps = WorkerSteps(r.Examples, *h.BatchSize, *h.Epochs)
	if r.WorkerSteps == 0 && *h.BatchSize > 1 && *h.Epochs > 0 {
		r.warn("batch_size", "the worker drops incomplete batches: with %d examples it would train no step", r.Examples)
	}
}

// percent writes a share; one that is not nothing is not written as 0 %.
func percent(share float64) string {
	v := math.Round(share * 100)
	if v == 0 && share > 0 {
		return "less than 1 %"
	}
	return fmt.Sprintf("%.0f %%", v)
}

func (p LaunchPlan) budget(r *LaunchReview) {
	if p.Budget == nil || p.Spent == nil {
		return
	}
	left := p.Budget.Sub(*p.Spent)
	r.Left = &left
	if r.Estimate == nil || r.Estimate.Total.Cmp(left) <= 0 {
		return
	}
	r.Over = OverLeft
	text := fmt.Sprintf("the estimate is above the $%s left of the month's budget", left.Round())
	if r.Estimate.Total.Cmp(left.Cost(1+BudgetGrace)) > 0 || left.Cmp(Money{}) <= 0 {
		r.Over = OverFar
		text += fmt.Sprintf(", by more than %.0f %%: it has to be acknowledged", BudgetGrace*100)
	}
	r.warn("", "%s", text)
}
