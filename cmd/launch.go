package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// launch are the flags of jobs launch.
type launch struct {
	app       *app
	dataset   string
	preset    string
	set       []string
	gpu       string
	gpus      int
	baseModel string
	id        string
	dryRun    bool
	watch     bool
}

func (a *app) jobsLaunch() *cobra.Command {
	l := &launch{app: a}
	c := &cobra.Command{
		Use: "launch", Short: "Launch a training job", Args: exactArgs(),
		Long: "Builds a job from a preset and --set, checks it against the worker's limits, prints\n" +
			"the estimate and inserts it. What the worker would refuse ends with exit code 65.\n" +
			"Names for --set: " + strings.Join(settable(), ", ") + ".",
		Example: "  loratop jobs launch --dataset support-chats --preset balanced --gpu H100 --gpus 2\n" +
			"  loratop jobs launch --dataset DATASET --set rank=32 --set learning_rate=1e-4 --dry-run\n" +
			"  loratop jobs launch --dataset DATASET --yes --watch --json",
		RunE: func(c *cobra.Command, _ []string) error { return l.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVar(&l.dataset, "dataset", "", "id or exact name of a ready dataset")
	f.StringVar(&l.preset, "preset", "balanced", "preset to start from")
	f.StringArrayVar(&l.set, "set", nil, "change one hyperparameter, for example --set lora_rank=32")
	f.StringVar(&l.gpu, "gpu", "A100-80GB", "GPU of the price table")
	f.IntVar(&l.gpus, "gpus", 1, "number of GPUs, 1 to 8")
	f.StringVar(&l.baseModel, "base-model", "", "model to adapt (default "+models.DefaultBaseModel+")")
	f.StringVar(&l.id, "id", "", "id of the new job (a UUID); the same id again launches nothing new")
	f.BoolVar(&l.dryRun, "dry-run", false, "check and estimate only")
	f.BoolVar(&l.watch, "watch", false, "watch the job until it ends")
	return c
}

func (l *launch) run(ctx context.Context) error {
	a := l.app
	if done, err := a.fields(launchPrototype(a)); done || err != nil {
		return err
	}
	if l.dataset == "" {
		return usagef("loratop datasets ls --status ready lists them", "missing --dataset")
	}
	if !l.dryRun {
		if err := a.write("launch a job"); err != nil {
			return err
		}
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	job, gpu, err := l.build(cfg)
	if err != nil {
		return err
	}
	d, err := findDataset(ctx, b, l.dataset)
	if err != nil {
		return err
	}
	est, err := l.estimate(&job, d, gpu)
	if err != nil {
		return err
	}
	if l.dryRun {
		return l.print(d, job, est, nil)
	}
	return l.submit(ctx, b, d, job, est)
}

// build makes the job's parameters and checks them.
func (l *launch) build(cfg *config.Config) (models.NewJob, models.GPU, error) {
	p, ok := models.FindPreset(cfg.Presets, l.preset)
	if !ok {
		return models.NewJob{}, models.GPU{}, usagef("presets: "+presetNames(cfg.Presets), "no preset %q", l.preset)
	}
	gpu, ok := models.FindGPU(cfg.GPUs, l.gpu)
	if !ok {
		return models.NewJob{}, models.GPU{}, usagef("GPUs: "+gpuNames(cfg.GPUs), "no GPU %q in the price table", l.gpu)
	}
	h, err := applySet(p.Hyperparameters, l.set)
	if err != nil {
		return models.NewJob{}, models.GPU{}, err
	}
	if l.baseModel != "" {
		h.BaseModel = l.baseModel
	}
	job := models.NewJob{ID: l.id, PresetID: p.ID, Hyperparameters: h, GPU: models.GPUConfig{
		Type: gpu.ID, Count: models.Ptr(models.Int(l.gpus)), MemoryGB: models.Ptr(models.F64(gpu.MemoryGB)), CostPerGPUHour: &gpu.PricePerHour,
	}}
	if len(l.set) > 0 {
		job.PresetID = models.PresetCustom
	}
	if job.ID == "" {
		job.ID = uuid.NewString()
	} else if _, err := uuid.Parse(job.ID); err != nil {
		return models.NewJob{}, models.GPU{}, usagef("", "--id must be a UUID, not %q", job.ID)
	}
	return job, gpu, l.app.refuse(models.CheckLaunch(job.Hyperparameters, job.GPU))
}

// refuse ends a launch that the worker would refuse, and warns of the unusual.
func (a *app) refuse(problems []models.Problem) error {
	var hard []string
	for _, p := range problems {
		if p.Hard {
			hard = append(hard, p.Text)
			continue
		}
		a.warnf("%s", p.Text)
	}
	if len(hard) == 0 {
		return nil
	}
	return &models.Error{Code: models.CodeInvalid, Op: "launch", Msg: strings.Join(hard, "; "), Hint: "change it with --set NAME=VALUE"}
}

// settable are the names that --set takes, those of the JSON contract first.
func settable() []string {
	return []string{
		"learning_rate", "batch_size", "epochs", "rank", "alpha", "dropout",
		"warmup_steps", "weight_decay", "max_grad_norm", "max_seq_length", "base_model",
	}
}

// applySet changes hyperparameters by NAME=VALUE, with every alias rows use.
func applySet(h models.Hyperparameters, set []string) (models.Hyperparameters, error) {
	aliases := map[string]string{"lora_rank": "rank", "r": "rank", "lora_alpha": "alpha", "lora_dropout": "dropout", "num_epochs": "epochs", "lr": "learning_rate"}
	given := map[string]any{}
	for _, s := range set {
		name, value, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		if long, is := aliases[name]; is {
			name = long
		}
		if !ok || value == "" || !slices.Contains(settable(), name) {
			return h, usagef("names: "+strings.Join(settable(), ", "), "--set needs NAME=VALUE, not %q", s)
		}
		if name != "base_model" {
			if _, err := strconv.ParseFloat(value, 64); err != nil {
				return h, usagef("", "--set %s: %q is not a number", name, value)
			}
		}
		given[name] = value
	}
	b, err := json.Marshal(given)
	if err != nil {
		return h, err
	}
	var over models.Hyperparameters
	if err := json.Unmarshal(b, &over); err != nil {
		return h, usagef("", "--set: %s", models.Clean(err.Error()))
	}
	return merge(h, over, given)
}

// merge lays the given fields over h. A field that was given and decoded to
// nothing (1.5 epochs) is a mistake, not an absence.
func merge(h, over models.Hyperparameters, given map[string]any) (models.Hyperparameters, error) {
	for name, value := range given {
		ok := true
		switch name {
		case "base_model":
			h.BaseModel = over.BaseModel
		case "learning_rate":
			h.LearningRate, ok = over.LearningRate, over.LearningRate != nil
		case "batch_size":
			h.BatchSize, ok = over.BatchSize, over.BatchSize != nil
		case "epochs":
			h.Epochs, ok = over.Epochs, over.Epochs != nil
		case "rank":
			h.Rank, ok = over.Rank, over.Rank != nil
		case "alpha":
			h.Alpha, ok = over.Alpha, over.Alpha != nil
		case "dropout":
			h.Dropout, ok = over.Dropout, over.Dropout != nil
		default:
			h, ok = mergeRare(h, over, name)
		}
		if !ok {
			return h, usagef("", "--set %s: %v is not a whole number", name, value)
		}
	}
	return h, nil
}

func mergeRare(h, over models.Hyperparameters, name string) (models.Hyperparameters, bool) {
	ok := false
	switch name {
	case "warmup_steps":
		h.WarmupSteps, ok = over.WarmupSteps, over.WarmupSteps != nil
	case "weight_decay":
		h.WeightDecay, ok = over.WeightDecay, over.WeightDecay != nil
	case "max_grad_norm":
		h.MaxGradNorm, ok = over.MaxGradNorm, over.MaxGradNorm != nil
	case "max_seq_length":
		h.MaxSeqLength, ok = over.MaxSeqLength, over.MaxSeqLength != nil
	}
	return h, ok
}

// findDataset takes an id, or a name that is unique among the user's datasets.
func findDataset(ctx context.Context, b screens.Backend, ref string) (models.Dataset, error) {
	if _, err := uuid.Parse(ref); err == nil {
		return b.Dataset(ctx, ref)
	}
	page, err := b.Datasets(ctx, models.ListQuery{Search: ref, Limit: maxPage})
	if err != nil {
		return models.Dataset{}, err
	}
	var found []models.Dataset
	for _, d := range page.Items {
		if d.Name == ref {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return models.Dataset{}, &models.Error{Code: models.CodeNotFound, Op: "launch", Msg: fmt.Sprintf("no dataset named %q", models.Clean(ref)), Hint: "loratop datasets ls"}
	}
	return models.Dataset{}, usagef("loratop datasets ls --search shows their ids", "%d datasets are named %q; give the id", len(found), models.Clean(ref))
}

func presetNames(list []models.Preset) string {
	var names []string
	for _, p := range list {
		names = append(names, p.ID)
	}
	return strings.Join(names, ", ")
}

func gpuNames(list []models.GPU) string {
	var names []string
	for _, g := range list {
		names = append(names, g.ID)
	}
	return strings.Join(names, ", ")
}
