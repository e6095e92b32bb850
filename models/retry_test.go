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
