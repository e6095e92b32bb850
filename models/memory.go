package models

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// DefaultSeqLength is what the platform's worker cuts an example to when a job
// names no length, in tokens.
const DefaultSeqLength = 2048

// BaseModel is the shape of a model that adapters are trained for. The figures
// are those of its public configuration.
type BaseModel struct {
	Name                  string  // owner/name on Hugging Face
	Params                float64 // all weights
	Layers, Hidden, Inner int     // Inner is the width of the feed-forward part
	QueryDim, KVDim       int     // heads × head size, of queries, and of keys and values
	Vocab                 int
	Guess                 bool // not in the table: scaled from the size in its name
}

// BaseModels is the table of common base models, the platform's default first.
func BaseModels() []BaseModel {
	return []BaseModel{
		{Name: DefaultBaseModel, Params: 7.24e9, Layers: 32, Hidden: 4096, Inner: 14336, QueryDim: 4096, KVDim: 1024, Vocab: 32000},
		{Name: "mistralai/Mistral-7B-Instruct-v0.3", Params: 7.25e9, Layers: 32, Hidden: 4096, Inner: 14336, QueryDim: 4096, KVDim: 1024, Vocab: 32768},
		{Name: "mistralai/Mistral-Nemo-Base-2407", Params: 12.25e9, Layers: 40, Hidden: 5120, Inner: 14336, QueryDim: 4096, KVDim: 1024, Vocab: 131072},
		{Name: "meta-llama/Llama-2-7b-hf", Params: 6.74e9, Layers: 32, Hidden: 4096, Inner: 11008, QueryDim: 4096, KVDim: 4096, Vocab: 32000},
		{Name: "meta-llama/Llama-2-13b-hf", Params: 13.02e9, Layers: 40, Hidden: 5120, Inner: 13824, QueryDim: 5120, KVDim: 5120, Vocab: 32000},
		{Name: "meta-llama/Meta-Llama-3-8B", Params: 8.03e9, Layers: 32, Hidden: 4096, Inner: 14336, QueryDim: 4096, KVDim: 1024, Vocab: 128256},
		{Name: "meta-llama/Llama-3.2-1B", Params: 1.24e9, Layers: 16, Hidden: 2048, Inner: 8192, QueryDim: 2048, KVDim: 512, Vocab: 128256},
		{Name: "meta-llama/Llama-3.2-3B", Params: 3.21e9, Layers: 28, Hidden: 3072, Inner: 8192, QueryDim: 3072, KVDim: 1024, Vocab: 128256},
		{Name: "meta-llama/Meta-Llama-3-70B", Params: 70.55e9, Layers: 80, Hidden: 8192, Inner: 28672, QueryDim: 8192, KVDim: 1024, Vocab: 128256},
		{Name: "Qwen/Qwen2.5-1.5B", Params: 1.54e9, Layers: 28, Hidden: 1536, Inner: 8960, QueryDim: 1536, KVDim: 256, Vocab: 151936},
		{Name: "Qwen/Qwen2.5-7B", Params: 7.62e9, Layers: 28, Hidden: 3584, Inner: 18944, QueryDim: 3584, KVDim: 512, Vocab: 152064},
		{Name: "Qwen/Qwen2.5-14B", Params: 14.77e9, Layers: 48, Hidden: 5120, Inner: 13824, QueryDim: 5120, KVDim: 1024, Vocab: 152064},
		{Name: "Qwen/Qwen2.5-32B", Params: 32.76e9, Layers: 64, Hidden: 5120, Inner: 27648, QueryDim: 5120, KVDim: 1024, Vocab: 152064},
		{Name: "Qwen/Qwen3-8B", Params: 8.19e9, Layers: 36, Hidden: 4096, Inner: 12288, QueryDim: 4096, KVDim: 1024, Vocab: 151936},
		{Name: "google/gemma-2-9b", Params: 9.24e9, Layers: 42, Hidden: 3584, Inner: 14336, QueryDim: 4096, KVDim: 2048, Vocab: 256000},
		{Name: "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T", Params: 1.10e9, Layers: 22, Hidden: 2048, Inner: 5632, QueryDim: 2048, KVDim: 256, Vocab: 32000},
	}
}

// FindBaseModel is the shape of a model: the table's by its name or the name
// without the owner, also of its fine-tuned versions (…-Instruct); else a guess
// from the size that the name tells ("…-7B…", "…-8x7B…", "…-350M…"). ok is false
// when the name tells none.
func FindBaseModel(name string) (m BaseModel, ok bool) {
	bare := func(s string) string {
		s = strings.ToLower(s[strings.LastIndexByte(s, '/')+1:])
		for _, tail := range []string{"-hf", "-instruct", "-chat", "-base", "-it"} {
			s = strings.TrimSuffix(s, tail)
		}
		return s
	}
	for _, m := range BaseModels() {
		if strings.EqualFold(m.Name, name) {
			return m, true
		}
	}
	for _, m := range BaseModels() {
		if bare(m.Name) == bare(name) {
			m.Name = name
			return m, true
		}
	}
	return guessBaseModel(name)
}

// guessBaseModel scales the shape of the nearest model of the table to the size
// in a name.
func guessBaseModel(name string) (BaseModel, bool) {
	size := sizeOfName(name)
	if size <= 0 {
		return BaseModel{}, false
	}
	list := BaseModels()
	best := list[0]
	for _, m := range list[1:] {
		if math.Abs(math.Log(m.Params/size)) < math.Abs(math.Log(best.Params/size)) {
			best = m
		}
	}
	grow := math.Cbrt(size / best.Params) // width² × depth makes the size
	scale := func(n int) int { return max(1, int(float64(n)*grow+0.5)) }
	return BaseModel{
		Name: name, Params: size, Layers: scale(best.Layers), Hidden: scale(best.Hidden), Inner: scale(best.Inner),
		QueryDim: scale(best.QueryDim), KVDim: scale(best.KVDim), Vocab: best.Vocab, Guess: true,
	}, true
}

// sizeOfName reads the number of weights that a model's name tells, 0 for none.
func sizeOfName(name string) float64 {
	m := regexp.MustCompile(`(?i)(?:^|[^a-z0-9.])(?:(\d{1,2})x)?(\d{1,4}(?:\.\d{1,3})?)([bm])(?:[^a-z0-9]|$)`).FindStringSubmatch(name)
	if m == nil {
		return 0
	}
	size, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return 0
	}
	if n, err := strconv.Atoi(m[1]); err == nil && n > 1 {
		size *= float64(n)
	}
	if strings.EqualFold(m[3], "m") {
		return size * 1e6
	}
	return size * 1e9
}

// MemoryInput is what the memory of a training depends on, per GPU: every GPU
// holds the whole model and its own batch, as data-parallel training does.
type MemoryInput struct {
	Model     BaseModel
	Rank      Int // LoRA rank, 1 or more
	Batch     Int // examples a GPU holds at once, 1 or more
	SeqLength Int // tokens an example is cut to; 0 or less = DefaultSeqLength
}

// Memory is an estimate in bytes of one GPU.
type Memory struct {
	Weights     float64 // the frozen base model in 4 bits, its embeddings in 16
	Adapter     float64 // LoRA weights, gradients and Adam's two moments, in 32 bits
	Activations float64 // with gradient checkpointing
	Logits      float64 // scores over the vocabulary, and their gradient
	Overhead    float64 // CUDA context, buffers, and what fragmentation wastes
	Total       float64 // the sum
	Worst       float64 // the sum if the worker keeps all activations instead
	AdapterSize float64 // trainable weights, a count
	Guess       bool    // the model's shape is guessed from its name
}

// Constants of the memory model, with where they come from.
const (
	// nf4Bits is 4 bits a weight and the quantization constants after double
	// quantization, 0.127 bits: Dettmers et al., "QLoRA", arXiv:2305.14314, §3.
	nf4Bits = 4.127
	// adapterBytes a trainable weight: PEFT keeps adapters of a quantized model
	// in 32 bits (4), with a gradient (4) and AdamW's two moments (8).
	adapterBytes = 16
	// layerBytes × seq × batch × hidden is what one transformer layer keeps for
	// its backward pass in 16 bits; the term quadratic in seq falls away with
	// fused attention: Korthikanti et al., arXiv:2205.05198, §4.1, eq. 2.
	layerBytes = 34
	// logitBytes a score: 16-bit output, its 32-bit copy and gradient.
	logitBytes = 10
	// contextBytes of CUDA and its libraries in a process, and the share that
	// the allocator loses to fragmentation.
	contextBytes = 0.8e9
	fragmented   = 0.05
)

// Estimate adds up what a QLoRA training of the platform's worker needs: nf4
// base weights, adapters on q, k, v, o, gate, up and down projections of every
// layer (Hu et al., arXiv:2106.09685: rank × (inputs + outputs) weights each),
// their AdamW state, activations by batch × sequence, and the scores. Total
// assumes gradient checkpointing, which prepare_model_for_kbit_training turns
// on: each layer keeps its input alone and one layer at a time is recomputed.
// It grows with rank, batch and sequence. Values below 1 count as 1.
func (in MemoryInput) Estimate() Memory {
	m := in.Model
	rank, batch, seq := max(1, float64(in.Rank)), max(1, float64(in.Batch)), float64(in.SeqLength)
	if seq <= 0 {
		seq = DefaultSeqLength
	}
	hidden, layers := float64(m.Hidden), float64(m.Layers)
	embeddings := min(2*float64(m.Vocab)*hidden, m.Params)
	out := Memory{Guess: m.Guess}
	out.Weights = (m.Params-embeddings)*nf4Bits/8 + embeddings*2
	out.AdapterSize = rank * layers * float64(m.adapterEdges())
	out.Adapter = out.AdapterSize * adapterBytes
	tokens := batch * seq
	layer := layerBytes * tokens * hidden
	out.Activations = 2*tokens*hidden*layers + layer
	out.Logits = logitBytes * tokens * float64(m.Vocab)
	fixed := out.Weights + out.Adapter + out.Logits
	out.Overhead = contextBytes + fragmented*(fixed+out.Activations)
	out.Total = fixed + out.Activations + out.Overhead
	out.Worst = max(out.Total, (fixed+layer*layers)*(1+fragmented)+contextBytes)
	return out
}

// adapterEdges is inputs + outputs over the seven adapted matrices of a layer.
func (m BaseModel) adapterEdges() int {
	return m.Hidden + m.QueryDim + 2*(m.Hidden+m.KVDim) + m.QueryDim + m.Hidden + 3*(m.Hidden+m.Inner)
}

// Fit says how a training lies in the memory of a GPU.
type Fit int

// The verdicts.
const (
	FitUnknown Fit = iota // the GPU's memory is not known
	FitGood               // also without gradient checkpointing
	FitTight              // only with gradient checkpointing
	FitNot                // not at all
)

// Fits compares with a GPU's memory in gigabytes (10⁹ bytes).
func (m Memory) Fits(gigabytes float64) Fit {
	switch have := gigabytes * 1e9; {
	case !(have > 0):
		return FitUnknown
	case m.Total > have:
		return FitNot
	case m.Worst > have:
		return FitTight
	}
	return FitGood
}
