package lora

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Config of a run, from the job.
type Config struct {
	LearningRate float64
	BatchSize    int // pairs per step
	Epochs       int
	Rank         int
	Alpha        float64
	Dropout      float64
	WarmupSteps  int     // 0 = a tenth of all steps
	WeightDecay  float64 // of AdamW
	MaxGradNorm  float64 // 0 = no clipping
	Tokens       int     // positions trained per step; 0 = 64 per pair
	Seed         uint64
}

// Dimensions of the demonstration network.
const (
	window = 8
	embed  = 16
	hidden = 64
)

// perPair is how many positions of a pair are trained in a step when nothing
// else is said: a large model sees 2048 tokens, this one samples.
const perPair = 64

// Run trains one adapter. It is not safe for concurrent use.
type Run struct {
	cfg     Config
	data    *Dataset
	net     *base
	pass    *pass
	adapter Adapter
	grad    Adapter
	opt     *adamW
	rng     *rand.Rand
	order   []int
	step    int
	window  []int
	held    []position
}

// position is a place in an example whose token is to be predicted.
type position struct {
	e *example
	i int
}

// NewRun prepares a run.
func NewRun(d *Dataset, c Config) *Run {
	s := Size{Vocab: Vocab, Window: window, Embed: embed, Hidden: hidden, Rank: c.Rank, Alpha: c.Alpha, Dropout: c.Dropout}
	r := &Run{cfg: c, data: d, net: newBase(s, 1), opt: newAdamW(s), grad: newAdapter(s), rng: rand.New(rand.NewPCG(c.Seed, 2)), window: make([]int, window)}
	r.pass = newPass(r.net)
	r.adapter = initAdapter(s, r.rng)
	r.order = r.rng.Perm(len(d.train))
	r.held = heldPositions(d, rand.New(rand.NewPCG(c.Seed, 3)))
	return r
}

// StepsPerEpoch is how many batches the training part makes.
func (r *Run) StepsPerEpoch() int { return Steps(len(r.data.train), r.cfg.BatchSize) }

// Steps is how many batches so many pairs make.
func Steps(pairs, batch int) int { return (pairs + batch - 1) / batch }

// TotalSteps of the run.
func (r *Run) TotalSteps() int { return r.StepsPerEpoch() * r.cfg.Epochs }

// Step is what one optimiser step found.
type Step struct {
	Step, Epoch  int     // counted from 1
	Loss         float64 // mean over the step's tokens, nats
	GradNorm     float64 // before clipping
	LearningRate float64
	Tokens       int  // trained
	EpochEnd     bool // the last step of its epoch
}

// Step does the next optimiser step. After a step that is not
// Stable the run is over.
func (r *Run) Step() Step {
	per := r.StepsPerEpoch()
	at := r.step % per
	if at == 0 && r.step > 0 {
		r.rng.Shuffle(len(r.order), func(i, j int) { r.order[i], r.order[j] = r.order[j], r.order[i] })
	}
	r.step++
	from := at * r.cfg.BatchSize
	batch := r.order[from:min(from+r.cfg.BatchSize, len(r.order))]
	out := Step{Step: r.step, Epoch: (r.step-1)/per + 1, EpochEnd: at == per-1}
	out.Loss, out.Tokens = r.gradient(r.sample(batch))
	out.GradNorm = r.grad.clip(r.cfg.MaxGradNorm)
	warmup := r.cfg.WarmupSteps
	if warmup <= 0 {
		warmup = (r.TotalSteps() + 9) / 10
	}
	out.LearningRate = Rate(r.cfg.LearningRate, r.step, warmup, r.TotalSteps())
	if out.Stable() {
		r.opt.update(&r.adapter, &r.grad, out.LearningRate, r.cfg.WeightDecay)
	}
	return out
}

// LossLimit is the loss from which on a run counts as lost: it is the first
// that the platform's column cannot hold.
const LossLimit = 1e4

// Stable reports whether the run can go on after the step.
func (s Step) Stable() bool { return s.Loss < LossLimit && finite(s.Loss) && finite(s.GradNorm) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// sample draws positions of the batch's responses.
func (r *Run) sample(batch []int) []position {
	each := perPair
	if r.cfg.Tokens > 0 {
		each = max(r.cfg.Tokens/r.cfg.BatchSize, 1)
	}
	out := make([]position, 0, each*len(batch))
	for _, b := range batch {
		e := &r.data.train[b]
		n := len(e.tokens) - e.response
		if n <= each {
			for i := range n {
				out = append(out, position{e, e.response + i})
			}
			continue
		}
		for range each {
			out = append(out, position{e, e.response + r.rng.IntN(n)})
		}
	}
	return out
}

// gradient fills r.grad with the gradient of the mean loss, which it returns.
func (r *Run) gradient(at []position) (loss float64, tokens int) {
	r.grad.zero()
	weight := 1 / float64(len(at))
	for _, p := range at {
		p.e.window(p.i, r.window)
		target := p.e.tokens[p.i]
		r.pass.drop(r.rng)
		l := r.pass.forward(&r.adapter, r.window, target)
		loss += l * weight
		if finite(l) {
			r.pass.backward(&r.adapter, &r.grad, target, weight)
		}
	}
	return loss, len(at)
}

// heldMostTokens bounds the cost of one validation.
const heldMostTokens = 384

func heldPositions(d *Dataset, rng *rand.Rand) []position {
	if len(d.held) == 0 {
		return nil
	}
	each := max(heldMostTokens/len(d.held), 1)
	var out []position
	for k := range d.held {
		e := &d.held[k]
		n := len(e.tokens) - e.response
		for range min(n, each) {
			out = append(out, position{e, e.response + rng.IntN(n)})
		}
	}
	return out
}

// Validate is the mean loss over held-out text, always the same part; ok is
// false when the dataset is too small to hold any out.
func (r *Run) Validate() (loss float64, ok bool) {
	if len(r.held) == 0 {
		return 0, false
	}
	r.pass.drop(nil)
	for _, p := range r.held {
		p.e.window(p.i, r.window)
		loss += r.pass.forward(&r.adapter, r.window, p.e.tokens[p.i])
	}
	return loss / float64(len(r.held)), true
}

// Tensor is a named matrix of the adapter.
type Tensor struct {
	Name string
	Matrix
}

// Tensors of the adapter as it is now, named as PEFT names them.
func (r *Run) Tensors() []Tensor {
	var out []Tensor
	names := []string{"hidden.lora_A", "hidden.lora_B", "head.lora_A", "head.lora_B"}
	for i, m := range r.adapter.list() {
		out = append(out, Tensor{Name: fmt.Sprintf("base_model.model.%s.weight", names[i]), Matrix: *m})
	}
	return out
}
