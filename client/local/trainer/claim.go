package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/trainer/lora"
	"github.com/loratop/loratop/models"
)

// job is a claimed row with what training needs of its dataset.
type job struct {
	id, userID, datasetID, preset, external string
	hyperJSON, gpuJSON                      json.RawMessage // as the row has them
	epochs                                  int
	dataset, bucket, path                   string

	gpu     models.GPUConfig
	rate    *models.Money // an hour of all GPUs; nil when nobody knows the price
	started time.Time     // when it was submitted; by the monotonic clock
	looked  time.Time     // when the row was last seen to be ours
}

// claim takes the oldest queued job; nil when there is none. SKIP LOCKED lets
// several trainers share a queue.
func (t *Trainer) claim(ctx context.Context) (*job, error) {
	j := &job{external: "demo-" + uuid.NewString()}
	t.enter(j.external) // before the row says so, or rescue would take it for lost
	err := pgx.BeginFunc(ctx, t.o.Pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `UPDATE training_jobs SET status = 'initializing', current_stage = 'initializing', external_job_id = $1
		  WHERE id = (SELECT id FROM training_jobs WHERE status = 'queued' ORDER BY queued_at NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED)
		  RETURNING id::text, user_id::text, dataset_id::text, preset_id, hyperparameters, gpu_config, total_epochs`, j.external).
			Scan(&j.id, &j.userID, &j.datasetID, &j.preset, &j.hyperJSON, &j.gpuJSON, &j.epochs)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT name, coalesce(storage_bucket, 'lora-datasets'), storage_path FROM datasets WHERE id = $1`, j.datasetID).
			Scan(&j.dataset, &j.bucket, &j.path)
	})
	if err == nil {
		return j, nil
	}
	t.leave(j.external)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return nil, fmt.Errorf("claim: %w", err)
}

// Defaults where a job says nothing, as the libraries have them.
const (
	defaultDropout  = 0.05
	defaultGradNorm = 1.0
)

// Bounds beyond which the demonstration cannot go. A learning rate has none:
// a bad one diverges, as it should.
const (
	maxBatch   = 4096
	maxEpochs  = 1000
	maxRank    = 256
	maxDropout = 0.95
)

// refuse is the worker's answer to hyperparameters that it cannot take.
func refuse(format string, args ...any) error {
	return failure{text: "Validation error: " + fmt.Sprintf(format, args...), before: true}
}

// config reads the hyperparameters with every alias of the platform. For the
// epochs the row's own column counts.
func (j *job) config() (lora.Config, error) {
	var c lora.Config
	var h models.Hyperparameters
	if err := json.Unmarshal(j.hyperJSON, &h); err != nil {
		return c, refuse("hyperparameters are unreadable")
	}
	if err := json.Unmarshal(j.gpuJSON, &j.gpu); err != nil {
		return c, refuse("gpu_config is unreadable")
	}
	if rate, ok := models.HourlyRate(j.gpu, models.GPUs()); ok && rate.Known() {
		j.rate = &rate
	}
	if j.epochs > 0 {
		h.Epochs = models.Ptr(models.Int(j.epochs))
	}
	for _, need := range []struct {
		name  string
		there bool
	}{{"learning_rate", h.LearningRate != nil}, {"batch_size", h.BatchSize != nil}, {"epochs", h.Epochs != nil}, {"rank", h.Rank != nil}} {
		if !need.there {
			return c, refuse("Missing hyperparameter: %s", need.name)
		}
	}
	c = lora.Config{LearningRate: float64(*h.LearningRate), BatchSize: int(*h.BatchSize), Epochs: int(*h.Epochs), Rank: int(*h.Rank),
		Alpha: 2 * float64(*h.Rank), Dropout: defaultDropout, MaxGradNorm: defaultGradNorm, Seed: seedOf(j.id)}
	set(&c.Alpha, h.Alpha)
	set(&c.Dropout, h.Dropout)
	set(&c.MaxGradNorm, h.MaxGradNorm)
	set(&c.WeightDecay, h.WeightDecay)
	if h.WarmupSteps != nil && *h.WarmupSteps > 0 {
		c.WarmupSteps = int(min(*h.WarmupSteps, 1<<30))
	}
	return c, check(c)
}

func set(dst *float64, v *models.F64) {
	if v != nil {
		*dst = float64(*v)
	}
}

func check(c lora.Config) error {
	switch {
	case !(c.LearningRate > 0) || !models.F64(c.LearningRate).Finite():
		return refuse("learning_rate must be positive")
	case c.BatchSize < 1 || c.BatchSize > maxBatch:
		return refuse("batch_size must be between 1 and %d", maxBatch)
	case c.Epochs < 1 || c.Epochs > maxEpochs:
		return refuse("epochs must be between 1 and %d", maxEpochs)
	case c.Rank < 1 || c.Rank > maxRank:
		return refuse("rank must be between 1 and %d", maxRank)
	case !(c.Dropout >= 0 && c.Dropout <= maxDropout):
		return refuse("dropout must be between 0 and %g", maxDropout)
	case !models.F64(c.Alpha).Finite() || !models.F64(c.MaxGradNorm).Finite() || !models.F64(c.WeightDecay).Finite():
		return refuse("a hyperparameter is not a number")
	}
	return nil
}

// seedOf makes a job train the same way whenever it is begun anew.
func seedOf(id string) uint64 {
	u, err := uuid.Parse(id)
	if err != nil {
		return 1
	}
	var s uint64
	for _, b := range u[:8] {
		s = s<<8 | uint64(b)
	}
	return s
}
