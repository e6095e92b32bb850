package screens

import (
	"runtime"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// million adds so many points with all six metrics, a page at a time.
func million(s *series, n int) {
	page := make([]models.MetricsPoint, 0, metricsPage)
	for i := range n {
		p := whole(i)
		if page = append(page, p); len(page) == cap(page) {
			s.add(page)
			page = page[:0]
		}
	}
	s.add(page)
}

// whole is a point with all six metrics.
func whole(i int) models.MetricsPoint {
	p := point(i, clock().Add(time.Duration(i)*time.Second), int64(i), false)
	v := models.F64(i % 1000)
	p.ValidationLoss, p.GradientNorm, p.Throughput, p.GPUUtilization = &v, &v, &v, &v
	return p
}

// TestMillionPointsFit holds the memory that a million points with six metrics
// take, after what is thrown away on the way is collected.
func TestMillionPointsFit(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var s series
	million(&s, 1_000_000)
	used := heap() - before
	if used >= 100<<20 || s.length() != 1_000_000 {
		t.Errorf("%d points take %.1f MB", s.length(), float64(used)/(1<<20))
	}
	t.Logf("%.1f MB", float64(used)/(1<<20))
	runtime.KeepAlive(&s)
}

// BenchmarkAppend adds one point with six metrics, as each second brings it.
func BenchmarkAppend(b *testing.B) {
	for name, n := range map[string]int{"thousand": 1000, "million": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			var s series
			million(&s, n)
			one := make([]models.MetricsPoint, 1)
			b.ReportAllocs()
			for b.Loop() {
				one[0] = whole(n)
				s.add(one)
				n++
			}
		})
	}
}
