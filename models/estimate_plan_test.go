package models_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func rows(pairs, tokens int64, turns float64) models.Dataset {
	d := models.Dataset{ID: "d", Status: models.DatasetReady, TrainingReady: true, TotalTrainingPairs: models.Ptr(models.Int(pairs)), TotalTokens: models.Ptr(models.Int(tokens))}
	if turns > 0 {
		d.AvgTurnsPerConversation = models.Ptr(models.F64(turns))
	}
	return d
}

// Shares are shares, a longer sequence never cuts more, and what is cut agrees
// with counting.
func TestTruncationOfSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := models.Lengths{Tokens: rapid.SliceOfN(rapid.Int64Range(0, 9000), 1, 60).Draw(t, "lengths")}
		seq := rapid.Int64Range(1, 8000).Draw(t, "seq")
		d := rows(rapid.Int64Range(1, 1e7).Draw(t, "pairs"), rapid.Int64Range(1, 1e10).Draw(t, "tokens"), rapid.Float64Range(1, 20).Draw(t, "turns"))
		a, ok := models.Truncate(d, l, seq)
		b, _ := models.Truncate(d, l, seq+1)
		if !ok || a.CutShare < 0 || a.CutShare > 1 || a.LostShare < 0 || a.LostShare >= 1 || b.CutShare > a.CutShare || b.LostShare > a.LostShare {
			t.Fatalf("%+v then %+v", a, b)
		}
		if a.LostTokens > int64(*d.TotalTokens) || a.CutExamples > a.Examples {
			t.Fatalf("cuts more than there is: %+v", a)
		}
		n := 0
		for _, x := range l.Tokens {
			if x > seq {
				n++
			}
		}
		if math.Abs(a.CutShare*float64(len(l.Tokens))-float64(n)) > 1e-6 || (n == 0) != (a.LostShare == 0) {
			t.Fatalf("%d of %d are longer: %+v", n, len(l.Tokens), a)
		}
	})
}

// Whatever the lengths are, their mean alone proves no more than is true.
func TestTruncationOfTheMeanIsABound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.Int64Range(1, 9000), 1, 60).Draw(t, "lengths")
		seq := rapid.Int64Range(1, 8000).Draw(t, "seq")
		sum := int64(0)
		for _, n := range lengths {
			sum += n
		}
		real, _ := models.Truncate(models.Dataset{}, models.Lengths{Tokens: lengths, Whole: true}, seq)
		mean, ok := models.Truncate(rows(int64(len(lengths)), sum, 1), models.Lengths{}, seq)
		if !ok || mean.CutShare < real.CutShare-1e-9 || mean.LostShare > real.LostShare+1e-9 {
			t.Fatalf("of the mean %+v, in truth %+v", mean, real)
		}
		if real.LostTokens > sum || real.Examples != int64(len(lengths)) {
			t.Fatalf("%+v of %d tokens", real, sum)
		}
	})
	if _, ok := models.Truncate(models.Dataset{}, models.Lengths{}, 0); ok {
		t.Error("something was made of nothing")
	}
}

func TestLengthsOfAFilesHead(t *testing.T) {
	text := `{"_meta":{"total_pairs":4}}
{"current_user_input":"one two","target_response":"three four"}

{"messages":[{"role":"user","content":"a b c d"},{"role":"assistant","content":"e"}]}
not json
{"conversation_id":"x","turns":[{"role":"user","content":"only one side"}]}
{"messages":[{"role":"user","content":"half a li`
	l := models.HeadLengths([]byte(text), int64(10*len(text)), "the head", models.TokenCounter{})
	if len(l.Tokens) != 2 || l.Tokens[0] != 5 || l.Tokens[1] != 7 || l.Whole {
		t.Fatalf("%+v", l)
	}
	if l.Lines < 19 || l.Lines > 24 { // two examples in some 9/10 of a tenth
		t.Errorf("%.1f lines", l.Lines)
	}
	whole := models.HeadLengths([]byte(text+`ne"},{"role":"assistant","content":"x"}]}`), int64(len(text)+len(`ne"},{"role":"assistant","content":"x"}]}`)), "", models.TokenCounter{Name: "one", Count: func([]byte) int { return 1 }})
	if !whole.Whole || whole.Lines != 3 || whole.Tokens[0] != 2 || whole.Tokenizer != "one" {
		t.Errorf("%+v", whole)
	}
	if l := models.HeadLengths([]byte("nothing\nhere"), 100, "", models.TokenCounter{}); len(l.Tokens) != 0 || l.Source != "" {
		t.Errorf("%+v", l)
	}
	d := rows(2, 10, 1)
	d.SampleData = json.RawMessage(`[{"conversation_id":"1","turns":[{"role":"user","content":"a b c"},{"role":"assistant","content":"d"}]}]`)
	if l := d.RowLengths(); len(l.Tokens) != 1 || l.Tokens[0] != 5 {
		t.Errorf("of the row: %+v", l)
	}
}

func plan(d models.Dataset, gpu string) models.LaunchPlan {
	p, _ := models.FindPreset(models.Presets(), "balanced")
	return models.LaunchPlan{Dataset: &d, Hyperparameters: p.Hyperparameters, GPUs: models.GPUs(),
		GPU: models.GPUConfig{Type: gpu, Count: models.Ptr(models.Int(1))}}
}

func has(r models.LaunchReview, field, part string) bool {
	for _, p := range r.Problems {
		if p.Field == field && strings.Contains(p.Text, part) {
			return true
		}
	}
	return false
}

func TestReview(t *testing.T) {
	r := plan(rows(1567, 313400, 4), "A100-80GB").Review()
	if r.Estimate == nil || r.Estimate.Total.String() != "2.76" || r.Least.String() != "2.42" || r.Most.String() != "3.10" || len(r.Problems) != 0 {
		t.Fatalf("%+v", r)
	}
	if r.WorkerSteps != 98*3 || r.Examples != 392 { // 1567 turns, 4 a conversation
		t.Errorf("worker steps %d of %d examples", r.WorkerSteps, r.Examples)
	}
	if r.Memory == nil || r.Fit != models.FitGood || r.Truncation == nil || r.Truncation.Samples != 0 {
		t.Errorf("%+v %v %+v", r.Memory, r.Fit, r.Truncation)
	}
	p := plan(rows(1567, 313400, 4), "V100-32GB")
	p.Hyperparameters.BatchSize = models.Ptr(models.Int(64))
	if r := p.Review(); r.Fit != models.FitNot || !has(r, "gpu_type", "GB") {
		t.Errorf("batch 64 on 32 GB: %+v", r.Problems)
	}
	p = plan(rows(1000000, 900000000, 4), "A100-80GB")
	p.Lengths = models.Lengths{Tokens: []int64{100, 5000}, Lines: 3}
	p.Hyperparameters.Epochs = models.Ptr(models.Int(20))
	if r := p.Review(); !has(r, "epochs", "hours") || !has(r, "max_seq_length", "50 %") || !has(r, "batch_size", "no step") {
		t.Errorf("%+v", r.Problems)
	}
	p = plan(rows(1000, 200000, 4), "slow")
	p.GPUs = []models.GPU{{ID: "slow", PricePerHour: models.Dollars(100)}}
	if r := p.Review(); len(r.Hard()) != 1 || !has(r, "gpu_type", "throughput") {
		t.Errorf("a GPU of unknown speed: %+v", r.Problems)
	}
	if r := (models.LaunchPlan{}).Review(); r.Estimate != nil || len(r.Hard()) < 5 {
		t.Errorf("nothing at all: %+v", r)
	}
}

func TestReviewOfTheBudget(t *testing.T) {
	for _, c := range []struct {
		budget, spent int64
		want          models.Overrun
	}{
		{10000, 0, models.OverNone}, {276, 0, models.OverNone}, {275, 0, models.OverLeft}, {252, 0, models.OverLeft},
		{250, 0, models.OverFar}, {1000, 999, models.OverFar}, {0, 0, models.OverFar}, {100, 5000, models.OverFar},
	} {
		p := plan(rows(1567, 313400, 4), "A100-80GB") // $2.76
		p.Budget, p.Spent = models.Ptr(models.Dollars(c.budget)), models.Ptr(models.Dollars(c.spent))
		if r := p.Review(); r.Over != c.want || (c.want != models.OverNone) != has(r, "", "budget") || len(r.Hard()) != 0 {
			t.Errorf("%d of %d: %v %+v", c.spent, c.budget, r.Over, r.Problems)
		}
	}
	p := plan(rows(1567, 313400, 4), "A100-80GB")
	p.Budget = models.Ptr(models.Dollars(1))
	if r := p.Review(); r.Over != models.OverNone || r.Left != nil {
		t.Errorf("what was spent is not known: %+v", r)
	}
}

func TestWorkerSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.Int64Range(0, 1e9).Draw(t, "lines")
		batch, epochs := models.Int(rapid.Int64Range(1, 64).Draw(t, "batch")), models.Int(rapid.Int64Range(1, 20).Draw(t, "epochs"))
		worker := models.WorkerSteps(lines, batch, epochs)
		e, err := models.EstimateInput{Pairs: models.Ptr(models.Int(lines)), BatchSize: batch, Epochs: epochs, GPUs: 1, Throughput: 1}.Estimate()
		if err != nil || lines > 0 && (worker > e.TotalSteps || e.TotalSteps-worker > epochs) {
			t.Fatalf("worker %d, platform %d, %v", worker, e.TotalSteps, err)
		}
	})
	if models.WorkerSteps(5, 0, 1) != 0 || models.WorkerSteps(-5, 1, 1) != 0 {
		t.Error("nonsense makes steps")
	}
}

func TestPresetFamilies(t *testing.T) {
	list := models.Presets()
	seen := map[string]bool{}
	for i, name := range models.PresetNames(list) {
		p, ok := models.FindPreset(list, name)
		if !ok || p.Name() != list[i].Name() || seen[name] {
			t.Errorf("%s finds %s", name, p.Name())
		}
		seen[name] = true
	}
	web, _ := models.FindPreset(list, "balanced")
	types, _ := models.FindPreset(list, "types/Balanced")
	if *web.Hyperparameters.LearningRate != 5e-5 || *types.Hyperparameters.LearningRate != 2e-4 || types.ID != "balanced" {
		t.Errorf("%+v %+v", web, types)
	}
	if p, ok := models.PresetOf(list, "balanced", types.Hyperparameters); !ok || p.Name() != "types/balanced" {
		t.Errorf("a job with the values of the types: %v %v", p.Name(), ok)
	}
	h := web.Hyperparameters
	h.Rank = models.Ptr(models.Int(8))
	if _, ok := models.PresetOf(list, "balanced", h); ok {
		t.Error("other values are no preset")
	}
}

// FuzzHeadLengths holds that no file stops a launch, and that its figures are
// possible ones.
func FuzzHeadLengths(f *testing.F) {
	f.Add([]byte("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]}\n"), int64(100), int64(1))
	f.Add([]byte("\x00\n\n{"), int64(-1), int64(0))
	f.Add([]byte("{\"current_user_input\":\"a\",\"target_response\":\"\xff\"}"), int64(3), int64(-5))
	f.Fuzz(func(t *testing.T, head []byte, size, seq int64) {
		l := models.HeadLengths(head, size, "", models.TokenCounter{})
		if l.Lines < float64(len(l.Tokens)) && (size < 0 || size >= int64(len(head))) {
			t.Fatalf("%d examples, %f lines", len(l.Tokens), l.Lines)
		}
		p := plan(rows(10, 10, 1), "H100")
		p.Lengths, p.Hyperparameters.MaxSeqLength = l, models.Ptr(models.Int(seq))
		r := p.Review()
		if tr := r.Truncation; tr != nil && (tr.CutShare < 0 || tr.CutShare > 1 || tr.LostShare < 0 || tr.LostShare > 1) {
			t.Fatalf("%+v", tr)
		}
	})
}

// What the worker skips is said before the launch: turns alone, and the
// tutorial's conversations.
func TestWorkerSkips(t *testing.T) {
	const turns = `[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]`
	head := `{"conversation_id":"1","turns":` + turns + "}\n" +
		`{"conversation_id":"2","turns":` + turns + `,"messages":` + turns + "}\n" +
		`{"conversations":` + turns + "}\n" +
		`{"current_user_input":"a","target_response":"b"}` + "\n"
	l := models.HeadLengths([]byte(head), int64(len(head)), "the file", models.TokenCounter{})
	if l.Skipped != 2 || len(l.Tokens) != 4 {
		t.Fatalf("%d of %d skipped", l.Skipped, len(l.Tokens))
	}
	d := rows(4, 20, 2)
	p := models.LaunchPlan{Dataset: &d, Lengths: l}
	if !slices.ContainsFunc(p.Review().Problems, func(p models.Problem) bool { return strings.Contains(p.Text, "2 of 4 lines") && !p.Hard }) {
		t.Errorf("%+v", p.Review().Problems)
	}
}
