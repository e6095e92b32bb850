package models

import "strings"

// DefaultBaseModel is what the platform trains when a job names no base model.
const DefaultBaseModel = "mistralai/Mistral-7B-v0.1"

// PresetCustom is the id of hyperparameters that follow no preset.
const PresetCustom = "custom"

// Families of presets: the platform's web page and its types (and tutorial)
// offer different ones, and both have a "balanced" of their own.
const (
	FamilyWeb   = "web"
	FamilyTypes = "types"
	FamilyOwn   = "yours" // of the configuration
)

// Preset is a named set of hyperparameters. The id is stored in a job but says
// nothing about its values: two families of the platform share "balanced".
type Preset struct {
	ID              string // what a job's preset_id says, 1 to 50 characters
	Family          string // FamilyWeb, FamilyTypes, FamilyOwn; "" for custom
	Label, Note     string // for people
	Line            int    // in the configuration file; 0 = built in
	Hyperparameters Hyperparameters
}

// Name tells the preset apart from every other: its family and id, "web/fast".
func (p Preset) Name() string {
	if p.Family == "" {
		return p.ID
	}
	return p.Family + "/" + p.ID
}

// Presets are both families of the platform, the web page's first, then custom.
func Presets() []Preset {
	return []Preset{
		preset(FamilyWeb, "fast", "Fast", "one pass, for a first look", 1e-4, 8, 1, 8, 16, 0.05),
		preset(FamilyWeb, "balanced", "Balanced", "the web page's default", 5e-5, 4, 3, 16, 32, 0.1),
		preset(FamilyWeb, "quality", "Quality", "small steps, higher LoRA rank", 3e-5, 2, 5, 32, 64, 0.1),
		preset(FamilyTypes, "conservative", "Conservative", "the tutorial's careful one", 1e-4, 4, 3, 8, 16, 0.05),
		preset(FamilyTypes, "balanced", "Balanced", "the tutorial's, faster than the web page's", 2e-4, 8, 5, 16, 32, 0.1),
		preset(FamilyTypes, "aggressive", "Aggressive", "the tutorial's fast learner", 3e-4, 16, 10, 32, 64, 0.1),
		preset("", PresetCustom, "Custom", "your own values", 2e-4, 8, 5, 16, 32, 0.1),
	}
}

func preset(family, id, label, note string, lr float64, batch, epochs, rank int64, alpha, dropout float64) Preset {
	return Preset{ID: id, Family: family, Label: label, Note: note, Hyperparameters: Hyperparameters{
		BaseModel:    DefaultBaseModel,
		LearningRate: Ptr(F64(lr)), BatchSize: Ptr(Int(batch)), Epochs: Ptr(Int(epochs)),
		Rank: Ptr(Int(rank)), Alpha: Ptr(F64(alpha)), Dropout: Ptr(F64(dropout)),
	}}
}

// FindPreset looks a name up in list, whatever its case: "types/balanced" is
// exactly that one, a bare id is the first that has it.
func FindPreset(list []Preset, name string) (Preset, bool) {
	for _, p := range list {
		if strings.EqualFold(p.Name(), name) {
			return p, true
		}
	}
	for _, p := range list {
		if strings.EqualFold(p.ID, name) {
			return p, true
		}
	}
	return Preset{}, false
}

// PresetNames are the shortest names that FindPreset takes for each of list.
func PresetNames(list []Preset) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.ID
		if first, _ := FindPreset(list, p.ID); first.Name() != p.Name() {
			out[i] = p.Name()
		}
	}
	return out
}

// SameValues reports that two sets train alike: what is stored of a job and the
// values of a preset are compared by it. A preset leaves open what it does not
// name, and the base model is no part of it.
func (h Hyperparameters) SameValues(o Hyperparameters) bool {
	return samePtr(h.LearningRate, o.LearningRate) && samePtr(h.BatchSize, o.BatchSize) && samePtr(h.Epochs, o.Epochs) &&
		samePtr(h.Rank, o.Rank) && samePtr(h.Alpha, o.Alpha) && samePtr(h.Dropout, o.Dropout) &&
		samePtr(h.WarmupSteps, o.WarmupSteps) && samePtr(h.WeightDecay, o.WeightDecay) &&
		samePtr(h.MaxGradNorm, o.MaxGradNorm) && samePtr(h.MaxSeqLength, o.MaxSeqLength)
}

func samePtr[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// PresetOf is the preset of list whose id and values a job has; ok is false when
// none fits, as after a change by hand.
func PresetOf(list []Preset, id string, h Hyperparameters) (Preset, bool) {
	for _, p := range list {
		if strings.EqualFold(p.ID, id) && p.ID != PresetCustom && p.Hyperparameters.SameValues(h) {
			return p, true
		}
	}
	return Preset{}, false
}

// GPU is a row of the price table.
type GPU struct {
	ID           string   // what a job's gpu_config.type says
	Label        string   // for people
	Aliases      []string // other spellings that rows carry
	MemoryGB     float64
	PricePerHour Money   // of one GPU
	Throughput   float64 // tokens/s of one GPU, as the platform's estimator assumes
}

// GPUs is the built-in price table: the web platform's prices, with the names of
// its TypeScript types as aliases. Configuration can replace it.
func GPUs() []GPU {
	return []GPU{
		{ID: "A100-80GB", Label: "NVIDIA A100 80GB", Aliases: []string{"nvidia-a100-80gb"}, MemoryGB: 80, PricePerHour: Dollars(350), Throughput: 1800},
		{ID: "A100-40GB", Label: "NVIDIA A100 40GB", Aliases: []string{"nvidia-a100-40gb"}, MemoryGB: 40, PricePerHour: Dollars(280), Throughput: 1500},
		{ID: "H100", Label: "NVIDIA H100", Aliases: []string{"nvidia-h100", "H100-80GB"}, MemoryGB: 80, PricePerHour: Dollars(420), Throughput: 2200},
		{ID: "V100-32GB", Label: "NVIDIA V100 32GB", Aliases: []string{"nvidia-v100-32gb"}, MemoryGB: 32, PricePerHour: Dollars(210), Throughput: 1200},
	}
}

// FindGPU looks name up by id, label or alias, whatever its case.
func FindGPU(list []GPU, name string) (GPU, bool) {
	for _, g := range list {
		if strings.EqualFold(g.ID, name) || strings.EqualFold(g.Label, name) {
			return g, true
		}
		for _, a := range g.Aliases {
			if strings.EqualFold(a, name) {
				return g, true
			}
		}
	}
	return GPU{}, false
}
