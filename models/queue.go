package models

import (
	"fmt"
	"slices"
	"time"
)

// The platform's job processor, as it is documented: it wakes up every
// ProcessorCycle and starts at most ProcessorBatch jobs, oldest first, of all
// users together.
const (
	ProcessorCycle = 30 * time.Second
	ProcessorBatch = 5
)

// processorSilent is how long a job may wait while nothing starts before the
// processor is said to be down: the platform's operators alert at 5 minutes.
const processorSilent = 5 * time.Minute

// queueRecent is how many starts, at most, tell how long a start takes.
const queueRecent = 20

// Queued is a job that waits for its start.
type Queued struct {
	Job      Job
	Position int           // among the user's own queued jobs, from 1; 0 = it is being submitted
	Waited   time.Duration // since it was queued
	Expect   time.Duration // until it starts, counted from now; 0 = any moment, or not known
	Known    bool          // Expect means something
	Overdue  bool          // it has waited longer than it should have
	Hold     string        // what holds it, one line
	Hint     string        // what to do about it, "" = wait
}

// Queue is what waits, of one user: row level security hides all other rows,
// so positions count the user's own jobs and others may be ahead of them.
type Queue struct {
	Jobs      []Queued // oldest first; those being submitted before those that wait
	Waiting   int      // queued
	Starting  int      // initializing
	Running   int
	Usual     time.Duration // wait of a job before its start, the median of recent starts; 0 = none known
	Starts    int           // recent starts that Usual is measured from
	LastStart Time          // of any of the user's jobs
	Down      bool          // the processor does not seem to run
}

// BuildQueue orders the user's jobs that have not started and says what holds
// each. jobs are all that have not ended, and recent ones that have.
func BuildQueue(jobs []Job, now time.Time) Queue {
	var q Queue
	q.measure(jobs)
	var queued, starting []Job
	for _, j := range jobs {
		switch j.Status {
		case JobQueued:
			queued = append(queued, j)
		case JobInitializing:
			starting = append(starting, j)
		case JobRunning:
			q.Running++
		}
	}
	byAge := func(a, b Job) int {
		if c := queuedAt(a).Compare(queuedAt(b).Time); c != 0 {
			return c
		}
		return compareText(a.ID, b.ID)
	}
	slices.SortFunc(queued, byAge)
	slices.SortFunc(starting, byAge)
	q.Waiting, q.Starting = len(queued), len(starting)
	q.Down = q.down(queued, now)
	for _, j := range starting {
		q.Jobs = append(q.Jobs, submitting(j, now))
	}
	for i, j := range queued {
		q.Jobs = append(q.Jobs, q.waiting(j, i, now))
	}
	return q
}

// queuedAt is when a job entered the queue.
func queuedAt(j Job) Time { return firstTime(j.QueuedAt, j.CreatedAt) }

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// measure takes the waits of the newest starts.
func (q *Queue) measure(jobs []Job) {
	type start struct {
		at   time.Time
		wait time.Duration
	}
	var starts []start
	for _, j := range jobs {
		if j.StartedAt.IsZero() {
			continue
		}
		if j.StartedAt.After(q.LastStart.Time) {
			q.LastStart = j.StartedAt
		}
		if wait := j.StartedAt.Sub(queuedAt(j).Time); !queuedAt(j).IsZero() && wait >= 0 {
			starts = append(starts, start{j.StartedAt.Time, wait})
		}
	}
	slices.SortFunc(starts, func(a, b start) int { return b.at.Compare(a.at) })
	starts = starts[:min(len(starts), queueRecent)]
	if q.Starts = len(starts); q.Starts == 0 {
		return
	}
	slices.SortFunc(starts, func(a, b start) int {
		switch {
		case a.wait < b.wait:
			return -1
		case a.wait > b.wait:
			return 1
		}
		return 0
	})
	q.Usual = starts[len(starts)/2].wait
}

// down tells that the oldest job waits for long and nothing has started since
// it came: the processor takes the oldest first, so it would have been it.
func (q *Queue) down(queued []Job, now time.Time) bool {
	if len(queued) == 0 || queuedAt(queued[0]).IsZero() {
		return false
	}
	since := queuedAt(queued[0]).Time
	return now.Sub(since) >= processorSilent && !q.LastStart.After(since)
}

func submitting(j Job, now time.Time) Queued {
	out := Queued{Job: j, Waited: waited(j, now), Known: true, Hold: "being submitted to the GPU service"}
	if d := DiagnoseJob(j, now); d != nil {
		out.Overdue, out.Known, out.Hold, out.Hint = true, false, d.Text, d.Hint
	}
	return out
}

func waited(j Job, now time.Time) time.Duration {
	if queuedAt(j).IsZero() {
		return 0
	}
	return max(0, now.Sub(queuedAt(j).Time))
}

// waiting explains the i-th queued job. It starts in the cycle that its place
// among the own jobs allows at the earliest, and not sooner than jobs of late.
func (q *Queue) waiting(j Job, i int, now time.Time) Queued {
	out := Queued{Job: j, Position: i + 1, Waited: waited(j, now)}
	cycles := i/ProcessorBatch + 1
	total := time.Duration(cycles) * ProcessorCycle
	if q.Starts > 0 {
		total = max(total, q.Usual+time.Duration(cycles-1)*ProcessorCycle)
	}
	out.Expect, out.Known = max(0, total-out.Waited), true
	switch {
	case q.Down:
		out.Overdue, out.Known, out.Expect = true, false, 0
		out.Hold = "the job processor does not seem to run: nothing has started for " + roughly(out.Waited)
		out.Hint = "process-training-jobs should run every 30 seconds; ask whoever runs the platform, or cancel"
	case i >= ProcessorBatch:
		out.Hold = fmt.Sprintf("%d of your jobs are ahead, and a cycle starts at most %d", i, ProcessorBatch)
	case out.Waited >= processorSilent && out.Waited > 2*q.Usual:
		out.Overdue, out.Known = true, false
		out.Hold = "overdue: younger jobs have started; those of others may be ahead, which cannot be seen"
	case i > 0:
		out.Hold = fmt.Sprintf("%s ahead, in the same cycle", ownJobs(i))
	default:
		out.Hold = "the processor's next cycle, within 30 seconds"
	}
	if !q.Down && out.Known && out.Expect == 0 && out.Waited > total {
		out.Hold += "; it takes longer than usual, jobs of others may be ahead"
	}
	return out
}

func ownJobs(n int) string {
	if n == 1 {
		return "1 of your jobs is"
	}
	return fmt.Sprintf("%d of your jobs are", n)
}

// roughly is a duration in its largest unit.
func roughly(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()))
}
