package client

import (
	"os"
	"testing"

	"github.com/loratop/loratop/models"
)

func TestStackUpload(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	alice, id := r.uploader(t, "alice@example.com", dir)
	path, sha := jsonlFile(t, "my files é#1.jsonl", 20<<20, 1)
	var stages []models.UploadStage
	d, err := alice.Upload(t.Context(), models.NewUpload{Path: path, Name: "Tickets", Description: "from the help desk"}, func(p models.UploadProgress) {
		if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
			stages = append(stages, p.Stage)
		}
		if p.Done > p.Total || p.Total != fileSize(t, path) {
			t.Errorf("%+v", p)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := mustJSON(stages); got != `["checking","creating","sending","verifying","validating","done"]` {
		t.Error(got)
	}
	r.wantStored(t, d, sha)
	wantNothingLeft(t, dir)
	if d.Status != models.DatasetReady || !d.TrainingReady || d.StoragePath != id+"/"+d.ID+"/my_files___1.jsonl" || d.FileName != "my files é#1.jsonl" {
		t.Errorf("%+v", d)
	}
	if got := r.row(t, d.ID, `name, description, format, storage_bucket, jsonb_array_length(sample_data), validated_at IS NOT NULL, avg_turns_per_conversation`); got != "Tickets from the help desk brightrun_lora_v4 lora-datasets 3 t 2.00" {
		t.Error(got)
	}
}

func fileSize(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
