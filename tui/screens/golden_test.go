package screens

import (
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/loratop/loratop/models"
)

// The pages that people look at most, as they are at 80×24: the shell leaves
// 21 lines of it. `go test ./tui/screens -run Golden -update` renews them.
func TestGolden(t *testing.T) {
	d := sampleDataset()
	d.TotalValidationPairs, d.AvgTurnsPerConversation = models.Ptr(models.Int(0)), models.Ptr(models.F64(4))
	d.Format, d.FileName, d.FileSize = models.FormatV4, "train.jsonl", 1_234_567
	stuck := models.Dataset{ID: "ds2", Name: "half an upload", Status: models.DatasetUploading, FileSize: 9e6, CreatedAt: models.At(clock().Add(-90 * time.Minute))}
	b := costBackend()
	b.dataset = func(string) (models.Dataset, error) { return d, nil }
	b.datasets = func(models.ListQuery) (models.Page[models.Dataset], error) {
		return models.Page[models.Dataset]{Items: []models.Dataset{stuck, d}, Total: models.Ptr(int64(2))}, nil
	}
	b.artifact = func(string) (models.Artifact, error) { return sampleArtifact(), nil }
	o := testOptions()
	o.Budget, o.DownloadDir = models.Ptr(models.Dollars(5000)), "/home/ann/loras"
	for _, c := range []struct {
		name string
		rig  func(t *testing.T) *rig
		see  string
	}{
		{"datasets", func(t *testing.T) *rig { return newRig(t, newDatasets(b, o)) }, "support chats"},
		{"dataset", func(t *testing.T) *rig { return newRig(t, newDataset(b, o), "ds1") }, "With one list."},
		{"launch", func(t *testing.T) *rig { return newRig(t, newLaunch(b, o), "ds1") }, "Budget left"},
		{"artifact", func(t *testing.T) *rig { return newRig(t, newArtifact(b, o), "a1") }, "2 files"},
		{"costs", func(t *testing.T) *rig { return newRig(t, newCosts(b, o)) }, "last 90 days"},
		{"signin", func(t *testing.T) *rig { return newRig(t, newSignIn(b, o)) }, "E-mail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := c.rig(t)
			r.h = 21
			r.see(c.see)
			golden.RequireEqual(t, r.text()+"\n")
		})
	}
}
