package models

import "encoding/json"

// Dataset is a row of datasets. Pointers are null columns.
type Dataset struct {
	ID                      string          `json:"id"`
	UserID                  string          `json:"user_id"`
	Name                    string          `json:"name"`
	Description             *string         `json:"description"`
	Format                  DatasetFormat   `json:"format"`
	Status                  DatasetStatus   `json:"status"`
	StorageBucket           string          `json:"storage_bucket"`
	StoragePath             string          `json:"storage_path"`
	FileName                string          `json:"file_name"`
	FileSize                Int             `json:"file_size"` // bytes; 0 when an import did not know it
	TotalTrainingPairs      *Int            `json:"total_training_pairs"`
	TotalValidationPairs    *Int            `json:"total_validation_pairs"`
	TotalTokens             *Int            `json:"total_tokens"`
	AvgTurnsPerConversation *F64            `json:"avg_turns_per_conversation"`
	AvgTokensPerTurn        *F64            `json:"avg_tokens_per_turn"`
	TrainingReady           bool            `json:"training_ready"`
	ValidatedAt             Time            `json:"validated_at"`
	ValidationErrors        json.RawMessage `json:"validation_errors"` // see Errors
	SampleData              json.RawMessage `json:"sample_data"`       // see Samples
	ErrorMessage            *string         `json:"error_message,omitempty"`
	CreatedAt               Time            `json:"created_at"`
	UpdatedAt               Time            `json:"updated_at"`
	DeletedAt               Time            `json:"deleted_at"`
}

// DatasetRef is what jobs and artifacts embed of their dataset.
type DatasetRef struct {
	ID                 string        `json:"id"`
	Name               string        `json:"name"`
	Format             DatasetFormat `json:"format"`
	Status             DatasetStatus `json:"status"`
	TotalTrainingPairs *Int          `json:"total_training_pairs"`
	TotalTokens        *Int          `json:"total_tokens"`
	DeletedAt          Time          `json:"deleted_at"`
}

// Job is a row of training_jobs with what the screens show beside it.
type Job struct {
	ID                    string          `json:"id"`
	UserID                string          `json:"user_id"`
	DatasetID             string          `json:"dataset_id"`
	PresetID              string          `json:"preset_id"`
	Hyperparameters       Hyperparameters `json:"hyperparameters"`
	GPU                   GPUConfig       `json:"gpu_config"`
	Status                JobStatus       `json:"status"`
	Stage                 JobStage        `json:"current_stage"`
	Progress              *F64            `json:"progress"` // percent, 0..100, may go backwards
	CurrentEpoch          *Int            `json:"current_epoch"`
	TotalEpochs           Int             `json:"total_epochs"`
	CurrentStep           *Int            `json:"current_step"`
	TotalSteps            *Int            `json:"total_steps"`
	CurrentMetrics        CurrentMetrics  `json:"current_metrics"`
	QueuedAt              Time            `json:"queued_at"`
	StartedAt             Time            `json:"started_at"`
	CompletedAt           Time            `json:"completed_at"`
	EstimatedCompletionAt Time            `json:"estimated_completion_at"`
	CurrentCost           *Money          `json:"current_cost"`
	EstimatedTotalCost    *Money          `json:"estimated_total_cost"`
	FinalCost             *Money          `json:"final_cost"`
	ErrorMessage          *string         `json:"error_message"`
	ErrorStack            *string         `json:"error_stack"`
	RetryCount            *Int            `json:"retry_count"`
	ExternalJobID         *string         `json:"external_job_id"`
	ArtifactID            *string         `json:"artifact_id"`
	CreatedAt             Time            `json:"created_at"`
	UpdatedAt             Time            `json:"updated_at"`

	Dataset *DatasetRef `json:"dataset,omitempty"` // embedded; nil when hidden or not asked for
}

// JobRef is what artifacts embed of their job.
type JobRef struct {
	ID              string          `json:"id"`
	PresetID        string          `json:"preset_id"`
	Status          JobStatus       `json:"status"`
	Hyperparameters Hyperparameters `json:"hyperparameters"`
	GPU             GPUConfig       `json:"gpu_config"`
	StartedAt       Time            `json:"started_at"`
	CompletedAt     Time            `json:"completed_at"`
	FinalCost       *Money          `json:"final_cost"`
}

// MetricsPoint is a row of metrics_points.
type MetricsPoint struct {
	ID             string `json:"id"`
	JobID          string `json:"job_id"`
	Timestamp      Time   `json:"timestamp"`
	Epoch          Int    `json:"epoch"`
	Step           Int    `json:"step"`
	TrainingLoss   *F64   `json:"training_loss"`
	ValidationLoss *F64   `json:"validation_loss"`
	LearningRate   *F64   `json:"learning_rate"`
	GradientNorm   *F64   `json:"gradient_norm"`
	Throughput     *F64   `json:"throughput"`      // tokens/s as labelled; some workers write steps/s
	GPUUtilization *F64   `json:"gpu_utilization"` // percent
}

// Artifact is a row of model_artifacts: a trained LoRA adapter.
type Artifact struct {
	ID            string          `json:"id"`
	UserID        string          `json:"user_id"`
	JobID         string          `json:"job_id"`
	DatasetID     string          `json:"dataset_id"`
	Name          string          `json:"name"`
	Version       string          `json:"version"`
	Description   *string         `json:"description"`
	Status        ModelStatus     `json:"status"`
	DeployedAt    Time            `json:"deployed_at"`
	Quality       QualityMetrics  `json:"quality_metrics"`
	Summary       TrainingSummary `json:"training_summary"`
	Configuration Configuration   `json:"configuration"`
	Files         ArtifactFiles   `json:"artifacts"`
	ParentModelID *string         `json:"parent_model_id"`
	CreatedAt     Time            `json:"created_at"`
	UpdatedAt     Time            `json:"updated_at"`
	DeletedAt     Time            `json:"deleted_at"`

	Dataset *DatasetRef `json:"dataset,omitempty"`
	Job     *JobRef     `json:"job,omitempty"`
}

// CostRecord is a row of cost_records.
type CostRecord struct {
	ID            string      `json:"id"`
	UserID        string      `json:"user_id"`
	JobID         *string     `json:"job_id"`
	Type          CostType    `json:"cost_type"`
	Amount        *Money      `json:"amount"`
	Details       CostDetails `json:"details"`
	BillingPeriod Time        `json:"billing_period"` // a UTC day; group by month on this side
	RecordedAt    Time        `json:"recorded_at"`
}

// Notification is a row of notifications.
type Notification struct {
	ID        string           `json:"id"`
	UserID    string           `json:"user_id"`
	Type      NotificationType `json:"type"`
	Title     string           `json:"title"`
	Message   string           `json:"message"`
	Priority  Priority         `json:"priority"`
	Read      bool             `json:"read"`
	ActionURL *string          `json:"action_url"`
	Metadata  json.RawMessage  `json:"metadata"`
	CreatedAt Time             `json:"created_at"`
}
