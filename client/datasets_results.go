package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/loratop/loratop/models"
)

// sampleMax is how many bytes of sample conversations go into a row. What the
// platform writes has no bound; a row of many megabytes is of use to nobody.
const sampleMax = 4 << 20

// findings is what a file came to: the platform's results, or why it could not
// be read as lines at all.
type findings struct {
	models.Validation
	failure string // "File is empty"; "" = none
}

func (f findings) ready() bool { return f.failure == "" && f.ErrorCount == 0 }

// results are the columns that the platform's validator writes: all of them
// when the file is good, else only what is wrong with it.
func (f findings) results(now models.Time) map[string]any {
	if f.ready() {
		return map[string]any{
			"status": models.DatasetReady, "training_ready": true, "validated_at": now, "validation_errors": nil, "error_message": nil,
			"total_training_pairs": f.Pairs, "total_tokens": f.Tokens, "sample_data": f.sample(),
			"avg_turns_per_conversation": json.RawMessage(strconv.FormatFloat(f.AvgTurns, 'f', 2, 64)),
		}
	}
	errs, message := f.Errors, fmt.Sprintf("Found %d validation error(s)", f.ErrorCount)
	if f.failure != "" {
		errs, message = []models.ValidationError{{Error: f.failure}}, f.failure
	}
	return map[string]any{
		"status": models.DatasetError, "training_ready": false, "validated_at": now,
		"validation_errors": errs, "error_message": message,
	}
}

func (f findings) sample() []json.RawMessage {
	out, size := []json.RawMessage{}, 0
	for _, s := range f.Sample {
		if size += len(s); size <= sampleMax {
			out = append(out, bytes.ToValidUTF8(s, []byte("\uFFFD")))
		}
	}
	return out
}

// writeResults is the one update of a row by what was found in its file. It is
// conditional: where no row is as q says any more, it returns none.
func (c *Client) writeResults(ctx context.Context, q func() *query, value map[string]any) ([]models.Dataset, error) {
	if c.noMessage.Load() {
		delete(value, "error_message")
	}
	for {
		out, err := c.changeDatasets(ctx, q(), value)
		var e *models.Error
		if !errors.As(err, &e) {
			return out, err
		}
		_, message := value["error_message"]
		_, sample := value["sample_data"]
		switch {
		case message && lacksColumn(err): // the platform's own migration has none
			c.noMessage.Store(true)
			delete(value, "error_message")
		case sample && strings.HasPrefix(e.Server, "22"): // text that jsonb does not take, such as \u0000
			delete(value, "sample_data")
		default:
			return nil, err
		}
	}
}
