package client

import (
	"sync"
	"testing"

	"github.com/loratop/loratop/models"
)

func TestStackLaunchAndCancel(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	ctx := t.Context()
	n := newJob()
	n.ID, n.DatasetID = newID(), s.dataset(t, id, "Tickets")

	// submitted ten times at once: one row
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if j, err := alice.LaunchJob(ctx, n); err != nil || j.ID != n.ID || j.Status != models.JobQueued {
				t.Errorf("%+v, %v", j, err)
			}
		})
	}
	wg.Wait()
	var rows int
	var epochs, bySpec, byWeb string
	var queued bool
	err := s.pool.QueryRow(ctx, `SELECT count(*) OVER (), total_epochs::text, hyperparameters->>'num_epochs', hyperparameters->>'epochs', queued_at IS NOT NULL AND current_metrics = '{}'
		FROM training_jobs`).Scan(&rows, &epochs, &bySpec, &byWeb, &queued)
	if err != nil || rows != 1 || epochs != "3" || bySpec != "3" || byWeb != "3" || !queued {
		t.Errorf("%d rows, epochs %s %s %s, %v, %v", rows, epochs, bySpec, byWeb, queued, err)
	}
	other := n
	other.ID = newID()
	_, err = bob.LaunchJob(ctx, other) // Alice's dataset
	wantError(t, err, models.CodeNotFound)

	_, err = bob.CancelJob(ctx, n.ID)
	wantError(t, err, models.CodeNotFound)
	s.exec(t, `UPDATE training_jobs SET status='running', current_cost=3.25 WHERE id=$1`, n.ID)
	j, err := alice.CancelJob(ctx, n.ID)
	if err != nil || j.Status != models.JobCancelled || j.FinalCost == nil || j.FinalCost.String() != "3.25" || j.CompletedAt.IsZero() || j.Dataset.Name != "Tickets" {
		t.Errorf("%+v, %v", j, err)
	}
	_, err = alice.CancelJob(ctx, n.ID)
	wantError(t, err, models.CodeConflict)

	// a database without the policy: not a success
	s.exec(t, `DROP POLICY "Users can update own jobs" ON training_jobs`)
	stays := s.job(t, id, n.DatasetID, "running")
	_, err = alice.CancelJob(ctx, stays)
	if e := wantError(t, err, models.CodeNoRows); e.Hint == "" {
		t.Error("no SQL is offered")
	}
	s.exec(t, cancelPolicy) // and what is offered helps
	if j, err := alice.CancelJob(ctx, stays); err != nil || j.Status != models.JobCancelled {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestStackInboxAndCosts(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, bobID := s.user(t, "bob@example.com")
	ctx := t.Context()
	s.exec(t, `INSERT INTO notifications (user_id,type,title,message,read) SELECT CASE WHEN i > 2200 THEN $2::uuid ELSE $1::uuid END, 'job_complete', 't'||i, 'm',
		CASE WHEN i%100=0 THEN NULL ELSE i%10=1 END FROM generate_series(1,2210) i`, id, bobID)
	inbox, err := alice.Notifications(ctx, models.ListQuery{Unread: true, Count: true})
	if err != nil || *inbox.Total != 1980 {
		t.Fatalf("%v, %v", inbox.Total, err)
	}
	if err := alice.MarkRead(ctx, []string{inbox.Items[0].ID, inbox.Items[1].ID}); err != nil {
		t.Error(err)
	}
	wantError(t, bob.MarkRead(ctx, []string{inbox.Items[2].ID}), models.CodeNoRows)
	if n, err := alice.MarkAllRead(ctx); err != nil || n != 1978 {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := alice.MarkAllRead(ctx); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	if o, err := bob.Overview(ctx); err != nil || o.Unread != 9 {
		t.Errorf("%+v, %v", o, err)
	}
	s.exec(t, `DROP POLICY "Users can update own notifications" ON notifications`)
	_, err = bob.MarkAllRead(ctx)
	wantError(t, err, models.CodeNoRows)

	ds := s.dataset(t, id, "Tickets")
	running := s.job(t, id, ds, "running")
	s.exec(t, `INSERT INTO cost_records (user_id,job_id,cost_type,amount,billing_period,recorded_at)
		SELECT $1, $2, 'storage', 0.01, current_date, date_trunc('month', now()) + make_interval(secs => i%40) FROM generate_series(1,2050) i`, id, running)
	d, err := alice.Costs(ctx, models.Time{})
	if err != nil || len(d.Records) != 2050 || len(d.Jobs) != 1 || d.Jobs[0].Dataset.Name != "Tickets" {
		t.Errorf("%d records, %d jobs, %v", len(d.Records), len(d.Jobs), err)
	}
	o, err := alice.Overview(ctx)
	if err != nil || o.Live != 1 || o.MonthSpend.String() != "21.75" || !o.Derived { // 20.50 recorded, 1.25 of the running job
		t.Errorf("%+v, %v", o, err)
	}
	if d, err := bob.Costs(ctx, models.Time{}); err != nil || len(d.Records) != 0 || len(d.Jobs) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
}
