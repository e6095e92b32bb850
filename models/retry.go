package models

import (
	"strconv"
	"strings"
)

// Retry says how to launch a failed job again so that it does not fail the same
// way: half the batch (or, at a batch of 1, half the rank) after running out of
// memory, a third of the learning rate after NaN. what names the change; ok is
// false when the error asks for none.
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
		if h.Rank != nil && *h.Rank > 1 {
			h.Rank = Ptr(*h.Rank / 2)
			return h, "half the LoRA rank", true
		}
	case has("training instability", "(nan)", "loss is nan"):
		if h.LearningRate != nil && h.LearningRate.Finite() && *h.LearningRate > 0 {
			h.LearningRate = Ptr(twoDigits(*h.LearningRate / 3))
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
