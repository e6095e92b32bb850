package screens

import (
	"context"
	"testing"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// oneJob is a backend with a job.
type oneJob struct {
	*fakeBackend
	j models.Job
}

func (o oneJob) Job(context.Context, string) (models.Job, error) { return o.j, nil }

func failedJob(message string) models.Job {
	j := runningJob(1)
	j.Status, j.ErrorMessage, j.DatasetID = models.JobFailed, models.Ptr(message), "ds1"
	j.Hyperparameters = models.Hyperparameters{
		BaseModel: "evil/\x1b[31mmodel", LearningRate: models.Ptr(models.F64(3e-4)), BatchSize: models.Ptr(models.Int(12)),
		Rank: models.Ptr(models.Int(16)), Alpha: models.Ptr(models.F64(32)), Dropout: models.Ptr(models.F64(0.1)),
	}
	j.GPU = models.GPUConfig{Type: "H100", Count: models.Ptr(models.Int(3))}
	return j
}

func TestLaunchFromAJob(t *testing.T) {
	for _, c := range []struct{ query, message, batch, rate, note string }{
		{"?from=x", "CUDA out of memory", "12", "3e-4", "those of that job"},
		{"?from=x&change=1", "CUDA out of memory", "6", "3e-4", "half the batch size"},
		{"?from=x&change=1", "loss is NaN", "12", "1e-4", "a third of the learning rate"},
	} {
		b := oneJob{launchBackend(&launches{rows: map[string]models.NewJob{}}), failedJob(c.message)}
		r := newRig(t, newLaunch(b, testOptions()), "ds1"+c.query)
		r.toast(c.note)
		r.see("support chats")
		d := r.s.(*launch).d
		if got := d.text[fieldBatch]; got != c.batch {
			t.Errorf("%s: batch %s", c.query, got)
		}
		if !sameValue(d.text[fieldRate], c.rate) {
			t.Errorf("%s: rate %s", c.query, d.text[fieldRate])
		}
		if d.text[fieldEpochs] != "3" || d.gpu != "H100" || d.text[fieldGPUCount] != "3" || d.preset != models.PresetCustom {
			t.Errorf("%+v", d)
		}
		if d.model != models.Clean(d.model) {
			t.Errorf("model %q", d.model)
		}
	}
}

func TestJobRetriesChanged(t *testing.T) {
	r := jobRig(t, jobsBackend(failedJob("CUDA out of memory")))
	r.see("out of memory")
	r.press("R")
	r.asks(screen.GoMsg{Link: "launch/ds1?from=" + jobID(1) + "&change=1"})
	calm := jobRig(t, jobsBackend(failedJob("download failed")))
	calm.see("download failed")
	calm.press("R")
	calm.toast("asks for no other values")
}
