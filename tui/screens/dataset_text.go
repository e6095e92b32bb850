package screens

import (
	"fmt"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/theme"
)

// datasetLines is the page of a dataset as text of at most w cells a line:
// what is wrong first, then the facts, the findings and the samples.
func datasetLines(th theme.Theme, d models.Dataset, stuck *models.Diagnosis, now time.Time, w int, folded bool) []string {
	out := datasetTrouble(th, d, stuck, now, w)
	if d.Description != nil && *d.Description != "" {
		out = append(append(out, wrapped(th.Text.Render, *d.Description, w)...), "")
	}
	out = append(out, splitLines(kit.Columns2(th, datasetFacts(th, d, now), w))...)
	out = append(out, "", kit.KeyValues(th, [][2]string{
		{"File", models.Clean(d.FileName) + th.Faint.Render("  "+sizeText(d.FileSize))},
		{"Stored at", models.Clean(d.StorageBucket + "/" + d.StoragePath)},
		{"Id", models.Clean(d.ID)},
	}, w))
	if list := d.Errors(); len(list) > 0 {
		out = append(out, "", kit.Rule(th, fmt.Sprintf("Validation errors (%d)", len(list)), w))
		out = append(out, findingLines(th, list, w)...)
	}
	samples := d.Samples()
	if len(samples) == 0 {
		return append(out, "", kit.Rule(th, "Samples", w), th.Faint.Render(kit.Truncate(noSamples(d), w)))
	}
	note := "z unfolds"
	if !folded {
		note = "z folds"
	}
	out = append(out, "", kit.Rule(th, fmt.Sprintf("Sample conversations (%d, %s)", len(samples), note), w))
	return append(out, sampleLines(th, samples, w, folded)...)
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func noSamples(d models.Dataset) string {
	if d.Status == models.DatasetReady {
		return "None are kept for this dataset; an imported one has none."
	}
	return "The validator keeps some once the dataset is ready."
}

// datasetTrouble says what keeps the dataset from being trained with.
func datasetTrouble(th theme.Theme, d models.Dataset, stuck *models.Diagnosis, now time.Time, w int) []string {
	var out []string
	if !d.DeletedAt.IsZero() {
		out = append(out, wrapped(th.Warn.Render, "! In the trash since "+kit.Clock(d.DeletedAt.Time, now)+". R restores it.", w)...)
	}
	if stuck != nil {
		out = append(out, wrapped(th.Warn.Render, diagnosisText(stuck), w)...)
	}
	if d.ErrorMessage != nil && *d.ErrorMessage != "" {
		out = append(out, wrapped(th.Bad.Render, *d.ErrorMessage, w)...)
	}
	if len(out) > 0 {
		out = append(out, "")
	}
	return out
}

func datasetFacts(th theme.Theme, d models.Dataset, now time.Time) [][2]string {
	trainable := th.Good.Render("yes")
	if ok, why := d.Trainable(); !ok {
		trainable = th.Warn.Render("no: " + models.Clean(why))
	}
	return [][2]string{
		{"Status", kit.Status(th, d.Status)},
		{"Trainable", trainable},
		{"Training pairs", kit.Int(d.TotalTrainingPairs)},
		{"Validation pairs", kit.Int(d.TotalValidationPairs)},
		{"Tokens", kit.Int(d.TotalTokens)},
		{"Average turns", kit.Float(d.AvgTurnsPerConversation, 3)},
		{"Tokens a turn", kit.Float(d.AvgTokensPerTurn, 3)},
		{"Format", models.Clean(string(d.Format))},
		{"Created", kit.Clock(d.CreatedAt.Time, now)},
		{"Validated", kit.Clock(d.ValidatedAt.Time, now)},
	}
}

// findingLines draws the validator's findings: line, error, suggestion.
func findingLines(th theme.Theme, list []models.ValidationError, w int) []string {
	const at = 10
	var out []string
	for _, e := range list {
		where := "file"
		if e.Line != nil {
			where = "line " + kit.Int(e.Line)
		}
		room := max(1, w-at)
		for i, line := range wrapped(th.Bad.Render, orElse(e.Error, "no reason was given"), room) {
			if i > 0 {
				where = ""
			}
			out = append(out, th.Dim.Render(kit.PadRight(where, at))+line)
		}
		if e.Suggestion == "" {
			continue
		}
		for _, line := range wrapped(th.Dim.Render, e.Suggestion, room) {
			out = append(out, kit.Spaces(at)+line)
		}
	}
	return out
}
