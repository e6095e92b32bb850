package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/loratop/loratop/models"
)

const noticeTime = 5 * time.Second

// newJobRow is what the platform's own web page inserts, with both key
// families in its JSON. queued_at is left to the database's clock.
type newJobRow struct {
	ID                 string                 `json:"id"`
	UserID             string                 `json:"user_id"`
	DatasetID          string                 `json:"dataset_id"`
	PresetID           string                 `json:"preset_id"`
	Hyperparameters    models.Hyperparameters `json:"hyperparameters"`
	GPUConfig          models.GPUConfig       `json:"gpu_config"`
	Status             models.JobStatus       `json:"status"`
	Stage              models.JobStage        `json:"current_stage"`
	Progress           int                    `json:"progress"`
	CurrentEpoch       int                    `json:"current_epoch"`
	TotalEpochs        models.Int             `json:"total_epochs"`
	CurrentStep        int                    `json:"current_step"`
	TotalSteps         *models.Int            `json:"total_steps"`
	CurrentMetrics     struct{}               `json:"current_metrics"` // {}, not null
	CurrentCost        int                    `json:"current_cost"`
	EstimatedTotalCost models.Money           `json:"estimated_total_cost"`
}

// LaunchJob inserts a queued job on a dataset that is the user's own, ready
// and not deleted. The same ID again returns the row that exists.
func (c *Client) LaunchJob(ctx context.Context, n models.NewJob) (models.Job, error) {
	j, err := c.launch(ctx, n)
	return j, fail("launch job", err)
}

func (c *Client) launch(ctx context.Context, n models.NewJob) (models.Job, error) {
	if c.opts.ReadOnly {
		return models.Job{}, readOnlyError()
	}
	if err := checkNewJob(n); err != nil {
		return models.Job{}, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return models.Job{}, err
	}
	ds, err := c.trainable(ctx, n.DatasetID)
	if err != nil {
		code := models.CodeOf(err)
		if code == models.CodeInvalid || code == models.CodeNotFound {
			if j, ok := c.launched(ctx, n); ok { // submitted before, and the dataset changed since
				return j, nil
			}
		}
		return models.Job{}, err
	}
	j, err := c.insertJob(ctx, me, n)
	switch {
	case err == nil:
		c.notify(ctx, me, j.ID, models.NotifyJobQueued, models.PriorityLow, "Training Job Queued",
			fmt.Sprintf("Your training job for %q has been queued", ds.Name), ds.Name)
	case mayExist(err):
		var ok bool
		if j, ok = c.launched(ctx, n); !ok {
			return models.Job{}, err
		}
	default:
		return models.Job{}, err
	}
	j.Dataset = &ds
	return j, nil
}

func checkNewJob(n models.NewJob) error {
	h := n.Hyperparameters
	invalid := func(msg string) error { return &models.Error{Code: models.CodeInvalid, Msg: msg} }
	switch {
	case !isUUID(n.ID):
		return invalid("the job needs an id that is a UUID")
	case !isUUID(n.DatasetID):
		return checkID("dataset", n.DatasetID)
	case n.PresetID == "" || len([]rune(n.PresetID)) > 50:
		return invalid("the preset needs a name of 1 to 50 characters")
	case h.Epochs == nil || *h.Epochs < 1:
		return invalid("the number of epochs is missing")
	case n.GPU.Type == "" || n.GPU.Count == nil || *n.GPU.Count < 1:
		return invalid("the GPU is missing")
	case n.TotalSteps < 0:
		return invalid("the number of steps is negative")
	}
	return nil
}

// trainable reads the dataset right before the insert and checks it: neither
// the policies nor a constraint would.
func (c *Client) trainable(ctx context.Context, id string) (models.DatasetRef, error) {
	q := &query{table: "datasets", columns: "id,name,format,status,training_ready,total_training_pairs,total_tokens,deleted_at"}
	q.where("id", "eq", id)
	d, err := one[models.Dataset](ctx, c, q, "dataset", id)
	if err != nil {
		return models.DatasetRef{}, err
	}
	if ok, why := d.Trainable(); !ok {
		return models.DatasetRef{}, &models.Error{Code: models.CodeInvalid, Msg: "this dataset cannot be trained on: " + clip(why, 200),
			Hint: "pick a dataset that is ready"}
	}
	return models.DatasetRef{ID: d.ID, Name: d.Name, Format: d.Format, Status: d.Status,
		TotalTrainingPairs: d.TotalTrainingPairs, TotalTokens: d.TotalTokens, DeletedAt: d.DeletedAt}, nil
}

func (c *Client) insertJob(ctx context.Context, me *live, n models.NewJob) (models.Job, error) {
	row := newJobRow{
		ID: n.ID, UserID: me.UserID, DatasetID: n.DatasetID, PresetID: n.PresetID,
		Hyperparameters: n.Hyperparameters, GPUConfig: n.GPU,
		Status: models.JobQueued, Stage: models.StageQueued, TotalEpochs: *n.Hyperparameters.Epochs,
		EstimatedTotalCost: n.EstimatedTotalCost.Round(),
	}
	if n.TotalSteps > 0 {
		row.TotalSteps = models.Ptr(models.Int(n.TotalSteps))
	}
	q := &query{table: "training_jobs", columns: "*"}
	res, err := q.insert(ctx, me, row)
	if err != nil {
		return models.Job{}, err
	}
	var out []models.Job
	if err := res.into(&out); err != nil {
		return models.Job{}, err
	}
	if len(out) != 1 || out[0].ID != n.ID {
		return models.Job{}, noRows("the job was not created", "")
	}
	return out[0], nil
}

// mayExist reports failures after which the row may be there all the same:
// the id exists, or the answer was lost on its way.
func mayExist(err error) bool {
	var e *models.Error
	if !errors.As(err, &e) {
		return true
	}
	switch e.Code {
	case models.CodeNetwork, models.CodeTimeout, models.CodeServer:
		return true
	}
	return e.Server == "23505"
}

// launched finds the row of an earlier submit of the same job.
func (c *Client) launched(ctx context.Context, n models.NewJob) (models.Job, bool) {
	j, err := c.job(ctx, n.ID)
	return j, err == nil && j.DatasetID == n.DatasetID
}

// notice is a row that the platform's web page writes for the user's own acts.
type notice struct {
	UserID    string                  `json:"user_id"`
	Type      models.NotificationType `json:"type"`
	Title     string                  `json:"title"`
	Message   string                  `json:"message"`
	Priority  models.Priority         `json:"priority"`
	ActionURL string                  `json:"action_url"`
	Metadata  map[string]string       `json:"metadata"`
}

// notify writes a notification, best effort: FR-1.1 has no policy for it.
func (c *Client) notify(ctx context.Context, me *live, jobID string, typ models.NotificationType, prio models.Priority, title, text, dataset string) {
	c.announce(ctx, me, notice{UserID: me.UserID, Type: typ, Title: title, Message: text, Priority: prio,
		ActionURL: "/training/jobs/" + jobID, Metadata: map[string]string{"job_id": jobID, "dataset_name": dataset}})
}

// announce inserts a notification; its failure is only logged.
func (c *Client) announce(ctx context.Context, me *live, n notice) {
	ctx, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	q := &query{table: "notifications"}
	if _, err := q.insert(ctx, me, n); err != nil {
		c.opts.Log.DebugContext(ctx, "notification not written", slog.String("error", clip(err.Error(), 200)))
	}
}
