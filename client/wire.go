package client

import "github.com/loratop/loratop/models"

// What is read every second has short names on the wire: they are most of what
// is sent for one new point.
const (
	pointColumns = "id,t:timestamp,e:epoch,s:step,a:training_loss,b:validation_loss,c:learning_rate,d:gradient_norm,f:throughput,g:gpu_utilization"
	liveColumns  = "id,s:status,g:current_stage,p:progress,e:current_epoch,te:total_epochs,n:current_step,tn:total_steps,m:current_metrics," +
		"q:queued_at,b:started_at,z:completed_at,c:current_cost,f:final_cost,w:estimated_total_cost,x:error_message,a:artifact_id,u:updated_at"
)

// wirePoint is a row as pointColumns name it.
type wirePoint struct {
	ID string      `json:"id"`
	T  models.Time `json:"t"`
	E  models.Int  `json:"e"`
	S  models.Int  `json:"s"`
	A  *models.F64 `json:"a"`
	B  *models.F64 `json:"b"`
	C  *models.F64 `json:"c"`
	D  *models.F64 `json:"d"`
	F  *models.F64 `json:"f"`
	G  *models.F64 `json:"g"`
}

// pointsOf gives the points of a job their long names.
func pointsOf(job string, wire []wirePoint) []models.MetricsPoint {
	out := make([]models.MetricsPoint, len(wire))
	for i, w := range wire {
		out[i] = models.MetricsPoint{
			ID: w.ID, JobID: job, Timestamp: w.T, Epoch: w.E, Step: w.S, TrainingLoss: w.A, ValidationLoss: w.B,
			LearningRate: w.C, GradientNorm: w.D, Throughput: w.F, GPUUtilization: w.G,
		}
	}
	return out
}

// liveRow is a job as liveColumns name it, with its two embeds of
// metrics_points. Names differ by more than case, as encoding/json needs it.
type liveRow struct {
	ID   string                `json:"id"`
	S    models.JobStatus      `json:"s"`
	G    models.JobStage       `json:"g"`
	P    *models.F64           `json:"p"`
	E    *models.Int           `json:"e"`
	TE   models.Int            `json:"te"`
	N    *models.Int           `json:"n"`
	TN   *models.Int           `json:"tn"`
	M    models.CurrentMetrics `json:"m"`
	Q    models.Time           `json:"q"`
	B    models.Time           `json:"b"`
	Z    models.Time           `json:"z"`
	C    *models.Money         `json:"c"`
	F    *models.Money         `json:"f"`
	W    *models.Money         `json:"w"`
	X    *string               `json:"x"`
	A    *string               `json:"a"`
	U    models.Time           `json:"u"`
	New  []wirePoint           `json:"new"`
	Tail []wirePoint           `json:"tail"`
}

func (r *liveRow) job() models.Job {
	return models.Job{
		ID: r.ID, Status: r.S, Stage: r.G, Progress: r.P, CurrentEpoch: r.E, TotalEpochs: r.TE, CurrentStep: r.N, TotalSteps: r.TN,
		CurrentMetrics: r.M, QueuedAt: r.Q, StartedAt: r.B, CompletedAt: r.Z, CurrentCost: r.C, FinalCost: r.F, EstimatedTotalCost: r.W,
		ErrorMessage: r.X, ArtifactID: r.A, UpdatedAt: r.U,
	}
}
