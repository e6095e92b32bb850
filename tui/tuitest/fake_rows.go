package tuitest

import (
	"context"
	"slices"

	"github.com/loratop/loratop/models"
)

// Datasets gives the rows that match.
func (f *Fake) Datasets(ctx context.Context, q models.ListQuery) (models.Page[models.Dataset], error) {
	leave := f.enter("Datasets")
	on := f.OnDatasets
	if on != nil {
		leave()
		return on(ctx, q)
	}
	defer leave()
	return page(keep(f.DatasetRows, func(d models.Dataset) bool {
		return statusIn(q, string(d.Status)) && has(d.Name, q.Search) && q.Deleted == !d.DeletedAt.IsZero()
	}), q), nil
}

// Dataset gives one row.
func (f *Fake) Dataset(ctx context.Context, id string) (models.Dataset, error) {
	leave := f.enter("Dataset")
	on := f.OnDataset
	if on != nil {
		leave()
		return on(ctx, id)
	}
	defer leave()
	for _, d := range f.DatasetRows {
		if d.ID == id {
			return d, nil
		}
	}
	return models.Dataset{}, notFound("dataset", id)
}

// Jobs gives the rows that match.
func (f *Fake) Jobs(ctx context.Context, q models.ListQuery) (models.Page[models.Job], error) {
	leave := f.enter("Jobs")
	on := f.OnJobs
	if on != nil {
		leave()
		return on(ctx, q)
	}
	defer leave()
	return page(keep(f.JobRows, func(j models.Job) bool {
		return statusIn(q, string(j.Status)) && has(datasetName(j.Dataset)+" "+j.ID, q.Search) &&
			(q.DatasetID == "" || q.DatasetID == j.DatasetID)
	}), q), nil
}

// Job gives one row.
func (f *Fake) Job(ctx context.Context, id string) (models.Job, error) {
	leave := f.enter("Job")
	on := f.OnJob
	if on != nil {
		leave()
		return on(ctx, id)
	}
	defer leave()
	if i := f.jobIndex(id); i >= 0 {
		return f.JobRows[i], nil
	}
	return models.Job{}, notFound("job", id)
}

func (f *Fake) jobIndex(id string) int {
	return slices.IndexFunc(f.JobRows, func(j models.Job) bool { return j.ID == id })
}

// LaunchJob adds a queued job; the same id again gives the row that exists.
func (f *Fake) LaunchJob(ctx context.Context, n models.NewJob) (models.Job, error) {
	leave := f.enter("LaunchJob")
	on := f.OnLaunchJob
	if on != nil {
		leave()
		return on(ctx, n)
	}
	defer leave()
	if i := f.jobIndex(n.ID); i >= 0 {
		return f.JobRows[i], nil
	}
	total, cost := models.Int(n.TotalSteps), n.EstimatedTotalCost
	j := models.Job{
		ID: n.ID, DatasetID: n.DatasetID, PresetID: n.PresetID, Hyperparameters: n.Hyperparameters, GPU: n.GPU,
		Status: models.JobQueued, Stage: models.StageQueued, TotalSteps: &total, EstimatedTotalCost: &cost,
	}
	if n.Hyperparameters.Epochs != nil {
		j.TotalEpochs = *n.Hyperparameters.Epochs
	}
	for _, d := range f.DatasetRows {
		if d.ID == n.DatasetID {
			j.Dataset = refOf(d)
			j.CreatedAt, j.QueuedAt, j.UserID = d.UpdatedAt, d.UpdatedAt, d.UserID
		}
	}
	f.JobRows = append([]models.Job{j}, f.JobRows...)
	return j, nil
}

func refOf(d models.Dataset) *models.DatasetRef {
	return &models.DatasetRef{
		ID: d.ID, Name: d.Name, Format: d.Format, Status: d.Status,
		TotalTrainingPairs: d.TotalTrainingPairs, TotalTokens: d.TotalTokens, DeletedAt: d.DeletedAt,
	}
}

// CancelJob cancels a live job.
func (f *Fake) CancelJob(ctx context.Context, id string) (models.Job, error) {
	leave := f.enter("CancelJob")
	on := f.OnCancelJob
	if on != nil {
		leave()
		return on(ctx, id)
	}
	defer leave()
	i := f.jobIndex(id)
	if i < 0 {
		return models.Job{}, notFound("job", id)
	}
	if !f.JobRows[i].Status.Live() {
		return f.JobRows[i], &models.Error{Code: models.CodeConflict, Op: "cancel job", Msg: "the job had ended already"}
	}
	f.JobRows = slices.Clone(f.JobRows)
	f.JobRows[i].Status = models.JobCancelled
	return f.JobRows[i], nil
}

// pointsAfter gives the points behind a cursor.
func (f *Fake) pointsAfter(id string, after models.MetricCursor) []models.MetricsPoint {
	return keep(f.Points[id], func(p models.MetricsPoint) bool {
		c := p.Timestamp.Compare(after.Time)
		return c > 0 || c == 0 && p.ID > after.ID
	})
}

// Live answers with the rows and the points after each cursor.
func (f *Fake) Live(ctx context.Context, reqs []models.LiveRequest, tail int) ([]models.LiveJob, error) {
	leave := f.enter("Live")
	on := f.OnLive
	if on != nil {
		leave()
		return on(ctx, reqs, tail)
	}
	defer leave()
	if tail <= 0 {
		tail = 240
	}
	var out []models.LiveJob
	for _, r := range reqs {
		i := f.jobIndex(r.JobID)
		if i < 0 {
			continue
		}
		pts := f.pointsAfter(r.JobID, r.After)
		if r.After.IsZero() && len(pts) > tail {
			pts = pts[len(pts)-tail:]
		}
		out = append(out, models.LiveJob{Job: f.JobRows[i], Points: pts})
	}
	return out, nil
}

// Metrics gives up to 1000 points after the cursor.
func (f *Fake) Metrics(ctx context.Context, id string, after models.MetricCursor) ([]models.MetricsPoint, error) {
	leave := f.enter("Metrics")
	on := f.OnMetrics
	if on != nil {
		leave()
		return on(ctx, id, after)
	}
	defer leave()
	pts := f.pointsAfter(id, after)
	return pts[:min(len(pts), 1000)], nil
}

// Artifacts gives the rows that match.
func (f *Fake) Artifacts(ctx context.Context, q models.ListQuery) (models.Page[models.Artifact], error) {
	leave := f.enter("Artifacts")
	on := f.OnArtifacts
	if on != nil {
		leave()
		return on(ctx, q)
	}
	defer leave()
	return page(keep(f.ArtifactRows, func(a models.Artifact) bool {
		return statusIn(q, string(a.Status)) && has(a.Name, q.Search) && q.Deleted == !a.DeletedAt.IsZero() &&
			(q.DatasetID == "" || q.DatasetID == a.DatasetID)
	}), q), nil
}

// Artifact gives one row.
func (f *Fake) Artifact(ctx context.Context, id string) (models.Artifact, error) {
	leave := f.enter("Artifact")
	on := f.OnArtifact
	if on != nil {
		leave()
		return on(ctx, id)
	}
	defer leave()
	return f.oneArtifact(id, func(a models.Artifact) bool { return a.ID == id })
}

// ArtifactByJob gives the artifact of a job.
func (f *Fake) ArtifactByJob(ctx context.Context, jobID string) (models.Artifact, error) {
	leave := f.enter("ArtifactByJob")
	on := f.OnArtifactByJob
	if on != nil {
		leave()
		return on(ctx, jobID)
	}
	defer leave()
	return f.oneArtifact(jobID, func(a models.Artifact) bool { return a.JobID == jobID })
}

func (f *Fake) oneArtifact(id string, ok func(models.Artifact) bool) (models.Artifact, error) {
	if i := slices.IndexFunc(f.ArtifactRows, ok); i >= 0 {
		return f.ArtifactRows[i], nil
	}
	return models.Artifact{}, notFound("artifact", id)
}
