package client

import (
	"sync"
	"testing"

	"github.com/loratop/loratop/models"
)

func TestStackLaunch(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	n := newJob()
	n.ID, n.DatasetID = newID(), s.dataset(t, id, "Tickets")

	// submitted ten times at once: one row
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if j, err := alice.LaunchJob(t.Context(), n); err != nil || j.ID != n.ID || j.Status != models.JobQueued {
				t.Errorf("%+v, %v", j, err)
			}
		})
	}
	wg.Wait()
	var got string
	err := s.pool.QueryRow(t.Context(), `SELECT concat_ws(' ', count(*) OVER (), total_epochs, hyperparameters->>'num_epochs', hyperparameters->>'epochs',
		queued_at IS NOT NULL, current_metrics, estimated_total_cost, gpu_config->>'cost_per_gpu_hour') FROM training_jobs`).Scan(&got)
	if err != nil || got != "1 3 3 3 t {} 2.76 3.5" {
		t.Errorf("%q, %v", got, err)
	}
	n.ID = newID()
	_, err = bob.LaunchJob(t.Context(), n) // Alice's dataset
	wantError(t, err, models.CodeNotFound)
}

func TestStackCancel(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	ctx := t.Context()
	ds := s.dataset(t, id, "Tickets")
	job := s.job(t, id, ds, "running")
	_, err := bob.CancelJob(ctx, job)
	wantError(t, err, models.CodeNotFound)
	s.exec(t, `UPDATE training_jobs SET current_cost=3.25 WHERE id=$1`, job)
	j, err := alice.CancelJob(ctx, job)
	if err != nil || j.Status != models.JobCancelled || j.FinalCost == nil || j.FinalCost.String() != "3.25" {
		t.Fatalf("%+v, %v", j, err)
	}
	if j.CompletedAt.IsZero() || j.Dataset.Name != "Tickets" {
		t.Errorf("%+v", j)
	}
	_, err = alice.CancelJob(ctx, job)
	wantError(t, err, models.CodeConflict)

	// a database without the policy: not a success
	s.exec(t, `DROP POLICY "Users can update own jobs" ON training_jobs`)
	stays := s.job(t, id, ds, "running")
	_, err = alice.CancelJob(ctx, stays)
	if e := wantError(t, err, models.CodeNoRows); e.Hint == "" {
		t.Error("no SQL is offered")
	}
	s.exec(t, cancelPolicy) // and what is offered helps
	if j, err := alice.CancelJob(ctx, stays); err != nil || j.Status != models.JobCancelled {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestStackInbox(t *testing.T) {
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
	for _, want := range []int{1978, 0} {
		if n, err := alice.MarkAllRead(ctx); err != nil || n != want {
			t.Errorf("%d, %v; want %d", n, err, want)
		}
	}
	if o, err := bob.Overview(ctx); err != nil || o.Unread != 9 {
		t.Errorf("%+v, %v", o, err)
	}
	s.exec(t, `DROP POLICY "Users can update own notifications" ON notifications`)
	_, err = bob.MarkAllRead(ctx)
	wantError(t, err, models.CodeNoRows)
}

func TestStackCosts(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	bob, _ := s.user(t, "bob@example.com")
	ctx := t.Context()
	running := s.job(t, id, s.dataset(t, id, "Tickets"), "running")
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
