package screens

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

const cancelTimeout = 20 * time.Second

// jobCancelled is the outcome of a cancel.
type jobCancelled struct {
	id  string
	job models.Job
	err error
}

// Failure lets the shell see that a session has ended.
func (m jobCancelled) Failure() error { return m.err }

// cancelJob cancels a job. That it is cancelled then is no news to who did it,
// and the page tells how it went.
func cancelJob(sc screen.Scope, b Jobs, id string) tea.Cmd {
	return tea.Batch(screen.Told(screen.EndKey(id, string(models.JobCancelled))),
		screen.Do(sc, "cancel job", cancelTimeout, func(ctx context.Context) tea.Msg {
			j, err := b.CancelJob(ctx, id)
			return jobCancelled{id: id, job: j, err: err}
		}))
}

// told says how it went, in plain words.
func (m jobCancelled) told() tea.Cmd {
	switch models.CodeOf(m.err) {
	case models.CodeConflict:
		text, hint := models.Explain(m.err)
		return tea.Batch(screen.Toast(screen.LevelWarn, "Nothing was cancelled: %s", joined(text, hint)), screen.Changed("job"))
	case models.CodeNoRows, models.CodeForbidden:
		text, hint := models.Explain(m.err)
		return screen.Ask(screen.Dialog{
			Title: "The job still runs", Yes: "OK",
			Body: "The database did not change the job: its policies do not let you update training_jobs.\n\n" + joined(text, hint),
		})
	}
	if m.err != nil {
		text, hint := models.Explain(m.err)
		return screen.Toast(screen.LevelBad, "%s", joined(text, hint))
	}
	cost := ""
	if m.job.FinalCost != nil {
		cost = " It cost " + kit.Money(m.job.FinalCost) + "."
	}
	return tea.Batch(screen.Toast(screen.LevelGood, "The job is cancelled.%s", cost), screen.Changed("job"))
}

// joined puts together what happened and what to do.
func joined(text, hint string) string {
	if hint == "" {
		return text
	}
	return strings.TrimRight(text, ".") + ". " + hint
}

func cancelOff(j models.Job) string {
	if !j.Status.Live() {
		return "the job has ended: " + models.Clean(string(j.Status))
	}
	return ""
}

// datasetOff says why no job can be launched with the dataset of j.
func datasetOff(j models.Job) string {
	if j.Dataset != nil && !j.Dataset.DeletedAt.IsZero() {
		return "its dataset is deleted"
	}
	return ""
}

// cancelPrompt says what is at stake.
func cancelPrompt(j models.Job, o Options, now time.Time) (title, body, typed string) {
	var b strings.Builder
	fmt.Fprintf(&b, "It is %s", models.Clean(string(j.Status)))
	if share, ok := j.Done(); ok && share > 0 {
		fmt.Fprintf(&b, ", %d%% done", int(share*100))
	}
	if e := j.Elapsed(now); e > 0 {
		fmt.Fprintf(&b, " after %s", kit.Duration(e))
	}
	b.WriteString(".\n\n")
	spent, derived, ok := models.Spend(j, o.GPUs, now)
	switch {
	case !ok:
		b.WriteString("What it has spent is not known; it stays spent.")
	case spent.IsZero() && j.StartedAt.IsZero():
		b.WriteString("It has spent nothing yet.")
	case derived:
		fmt.Fprintf(&b, "Spent so far: about %s (from its rate). That stays spent.", kit.Money(&spent))
	default:
		fmt.Fprintf(&b, "Spent so far: %s. That stays spent.", kit.Money(&spent))
	}
	if e := j.EstimatedTotalCost; e != nil && e.Known() && !e.IsZero() {
		fmt.Fprintf(&b, " Estimated for the whole run: %s.", kit.Money(e))
	}
	b.WriteString("\n\nA cancelled job cannot be resumed and leaves no artifact.")
	name := "this job"
	if j.Dataset != nil && j.Dataset.Name != "" {
		name = "the job on “" + kit.Truncate(models.Clean(j.Dataset.Name), 40) + "”"
	}
	return "Cancel " + name + "?", b.String(), ""
}
