package screens

import (
	"context"

	"github.com/loratop/loratop/models"
)

// How much is read for the queue: all that has not ended, in pages, and as many
// of the newest starts as tell how long a start takes.
const (
	queuePage  = 200
	queuePages = 10
	queueStart = 30
)

// QueueJobs reads what models.BuildQueue wants: the user's jobs that have not
// ended, at most 2000 of them, and those that started last.
func QueueJobs(ctx context.Context, b Jobs) ([]models.Job, error) {
	var live []string
	for _, s := range models.CancellableStatuses() {
		live = append(live, string(s))
	}
	seen := map[string]bool{}
	var out []models.Job
	add := func(list []models.Job) {
		for _, j := range list {
			if !seen[j.ID] {
				seen[j.ID] = true
				out = append(out, j)
			}
		}
	}
	q := models.ListQuery{Status: live, Sort: "queued_at", Asc: true, Limit: queuePage}
	for range queuePages {
		p, err := b.Jobs(ctx, q)
		if err != nil {
			return nil, err
		}
		add(p.Items)
		if q.After = p.Next; q.After == "" {
			break
		}
	}
	recent, err := b.Jobs(ctx, models.ListQuery{Sort: "started_at", Limit: queueStart})
	if err != nil {
		return nil, err
	}
	add(recent.Items)
	return out, nil
}
