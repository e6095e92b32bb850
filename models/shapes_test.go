package models_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func TestHyperparameterAliases(t *testing.T) {
	want := models.Hyperparameters{
		LearningRate: models.Ptr(models.F64(2e-4)), BatchSize: models.Ptr(models.Int(4)), Epochs: models.Ptr(models.Int(3)),
		Rank: models.Ptr(models.Int(16)), Alpha: models.Ptr(models.F64(32)), Dropout: models.Ptr(models.F64(0.05)),
	}
	for name, in := range map[string]string{
		"web":            `{"learning_rate":0.0002,"batch_size":4,"epochs":3,"rank":16,"alpha":32,"dropout":0.05}`,
		"types":          `{"learning_rate":0.0002,"batch_size":4,"num_epochs":3,"lora_rank":16,"lora_alpha":32,"lora_dropout":0.05}`,
		"camel":          `{"learningRate":0.0002,"batchSize":4,"numEpochs":3,"loraRank":16,"loraAlpha":32,"loraDropout":0.05}`,
		"r":              `{"learning_rate":"0.0002","batch_size":"4","num_epochs":3.0,"r":16,"alpha":"32","dropout":0.05}`,
		"worker wins":    `{"learning_rate":0.0002,"batch_size":4,"num_epochs":9,"epochs":3,"lora_rank":99,"rank":16,"alpha":32,"dropout":0.05}`,
		"null alias":     `{"learning_rate":0.0002,"batch_size":4,"epochs":null,"num_epochs":3,"rank":16,"alpha":32,"dropout":0.05}`,
		"double encoded": `"{\"learning_rate\":0.0002,\"batch_size\":4,\"epochs\":3,\"rank\":16,\"alpha\":32,\"dropout\":0.05}"`,
	} {
		var got models.Hyperparameters
		if err := json.Unmarshal([]byte(in), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestOddShapesAreEmpty(t *testing.T) {
	for _, in := range []string{`null`, `[]`, `"text"`, `7`, `true`, `{}`, `{"rank":{"a":1},"epochs":"many"}`} {
		var h models.Hyperparameters
		var g models.GPUConfig
		var c models.CurrentMetrics
		var q models.QualityMetrics
		var a models.ArtifactFiles
		for _, v := range []any{&h, &g, &c, &q, &a, new(models.TrainingSummary), new(models.Configuration), new(models.CostDetails)} {
			if err := json.Unmarshal([]byte(in), v); err != nil {
				t.Errorf("%s into %T: %v", in, v, err)
			}
		}
		if h.Rank != nil || h.Epochs != nil || g.Type != "" || c.TrainingLoss != nil || q.OverallScore != nil {
			t.Errorf("%s gave values", in)
		}
	}
}

func TestWritesBothKeyFamilies(t *testing.T) {
	p, _ := models.FindPreset(models.Presets(), "balanced")
	b, err := json.Marshal(p.Hyperparameters)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(b, &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"base_model", "learning_rate", "batch_size", "epochs", "num_epochs", "rank", "lora_rank", "alpha", "lora_alpha", "dropout", "lora_dropout"} {
		if keys[k] == nil {
			t.Errorf("%s is missing in %s", k, b)
		}
	}
	price := models.Dollars(350)
	b, err = json.Marshal(models.GPUConfig{Type: "H100", Count: models.Ptr(models.Int(2)), MemoryGB: models.Ptr(models.F64(80)), CostPerGPUHour: &price})
	want := `{"type":"H100","gpu_type":"H100","instance_type":"H100","count":2,"num_gpus":2,"gpu_memory_gb":80,"cost_per_gpu_hour":3.5}`
	if err != nil || string(b) != want {
		t.Errorf("got %s, %v; want %s", b, err, want)
	}
}

func drawHyper(t *rapid.T) models.Hyperparameters {
	f := func(name string) *models.F64 {
		if !rapid.Bool().Draw(t, name+" set") {
			return nil
		}
		return models.Ptr(models.F64(rapid.Float64().Draw(t, name)))
	}
	i := func(name string) *models.Int {
		if !rapid.Bool().Draw(t, name+" set") {
			return nil
		}
		return models.Ptr(models.Int(rapid.Int64().Draw(t, name)))
	}
	h := models.Hyperparameters{
		BaseModel: rapid.String().Draw(t, "base"), LearningRate: f("lr"), BatchSize: i("batch"), Epochs: i("epochs"), Rank: i("rank"),
		Alpha: f("alpha"), Dropout: f("dropout"), WarmupSteps: i("warmup"), WeightDecay: f("decay"), MaxGradNorm: f("norm"), MaxSeqLength: i("seq"),
	}
	if rapid.Bool().Draw(t, "extra") {
		h.Extra = map[string]json.RawMessage{"x_" + rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "key"): json.RawMessage(`{"a":[1,null]}`)}
	}
	return h
}

func TestHyperparametersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawHyper(t)
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out models.Hyperparameters
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := cmp.Diff(in, out); d != "" {
			t.Fatalf("%s\n%s", b, d)
		}
	})
}

func TestConfigurationBothForms(t *testing.T) {
	for name, in := range map[string]string{
		"nested": `{"preset_id":"fast","hyperparameters":{"rank":8},"gpu_config":{"type":"H100","count":1}}`,
		"flat":   `{"preset_id":"fast","lora_rank":8,"gpu_config":{"gpu_type":"H100","num_gpus":1}}`,
	} {
		var c models.Configuration
		if err := json.Unmarshal([]byte(in), &c); err != nil {
			t.Fatal(err)
		}
		if c.PresetID != "fast" || c.Hyperparameters.Rank == nil || *c.Hyperparameters.Rank != 8 || c.GPU.Type != "H100" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	in := models.Configuration{PresetID: "p", Hyperparameters: models.Hyperparameters{Rank: models.Ptr(models.Int(4))}, GPU: models.GPUConfig{Type: "A100-80GB"}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out models.Configuration
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Errorf("%s\n%s", b, d)
	}
}

func TestArtifactFiles(t *testing.T) {
	var a models.ArtifactFiles
	in := `{"tokenizer.json":"u/a/tokenizer.json","adapter_model_path":"lora-models/u/a/adapter_model.safetensors","n":7,"none":null,"file_sizes":{"adapter_model":"1024","tokenizer.json":5}}`
	if err := json.Unmarshal([]byte(in), &a); err != nil {
		t.Fatal(err)
	}
	want := models.ArtifactFiles{
		{Label: "adapter_model_path", Path: "u/a/adapter_model.safetensors", Size: models.Ptr(models.Int(1024))},
		{Label: "tokenizer.json", Path: "u/a/tokenizer.json", Size: models.Ptr(models.Int(5))},
	}
	if d := cmp.Diff(want, a); d != "" {
		t.Error(d)
	}
	if got := a[0].Name(); got != "adapter_model.safetensors" {
		t.Errorf("name %q", got)
	}
}

func TestTrainingSummaryHours(t *testing.T) {
	var s models.TrainingSummary
	if err := json.Unmarshal([]byte(`{"epochs_completed":3,"training_duration_hours":0.5,"total_cost":null,"odd":1}`), &s); err != nil {
		t.Fatal(err)
	}
	if s.DurationSeconds == nil || *s.DurationSeconds != 1800 || *s.Epochs != 3 || s.TotalCost != nil || string(s.Extra["odd"]) != "1" {
		t.Errorf("%+v", s)
	}
}

func FuzzRows(f *testing.F) {
	f.Add([]byte(`{"id":"a","hyperparameters":"{\"r\":1}","gpu_config":[],"current_metrics":{"training_loss":"NaN"},"progress":"12.5"}`))
	f.Add([]byte(`{"sample_data":[{"messages":[{"role":"user","content":"x"}]}],"validation_errors":"bad"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var j models.Job
		if json.Unmarshal(b, &j) == nil {
			if _, err := json.Marshal(j); err != nil {
				t.Fatalf("cannot write what was read: %v", err)
			}
		}
		var d models.Dataset
		if json.Unmarshal(b, &d) == nil {
			_, _ = d.Errors(), d.Samples()
		}
		var a models.Artifact
		if json.Unmarshal(b, &a) == nil {
			if _, err := json.Marshal(a); err != nil {
				t.Fatalf("cannot write what was read: %v", err)
			}
		}
	})
}
