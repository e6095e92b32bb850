package models

import "testing"

func TestRetry(t *testing.T) {
	h := Hyperparameters{BatchSize: Ptr(Int(8)), Rank: Ptr(Int(16)), LearningRate: Ptr(F64(3e-4))}
	got, what, ok := Retry(h, "GPU Out of Memory: try less")
	if !ok || *got.BatchSize != 4 || *got.Rank != 16 || what != "half the batch size" || *h.BatchSize != 8 {
		t.Errorf("%v, %q", *got.BatchSize, what)
	}
	h.BatchSize = Ptr(Int(1))
	if got, what, ok = Retry(h, "CUDA OOM"); !ok || *got.BatchSize != 1 || *got.Rank != 8 || what != "half the LoRA rank" {
		t.Errorf("%v, %q", *got.Rank, what)
	}
	if got, _, ok = Retry(h, "Training instability (NaN)"); !ok || *got.LearningRate != 1e-4 {
		t.Errorf("%v", *got.LearningRate)
	}
	if _, _, ok = Retry(h, "download failed"); ok {
		t.Error("a change that does not help")
	}
	if _, _, ok = Retry(Hyperparameters{}, "out of memory"); ok {
		t.Error("a change of nothing")
	}
}

func TestRetryStaysWithinTheWorkersLimits(t *testing.T) {
	h := Hyperparameters{BatchSize: Ptr(Int(1)), Rank: Ptr(Int(6)), LearningRate: Ptr(F64(2e-5))}
	if got, _, ok := Retry(h, "out of memory"); !ok || *got.Rank != 4 {
		t.Errorf("rank %v", got.Rank)
	}
	if got, _, ok := Retry(h, "loss is NaN"); !ok || *got.LearningRate != 1e-5 {
		t.Errorf("rate %v", *got.LearningRate)
	}
	h.LearningRate = Ptr(F64(1e-3))
	if got, what, ok := Retry(h, "loss is NaN"); !ok || *got.LearningRate != 2e-4 || what != "the highest usual learning rate" {
		t.Errorf("rate %v: %s", *got.LearningRate, what)
	}
	h.Rank, h.LearningRate = Ptr(Int(4)), Ptr(F64(1e-5))
	for _, message := range []string{"out of memory", "loss is NaN"} {
		if _, what, ok := Retry(h, message); ok {
			t.Errorf("%s: %s", message, what)
		}
	}
}

func TestChanges(t *testing.T) {
	h := Hyperparameters{BaseModel: "a/b", BatchSize: Ptr(Int(8)), LearningRate: Ptr(F64(3e-4)), Rank: Ptr(Int(16))}
	n := h
	n.BatchSize, n.MaxSeqLength = Ptr(Int(4)), Ptr(Int(1024))
	g, m := GPUConfig{Type: "H100", Count: Ptr(Int(1))}, GPUConfig{Type: "H100", Count: Ptr(Int(2))}
	got := Changes(h, n, g, m)
	want := []Change{{"batch_size", "8", "4"}, {"max_seq_length", "", "1024"}, {"gpu_count", "1", "2"}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	if c := Changes(h, h, g, g); len(c) != 0 {
		t.Errorf("nothing changed: %+v", c)
	}
}
