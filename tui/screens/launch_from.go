package screens

import (
	"context"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// againTaken is the job that a launch starts from.
type againTaken struct {
	job models.Job
	err error
}

// Failure lets the shell see that a session has ended.
func (m againTaken) Failure() error { return m.err }

// againLink opens the form with the values of a job; changed also changes what
// made it fail.
func againLink(j models.Job, changed bool) string {
	link := "launch/" + j.DatasetID + "?from=" + j.ID
	if changed {
		link += "&change=1"
	}
	return link
}

// readFrom reads the job whose values the form shall start with.
func (l *launch) readFrom() tea.Cmd {
	id := l.from
	if id == "" {
		return nil
	}
	return screen.Do(l.sc, "read the job", listTimeout, func(ctx context.Context) tea.Msg {
		j, err := l.b.Job(ctx, id)
		return againTaken{j, err}
	})
}

// takeFrom fills the form with the values of the job.
func (l *launch) takeFrom(m againTaken) tea.Cmd {
	if m.err != nil {
		text, hint := models.Explain(m.err)
		return screen.Toast(screen.LevelWarn, "%s", joined(text, hint))
	}
	h, note := m.job.Hyperparameters, "The values are those of that job"
	if h.Epochs == nil && m.job.TotalEpochs > 0 {
		h.Epochs = models.Ptr(m.job.TotalEpochs)
	}
	if l.change && m.job.ErrorMessage != nil {
		if changed, what, ok := models.Retry(h, *m.job.ErrorMessage); ok {
			h, note = changed, "The values are those of that job, with "+what
		}
	}
	l.d.applyJob(m.job, h, l.o)
	l.form.sync()
	l.from = ""
	return screen.Toast(screen.LevelInfo, "%s", note)
}

// applyJob takes over hyperparameters and the GPU of a job. The preset stays its
// own only while the values still are the preset's.
func (d *draft) applyJob(j models.Job, h models.Hyperparameters, o Options) {
	h.BaseModel = models.Clean(h.BaseModel)
	if h.BaseModel != "" {
		d.model = h.BaseModel
	}
	d.fill(h)
	d.preset, d.base, d.origin = models.PresetCustom, "", &j
	if p, ok := models.PresetOf(o.Presets, j.PresetID, h); ok {
		d.preset, d.base = p.Name(), p.Name()
	}
	if g, ok := models.FindGPU(o.GPUs, j.GPU.Type); ok {
		d.gpu = g.ID
	}
	if j.GPU.Count != nil && *j.GPU.Count > 0 {
		d.set(fieldGPUCount, strconv.FormatInt(int64(*j.GPU.Count), 10))
	}
}

// changes is what differs from the job that the form started from.
func (d *draft) changes(gpus []models.GPU) []models.Change {
	if d.origin == nil {
		return nil
	}
	h, g := d.origin.Hyperparameters, d.origin.GPU
	if h.Epochs == nil && d.origin.TotalEpochs > 0 {
		h.Epochs = models.Ptr(d.origin.TotalEpochs)
	}
	if h.BaseModel == "" {
		h.BaseModel = models.DefaultBaseModel // what the platform trains then
	}
	if row, ok := models.FindGPU(gpus, g.Type); ok {
		g.Type = row.ID
	}
	return models.Changes(h, d.hyperparameters(), g, d.gpuConfig(gpus))
}
