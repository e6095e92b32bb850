package client

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/models"
)

// What is read every second has short names on the wire: they are most of what
// is sent for one new point. Where the database has our functions, a point and
// what moves of a job are shorter still: one field each.
const (
	pointColumns = "id,t:timestamp,e:epoch,s:step,a:training_loss,b:validation_loss,c:learning_rate,d:gradient_norm,f:throughput,g:gpu_utilization"
	briefPoint   = "p:loratop_point"

	liveColumns = "id,s:status,g:current_stage,p:progress,e:current_epoch,te:total_epochs,n:current_step,tn:total_steps,m:current_metrics," +
		"q:queued_at,b:started_at,z:completed_at,c:current_cost,f:final_cost,w:estimated_total_cost,x:error_message,a:artifact_id,u:updated_at"
	movingColumns = "id,s:status,g:current_stage,p:progress,e:current_epoch,n:current_step,c:current_cost,u:updated_at"
	briefJob      = "k:loratop_job"
)

// wirePoint is a row as pointColumns or briefPoint name it.
type wirePoint struct {
	Brief *brief      `json:"p"`
	ID    string      `json:"id"`
	T     models.Time `json:"t"`
	E     models.Int  `json:"e"`
	S     models.Int  `json:"s"`
	A     *models.F64 `json:"a"`
	B     *models.F64 `json:"b"`
	C     *models.F64 `json:"c"`
	D     *models.F64 `json:"d"`
	F     *models.F64 `json:"f"`
	G     *models.F64 `json:"g"`
}

// pointsOf gives the points of a job their long names.
func pointsOf(job string, wire []wirePoint) []models.MetricsPoint {
	out := make([]models.MetricsPoint, len(wire))
	for i := range wire {
		w := &wire[i]
		if w.Brief != nil {
			out[i] = w.Brief.point
			out[i].JobID = job
			continue
		}
		out[i] = models.MetricsPoint{
			ID: w.ID, JobID: job, Timestamp: w.T, Epoch: w.E, Step: w.S, TrainingLoss: w.A, ValidationLoss: w.B,
			LearningRate: w.C, GradientNorm: w.D, Throughput: w.F, GPUUtilization: w.G,
		}
	}
	return out
}

// brief is a point as the function loratop_point writes it.
type brief struct{ point models.MetricsPoint }

var errBrief = errors.New("a row of another shape than loratop_point and loratop_job give")

// UnmarshalJSON reads the text of the function.
func (b *brief) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	const fields = 10
	f := strings.SplitN(s, ",", fields+1)
	for len(f) < fields {
		f = append(f, "")
	}
	id, err := briefID(f[0])
	if err != nil {
		return err
	}
	p := models.MetricsPoint{ID: id}
	if f[1] != "" {
		us, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return errBrief
		}
		p.Timestamp = models.At(time.UnixMicro(us).UTC())
	}
	for i, to := range []*models.Int{&p.Epoch, &p.Step} {
		if text := f[2+i]; text != "" {
			v, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return errBrief
			}
			*to = models.Int(v)
		}
	}
	for i, to := range []**models.F64{&p.TrainingLoss, &p.ValidationLoss, &p.LearningRate, &p.GradientNorm, &p.Throughput, &p.GPUUtilization} {
		if text := f[4+i]; text != "" {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return errBrief
			}
			*to = models.Ptr(models.F64(v))
		}
	}
	b.point = p
	return nil
}

// briefID reads the base64 of a UUID.
func briefID(s string) (string, error) {
	raw, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || len(raw) != len(uuid.UUID{}) {
		return "", errBrief
	}
	return uuid.UUID(raw).String(), nil
}

// liveRow is a job as liveColumns, movingColumns or briefJob name it, with its
// two embeds of metrics_points. Names differ by more than case, as
// encoding/json needs it.
type liveRow struct {
	Brief *briefRow             `json:"k"`
	ID    string                `json:"id"`
	S     models.JobStatus      `json:"s"`
	G     models.JobStage       `json:"g"`
	P     *models.F64           `json:"p"`
	E     *models.Int           `json:"e"`
	TE    models.Int            `json:"te"`
	N     *models.Int           `json:"n"`
	TN    *models.Int           `json:"tn"`
	M     models.CurrentMetrics `json:"m"`
	Q     models.Time           `json:"q"`
	B     models.Time           `json:"b"`
	Z     models.Time           `json:"z"`
	C     *models.Money         `json:"c"`
	F     *models.Money         `json:"f"`
	W     *models.Money         `json:"w"`
	X     *string               `json:"x"`
	A     *string               `json:"a"`
	U     models.Time           `json:"u"`
	New   []wirePoint           `json:"new"`
	Tail  []wirePoint           `json:"tail"`

	cut bool // the answer ended within its points
}

// job gives the columns their long names; of a short row only those that move
// are set.
func (r *liveRow) job() models.Job {
	return models.Job{
		ID: r.ID, Status: r.S, Stage: r.G, Progress: r.P, CurrentEpoch: r.E, TotalEpochs: r.TE, CurrentStep: r.N, TotalSteps: r.TN,
		CurrentMetrics: r.M, QueuedAt: r.Q, StartedAt: r.B, CompletedAt: r.Z, CurrentCost: r.C, FinalCost: r.F, EstimatedTotalCost: r.W,
		ErrorMessage: r.X, ArtifactID: r.A, UpdatedAt: r.U,
	}
}

// unfold writes a brief row out.
func (r *liveRow) unfold() {
	if b := r.Brief; b != nil {
		r.ID, r.S, r.G, r.P, r.E, r.N, r.C, r.U, r.Brief = b.ID, b.S, b.G, b.P, b.E, b.N, b.C, b.U, nil
	}
}

// briefRow is a job as the function loratop_job writes it.
type briefRow liveRow

// UnmarshalJSON reads the array of the function.
func (b *briefRow) UnmarshalJSON(data []byte) error {
	var id string
	var us *int64
	fields := []any{&id, &b.S, &b.G, &b.P, &b.E, &b.N, &b.C, &us}
	n := len(fields)
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&fields); err != nil {
		return err
	}
	if len(fields) < n {
		return errBrief
	}
	var err error
	if b.ID, err = briefID(id); err != nil {
		return err
	}
	if us != nil {
		b.U = models.At(time.UnixMicro(*us).UTC())
	}
	return nil
}

// cutRows reads what there is whole of an answer to a live request that was cut
// off: jobs with all of their points, and of the job that was being sent the
// points that arrived, when all of its columns had.
func cutRows(data []byte) []liveRow {
	d := json.NewDecoder(bytes.NewReader(data))
	if !opens(d, '[') {
		return nil
	}
	var out []liveRow
	for d.More() {
		var row liveRow
		whole := row.read(d)
		row.unfold()
		row.cut = !whole
		if whole || row.ID != "" && len(row.New)+len(row.Tail) > 0 {
			out = append(out, row)
		}
		if !whole {
			break
		}
	}
	return out
}

// read takes a row member by member and reports whether it was whole.
func (r *liveRow) read(d *json.Decoder) bool {
	if !opens(d, '{') {
		return false
	}
	columns := map[string]json.RawMessage{}
	take := func() bool {
		b, err := json.Marshal(columns)
		return err == nil && json.Unmarshal(b, r) == nil
	}
	taken := false
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch name := fmt.Sprint(t); name {
		case "new", "tail":
			if !taken && !take() { // columns come before embeds, so all of them are here
				return false
			}
			taken = true
			to := &r.New
			if name == "tail" {
				to = &r.Tail
			}
			whole := false
			if *to, whole = readPoints(d); !whole {
				return false
			}
		default:
			var v json.RawMessage
			if d.Decode(&v) != nil {
				return false
			}
			columns[name] = v
		}
	}
	return closes(d) && take()
}

// cutPoints reads the rows that are whole of a page that was cut off.
func cutPoints(data []byte) []wirePoint {
	out, _ := readPoints(json.NewDecoder(bytes.NewReader(data)))
	return out
}

// readPoints reads rows as far as they are whole.
func readPoints(d *json.Decoder) (out []wirePoint, whole bool) {
	if !opens(d, '[') {
		return nil, false
	}
	for d.More() {
		var p wirePoint
		if d.Decode(&p) != nil {
			return out, false
		}
		out = append(out, p)
	}
	return out, closes(d)
}

func opens(d *json.Decoder, c json.Delim) bool {
	t, err := d.Token()
	return err == nil && t == c
}

func closes(d *json.Decoder) bool {
	_, err := d.Token()
	return err == nil
}
