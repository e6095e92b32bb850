package trainer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/trainer/lora"
	"github.com/loratop/loratop/models"
)

// bucket of the artifacts.
const bucket = "lora-models"

// demoBase is what the adapter fits: not the model that the job names.
const demoBase = "loratop-demo-byte-network"

// file of an artifact.
type file struct {
	name, mime string
	body       []byte
}

// adapterFiles are the contents of an artifact.
func adapterFiles(j *job, c *course, cfg lora.Config, data *lora.Dataset) ([]file, error) {
	about := map[string]string{"format": "pt", "trainer": "loratop demo trainer", "base_model": demoBase, "job_id": j.id}
	model, err := safetensors(c.run.Tensors(), about)
	if err != nil {
		return nil, err
	}
	files := []file{{"adapter_model.safetensors", "application/octet-stream", model}}
	for _, doc := range []struct {
		name string
		v    any
	}{
		{"adapter_config.json", map[string]any{"peft_type": "LORA", "task_type": "CAUSAL_LM", "bias": "none", "base_model_name_or_path": demoBase,
			"r": cfg.Rank, "lora_alpha": cfg.Alpha, "lora_dropout": cfg.Dropout, "target_modules": []string{"hidden", "head"},
			"loratop_demo": map[string]any{"trainer": "loratop demo trainer", "note": demoNote, "hyperparameters": j.hyperJSON, "gpu_config": j.gpuJSON}}},
		{"tokenizer.json", tokenizer()},
		{"training_args.json", map[string]any{"optimizer": "adamw", "lr_scheduler_type": "cosine", "warmup_ratio": 0.1, "warmup_steps": cfg.WarmupSteps,
			"learning_rate": cfg.LearningRate, "per_device_train_batch_size": cfg.BatchSize, "num_train_epochs": cfg.Epochs,
			"weight_decay": cfg.WeightDecay, "max_grad_norm": cfg.MaxGradNorm, "seed": cfg.Seed, "tokens_per_step": cfg.Tokens,
			"trained_pairs": data.Train(), "held_out_pairs": data.Pairs - data.Train(), "skipped_lines": data.Skipped}},
	} {
		b, err := json.MarshalIndent(doc.v, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", doc.name, err)
		}
		files = append(files, file{doc.name, "application/json", append(b, '\n')})
	}
	return files, nil
}

const demoNote = "Made by loratop's demo trainer: a LoRA adapter of a tiny byte-level network, trained for real on the dataset, but of no use with the base model that the job names."

// tokenizer describes the vocabulary: the bytes, and three marks.
func tokenizer() any {
	vocab := map[string]int{}
	for b := range 256 {
		vocab[fmt.Sprintf("<0x%02X>", b)] = b
	}
	type mark struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
		Special bool   `json:"special"`
	}
	marks := []mark{{256, "<begin>", true}, {257, "<reply>", true}, {258, "<end>", true}}
	for _, m := range marks {
		vocab[m.Content] = m.ID
	}
	return map[string]any{"version": "1.0", "added_tokens": marks,
		"model": map[string]any{"type": "BPE", "byte_fallback": true, "vocab": vocab, "merges": []string{}}}
}

// finish stores the files and then, in one transaction, completes the job,
// records its cost, makes the artifact's row and tells the owner. If the job
// was cancelled meanwhile, the files go again.
func (t *Trainer) finish(ctx context.Context, j *job, c *course, cfg lora.Config, data *lora.Dataset) error {
	files, err := adapterFiles(j, c, cfg, data)
	if err != nil {
		return err
	}
	id := uuid.NewString()
	paths, sizes, keys := map[string]any{}, map[string]int{}, []string{}
	drop := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = t.o.Files.Remove(ctx, bucket, keys...)
	}
	for _, f := range files {
		key := j.userID + "/" + id + "/" + f.name
		keys = append(keys, key)
		if err := t.o.Files.Put(ctx, bucket, key, f.mime, j.userID, bytes.NewReader(f.body)); err != nil {
			drop()
			return fmt.Errorf("store %s: %w", f.name, err)
		}
		paths[f.name], sizes[f.name] = key, len(f.body)
	}
	paths["file_sizes"] = sizes
	if err := t.complete(ctx, j, c, artifact{id: id, files: paths}); err != nil {
		drop()
		return err
	}
	return nil
}

type artifact struct {
	id    string
	files map[string]any
}

func (t *Trainer) complete(ctx context.Context, j *job, c *course, a artifact) error {
	now, spent, hours := t.now(), t.money(j), t.hours(j)
	set := `status = 'completed', current_stage = 'completed', progress = 100, completed_at = $3, current_epoch = total_epochs,
	  current_step = $4, current_cost = coalesce($5::numeric, current_cost), final_cost = $5::numeric`
	return t.own(ctx, j, set, []any{now, c.total, amount(spent)},
		func(tx pgx.Tx) error { return t.insertCost(ctx, tx, j, spent, hours, now) },
		func(tx pgx.Tx) error { return t.insertArtifact(ctx, tx, j, c, a, spent, now) },
		func(tx pgx.Tx) error {
			cost := "Its cost is unknown."
			if spent != nil {
				cost = "It cost $" + spent.String() + "."
			}
			return t.notify(ctx, tx, j, note{kind: models.NotifyJobCompleted, priority: models.PriorityHigh, title: "Training Complete",
				text: fmt.Sprintf("Training on %s is complete. %s", j.dataset, cost), meta: map[string]any{"job_id": j.id, "final_cost": number(spent)}})
		},
		func(tx pgx.Tx) error {
			return t.notify(ctx, tx, j, note{kind: models.NotifyArtifactReady, priority: models.PriorityHigh, title: "Model Ready for Download",
				text: fmt.Sprintf("The adapter trained on %s can be downloaded.", j.dataset), url: "/models/" + a.id,
				meta: map[string]any{"artifact_id": a.id, "job_id": j.id}})
		})
}

// number is the amount as the platform has it inside JSON.
func number(m *models.Money) any {
	if m == nil {
		return nil
	}
	return json.Number(m.String())
}

// insertCost writes no row when the price is unknown, as on the platform.
func (t *Trainer) insertCost(ctx context.Context, tx pgx.Tx, j *job, spent *models.Money, hours float64, now time.Time) error {
	if spent == nil {
		return nil
	}
	count := 1
	if j.gpu.Count != nil {
		count = int(*j.gpu.Count)
	}
	details := map[string]any{"gpu_type": j.gpu.Type, "gpu_count": count, "duration_hours": round(hours, 4), "demo_clock": DemoClock}
	_, err := tx.Exec(ctx, `INSERT INTO cost_records (user_id, job_id, cost_type, amount, details, billing_period, recorded_at)
	  VALUES ($1, $2, 'training_compute', $3::numeric, $4, $5::date, $6)`, j.userID, j.id, spent.String(), details, now.Format(time.DateOnly), now)
	if err != nil {
		return fmt.Errorf("write cost: %w", err)
	}
	return nil
}

func (t *Trainer) insertArtifact(ctx context.Context, tx pgx.Tx, j *job, c *course, a artifact, spent *models.Money, now time.Time) error {
	took := time.Since(j.started)
	summary := models.TrainingSummary{Epochs: models.Ptr(models.Int(c.step.Epoch)), TotalSteps: models.Ptr(models.Int(c.total)),
		FinalLoss: f64(round(c.lastLoss, 6)), DurationSeconds: f64(round(took.Seconds(), 1)), FinalLearningRate: f64(c.step.LearningRate),
		GPUHours: f64(round(t.hours(j), 4)), GPUType: j.gpu.Type, TotalCost: spent}
	configuration := map[string]any{"preset_id": j.preset, "hyperparameters": j.hyperJSON, "gpu_config": j.gpuJSON}
	_, err := tx.Exec(ctx, `INSERT INTO model_artifacts (id, user_id, job_id, dataset_id, name, version, description, status,
	    quality_metrics, training_summary, configuration, artifacts, created_at, updated_at)
	  VALUES ($1, $2, $3, $4, $5, '1.0.0', $6, 'stored', $7, $8, $9, $10, $11, $11)`, a.id, j.userID, j.id, j.datasetID,
		artifactName(j.dataset, now), demoNote, quality(c.firstLoss, c.lastLoss, c.validation), summary, configuration, a.files, now)
	if err != nil {
		return fmt.Errorf("write artifact: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE training_jobs SET artifact_id = $2 WHERE id = $1`, j.id, a.id); err != nil {
		return fmt.Errorf("link artifact: %w", err)
	}
	return nil
}

// nameLength is what model_artifacts.name holds, in characters.
const nameLength = 200

// artifactName is the platform's: "<dataset> - <month/day/year>".
func artifactName(dataset string, at time.Time) string {
	date := at.Format(" - 1/2/2006")
	runes := []rune(dataset)
	if most := nameLength - len(date); len(runes) > most {
		runes = runes[:most]
	}
	return string(runes) + date
}
