package cmd

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/bpe"
	"github.com/loratop/loratop/tui/screens"
)

// Reading ahead of a launch: how much of the dataset's file tells what is cut
// off, and how long that may take. A launch never waits for it longer.
const (
	launchHead     = 256 << 10
	launchHeadTime = 10 * time.Second
)

// planned is a launch with all that is known of it.
type planned struct {
	dataset models.Dataset
	job     models.NewJob
	review  models.LaunchReview
	changes []models.Change // from the job of --from
}

// build makes the job's parameters.
func (l *launch) build(cfg *config.Config) (models.NewJob, error) {
	none := models.NewJob{}
	s := l.spec
	h, preset, err := l.base(cfg)
	if err != nil {
		return none, err
	}
	name := s.GPU
	if name == "" {
		name = "A100-80GB"
	}
	gpu, ok := models.FindGPU(cfg.GPUs, name)
	if !ok {
		return none, usagef("GPUs: "+gpuNames(cfg.GPUs), "no GPU %q in the price table", models.Clean(name))
	}
	if s.BaseModel != "" {
		h.BaseModel = models.Clean(s.BaseModel)
	}
	for _, a := range s.Set {
		if err := h.Set(a.Name, a.Value); err != nil {
			return none, usagef("", "--set %s", err)
		}
	}
	count := s.GPUs
	if count == 0 {
		count = 1
	}
	job := models.NewJob{ID: s.ID, PresetID: models.PresetCustom, Hyperparameters: h, GPU: models.GPUConfig{
		Type: gpu.ID, Count: models.Ptr(models.Int(count)), CostPerGPUHour: &gpu.PricePerHour,
	}}
	if gpu.MemoryGB > 0 {
		job.GPU.MemoryGB = models.Ptr(models.F64(gpu.MemoryGB))
	}
	if preset.Hyperparameters.SameValues(h) && preset.ID != "" {
		job.PresetID = preset.ID
	}
	if job.ID == "" {
		job.ID = uuid.NewString()
	}
	return job, nil
}

// base are the hyperparameters to start from, and the preset they are.
func (l *launch) base(cfg *config.Config) (models.Hyperparameters, models.Preset, error) {
	if j := l.origin; j != nil {
		h := originOf(*j)
		p, _ := models.PresetOf(cfg.Presets, j.PresetID, h)
		if l.retry {
			h, _, _ = models.Retry(h, *j.ErrorMessage)
		}
		return h, p, nil
	}
	name := l.spec.Preset
	if name == "" {
		name = "balanced"
	}
	p, ok := models.FindPreset(cfg.Presets, name)
	if !ok {
		return models.Hyperparameters{}, p, usagef("presets: "+strings.Join(models.PresetNames(cfg.Presets), ", "), "no preset %q", models.Clean(name))
	}
	return p.Hyperparameters, p, nil
}

// originOf are the hyperparameters that a job really has: its row may name
// neither the epochs nor the base model.
func originOf(j models.Job) models.Hyperparameters {
	h := j.Hyperparameters
	h.Extra = nil
	if h.Epochs == nil && j.TotalEpochs > 0 {
		h.Epochs = models.Ptr(j.TotalEpochs)
	}
	if h.BaseModel == "" {
		h.BaseModel = models.DefaultBaseModel
	}
	return h
}

// plan computes all that can be known beforehand and refuses what cannot be
// launched; what speaks against it is a warning.
func (l *launch) plan(ctx context.Context, b screens.Backend, cfg *config.Config, job models.NewJob, d models.Dataset) (planned, error) {
	if ok, why := d.Trainable(); !ok {
		return planned{}, &models.Error{Code: models.CodeInvalid, Op: "launch", Msg: "dataset " + strconv.Quote(models.Clean(d.Name)) + ": " + why,
			Hint: "loratop datasets get " + d.ID + " shows its errors"}
	}
	lp := models.LaunchPlan{
		Dataset: &d, Lengths: headLengths(ctx, b, d), Hyperparameters: job.Hyperparameters, GPU: job.GPU, GPUs: cfg.GPUs, Budget: cfg.Budget,
	}
	if cfg.Budget != nil {
		o, err := b.Overview(ctx)
		if err != nil {
			l.app.warnf("what the month has cost is not known: %s", models.Clean(err.Error()))
		} else {
			lp.Spent = &o.MonthSpend
		}
	}
	p := planned{dataset: d, job: job, review: lp.Review()}
	if err := l.app.refuse(p.review.Problems); err != nil {
		return p, err
	}
	if p.review.Estimate == nil {
		return p, &models.Error{Code: models.CodeInvalid, Op: "launch", Msg: "the cost cannot be estimated", Hint: "is the throughput of the GPU in the price table?"}
	}
	p.job.DatasetID, p.job.TotalSteps, p.job.EstimatedTotalCost = d.ID, int64(p.review.Estimate.TotalSteps), p.review.Estimate.Total
	if l.origin != nil {
		g := l.origin.GPU
		if row, ok := models.FindGPU(cfg.GPUs, g.Type); ok {
			g.Type = row.ID
		}
		p.changes = models.Changes(originOf(*l.origin), job.Hyperparameters, g, job.GPU)
	}
	return p, nil
}

// headLengths measures the first examples of the dataset's file; without it the
// row's own figures are used.
func headLengths(ctx context.Context, b screens.Backend, d models.Dataset) models.Lengths {
	ctx, cancel := context.WithTimeout(ctx, launchHeadTime)
	defer cancel()
	part, err := b.DatasetPart(ctx, d, 0, launchHead)
	if err != nil {
		return models.Lengths{}
	}
	return models.HeadLengths(part.Data, part.Size, "the first 256 KB of its file", tokenCounter())
}

// tokenCounter counts with a real vocabulary; it belongs to one goroutine.
func tokenCounter() models.TokenCounter {
	t, err := bpe.New("")
	if err != nil {
		return models.TokenCounter{}
	}
	return models.TokenCounter{Name: t.Name(), Count: t.Count}
}
