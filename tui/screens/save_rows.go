package screens

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
	"time"
)

// inView gives a copy of the rows of a series whose x lies in the view.
func (v *plotView) inView(s *series, c clockwork) []row {
	rows := s.suffix(0)
	if !v.zoomed() {
		return rows
	}
	out := rows[:0]
	for _, r := range rows {
		if x := c.place(v.axis, &r); x >= v.from && x <= v.to {
			out = append(out, r)
		}
	}
	return out
}

// place is a row's x.
func (c clockwork) place(a xAxis, r *row) float64 {
	seconds := 0.0
	if r.key.time != math.MinInt64 {
		seconds = time.Duration(max(r.key.time-c.origin, 0)).Seconds()
	}
	switch a {
	case axisTime:
		return seconds
	case axisCost:
		return seconds / 86400 * c.perDay
	case axisEpoch:
		return float64(r.step) / c.epoch
	}
	return float64(r.step)
}

// csvRun is a job's rows for a file.
type csvRun struct {
	job  string
	rows []row
}

// csvOf writes rows of jobs: a line a point, an empty field for null.
func csvOf(runs []csvRun) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"job", "timestamp", "epoch", "step"}
	for m := range metricCount {
		head = append(head, metricColumn(m))
	}
	_ = w.Write(head) // a buffer takes everything
	for _, run := range runs {
		for i := range run.rows {
			r := &run.rows[i]
			at := ""
			if r.key.time != math.MinInt64 {
				at = time.Unix(0, r.key.time).UTC().Format(time.RFC3339Nano)
			}
			line := []string{run.job, at, strconv.Itoa(int(r.epoch)), strconv.FormatInt(r.step, 10)}
			for m := range metricCount {
				text := ""
				if r.has&(1<<m) != 0 {
					text = strconv.FormatFloat(r.v[m], 'g', -1, 64)
				}
				line = append(line, text)
			}
			_ = w.Write(line)
		}
	}
	w.Flush()
	return b.Bytes()
}

// metricColumn is the metric's column in the database.
func metricColumn(m metric) string {
	return [metricCount]string{"training_loss", "validation_loss", "learning_rate", "gradient_norm", "throughput", "gpu_utilization"}[m]
}

// snapshot is the page as it is seen, and the points in view.
func (s *job) snapshot() snapshot {
	f := s.last
	run := csvRun{job: s.id, rows: s.charts.inView(&s.stream.series, s.charts.clock)}
	name := "loratop-job-" + shortID(s.id) + "-" + s.charts.all[s.charts.sel].key
	if s.stream.long != nil {
		name += "-buckets" // the rows sum up what was not read one by one
	}
	return snapshot{
		name: name, now: s.now(s.sc),
		th: f.Theme, text: s.draw(f), w: f.W, h: f.H, rows: func() []byte { return csvOf([]csvRun{run}) },
	}
}

// snapshot is the page as it is seen, and the points in view of all jobs.
func (s *compare) snapshot() snapshot {
	f := s.last
	var runs []csvRun
	for _, r := range s.stream.runs {
		runs = append(runs, csvRun{job: r.id, rows: s.inView(&r.series, r.clock)})
	}
	return snapshot{
		name: "loratop-compare-" + metricKey(s.metric), now: s.now(s.sc),
		th: f.Theme, text: s.draw(f), w: f.W, h: f.H, rows: func() []byte { return csvOf(runs) },
	}
}
