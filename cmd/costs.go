package cmd

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
)

func (a *app) costsCmd() *cobra.Command {
	var by string
	var since sinceFlag
	c := &cobra.Command{
		Use: "costs", Short: "Show what was spent, recorded and derived", Args: exactArgs(),
		Long: "Sums the cost records, and tells apart what is derived for jobs without one: the\n" +
			"platform records completed jobs only, so failed, cancelled and running jobs are\n" +
			"taken from their own row, else from run time and the price table.",
		Example: "  loratop costs\n  loratop costs --by job --since 30d\n  loratop costs --by line --json",
		RunE: func(c *cobra.Command, _ []string) error {
			if done, err := a.fields(costsJSON(models.CostReport{}, time.Time{}, nil)); done || err != nil {
				return err
			}
			switch by {
			case "month", "type", "job", "line":
			default:
				return usagef("", "--by must be month, type, job or line, not %q", by)
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			from := since.from(a.sys.Now())
			data, err := b.Costs(c.Context(), models.At(from))
			if err != nil {
				return err
			}
			return a.printCosts(models.BuildCostReport(data, a.gpus(), from, a.sys.Now()), from, by)
		},
	}
	c.Flags().StringVar(&by, "by", "month", "group by month, type, job, or line for every amount")
	c.Flags().Var(&since, "since", "only from here on: a span such as 30d or 12h, or a date (default 365d)")
	since.span = 365 * 24 * time.Hour
	return c
}

func (a *app) printCosts(r models.CostReport, from time.Time, by string) error {
	if a.flags.json.on {
		var budget *models.Money
		if a.cfg != nil {
			budget = a.cfg.Budget
		}
		return a.writeDocument("costs", costsJSON(r, from, budget), nil)
	}
	var err error
	switch by {
	case "month":
		err = a.printCostGroups("MONTH", r.ByMonth)
	case "type":
		err = a.printCostGroups("TYPE", r.ByType)
	case "job":
		err = a.printCostGroups("JOB", r.ByJob)
	default:
		err = a.printCostLines(r.Lines)
	}
	if err != nil || a.flags.quiet {
		return err
	}
	_, err = fmt.Fprintf(a.sys.Out, "total $%s: $%s recorded, $%s derived, since %s\n", r.Total, r.Recorded, r.Derived, from.UTC().Format(time.DateOnly))
	return err
}

func (a *app) printCostGroups(title string, groups []models.CostGroup) error {
	ids, rows := []string{}, [][]string{}
	for _, g := range groups {
		key, label := g.Key, g.Label
		if key == "" {
			key, label = none, "no job"
		}
		ids = append(ids, g.Key)
		row := []string{key, strconv.Itoa(g.Count), "$" + g.Total.Sub(g.Derived).String(), "$" + g.Derived.String(), "$" + g.Total.String()}
		if title == "JOB" {
			row = append(row, label)
		}
		rows = append(rows, row)
	}
	if a.flags.quiet {
		return writeIDs(a.sys.Out, ids)
	}
	head := []string{title, "COUNT", "RECORDED", "DERIVED", "TOTAL"}
	if title == "JOB" {
		head = append(head, "DATASET")
	}
	return writeTable(a.sys.Out, head, rows)
}

func (a *app) printCostLines(lines []models.CostLine) error {
	rows := [][]string{}
	for _, l := range lines {
		kind := "recorded"
		if l.Derived {
			kind = "derived"
		}
		rows = append(rows, []string{l.At.UTC().Format(time.DateOnly), string(l.Type), kind, "$" + l.Amount.String(), l.JobID, l.Label})
	}
	return writeTable(a.sys.Out, []string{"DATE", "TYPE", "KIND", "AMOUNT", "JOB", "LABEL"}, rows)
}

func costsJSON(r models.CostReport, from time.Time, budget *models.Money) object {
	lines := []object{}
	for _, l := range r.Lines {
		lines = append(lines, object{"job_id": l.JobID, "label": l.Label, "type": l.Type, "amount": l.Amount, "at": timeJSON(l.At), "derived": l.Derived})
	}
	return object{
		"since": timeJSON(models.At(from)), "total": r.Total, "recorded": r.Recorded, "derived": r.Derived, "monthly_budget": budget,
		"by_month": groupsJSON(r.ByMonth), "by_type": groupsJSON(r.ByType), "by_job": groupsJSON(r.ByJob), "lines": lines,
	}
}

func groupsJSON(groups []models.CostGroup) []object {
	out := []object{}
	for _, g := range groups {
		label := g.Label
		if g.Key == "" {
			label = "no job"
		}
		out = append(out, object{"key": g.Key, "label": label, "total": g.Total, "recorded": g.Total.Sub(g.Derived), "derived": g.Derived, "count": g.Count})
	}
	return out
}
