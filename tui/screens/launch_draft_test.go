package screens

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func testOptions() Options { return Options{GPUs: models.GPUs(), Presets: models.Presets()} }

func readyDataset(id, name string, pairs, tokens int64) models.Dataset {
	return models.Dataset{ID: id, Name: name, Status: models.DatasetReady, TrainingReady: true, Format: models.FormatV4,
		TotalTrainingPairs: models.Ptr(models.Int(pairs)), TotalTokens: models.Ptr(models.Int(tokens)), FileName: "train.jsonl"}
}

func TestDraftMovingAValueMakesThePresetCustom(t *testing.T) {
	d := newDraft(testOptions())
	if d.preset != "web/balanced" || d.value(fieldRate) != "5e-5" || d.value(fieldEpochs) != "3" {
		t.Fatalf("starts as %q lr %q epochs %q", d.preset, d.value(fieldRate), d.value(fieldEpochs))
	}
	d.set(fieldRate, "5e-05")
	d.set(fieldGPUCount, "2")
	d.set(fieldModel, "owner/name")
	if d.preset != "web/balanced" {
		t.Fatalf("nothing of the preset moved, yet it is %q", d.preset)
	}
	d.stepField(fieldRank, +1)
	if d.preset != models.PresetCustom || d.value(fieldRank) != "20" {
		t.Fatalf("after a step: preset %q rank %q", d.preset, d.value(fieldRank))
	}
	d.stepField(fieldRank, -1)
	if d.preset != "web/balanced" {
		t.Fatalf("back at its values it is %q", d.preset)
	}
	d.stepField(fieldRank, +1)
	custom, _ := models.FindPreset(models.Presets(), models.PresetCustom)
	d.applyPreset(custom)
	if d.value(fieldRank) != "20" {
		t.Fatalf("choosing custom changed rank to %q", d.value(fieldRank))
	}
}

func TestDraftEstimateFollowsTheDocumentedVectors(t *testing.T) {
	for _, v := range []struct {
		pairs, tokens        int64
		gpu, n, batch, epoch string
		total                string
		steps                int64
	}{
		{15, 3000, "A100-80GB", "2", "4", "3", "4.01", 12},
		{1567, 313400, "A100-80GB", "1", "4", "3", "2.76", 1176},
		{1567, 1200000, "H100", "2", "2", "5", "9.28", 3920},
	} {
		d := newDraft(testOptions())
		ds := readyDataset("d", "x", v.pairs, v.tokens)
		d.dataset, d.gpu = &ds, v.gpu
		d.set(fieldGPUCount, v.n)
		d.set(fieldBatch, v.batch)
		d.set(fieldEpochs, v.epoch)
		j, ok := d.job(models.GPUs())
		if !ok || j.EstimatedTotalCost.String() != v.total || j.TotalSteps != v.steps {
			t.Errorf("%v: ok %v, %s, %d steps", v, ok, j.EstimatedTotalCost, j.TotalSteps)
		}
		if j.GPU.CostPerGPUHour == nil || j.GPU.MemoryGB == nil || j.ID == "" {
			t.Errorf("%v: incomplete job %+v", v, j)
		}
	}
}

func problemsOf(d *draft, a allowance) []models.Problem {
	return d.problems(d.review(models.GPUs(), a))
}

func TestDraftProblems(t *testing.T) {
	gpus := models.GPUs()
	good := func() *draft {
		d := newDraft(testOptions())
		ds := readyDataset("d", "x", 1000, 200000)
		d.dataset = &ds
		return d
	}
	for name, c := range map[string]struct {
		change func(*draft)
		field  string
		hard   bool
	}{
		"no dataset": {func(d *draft) { d.dataset = nil }, fieldDataset, true},
		"not ready":  {func(d *draft) { d.dataset.Status = models.DatasetError }, fieldDataset, true},
		"few pairs": {func(d *draft) {
			d.dataset.TotalTrainingPairs, d.dataset.TotalTokens = models.Ptr(models.Int(15)), models.Ptr(models.Int(3000))
		}, fieldDataset, false},
		"unknown pairs":     {func(d *draft) { d.dataset.TotalTrainingPairs = nil }, fieldDataset, false},
		"text in a number":  {func(d *draft) { d.set(fieldEpochs, "three") }, fieldEpochs, true},
		"fraction":          {func(d *draft) { d.set(fieldEpochs, "2.5") }, fieldEpochs, true},
		"empty":             {func(d *draft) { d.set(fieldRate, "") }, fieldRate, true},
		"NaN":               {func(d *draft) { d.set(fieldRate, "NaN") }, fieldRate, true},
		"above hard bound":  {func(d *draft) { d.set(fieldRate, "0.5") }, fieldRate, true},
		"above soft bound":  {func(d *draft) { d.set(fieldRate, "0.0009") }, fieldRate, false},
		"no base model":     {func(d *draft) { d.set(fieldModel, " ") }, fieldModel, true},
		"GPU without price": {func(d *draft) { d.gpu = "abacus" }, fieldGPU, true},
		"nine GPUs":         {func(d *draft) { d.set(fieldGPUCount, "9") }, fieldGPUCount, true},
		"optional nonsense": {func(d *draft) { d.set(fieldWarmup, "x") }, fieldWarmup, true},
	} {
		d := good()
		c.change(d)
		list := d.problems(d.review(gpus, allowance{}))
		if len(list) != 1 || list[0].Field != c.field || list[0].Hard != c.hard || list[0].Text == "" {
			t.Errorf("%s: %+v", name, list)
		}
	}
	if list := problemsOf(good(), allowance{}); len(list) != 0 {
		t.Errorf("a good draft has %+v", list)
	}
	over := allowance{budget: models.Ptr(models.Dollars(1000)), spent: models.Ptr(models.Dollars(999))}
	if list := problemsOf(good(), over); len(list) != 1 || list[0].Hard {
		t.Errorf("over budget: %+v", list)
	}
	within := allowance{budget: models.Ptr(models.Dollars(100000)), spent: models.Ptr(models.Dollars(1))}
	if list := problemsOf(good(), within); len(list) != 0 {
		t.Errorf("within budget: %+v", list)
	}
}

// Steps stay within the hard bounds, move in their direction until the bound,
// and always leave a value that can be read.
func TestStepFieldStaysWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SampledFrom(models.Bounds()).Draw(t, "bound")
		d := newDraft(testOptions())
		if b.Integer {
			d.set(b.Field, strconv.Itoa(rapid.IntRange(-10, 200000).Draw(t, "from")))
		} else {
			d.set(b.Field, formatFloat(rapid.Float64Range(-1, 600).Draw(t, "from")))
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			before := *d.float(b.Field)
			dir := rapid.SampledFrom([]int{-1, 1}).Draw(t, "dir")
			d.stepField(b.Field, dir)
			if text := d.unreadable(b); text != "" {
				t.Fatalf("%s: %q: %s", b.Field, d.value(b.Field), text)
			}
			v := float64(*d.float(b.Field))
			if v < b.Min || v > b.Max {
				t.Fatalf("%s: %v outside %v..%v", b.Field, v, b.Min, b.Max)
			}
			inside := float64(before) > b.Min && float64(before) < b.Max
			if inside && (v-float64(before))*float64(dir) < 0 {
				t.Fatalf("%s: step %+d went from %v to %v", b.Field, dir, before, v)
			}
		}
	})
}

func TestStepDecadeLadder(t *testing.T) {
	v := 1e-5
	for _, want := range []float64{2e-5, 3e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3} {
		if v = stepDecade(v, +1); math.Abs(v-want) > want*1e-9 {
			t.Fatalf("got %g, want %g", v, want)
		}
	}
	if v = stepDecade(v, -1); math.Abs(v-5e-4) > 1e-12 {
		t.Fatalf("down gives %g", v)
	}
}
