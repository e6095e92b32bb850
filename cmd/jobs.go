package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

func (a *app) jobsCmd() *cobra.Command {
	c := &cobra.Command{Use: "jobs", Short: "List, show, launch, queue and cancel training jobs", Aliases: []string{"job"}}
	c.AddCommand(a.jobsLs(), a.jobsGet(), a.jobsLaunch(), a.jobsQueue(), a.jobsCancel())
	return needVerb(c)
}

func (a *app) jobsLs() *cobra.Command {
	var dataset string
	c := a.jobList(&dataset).command(a, &cobra.Command{
		Use: "ls", Short: "List training jobs",
		Example: "  loratop jobs ls\n  loratop jobs ls --status running,queued -q\n  loratop jobs ls --all --json=id,status,final_cost",
	})
	c.Flags().StringVar(&dataset, "dataset", "", "only jobs of this dataset")
	return c
}

func (a *app) jobList(dataset *string) lister[models.Job] {
	return lister[models.Job]{
		noun: "jobs", sortable: "created_at, queued_at, status, progress, estimated_total_cost",
		head: []string{"ID", "DATASET", "PRESET", "STATUS", "STAGE", "DONE", "LOSS", "COST", "CREATED"},
		doc:  a.jobJSON,
		row: func(j models.Job, now time.Time) []string {
			return []string{
				j.ID, datasetName(j.Dataset), j.PresetID, string(j.Status), string(j.Stage), percentText(j.Progress),
				floatText(j.CurrentMetrics.TrainingLoss, 4), a.spentText(j), ageText(j.CreatedAt, now),
			}
		},
		read: func(b screens.Backend) func(context.Context, models.ListQuery) (models.Page[models.Job], error) {
			return b.Jobs
		},
		narrow: func(q *models.ListQuery) { q.DatasetID = *dataset },
	}
}

func (a *app) jobsGet() *cobra.Command {
	var exitStatus, toml bool
	c := &cobra.Command{
		Use: "get JOB", Short: "Show one training job", Args: exactArgs("JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(a.jobJSON(models.Job{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			j, err := b.Job(c.Context(), args[0])
			if err != nil {
				return err
			}
			if toml {
				b, err := a.jobFile(j)
				if err == nil {
					_, err = a.sys.Out.Write(b)
				}
				return err
			}
			if err := a.printJob(j); err != nil || !exitStatus {
				return err
			}
			return jobExit(j.Status)
		},
	}
	c.Flags().BoolVar(&toml, "toml", false, "write it as a file for jobs launch --file")
	c.Flags().BoolVar(&exitStatus, "exit-status", false, "exit 8 while it runs, 10 when it failed, 11 when cancelled")
	c.MarkFlagsMutuallyExclusive("toml", "exit-status")
	return c
}

func (a *app) printJob(j models.Job) error {
	if a.flags.json.on {
		return a.writeDocument("job", a.jobJSON(j), nil)
	}
	if a.flags.quiet {
		return writeIDs(a.sys.Out, []string{j.ID})
	}
	return writePairs(a.sys.Out, a.jobPairs(j))
}

// jobExit turns a status into the code that scripts test.
func jobExit(s models.JobStatus) error {
	switch {
	case s.Live():
		return exitError{exitPending}
	case s == models.JobFailed:
		return exitError{exitJobFailed}
	case s == models.JobCancelled:
		return exitError{exitCancelled}
	}
	return nil
}

func datasetName(d *models.DatasetRef) string {
	switch {
	case d == nil:
		return none
	case !d.DeletedAt.IsZero():
		return d.Name + " (deleted)"
	}
	return d.Name
}

// spent is what a job has cost by now; derived tells that its row does not say
// so and rate and time do.
func (a *app) spent(j models.Job) (m *models.Money, derived bool) {
	spent, derived, ok := models.Spend(j, a.gpus(), a.sys.Now())
	if !ok {
		return nil, false
	}
	return &spent, derived
}

// spentText marks a derived amount with a ~.
func (a *app) spentText(j models.Job) string {
	m, derived := a.spent(j)
	if derived {
		return "~" + moneyText(m)
	}
	return moneyText(m)
}

// forecast tells when a job ends and at what cost; there is none for a job that
// is stuck, as the pace of its past says nothing any more.
func (a *app) forecast(j models.Job) (models.Forecast, bool) {
	now := a.sys.Now()
	if models.DiagnoseJob(j, now) != nil {
		return models.Forecast{}, false
	}
	return models.ForecastJob(j, a.gpus(), now)
}

func (a *app) jobJSON(j models.Job) object {
	spent, derived := a.spent(j)
	var left, finish, cost, hint any
	if f, ok := a.forecast(j); ok {
		left, finish, cost = int64(f.Left.Seconds()), timeJSON(models.At(f.Finish)), f.Cost
	}
	if j.ErrorMessage != nil {
		hint = models.ErrorHint(*j.ErrorMessage)
	}
	return object{
		"forecast_seconds": left, "forecast_finish_at": finish, "forecast_cost": cost,
		"error_hint": hint, "diagnosis": diagnosisJSON(models.DiagnoseJob(j, a.sys.Now())),
		"spent": spent, "spent_derived": derived,
		"id": j.ID, "dataset_id": j.DatasetID, "dataset_name": datasetNameJSON(j.Dataset), "preset_id": j.PresetID,
		"hyperparameters": hyperJSON(j.Hyperparameters), "gpu": gpuJSON(j.GPU),
		"status": j.Status, "stage": j.Stage, "progress": j.Progress,
		"current_epoch": j.CurrentEpoch, "total_epochs": j.TotalEpochs, "current_step": j.CurrentStep, "total_steps": j.TotalSteps,
		"current_metrics": j.CurrentMetrics,
		"queued_at":       timeJSON(j.QueuedAt), "started_at": timeJSON(j.StartedAt), "completed_at": timeJSON(j.CompletedAt),
		"current_cost": j.CurrentCost, "estimated_total_cost": j.EstimatedTotalCost, "final_cost": j.FinalCost,
		"error_message": j.ErrorMessage, "error_stack": j.ErrorStack, "artifact_id": j.ArtifactID,
		"external_job_id": j.ExternalJobID, "created_at": timeJSON(j.CreatedAt), "updated_at": timeJSON(j.UpdatedAt),
	}
}

// diagnosisJSON is what is odd about a row, nil when nothing is.
func diagnosisJSON(d *models.Diagnosis) any {
	if d == nil {
		return nil
	}
	return object{"text": d.Text, "hint": d.Hint, "age_seconds": int64(d.Age.Seconds())}
}

func datasetNameJSON(d *models.DatasetRef) any {
	if d == nil {
		return nil
	}
	return d.Name
}

func hyperJSON(h models.Hyperparameters) object {
	return object{
		"base_model": h.BaseModel, "learning_rate": h.LearningRate, "batch_size": h.BatchSize, "epochs": h.Epochs,
		"lora_rank": h.Rank, "lora_alpha": h.Alpha, "lora_dropout": h.Dropout, "warmup_steps": h.WarmupSteps,
		"weight_decay": h.WeightDecay, "max_grad_norm": h.MaxGradNorm, "max_seq_length": h.MaxSeqLength,
	}
}

func gpuJSON(g models.GPUConfig) object {
	return object{"type": g.Type, "count": g.Count, "memory_gb": g.MemoryGB, "cost_per_gpu_hour": g.CostPerGPUHour}
}

func (a *app) jobPairs(j models.Job) []pair {
	h := j.Hyperparameters
	p := []pair{
		{"id", j.ID}, {"dataset", datasetName(j.Dataset)}, {"status", string(j.Status)}, {"stage", string(j.Stage)},
		{"progress", percentText(j.Progress)}, {"step", intText(j.CurrentStep) + " of " + intText(j.TotalSteps)},
		{"epoch", intText(j.CurrentEpoch) + " of " + intText(&j.TotalEpochs)}, {"training loss", floatText(j.CurrentMetrics.TrainingLoss, 5)},
		{"validation loss", floatText(j.CurrentMetrics.ValidationLoss, 5)}, {"preset", j.PresetID}, {"base model", h.BaseModel},
		{"learning rate", floatText(h.LearningRate, 4)}, {"batch size", intText(h.BatchSize)}, {"LoRA rank", intText(h.Rank)},
		{"LoRA alpha", floatText(h.Alpha, 4)}, {"LoRA dropout", floatText(h.Dropout, 4)},
		{"GPU", intText(j.GPU.Count) + " x " + j.GPU.Type}, {"cost", a.spentText(j)}, {"estimated cost", moneyText(j.EstimatedTotalCost)},
		{"queued", timeText(j.QueuedAt)}, {"started", timeText(j.StartedAt)}, {"completed", timeText(j.CompletedAt)},
		{"artifact", textOf(j.ArtifactID)},
	}
	if f, ok := a.forecast(j); ok {
		p = append(p, pair{"left", f.Left.Round(time.Second).String()}, pair{"cost at the end", moneyText(f.Cost)})
	}
	if j.ErrorMessage != nil {
		p = append(p, pair{"error", *j.ErrorMessage}, pair{"what to do", models.ErrorHint(*j.ErrorMessage)})
	}
	if d := models.DiagnoseJob(j, a.sys.Now()); d != nil {
		p = append(p, pair{"diagnosis", d.Text}, pair{"what to do", d.Hint})
	}
	return p
}
