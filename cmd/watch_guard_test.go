package cmd

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// kinds are the types of NDJSON lines in order, points left out.
func kinds(t *testing.T, text string) (out []string) {
	t.Helper()
	for _, l := range lines(t, text) {
		if l["type"] != "point" {
			out = append(out, fmt.Sprint(l["type"]))
		}
	}
	return out
}

func TestWatchAlerts(t *testing.T) {
	f := running(models.JobCompleted)
	on := f.onLive
	f.onLive = func(call int) {
		on(call)
		last := &f.points[jobID][len(f.points[jobID])-1]
		if call == 2 {
			last.TrainingLoss = models.Ptr(models.F64(math.Inf(1)))
		}
	}
	r := invoke(t, f, world{}, "watch", jobID, "--json", "--refresh", "100ms", "--alert", "inf(loss)", "--alert", "nan(loss) and step > 1000", "--alert", "step >= 40")
	got := lines(t, r.out)
	var alerts []string
	for _, l := range got {
		if l["type"] == "alert" {
			alerts = append(alerts, fmt.Sprint(l["alert"], " ", l["step"]))
		}
	}
	if r.code != 0 || !slices.Equal(alerts, []string{"inf(loss) 40", "step >= 40 40"}) {
		t.Errorf("exit %d, alerts %q\n%s%s", r.code, alerts, r.out, r.err)
	}
	r = invoke(t, running(models.JobCompleted), world{}, "watch", jobID, "--refresh", "100ms", "--alert", "step > 30", "--until", "alert")
	if r.code != 0 || !strings.HasSuffix(r.out, "alert: step > 30 at step 40\nrunning, watched until alert\n") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestWatchStall(t *testing.T) {
	f := sample()
	f.points[jobID] = []models.MetricsPoint{point(jobID, 0)}
	f.points[jobID][0].Timestamp = models.At(noon().Add(-31 * time.Minute))
	r := invoke(t, f, world{}, "watch", jobID, "--refresh", "100ms", "--alert", "stalled(30m)", "--until", "alert")
	if r.code != 0 || !strings.Contains(r.out, "alert: stalled(30m)") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestWatchUntil(t *testing.T) {
	for _, c := range []struct {
		end   models.JobStatus
		until string
		code  int
	}{{models.JobCompleted, "completed", 0}, {models.JobFailed, "completed", 10}, {"archived", "completed", 1}, {"archived", "ended", 0}, {models.JobFailed, "running", 0}} {
		r := invoke(t, running(c.end), world{}, "watch", jobID, "--json", "--refresh", "100ms", "--until", c.until)
		if r.code != c.code {
			t.Errorf("%s until %s: exit %d, want %d: %s", c.end, c.until, r.code, c.code, r.err)
		}
		if k := kinds(t, r.out); c.until == "running" && !slices.Equal(k, []string{"reached"}) {
			t.Errorf("until running: %q", k)
		}
	}
	for _, args := range [][]string{{"--until", "tea"}, {"--until", "alert"}, {"--alert", "loss >"}, {"--cancel-over", "x"}, {"--cancel-over", "-1"}, {"--cancel-over", "NaN"}} {
		if r := invoke(t, sample(), world{}, append([]string{"watch", jobID}, args...)...); r.code != exitUsage {
			t.Errorf("%q: exit %d", args, r.code)
		}
	}
}

// TestWatchCancelsOverBudget: the job is cancelled once, read back, and nothing
// of this happens below the limit.
func TestWatchCancelsOverBudget(t *testing.T) {
	f := running(models.JobCompleted)
	f.onLive = func(call int) {
		f.jobs[0].CurrentCost = models.Ptr(models.Dollars(1190 + int64(call)*5))
	}
	r := invoke(t, f, world{}, "watch", jobID, "--json", "--refresh", "100ms", "--cancel-over", "12.00")
	if r.code != exitBudget || !slices.Equal(f.cancelled, []string{jobID}) || !slices.Equal(kinds(t, r.out), []string{"cancelled", "end"}) || f.liveCalls != 3 {
		t.Fatalf("exit %d, cancelled %q after %d polls\n%s%s", r.code, f.cancelled, f.liveCalls, r.out, r.err)
	}
	for _, l := range lines(t, r.out) {
		if l["type"] == "cancelled" && (l["spent"] != "12.05" || l["limit"] != "12.00" || l["status"] != "cancelled") {
			t.Errorf("%v", l)
		}
	}
	f = running(models.JobCompleted)
	if r := invoke(t, f, world{}, "watch", jobID, "--refresh", "100ms", "--cancel-over", "1000"); r.code != 0 || len(f.cancelled) > 0 {
		t.Errorf("exit %d, cancelled %q", r.code, f.cancelled)
	}
}

// TestWatchProvesTheCancel: a cancel that changed nothing is not taken for one.
func TestWatchProvesTheCancel(t *testing.T) {
	f := running(models.JobCompleted)
	f.jobs[0].CurrentCost = models.Ptr(models.Dollars(1300))
	f.ignoreCancel = true
	r := invoke(t, f, world{}, "watch", jobID, "--refresh", "100ms", "--cancel-over", "12")
	if r.code != exitForbidden || !strings.Contains(r.err, "still calls it running") || strings.Contains(r.out, "cancelled") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	f = running(models.JobCompleted)
	if r := invoke(t, f, world{}, "watch", jobID, "--read-only", "--cancel-over", "12"); r.code != exitForbidden || len(f.cancelled) > 0 {
		t.Errorf("read-only: exit %d", r.code)
	}
}

func TestWatchSeveral(t *testing.T) {
	f := running(models.JobCompleted)
	const done, failed = "22222222-2222-4222-8222-222222222223", "22222222-2222-4222-8222-222222222224"
	r := invoke(t, f, world{}, "watch", jobID, done, failed, jobID, "--refresh", "100ms")
	if r.code != exitJobFailed || strings.Count(r.out, " after ") != 3 {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	for _, l := range strings.Split(strings.TrimSpace(r.out), "\n") {
		if !strings.HasPrefix(l, "22222222  ") {
			t.Errorf("line %q does not say of which job", l)
		}
	}
}

func TestWait(t *testing.T) {
	const done, failed = "22222222-2222-4222-8222-222222222223", "22222222-2222-4222-8222-222222222224"
	f := running(models.JobCompleted)
	r := invoke(t, f, world{}, "wait", jobID, done, "--json", "--refresh", "100ms")
	if r.code != 0 || !slices.Equal(kinds(t, r.out), []string{"end", "end"}) || f.liveCalls != 3 {
		t.Errorf("exit %d after %d polls\n%s%s", r.code, f.liveCalls, r.out, r.err)
	}
	if r = invoke(t, sample(), world{}, "wait", failed, "-q"); r.code != exitJobFailed || r.out != failed+"\n" {
		t.Errorf("exit %d %q", r.code, r.out)
	}
	for _, limit := range []string{"0", "250ms"} {
		f = sample()
		r = invoke(t, f, world{}, "wait", jobID, done, "--timeout", limit, "--refresh", "100ms", "--json")
		if r.code != exitPending || !slices.Contains(kinds(t, r.out), "pending") || r.err != "" || limit == "0" && f.liveCalls > 0 {
			t.Errorf("--timeout %s: exit %d after %d polls\n%s%s", limit, r.code, f.liveCalls, r.out, r.err)
		}
	}
	if r = invoke(t, sample(), world{}, "wait"); r.code != exitUsage {
		t.Errorf("without a job: exit %d", r.code)
	}
	f = sample()
	f.onLive = func(int) { f.jobs = nil }
	if r = invoke(t, f, world{}, "wait", jobID, "--refresh", "100ms"); r.code != exitNotFound {
		t.Errorf("a job that is gone: exit %d", r.code)
	}
}
