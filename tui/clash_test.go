package tui_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/screens"
	"github.com/loratop/loratop/tui/tuitest"
)

// mayOverride are keys of the shell that a page may use first: esc leaves an
// inner layer before the page, and [ ] step through the page's own parts, if it
// has any, before the sections.
var mayOverride = []string{"esc", "alt+esc", "[", "]"}

// TestKeysDoNotClash checks the table of every screen: no key does two things
// at once, none hides a key of the shell, and every action can be found.
func TestKeysDoNotClash(t *testing.T) {
	f := tuitest.NewFake(noon)
	specs := screens.All(f, tourOptions().Screens)
	global := map[string]string{}
	for _, a := range tui.Globals(f, specs) {
		for _, k := range a.Keys.Keys() {
			if other, ok := global[k]; ok {
				t.Errorf("the shell uses %q for %s and %s", k, other, a.ID)
			}
			global[k] = a.ID
		}
	}
	args := map[string]screen.Args{
		"dataset": {f.DatasetRows[0].ID}, "job": {f.JobRows[0].ID}, "artifact": {f.ArtifactRows[0].ID},
	}
	for i, spec := range specs {
		sc, cancel := screen.NewScope(context.Background(), uint64(i+10), func() time.Time { return noon })
		defer cancel()
		checkKeys(t, spec.Name, spec.New(sc, args[spec.Name]).Actions(), global)
	}
}

func checkKeys(t *testing.T, name string, list []screen.Action, global map[string]string) {
	t.Helper()
	mine, ids := map[string]string{}, map[string]bool{}
	for _, a := range list {
		if a.ID == "" || ids[a.ID] {
			t.Errorf("%s: the id %q is empty or used twice", name, a.ID)
		}
		ids[a.ID] = true
		if a.Keys.Help().Desc == "" {
			t.Errorf("%s: %s has no text for the help", name, a.ID)
		}
		if a.Risk != screen.RiskNone && a.Prompt == nil {
			t.Errorf("%s: %s is risky and asks nothing", name, a.ID)
		}
		for _, k := range a.Keys.Keys() {
			if other, ok := global[k]; ok && !slices.Contains(mayOverride, k) {
				t.Errorf("%s: %q of %s hides %s", name, k, a.ID, other)
			}
			if other, ok := mine[k]; ok && a.Why() == "" {
				t.Errorf("%s: %q is both %s and %s", name, k, other, a.ID)
			}
			if a.Why() == "" {
				mine[k] = a.ID
			}
		}
	}
}
