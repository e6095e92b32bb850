package tui_test

import (
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/tuitest"
	"github.com/loratop/loratop/tui/tuitest/app"
)

// The way from nothing chosen to a queued job, and back out of the queue, by
// keyboard alone in a terminal. What is typed ahead lands where it was meant.
func TestLaunchByKeyboard(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(noon)
	o := tourOptions()
	o.Screens.Budget = models.Ptr(models.Dollars(100000))
	term := app.Start(t, f, o, 110, 34)
	term.See("loratop").Press("4").See("New training job", "none chosen")
	name, other := f.DatasetRows[0].Name, f.DatasetRows[1].Name
	term.Press("d").See("Choose a dataset", name, other).Type(name)
	term.Until("the search", func(s string) bool { return strings.Count(s, name) >= 2 && !strings.Contains(s, other) })
	term.Press("enter")
	term.See("Estimate", "Total", "By worker", "Likely", "Memory", "Budget left", "Cut off", "Balanced (web)")

	// A whole edit in one burst: to the batch size, 8, on to the epochs, 2.
	term.Type("jjjj\r\x7f8\t\r\x7f2\r").See("Custom")
	term.Until("both values", func(s string) bool {
		return strings.Contains(line(s, "Batch size"), " 8 ") && strings.Contains(line(s, "Epochs"), " 2 ")
	})
	term.Press("enter").Type("999").See("must be 1 to 20").Press("esc")
	term.Until("the value before", func(s string) bool { return strings.Contains(line(s, "Epochs"), " 2 ") })
	term.Press("up", "up", "up", "up").Press("right").See("Fast (web)").Press("right", "right", "right", "right").See("Balanced (types)")

	for _, size := range [][2]int{{20, 5}, {80, 24}, {300, 100}, {110, 34}} {
		term.Resize(size[0], size[1])
		term.Until("the form", func(s string) bool {
			return strings.Contains(s, "Preset") || size[0] < 40 && strings.Contains(s, "Launch")
		})
	}
	term.Press("v").See("Review", "Balanced (types)", "Job id").Press("L")
	term.See("Job on ")
	var made models.Job
	f.Change(func() { made = f.JobRows[0] })
	if made.Status != models.JobQueued || made.PresetID != "balanced" || *made.Hyperparameters.BatchSize != 8 || *made.Hyperparameters.Epochs != 5 {
		t.Fatalf("launched %+v", made)
	}

	term.Press("8").See("waiting", "What holds it", "queued")
	term.Press("a").See("marked").Press("x").See("Type cancel to go on", "enter: yes").Type("cancel").Press("enter")
	term.See("cancelled. What was spent", "Nothing waits.")
	f.Change(func() {
		for _, j := range f.JobRows {
			if j.Status == models.JobQueued || j.Status == models.JobInitializing {
				t.Errorf("job %s still waits", j.ID)
			}
		}
	})
	term.Press("ctrl+c")
	if err := term.Wait(); err != nil {
		t.Error(err)
	}
}

// line is the line of the screen with a text, "" for none.
func line(screen, text string) string {
	for _, l := range strings.Split(screen, "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}
