package cmd

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// watchOptions are what a watch ends for, and what it does on the way.
type watchOptions struct {
	every  time.Duration
	until  string
	tail   int // of what was there before only so many points; 0: all
	alerts []alert
	limit  *models.Money // a job that costs more is cancelled
}

// Ends of a watch. A job that ends otherwise ends it too.
const (
	untilEnded     = "ended"
	untilCompleted = "completed"
	untilRunning   = "running"
	untilAlert     = "alert"
)

func (a *app) watchCmd() *cobra.Command {
	var o watchOptions
	var alerts []string
	var limit string
	c := &cobra.Command{
		Use: "watch JOB...", Short: "Print jobs' metrics as they come, until they end", Args: someArgs("JOB"),
		Long: "Prints every metrics point of the jobs, first what there is and then as it comes, one line\n" +
			"a point, and ends with the jobs. Exit code 10 when one failed, 11 when one was cancelled.\n\n" +
			"--until ends earlier: completed (any other end is a failure), running, or alert.\n\n" +
			"--cancel-over cancels a job whose cost has passed the amount (as recorded, else by rate\n" +
			"and time), reads it back to see that it is cancelled, and ends with exit code 12.\n\n" + alertHelp,
		Example: "  loratop watch JOB --json | jq .training_loss\n" +
			"  loratop watch JOB --tail 20\n" +
			"  loratop watch JOB --alert 'nan(loss)' --alert 'stalled(10m)' --cancel-over 12.00\n" +
			"  loratop watch JOB JOB --until completed && deploy",
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.watchFlags(c, &o, alerts, limit); err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			return a.newWatcher(b, o, args...).run(c.Context())
		},
	}
	f := c.Flags()
	f.DurationVar(&o.every, "refresh", 0, "poll interval (default: refresh of the configuration, 1s)")
	f.StringVar(&o.until, "until", untilEnded, "ended, completed, running or alert")
	f.IntVar(&o.tail, "tail", 0, "of the points there are, print only the newest, 1..1000 (default: all)")
	f.StringArrayVar(&alerts, "alert", nil, "tell when a condition holds, such as 'nan(loss)'; may be repeated")
	f.StringVar(&limit, "cancel-over", "", "cancel a job that costs more than this many dollars (exit 12)")
	return c
}

// someArgs demands at least one argument.
func someArgs(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("see: "+c.CommandPath()+" --help", "missing %s", name)
		}
		return nil
	}
}

// watchFlags checks all that can be checked before anything is asked.
func (a *app) watchFlags(c *cobra.Command, o *watchOptions, alerts []string, limit string) error {
	if err := a.refresh(c, &o.every); err != nil {
		return err
	}
	if !slices.Contains([]string{untilEnded, untilCompleted, untilRunning, untilAlert}, o.until) {
		return usagef("", "--until must be ended, completed, running or alert, not %q", o.until)
	}
	if o.tail < 0 || o.tail > maxPage {
		return usagef("leave it out for all points", "--tail must be 1..%d", maxPage)
	}
	for _, text := range alerts {
		holds, err := parseAlert(text)
		if err != nil {
			return err
		}
		o.alerts = append(o.alerts, alert{text, holds})
	}
	if o.until == untilAlert && len(o.alerts) == 0 {
		return usagef("for example --alert 'nan(loss)'", "--until alert needs an --alert")
	}
	if !c.Flags().Changed("cancel-over") {
		return nil
	}
	m, err := models.ParseMoney(limit)
	if err != nil || !m.Known() || m.Cmp(models.Money{}) < 0 {
		return usagef("for example --cancel-over 12.00", "--cancel-over must be an amount in dollars, not %q", limit)
	}
	o.limit = &m
	return a.write("cancel a job")
}

// refresh fills in the poll interval where the flag does not give it.
func (a *app) refresh(c *cobra.Command, every *time.Duration) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if !c.Flags().Changed("refresh") {
		*every = cfg.Refresh
	}
	if *every < 100*time.Millisecond {
		return usagef("for example --refresh 1s", "--refresh must be at least 100ms")
	}
	return nil
}

// newWatcher follows jobs, each once.
func (a *app) newWatcher(b screens.Backend, o watchOptions, jobs ...string) *watcher {
	w := &watcher{app: a, backend: b, o: o}
	if w.o.until == "" {
		w.o.until = untilEnded
	}
	for _, id := range jobs {
		if !slices.ContainsFunc(w.jobs, func(j *watched) bool { return j.id == id }) {
			w.jobs = append(w.jobs, newWatched(id, len(o.alerts)))
		}
	}
	return w
}
