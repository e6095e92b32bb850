package screens

import (
	"fmt"
	"strings"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

func (s *job) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *job) draw(f screen.Frame) string {
	j, ok := s.current()
	if !ok {
		text, hint := "Loading…", ""
		if err := s.row.Err(); err != nil {
			text, hint = models.Explain(err)
		}
		return kit.Empty(f.Theme, text, hint, f.W, f.H)
	}
	head := s.header(f, j)
	s.bodyY = len(head)
	return kit.JoinV(kit.Fit(strings.Join(head, "\n"), f.W, len(head)), s.body(f, j, f.W, f.H-len(head)))
}

// header is the facts of the job, as many lines as there is room for.
func (s *job) header(f screen.Frame, j models.Job) []string {
	lines := []string{s.statusLine(f, j)}
	if f.H >= 8 {
		lines = append(lines, s.moneyLine(f, j))
	}
	if f.H >= 14 {
		lines = append(lines, s.whatLine(f, j))
	}
	if note := s.note(f, j); note != "" && f.H >= 7 {
		more := strings.Split(note, "\n")
		lines = append(lines, more[:min(len(more), max(1, f.H/10))]...)
	}
	if f.H >= 11 {
		lines = append(lines, s.tabs(f.Theme, f.W))
	}
	return lines
}

// headSpark is the width of the sparkline in the header.
const headSpark = 16

// statusLine: status, stage, progress, epoch and step.
func (s *job) statusLine(f screen.Frame, j models.Job) string {
	th := f.Theme
	parts := []string{kit.Status(th, j.Status)}
	if mark := s.dog.mark(th); mark != "" {
		parts = append(parts, mark)
	}
	if st := stageText(j); st != "" {
		parts = append(parts, th.Dim.Render(st))
	}
	parts = append(parts, progressBar(th, j, max(4, min(24, f.W/5))))
	if j.CurrentEpoch != nil {
		parts = append(parts, fmt.Sprintf("%s %s/%s", th.Dim.Render("epoch"), kit.Int(j.CurrentEpoch), kit.Exact(int64(j.TotalEpochs))))
	}
	if j.CurrentStep != nil {
		parts = append(parts, th.Dim.Render("step ")+kit.Int(j.CurrentStep)+of(j.TotalSteps))
	}
	if m := j.CurrentMetrics; m.TrainingLoss != nil {
		parts = append(parts, th.Dim.Render("loss ")+kit.Float(m.TrainingLoss, 4))
	}
	if t := s.stream.series.track(metricTraining); t.Len() > 1 {
		parts = append(parts, chart.SparkPoints(th, t, sparkPoints, min(t.Len(), headSpark)))
	}
	return fitParts(parts, "  ", f.W)
}

func of(n *models.Int) string {
	if n == nil {
		return ""
	}
	return "/" + kit.Int(n)
}

// moneyLine: elapsed, what is left, and cost against the estimate.
func (s *job) moneyLine(f screen.Frame, j models.Job) string {
	th, now := f.Theme, f.Now
	var parts []string
	fact := func(label, value string) {
		parts = append(parts, th.Dim.Render(label+" ")+value)
	}
	if e := j.Elapsed(now); e > 0 {
		label := "ran"
		if j.Status.Live() {
			label = "running"
		}
		fact(label, kit.Duration(e))
	} else if j.Status.Live() && !j.QueuedAt.IsZero() {
		fact("waiting", kit.Duration(max(0, now.Sub(j.QueuedAt.Time)))) // the clock of the server may be ahead
	}
	band, going := forecast(j, s.rate.of(&s.stream.series), s.o, now)
	left, at := aheadFacts(f, band)
	if going {
		fact("left", left)
		fact("done at", at)
	}
	fact("cost", s.costText(f, j))
	if going {
		parts = append(parts, endFacts(th, band, s.o.Budget)...)
	}
	return fitParts(parts, "   ", f.W)
}

// costText is the spend and its share of the estimate, coloured at 80 %, 100 %
// and marked at 120 %.
func (s *job) costText(f screen.Frame, j models.Job) string {
	th := f.Theme
	text := jobCost(j, s.o, f.Now)
	share, ok := costShare(j, s.o, f.Now)
	if !ok {
		return text
	}
	text += fmt.Sprintf(" of %s (%.0f%%)", kit.Money(j.EstimatedTotalCost), share*100)
	switch {
	case share > 1.2:
		return th.Bad.Bold(true).Render(text + " over the estimate!")
	case share > 1:
		return th.Bad.Render(text)
	case share >= 0.8:
		return th.Warn.Render(text)
	}
	return th.Good.Render(text)
}

// whatLine: dataset, preset, GPU.
func (s *job) whatLine(f screen.Frame, j models.Job) string {
	th := f.Theme
	parts := []string{
		th.Dim.Render("dataset ") + datasetCell(inksOf(th), j).Text,
		th.Dim.Render("preset ") + models.Clean(j.PresetID),
		th.Dim.Render("on ") + gpuText(j.GPU, s.o),
	}
	return fitParts(parts, "   ", f.W)
}

// gpuText names the GPUs of a job.
func gpuText(g models.GPUConfig, o Options) string {
	name := models.Clean(g.Type)
	if row, ok := models.FindGPU(o.GPUs, g.Type); ok {
		name = row.Label
	}
	if name == "" {
		name = "an unnamed GPU"
	}
	if g.Count != nil {
		return kit.Int(g.Count) + " × " + name
	}
	return name
}

// note is the line about what is wrong: reading, the job's error, or that it is
// stuck; or how far the history has been read.
func (s *job) note(f screen.Frame, j models.Job) string {
	th := f.Theme
	feed := s.stream.feed
	switch {
	case feed.Err() != nil:
		return kit.ErrorLine(th, feed.Err(), kit.Age(feed.State().At, f.Now), f.W)
	case s.row.Err() != nil:
		return kit.ErrorLine(th, s.row.Err(), kit.Age(s.row.State().At, f.Now), f.W)
	case j.ErrorMessage != nil && *j.ErrorMessage != "":
		text := joined(models.Clean(*j.ErrorMessage), models.ErrorHint(*j.ErrorMessage))
		if s.retryOff() == "" {
			text += " R does it."
		}
		return strings.Join(wrapped(th.Bad.Render, text, f.W), "\n")
	}
	d := s.silence(j, f.Now)
	if d == nil {
		d = models.DiagnoseJob(j, f.Now)
	}
	text := s.stream.note()
	if text != "" && !s.stream.complete() { // which passes, unlike a diagnosis
		return th.Dim.Render(kit.Truncate(text+kit.Exact(s.stream.count())+" points so far", f.W))
	}
	if d != nil {
		return diagnosisLine(th, d, f.W)
	}
	if text != "" {
		text = kit.Exact(s.stream.count()) + " points, " + text
	}
	if s.busy != "" {
		text = s.busy + "…"
	}
	if n := s.saver.running(); n != "" {
		text = "saving: " + n + "…  esc stops"
	}
	if text == "" {
		return ""
	}
	return th.Dim.Render(kit.Truncate(text, f.W))
}

// tabs is the line of panes and of what is switched on.
func (s *job) tabs(th theme.Theme, w int) string {
	if s.saver.open {
		return s.saver.line(th, w, s.stream.long != nil)
	}
	var b strings.Builder
	for p := range paneCount {
		if p == paneError && !s.failed() {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("  ")
		}
		if p == s.pane {
			b.WriteString(th.Accent.Render(th.Glyph("● ", "* ") + p.String()))
		} else {
			b.WriteString(th.Dim.Render(th.Glyph("○ ", "o ") + p.String()))
		}
	}
	if s.pane == paneCharts {
		b.WriteString(th.Faint.Render(s.charts.state()))
	}
	return kit.Truncate(b.String(), w)
}

func (s *job) body(f screen.Frame, j models.Job, w, h int) string {
	if h < 1 {
		return ""
	}
	if s.pane == paneCharts {
		return s.charts.view(f, w, h, s.bodyY, s.emptyChart(j))
	}
	doc := s.docs[s.pane]
	var text string
	switch s.pane {
	case paneConfig:
		text = kit.Columns2(f.Theme, configPairs(j, s.o), w-2)
	case paneTimeline:
		text = s.timeline(f, j, w-2)
	default:
		text = errorText(f.Theme, j, w-2)
	}
	doc.SetContent(text)
	return doc.View(f.Theme, w, h)
}

// emptyChart says why there are no points.
func (s *job) emptyChart(j models.Job) string {
	switch {
	case !s.stream.complete():
		return "reading"
	case j.Status == models.JobQueued || j.Status == models.JobInitializing:
		return "starts with the training"
	case j.Status.Live():
		return "no points yet"
	case s.stream.series.length() == 0:
		return "the job left no metrics"
	}
	return "not measured"
}
