package tui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/screens"
	"github.com/loratop/loratop/tui/tuitest"
	"github.com/loratop/loratop/tui/tuitest/app"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func tourOptions() tui.Options {
	return tui.Options{
		Now:     func() time.Time { return noon },
		Screens: screens.Options{GPUs: models.GPUs(), Presets: models.Presets(), DownloadDir: os.TempDir()},
	}
}

// stops are the pages of the tour, each with what must be seen there at a size
// at which there is room.
func stops(f *tuitest.Fake) [][2]string {
	return [][2]string{
		{"home", "support-c"},
		{"datasets", "contract-clauses"},
		{"dataset/" + f.DatasetRows[0].ID, "support-conversations"},
		{"dataset/" + f.DatasetRows[3].ID, "clinic-notes-de"},
		{"upload", "Choose a dataset file"},
		{"uploading/" + f.DatasetRows[4].ID, "its upload stopped"},
		{"jobs", "running"},
		{"job/" + f.JobRows[0].ID, "running"},
		{"job/" + f.JobRows[4].ID, "CUDA out of memory"},
		{"compare/" + f.JobRows[0].ID + "," + f.JobRows[4].ID, "Compare 2 jobs"},
		{"launch", "Preset"},
		{"launch/" + f.DatasetRows[0].ID, "support-conversations"},
		{"artifacts", "contract-clauses-lora"},
		{"artifact/" + f.ArtifactRows[0].ID, "contract-clauses-lora"},
		{"costs", "$"},
		{"inbox", "Training"},
		{"queue", "waiting"},
	}
}

// TestTour opens every page at every size and in every look. Set TOUR_DIR to
// keep the screens as text and pictures.
func TestTour(t *testing.T) {
	t.Parallel()
	looks := map[string]func(*tui.Options){
		"dark":  func(o *tui.Options) { o.Theme = "dark" },
		"light": func(o *tui.Options) { o.Theme = "light" },
		"mono":  func(o *tui.Options) { o.NoColor = true },
		"ascii": func(o *tui.Options) { o.ASCII = true },
	}
	for look, set := range looks {
		t.Run(look, func(t *testing.T) {
			t.Parallel()
			f := tuitest.NewFake(noon)
			f.Pending = []models.PendingUpload{{DatasetID: f.DatasetRows[4].ID, Path: "/data/fresh.jsonl", Name: "fresh-upload", Size: 6_172_835, Sent: 2_000_000}}
			for i, s := range stops(f) {
				if look != "dark" && os.Getenv("TOUR_DIR") == "" && i%3 == len(look)%3 {
					continue // the other looks leave a third of the pages out
				}
				o := tourOptions()
				set(&o)
				o.Link = s[0]
				tourPage(t, look, s[0], s[1], app.Start(t, f, o, 80, 24))
			}
		})
	}
}

func tourPage(t *testing.T, look, link, want string, term *tuitest.Term) {
	t.Helper()
	term.See("loratop", want)
	sizes := [][2]int{{20, 5}, {60, 16}, {200, 50}, {0, 0}, {80, 24}}
	if look == "dark" && (link == "home" || strings.HasPrefix(link, "job")) {
		sizes = append(sizes, [2]int{300, 100})
	}
	for _, sz := range sizes {
		w, h := sz[0], sz[1]
		term.Resize(w, h)
		if w >= 60 {
			// The footer is on the last line and the page's text between.
			term.Until(fmt.Sprintf("%s at %d×%d", link, w, h), func(s string) bool {
				return strings.Contains(s, want) && strings.Contains(term.Line(-1), "help")
			})
			if s := term.Screen(); strings.Contains(s, "internal error") {
				t.Errorf("%s at %d×%d:\n%s", link, w, h, s)
			}
		} else if w > 0 {
			term.Until(fmt.Sprintf("%s at %d×%d", link, w, h), func(s string) bool { return strings.Contains(s, "help") })
		}
		keepScreen(t, look, link, w, h, term)
		for y, l := range strings.Split(term.Screen(), "\n") {
			if n := ansi.StringWidth(l); n > max(w, 1) {
				t.Errorf("%s at %d×%d: line %d has %d cells", link, w, h, y, n)
			}
		}
	}
	term.Press("ctrl+c")
	if err := term.Wait(); err != nil {
		t.Errorf("%s: %v", link, err)
	}
	if look == "ascii" {
		for _, r := range term.Screen() {
			if r > 126 {
				t.Fatalf("%s: %q is not ASCII", link, r)
			}
		}
	}
}

func keepScreen(t *testing.T, look, link string, w, h int, term *tuitest.Term) {
	dir := os.Getenv("TOUR_DIR")
	if dir == "" {
		return
	}
	name := fmt.Sprintf("%s-%s-%dx%d", look, strings.ReplaceAll(link, "/", "_"), w, h)
	for ext, text := range map[string]string{".txt": term.Screen(), ".svg": term.SVG()} {
		if err := os.WriteFile(filepath.Join(dir, name+ext), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
