package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/loratop/loratop/models"
)

// lines decodes NDJSON.
func lines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		var m map[string]any
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			t.Fatalf("line %q: %v", l, err)
		}
		out = append(out, m)
	}
	return out
}

// running gives a project whose job gets a point with every poll and ends with
// the given status at the third.
func running(end models.JobStatus) *fake {
	f := sample()
	f.onLive = func(call int) {
		f.points[jobID] = append(f.points[jobID], point(jobID, 2+call))
		if call == 3 {
			f.jobs[0].Status = end
			f.points[jobID] = append(f.points[jobID], point(jobID, 6)) // written with the end
		}
	}
	return f
}

func TestWatchEndsWithTheJob(t *testing.T) {
	for end, want := range map[models.JobStatus]int{models.JobCompleted: 0, models.JobFailed: 10, models.JobCancelled: 11} {
		t.Run(string(end), func(t *testing.T) {
			r := invoke(t, running(end), world{}, "watch", jobID, "--json", "--refresh", "100ms")
			if r.code != want || r.err != "" {
				t.Fatalf("exit %d, want %d: %s", r.code, want, r.err)
			}
			got := lines(t, r.out)
			if len(got) != 8 {
				t.Fatalf("%d lines, want 7 points and the end:\n%s", len(got), r.out)
			}
			for i, l := range got[:7] {
				if l["schema"] != "loratop/v1" || l["type"] != "point" || l["step"] != float64(i*10) {
					t.Errorf("line %d: %v", i, l)
				}
			}
			if got[1]["training_loss"] != "NaN" {
				t.Errorf("NaN became %v", got[1]["training_loss"])
			}
			last := got[7]
			if last["type"] != "end" || last["points"] != float64(7) || last["job"].(map[string]any)["status"] != string(end) {
				t.Errorf("end: %v", last)
			}
		})
	}
}

// TestWatchContract pins the lines of watch --json.
func TestWatchContract(t *testing.T) {
	golden.RequireEqual(t, []byte(invoke(t, sample(), world{}, "watch", "22222222-2222-4222-8222-222222222224", "--json").out))
}

func TestWatchOfAnEndedJob(t *testing.T) {
	r := invoke(t, sample(), world{}, "watch", "22222222-2222-4222-8222-222222222223")
	if r.code != 0 || strings.Count(r.out, "\n") != 4 || !strings.Contains(r.out, "completed after 3 points, cost $3.50") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestWatchOutlivesTheNetwork(t *testing.T) {
	f := running(models.JobCompleted)
	f.failLive = []error{
		&models.Error{Code: models.CodeNetwork, Msg: "connection refused \x1b[2J"}, &models.Error{Code: models.CodeServer, Msg: "502"},
	}
	r := invoke(t, f, world{}, "watch", jobID, "--json", "--refresh", "100ms")
	if got := lines(t, r.out); r.code != 0 || got[len(got)-1]["type"] != "end" {
		t.Errorf("exit %d:\n%s", r.code, r.out)
	}
	if w := lines(t, r.err); len(w) != 2 || !strings.Contains(fmt.Sprint(w[0]["warning"]), "next try in 100ms") || !strings.Contains(fmt.Sprint(w[1]["warning"]), "200ms") {
		t.Errorf("warnings: %s", r.err)
	}
}

func TestWatchStopsForWhatDoesNotPass(t *testing.T) {
	f := running(models.JobCompleted)
	f.failLive = []error{&models.Error{Code: models.CodeSignIn, Msg: "the session has ended"}}
	if r := invoke(t, f, world{}, "watch", jobID, "--refresh", "100ms"); r.code != exitSignIn {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if r := invoke(t, sample(), world{}, "watch", "nope"); r.code != exitNotFound {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestWatchOfADeletedJob(t *testing.T) {
	f := sample()
	f.onLive = func(int) { f.jobs = nil }
	if r := invoke(t, f, world{}, "watch", jobID, "--refresh", "100ms"); r.code != exitNotFound || !strings.Contains(r.err, "the job is gone") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestWatchBySignal(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := sample()
	f.onLive = func(int) { cancel(signalError{syscall.SIGINT}) }
	r := invoke(t, f, world{ctx: ctx}, "watch", jobID, "--refresh", "100ms")
	if r.code != 130 || strings.Count(r.out, "\n") != 3 || r.err != "" {
		t.Errorf("exit %d out %q err %q", r.code, r.out, r.err)
	}
}

func TestWatchPagesThroughALongHistory(t *testing.T) {
	f := sample()
	f.jobs[0].Status = models.JobCompleted
	var all []models.MetricsPoint
	for i := range 2500 {
		p := point(jobID, i)
		p.ID = fmt.Sprintf("p%05d", i)
		all = append(all, p)
	}
	f.points[jobID] = all
	r := invoke(t, f, world{}, "watch", jobID, "--json")
	if got := lines(t, r.out); r.code != 0 || len(got) != 2501 {
		t.Errorf("exit %d, %d lines", r.code, len(got))
	}
}

func (f *fake) MetricsBefore(ctx context.Context, id string, before models.MetricCursor) ([]models.MetricsPoint, error) {
	if !before.IsZero() {
		return nil, nil
	}
	all := f.points[id]
	return all[max(0, len(all)-maxPage):], f.gate(ctx)
}

// TestWatchTail prints the newest points only, and then what comes.
func TestWatchTail(t *testing.T) {
	r := invoke(t, running(models.JobCompleted), world{}, "watch", jobID, "--json", "--refresh", "100ms", "--tail", "2")
	var steps []any
	for _, l := range lines(t, r.out) {
		if l["type"] == "point" {
			steps = append(steps, l["step"])
		}
	}
	if r.code != 0 || fmt.Sprint(steps) != "[10 20 30 40 50 60]" {
		t.Errorf("exit %d, steps %v: %s", r.code, steps, r.err)
	}
	if r := invoke(t, sample(), world{}, "watch", jobID, "--tail", "1001"); r.code != exitUsage {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

// TestWatchTellsTheDate of a point that is not of today.
func TestWatchTellsTheDate(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 30, 0, 0, time.UTC)
	for at, want := range map[time.Time]string{
		now.Add(-time.Minute): "00:29:00", now.Add(-time.Hour): "2026-11-24 23:30:00",
		now.In(time.FixedZone("", 3600)).Add(-time.Minute): "00:29:00", now.AddDate(-1, 0, 0): "2025-11-25 00:30:00",
	} {
		if got := pointTime(at, now); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}
