package cmd

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

func (a *app) jobsQueue() *cobra.Command {
	return &cobra.Command{
		Use: "queue", Short: "Show which jobs wait, how long, and what holds them", Args: exactArgs(),
		Long: "Lists your jobs that have not started, oldest first, as the job processor takes them:\n" +
			"at most 5 a cycle of 30 seconds. The wait that is expected comes from the latest starts.\n" +
			"Only your own jobs are visible to you: positions count those, and jobs of others may be\n" +
			"ahead of them.",
		Example: "  loratop jobs queue\n  loratop jobs queue --json\n  loratop jobs queue -q | xargs loratop jobs cancel --yes",
		RunE: func(c *cobra.Command, _ []string) error {
			now := a.sys.Now()
			if done, err := a.fields(queuedJSON(models.Queued{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			jobs, err := screens.QueueJobs(c.Context(), b)
			if err != nil {
				return err
			}
			return a.printQueue(models.BuildQueue(jobs, now))
		},
	}
}

func queuedJSON(e models.Queued) object {
	var position, expect any
	if e.Position > 0 {
		position = e.Position
	}
	if e.Known {
		expect = int64(e.Expect.Seconds())
	}
	return object{
		"id": e.Job.ID, "dataset_id": e.Job.DatasetID, "dataset_name": datasetNameJSON(e.Job.Dataset), "status": e.Job.Status,
		"position": position, "queued_at": timeJSON(e.Job.QueuedAt), "waited_seconds": int64(e.Waited.Seconds()), "expected_seconds": expect,
		"overdue": e.Overdue, "hold": e.Hold, "hint": e.Hint,
	}
}

func (a *app) printQueue(q models.Queue) error {
	docs, rows, ids := []object{}, [][]string{}, []string{}
	for _, e := range q.Jobs {
		docs = append(docs, queuedJSON(e))
		ids = append(ids, e.Job.ID)
		position, expect := none, none
		if e.Position > 0 {
			position = strconv.Itoa(e.Position)
		}
		if e.Known {
			expect = e.Expect.Round(time.Second).String()
		}
		rows = append(rows, []string{position, e.Job.ID, datasetName(e.Job.Dataset), string(e.Job.Status), e.Waited.Round(time.Second).String(), expect, e.Hold})
	}
	switch {
	case a.flags.json.on:
		var usual any
		if q.Starts > 0 {
			usual = int64(q.Usual.Seconds())
		}
		return a.writeDocument("queue", docs, object{
			"waiting": q.Waiting, "starting": q.Starting, "running": q.Running, "usual_wait_seconds": usual, "measured_starts": q.Starts,
			"last_start_at": timeJSON(q.LastStart), "processor_silent": q.Down, "own_jobs_only": true,
		})
	case a.flags.quiet:
		return writeIDs(a.sys.Out, ids)
	}
	if err := writeTable(a.sys.Out, []string{"#", "ID", "DATASET", "STATUS", "WAITED", "EXPECTED", "WHAT HOLDS IT"}, rows); err != nil {
		return err
	}
	text := fmt.Sprintf("%d waiting, %d being submitted, %d running", q.Waiting, q.Starting, q.Running)
	if q.Starts > 0 {
		text += fmt.Sprintf("; the last %d started after %s, as the median", q.Starts, q.Usual.Round(time.Second))
	}
	_, err := fmt.Fprintf(a.sys.Err, "%s. Positions count your own jobs; those of others are not visible.\n", text)
	return err
}
