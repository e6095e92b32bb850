package models

// NewsQuery asks what has become of a user's jobs since the News before.
type NewsQuery struct {
	// Since is News.At of the answer before; zero for the first read, which
	// tells how things stand.
	Since Time
	// Known are the jobs that had not ended then: each is in the answer, unless
	// it is gone.
	Known []string
	// Skip are jobs whose points are not searched for values that are no
	// numbers.
	Skip []string
}

// News is what has become of a user's jobs.
type News struct {
	// At is the clock of the server as far as it was seen: the latest change of
	// any job. It never runs back.
	At Time
	// Jobs are those that have not ended, those of NewsQuery.Known, and what
	// else has changed since. Only the columns of their life are set.
	Jobs []Job
	// Odd are points since then with a value that is no number, ascending by
	// time, at most 200; some may be from a little before, or told already.
	Odd []MetricsPoint
}

// OddMetric is the first metric of the point that is no number: its name for
// people, the value, and false when there is none.
func (p MetricsPoint) OddMetric() (name string, v F64, odd bool) {
	for _, m := range []struct {
		name string
		v    *F64
	}{
		{"training loss", p.TrainingLoss}, {"validation loss", p.ValidationLoss}, {"learning rate", p.LearningRate},
		{"gradient norm", p.GradientNorm}, {"throughput", p.Throughput}, {"GPU use", p.GPUUtilization},
	} {
		if m.v != nil && !m.v.Finite() {
			return m.name, *m.v, true
		}
	}
	return "", 0, false
}
