package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// launch are the flags of jobs launch, over those of a job file.
type launch struct {
	app        *app
	file       string
	spec       config.JobFile // of the file, then of the flags
	set        []string
	retry      bool // --from: with what made it fail changed
	overBudget bool
	dryRun     bool
	watch      bool

	origin *models.Job // of --from
	note   string      // what --retry changed
}

func (a *app) jobsLaunch() *cobra.Command {
	l := &launch{app: a}
	c := &cobra.Command{
		Use: "launch", Short: "Launch a training job", Args: exactArgs(),
		Long: "Builds a job from a preset, or from another job, and --set; checks it against the\n" +
			"worker's limits, prints steps, time, cost, memory and what is cut off, and inserts it.\n" +
			"What the worker would refuse ends with exit code 65, and so does what is more than a\n" +
			"tenth above the rest of the month's budget without --over-budget.\n" +
			"A file holds the same: the keys dataset, from, preset, base_model, gpu, gpus, id, and a\n" +
			"table set. Flags outrank it. loratop jobs get JOB --toml writes one.\n" +
			"Names for --set: " + strings.Join(models.HyperNames(), ", ") + ".",
		Example: "  loratop jobs launch --dataset support-chats --preset balanced --gpu H100 --gpus 2\n" +
			"  loratop jobs launch --dataset DATASET --set rank=32 --set learning_rate=1e-4 --dry-run\n" +
			"  loratop jobs launch --from JOB --retry --dry-run\n" +
			"  loratop jobs get JOB --toml >job.toml; loratop jobs launch --file job.toml --set epochs=5\n" +
			"  loratop jobs launch --dataset DATASET --yes --watch --json",
		RunE: func(c *cobra.Command, _ []string) error { return l.run(c) },
	}
	f := c.Flags()
	f.StringVarP(&l.file, "file", "f", "", "TOML or YAML file of the job; - is standard input")
	f.String("dataset", "", "id or exact name of a ready dataset")
	f.String("from", "", "id of a job to start from, instead of a preset")
	f.BoolVar(&l.retry, "retry", false, "with --from: change what made that job fail")
	f.String("preset", "", "preset to start from; types/balanced is the other balanced (default \"balanced\")")
	f.StringArrayVar(&l.set, "set", nil, "change one hyperparameter, for example --set lora_rank=32")
	f.String("gpu", "", "GPU of the price table (default \"A100-80GB\")")
	f.Int("gpus", 0, "number of GPUs, 1 to 8 (default 1)")
	f.String("base-model", "", "model to adapt (default "+models.DefaultBaseModel+")")
	f.String("id", "", "id of the new job (a UUID); the same id again launches nothing new")
	f.BoolVar(&l.overBudget, "over-budget", false, "launch although it is far above the rest of the month's budget")
	f.BoolVar(&l.dryRun, "dry-run", false, "check and estimate only")
	f.BoolVar(&l.watch, "watch", false, "watch the job until it ends")
	a.completeLaunch(c)
	return c
}

func (l *launch) run(c *cobra.Command) error {
	a, ctx := l.app, c.Context()
	if done, err := a.fields(launchPrototype()); done || err != nil {
		return err
	}
	if err := l.resolve(c); err != nil {
		return err
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
	if err := l.readOrigin(ctx, b); err != nil {
		return err
	}
	job, err := l.build(cfg)
	if err != nil {
		return err
	}
	d, err := datasetRef(ctx, b, l.spec.Dataset, false)
	if err != nil {
		return err
	}
	p, err := l.plan(ctx, b, cfg, job, d)
	if err != nil {
		return err
	}
	if l.dryRun {
		return l.print(p, nil)
	}
	return l.submit(ctx, b, p)
}

// resolve reads the file and lays the flags over it.
func (l *launch) resolve(c *cobra.Command) error {
	flags := c.Flags()
	if l.file != "" {
		data, err := l.read(c.Context())
		if err != nil {
			return err
		}
		if l.spec, err = config.ParseJobFile(l.file, data); err != nil {
			return err
		}
	}
	s := &l.spec
	for name, p := range map[string]*string{"dataset": &s.Dataset, "from": &s.From, "preset": &s.Preset, "base-model": &s.BaseModel, "gpu": &s.GPU, "id": &s.ID} {
		if flags.Changed(name) {
			*p, _ = flags.GetString(name)
		}
	}
	switch from, preset := flags.Changed("from"), flags.Changed("preset"); { // where to start from: the flag's outranks the file's other
	case from && !preset:
		s.Preset = ""
	case preset && !from:
		s.From = ""
	}
	if flags.Changed("gpus") {
		s.GPUs, _ = flags.GetInt("gpus")
		if s.GPUs == 0 {
			s.GPUs = -1 // given, and refused with the reason
		}
	}
	if err := l.assign(); err != nil {
		return err
	}
	return l.check()
}

// check refuses what cannot be meant.
func (l *launch) check() error {
	s := l.spec
	switch {
	case s.Dataset == "" && s.From == "":
		return usagef("loratop datasets ls --status ready lists them", "missing --dataset")
	case s.From != "" && s.Preset != "":
		return usagef("leave one of them out", "a launch starts from a job or from a preset, not from both")
	case l.retry && s.From == "":
		return usagef("name the job with --from JOB", "--retry changes what made a job fail")
	case s.ID != "" && !models.IsUUID(s.ID):
		return usagef("", "the id must be a UUID, not %q", models.Clean(s.ID))
	}
	return nil
}

func (l *launch) read(ctx context.Context) ([]byte, error) {
	var r io.Reader
	if l.file == stdinName {
		in, done := untilDone(ctx, l.app.sys.In)
		defer done()
		r = in
	} else {
		f, err := os.Open(l.file)
		if err != nil {
			code := models.CodeUsage
			if errors.Is(err, os.ErrNotExist) {
				code = models.CodeNotFound
			}
			return nil, &models.Error{Code: code, Op: "read job file", Msg: models.Clean(err.Error()), Err: err}
		}
		defer func() { _ = f.Close() }()
		r = f
	}
	return io.ReadAll(io.LimitReader(r, config.MaxJobFile+1))
}

// assign puts --set behind what the file sets; the later outranks.
func (l *launch) assign() error {
	for _, s := range l.set {
		name, value, ok := strings.Cut(s, "=")
		long, known := models.HyperName(name)
		if !ok || value == "" || !known {
			return usagef("names: "+strings.Join(models.HyperNames(), ", "), "--set needs NAME=VALUE, not %q", models.Clean(s))
		}
		var h models.Hyperparameters
		if err := h.Set(long, value); err != nil {
			return usagef("", "--set %s", err)
		}
		l.spec.Set = slices.DeleteFunc(l.spec.Set, func(a config.Assignment) bool { return a.Name == long })
		l.spec.Set = append(l.spec.Set, config.Assignment{Name: long, Value: value})
	}
	return nil
}

// readOrigin reads the job of --from and takes over what was not given.
func (l *launch) readOrigin(ctx context.Context, b screens.Backend) error {
	s := &l.spec
	if s.From == "" {
		return nil
	}
	j, err := b.Job(ctx, s.From)
	if err != nil {
		return err
	}
	l.origin = &j
	if s.Dataset == "" {
		s.Dataset = j.DatasetID
	}
	if s.GPU == "" {
		s.GPU = j.GPU.Type
	}
	if s.GPUs == 0 && j.GPU.Count != nil {
		s.GPUs = int(*j.GPU.Count)
	}
	if !l.retry {
		return nil
	}
	if j.ErrorMessage == nil {
		return usagef("leave --retry out to launch it again as it was", "job %s has no error to learn from", j.ID)
	}
	if _, what, ok := models.Retry(j.Hyperparameters, *j.ErrorMessage); ok {
		l.note = what
		return nil
	}
	return usagef("leave --retry out, or change it with --set", "what job %s failed with asks for no other values: %s", j.ID, models.Clean(*j.ErrorMessage))
}

func gpuNames(list []models.GPU) string {
	var names []string
	for _, g := range list {
		names = append(names, g.ID)
	}
	return strings.Join(names, ", ")
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

// budgetError says that a launch was not acknowledged.
func budgetError(r models.LaunchReview) error {
	return &models.Error{Code: models.CodeInvalid, Op: "launch",
		Msg:  fmt.Sprintf("the estimate of $%s is more than a tenth above the $%s left of the month's budget", r.Estimate.Total, r.Left.Round()),
		Hint: "launch it all the same with --over-budget"}
}
