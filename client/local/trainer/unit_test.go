package trainer

import (
	"math"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNumericFitsItsColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "v")
		got, err := strconv.ParseFloat(numeric(v, 6, 1e4), 64)
		if err != nil || math.Abs(got) > 9999.999999 {
			t.Fatalf("%g became %g (%v)", v, got, err)
		}
		if math.Abs(v) < 9999 && math.Abs(got-v) > 1e-6 {
			t.Fatalf("%g became %g", v, got)
		}
	})
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if s := numeric(v, 6, 1e4); s != "NaN" {
			t.Errorf("%g became %s", v, s)
		}
	}
}

func TestPace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		speed, steps := rapid.Float64Range(0.5, 1000).Draw(t, "speed"), rapid.IntRange(1, 1_000_000).Draw(t, "steps")
		p := newPace(speed, steps)
		whole := time.Duration(float64(p.step) * float64(steps) * speed)
		if whole > trainMax+time.Duration(steps)*time.Microsecond || p.tokens < fewest || p.tokens > most {
			t.Fatalf("%+v takes %v at speed 1", p, whole)
		}
		if rest := p.wait(1, time.Second, 3); speed <= 1 && rest < 9*time.Second-time.Millisecond {
			t.Fatalf("three jobs rest %v after a second of work", rest)
		}
		if points := (steps + p.every - 1) / p.every; points > maxPoints || points < min(steps, maxPoints/2) {
			t.Fatalf("%d points of %d steps", points, steps)
		}
	})
}

func TestQualityBands(t *testing.T) {
	v := func(f float64) *float64 { return &f }
	for _, c := range []struct {
		first, last float64
		validation  *float64
		name        string
		score       float64
	}{
		{4, 1.9, v(2), "excellent", 5},
		{4, 2.7, v(2.8), "good", 4},
		{4, 3.3, nil, "fair", 3},
		{4, 3.7, nil, "poor", 2},
		{4, 4, nil, "poor", 1},
		{4, 1, v(2), "overfit", 4},
		{0, 1, nil, "poor", 1},
	} {
		q := quality(c.first, c.last, c.validation)
		if q.ConvergenceQuality != c.name || float64(*q.OverallScore) != c.score || (q.Perplexity == nil) != (c.validation == nil) {
			t.Errorf("%+v: %s %v", c, q.ConvergenceQuality, *q.OverallScore)
		}
		if c.first == 0 && q.LossReductionPercent != nil {
			t.Errorf("reduction of nothing: %v", *q.LossReductionPercent)
		}
	}
}

func TestArtifactName(t *testing.T) {
	at := time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)
	if got := artifactName("Calm", at); got != "Calm - 11/4/2026" {
		t.Error(got)
	}
	long := artifactName(string(make([]rune, 300)), at)
	if n := len([]rune(long)); n != nameLength {
		t.Errorf("%d characters", n)
	}
}
