package screens

import (
	"strconv"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/theme"
)

// Widths of the drawn cells of a job.
const (
	jobBarCells   = 8
	jobSparkCells = 14
)

func jobColumns() []kit.Column {
	return []kit.Column{
		{Title: "Status", Min: 13, Max: 14, Sort: "status"},
		{Title: "Dataset", Min: 14},
		{Title: "Progress", Min: jobBarCells + 5, Max: jobBarCells + 5, Sort: "progress"},
		{Title: "Loss over time", Min: jobSparkCells, Max: jobSparkCells, Drop: 1},
		{Title: "Loss", Min: 6, Max: 8, Right: true, Drop: 4},
		{Title: "ETA", Min: 7, Max: 7, Right: true, Drop: 5},
		{Title: "Cost", Min: 7, Max: 9, Right: true, Drop: 3, Sort: "current_cost"},
		{Title: "Stage", Min: 9, Max: 13, Drop: 8},
		{Title: "Preset", Min: 8, Max: 12, Drop: 7, Sort: "preset_id"},
		{Title: "Age", Min: 5, Max: 6, Right: true, Drop: 6, Sort: "created_at"},
	}
}

func jobRow(in *inks, o Options, j models.Job, spark string, r models.StepRate, now time.Time) kit.Row {
	status := kit.StatusCell(in.th, j.Status)
	if models.DiagnoseJob(j, now) != nil {
		status = kit.Cell{Text: in.th.Glyph("⚠", "!") + " " + models.Clean(string(j.Status)), Style: &in.th.Warn}
	}
	cost := kit.Cell{Text: jobCost(j, o, now)}
	cost.Style = costStyle(&in.th, j, o, now)
	return kit.Row{ID: j.ID, Cells: []kit.Cell{
		status,
		datasetCell(in, j),
		{Text: progressBar(in.th, j, jobBarCells), Raw: true},
		{Text: spark, Raw: true},
		lossCell(in, j),
		{Text: etaText(j, r, o, now)},
		cost,
		{Text: stageText(j), Style: &in.th.Dim},
		{Text: models.Clean(j.PresetID), Style: &in.th.Dim},
		{Text: kit.Age(j.CreatedAt.Time, now), Style: &in.th.Dim},
	}}
}

// datasetCell names the dataset as it is: gone and hidden ones too.
func datasetCell(in *inks, j models.Job) kit.Cell {
	switch {
	case j.Dataset == nil:
		return kit.Cell{Text: "(not readable)", Style: &in.th.Faint}
	case !j.Dataset.DeletedAt.IsZero():
		return kit.Cell{Text: models.Clean(j.Dataset.Name) + " (deleted)", Style: &in.th.Dim}
	}
	return kit.Cell{Text: models.Clean(j.Dataset.Name)}
}

func stageText(j models.Job) string {
	if string(j.Stage) == string(j.Status) {
		return ""
	}
	return models.Clean(string(j.Stage))
}

// progressBar is w cells of bar and " 42%".
func progressBar(th theme.Theme, j models.Job, w int) string {
	share, ok := j.Done()
	if !ok && !j.Status.Live() {
		return th.Faint.Render(kit.PadRight("–", w+5))
	}
	style := th.Accent
	switch {
	case j.Status == models.JobCompleted:
		style = th.Good
	case j.Status == models.JobFailed:
		style = th.Bad
	case !j.Status.Live():
		style = th.Dim
	}
	share = max(0, min(share, 1))
	full := int(share*float64(w) + 0.5)
	percent := strconv.Itoa(int(share*100)) + "%"
	return style.Render(repeat(th.Glyph("█", "#"), full)) + th.Faint.Render(repeat(th.Glyph("░", "."), w-full)) +
		" " + kit.PadLeft(percent, 4)
}

func repeat(s string, n int) string {
	out := make([]byte, 0, len(s)*max(n, 0))
	for range n {
		out = append(out, s...)
	}
	return string(out)
}

func lossCell(in *inks, j models.Job) kit.Cell {
	v := j.CurrentMetrics.TrainingLoss
	if v == nil {
		return kit.Cell{Text: kit.None, Style: &in.th.Faint}
	}
	c := kit.Cell{Text: kit.Float(v, 4)}
	if !v.Finite() {
		c.Style = &in.th.Bad
	}
	return c
}

// etaText is how long a running job will go on, "" for others.
func etaText(j models.Job, r models.StepRate, o Options, now time.Time) string {
	f, ok := forecast(j, r, o, now)
	if !ok {
		if j.Status.Live() {
			return kit.None
		}
		return ""
	}
	return kit.Duration(f.Left)
}

// jobCost is what a job has cost; "~" marks what is derived from its rate.
func jobCost(j models.Job, o Options, now time.Time) string {
	m, derived, ok := models.Spend(j, o.GPUs, now)
	switch {
	case !ok:
		return kit.None
	case derived:
		return "~" + kit.Money(&m)
	}
	return kit.Money(&m)
}

// costShare compares spend with the estimate; ok is false without either.
func costShare(j models.Job, o Options, now time.Time) (share float64, ok bool) {
	m, _, known := models.Spend(j, o.GPUs, now)
	if !known || j.EstimatedTotalCost == nil || !j.EstimatedTotalCost.Known() || j.EstimatedTotalCost.IsZero() {
		return 0, false
	}
	return m.Ratio(*j.EstimatedTotalCost), true
}

// forecast is where a running job is heading: by the measured rate, else by the
// share of time that has passed; one that is stuck goes nowhere.
func forecast(j models.Job, r models.StepRate, o Options, now time.Time) (models.Band, bool) {
	if models.DiagnoseJob(j, now) != nil {
		return models.Band{}, false
	}
	if b, ok := models.ForecastRate(j, r, o.GPUs, now); ok {
		return b, true
	}
	f, ok := models.ForecastJob(j, o.GPUs, now)
	return models.Band{Forecast: f}, ok
}

// fitParts joins as many of the parts as have room; the first is cut to it.
func fitParts(parts []string, sep string, w int) string {
	out := ""
	for i, p := range parts {
		if i > 0 {
			p = sep + p
		}
		if i > 0 && kit.Width(out)+kit.Width(p) > w {
			break
		}
		out += p
	}
	return kit.Truncate(out, w)
}
