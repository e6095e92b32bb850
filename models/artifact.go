package models

import (
	"encoding/json"
	"strings"
)

// UnmarshalJSON reads quality metrics in the shapes that are written.
func (q *QualityMetrics) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	*q = QualityMetrics{
		OverallScore:         f.number("overall_score", "score"),
		ConvergenceQuality:   f.text("convergence_quality"),
		FinalTrainingLoss:    f.number("final_training_loss"),
		FinalValidationLoss:  f.number("final_validation_loss"),
		Perplexity:           f.number("perplexity"),
		LossReductionPercent: f.number("loss_reduction_percent"),
	}
	q.Extra = f.extra()
	return nil
}

// MarshalJSON writes what the platform writes.
func (q QualityMetrics) MarshalJSON() ([]byte, error) {
	return encode([]put{
		{[]string{"overall_score"}, q.OverallScore},
		{[]string{"convergence_quality"}, q.ConvergenceQuality},
		{[]string{"final_training_loss"}, q.FinalTrainingLoss},
		{[]string{"final_validation_loss"}, q.FinalValidationLoss},
		{[]string{"perplexity"}, q.Perplexity},
		{[]string{"loss_reduction_percent"}, q.LossReductionPercent},
	}, q.Extra)
}

// UnmarshalJSON reads a training summary; hours become seconds.
func (s *TrainingSummary) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	*s = TrainingSummary{
		Epochs:            f.integer("epochs_completed", "total_epochs"),
		TotalSteps:        f.integer("total_steps"),
		FinalLoss:         f.number("final_loss"),
		DurationSeconds:   f.number("duration_seconds", "total_duration_seconds"),
		FinalLearningRate: f.number("final_learning_rate"),
		GPUHours:          f.number("gpu_hours"),
		GPUType:           f.text("gpu_type"),
		TotalCost:         f.money("total_cost"),
	}
	hours := f.number("training_duration_hours")
	if s.DurationSeconds == nil && hours != nil {
		s.DurationSeconds = Ptr(*hours * 3600)
	}
	s.Extra = f.extra()
	return nil
}

// MarshalJSON writes the superset of FR-1.1's and the platform's keys.
func (s TrainingSummary) MarshalJSON() ([]byte, error) {
	var hours *F64
	if s.DurationSeconds != nil {
		hours = Ptr(*s.DurationSeconds / 3600)
	}
	members := []put{
		{[]string{"total_epochs", "epochs_completed"}, s.Epochs},
		{[]string{"total_steps"}, s.TotalSteps},
		{[]string{"final_loss"}, s.FinalLoss},
		{[]string{"duration_seconds"}, s.DurationSeconds},
		{[]string{"training_duration_hours"}, hours},
		{[]string{"final_learning_rate"}, s.FinalLearningRate},
		{[]string{"gpu_hours"}, s.GPUHours},
		{[]string{"gpu_type"}, s.GPUType},
	}
	if s.TotalCost != nil {
		members = append(members, put{[]string{"total_cost"}, numberMoney{s.TotalCost}})
	}
	return encode(members, s.Extra)
}

// UnmarshalJSON reads the nested form of the platform and the flat one of FR-1.1.
func (c *Configuration) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	*c = Configuration{PresetID: f.text("preset_id")}
	nested, gpu := f.take("hyperparameters"), f.take("gpu_config")
	if gpu != nil {
		if err := json.Unmarshal(gpu, &c.GPU); err != nil {
			return err
		}
	}
	if nested == nil {
		nested = unwrap(b)
	}
	return json.Unmarshal(nested, &c.Hyperparameters)
}

// MarshalJSON writes both forms at once: flat keys for FR-1.1's type, nested
// ones for the platform's pages.
func (c Configuration) MarshalJSON() ([]byte, error) {
	flat, err := json.Marshal(c.Hyperparameters)
	if err != nil {
		return nil, err
	}
	gpu, err := json.Marshal(c.GPU)
	if err != nil {
		return nil, err
	}
	return encode([]put{
		{[]string{"preset_id"}, c.PresetID},
		{[]string{"hyperparameters"}, json.RawMessage(flat)},
		{[]string{"gpu_config"}, json.RawMessage(gpu)},
	}, objectOf(flat))
}

// UnmarshalJSON takes every string value as a path; other values are skipped,
// but file_sizes tells sizes.
func (a *ArtifactFiles) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	sizes := objectOf(f.take("file_sizes"))
	files := ArtifactFiles{}
	for _, label := range sortedKeys(f) {
		var path string
		if json.Unmarshal(f[label], &path) != nil || path == "" {
			continue
		}
		path = strings.TrimPrefix(strings.TrimPrefix(path, "/"), "lora-models/")
		files = append(files, ArtifactFile{Label: label, Path: path, Size: fileSize(sizes, label, path)})
	}
	*a = files
	return nil
}

func fileSize(sizes fields, label, path string) *Int {
	for _, name := range []string{label, strings.TrimSuffix(label, "_path"), baseName(path), path} {
		if v, ok := sizes[name]; ok {
			return decoded[Int](v)
		}
	}
	return nil
}

// MarshalJSON writes label → path, and file_sizes where any is known.
func (a ArtifactFiles) MarshalJSON() ([]byte, error) {
	members := make([]put, 0, len(a)+1)
	sizes := map[string]*Int{}
	for _, f := range a {
		members = append(members, put{[]string{f.Label}, f.Path})
		if f.Size != nil {
			sizes[f.Label] = f.Size
		}
	}
	if len(sizes) > 0 {
		members = append(members, put{[]string{"file_sizes"}, sizes})
	}
	return encode(members, nil)
}

// UnmarshalJSON reads the details of a cost record.
func (d *CostDetails) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	*d = CostDetails{
		GPUType:       f.text("gpu_type", "type", "instance_type"),
		GPUCount:      f.integer("gpu_count", "num_gpus", "count"),
		DurationHours: f.number("duration_hours", "hours"),
	}
	d.Extra = f.extra()
	return nil
}

// MarshalJSON writes what the platform writes.
func (d CostDetails) MarshalJSON() ([]byte, error) {
	return encode([]put{
		{[]string{"gpu_type"}, d.GPUType},
		{[]string{"gpu_count"}, d.GPUCount},
		{[]string{"duration_hours"}, d.DurationHours},
	}, d.Extra)
}
