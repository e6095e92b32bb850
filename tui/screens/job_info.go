package screens

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// configPairs are the stored values: a preset's id says nothing about them.
func configPairs(j models.Job, o Options) [][2]string {
	h, g := j.Hyperparameters, j.GPU
	base := models.Clean(h.BaseModel)
	if base == "" {
		base = "the platform's default"
	}
	pairs := [][2]string{
		{"Preset", models.Clean(j.PresetID)},
		{"Base model", base},
		{"Learning rate", exactly(h.LearningRate)},
		{"Batch size", kit.Int(h.BatchSize)},
		{"Epochs", epochsText(j)},
		{"LoRA rank", kit.Int(h.Rank)},
		{"LoRA alpha", exactly(h.Alpha)},
		{"Dropout", exactly(h.Dropout)},
		{"Warm-up steps", maybe(h.WarmupSteps, kit.Int)},
		{"Weight decay", maybe(h.WeightDecay, exactly)},
		{"Max. gradient norm", maybe(h.MaxGradNorm, exactly)},
		{"Max. sequence", maybe(h.MaxSeqLength, kit.Int)},
	}
	pairs = append(pairs, extraPairs(h.Extra)...)
	pairs = append(pairs,
		[2]string{"GPU", gpuText(g, o)},
		[2]string{"GPU as stored", models.Clean(g.Type)},
		[2]string{"Price", priceText(g, o)},
		[2]string{"GPU memory", maybe(g.MemoryGB, func(v *models.F64) string { return exactly(v) + " GB" })},
	)
	pairs = append(pairs, extraPairs(g.Extra)...)
	return append(pairs,
		[2]string{"Steps planned", kit.Int(j.TotalSteps)},
		[2]string{"Estimated cost", kit.Money(j.EstimatedTotalCost)},
		[2]string{"Retries", maybe(j.RetryCount, kit.Int)},
		[2]string{"Job", models.Clean(j.ID)},
		[2]string{"Dataset", models.Clean(j.DatasetID)},
		[2]string{"Artifact", maybe(j.ArtifactID, cleaned)},
		[2]string{"External job", maybe(j.ExternalJobID, cleaned)},
	)
}

// maybe formats a value; null is "", which KeyValues leaves out.
func maybe[T any](v *T, format func(*T) string) string {
	if v == nil {
		return ""
	}
	return format(v)
}

// exactly writes a stored number with the digits it has.
func exactly(v *models.F64) string {
	if v == nil || !v.Finite() || *v != 0 && (math.Abs(float64(*v)) < 1e-3 || math.Abs(float64(*v)) >= 1e7) {
		return kit.Float(v, 8)
	}
	return strconv.FormatFloat(float64(*v), 'f', -1, 64)
}

func cleaned(s *string) string { return models.Clean(*s) }

// epochsText trusts total_epochs, and says so when the parameters disagree.
func epochsText(j models.Job) string {
	text := kit.Exact(int64(j.TotalEpochs))
	if e := j.Hyperparameters.Epochs; e != nil && *e != j.TotalEpochs {
		text += " (the parameters say " + kit.Int(e) + ")"
	}
	return text
}

func priceText(g models.GPUConfig, o Options) string {
	rate, ok := models.HourlyRate(g, o.GPUs)
	if !ok {
		return "unknown"
	}
	if g.CostPerGPUHour != nil && g.CostPerGPUHour.Known() {
		return kit.Money(&rate) + " an hour in all"
	}
	return kit.Money(&rate) + " an hour in all, by the price table"
}

// extraPairs are keys that loratop does not know, as they are.
func extraPairs(extra map[string]json.RawMessage) [][2]string {
	var out [][2]string
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		out = append(out, [2]string{models.Clean(k), kit.Truncate(models.Clean(string(extra[k])), 200)})
	}
	return out
}

// errorText is message, hint and stack, wrapped.
func errorText(th theme.Theme, j models.Job, w int) string {
	var lines []string
	block := func(text string, style func(...string) string) {
		for l := range strings.SplitSeq(models.CleanLines(text), "\n") {
			for _, part := range kit.Wrap(l, max(w, 1)) {
				lines = append(lines, style(part))
			}
		}
	}
	if j.ErrorMessage != nil {
		block(*j.ErrorMessage, th.Bad.Render)
		if hint := models.ErrorHint(*j.ErrorMessage); hint != "" {
			lines = append(lines, "")
			block(hint, th.Info.Render)
		}
	}
	if j.ErrorStack != nil && *j.ErrorStack != "" {
		lines = append(lines, "", th.Strong.Render("Stack"))
		block(*j.ErrorStack, th.Dim.Render)
	}
	return strings.Join(lines, "\n")
}

// event is a row of the timeline.
type event struct {
	what string
	at   time.Time
	note string
}

func (s *job) events(j models.Job) []event {
	out := []event{{"created", j.CreatedAt.Time, ""}, {"queued", j.QueuedAt.Time, ""}, {"started", j.StartedAt.Time, ""}}
	if n := s.stream.series.length(); n > 0 {
		out = append(out, event{"first point", s.stream.series.when(0), ""},
			event{"last point", s.stream.series.when(n - 1), kit.Exact(s.stream.count()) + " points"})
	}
	out = append(out, event{models.Clean(string(j.Status)), j.CompletedAt.Time, ""}, event{"row changed", j.UpdatedAt.Time, ""})
	out = slices.DeleteFunc(out, func(e event) bool { return e.at.IsZero() })
	slices.SortStableFunc(out, func(a, b event) int { return a.at.Compare(b.at) })
	return out
}

// timeline is when things happened and how long each part took.
func (s *job) timeline(f screen.Frame, j models.Job, w int) string {
	th := f.Theme
	var lines []string
	events := s.events(j)
	for i, e := range events {
		after := ""
		if i > 0 {
			after = "+" + kit.Duration(e.at.Sub(events[i-1].at))
		}
		line := th.Dim.Render(kit.PadRight(e.what, 13)) + kit.PadRight(kit.Clock(e.at, f.Now), 18) +
			th.Faint.Render(kit.PadRight(after, 11)+e.note)
		lines = append(lines, kit.Truncate(line, w))
	}
	lines = append(lines, "", kit.KeyValues(th, s.spans(f.Now, j), w))
	return strings.Join(lines, "\n")
}

// spans are the durations that matter.
func (s *job) spans(now time.Time, j models.Job) [][2]string {
	between := func(a, b time.Time) string {
		if a.IsZero() || b.IsZero() || b.Before(a) {
			return ""
		}
		return kit.Duration(b.Sub(a))
	}
	out := [][2]string{
		{"In the queue", between(j.QueuedAt.Time, j.StartedAt.Time)},
		{"From start to end", between(j.StartedAt.Time, j.CompletedAt.Time)},
	}
	n := s.stream.series.length()
	if n == 0 {
		return out
	}
	first, last := s.stream.series.when(0), s.stream.series.when(n-1)
	out = append(out, [2]string{"Until the first point", between(j.StartedAt.Time, first)})
	if n := s.stream.count(); n > 1 && !first.IsZero() {
		out = append(out, [2]string{"Between points", fmt.Sprintf("%s on average", kit.Duration(last.Sub(first)/time.Duration(n-1)))})
	}
	if j.Status.Live() {
		out = append(out, [2]string{"Since the last point", between(last, now)})
	}
	return out
}
