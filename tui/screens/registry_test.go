package screens

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// nasty is text as a hostile row may hold it.
const nasty = "\x1b[2J\x1b]0;title\a wide 世界 \u202egnp.exe\u200b\ttab\nline " + "\x9b31m é"

// nastyBackend answers every read with rows of hostile text, nulls and numbers
// that are none.
func nastyBackend() *fakeBackend {
	nan := models.F64(0)
	_ = json.Unmarshal([]byte(`"NaN"`), &nan)
	var unknown models.Money
	_ = json.Unmarshal([]byte(`"NaN"`), &unknown)
	d := models.Dataset{ID: nasty, Name: nasty, Status: nasty, Format: nasty, FileName: nasty, StoragePath: nasty, FileSize: -5,
		Description: models.Ptr(strings.Repeat(nasty, 20)), ErrorMessage: models.Ptr(nasty), AvgTokensPerTurn: &nan,
		ValidationErrors: json.RawMessage(`[{"error":"\u001b[2Jx","suggestion":"\n\n\u0007"},7,null,{"line":"3"}]`),
		SampleData:       json.RawMessage(`[{"turns":[{"role":"\u001b[31m","content":"\u001b[2J` + strings.Repeat("世 a-", 400) + `"}]},3]`)}
	a := models.Artifact{ID: nasty, Name: nasty, Status: nasty, Version: nasty, Quality: models.QualityMetrics{OverallScore: &nan, ConvergenceQuality: nasty, Perplexity: &nan},
		Files:   models.ArtifactFiles{{Label: nasty, Path: nasty}, {Label: "b", Path: "../../" + nasty}},
		Summary: models.TrainingSummary{DurationSeconds: models.Ptr(models.F64(1e300)), TotalCost: &unknown, GPUType: nasty}}
	j := models.Job{ID: nasty, PresetID: nasty, Status: nasty, Stage: nasty, Progress: &nan, CurrentCost: &unknown, ErrorMessage: models.Ptr(nasty)}
	n := models.Notification{ID: nasty, Title: nasty, Message: strings.Repeat(nasty, 9), Priority: nasty, Type: nasty, ActionURL: models.Ptr(nasty)}
	big := models.Money{}
	_ = json.Unmarshal([]byte(`"99999999999999999999.99"`), &big)
	return &fakeBackend{
		datasets:  func(models.ListQuery) (models.Page[models.Dataset], error) { return pageOf(d), nil },
		dataset:   func(string) (models.Dataset, error) { return d, nil },
		jobs:      func(models.ListQuery) (models.Page[models.Job], error) { return pageOf(j), nil },
		artifacts: func(models.ListQuery) (models.Page[models.Artifact], error) { return pageOf(a), nil },
		artifact:  func(string) (models.Artifact, error) { return a, nil },
		inbox:     func(models.ListQuery) (models.Page[models.Notification], error) { return pageOf(n), nil },
		costs: func(models.Time) (models.CostData, error) {
			return models.CostData{Jobs: []models.Job{j}, Records: []models.CostRecord{
				{ID: "1", Type: nasty, Amount: &big, RecordedAt: models.At(clock())}, {ID: "2", Type: nasty, Amount: &unknown}, {ID: "3"}}}, nil
		},
	}
}

// pageOf is three rows that share one id, which no list may stumble over.
func pageOf[T any](v T) models.Page[T] {
	return models.Page[T]{Items: []T{v, v, v}, Next: "next", Total: models.Ptr(int64(-1))}
}

func TestRegistryIsComplete(t *testing.T) {
	specs := All(&fakeBackend{}, testOptions())
	var nav, all []string
	for _, s := range specs {
		all = append(all, s.Name)
		if s.Nav {
			nav = append(nav, s.Name)
		}
		if s.Title == "" || s.New == nil {
			t.Errorf("%q is incomplete", s.Name)
		}
	}
	if want := []string{"home", "datasets", "jobs", "launch", "artifacts", "costs", "inbox", "queue"}; !slices.Equal(nav, want) {
		t.Errorf("tabs are %v", nav)
	}
	for _, name := range []string{"signin", "dataset", "job", "artifact"} {
		if !slices.Contains(all, name) {
			t.Errorf("no screen %q", name)
		}
	}
}

// Every screen draws exactly what it is given, whatever the size, the theme and
// the rows, and lets no control character through.
func TestEveryScreenIsExactAtAnySize(t *testing.T) {
	for name, b := range map[string]*fakeBackend{"empty": {}, "nasty": nastyBackend()} {
		for _, spec := range All(b, Options{GPUs: models.GPUs(), Presets: models.Presets(), Budget: models.Ptr(models.Dollars(1)), DownloadDir: "/tmp/x"}) {
			t.Run(name+"/"+spec.Name, func(t *testing.T) {
				r := newRig(t, spec.New, "1a2b3c4d-0000-4000-8000-000000000001")
				checkFrame(t, r.s, screen.Frame{})
				r.until("first answers", func() bool { return settled(r) })
				rapid.Check(t, func(t *rapid.T) { drive(t, r.s) })
			})
		}
	}
}

// settled takes what is waiting and reports that nothing is left.
func settled(r *rig) bool {
	for {
		select {
		case m := <-r.in:
			r.take(m)
		case <-time.After(20 * time.Millisecond):
			return true
		}
	}
}

// drive presses some keys and looks at the frame of some size.
func drive(t *rapid.T, s screen.Screen) {
	keys := []string{"down", "up", "tab", "enter", "j", "k", "g", "G", "s", "S", "f", "z", "b", "p", "v", "esc", "x", "right", "left", "pgdown", "+", "u", "5"}
	for range rapid.IntRange(0, 4).Draw(t, "keys") {
		k := keyPress(rapid.SampledFrom(keys).Draw(t, "key"))
		claimed := false
		for _, a := range s.Actions() {
			if a.Do != nil && claims(a, k.String()) && !claimed {
				claimed = true
				if a.Why() == "" {
					a.Do() // its commands are not run: no answer comes
				}
			}
		}
		if !claimed {
			s.Update(k)
		}
	}
	s.Update(tea.MouseClickMsg{X: rapid.IntRange(-1, 200).Draw(t, "x"), Y: rapid.IntRange(-1, 60).Draw(t, "y"), Button: tea.MouseLeft})
	th := theme.New("", rapid.Bool().Draw(t, "dark"), rapid.Bool().Draw(t, "mono"), rapid.Bool().Draw(t, "ascii"))
	checkFrame(t, s, screen.Frame{W: rapid.IntRange(0, 200).Draw(t, "w"), H: rapid.IntRange(0, 60).Draw(t, "h"), Theme: th,
		Now: clock().Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "later")) * time.Second), Focus: rapid.Bool().Draw(t, "focus")})
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

func checkFrame(t failer, s screen.Screen, f screen.Frame) {
	t.Helper()
	out := s.View(f)
	if out != s.View(f) {
		t.Fatalf("two views of the same differ")
	}
	if f.H == 0 {
		if out != "" {
			t.Fatalf("0 lines are %q", out)
		}
		return
	}
	lines := strings.Split(out, "\n")
	if len(lines) != f.H {
		t.Fatalf("%d lines at %dx%d", len(lines), f.W, f.H)
	}
	for i, l := range lines {
		if w := ansi.StringWidth(l); w != f.W {
			t.Fatalf("line %d has %d cells at %dx%d: %q", i, w, f.W, f.H, l)
		}
		for _, c := range ansi.Strip(l) {
			if c < 0x20 || c == 0x7f || c >= 0x80 && c < 0xa0 || c == 0x202e || c == 0x200b {
				t.Fatalf("control character %U in %q", c, l)
			}
		}
	}
	if title := s.Title(); strings.ContainsAny(title, "\x1b\n\a") {
		t.Fatalf("title %q", title)
	}
}

func TestActionsAreWellMade(t *testing.T) {
	for _, spec := range All(&fakeBackend{}, testOptions()) {
		r := newRig(t, spec.New, "1a2b3c4d-0000-4000-8000-000000000001")
		seen, ids := map[string]string{}, map[string]bool{}
		for _, a := range r.s.Actions() {
			h := a.Keys.Help()
			if a.ID == "" || ids[a.ID] || h.Desc == "" {
				t.Errorf("%s: action %q is incomplete or twice", spec.Name, a.ID)
			}
			ids[a.ID] = true
			for _, k := range a.Keys.Keys() {
				if had := seen[k]; had != "" {
					t.Errorf("%s: key %q belongs to %s and %s", spec.Name, k, had, a.ID)
				}
				seen[k] = a.ID
			}
			if a.Risk != screen.RiskNone && a.Prompt == nil {
				t.Errorf("%s: %s asks nothing", spec.Name, a.ID)
			}
		}
		if len(seen) == 0 && spec.Name != "home" {
			t.Errorf("%s has no actions", spec.Name)
		}
	}
}

func BenchmarkWarmView(b *testing.B) {
	sh := &shelf{n: 200}
	spec := newDatasets(&fakeBackend{datasets: sh.page}, Options{})
	sc, cancel := screen.NewScope(b.Context(), 1, clock)
	defer cancel()
	s := spec(sc, nil).(*datasets)
	p, _ := sh.page(models.ListQuery{Limit: 200})
	s.list.absorb(p)
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		f := screen.Frame{W: size[0], H: size[1], Theme: theme.New("dark", true, false, false), Now: clock(), Focus: true}
		b.Run(fmt.Sprintf("warm-%dx%d", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				_ = s.View(f)
			}
		})
		b.Run(fmt.Sprintf("redraw-%dx%d", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				s.touch()
				_ = s.View(f)
			}
		})
	}
}

// What every screen offers beside drawing: its link leads to a page, its filter
// is kept, its freshness can be asked for, and closing it twice is safe.
func TestOptionalAbilities(t *testing.T) {
	specs := All(nastyBackend(), testOptions())
	for _, spec := range specs {
		r := newRig(t, spec.New, "1a2b3c4d-0000-4000-8000-000000000001")
		settled(r)
		r.text()
		l, ok := r.s.(screen.Linker)
		if !ok {
			t.Errorf("%s has no link", spec.Name)
			continue
		}
		if name, _ := screen.ParseLink(l.Link()); name != "" && !slices.ContainsFunc(specs, func(s screen.Spec) bool { return s.Name == name }) {
			t.Errorf("%s links to %q", spec.Name, l.Link())
		}
		if f, ok := r.s.(screen.Filterer); ok {
			r.run(f.Filter("needle"))
			if f.FilterText() != "needle" {
				t.Errorf("%s forgets its filter", spec.Name)
			}
			r.run(f.Filter(""))
			settled(r)
		}
		if f, ok := r.s.(screen.Feeder); ok && f.FeedState().Health == screen.HealthOffline {
			t.Errorf("%s is offline with a backend that answers", spec.Name)
		}
		if c, ok := r.s.(screen.Closer); ok {
			c.Close()
			c.Close()
		}
	}
}
