package models

// The enumerations of FR-1.1. The columns carry no CHECK, so any other text is
// possible; it is kept and shown as it is.
type (
	DatasetFormat    string // DatasetFormat names the line format family of a dataset.
	DatasetStatus    string // DatasetStatus is the life of a dataset.
	JobStatus        string // JobStatus is the life of a training job.
	JobStage         string // JobStage is where inside its life a job is.
	ModelStatus      string // ModelStatus is the life of an artifact.
	CostType         string // CostType says what a cost was for.
	NotificationType string // NotificationType says what a notification is about.
	Priority         string // Priority of a notification.
)

// Values that FR-1.1 names, and those that the platform writes beside them.
const (
	FormatV4 DatasetFormat = "brightrun_lora_v4"
	FormatV3 DatasetFormat = "brightrun_lora_v3"

	DatasetUploading  DatasetStatus = "uploading"
	DatasetValidating DatasetStatus = "validating"
	DatasetReady      DatasetStatus = "ready"
	DatasetError      DatasetStatus = "error"

	JobQueued       JobStatus = "queued"
	JobInitializing JobStatus = "initializing"
	JobRunning      JobStatus = "running"
	JobCompleted    JobStatus = "completed"
	JobFailed       JobStatus = "failed"
	JobCancelled    JobStatus = "cancelled"

	StageQueued       JobStage = "queued"
	StageInitializing JobStage = "initializing"
	StageQueuedOnGPU  JobStage = "queued_on_gpu" // written by the platform, not in FR-1.1
	StageTraining     JobStage = "training"
	StageValidating   JobStage = "validating"
	StageSaving       JobStage = "saving"
	StageCompleted    JobStage = "completed"

	ModelStored   ModelStatus = "stored"
	ModelDeployed ModelStatus = "deployed"
	ModelArchived ModelStatus = "archived"

	CostCompute         CostType = "compute"
	CostStorage         CostType = "storage"
	CostDataTransfer    CostType = "data_transfer"
	CostTrainingCompute CostType = "training_compute" // what the platform really writes

	NotifyJobComplete   NotificationType = "job_complete" // FR-1.1
	NotifyJobFailed     NotificationType = "job_failed"
	NotifyCostAlert     NotificationType = "cost_alert"
	NotifyDatasetReady  NotificationType = "dataset_ready"
	NotifyJobQueued     NotificationType = "job_queued" // the rest: the platform's own
	NotifyJobStarted    NotificationType = "job_started"
	NotifyJobCompleted  NotificationType = "job_completed"
	NotifyJobCancelled  NotificationType = "job_cancelled"
	NotifyArtifactReady NotificationType = "artifact_ready"

	PriorityLow      Priority = "low"
	PriorityMedium   Priority = "medium"
	PriorityHigh     Priority = "high"
	PriorityCritical Priority = "critical"
)

// Live reports whether more may still happen to the job: it polls and may be
// cancelled. Unknown text counts as not live.
func (s JobStatus) Live() bool {
	return s == JobQueued || s == JobInitializing || s == JobRunning
}

// Done reports one of the three ends.
func (s JobStatus) Done() bool {
	return s == JobCompleted || s == JobFailed || s == JobCancelled
}

// CancellableStatuses is the condition of a cancelling update.
func CancellableStatuses() []JobStatus {
	return []JobStatus{JobQueued, JobInitializing, JobRunning}
}
