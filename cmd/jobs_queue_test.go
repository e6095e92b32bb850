package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

func waitingJobs(f *fake) {
	for i, id := range []string{"22222222-2222-4222-8222-222222222231", "22222222-2222-4222-8222-222222222232"} {
		j := f.jobs[0]
		j.ID, j.Status, j.Stage, j.StartedAt, j.CurrentCost, j.Progress = id, models.JobQueued, models.StageQueued, models.Time{}, nil, nil
		j.QueuedAt = models.At(noon().Add(time.Duration(i-2) * 10 * time.Second))
		f.jobs = append(f.jobs, j)
	}
}

func TestJobsQueue(t *testing.T) {
	f := sample()
	waitingJobs(f)
	r := invoke(t, f, world{}, "jobs", "queue")
	if r.code != 0 || strings.Count(r.out, "\n") != 3 || !strings.Contains(r.err, "2 waiting, 0 being submitted, 1 running") || !strings.Contains(r.err, "not visible") {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	doc := jsonOf(t, invoke(t, f, world{}, "jobs", "queue", "--json").out)
	q := doc["queue"].([]any)
	first := q[0].(map[string]any)
	if len(q) != 2 || first["position"] != 1.0 || first["waited_seconds"] != 20.0 || doc["usual_wait_seconds"] != 600.0 || doc["own_jobs_only"] != true || doc["processor_silent"] != false {
		t.Errorf("%v", doc)
	}
	if r := invoke(t, f, world{}, "jobs", "queue", "-q"); r.out != "22222222-2222-4222-8222-222222222231\n22222222-2222-4222-8222-222222222232\n" {
		t.Errorf("%q", r.out)
	}
	if r := invoke(t, sample(), world{}, "jobs", "queue", "--json"); !strings.Contains(r.out, `"queue":[]`) {
		t.Errorf("empty: %s", r.out)
	}
}

func TestCancelSeveral(t *testing.T) {
	f := sample()
	waitingJobs(f)
	a, b := f.jobs[0].ID, f.jobs[3].ID
	r := invoke(t, f, world{tty: true, in: "n\n"}, "jobs", "cancel", a, b)
	if r.code != exitFailure || len(f.cancelled) != 0 || !strings.Contains(r.err, "COST SO FAR") || !strings.Contains(r.err, "Cancel these 2 jobs? They have cost $1.23 so far") {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	r = invoke(t, f, world{tty: true, in: "y\n"}, "jobs", "cancel", a, b, a)
	if r.code != 0 || len(f.cancelled) != 2 || strings.Count(r.out, "\n") != 4 || !strings.Contains(r.out, "together") {
		t.Fatalf("exit %d, cancelled %v\n%s%s", r.code, f.cancelled, r.out, r.err)
	}
	if r := invoke(t, sample(), world{}, "jobs", "cancel", a, "22222222-2222-4222-8222-222222222299", "--yes"); r.code != exitNotFound {
		t.Errorf("one of them is none: exit %d", r.code)
	}
	if r := invoke(t, sample(), world{}, "jobs", "cancel"); r.code != exitUsage {
		t.Errorf("none: exit %d", r.code)
	}
	if r := invoke(t, sample(), world{}, "jobs", "cancel", a, b); r.code != exitUsage && r.code != exitNotFound {
		t.Errorf("nobody to ask: exit %d", r.code)
	}
}

// stubborn refuses to cancel one of the jobs.
type stubborn struct {
	*fake
	id string
}

func (s stubborn) CancelJob(ctx context.Context, id string) (models.Job, error) {
	if id == s.id {
		return models.Job{}, &models.Error{Code: models.CodeConflict, Msg: "it has ended"}
	}
	return s.fake.CancelJob(ctx, id)
}

func TestCancelSeveralGoesOnBehindAFailure(t *testing.T) {
	f := sample()
	waitingJobs(f)
	ids := []string{f.jobs[0].ID, f.jobs[3].ID, f.jobs[4].ID}
	var out, errs strings.Builder
	a := &app{sys: IO{Args: append([]string{"jobs", "cancel", "--yes", "--json"}, ids...), In: strings.NewReader(""), Out: &out, Err: &errs,
		Env: []string{"HOME=" + t.TempDir()}, Now: noon}}
	a.backend = stubborn{f, ids[1]}
	code := a.main(t.Context())
	doc := jsonOf(t, out.String())
	failed := doc["failed"].([]any)
	if code != exitFailure || len(f.cancelled) != 2 || len(doc["jobs"].([]any)) != 3 || len(failed) != 1 || failed[0].(map[string]any)["code"] != "conflict" || doc["spent"] != "1.23" {
		t.Errorf("exit %d, cancelled %v\n%s%s", code, f.cancelled, out.String(), errs.String())
	}
	f = sample()
	waitingJobs(f)
	f.ignoreCancel = true // as a database without the policy does
	r := invoke(t, f, world{}, "jobs", "cancel", ids[0], ids[1], "--yes")
	if r.code != exitForbidden || !strings.Contains(r.out, "still calls it") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}
