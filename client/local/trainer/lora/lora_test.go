package lora

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestGradientByFiniteDifferences compares each kind of weight with the slope
// that a small change of it makes.
func TestGradientByFiniteDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Size{Vocab: 7, Window: 3, Embed: 2, Hidden: 5, Rank: rapid.IntRange(1, 4).Draw(t, "rank"),
			Alpha: rapid.Float64Range(0.5, 16).Draw(t, "alpha"), Dropout: rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "dropout")}
		seed := rapid.Uint64().Draw(t, "seed")
		rng := rand.New(rand.NewPCG(seed, 9))
		net := newBase(s, seed)
		a := initAdapter(s, rng)
		for _, m := range a.list() { // B must not be zero, or A has no slope
			for i := range m.W {
				m.W[i] += rng.NormFloat64() * 0.1
			}
		}
		win, target := []int{rng.IntN(7), rng.IntN(7), rng.IntN(7)}, rng.IntN(7)
		p := newPass(net)
		p.drop(rng) // one mask for all that follows
		p.forward(&a, win, target)
		g := newAdapter(s)
		p.backward(&a, &g, target, 1)
		grads := g.list()
		for n, m := range a.list() {
			i := rng.IntN(len(m.W))
			old, eps := m.W[i], 1e-6
			m.W[i] = old + eps
			up := p.forward(&a, win, target)
			m.W[i] = old - eps
			down := p.forward(&a, win, target)
			m.W[i] = old
			want, got := (up-down)/(2*eps), grads[n].W[i]
			if math.Abs(want-got) > 1e-4*(1+math.Abs(want)+math.Abs(got)) {
				t.Fatalf("matrix %d, weight %d: gradient %g, slope %g", n, i, got, want)
			}
		}
	})
}

// corpus makes JSONL whose responses follow from the prompts.
func corpus(pairs int) string {
	var b strings.Builder
	words := []string{"plan the week with care", "list what comes in and goes out", "begin with one small step", "write it down and breathe"}
	for i := range pairs {
		fmt.Fprintf(&b, `{"messages":[{"role":"user","content":"question %d"},{"role":"assistant","content":"%s, then %s."}]}`+"\n", i, words[i%4], words[(i/4)%4])
	}
	return b.String()
}

func data(t testing.TB, text string) *Dataset {
	t.Helper()
	d, err := Read(strings.NewReader(text), 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// trainAll runs to the end, or to the first unstable step.
func trainAll(r *Run) (first, last float64, steps []Step) {
	for range r.TotalSteps() {
		s := r.Step()
		steps = append(steps, s)
		if !s.Stable() {
			return steps[0].Loss, s.Loss, steps
		}
	}
	tail := steps[max(0, len(steps)-3):]
	for _, s := range tail {
		last += s.Loss / float64(len(tail))
	}
	return steps[0].Loss, last, steps
}

// learnable draws the configurations of which learning is demanded.
func learnable() *rapid.Generator[Config] {
	return rapid.Custom(func(t *rapid.T) Config {
		rank := rapid.IntRange(4, 32).Draw(t, "rank")
		return Config{LearningRate: rapid.Float64Range(1e-4, 1e-3).Draw(t, "rate"), BatchSize: rapid.IntRange(4, 16).Draw(t, "batch"), Epochs: 6,
			Rank: rank, Alpha: 2 * float64(rank), Dropout: rapid.Float64Range(0, 0.2).Draw(t, "dropout"), MaxGradNorm: 1, WeightDecay: 0.01,
			Tokens: 32, Seed: rapid.Uint64().Draw(t, "seed")}
	})
}

func TestLossFallsOnALearnableCorpus(t *testing.T) {
	d := data(t, corpus(48))
	for seed := range 4 { // each run costs too much for a hundred of them
		c := learnable().Example(seed)
		r := NewRun(d, c)
		before, ok := r.Validate()
		first, last, _ := trainAll(r)
		after, _ := r.Validate()
		if !ok || !(last < first-0.1) || !(after < before-0.1) {
			t.Errorf("%+v: training loss %.3f -> %.3f, validation %.3f -> %.3f", c, first, last, before, after)
		}
	}
}

func TestSameSeedSameRun(t *testing.T) {
	d := data(t, corpus(12))
	c := Config{LearningRate: 1e-3, BatchSize: 4, Epochs: 2, Rank: 4, Alpha: 8, Dropout: 0.1, Tokens: 16, Seed: 7}
	_, a, _ := trainAll(NewRun(d, c))
	_, b, _ := trainAll(NewRun(d, c))
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
	c.Seed++
	if _, b, _ = trainAll(NewRun(d, c)); a == b {
		t.Error("the seed changes nothing")
	}
}

func TestAbsurdRateDiverges(t *testing.T) {
	d := data(t, corpus(48))
	for _, rate := range []float64{1, 10, 1e6, 1e300} {
		_, last, steps := trainAll(NewRun(d, Config{LearningRate: rate, BatchSize: 4, Epochs: 3, Rank: 8, Alpha: 16, Tokens: 16, Seed: 1}))
		if s := steps[len(steps)-1]; s.Stable() || len(steps) < 2 {
			t.Errorf("rate %g: after %d steps the loss is %g", rate, len(steps), last)
		}
	}
}

func TestTinyRateLearnsNothing(t *testing.T) {
	d := data(t, corpus(48))
	r := NewRun(d, Config{LearningRate: 1e-12, BatchSize: 8, Epochs: 2, Rank: 8, Alpha: 16, Tokens: 16, Seed: 1})
	before, _ := r.Validate()
	trainAll(r)
	if after, _ := r.Validate(); math.Abs(after-before) > 1e-6 {
		t.Errorf("validation loss moved from %v to %v", before, after)
	}
}

func TestClip(t *testing.T) {
	d := data(t, corpus(8))
	r := NewRun(d, Config{LearningRate: 1e-3, BatchSize: 4, Epochs: 1, Rank: 4, Alpha: 8, MaxGradNorm: 0.5, Tokens: 16, Seed: 1})
	if s := r.Step(); s.GradNorm <= 0.5 {
		t.Fatalf("the norm of the raw gradient is told: %v", s.GradNorm)
	}
	if n := r.grad.norm(); math.Abs(n-0.5) > 1e-9 {
		t.Errorf("clipped to %v", n)
	}
}

func TestRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(1, 5000).Draw(t, "total")
		warmup := rapid.IntRange(1, total).Draw(t, "warmup")
		step := rapid.IntRange(1, total).Draw(t, "step")
		v := Rate(2e-4, step, warmup, total)
		if v < 0 || v > 2e-4 {
			t.Fatalf("step %d of %d, warm-up %d: %g", step, total, warmup, v)
		}
		if step < total {
			if next := Rate(2e-4, step+1, warmup, total); (step < warmup) != (next > v) && next != v {
				t.Fatalf("step %d of %d, warm-up %d: %g then %g", step, total, warmup, v, next)
			}
		}
	})
	if v := Rate(1, 10, 10, 100); v != 1 {
		t.Errorf("the peak is %v", v)
	}
}

func TestStepsAndEpochs(t *testing.T) {
	d := data(t, corpus(23))
	r := NewRun(d, Config{LearningRate: 1e-4, BatchSize: 8, Epochs: 2, Rank: 1, Alpha: 1, Tokens: 8, Seed: 1})
	if d.Pairs != 23 || d.Train() != 21 || r.StepsPerEpoch() != 3 || r.TotalSteps() != 6 {
		t.Fatalf("%d pairs, %d trained, %d steps an epoch, %d in all", d.Pairs, d.Train(), r.StepsPerEpoch(), r.TotalSteps())
	}
	_, _, steps := trainAll(r)
	for i, s := range steps {
		if s.Step != i+1 || s.Epoch != i/3+1 || s.EpochEnd != (i%3 == 2) {
			t.Errorf("step %d: %+v", i+1, s)
		}
	}
}

func TestReadFormats(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		pairs int
	}{
		"pair":          {`{"_meta":{"total_pairs":9}}` + "\n" + `{"id":"a","current_user_input":"q","target_response":"a"}` + "\n" + `{"id":"b","current_user_input":"q","target_response":null}`, 1},
		"turns":         {`{"conversation_id":"c","turns":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`, 2},
		"messages":      {`{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`, 1},
		"conversations": {`{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}`, 1},
		"broken lines":  {"{\n\nnot json\n" + `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}` + "\n[1]", 1},
	} {
		if d, err := Read(strings.NewReader(c.text), 1); err != nil || d.Pairs != c.pairs {
			t.Errorf("%s: %+v %v", name, d, err)
		}
	}
	for name, text := range map[string]string{"empty": "", "blank": "\n \n", "no pairs": `{"messages":[{"role":"user","content":"q"}]}`, "binary": "\x00\xff"} {
		if _, err := Read(strings.NewReader(text), 1); !errors.Is(err, ErrNoData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(corpus(2))
	f.Add("{\"current_user_input\":\"\\ud800\",\"target_response\":\"x\"}")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Read(strings.NewReader(text), 1)
		if err != nil {
			return
		}
		r := NewRun(d, Config{LearningRate: 1e-4, BatchSize: 2, Epochs: 1, Rank: 1, Alpha: 1, Tokens: 4, Seed: 1})
		if s := r.Step(); !s.Stable() {
			t.Errorf("%q: %+v", text, s)
		}
	})
}

func BenchmarkStep(b *testing.B) {
	r := NewRun(data(b, corpus(64)), Config{LearningRate: 1e-4, BatchSize: 8, Epochs: 1 << 20, Rank: 16, Alpha: 32, Dropout: 0.1, MaxGradNorm: 1, Tokens: 256, Seed: 1})
	for b.Loop() {
		r.Step()
	}
}
