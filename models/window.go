package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// WindowMetrics are the columns of metrics_points that a window sums up, in
// the order of MetricsWindow.Metrics.
func WindowMetrics() [6]string {
	return [6]string{"training_loss", "validation_loss", "learning_rate", "gradient_norm", "throughput", "gpu_utilization"}
}

// MetricsWindow is a range of steps of one job, summed up in buckets of equal
// width. Buckets without a point are absent.
type MetricsWindow struct {
	JobID    string
	From, To int64 // first and last step that there is a point of, within what was asked for
	Width    int64 // steps a bucket; 1 or more
	Rows     int64 // points in the range; 0: there are none, and no buckets
	// Newest is the newest point of the whole job as the same look at the table
	// has it: reading on behind it leaves no hole. Zero without any.
	Newest  MetricCursor
	Buckets []WindowBucket
	Metrics [6]WindowMetric
}

// WindowBucket is what all metrics of a bucket have in common.
type WindowBucket struct {
	Step  int64     // the first it covers
	Rows  int64     // points in it
	Time  time.Time // of the first point by step; zero for null
	Epoch int64     // of the same point
}

// WindowMetric is one column, ascending by step.
type WindowMetric []WindowValue

// WindowValue sums up one metric in one bucket that has at least one value.
type WindowValue struct {
	Step        int64   // the first that the bucket covers
	N, Odd      int64   // values, and how many of them are NaN or infinite
	FirstStep   int64   // of the first value
	LastStep    int64   // of the last value
	First, Last float64 // by step, then time; may be NaN or infinite
	Min, Max    float64 // of the finite ones; NaN when there is none

	// Exact tells that the steps of these are known, each the first there is:
	// an older database does not say. MinStep and MaxStep mean nothing without a
	// finite value, OddStep nothing without one that is not.
	Exact                     bool
	MinStep, MaxStep, OddStep int64
}

// WindowMissing reports that the database has no function for windows: page
// through the points instead.
func WindowMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Server == "PGRST202" || e.Server == "42883")
}

// WindowTooSlow reports that the database gave up on a window: it has more
// points than it can sum up in the time that it allows.
func WindowTooSlow(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Server == "57014"
}

// wireWindow is the answer of the function metrics_window.
type wireWindow struct {
	JobID    string  `json:"job_id"`
	From     Int     `json:"from"`
	To       Int     `json:"to"`
	Width    Int     `json:"width"`
	Rows     Int     `json:"rows"`
	NewestAt Time    `json:"newest_at"`
	NewestID *string `json:"newest_id"`
	Buckets  struct {
		B     []Int  `json:"b"`
		N     []Int  `json:"n"`
		Time  []*Int `json:"time"` // ms
		Epoch []Int  `json:"epoch"`
	} `json:"buckets"`
	Metrics map[string]wireMetric `json:"metrics"`
}

type wireMetric struct {
	B         []Int  `json:"b"`
	N         []Int  `json:"n"`
	Odd       []Int  `json:"odd"` // absent: none
	FirstStep []Int  `json:"first_step"`
	First     []F64  `json:"first"`
	Min       []*F64 `json:"min"`
	Max       []*F64 `json:"max"`
	MinStep   []*Int `json:"min_step"` // absent, with the next two: from an older database
	MaxStep   []*Int `json:"max_step"`
	OddStep   []*Int `json:"odd_step"` // absent: no odd ones
	LastStep  []Int  `json:"last_step"`
	Last      []F64  `json:"last"`
}

var errWindow = errors.New("a window of metrics with columns of unequal length, or not in order")

// UnmarshalJSON reads the answer of the function metrics_window.
func (w *MetricsWindow) UnmarshalJSON(b []byte) error {
	var in wireWindow
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	out := MetricsWindow{JobID: in.JobID, From: int64(in.From), To: int64(in.To), Width: int64(in.Width), Rows: int64(in.Rows)}
	if in.NewestID != nil && !in.NewestAt.IsZero() {
		out.Newest = MetricCursor{Time: in.NewestAt.Time, ID: *in.NewestID}
	}
	n := len(in.Buckets.B)
	if n > 0 && (in.Width < 1 || len(in.Buckets.N) != n || len(in.Buckets.Time) != n || len(in.Buckets.Epoch) != n || !ascending(in.Buckets.B)) {
		return errWindow
	}
	for i, k := range in.Buckets.B {
		bucket := WindowBucket{Step: out.From + int64(k)*out.Width, Rows: int64(in.Buckets.N[i]), Epoch: int64(in.Buckets.Epoch[i])}
		if ms := in.Buckets.Time[i]; ms != nil {
			bucket.Time = time.UnixMilli(int64(*ms)).UTC()
		}
		out.Buckets = append(out.Buckets, bucket)
	}
	for m, name := range WindowMetrics() {
		col, err := in.Metrics[name].values(out.From, out.Width)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		out.Metrics[m] = col
	}
	*w = out
	return nil
}

func ascending(b []Int) bool {
	for i, k := range b {
		if k < 0 || i > 0 && k <= b[i-1] {
			return false
		}
	}
	return true
}

func (c wireMetric) values(from, width int64) (WindowMetric, error) {
	n := len(c.B)
	for _, l := range []int{len(c.N), len(c.FirstStep), len(c.First), len(c.Min), len(c.Max), len(c.LastStep), len(c.Last)} {
		if l != n {
			return nil, errWindow
		}
	}
	exact := c.MinStep != nil
	if !ascending(c.B) || c.Odd != nil && len(c.Odd) != n || exact && (len(c.MinStep) != n || len(c.MaxStep) != n || c.Odd != nil && len(c.OddStep) != n) {
		return nil, errWindow
	}
	out := make(WindowMetric, n)
	for i, k := range c.B {
		step := from + int64(k)*width
		out[i] = WindowValue{
			Step: step, N: int64(c.N[i]), FirstStep: step + int64(c.FirstStep[i]), LastStep: step + int64(c.LastStep[i]),
			First: float64(c.First[i]), Last: float64(c.Last[i]), Min: orNaN(c.Min[i]), Max: orNaN(c.Max[i]),
		}
		if c.Odd != nil {
			out[i].Odd = int64(c.Odd[i])
		}
		if exact {
			out[i].Exact, out[i].MinStep, out[i].MaxStep = true, step+orZero(c.MinStep[i]), step+orZero(c.MaxStep[i])
			if c.Odd != nil {
				out[i].OddStep = step + orZero(c.OddStep[i])
			}
		}
	}
	return out, nil
}

func orZero(v *Int) int64 {
	if v == nil {
		return 0
	}
	return int64(*v)
}

func orNaN(v *F64) float64 {
	if v == nil {
		return math.NaN()
	}
	return float64(*v)
}
