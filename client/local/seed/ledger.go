package seed

import (
	"fmt"
	"math"
	"time"

	"github.com/loratop/loratop/models"
)

// makeCosts writes what the platform and the specification would: compute for
// completed jobs with a price, storage and traffic by the month, and what is
// left of a job that was deleted.
func makeCosts(jobs []job, now time.Time) []row {
	var out []row
	add := func(owner string, jobID any, kind models.CostType, cents int64, details any, at time.Time) {
		out = append(out, row{
			"id": uuidOf("cost", fmt.Sprint(len(out))), "user_id": owner, "job_id": jobID, "cost_type": kind, "amount": money(cents),
			"details": details, "billing_period": at.UTC().Format(time.DateOnly), "recorded_at": at,
		})
	}
	for _, j := range jobs {
		if j.status == models.JobCompleted && j.cents > 0 {
			add(j.owner, j.id, models.CostTrainingCompute, j.cents, row{"gpu_type": j.gpu["type"], "gpu_count": j.gpu["count"], "duration_hours": number(j.ran.Hours())}, j.ended)
		}
	}
	month := time.Date(now.Year(), now.Month(), 1, 6, 0, 0, 0, time.UTC)
	for back := range 6 {
		at := month.AddDate(0, -back, 0)
		if at.After(now) {
			continue
		}
		gb := 4.2 - 0.5*float64(back)
		add(alice, nil, models.CostStorage, int64(math.Round(gb*12)), row{"gb": gb}, at)
		add(alice, nil, models.CostDataTransfer, int64(9+7*back%23), `{"gb": "0.9"}`, at.Add(30*time.Minute)) // double-encoded, as some writers do
		add(bob, nil, models.CostStorage, 11, nil, at)
	}
	for i, cents := range []int64{1240, 615, 388, 2075, 96} {
		at := now.Add(-time.Duration(95+21*i) * day)
		add(alice, nil, models.CostCompute, cents, row{"gpu_type": "A100", "gpu_count": 1, "duration_hours": number(float64(cents) / 350), "note": "job deleted"}, at)
	}
	return out
}

// note is one notification before it is a row.
type note struct {
	owner, title, message, action string
	kind                          models.NotificationType
	priority                      models.Priority
	meta                          any
	at                            time.Time
}

func makeNotes(datasets []dataset, jobs []job, artifacts []artifact, now time.Time) []row {
	var notes []note
	for _, d := range datasets {
		if d.status == models.DatasetReady && !d.imported && !d.local {
			notes = append(notes, note{d.owner, "Dataset Ready", "Your dataset \"" + d.name + "\" is ready for training", "/datasets/" + d.id,
				models.NotifyDatasetReady, models.PriorityMedium, nil, now.Add(-d.age + 2*time.Minute)})
		}
	}
	for _, j := range jobs {
		notes = append(notes, jobNotes(j, now)...)
	}
	for _, a := range artifacts {
		at, _ := a.row["created_at"].(time.Time)
		notes = append(notes, note{a.row["user_id"].(string), "Model Ready for Download", fmt.Sprintf("%v can be downloaded", a.row["name"]), "/models/" + a.id,
			models.NotifyArtifactReady, models.PriorityHigh, row{"artifact_id": a.id, "job_id": a.row["job_id"]}, at})
	}
	notes = append(notes, otherNotes(now)...)
	return noteRows(notes, now)
}

func jobNotes(j job, now time.Time) []note {
	link, meta := "/training/jobs/"+j.id, row{"job_id": j.id, "dataset_name": j.data.name}
	queued := now.Add(-j.queued)
	out := []note{{j.owner, "Training Job Queued", "Training on \"" + j.data.name + "\" is queued", link, models.NotifyJobQueued, models.PriorityLow, meta, queued}}
	if !j.started.IsZero() {
		text := fmt.Sprintf("Training has started on %vx %v", j.gpu["count"], j.gpu["type"])
		if j.hourly == 0 {
			text = "Training has started on undefinedx undefined" // as the platform writes it
		}
		out = append(out, note{j.owner, "Training Started", text, link, models.NotifyJobStarted, models.PriorityMedium, meta, j.started})
	}
	switch j.status {
	case models.JobCompleted:
		text, cost := fmt.Sprintf("Training completed. Cost: $%s", money(j.cents)), any(money(j.cents))
		if j.hourly == 0 {
			text, cost = "Training completed. Cost: $NaN", nil
		}
		out = append(out, note{j.owner, "Training Complete", text, link, models.NotifyJobCompleted, models.PriorityHigh, row{"job_id": j.id, "final_cost": cost}, j.ended})
	case models.JobFailed:
		at := j.ended
		if at.IsZero() {
			at = queued.Add(time.Minute)
		}
		out = append(out, note{j.owner, "Training Failed", "Training failed: " + j.message, link, models.NotifyJobFailed, models.PriorityHigh, meta, at})
	case models.JobCancelled:
		out = append(out, note{j.owner, "Job Cancelled", "The training job was cancelled", link, models.NotifyJobCancelled, models.PriorityMedium, meta, queued.Add(j.wait + j.ran)})
	}
	return out
}

func otherNotes(now time.Time) []note {
	return []note{
		{alice, "Budget", "80% of this month's budget is used", "/costs", models.NotifyCostAlert, models.PriorityHigh, row{"percent": 80}, now.Add(-10 * day)},
		{alice, "Budget", "100% of this month's budget is used", "", models.NotifyCostAlert, models.PriorityCritical, row{"percent": 100}, now.Add(-30 * time.Hour)},
		{alice, "Training complete", "An older deployment wrote this one", "/training/jobs/" + uuidOf("job", "support-1"), models.NotifyJobComplete, models.PriorityMedium, nil, now.Add(-71 * day)},
		{alice, "Maintenance \x1b[5mtonight\x1b[0m", "The service pauses at 22:00 UTC.\nIt takes an hour.\x07", "https://status.example.com/\x1b[31mred", "system", models.PriorityLow, nil, now.Add(-5 * day)},
		{bob, "Budget", "50% of this month's budget is used", "", models.NotifyCostAlert, models.PriorityMedium, nil, now.Add(-day)},
	}
}

// noteRows: what is older than three days was read, save every seventh.
func noteRows(notes []note, now time.Time) []row {
	var out []row
	for i, n := range notes {
		out = append(out, row{
			"id": uuidOf("note", fmt.Sprint(i)), "user_id": n.owner, "type": n.kind, "title": n.title, "message": n.message,
			"priority": n.priority, "read": now.Sub(n.at) > 3*day && i%7 != 0, "action_url": nilIfEmpty(n.action), "metadata": n.meta, "created_at": n.at,
		})
	}
	return out
}
