package models

import (
	"fmt"
	"strconv"
	"strings"
)

// HyperNames are the names of hyperparameters as people write them in flags and
// files, in the order of the form, the base model last.
func HyperNames() []string {
	return []string{
		"learning_rate", "batch_size", "epochs", "rank", "alpha", "dropout",
		"warmup_steps", "weight_decay", "max_grad_norm", "max_seq_length", "base_model",
	}
}

// HyperName is the name that HyperNames lists for any spelling that rows and
// the platform's types use ("lora_rank", "num_epochs", "loraAlpha", "lr").
func HyperName(alias string) (name string, ok bool) {
	plain := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(strings.TrimSpace(alias)))
	for _, n := range HyperNames() {
		if plain == strings.ReplaceAll(n, "_", "") {
			return n, true
		}
	}
	switch plain {
	case "lr":
		return "learning_rate", true
	case "r", "lorarank":
		return "rank", true
	case "loraalpha":
		return "alpha", true
	case "loradropout":
		return "dropout", true
	case "numepochs":
		return "epochs", true
	}
	return "", false
}

// Set changes one hyperparameter by any of its names. The error says in one
// line why the value is none; its range is not checked, see CheckLaunch.
func (h *Hyperparameters) Set(name, value string) error {
	long, ok := HyperName(name)
	if !ok {
		return fmt.Errorf("there is no hyperparameter %q", Clean(name))
	}
	value = strings.TrimSpace(value)
	if long == "base_model" {
		h.BaseModel = Clean(value)
		return nil
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("%s: %q is not a number", long, Clean(value))
	}
	floats := map[string]**F64{"learning_rate": &h.LearningRate, "alpha": &h.Alpha, "dropout": &h.Dropout,
		"weight_decay": &h.WeightDecay, "max_grad_norm": &h.MaxGradNorm}
	if p, is := floats[long]; is {
		*p = Ptr(F64(v))
		return nil
	}
	if !(v > -1<<53 && v < 1<<53) || v != float64(int64(v)) {
		return fmt.Errorf("%s: %s is not a whole number", long, Clean(value))
	}
	ints := map[string]**Int{"batch_size": &h.BatchSize, "epochs": &h.Epochs, "rank": &h.Rank,
		"warmup_steps": &h.WarmupSteps, "max_seq_length": &h.MaxSeqLength}
	*ints[long] = Ptr(Int(v))
	return nil
}
