package screens

import (
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/loratop/loratop/models"
)

// The fields of a launch in the order in which the form shows them. Those of
// models.Bounds keep their names, so that problems find their field.
const (
	fieldDataset  = "dataset"
	fieldPreset   = "preset"
	fieldModel    = "base_model"
	fieldRate     = "learning_rate"
	fieldBatch    = "batch_size"
	fieldEpochs   = "epochs"
	fieldRank     = "rank"
	fieldAlpha    = "alpha"
	fieldDropout  = "dropout"
	fieldWarmup   = "warmup_steps"
	fieldDecay    = "weight_decay"
	fieldNorm     = "max_grad_norm"
	fieldSequence = "max_seq_length"
	fieldGPU      = "gpu_type"
	fieldGPUCount = "gpu_count"
)

// launchFields lists every field of the form.
func launchFields() []string {
	return []string{fieldDataset, fieldPreset, fieldModel, fieldRate, fieldBatch, fieldEpochs, fieldRank, fieldAlpha,
		fieldDropout, fieldWarmup, fieldDecay, fieldNorm, fieldSequence, fieldGPU, fieldGPUCount}
}

// optionalField reports a number that may stay empty: the trainer decides then.
func optionalField(f string) bool {
	switch f {
	case fieldWarmup, fieldDecay, fieldNorm, fieldSequence:
		return true
	}
	return false
}

// draft is what a launch form holds. It outlives the screen, so that leaving
// the form loses nothing, and it owns the id under which the job is inserted:
// the id changes only after a launch that succeeded.
type draft struct {
	id      string
	presets []models.Preset
	dataset *models.Dataset
	lengths models.Lengths // of the dataset's examples, as far as they were looked at
	wanted  string         // id of the dataset, also while it is not read
	preset  string         // its models.Preset.Name
	base    string         // the preset that was chosen last: going back to its values is going back to it
	model   string
	gpu     string
	text    map[string]string // numbers as typed, by field
	origin  *models.Job       // the job whose values the form started from
}

// newDraft starts from the balanced preset, or the first there is.
func newDraft(o Options) *draft {
	d := &draft{id: uuid.NewString(), presets: o.Presets, model: models.DefaultBaseModel, text: map[string]string{fieldGPUCount: "1"}}
	if len(o.GPUs) > 0 {
		d.gpu = o.GPUs[0].ID
	}
	if p, ok := models.FindPreset(o.Presets, "balanced"); ok {
		d.applyPreset(p)
	} else if len(o.Presets) > 0 {
		d.applyPreset(o.Presets[0])
	}
	return d
}

// take makes ds the dataset of the draft. What its row tells of the lengths of
// its examples is read once; the samples themselves may be large.
func (d *draft) take(ds models.Dataset) {
	if d.wanted != ds.ID || len(d.lengths.Tokens) == 0 {
		d.lengths = ds.RowLengths()
	}
	ds.SampleData = nil
	d.dataset, d.wanted = &ds, ds.ID
}

// reopen prepares the draft for a new screen: the dataset is read again before
// it counts, as it may have changed or gone, or somebody else may have signed in
// meanwhile. id is the one of the link, "" to stay with the draft's own.
func (d *draft) reopen(id string) {
	d.dataset, d.lengths = nil, models.Lengths{}
	if id != "" {
		d.wanted = id
	}
}

// applyPreset takes over the values of p; custom keeps what is there.
func (d *draft) applyPreset(p models.Preset) {
	d.preset = p.Name()
	if p.ID == models.PresetCustom && d.text[fieldRate] != "" {
		return
	}
	d.base = d.preset
	if p.Hyperparameters.BaseModel != "" {
		d.model = p.Hyperparameters.BaseModel
	}
	d.fill(p.Hyperparameters)
}

// fill writes numbers into their fields.
func (d *draft) fill(h models.Hyperparameters) {
	floats := map[string]*models.F64{fieldRate: h.LearningRate, fieldAlpha: h.Alpha, fieldDropout: h.Dropout,
		fieldDecay: h.WeightDecay, fieldNorm: h.MaxGradNorm}
	for f, v := range floats {
		d.text[f] = ""
		if v != nil {
			d.text[f] = formatFloat(float64(*v))
		}
	}
	ints := map[string]*models.Int{fieldBatch: h.BatchSize, fieldEpochs: h.Epochs, fieldRank: h.Rank,
		fieldWarmup: h.WarmupSteps, fieldSequence: h.MaxSeqLength}
	for f, v := range ints {
		d.text[f] = ""
		if v != nil {
			d.text[f] = strconv.FormatInt(int64(*v), 10)
		}
	}
}

// set takes a typed value. Moving a hyperparameter away from its preset makes
// the preset custom, as the stored preset_id would lie otherwise; moving it back
// makes it the preset again.
func (d *draft) set(field, text string) {
	text = strings.TrimSpace(models.Clean(text))
	switch field {
	case fieldModel:
		d.model = text
	case fieldGPUCount:
		d.text[field] = text
	case fieldDataset, fieldPreset, fieldGPU: // chosen, not typed
	default:
		if sameValue(d.text[field], text) {
			return
		}
		d.text[field] = text
		d.preset = models.PresetCustom
		if p, ok := models.FindPreset(d.presets, d.base); ok && d.unread() == "" && p.Hyperparameters.SameValues(d.hyperparameters()) {
			d.preset = p.Name()
		}
	}
}

// spellModel writes the name of a common model as its owner does: what huh
// completes keeps the case that was typed.
func (d *draft) spellModel() {
	for _, name := range modelNames() {
		if strings.EqualFold(name, d.model) {
			d.model = name
		}
	}
}

// unread is the first bounded field whose text is no value, "" for none.
func (d *draft) unread() string {
	for _, b := range models.Bounds() {
		if d.unreadable(b) != "" {
			return b.Field
		}
	}
	return ""
}

// draftValues are what typing into a field may change.
type draftValues struct {
	preset, model string
	text          map[string]string
}

func (d *draft) values() draftValues {
	return draftValues{d.preset, d.model, maps.Clone(d.text)}
}

// restore takes back what was changed since values.
func (d *draft) restore(v draftValues) { d.preset, d.model, d.text = v.preset, v.model, v.text }

// sameValue reports that two texts write the same number, or are the same.
func sameValue(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return a == b || errX == nil && errY == nil && x == y
}

// value is the text of a field as the form shows it.
func (d *draft) value(field string) string {
	switch field {
	case fieldDataset:
		if d.dataset != nil {
			return models.Clean(d.dataset.Name)
		}
		return ""
	case fieldPreset:
		return d.preset
	case fieldModel:
		return d.model
	case fieldGPU:
		return d.gpu
	}
	return d.text[field]
}

// float reads a number field: nil when it is empty or no finite number.
func (d *draft) float(field string) *models.F64 {
	v, err := strconv.ParseFloat(d.text[field], 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return models.Ptr(models.F64(v))
}

// integer reads a whole number field: nil when it is empty or none.
func (d *draft) integer(field string) *models.Int {
	v, err := strconv.ParseInt(d.text[field], 10, 64)
	if err != nil {
		return nil
	}
	return models.Ptr(models.Int(v))
}

// hyperparameters are what the form stands for now; fields that cannot be read
// are absent and reported by problems.
func (d *draft) hyperparameters() models.Hyperparameters {
	return models.Hyperparameters{
		BaseModel: d.model, LearningRate: d.float(fieldRate), BatchSize: d.integer(fieldBatch), Epochs: d.integer(fieldEpochs),
		Rank: d.integer(fieldRank), Alpha: d.float(fieldAlpha), Dropout: d.float(fieldDropout), WarmupSteps: d.integer(fieldWarmup),
		WeightDecay: d.float(fieldDecay), MaxGradNorm: d.float(fieldNorm), MaxSeqLength: d.integer(fieldSequence),
	}
}

// gpuConfig is the GPU part, with the price that the platform needs to bill.
func (d *draft) gpuConfig(gpus []models.GPU) models.GPUConfig {
	c := models.GPUConfig{Type: d.gpu, Count: d.integer(fieldGPUCount)}
	if g, ok := models.FindGPU(gpus, d.gpu); ok {
		c.CostPerGPUHour = models.Ptr(g.PricePerHour)
		if g.MemoryGB > 0 {
			c.MemoryGB = models.Ptr(models.F64(g.MemoryGB))
		}
	}
	return c
}

// review is everything that can be known of the launch as it stands.
func (d *draft) review(gpus []models.GPU, a allowance) models.LaunchReview {
	return models.LaunchPlan{
		Dataset: d.dataset, Lengths: d.lengths, Hyperparameters: d.hyperparameters(), GPU: d.gpuConfig(gpus), GPUs: gpus,
		Budget: a.budget, Spent: a.spent,
	}.Review()
}

// job is the row to insert; ok is false while the form cannot make one.
func (d *draft) job(gpus []models.GPU) (models.NewJob, bool) {
	e := d.review(gpus, allowance{}).Estimate
	if e == nil {
		return models.NewJob{}, false
	}
	preset := d.preset
	if p, ok := models.FindPreset(d.presets, d.preset); ok {
		preset = p.ID
	}
	return models.NewJob{
		ID: d.id, DatasetID: d.dataset.ID, PresetID: preset, Hyperparameters: d.hyperparameters(), GPU: d.gpuConfig(gpus),
		TotalSteps: int64(e.TotalSteps), EstimatedTotalCost: e.Total,
	}, true
}

// done renews the id after a launch that succeeded.
func (d *draft) done() { d.id, d.origin = uuid.NewString(), nil }

// formatFloat is the shortest form of v as the job's page writes it: "0.002", "2e-4".
func formatFloat(v float64) string { return exactly(models.Ptr(models.F64(v))) }
