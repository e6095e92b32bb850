package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// submit asks, inserts the job and prints or watches it.
func (l *launch) submit(ctx context.Context, b screens.Backend, p planned) error {
	a := l.app
	asks := a.sys.InTTY && !a.flags.noInput && !a.flags.yes
	far := p.review.Over == models.OverFar && !l.overBudget
	if far && !asks {
		return budgetError(p.review)
	}
	if !a.flags.json.on && !a.flags.quiet {
		if err := l.print(p, nil); err != nil {
			return err
		}
	}
	// A launch spends money: on a terminal it asks; a script that got this far
	// without one has said what it wants on its command line.
	if asks {
		q := fmt.Sprintf("Launch this job for about $%s?", p.review.Estimate.Total)
		if far {
			q = fmt.Sprintf("Launch this job for about $%s, more than a tenth above the $%s left of the month's budget?", p.review.Estimate.Total, p.review.Left.Round())
		}
		if err := a.confirm(ctx, q); err != nil {
			return err
		}
	}
	made, err := b.LaunchJob(ctx, p.job)
	if err != nil {
		return err
	}
	if err := l.report(p, made); err != nil || !l.watch {
		return err
	}
	return a.newWatcher(b, watchOptions{every: a.cfg.Refresh}, made.ID).run(ctx)
}

// report says what was launched, as the flags want it.
func (l *launch) report(p planned, made models.Job) error {
	a := l.app
	switch {
	case l.watch && a.flags.json.on:
		return a.writeLine(object{"type": "launched", "job": a.jobJSON(made), "estimate": estimateJSON(p.review)})
	case a.flags.json.on:
		return l.print(p, &made)
	case a.flags.quiet:
		return writeIDs(a.sys.Out, []string{made.ID})
	}
	_, err := fmt.Fprintf(a.sys.Out, "launched job %s (%s)\n", made.ID, models.Clean(string(made.Status)))
	return err
}

func estimateJSON(r models.LaunchReview) object {
	e := r.Estimate
	return object{
		"steps_per_epoch": e.StepsPerEpoch, "total_steps": e.TotalSteps, "seconds": int64(e.Hours * 3600),
		"hourly_rate": e.HourlyRate, "compute": e.Compute.Round(), "storage": e.Storage, "total": e.Total,
		"least_total": r.Least, "most_total": r.Most, "least_seconds": int64(r.Soonest * 3600), "most_seconds": int64(r.Latest * 3600),
		"worker_steps": r.WorkerSteps, "worker_examples": r.Examples,
	}
}

// memoryJSON is in bytes of one GPU; null for a model of unknown size.
func memoryJSON(r models.LaunchReview) any {
	m := r.Memory
	if m == nil {
		return nil
	}
	var has any
	if r.GPUMemory > 0 {
		has = int64(r.GPUMemory * 1e9)
	}
	fits := map[models.Fit]any{models.FitGood: true, models.FitTight: true, models.FitNot: false}[r.Fit]
	return object{
		"weights_bytes": int64(m.Weights), "adapter_bytes": int64(m.Adapter), "activations_bytes": int64(m.Activations), "scores_bytes": int64(m.Logits),
		"overhead_bytes": int64(m.Overhead), "needed_bytes": int64(m.Total), "without_checkpointing_bytes": int64(m.Worst),
		"trainable_weights": int64(m.AdapterSize), "gpu_bytes": has, "fits": fits, "guessed": m.Guess,
	}
}

// truncationJSON is null when nothing is known of the lengths. Without samples
// the share of examples is an upper and that of tokens a lower bound.
func truncationJSON(t *models.Truncation) any {
	if t == nil {
		return nil
	}
	var longest any
	tokenizer := t.Tokenizer
	if t.Samples > 0 {
		longest = t.Longest
	}
	if tokenizer == "" {
		tokenizer = "estimate" // words × 1.3, as a dataset's report says
	}
	return object{
		"seq_len": t.SeqLength, "samples": t.Samples, "whole_file": t.Whole, "source": t.Source, "tokenizer": tokenizer, "mean_tokens": t.Mean, "longest_tokens": longest,
		"cut_share": t.CutShare, "lost_share": t.LostShare, "examples": t.Examples, "cut_examples": t.CutExamples, "lost_tokens": t.LostTokens,
	}
}

func changesJSON(list []models.Change) []object {
	out := []object{}
	for _, c := range list {
		out = append(out, object{"field": c.Field, "from": c.From, "to": c.To})
	}
	return out
}

func launchPrototype() object {
	return object{"dry_run": false, "job": nil, "request": nil, "estimate": nil, "memory": nil, "truncation": nil, "budget_left": nil,
		"over_budget": false, "warnings": nil, "from": nil, "changes": nil}
}

func (l *launch) document(p planned, made *models.Job) object {
	r, job := p.review, p.job
	warnings := []string{}
	for _, w := range r.Problems {
		warnings = append(warnings, w.Text)
	}
	doc := object{
		"dry_run": l.dryRun, "estimate": estimateJSON(r), "memory": memoryJSON(r), "truncation": truncationJSON(r.Truncation),
		"budget_left": r.Left, "over_budget": r.Over != models.OverNone, "warnings": warnings, "job": nil, "from": nil, "changes": changesJSON(p.changes),
		"request": object{
			"id": job.ID, "dataset_id": job.DatasetID, "dataset_name": p.dataset.Name, "preset_id": job.PresetID,
			"hyperparameters": hyperJSON(job.Hyperparameters), "gpu": gpuJSON(job.GPU),
		},
	}
	if l.origin != nil {
		doc["from"] = l.origin.ID
	}
	if made != nil {
		doc["job"] = l.app.jobJSON(*made)
	}
	return doc
}

// print shows what is, or would be, launched.
func (l *launch) print(p planned, made *models.Job) error {
	a := l.app
	if a.flags.json.on {
		return a.writeDocument("launch", l.document(p, made), nil)
	}
	job, d, r := p.job, p.dataset, p.review
	h, est := job.Hyperparameters, r.Estimate
	pairs := []pair{
		{"dataset", d.Name + "  " + d.ID}, {"pairs", intText(d.TotalTrainingPairs)}, {"tokens", intText(d.TotalTokens)},
		{"base model", h.BaseModel}, {"preset", job.PresetID},
		{"learning rate", floatText(h.LearningRate, 4)}, {"batch size", intText(h.BatchSize)}, {"epochs", intText(h.Epochs)},
		{"LoRA rank", intText(h.Rank)}, {"LoRA alpha", floatText(h.Alpha, 4)}, {"LoRA dropout", floatText(h.Dropout, 4)},
		{"GPU", intText(job.GPU.Count) + " x " + job.GPU.Type + " at $" + est.HourlyRate.String() + " an hour"},
		{"steps", stepsText(r)},
		{"time", fmt.Sprintf("%s h (%.2f to %.2f)", strconv.FormatFloat(est.Hours, 'f', 2, 64), r.Soonest, r.Latest)},
		{"cost", fmt.Sprintf("$%s (compute $%s, storage $%s; $%s to $%s)", est.Total, est.Compute.Round(), est.Storage, r.Least, r.Most)},
	}
	if r.Left != nil {
		pairs = append(pairs, pair{"budget left", "$" + r.Left.String() + " of $" + a.cfg.Budget.String()})
	}
	pairs = append(pairs, pair{"GPU memory", memoryLine(r)}, pair{"cut off", truncationLine(r.Truncation)})
	for i, c := range p.changes {
		key := ""
		if i == 0 {
			key = "changed"
		}
		pairs = append(pairs, pair{key, c.Field + ": " + orDefault(c.From) + " -> " + orDefault(c.To)})
	}
	if l.note != "" {
		pairs = append(pairs, pair{"retry", l.note})
	}
	return writePairs(a.sys.Out, pairs)
}

func orDefault(s string) string {
	if s == "" {
		return "default"
	}
	return s
}

func stepsText(r models.LaunchReview) string {
	text := fmt.Sprintf("%d (%d an epoch)", r.Estimate.TotalSteps, r.Estimate.StepsPerEpoch)
	if r.Examples > 0 {
		text += fmt.Sprintf("; by the worker's count %d, of %d examples", r.WorkerSteps, r.Examples)
	}
	return text
}

func memoryLine(r models.LaunchReview) string {
	m := r.Memory
	if m == nil {
		return "unknown: nothing is known of the base model's size"
	}
	text := fmt.Sprintf("%.1f GB", m.Total/1e9)
	if r.GPUMemory > 0 {
		text += fmt.Sprintf(" of %.0f", r.GPUMemory)
	}
	text += fmt.Sprintf(" a GPU, %.1f without gradient checkpointing", m.Worst/1e9)
	if m.Guess {
		text += "; guessed from the model's name"
	}
	return text
}

func truncationLine(t *models.Truncation) string {
	switch {
	case t == nil:
		return "unknown: nothing is known of the examples' lengths"
	case t.Samples == 0 && t.LostShare > 0:
		return fmt.Sprintf("at least %.0f %% of all tokens at %d an example, by the mean of its row (%.0f)", t.LostShare*100, t.SeqLength, t.Mean)
	case t.Samples == 0:
		return fmt.Sprintf("at most %.0f %% of the examples at %d tokens, by the mean of its row (%.0f)", t.CutShare*100, t.SeqLength, t.Mean)
	}
	from := fmt.Sprintf("estimated from %d examples of %s", t.Samples, t.Source)
	if t.Whole {
		from = fmt.Sprintf("counted over all %d examples", t.Samples)
	}
	if t.Tokenizer != "" {
		from += " in " + t.Tokenizer + " tokens"
	}
	if t.CutShare == 0 {
		return fmt.Sprintf("nothing at %d tokens, the longest has %d; %s", t.SeqLength, t.Longest, from)
	}
	return fmt.Sprintf("%d of %d examples and %d tokens (%.1f %%) at %d tokens; %s", t.CutExamples, t.Examples, t.LostTokens, t.LostShare*100, t.SeqLength, from)
}
