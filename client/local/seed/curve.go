package seed

import (
	"math"
	"math/rand/v2"
	"time"
)

// curve describes a training history: losses fall like exp(-step/tau) from
// high to low under noise, the learning rate warms up over a tenth and then
// follows a cosine.
type curve struct {
	steps     int // of the whole run
	until     int // the last step that was reached
	every     int // steps between two points
	epochs    int
	high, low float64
	tau       float64 // in steps
	noise     float64
	rate      float64 // peak learning rate
	valEvery  int     // points between two validation losses; 0 = none
	gap       float64 // how far validation ends above training
	spikes    int     // how many bumps
	nanFrom   int     // from this step on losses are NaN; 0 = never
	rewind    int     // at this step the run goes back a tenth, once; 0 = never
	speed     float64 // tokens a second
}

// point is one row of metrics_points.
type point struct {
	at                    time.Time
	epoch, step           int
	train                 float64
	val                   *float64
	rate, norm, speed, in float64
}

// points computes the history, spread evenly from start over a span.
func (c curve) points(name string, start time.Time, span time.Duration) []point {
	rng := newWriter(name).rng
	bumps := make([]float64, c.spikes)
	for i := range bumps {
		bumps[i] = rng.Float64() * float64(c.until)
	}
	var out []point
	rewound := false
	for step := c.every; step <= c.until; step += c.every {
		if c.rewind > 0 && step > c.rewind && !rewound {
			rewound, step = true, step-c.steps/10
		}
		p := c.point(rng, step, bumps)
		if c.valEvery > 0 && (step/c.every)%c.valEvery == 0 {
			p.val = ptr(math.Max(0.05, p.train+c.gap*float64(step)/float64(c.steps)+rng.NormFloat64()*c.noise/3))
		}
		out = append(out, p)
	}
	for i := range out {
		out[i].at = start.Add(time.Duration(float64(span) * float64(i) / float64(len(out))))
	}
	return out
}

func (c curve) point(rng *rand.Rand, step int, bumps []float64) point {
	x := float64(step)
	loss := c.low + (c.high-c.low)*math.Exp(-x/c.tau)
	loss += rng.NormFloat64() * c.noise * (0.3 + loss/c.high)
	norm := 0.4 + 2.2*math.Exp(-x/c.tau) + 0.15*math.Abs(rng.NormFloat64())
	for _, b := range bumps {
		bump := math.Exp(-math.Abs(x-b) / (0.004*float64(c.steps) + 1))
		loss, norm = loss+0.8*bump, norm+5*bump
	}
	p := point{
		epoch: min(step*c.epochs/c.steps, c.epochs-1), step: step, train: math.Max(loss, 0.02), norm: norm,
		rate: c.learningRate(x), speed: c.speed * (1 + 0.04*rng.NormFloat64()), in: math.Min(99.5, 93+3*rng.NormFloat64()),
	}
	if c.nanFrom > 0 && step >= c.nanFrom {
		p.train, p.norm = math.NaN(), math.NaN()
	}
	return p
}

func (c curve) learningRate(x float64) float64 {
	warm := 0.1 * float64(c.steps)
	if x < warm {
		return c.rate * x / warm
	}
	return c.rate * 0.5 * (1 + math.Cos(math.Pi*(x-warm)/(float64(c.steps)-warm)))
}
