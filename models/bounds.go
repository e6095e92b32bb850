package models

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bound is the range of one launch field. Outside Min..Max the worker refuses
// the job; outside SoftMin..SoftMax it is unusual and worth a warning.
type Bound struct {
	Field, Label     string
	Min, Max         float64
	SoftMin, SoftMax float64
	Integer          bool
	Why              string // the reason for the range
}

// Bounds are the worker's hard limits and the web page's slider ranges.
func Bounds() []Bound {
	return []Bound{
		{"learning_rate", "Learning rate", 1e-5, 1e-3, 1e-5, 2e-4, false, "above 2e-4 LoRA runs often diverge; the worker takes 1e-5 to 1e-3"},
		{"batch_size", "Batch size", 1, 64, 1, 16, true, "larger batches need more GPU memory; the worker takes 1 to 64"},
		{"epochs", "Epochs", 1, 20, 1, 10, true, "many passes over a small dataset overfit; the worker takes 1 to 20"},
		{"rank", "LoRA rank", 4, 128, 4, 64, true, "a higher rank learns more and overfits sooner; the worker takes 4 to 128"},
		{"alpha", "LoRA alpha", 1, 512, 8, 128, false, "the update is scaled by alpha / rank; twice the rank is usual"},
		{"dropout", "LoRA dropout", 0, 0.9, 0, 0.2, false, "a share of the adapter's input that is dropped; above 0.2 it learns slowly"},
		{"warmup_steps", "Warm-up steps", 0, 100000, 0, 1000, true, "steps until the learning rate is reached; the worker warms up over a tenth by itself"},
		{"weight_decay", "Weight decay", 0, 1, 0, 0.1, false, "usual values lie between 0 and 0.1"},
		{"max_grad_norm", "Max gradient norm", 0.01, 100, 0.1, 10, false, "longer gradients are clipped to this length"},
		{"max_seq_length", "Max sequence length", 16, 32768, 512, 8192, true, "tokens a sample is cut to; the worker uses 2048"},
		{"gpu_count", "GPUs", 1, 8, 1, 8, true, "1 to 8 GPUs of one kind"},
	}
}

// Problem is a launch field outside its bound. A hard one must be mended.
type Problem struct {
	Field, Text string
	Hard        bool
}

// CheckLaunch compares every field of a launch with its bound, in the order of
// Bounds. Fields that a job must have and lacks are hard problems.
func CheckLaunch(h Hyperparameters, g GPUConfig) []Problem {
	values := map[string]*F64{
		"learning_rate": h.LearningRate, "batch_size": float(h.BatchSize), "epochs": float(h.Epochs),
		"rank": float(h.Rank), "alpha": h.Alpha, "dropout": h.Dropout, "warmup_steps": float(h.WarmupSteps),
		"weight_decay": h.WeightDecay, "max_grad_norm": h.MaxGradNorm, "max_seq_length": float(h.MaxSeqLength),
		"gpu_count": float(g.Count),
	}
	required := map[string]bool{"learning_rate": true, "batch_size": true, "epochs": true, "rank": true, "gpu_count": true}
	var out []Problem
	for _, b := range Bounds() {
		v := values[b.Field]
		if v == nil {
			if required[b.Field] {
				out = append(out, Problem{b.Field, b.Label + " is missing", true})
			}
			continue
		}
		if p := b.Check(float64(*v)); p != nil {
			out = append(out, *p)
		}
	}
	if g.Type == "" {
		out = append(out, Problem{"gpu_type", "GPU type is missing", true})
	}
	if h.BaseModel == "" {
		out = append(out, Problem{"base_model", "Base model is missing", true})
	}
	return out
}

// Check compares one value with the bound; nil when it is inside.
func (b Bound) Check(v float64) *Problem {
	switch f := F64(v); {
	case !f.Finite():
		return &Problem{b.Field, b.Label + " is not a number", true}
	case b.Integer && v != float64(int64(v)):
		return &Problem{b.Field, b.Label + " must be a whole number", true}
	case v < b.Min || v > b.Max:
		return &Problem{b.Field, fmt.Sprintf("%s must be %s to %s: %s", b.Label, short(b.Min), short(b.Max), b.Why), true}
	case v < b.SoftMin || v > b.SoftMax:
		return &Problem{b.Field, fmt.Sprintf("%s is usually %s to %s: %s", b.Label, short(b.SoftMin), short(b.SoftMax), b.Why), false}
	}
	return nil
}

func float(i *Int) *F64 {
	if i == nil {
		return nil
	}
	return Ptr(F64(*i))
}

// short writes a number as people write it: 0.001, 2e-4, 64.
func short(v float64) string {
	if v != 0 && math.Abs(v) < 1e-3 {
		return strings.Replace(strconv.FormatFloat(v, 'e', -1, 64), "e-0", "e-", 1)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
