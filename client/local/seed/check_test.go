package seed_test

import (
	"bytes"
	"testing"

	"github.com/loratop/loratop/models"
)

func lines(b []byte) [][]byte {
	var out [][]byte
	for line := range bytes.Lines(b) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(out, line)
		}
	}
	return out
}

// checkNumbers runs the validator over what it is said to have validated.
func checkNumbers(t *testing.T, d models.Dataset, content []byte) {
	t.Helper()
	v, err := models.ValidateDataset(bytes.NewReader(content))
	found := d.Errors()
	switch {
	case d.Status == models.DatasetError:
		if err != nil || len(found) == 0 || len(found) != len(v.Errors) {
			t.Errorf("%s: %d errors in the row, %d in the file (%v)", d.Name, len(found), len(v.Errors), err)
		}
	case d.Status == models.DatasetReady && len(found) > 0:
		t.Errorf("%s is ready with errors", d.Name)
	case d.Status == models.DatasetReady && err == nil && v.ErrorCount == 0:
		if int64(*d.TotalTrainingPairs) != v.Pairs || int64(*d.TotalTokens) != v.Tokens {
			t.Errorf("%s: %d pairs and %d tokens in the row, %d and %d in the file", d.Name, *d.TotalTrainingPairs, *d.TotalTokens, v.Pairs, v.Tokens)
		}
	}
}
