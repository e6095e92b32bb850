package models

import (
	"strconv"
	"strings"
)

// Limits of what Retry changes: it does not go below what a worker takes.
const (
	leastRank Int = 4
	leastRate F64 = 1e-5
	usualRate F64 = 2e-4 // the highest that is usual: see Bounds
)

// Retry says how to launch a failed job again so that it does not fail the same
// way: half the batch (or, at a batch of 1, half the rank) after running out of
// memory, a third of the learning rate after NaN, or what is usual where that is
// still more, and never below what the worker takes. what names the change; ok is false when the error asks for none.
func Retry(h Hyperparameters, errorMessage string) (out Hyperparameters, what string, ok bool) {
	text := strings.ToLower(errorMessage)
	has := func(signs ...string) bool {
		for _, s := range signs {
			if strings.Contains(text, s) {
				return true
			}
		}
		return false
	}
	switch {
	case has("out of memory", "cuda oom"):
		if h.BatchSize != nil && *h.BatchSize > 1 {
			h.BatchSize = Ptr(*h.BatchSize / 2)
			return h, "half the batch size", true
		}
		if h.Rank != nil && *h.Rank > leastRank {
			h.Rank = Ptr(max(leastRank, *h.Rank/2))
			return h, "half the LoRA rank", true
		}
	case has("training instability", "(nan)", "loss is nan"):
		if h.LearningRate != nil && h.LearningRate.Finite() && *h.LearningRate > leastRate {
			if third := *h.LearningRate / 3; third > usualRate {
				h.LearningRate = Ptr(usualRate)
				return h, "the highest usual learning rate", true
			}
			h.LearningRate = Ptr(max(leastRate, twoDigits(*h.LearningRate/3)))
			return h, "a third of the learning rate", true
		}
	}
	return h, "", false
}

// twoDigits keeps two significant digits, as people write learning rates.
func twoDigits(v F64) F64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'e', 1, 64), 64)
	if err != nil {
		return v
	}
	return F64(short)
}

// Change is one setting of a launch that is not as it was; "" is a setting that
// was, or is, left to the trainer.
type Change struct {
	Field    string // as Bound.Field, "base_model" or "gpu_type"
	From, To string // plain text
}

// Changes lists what differs between the settings of a job and those of a
// launch that started from it, in the order of the form.
func Changes(h, n Hyperparameters, g, m GPUConfig) []Change {
	var out []Change
	add := func(field, from, to string) {
		if from != to {
			out = append(out, Change{field, from, to})
		}
	}
	add("base_model", Clean(h.BaseModel), Clean(n.BaseModel))
	add("learning_rate", numberText(h.LearningRate), numberText(n.LearningRate))
	add("batch_size", numberText(float(h.BatchSize)), numberText(float(n.BatchSize)))
	add("epochs", numberText(float(h.Epochs)), numberText(float(n.Epochs)))
	add("rank", numberText(float(h.Rank)), numberText(float(n.Rank)))
	add("alpha", numberText(h.Alpha), numberText(n.Alpha))
	add("dropout", numberText(h.Dropout), numberText(n.Dropout))
	add("warmup_steps", numberText(float(h.WarmupSteps)), numberText(float(n.WarmupSteps)))
	add("weight_decay", numberText(h.WeightDecay), numberText(n.WeightDecay))
	add("max_grad_norm", numberText(h.MaxGradNorm), numberText(n.MaxGradNorm))
	add("max_seq_length", numberText(float(h.MaxSeqLength)), numberText(float(n.MaxSeqLength)))
	add("gpu_type", Clean(g.Type), Clean(m.Type))
	add("gpu_count", numberText(float(g.Count)), numberText(float(m.Count)))
	return out
}

func numberText(v *F64) string {
	if v == nil {
		return ""
	}
	return short(float64(*v))
}
