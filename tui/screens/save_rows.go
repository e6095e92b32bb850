package screens

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
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
	held func(*row) string // what a row holds; nil: a point
}

// What a row of a file holds: a point, or a value of one metric that stands for
// the points of a bucket: its first, least, greatest or last, or a NaN among them.
const (
	heldPoint  = "point"
	heldBucket = "bucket"
)

// csvHead is the first line: the columns of the database, and what a row holds.
func csvHead() []string {
	head := []string{"job", "timestamp", "epoch", "step"}
	for m := range metricCount {
		head = append(head, metricColumn(m))
	}
	return append(head, "holds")
}

// csvLine is the line of a row: an empty field for null.
func csvLine(job string, r *row, holds string) []string {
	at := ""
	if r.key.time != math.MinInt64 {
		at = time.Unix(0, r.key.time).UTC().Format(time.RFC3339Nano)
	}
	line := []string{job, at, strconv.Itoa(int(r.epoch)), strconv.FormatInt(r.step, 10)}
	for m := range metricCount {
		text := ""
		if r.has&(1<<m) != 0 {
			text = strconv.FormatFloat(r.v[m], 'g', -1, 64)
		}
		line = append(line, text)
	}
	return append(line, holds)
}

// csvOf writes rows of jobs.
func csvOf(runs []csvRun) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(csvHead()) // a buffer takes everything
	for _, run := range runs {
		for i := range run.rows {
			r, holds := &run.rows[i], heldPoint
			if run.held != nil {
				holds = run.held(r)
			}
			_ = w.Write(csvLine(run.job, r, holds))
		}
	}
	w.Flush()
	return b.Bytes()
}

// metricColumn is the metric's column in the database.
func metricColumn(m metric) string {
	return [metricCount]string{"training_loss", "validation_loss", "learning_rate", "gradient_norm", "throughput", "gpu_utilization"}[m]
}

// bucketsBefore tells rows that sum up, which come before a point, from points.
func bucketsBefore(k rowKey) func(*row) string {
	return func(r *row) string {
		if r.key.compare(k) < 0 {
			return heldBucket
		}
		return heldPoint
	}
}

// snapshot is the page as it is seen, and the points in view.
func (s *job) snapshot() snapshot {
	f := s.last
	run := csvRun{job: s.id, rows: s.charts.inView(&s.stream.series, s.charts.clock)}
	out := snapshot{
		name: "loratop-job-" + shortID(s.id) + "-" + s.charts.all[s.charts.sel].key, now: s.now(s.sc),
		th: f.Theme, text: s.draw(f), w: f.W, h: f.H,
	}
	if long := s.stream.long; long != nil {
		part := stretch{job: s.id}
		out.total = s.stream.count()
		if s.charts.zoomed() {
			if lo, hi, ok := s.charts.stepsInView(); ok {
				part.from, part.to = lo, hi
				out.total = long.about(lo, hi)
			}
		}
		out.exact = exact{b: s.b, parts: []stretch{part}}
		run.held = func(*row) string { return heldBucket }
		if len(long.raw) > 0 {
			run.held = bucketsBefore(long.raw[0].key)
		}
	}
	out.rows = func() []byte { return csvOf([]csvRun{run}) }
	return out
}

// about is how many points the steps lo…hi have, by the overview.
func (l *longRun) about(lo, hi int64) (n int64) {
	for _, b := range l.overview.Buckets {
		if b.Step <= hi && b.Step+l.overview.Width > lo {
			n += b.Rows
		}
	}
	return n
}

// snapshot is the page as it is seen, and the points in view of all jobs.
func (s *compare) snapshot() snapshot {
	f := s.last
	out := snapshot{
		name: "loratop-compare-" + metricKey(s.metric), now: s.now(s.sc),
		th: f.Theme, text: s.draw(f), w: f.W, h: f.H, exact: exact{b: s.b},
	}
	var runs []csvRun
	for _, r := range s.stream.runs {
		run, part := csvRun{job: r.id, rows: s.inView(&r.series, r.clock)}, stretch{job: r.id}
		if r.summed() {
			run.held = bucketsBefore(r.newestSummed)
		}
		if s.zoomed() {
			if len(run.rows) == 0 {
				continue // nothing of it is in view
			}
			part.from, part.to = stepsOf(run.rows)
		}
		runs, out.exact.parts = append(runs, run), append(out.exact.parts, part)
	}
	out.rows = func() []byte { return csvOf(runs) }
	return out
}

// stepsOf are the least and the greatest step of rows.
func stepsOf(rows []row) (lo, hi int64) {
	lo, hi = rows[0].step, rows[0].step
	for _, r := range rows {
		lo, hi = min(lo, r.step), max(hi, r.step)
	}
	return lo, hi
}

// summed reports that a run is drawn summed up.
func (s *compare) summed() bool { return slices.ContainsFunc(s.stream.runs, (*compareRun).summed) }

// summed reports that the history of the run came in one piece.
func (r *compareRun) summed() bool { return r.newestSummed != rowKey{} }
