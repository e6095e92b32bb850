package tui_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/tuitest"
	"github.com/loratop/loratop/tui/tuitest/app"
)

// TestEveryPageTellsOfEndsOnce: a job ends and another gives no number any more,
// whatever page is open: each is told once, though pages that show the jobs see
// it too.
func TestEveryPageTellsOfEndsOnce(t *testing.T) {
	t.Parallel()
	type run struct {
		f    *tuitest.Fake
		term *tuitest.Term
	}
	sample := tuitest.NewFake(noon)
	id := sample.JobRows[0].ID
	odd := strings.Replace(id, "a", "b", 1)
	var runs []run
	for _, page := range []string{"home", "jobs", "job/" + id, "compare/" + id + "," + sample.JobRows[4].ID, "datasets"} {
		f := tuitest.NewFake(noon)
		j := f.JobRows[0]
		j.ID = odd
		f.JobRows = append(f.JobRows, j)
		o := tourOptions()
		o.Link = page
		runs = append(runs, run{f, app.Start(t, f, o, 120, 30)})
	}
	for _, r := range runs {
		r.term.Until("the first news", func(string) bool { return r.f.Calls("News") > 0 })
		r.term.See("live")
		r.f.Change(func() {
			j := &r.f.JobRows[0]
			j.Status, j.UpdatedAt, j.ErrorMessage = models.JobFailed, models.At(noon.Add(time.Second)), models.Ptr("disk full")
			r.f.Points[odd] = append(r.f.Points[odd], models.MetricsPoint{
				ID: "x", JobID: odd, Timestamp: models.At(noon.Add(time.Second)), Step: 7, TrainingLoss: models.Ptr(models.F64(math.NaN())),
			})
		})
	}
	// A toast goes by itself: all screens are looked at by turns.
	texts := []string{"failed (disk full)", "training loss is NaN at step 7"}
	seen := map[[2]int]bool{}
	for end := time.Now().Add(time.Minute); len(seen) < len(runs)*len(texts); time.Sleep(5 * time.Millisecond) {
		for i, r := range runs {
			screen := r.term.Screen()
			for k, text := range texts {
				if strings.Contains(screen, text) {
					seen[[2]int{i, k}] = true
				}
			}
			if strings.Contains(screen, "times)") {
				t.Fatalf("told twice\n%s", screen)
			}
			if time.Now().After(end) {
				t.Fatalf("told only %v; the last screen:\n%s", seen, screen)
			}
		}
	}
}
