package screens

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

func (s *artifact) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *artifact) draw(f screen.Frame) string {
	th := f.Theme
	a, ok := s.feed.Value()
	if !ok {
		text, hint := "Loading…", ""
		if err := s.feed.Err(); err != nil {
			text, hint = models.Explain(err)
		}
		return kit.Empty(th, text, hint, f.W, f.H)
	}
	if s.rowsDue(f) {
		s.rows(f)
	}
	h, foot := f.H, ""
	if err := s.feed.Err(); err != nil && h > 3 {
		h--
		foot = kit.ErrorLine(th, err, kit.Age(s.feed.State().At, f.Now), f.W)
	}
	return kit.JoinV(s.panes(f, a, h), foot)
}

// panes puts the files beside the text where there is room, else below it.
func (s *artifact) panes(f screen.Frame, a models.Artifact, h int) string {
	if f.W >= 110 {
		s.split, s.rowsY = f.W*11/20, 0
		return kit.JoinH(s.text(f, a, s.split, h), s.files(f, a, f.W-s.split, h))
	}
	s.split = 0
	if h < 9 { // one pane at a time
		s.rowsY = 0
		if s.pane == 0 {
			return s.files(f, a, f.W, h)
		}
		s.rowsY = h
		return s.text(f, a, f.W, h)
	}
	low := min(len(a.Files)+6, h/2)
	s.rowsY = h - low
	return kit.JoinV(s.text(f, a, f.W, h-low), s.files(f, a, f.W, low))
}

func (s *artifact) text(f screen.Frame, a models.Artifact, w, h int) string {
	iw, ih := kit.PanelInner(w, h)
	s.doc.SetContent(strings.Join(artifactLines(f.Theme, a, f.Now, max(1, iw-2)), "\n"))
	return kit.Panel(f.Theme, models.Clean(a.Name), s.doc.View(f.Theme, iw, ih), w, h, f.Focus && s.pane == 1)
}

// files is the table of files, and what is to be said of the chosen one.
func (s *artifact) files(f screen.Frame, a models.Artifact, w, h int) string {
	th := f.Theme
	title := plural(len(a.Files), "file")
	if n := s.down.active(); n > 0 {
		title += fmt.Sprintf(" · downloading, %d to go · x stops", n)
	}
	iw, ih := kit.PanelInner(w, h)
	body := ""
	if len(a.Files) == 0 {
		body = kit.Empty(th, "No files were stored.", "The platform could not copy them; the job may tell why.", iw, ih)
	} else {
		note := s.fileNote(th, iw)
		room := max(1, ih-len(note))
		body = kit.JoinV(s.table.View(th, iw, room, f.Focus && s.pane == 0), strings.Join(note, "\n"))
	}
	return kit.Panel(th, title, body, w, h, f.Focus && s.pane == 0)
}

// fileNote tells where the chosen file was saved and its checksum, or what went
// wrong with it.
func (s *artifact) fileNote(th theme.Theme, w int) []string {
	a, i := s.selected()
	if i < 0 {
		return nil
	}
	t := s.down.files[a.Files[i].Path]
	switch {
	case t == nil:
		return []string{th.Faint.Render(kit.Truncate("d saves below "+models.Clean(s.down.dir), w))}
	case t.state == transferDone:
		out := wrapped(th.Good.Render, t.got.Path, w)
		return append(out, th.Dim.Render(kit.Truncate("sha256 "+models.Clean(t.got.SHA256), w)))
	case t.state == transferFailed:
		text, hint := models.Explain(t.err)
		return wrapped(th.Bad.Render, strings.TrimSpace(text+" "+hint), w)
	}
	return nil
}

func fileSizeText(f models.ArtifactFile, t *transfer) string {
	switch {
	case t != nil && t.state == transferDone:
		return kit.Bytes(t.got.Bytes)
	case f.Size != nil:
		return kit.Bytes(int64(*f.Size))
	case t != nil && t.p.Total >= 0:
		return kit.Bytes(t.p.Total)
	}
	return kit.None
}

func transferCell(in *inks, t *transfer) kit.Cell {
	if t == nil {
		return kit.Cell{Text: ""}
	}
	switch t.state {
	case transferWaiting:
		return kit.Cell{Text: "waiting", Style: &in.th.Dim}
	case transferRunning:
		return kit.Cell{Text: runningText(t), Style: &in.th.Info}
	case transferDone:
		return kit.Cell{Text: in.th.Glyph("✓", "+") + " saved", Style: &in.th.Good}
	case transferFailed:
		return kit.Cell{Text: in.th.Glyph("✗", "x") + " failed", Style: &in.th.Bad}
	case transferCancelled:
		return kit.Cell{Text: "stopped", Style: &in.th.Warn}
	}
	return kit.Cell{}
}

func runningText(t *transfer) string {
	amount := kit.Bytes(t.p.Done)
	if t.p.Total > 0 {
		amount = fmt.Sprintf("%d%%", min(100, t.p.Done*100/t.p.Total))
	}
	if t.rate > 0 {
		amount += " " + kit.Bytes(int64(t.rate)) + "/s"
	}
	return amount
}

// artifactLines is the page of an artifact as text of at most w cells a line.
func artifactLines(th theme.Theme, a models.Artifact, now time.Time, w int) []string {
	in := inksOf(th)
	out := []string{qualityStyle(in, a.Quality).Bold(true).Render(kit.Truncate(qualityText(a.Quality), w))}
	out = append(out, wrapped(th.Dim.Render, qualityWords(a.Quality), w)...)
	if a.Description != nil && *a.Description != "" {
		out = append(out, wrapped(th.Text.Render, *a.Description, w)...)
	}
	section := func(title string, pairs [][2]string) {
		out = append(out, "", kit.Rule(th, title, w))
		out = append(out, splitLines(kit.Columns2(th, pairs, w))...)
	}
	section("Lineage", lineagePairs(th, a, now))
	section("Quality", [][2]string{
		{"Training loss", kit.Float(a.Quality.FinalTrainingLoss, 4)},
		{"Validation loss", kit.Float(a.Quality.FinalValidationLoss, 4)},
		{"Perplexity", kit.Float(a.Quality.Perplexity, 4)},
		{"Loss reduction", kit.Percent(a.Quality.LossReductionPercent)},
	})
	section("Summary", summaryPairs(a))
	section("Configuration", configurationPairs(a.Configuration))
	out = append(out, splitLines(kit.KeyValues(th, [][2]string{{"Base model", models.Clean(a.Configuration.Hyperparameters.BaseModel)}}, w))...)
	section("Row", [][2]string{
		{"Status", kit.Status(th, a.Status)}, {"Version", models.Clean(a.Version)},
		{"Created", kit.Clock(a.CreatedAt.Time, now)}, {"Deployed", kit.Clock(a.DeployedAt.Time, now)},
	})
	out = append(out, kit.KeyValues(th, [][2]string{{"Id", models.Clean(a.ID)}}, w))
	return out
}

// lineagePairs is where the artifact comes from: dataset, then job.
func lineagePairs(th theme.Theme, a models.Artifact, now time.Time) [][2]string {
	job := models.Clean(a.JobID)
	if j := a.Job; j != nil {
		job = kit.Status(th, j.Status) + " " + models.Clean(j.PresetID) + ", " + kit.Clock(j.CompletedAt.Time, now)
	}
	pairs := [][2]string{
		{"Dataset", datasetName(a.Dataset, a.DatasetID) + th.Faint.Render("  T opens it")},
		{th.Glyph("→", ">") + " job", job + th.Faint.Render("  J opens it")},
		{th.Glyph("→", ">") + " artifact", models.Clean(a.Name)},
	}
	if a.ParentModelID != nil {
		pairs = append(pairs, [2]string{"Parent", models.Clean(*a.ParentModelID)})
	}
	return pairs
}

func summaryPairs(a models.Artifact) [][2]string {
	s := a.Summary
	took := ""
	if s.DurationSeconds != nil && s.DurationSeconds.Finite() {
		took = kit.Duration(time.Duration(min(float64(*s.DurationSeconds), 1e9) * float64(time.Second)))
	}
	return [][2]string{
		{"Epochs", kit.Int(s.Epochs)}, {"Steps", kit.Int(s.TotalSteps)}, {"Final loss", kit.Float(s.FinalLoss, 4)},
		{"Took", orElse(took, kit.None)}, {"Final learning rate", kit.Float(s.FinalLearningRate, 3)},
		{"GPU hours", kit.Float(s.GPUHours, 3)}, {"GPU", models.Clean(s.GPUType)}, {"Cost", kit.Money(artifactCost(a))},
	}
}

// exactText is a setting as it was given, without digits nobody typed.
func exactText(v *models.F64) string {
	if v == nil {
		return kit.None
	}
	return strconv.FormatFloat(float64(*v), 'g', 6, 64)
}

func configurationPairs(c models.Configuration) [][2]string {
	h := c.Hyperparameters
	gpu := models.Clean(c.GPU.Type)
	if gpu != "" && c.GPU.Count != nil {
		gpu = kit.Int(c.GPU.Count) + " × " + gpu
	}
	return [][2]string{
		{"Preset", models.Clean(c.PresetID)},
		{"Learning rate", kit.Float(h.LearningRate, 3)}, {"Batch size", kit.Int(h.BatchSize)}, {"Epochs", kit.Int(h.Epochs)},
		{"LoRA rank", kit.Int(h.Rank)}, {"LoRA alpha", exactText(h.Alpha)}, {"LoRA dropout", exactText(h.Dropout)},
		{"GPUs", gpu},
	}
}
