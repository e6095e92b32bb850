package seed

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/loratop/loratop/models"
)

const modelBucket = "lora-models"

// How the artifacts column is keyed: by file name as the platform writes it,
// or as the specification types it.
const (
	layoutPlatform = iota
	layoutSpec
)

// artifactSpec says what a job left.
type artifactSpec struct {
	name   string
	rank   int
	layout int
	status models.ModelStatus // "" = stored
	noCost bool               // total_cost is null
}

// file is something to put into storage.
type file struct {
	bucket, path, owner, contentType string
	content                          []byte
}

// artifact is the row and its files.
type artifact struct {
	id    string
	row   row
	files []file
}

func makeArtifacts(jobs []job) ([]artifact, error) {
	var out []artifact
	for _, j := range jobs {
		if j.artifact == nil {
			continue
		}
		a, err := makeArtifact(j)
		if err != nil {
			return nil, fmt.Errorf("artifact of job %s: %w", j.key, err)
		}
		j.row["artifact_id"] = a.id
		out = append(out, a)
	}
	return out, nil
}

func makeArtifact(j job) (artifact, error) {
	spec := *j.artifact
	a := artifact{id: uuidOf("artifact", j.key)}
	var err error
	if a.files, err = adapterFiles(j, j.owner+"/"+a.id+"/"); err != nil {
		return a, err
	}
	status := spec.status
	if status == "" {
		status = models.ModelStored
	}
	created := j.ended.Add(50 * time.Second)
	a.row = row{
		"id": a.id, "user_id": j.owner, "job_id": j.id, "dataset_id": j.data.id,
		"name": spec.name + " - " + created.Format("1/2/2006"), "version": "1.0.0", "description": nil, "status": status,
		"deployed_at": nil, "quality_metrics": quality(j), "training_summary": summary(j),
		"configuration": row{"preset_id": j.preset, "hyperparameters": j.hyper, "gpu_config": j.gpu},
		"artifacts":     pathMap(spec.layout, a.files), "parent_model_id": nil, "created_at": created, "updated_at": created, "deleted_at": nil,
	}
	if status == models.ModelDeployed {
		a.row["deployed_at"] = created.Add(2 * time.Hour)
	}
	return a, nil
}

// quality is computed from the history as the platform does.
func quality(j job) row {
	if len(j.points) == 0 {
		return row{"overall_score": 3, "convergence_quality": "unknown", "final_training_loss": nil, "final_validation_loss": nil, "perplexity": nil}
	}
	first, last := j.points[0].train, j.points[len(j.points)-1].train
	var val *float64
	for _, p := range j.points {
		if p.val != nil {
			val = p.val
		}
	}
	reduction := (first - last) / first * 100
	score, word := 2, "poor"
	for _, band := range []struct {
		over  float64
		score int
		word  string
	}{{50, 5, "excellent"}, {30, 4, "good"}, {15, 3, "fair"}} {
		if reduction > band.over {
			score, word = band.score, band.word
			break
		}
	}
	q := row{"final_training_loss": number(last), "final_validation_loss": nil, "perplexity": nil, "loss_reduction_percent": number(reduction)}
	if val != nil {
		q["final_validation_loss"], q["perplexity"] = number(*val), number(math.Exp(*val))
		if *val-last > 0.5 {
			score, word = max(2, score-1), "overfit"
		}
	}
	q["overall_score"], q["convergence_quality"] = score, word
	return q
}

func summary(j job) row {
	s := row{
		"epochs_completed": j.epochs, "total_steps": j.steps, "final_loss": nil,
		"training_duration_hours": number(j.ran.Hours()), "total_cost": float64(j.cents) / 100,
	}
	if n := len(j.points); n > 0 {
		s["final_loss"] = number(j.points[n-1].train)
	}
	if j.artifact.noCost {
		s["total_cost"] = nil
	}
	return s
}

func pathMap(layout int, files []file) row {
	m := row{}
	if layout == layoutPlatform {
		for _, f := range files {
			m[base(f.path)] = f.path
		}
		return m
	}
	sizes := row{}
	for i, label := range []string{"adapter_model_path", "adapter_config_path", "tokenizer_path"} {
		m[label] = files[i].path
		sizes[base(files[i].path)] = len(files[i].content)
	}
	m["file_sizes"] = sizes
	return m
}

// adapterFiles are what a LoRA run leaves, small but in their real formats.
func adapterFiles(j job, folder string) ([]file, error) {
	weights, err := safetensors(j.key, j.artifact.rank)
	if err != nil {
		return nil, err
	}
	config, err := json.MarshalIndent(row{
		"base_model_name_or_path": models.DefaultBaseModel, "peft_type": "LORA", "task_type": "CAUSAL_LM", "bias": "none",
		"r": j.artifact.rank, "lora_alpha": 2 * j.artifact.rank, "target_modules": []string{"q_proj", "v_proj"},
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	tokenizer, err := json.Marshal(row{"version": "1.0", "model": row{"type": "BPE", "vocab": byteVocabulary(), "merges": []string{}}})
	if err != nil {
		return nil, err
	}
	args, err := json.MarshalIndent(row{"preset": j.preset, "hyperparameters": j.hyper, "seed": 42}, "", "  ")
	if err != nil {
		return nil, err
	}
	files := []file{
		{path: "adapter_model.safetensors", contentType: "application/octet-stream", content: weights},
		{path: "adapter_config.json", contentType: "application/json", content: config},
		{path: "tokenizer.json", contentType: "application/json", content: tokenizer},
		{path: "training_args.json", contentType: "application/json", content: args},
	}
	for i := range files {
		files[i].bucket, files[i].owner, files[i].path = modelBucket, j.owner, folder+files[i].path
	}
	return files, nil
}

func byteVocabulary() map[string]int {
	v := map[string]int{}
	for i := range 256 {
		v[fmt.Sprintf("<0x%02X>", i)] = i
	}
	return v
}

// safetensors writes two LoRA pairs of a small layer: the length of a JSON
// header, the header, and the little-endian floats.
func safetensors(name string, rank int) ([]byte, error) {
	const width = 256
	rng := newWriter("weights " + name).rng
	header := row{"__metadata__": row{"format": "pt"}}
	var data bytes.Buffer
	for _, module := range []string{"q_proj", "v_proj"} {
		for _, side := range []string{"A", "B"} {
			shape := []int{rank, width}
			if side == "B" {
				shape = []int{width, rank}
			}
			from := data.Len()
			for range rank * width {
				var b [4]byte
				binary.LittleEndian.PutUint32(b[:], math.Float32bits(float32(rng.NormFloat64()*0.02)))
				data.Write(b[:])
			}
			key := "base_model.model.layers.0.self_attn." + module + ".lora_" + side + ".weight"
			header[key] = row{"dtype": "F32", "shape": shape, "data_offsets": []int{from, data.Len()}}
		}
	}
	head, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(out, head...), data.Bytes()...), nil
}
