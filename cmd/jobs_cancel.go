package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

func (a *app) jobsCancel() *cobra.Command {
	return &cobra.Command{
		Use: "cancel JOB…", Short: "Cancel queued or running jobs", Args: someArgs("JOB"),
		Long: "Cancels jobs that are queued, initializing or running, and reads each back. What they\n" +
			"have cost so far stays spent. All are looked up before the first is cancelled; one that\n" +
			"cannot be cancelled does not keep the others from it.",
		Example: "  loratop jobs cancel JOB\n  loratop jobs cancel JOB1 JOB2 --yes --json\n  loratop jobs ls --status queued -q | xargs loratop jobs cancel --yes",
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.write("cancel a job"); err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			return a.cancelJobs(c.Context(), b, args)
		},
	}
}

// cancelled is how the cancelling of one job went.
type cancelled struct {
	job models.Job // as it was read back, or as it was before
	err error
}

func (a *app) cancelJobs(ctx context.Context, b screens.Backend, ids []string) error {
	var jobs []models.Job
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		j, err := b.Job(ctx, id)
		if err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	if err := a.confirmCancel(ctx, jobs); err != nil {
		return err
	}
	out := make([]cancelled, len(jobs))
	var first error
	for i, j := range jobs {
		out[i] = cancelOne(ctx, b, j)
		if first == nil {
			first = out[i].err
		}
	}
	if len(jobs) == 1 && first != nil {
		return first
	}
	if err := a.printCancelled(out); err != nil {
		return err
	}
	return first
}

// cancelOne cancels a job and looks whether it is: an update that policies
// forbid is no error to the database.
func cancelOne(ctx context.Context, b screens.Backend, j models.Job) cancelled {
	if _, err := b.CancelJob(ctx, j.ID); err != nil {
		return cancelled{j, err}
	}
	back, err := b.Job(ctx, j.ID)
	switch {
	case err != nil:
		return cancelled{j, err}
	case back.Status.Live():
		return cancelled{back, &models.Error{Code: models.CodeNoRows, Op: "cancel job",
			Msg: fmt.Sprintf("job %s was cancelled, but the database still calls it %s", j.ID, models.Clean(string(back.Status))), Hint: "see loratop migrate status for the policies"}}
	}
	return cancelled{back, nil}
}

func (a *app) confirmCancel(ctx context.Context, jobs []models.Job) error {
	if len(jobs) == 1 {
		j := jobs[0]
		return a.confirm(ctx, fmt.Sprintf("Cancel job %s (%s)? It has cost %s so far; that stays spent.", j.ID, j.Status, a.spentText(j)))
	}
	if a.flags.yes {
		return nil
	}
	if err := a.askable("Cancel the jobs?", "answer with --yes"); err != nil {
		return err
	}
	rows := make([][]string, len(jobs))
	for i, j := range jobs {
		rows[i] = []string{j.ID, datasetName(j.Dataset), string(j.Status), elapsedText(j.Elapsed(a.sys.Now())), a.spentText(j)}
	}
	if err := writeTable(a.sys.Err, []string{"ID", "DATASET", "STATUS", "RUNNING", "COST SO FAR"}, rows); err != nil {
		return err
	}
	return a.confirm(ctx, fmt.Sprintf("Cancel these %d jobs? They have cost $%s so far; that stays spent.", len(jobs), a.sumSpent(jobs)))
}

func elapsedText(d time.Duration) string {
	if d <= 0 {
		return none
	}
	return d.Round(time.Second).String()
}

// sumSpent is what jobs have cost, as far as it is known.
func (a *app) sumSpent(jobs []models.Job) models.Money {
	var sum models.Money
	for _, j := range jobs {
		if m, _ := a.spent(j); m != nil {
			sum = sum.Add(*m)
		}
	}
	return sum.Round()
}

func (a *app) printCancelled(list []cancelled) error {
	if len(list) == 1 {
		return a.printJob(list[0].job)
	}
	var jobs []models.Job
	var good []string
	docs, failed, rows := []object{}, []object{}, [][]string{}
	for _, c := range list {
		jobs = append(jobs, c.job)
		outcome := "cancelled"
		if c.err != nil {
			text, hint := models.Explain(c.err)
			outcome = text
			failed = append(failed, object{"id": c.job.ID, "code": models.CodeOf(c.err), "message": text, "hint": hint})
		} else {
			good = append(good, c.job.ID)
		}
		docs = append(docs, a.jobJSON(c.job))
		rows = append(rows, []string{c.job.ID, datasetName(c.job.Dataset), string(c.job.Status), a.spentText(c.job), models.Clean(outcome)})
	}
	sum := a.sumSpent(jobs)
	switch {
	case a.flags.json.on:
		return a.writeDocument("jobs", docs, object{"failed": failed, "spent": sum})
	case a.flags.quiet:
		return writeIDs(a.sys.Out, good)
	}
	rows = append(rows, []string{"", "", "together", "$" + sum.String(), ""})
	return writeTable(a.sys.Out, []string{"ID", "DATASET", "STATUS", "COST SO FAR", "OUTCOME"}, rows)
}
