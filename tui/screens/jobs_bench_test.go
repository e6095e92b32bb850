package screens

import (
	"slices"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// benchScreen measures a View after an Update that changed nothing, which is
// what most messages are.
func benchScreen(b *testing.B, s screen.Screen, touch func()) {
	f := screen.Frame{W: 120, H: 40, Theme: themesForTest()[0], Now: clock(), Focus: true}
	s.View(f)
	b.ReportAllocs()
	for b.Loop() {
		if touch != nil {
			touch()
		}
		s.View(f)
	}
}

// benchJob is a job page with data.
func benchJob(b *testing.B, points int) *job {
	back := jobsBackend(runningJob(1))
	sc, cancel := screen.NewScope(b.Context(), 1, clock)
	b.Cleanup(cancel)
	s, _ := newJob(back, options())(sc, screen.Args{jobID(1)}).(*job)
	for i := range points {
		p := point(i, clock().Add(time.Duration(i)*time.Second), int64(i), false)
		p.GradientNorm, p.Throughput, p.GPUUtilization = p.TrainingLoss, p.TrainingLoss, models.Ptr(models.F64(90))
		s.stream.series.add([]models.MetricsPoint{p})
	}
	if m, ok := s.row.Start()().(screen.Addressed); ok {
		s.Update(m.Msg)
	}
	return s
}

func BenchmarkJobView(b *testing.B) {
	s := benchJob(b, 100_000)
	b.Run("untouched", func(b *testing.B) { benchScreen(b, s, nil) })
	b.Run("touched", func(b *testing.B) { benchScreen(b, s, s.touch) })
	n := 100_000
	b.Run("new point", func(b *testing.B) {
		benchScreen(b, s, func() {
			s.stream.series.add([]models.MetricsPoint{point(n, clock().Add(time.Duration(n)*time.Second), int64(n), false)})
			n++
			s.touch()
		})
	})
}

func BenchmarkJobsView(b *testing.B) {
	var js []models.Job
	for i := range 50 {
		js = append(js, runningJob(i))
	}
	sc, cancel := screen.NewScope(b.Context(), 1, clock)
	b.Cleanup(cancel)
	s, _ := newJobs(jobsBackend(js...), options())(sc, nil).(*jobs)
	if m, ok := s.list.start()().(screen.Addressed); ok {
		s.Update(m.Msg)
	}
	if m, ok := s.live.feed.Start()().(screen.Addressed); ok {
		s.Update(m.Msg)
	}
	b.Run("untouched", func(b *testing.B) { benchScreen(b, s, nil) })
	b.Run("touched", func(b *testing.B) { benchScreen(b, s, s.touch) })
}

// BenchmarkKeyOnMillionPoints is a key on the page of a job with a million points
// in memory, until its frame is ready: the cursor, the zoom and the choice of a
// chart in turn, at 120×40.
func BenchmarkKeyOnMillionPoints(b *testing.B) {
	s := benchJob(b, 1_000_000)
	f := screen.Frame{W: 120, H: 40, Theme: themesForTest()[0], Now: clock(), Focus: true}
	s.charts.update(models.Job{}, options())
	s.View(f)
	var took []time.Duration
	ids := []string{"job.left", "job.zoomIn", "job.nextChart", "job.panLeft", "job.left", "job.zoomOut", "job.log", "job.all"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		for _, a := range s.Actions() {
			if a.ID == ids[i%len(ids)] && a.Why() == "" {
				a.Do()
			}
		}
		s.View(f)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
