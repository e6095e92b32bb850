package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// estimate checks the dataset and fills in what the job's row stores of it.
func (l *launch) estimate(job *models.NewJob, d models.Dataset, gpu models.GPU) (models.Estimate, error) {
	if ok, why := d.Trainable(); !ok {
		return models.Estimate{}, &models.Error{Code: models.CodeInvalid, Op: "launch", Msg: "dataset " + strconv.Quote(models.Clean(d.Name)) + ": " + why, Hint: "loratop datasets get " + d.ID + " shows its errors"}
	}
	h := job.Hyperparameters
	est, err := models.EstimateInput{
		Pairs: d.TotalTrainingPairs, Tokens: d.TotalTokens, BatchSize: *h.BatchSize, Epochs: *h.Epochs,
		GPUs: *job.GPU.Count, Throughput: gpu.Throughput, PricePerHour: gpu.PricePerHour,
	}.Estimate()
	if err != nil {
		return models.Estimate{}, err
	}
	job.DatasetID, job.TotalSteps, job.EstimatedTotalCost = d.ID, int64(est.TotalSteps), est.Total
	return est, nil
}

// submit asks, inserts the job and prints or watches it.
func (l *launch) submit(ctx context.Context, b screens.Backend, d models.Dataset, job models.NewJob, est models.Estimate) error {
	a := l.app
	if !a.flags.json.on && !a.flags.quiet {
		if err := l.print(d, job, est, nil); err != nil {
			return err
		}
	}
	// A launch spends money: on a terminal it asks; a script that got this far
	// without one has said what it wants on its command line.
	if a.sys.InTTY && !a.flags.noInput {
		if err := a.confirm(ctx, fmt.Sprintf("Launch this job for about $%s?", est.Total)); err != nil {
			return err
		}
	}
	made, err := b.LaunchJob(ctx, job)
	if err != nil {
		return err
	}
	if err := l.report(d, job, est, made); err != nil || !l.watch {
		return err
	}
	return a.newWatcher(b, watchOptions{every: a.cfg.Refresh}, made.ID).run(ctx)
}

// report says what was launched, as the flags want it.
func (l *launch) report(d models.Dataset, job models.NewJob, est models.Estimate, made models.Job) error {
	a := l.app
	switch {
	case l.watch && a.flags.json.on:
		return a.writeLine(object{"type": "launched", "job": a.jobJSON(made), "estimate": estimateJSON(est)})
	case a.flags.json.on:
		return l.print(d, job, est, &made)
	case a.flags.quiet:
		return writeIDs(a.sys.Out, []string{made.ID})
	}
	_, err := fmt.Fprintf(a.sys.Out, "launched job %s (%s)\n", made.ID, models.Clean(string(made.Status)))
	return err
}

func estimateJSON(e models.Estimate) object {
	return object{
		"steps_per_epoch": e.StepsPerEpoch, "total_steps": e.TotalSteps, "seconds": int64(e.Hours * 3600),
		"hourly_rate": e.HourlyRate, "compute": e.Compute.Round(), "storage": e.Storage, "total": e.Total,
	}
}

func launchPrototype(a *app) object {
	return object{"dry_run": false, "job": nil, "request": nil, "estimate": nil}
}

// print shows what is, or would be, launched.
func (l *launch) print(d models.Dataset, job models.NewJob, est models.Estimate, made *models.Job) error {
	a := l.app
	if a.flags.json.on {
		doc := object{
			"dry_run": l.dryRun, "estimate": estimateJSON(est), "job": nil,
			"request": object{
				"id": job.ID, "dataset_id": job.DatasetID, "dataset_name": d.Name, "preset_id": job.PresetID,
				"hyperparameters": hyperJSON(job.Hyperparameters), "gpu": gpuJSON(job.GPU),
			},
		}
		if made != nil {
			doc["job"] = a.jobJSON(*made)
		}
		return a.writeDocument("launch", doc, nil)
	}
	h := job.Hyperparameters
	return writePairs(a.sys.Out, []pair{
		{"dataset", d.Name + "  " + d.ID}, {"pairs", intText(d.TotalTrainingPairs)}, {"tokens", intText(d.TotalTokens)},
		{"base model", h.BaseModel}, {"preset", job.PresetID},
		{"learning rate", floatText(h.LearningRate, 4)}, {"batch size", intText(h.BatchSize)}, {"epochs", intText(h.Epochs)},
		{"LoRA rank", intText(h.Rank)}, {"LoRA alpha", floatText(h.Alpha, 4)}, {"LoRA dropout", floatText(h.Dropout, 4)},
		{"GPU", intText(job.GPU.Count) + " x " + job.GPU.Type + " at $" + est.HourlyRate.String() + " an hour"},
		{"steps", fmt.Sprintf("%d (%d an epoch)", est.TotalSteps, est.StepsPerEpoch)},
		{"time", strconv.FormatFloat(est.Hours, 'f', 2, 64) + " h"},
		{"cost", fmt.Sprintf("$%s (compute $%s, storage $%s)", est.Total, est.Compute.Round(), est.Storage)},
	})
}
