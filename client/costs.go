package client

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/loratop/loratop/models"
)

const (
	costColumns    = "id,user_id,job_id,cost_type,amount,details,billing_period,recorded_at"
	costJobColumns = "id,user_id,dataset_id,preset_id,hyperparameters,gpu_config,status,current_stage,progress," +
		"total_epochs,queued_at,started_at,completed_at,current_cost,estimated_total_cost,final_cost,created_at,updated_at"
)

// Costs returns all cost records since from and all jobs that may have spent
// since then, with or without a record, both paged to the end.
func (c *Client) Costs(ctx context.Context, from models.Time) (models.CostData, error) {
	d, err := c.costs(ctx, from)
	return d, fail("read costs", err)
}

func (c *Client) costs(ctx context.Context, from models.Time) (models.CostData, error) {
	me, err := c.me(ctx)
	if err != nil {
		return models.CostData{}, err
	}
	records := query{table: "cost_records"}
	records.where("user_id", "eq", me.UserID)
	jobs := query{table: "training_jobs"}
	jobs.where("user_id", "eq", me.UserID)
	if !from.IsZero() {
		records.cond("recorded_at.gte." + literal(instant(from.Time)))
		jobs.cond(spentSince(from.Time))
	}
	var d models.CostData
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		d.Records, err = all[models.CostRecord](gctx, c, me, records, tableCosts, costColumns, "", "recorded_at")
		return err
	})
	g.Go(func() (err error) {
		d.Jobs, err = all[models.Job](gctx, c, me, jobs, tableJobs, costJobColumns, jobDataset, "created_at")
		return err
	})
	if err := g.Wait(); err != nil {
		return models.CostData{}, err
	}
	return d, nil
}

// spentSince selects jobs that were active at any time since t.
func spentSince(t time.Time) string {
	at := literal(instant(t))
	return fmt.Sprintf("or(created_at.gte.%[1]s,started_at.gte.%[1]s,completed_at.gte.%[1]s,status.in.%[2]s)", at, inList(cancellable()))
}

// Overview reads what the header shows: four small requests at once.
func (c *Client) Overview(ctx context.Context) (models.Overview, error) {
	const op = "read overview"
	me, err := c.me(ctx)
	if err != nil {
		return models.Overview{}, fail(op, err)
	}
	now := c.opts.Now().UTC()
	from := models.At(time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC))
	var o models.Overview
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		res, err := unread(me.UserID).get(gctx, me, countExact, true)
		o.Unread = res.total
		return err
	})
	g.Go(func() error {
		q := &query{table: "training_jobs", columns: "id"}
		q.where("user_id", "eq", me.UserID)
		q.where("status", "in", inList(cancellable()))
		res, err := q.get(gctx, me, countExact, true)
		o.Live = res.total
		return err
	})
	g.Go(func() error {
		d, err := c.costs(gctx, from)
		if err != nil {
			return err
		}
		r := models.BuildCostReport(d, c.opts.GPUs, from.Time, now)
		o.MonthSpend, o.Derived = r.Total, !r.Derived.IsZero()
		return nil
	})
	if err := g.Wait(); err != nil {
		return models.Overview{}, fail(op, err)
	}
	return o, nil
}
