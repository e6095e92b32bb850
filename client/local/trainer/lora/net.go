package lora

import (
	"math"
	"math/rand/v2"
)

// Size of a network.
type Size struct {
	Vocab   int // tokens
	Window  int // tokens of context
	Embed   int // per token
	Hidden  int
	Rank    int     // of the adapter
	Alpha   float64 // the adapter's output is scaled by Alpha/Rank
	Dropout float64 // of the adapter's inputs, 0..1
}

// input is how many numbers the window makes.
func (s Size) input() int { return s.Window * s.Embed }

// gain is the size of the hidden activations. It is set so that learning rates
// which suit large models (1e-5 to 1e-3) move this small one as visibly.
const gain = 40

// halfMax is the largest number of half precision, in which a GPU would hold
// the logits. What exceeds it is infinite there, and so it is here.
const halfMax = 65504

// base is the frozen network: token embeddings, a hidden layer, an output head.
type base struct {
	size  Size
	embed []float64 // Vocab × Embed
	pre   []float64 // Window × Vocab × Hidden: the hidden layer's answer to each token at each place
	head  []float64 // Vocab × Hidden
}

// Matrix is a dense matrix in row order.
type Matrix struct {
	Rows, Cols int
	W          []float64
}

func zeros(rows, cols int) Matrix { return Matrix{rows, cols, make([]float64, rows*cols)} }

func (m Matrix) row(i int) []float64 { return m.W[i*m.Cols : (i+1)*m.Cols] }

// Adapter is what is trained: B·A beside the hidden layer and beside the head.
type Adapter struct {
	HiddenA, HiddenB Matrix // Rank × input, Hidden × Rank
	HeadA, HeadB     Matrix // Rank × Hidden, Vocab × Rank
}

// list gives the matrices in one order, for optimiser and gradients.
func (a *Adapter) list() []*Matrix {
	return []*Matrix{&a.HiddenA, &a.HiddenB, &a.HeadA, &a.HeadB}
}

func newAdapter(s Size) Adapter {
	return Adapter{zeros(s.Rank, s.input()), zeros(s.Hidden, s.Rank), zeros(s.Rank, s.Hidden), zeros(s.Vocab, s.Rank)}
}

// newBase makes the frozen network; it is the same for the same seed.
func newBase(s Size, seed uint64) *base {
	r := rand.New(rand.NewPCG(seed, 0x6c6f7261))
	b := &base{size: s, embed: normals(r, s.Vocab*s.Embed, 1), head: normals(r, s.Vocab*s.Hidden, 0.3/(gain*math.Sqrt(float64(s.Hidden))))}
	hidden := normals(r, s.Hidden*s.input(), gain*1.4/math.Sqrt(float64(s.input())))
	b.pre = make([]float64, s.Window*s.Vocab*s.Hidden)
	for place := range s.Window {
		for tok := range s.Vocab {
			out := b.pre[(place*s.Vocab+tok)*s.Hidden:][:s.Hidden]
			x := b.embed[tok*s.Embed:][:s.Embed]
			for h := range out {
				out[h] = dot(hidden[h*s.input()+place*s.Embed:][:s.Embed], x)
			}
		}
	}
	return b
}

func normals(r *rand.Rand, n int, scale float64) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = r.NormFloat64() * scale
	}
	return w
}

// initAdapter fills A with small noise and leaves B at zero, so that training
// starts from the frozen network exactly.
func initAdapter(s Size, r *rand.Rand) Adapter {
	a := newAdapter(s)
	for _, m := range []*Matrix{&a.HiddenA, &a.HeadA} {
		limit := 1 / math.Sqrt(float64(m.Cols))
		for i := range m.W {
			m.W[i] = (2*r.Float64() - 1) * limit
		}
	}
	return a
}

func dot(a, b []float64) float64 {
	s := 0.0
	b = b[:len(a)]
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

// axpy adds k·x to y.
func axpy(k float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += k * v
	}
}
