package lora

import (
	"math"
	"math/rand/v2"
)

// pass holds the numbers of one position on its way forward and back, so that
// nothing is allocated per position.
type pass struct {
	net                *base
	scale              float64 // alpha / rank
	x, xd              []float64
	z, h, hd           []float64
	u1, u2             []float64
	logits, prob       []float64
	du1, du2, dh, dz   []float64
	maskX, maskH       []float64 // nil in evaluation
	keepX, keepH       []float64 // memory of the masks
	dropout, keepScale float64
}

func newPass(b *base) *pass {
	s := b.size
	f := func(n int) []float64 { return make([]float64, n) }
	return &pass{net: b, scale: s.Alpha / float64(s.Rank), x: f(s.input()), xd: f(s.input()), z: f(s.Hidden), h: f(s.Hidden), hd: f(s.Hidden),
		u1: f(s.Rank), u2: f(s.Rank), logits: f(s.Vocab), prob: f(s.Vocab), du1: f(s.Rank), du2: f(s.Rank), dh: f(s.Hidden), dz: f(s.Hidden),
		keepX: f(s.input()), keepH: f(s.Hidden), dropout: s.Dropout, keepScale: 1 / (1 - s.Dropout)}
}

// drop draws new masks for the adapter's inputs; r nil is evaluation.
func (p *pass) drop(r *rand.Rand) {
	p.maskX, p.maskH = nil, nil
	if r == nil || p.dropout <= 0 {
		return
	}
	for _, m := range [][]float64{p.keepX, p.keepH} {
		for i := range m {
			m[i] = p.keepScale
			if r.Float64() < p.dropout {
				m[i] = 0
			}
		}
	}
	p.maskX, p.maskH = p.keepX, p.keepH
}

func masked(dst, src, mask []float64) {
	copy(dst, src)
	for i, m := range mask {
		dst[i] *= m
	}
}

// forward computes −log p(target | window). NaN means that the logits left the
// range of half precision.
func (p *pass) forward(a *Adapter, window []int, target int) float64 {
	s := p.net.size
	clear(p.z)
	for place, tok := range window {
		copy(p.x[place*s.Embed:], p.net.embed[tok*s.Embed:][:s.Embed])
		axpy(1, p.net.pre[(place*s.Vocab+tok)*s.Hidden:][:s.Hidden], p.z)
	}
	masked(p.xd, p.x, p.maskX)
	for k := range p.u1 {
		p.u1[k] = dot(a.HiddenA.row(k), p.xd)
	}
	for i := range p.z {
		p.z[i] += p.scale * dot(a.HiddenB.row(i), p.u1)
		p.h[i] = act(p.z[i])
	}
	masked(p.hd, p.h, p.maskH)
	for k := range p.u2 {
		p.u2[k] = dot(a.HeadA.row(k), p.hd)
	}
	top := math.Inf(-1)
	for v := range p.logits {
		l := dot(p.net.head[v*s.Hidden:][:s.Hidden], p.h) + p.scale*dot(a.HeadB.row(v), p.u2)
		if !(math.Abs(l) <= halfMax) {
			return math.NaN()
		}
		p.logits[v] = l
		top = math.Max(top, l)
	}
	sum := 0.0
	for v, l := range p.logits {
		p.prob[v] = math.Exp(l - top)
		sum += p.prob[v]
	}
	for v := range p.prob {
		p.prob[v] /= sum
	}
	return math.Log(sum) + top - p.logits[target]
}

// backward adds the gradient of weight·loss of the last forward pass to g.
func (p *pass) backward(a, g *Adapter, target int, weight float64) {
	s := p.net.size
	clear(p.dh)
	clear(p.du2)
	for v, pr := range p.prob {
		d := pr * weight
		if v == target {
			d -= weight
		}
		if d == 0 {
			continue
		}
		axpy(d, p.net.head[v*s.Hidden:][:s.Hidden], p.dh)
		axpy(d*p.scale, a.HeadB.row(v), p.du2)
		axpy(d*p.scale, p.u2, g.HeadB.row(v))
	}
	for k, d := range p.du2 {
		axpy(d, p.hd, g.HeadA.row(k))
		addMasked(d, a.HeadA.row(k), p.maskH, p.dh)
	}
	clear(p.du1)
	for i, d := range p.dh {
		p.dz[i] = d * actSlope(p.z[i])
		axpy(p.dz[i]*p.scale, p.u1, g.HiddenB.row(i))
		axpy(p.dz[i]*p.scale, a.HiddenB.row(i), p.du1)
	}
	for k, d := range p.du1 {
		axpy(d, p.xd, g.HiddenA.row(k))
	}
}

// addMasked adds k·x to y where the mask kept the input.
func addMasked(k float64, x, mask, y []float64) {
	if mask == nil {
		axpy(k, x, y)
		return
	}
	for i, v := range x {
		y[i] += k * v * mask[i]
	}
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// leak keeps a unit alive whose input has gone far below zero.
const leak = 0.1

// act is SiLU with a leak: smooth, so that gradients can be checked, and
// unbounded, so that a wild step shows.
func act(z float64) float64 { return leak*z + (1-leak)*z*sigmoid(z) }

func actSlope(z float64) float64 {
	s := sigmoid(z)
	return leak + (1-leak)*s*(1+z*(1-s))
}
