// Package screens holds every screen of loratop, a file each, and the table of
// them. Screens talk to the world only through the interfaces in this file.
package screens

import (
	"context"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// Auth signs in and out. Errors carry models.Code.
type Auth interface {
	Session(ctx context.Context) (models.Session, error) // CodeSignIn when there is none
	SignIn(ctx context.Context, email, password string) (models.Session, error)
	SignUp(ctx context.Context, email, password string) (models.SignUpResult, error)
	SignOut(ctx context.Context) error
}

// Datasets reads and changes datasets.
type Datasets interface {
	Datasets(ctx context.Context, q models.ListQuery) (models.Page[models.Dataset], error) // sample_data and validation_errors left out
	Dataset(ctx context.Context, id string) (models.Dataset, error)                        // whole row
}

// DatasetEdits changes datasets. CodeNoRows tells that the policies refuse.
type DatasetEdits interface {
	UpdateDataset(ctx context.Context, id string, p models.DatasetPatch) (models.Dataset, error)
	// TrashDatasets and RestoreDatasets answer with the ids that were changed:
	// fewer than asked for when the policies refuse some.
	TrashDatasets(ctx context.Context, ids []string) (moved []string, err error)
	RestoreDatasets(ctx context.Context, ids []string) (restored []string, err error)
	// Revalidate downloads the stored file as a stream, checks it, and writes what
	// the platform's validator would write. progress is called some times a second.
	Revalidate(ctx context.Context, id string, progress func(models.Progress)) (models.Dataset, error)
}

// DatasetFiles reads the files of datasets, stored and local.
type DatasetFiles interface {
	// DatasetPart reads up to n bytes of the stored file from an offset;
	// CodeNotFound when there is no file.
	DatasetPart(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error)
	// DownloadDataset streams the stored file to disk, resumes, and sums it up.
	DownloadDataset(ctx context.Context, id, dest string, progress func(models.Progress)) (models.Downloaded, error)
	// CheckFile reads a local file; findings are in the report and no error.
	CheckFile(ctx context.Context, path string, o jsonl.Options) (jsonl.Report, error)
}

// Uploads sends local files.
type Uploads interface {
	// Upload goes through all stages. When ctx ends it pauses: its state stays on
	// disk, and the same call goes on.
	Upload(ctx context.Context, u models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error)
	// PendingUploads are those begun on this machine and not ended.
	PendingUploads(ctx context.Context) ([]models.PendingUpload, error)
	// DropUpload cancels one: nothing of it stays on the server or on disk.
	DropUpload(ctx context.Context, datasetID string) error
}

// Jobs reads, launches and cancels training jobs.
type Jobs interface {
	Jobs(ctx context.Context, q models.ListQuery) (models.Page[models.Job], error)
	Job(ctx context.Context, id string) (models.Job, error)
	// LaunchJob inserts a queued job. The same NewJob.ID again returns the row
	// that exists. The dataset must be the user's own, ready and not deleted.
	LaunchJob(ctx context.Context, j models.NewJob) (models.Job, error)
	// CancelJob is conditional on the state and returns the row as it is after;
	// CodeConflict when it had ended meanwhile, CodeNoRows when policies refuse.
	CancelJob(ctx context.Context, id string) (models.Job, error)
}

// Metrics streams training metrics.
type Metrics interface {
	// Live answers all requests with one HTTP request. tail is how many newest
	// points a request without cursor gets (0: the default, 240).
	Live(ctx context.Context, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error)
	// Metrics returns up to 1000 points after the cursor, ascending by (timestamp, id).
	Metrics(ctx context.Context, jobID string, after models.MetricCursor) ([]models.MetricsPoint, error)
	// MetricsBefore returns up to 1000 points before the cursor (zero: the
	// newest), also ascending.
	MetricsBefore(ctx context.Context, jobID string, before models.MetricCursor) ([]models.MetricsPoint, error)
	// MetricsIn returns up to 1000 points with from ≤ step ≤ to (both zero: all)
	// after the cursor, ascending by (timestamp, id).
	MetricsIn(ctx context.Context, jobID string, from, to int64, after models.MetricCursor) ([]models.MetricsPoint, error)
	// MetricsBetween is Metrics up to a time, which is included.
	MetricsBetween(ctx context.Context, jobID string, after models.MetricCursor, to time.Time) ([]models.MetricsPoint, error)
	// MetricsCount counts the points with from ≤ timestamp ≤ to; a zero time is no
	// bound. It costs no body.
	MetricsCount(ctx context.Context, jobID string, from, to time.Time) (int64, error)
	// MetricsWindow sums up the points with from ≤ step ≤ to (both zero: all) in
	// 1 to 2000 buckets. models.WindowMissing tells of a database without it.
	MetricsWindow(ctx context.Context, jobID string, from, to int64, buckets int) (models.MetricsWindow, error)
}

// Artifacts reads and downloads trained models.
type Artifacts interface {
	Artifacts(ctx context.Context, q models.ListQuery) (models.Page[models.Artifact], error)
	Artifact(ctx context.Context, id string) (models.Artifact, error)
	ArtifactByJob(ctx context.Context, jobID string) (models.Artifact, error)
	// Download streams one file to disk; progress is called from the caller's
	// goroutine, at most some 20 times a second.
	Download(ctx context.Context, d models.Download, progress func(models.Progress)) (models.Downloaded, error)
}

// Costs reads what was spent.
type Costs interface {
	// Costs returns all records and all jobs that may have spent since from,
	// paged to the end; models.BuildCostReport makes the report.
	Costs(ctx context.Context, from models.Time) (models.CostData, error)
}

// Notifications reads the inbox and marks in it.
type Notifications interface {
	Notifications(ctx context.Context, q models.ListQuery) (models.Page[models.Notification], error)
	MarkRead(ctx context.Context, ids []string) error
	MarkAllRead(ctx context.Context) (int, error)
}

// Backend is everything; *client.Client is one.
type Backend interface {
	Auth
	Datasets
	DatasetEdits
	DatasetFiles
	Uploads
	Jobs
	Metrics
	Artifacts
	Costs
	Notifications
	Overview(ctx context.Context) (models.Overview, error)
	// News tells what has become of the user's jobs since the News before.
	News(ctx context.Context, q models.NewsQuery) (models.News, error)
	Connection() models.Connection
}
