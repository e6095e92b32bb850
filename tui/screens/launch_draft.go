package screens

import (
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
	dataset *models.Dataset
	wanted  string // id of the dataset, also while it is not read
	preset  string
	model   string
	gpu     string
	text    map[string]string // numbers as typed, by field
}

// newDraft starts from the balanced preset, or the first there is.
func newDraft(o Options) *draft {
	d := &draft{id: uuid.NewString(), model: models.DefaultBaseModel, text: map[string]string{fieldGPUCount: "1"}}
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

// take makes ds the dataset of the draft.
func (d *draft) take(ds models.Dataset) { d.dataset, d.wanted = &ds, ds.ID }

// reopen prepares the draft for a new screen: the dataset is read again before
// it counts, as it may have changed or gone, or somebody else may have signed in
// meanwhile. id is the one of the link, "" to stay with the draft's own.
func (d *draft) reopen(id string) {
	d.dataset = nil
	if id != "" {
		d.wanted = id
	}
}

// applyPreset takes over the values of p; custom keeps what is there.
func (d *draft) applyPreset(p models.Preset) {
	d.preset = p.ID
	if p.ID == models.PresetCustom && d.text[fieldRate] != "" {
		return
	}
	h := p.Hyperparameters
	if h.BaseModel != "" {
		d.model = h.BaseModel
	}
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
// the preset custom, as the stored preset_id would lie otherwise.
func (d *draft) set(field, text string) {
	text = strings.TrimSpace(models.Clean(text))
	switch field {
	case fieldModel:
		d.model = text
	case fieldGPUCount:
		d.text[field] = text
	default:
		if sameValue(d.text[field], text) {
			return
		}
		d.text[field] = text
		d.preset = models.PresetCustom
	}
}

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

// estimate is the documented formula over the form of now; ok is false while a
// value that it needs is missing.
func (d *draft) estimate(gpus []models.GPU) (models.Estimate, bool) {
	g, ok := models.FindGPU(gpus, d.gpu)
	batch, epochs, count := d.integer(fieldBatch), d.integer(fieldEpochs), d.integer(fieldGPUCount)
	if !ok || d.dataset == nil || batch == nil || epochs == nil || count == nil {
		return models.Estimate{}, false
	}
	e, err := models.EstimateInput{
		Pairs: d.dataset.TotalTrainingPairs, Tokens: d.dataset.TotalTokens, BatchSize: *batch, Epochs: *epochs, GPUs: *count,
		Throughput: g.Throughput, PricePerHour: g.PricePerHour,
	}.Estimate()
	return e, err == nil
}

// job is the row to insert; ok is false while the form cannot make one.
func (d *draft) job(gpus []models.GPU) (models.NewJob, bool) {
	e, ok := d.estimate(gpus)
	if !ok {
		return models.NewJob{}, false
	}
	return models.NewJob{
		ID: d.id, DatasetID: d.dataset.ID, PresetID: d.preset, Hyperparameters: d.hyperparameters(), GPU: d.gpuConfig(gpus),
		TotalSteps: int64(e.TotalSteps), EstimatedTotalCost: e.Total,
	}, true
}

// done renews the id after a launch that succeeded.
func (d *draft) done() { d.id = uuid.NewString() }

// formatFloat is the shortest form of v as the job's page writes it: "0.002", "2e-4".
func formatFloat(v float64) string { return exactly(models.Ptr(models.F64(v))) }
