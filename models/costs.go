package models

import (
	"sort"
	"time"
)

// CostData is the raw material of a cost report.
type CostData struct {
	Records []CostRecord
	Jobs    []Job // every job of the period, with or without a record
}

// CostLine is one amount of a report.
type CostLine struct {
	JobID   string // "" when the record names none
	Label   string // dataset of the job, or the type
	Type    CostType
	Amount  Money
	At      Time // when it was recorded, or when the job stopped
	Derived bool // not in cost_records: taken from the job's own row
}

// CostGroup sums lines that share a key.
type CostGroup struct {
	Key, Label     string
	Total, Derived Money // Derived is the part of Total without a record
	Count          int
}

// CostReport tells what was spent. The platform records completed jobs only, so
// what failed, cancelled and running jobs have cost is derived and told apart.
type CostReport struct {
	Lines                    []CostLine // newest first
	Total, Recorded, Derived Money
	ByMonth, ByType, ByJob   []CostGroup // months newest first, the rest largest first
}

// BuildCostReport joins records with the jobs that have none, from an instant on.
func BuildCostReport(d CostData, gpus []GPU, from, now time.Time) CostReport {
	labels, recorded := map[string]string{}, map[string]bool{}
	for _, j := range d.Jobs {
		labels[j.ID] = jobLabel(j)
	}
	var r CostReport
	for _, c := range d.Records {
		if line, ok := recordLine(c, labels); ok {
			if line.Type != CostStorage && line.Type != CostDataTransfer {
				recorded[line.JobID] = true
			}
			r.add(line, from)
		}
	}
	for _, j := range d.Jobs {
		if line, ok := derivedLine(j, gpus, now); ok && !recorded[j.ID] {
			r.add(line, from)
		}
	}
	sort.SliceStable(r.Lines, func(a, b int) bool { return r.Lines[a].At.After(r.Lines[b].At.Time) })
	r.ByMonth = group(r.Lines, monthKey)
	sort.SliceStable(r.ByMonth, func(a, b int) bool { return r.ByMonth[a].Key > r.ByMonth[b].Key })
	r.ByType = bySize(group(r.Lines, func(l CostLine) (string, string) { return string(l.Type), string(l.Type) }))
	r.ByJob = bySize(group(r.Lines, func(l CostLine) (string, string) { return l.JobID, l.Label }))
	return r
}

func (r *CostReport) add(l CostLine, from time.Time) {
	if l.At.Before(from) {
		return
	}
	r.Lines = append(r.Lines, l)
	r.Total = r.Total.Add(l.Amount)
	if l.Derived {
		r.Derived = r.Derived.Add(l.Amount)
	} else {
		r.Recorded = r.Recorded.Add(l.Amount)
	}
}

func recordLine(c CostRecord, labels map[string]string) (CostLine, bool) {
	if c.Amount == nil || !c.Amount.Known() {
		return CostLine{}, false
	}
	l := CostLine{Label: string(c.Type), Type: c.Type, Amount: *c.Amount, At: c.BillingPeriod}
	if c.JobID != nil {
		l.JobID = *c.JobID
		if name := labels[l.JobID]; name != "" {
			l.Label = name
		}
	}
	if sameDay(c.RecordedAt, c.BillingPeriod) || l.At.IsZero() {
		l.At = c.RecordedAt // the instant, where it does not move the amount to another day
	}
	return l, true
}

func sameDay(a, b Time) bool {
	return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly)
}

func derivedLine(j Job, gpus []GPU, now time.Time) (CostLine, bool) {
	spent, _, ok := Spend(j, gpus, now)
	if !ok || spent.IsZero() {
		return CostLine{}, false
	}
	at := At(j.end(now))
	if at.IsZero() {
		at = j.CreatedAt
	}
	return CostLine{JobID: j.ID, Label: jobLabel(j), Type: CostTrainingCompute, Amount: spent, At: at, Derived: true}, true
}

func jobLabel(j Job) string {
	if j.Dataset != nil && j.Dataset.Name != "" {
		return j.Dataset.Name
	}
	return j.ID
}

func monthKey(l CostLine) (key, label string) {
	m := l.At.UTC()
	return m.Format("2006-01"), m.Format("January 2006")
}

func group(lines []CostLine, key func(CostLine) (string, string)) []CostGroup {
	index, out := map[string]int{}, []CostGroup{}
	for _, l := range lines {
		k, label := key(l)
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, CostGroup{Key: k, Label: label})
		}
		g := &out[i]
		g.Count++
		g.Total = g.Total.Add(l.Amount)
		if l.Derived {
			g.Derived = g.Derived.Add(l.Amount)
		}
	}
	return out
}

func bySize(groups []CostGroup) []CostGroup {
	sort.SliceStable(groups, func(a, b int) bool { return groups[a].Total.Cmp(groups[b].Total) > 0 })
	return groups
}
