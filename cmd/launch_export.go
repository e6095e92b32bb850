package cmd

import (
	"strconv"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
)

// jobFile is a job as a file that jobs launch takes. Its values stand for
// themselves: what its preset says today may be something else.
func (a *app) jobFile(j models.Job) ([]byte, error) {
	h := originOf(j)
	f := config.JobFile{Dataset: j.DatasetID, BaseModel: h.BaseModel, GPU: j.GPU.Type}
	if row, ok := models.FindGPU(a.gpus(), j.GPU.Type); ok {
		f.GPU = row.ID
	}
	if n := j.GPU.Count; n != nil && *n >= 1 && *n <= 8 {
		f.GPUs = int(*n)
	}
	num := func(name string, v *models.F64) {
		if v != nil && v.Finite() {
			f.Set = append(f.Set, config.Assignment{Name: name, Value: strconv.FormatFloat(float64(*v), 'g', -1, 64)})
		}
	}
	whole := func(name string, v *models.Int) {
		if v != nil {
			f.Set = append(f.Set, config.Assignment{Name: name, Value: strconv.FormatInt(int64(*v), 10)})
		}
	}
	num("learning_rate", h.LearningRate)
	whole("batch_size", h.BatchSize)
	whole("epochs", h.Epochs)
	whole("rank", h.Rank)
	num("alpha", h.Alpha)
	num("dropout", h.Dropout)
	whole("warmup_steps", h.WarmupSteps)
	num("weight_decay", h.WeightDecay)
	num("max_grad_norm", h.MaxGradNorm)
	whole("max_seq_length", h.MaxSeqLength)
	return f.TOML("job " + j.ID + " on " + datasetName(j.Dataset))
}
