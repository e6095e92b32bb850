package client

import (
	"slices"
	"testing"

	"github.com/loratop/loratop/models"
)

// Artifacts by quality, a page at a time: every one once, the best first, and
// behind them what has no score, whatever stands in its place.
func TestStackArtifactsByQuality(t *testing.T) {
	s := newStack(t)
	alice, id := s.user(t, "alice@example.com")
	ds := s.dataset(t, id, "Tickets")
	for i, score := range []string{"4.25", "5", "4.25", "null", "-1e2", "4.25", "\"4, (odd)\"", "", "", "3"} {
		a := s.artifact(t, id, s.job(t, id, ds, "completed"), ds)
		doc := `{"overall_score":` + score + `}`
		if score == "" {
			doc = `{}`
		}
		s.exec(t, `UPDATE model_artifacts SET quality_metrics=$2, name=$3 WHERE id=$1`, a, doc, string(rune('a'+i)))
	}
	for _, asc := range []bool{false, true} {
		var names []string
		q := models.ListQuery{Sort: "quality", Asc: asc, Limit: 3}
		for {
			p, err := alice.Artifacts(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range p.Items {
				names = append(names, a.Name)
			}
			if p.Next == "" {
				break
			}
			q.After = p.Next
		}
		at := func(name string) int { return slices.Index(names, name) }
		if sorted := slices.Sorted(slices.Values(names)); len(names) != 10 || len(slices.Compact(sorted)) != 10 {
			t.Fatalf("asc=%v: %q", asc, names)
		}
		if at("h") < 8 || at("i") < 8 {
			t.Errorf("asc=%v: those without a score are not last: %q", asc, names)
		}
		if better := at("b") < at("a") && at("a") < at("j") && at("j") < at("e"); better == asc {
			t.Errorf("asc=%v: %q", asc, names)
		}
	}
}
