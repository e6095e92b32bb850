package models

import "encoding/json"

// Hyperparameters of a LoRA run. Read with every alias that the platform
// writes, written with both key families. A nil field was absent.
type Hyperparameters struct {
	BaseModel    string // "" when the row has none
	LearningRate *F64
	BatchSize    *Int
	Epochs       *Int
	Rank         *Int // LoRA rank r
	Alpha        *F64 // LoRA alpha; the update is scaled by alpha/rank
	Dropout      *F64 // 0..1
	WarmupSteps  *Int
	WeightDecay  *F64
	MaxGradNorm  *F64
	MaxSeqLength *Int
	Extra        map[string]json.RawMessage // keys nobody knows, kept
}

// GPUConfig of a job, read and written as Hyperparameters are.
type GPUConfig struct {
	Type           string // as written: "A100-80GB", "nvidia-h100", …
	Count          *Int
	MemoryGB       *F64
	CostPerGPUHour *Money
	Extra          map[string]json.RawMessage
}

// CurrentMetrics is the last reading in the job row; {} and null before any.
type CurrentMetrics struct {
	TrainingLoss   *F64 `json:"training_loss"`
	ValidationLoss *F64 `json:"validation_loss"`
	LearningRate   *F64 `json:"learning_rate"`
	GradientNorm   *F64 `json:"gradient_norm,omitempty"`
	Throughput     *F64 `json:"throughput"`
	GPUUtilization *F64 `json:"gpu_utilization"`
}

// QualityMetrics of an artifact.
type QualityMetrics struct {
	OverallScore         *F64   // 1..5
	ConvergenceQuality   string // excellent, good, fair, poor, overfit, unknown, or any text
	FinalTrainingLoss    *F64
	FinalValidationLoss  *F64
	Perplexity           *F64 // exp(validation loss)
	LossReductionPercent *F64
	Extra                map[string]json.RawMessage
}

// TrainingSummary of an artifact.
type TrainingSummary struct {
	Epochs            *Int
	TotalSteps        *Int
	FinalLoss         *F64
	DurationSeconds   *F64
	FinalLearningRate *F64
	GPUHours          *F64
	GPUType           string
	TotalCost         *Money
	Extra             map[string]json.RawMessage
}

// Configuration of an artifact: nested as the platform writes it
// ({preset_id, hyperparameters, gpu_config}) or flat as FR-1.1 types it.
type Configuration struct {
	PresetID        string
	Hyperparameters Hyperparameters
	GPU             GPUConfig
}

// ArtifactFile is one stored file of an artifact.
type ArtifactFile struct {
	Label string // the key: a file name, or "adapter_model_path"
	Path  string // path in the bucket, without a bucket prefix
	Size  *Int   // bytes, when file_sizes tells
}

// Name is the last element of Path.
func (f ArtifactFile) Name() string { return baseName(f.Path) }

// ArtifactFiles is every string value of the artifacts column, sorted by label.
type ArtifactFiles []ArtifactFile

// CostDetails of a cost record.
type CostDetails struct {
	GPUType       string
	GPUCount      *Int
	DurationHours *F64
	Extra         map[string]json.RawMessage
}

// ValidationError is one finding of the dataset validator.
type ValidationError struct {
	Line       *Int // among non-blank lines, 1-based
	Error      string
	Suggestion string
}

// Conversation is one sample of a dataset in any of the four line formats.
type Conversation struct {
	ID    string
	Title string // persona and topic, when the format has them
	Turns []Turn
}

// Turn is one message of a conversation.
type Turn struct {
	Role    string // system, user, assistant, or any text
	Content string
}
