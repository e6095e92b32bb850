package lora

import "math"

// The constants of AdamW, as every framework has them.
const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-8
)

// adamW keeps the two running means of each weight.
type adamW struct {
	mean, square Adapter
	step         int
}

func newAdamW(s Size) *adamW { return &adamW{mean: newAdapter(s), square: newAdapter(s)} }

// update moves the adapter against the gradient.
func (o *adamW) update(a, g *Adapter, rate, decay float64) {
	o.step++
	c1, c2 := 1-math.Pow(beta1, float64(o.step)), 1-math.Pow(beta2, float64(o.step))
	means, squares, grads := o.mean.list(), o.square.list(), g.list()
	for n, m := range a.list() {
		mean, square, grad := means[n].W, squares[n].W, grads[n].W
		for i, d := range grad {
			mean[i] = beta1*mean[i] + (1-beta1)*d
			square[i] = beta2*square[i] + (1-beta2)*d*d
			m.W[i] -= rate * (mean[i]/c1/(math.Sqrt(square[i]/c2)+epsilon) + decay*m.W[i])
		}
	}
}

// norm is the length of the gradient.
func (a *Adapter) norm() float64 {
	sum := 0.0
	for _, m := range a.list() {
		sum += dot(m.W, m.W)
	}
	return math.Sqrt(sum)
}

// clip shortens the gradient to at most limit; 0 leaves it. It returns the
// length before.
func (a *Adapter) clip(limit float64) float64 {
	n := a.norm()
	if limit <= 0 || !(n > limit) {
		return n
	}
	for _, m := range a.list() {
		for i := range m.W {
			m.W[i] *= limit / n
		}
	}
	return n
}

func (a *Adapter) zero() {
	for _, m := range a.list() {
		clear(m.W)
	}
}

// Rate is the learning rate at a step counted from 1: up in a straight line
// over the warm-up, then down along half a cosine to nothing after the last.
func Rate(peak float64, step, warmup, total int) float64 {
	if step <= warmup {
		return peak * (float64(step) / float64(warmup)) // no more than the peak, however it is rounded
	}
	span := max(total-warmup, 1)
	return peak * 0.5 * (1 + math.Cos(math.Pi*float64(step-1-warmup)/float64(span)))
}
