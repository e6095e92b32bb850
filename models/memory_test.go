package models_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func memory(model string, rank, batch, seq int64) models.Memory {
	m, _ := models.FindBaseModel(model)
	return models.MemoryInput{Model: m, Rank: models.Int(rank), Batch: models.Int(batch), SeqLength: models.Int(seq)}.Estimate()
}

// More of anything never needs less, and the parts add up.
func TestMemoryGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(models.BaseModels()).Draw(t, "model")
		in := models.MemoryInput{Model: m,
			Rank:      models.Int(rapid.Int64Range(1, 256).Draw(t, "rank")),
			Batch:     models.Int(rapid.Int64Range(1, 64).Draw(t, "batch")),
			SeqLength: models.Int(rapid.Int64Range(1, 32768).Draw(t, "seq"))}
		e := in.Estimate()
		if sum := e.Weights + e.Adapter + e.Activations + e.Logits + e.Overhead; sum < e.Total*0.999999 || sum > e.Total*1.000001 {
			t.Fatalf("parts %.0f, total %.0f", sum, e.Total)
		}
		if !(e.Weights > 0) || e.Worst < e.Total || e.AdapterSize <= 0 {
			t.Fatalf("%+v", e)
		}
		for name, more := range map[string]models.MemoryInput{
			"rank":  {Model: m, Rank: in.Rank + 1, Batch: in.Batch, SeqLength: in.SeqLength},
			"batch": {Model: m, Rank: in.Rank, Batch: in.Batch + 1, SeqLength: in.SeqLength},
			"seq":   {Model: m, Rank: in.Rank, Batch: in.Batch, SeqLength: in.SeqLength + 1},
		} {
			if b := more.Estimate(); b.Total <= e.Total || b.Worst <= e.Worst {
				t.Fatalf("more %s: %.0f then %.0f", name, e.Total, b.Total)
			}
		}
		if less := e.Fits(e.Total / 1e9 * 0.99); less != models.FitNot {
			t.Fatalf("too small a GPU: %v", less)
		}
		if more := e.Fits(e.Worst / 1e9 * 1.01); more != models.FitGood {
			t.Fatalf("a large GPU: %v", more)
		}
	})
}

// The figures that are published: Mistral 7B has 41.9 million trainable weights
// at rank 16 over all seven projections, about 4.1 GB in nf4; QLoRA's authors
// fit 65 billion weights into 48 GB.
func TestMemoryOfKnownModels(t *testing.T) {
	m := memory(models.DefaultBaseModel, 16, 1, 512)
	if m.AdapterSize != 41943040 {
		t.Errorf("rank 16 trains %.0f weights", m.AdapterSize)
	}
	if m.Weights < 3.9e9 || m.Weights > 4.4e9 {
		t.Errorf("weights of 7B: %.2f GB", m.Weights/1e9)
	}
	if m.Fits(16) == models.FitNot {
		t.Errorf("7B does not fit 16 GB: %.1f GB", m.Total/1e9)
	}
	if big := memory("huggyllama/llama-65b", 16, 1, 512); big.Fits(48) == models.FitNot || big.Fits(24) != models.FitNot || !big.Guess {
		t.Errorf("65B: %.1f GB, guess %v", big.Total/1e9, big.Guess)
	}
	if e := m.Fits(0); e != models.FitUnknown {
		t.Errorf("unknown GPU: %v", e)
	}
}

func TestFindBaseModel(t *testing.T) {
	for _, c := range []struct {
		name   string
		params float64
		guess  bool
	}{
		{"mistralai/mistral-7b-v0.1", 7.24e9, false}, {"Qwen/Qwen2.5-7B-Instruct", 7.62e9, false},
		{"somebody/Meta-Llama-3-8B-Instruct", 8.03e9, false}, {"meta-llama/Llama-2-13b-chat-hf", 13.02e9, false},
		{"a/falcon-40b", 40e9, true}, {"mistralai/Mixtral-8x7B-v0.1", 56e9, true}, {"facebook/opt-350m", 350e6, true},
		{"Qwen/Qwen3-Next-80B-A3B", 80e9, true}, {"x/pythia-1.4b-deduped", 1.4e9, true},
	} {
		m, ok := models.FindBaseModel(c.name)
		if !ok || m.Params != c.params || m.Guess != c.guess || m.Layers < 1 || m.Hidden < 1 {
			t.Errorf("%s: %+v %v", c.name, m, ok)
		}
	}
	for _, name := range []string{"", "my/model", "gpt2", "x/v3b2", "a/0b", "\x1b[7b"} {
		if m, ok := models.FindBaseModel(name); ok && name != "\x1b[7b" {
			t.Errorf("%q: made up %+v", name, m)
		}
	}
}
