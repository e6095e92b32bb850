package jsonl

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/loratop/loratop/models"
)

// Bounds of the distributions: so many names are told apart, so many listed.
const (
	maxNames    = 10000
	listedNames = 100
	longestName = 200 // bytes
)

// names counts by name; beyond maxNames the new ones are counted together.
type names struct {
	m     map[string]*Count
	other int64
	last  *Count // that was counted last
}

func (n *names) add(name []byte, k int64) {
	name = name[:min(len(name), longestName)]
	if n.last == nil || n.last.Name != string(name) {
		p := n.m[string(name)]
		if p == nil {
			if len(n.m) >= maxNames {
				n.other += k
				return
			}
			if n.m == nil {
				n.m = map[string]*Count{}
			}
			p = &Count{Name: string(name)}
			n.m[p.Name] = p
		}
		n.last = p
	}
	n.last.Count += k
}

// list is the most frequent first, cleaned for display.
func (n *names) list() []Count {
	out := make([]Count, 0, len(n.m))
	for _, c := range n.m {
		out = append(out, Count{models.Clean(c.Name), c.Count})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	return out[:min(len(out), listedNames)]
}

// roles counts by role; the three usual ones need no look-up.
type roles struct {
	names
	usual [3]int64
}

func (r *roles) add(name []byte, k int64) {
	switch string(name) {
	case "user":
		r.usual[0] += k
	case "assistant":
		r.usual[1] += k
	case "system":
		r.usual[2] += k
	default:
		r.names.add(name, k)
	}
}

func (r *roles) list() []Count {
	for i, name := range [...]string{"user", "assistant", "system"} {
		if r.usual[i] > 0 {
			r.names.add([]byte(name), r.usual[i])
		}
	}
	return r.names.list()
}

// stats are the true figures of a file.
type stats struct {
	o                      Options
	formats                names
	roles                  roles
	personas, arcs, topics names
	conversations          int64
	turns, pairs           int64
	declared               int64
	declares               bool
	scripts                scripts
	tokens                 tokens
}

func (s *stats) begin(o Options) {
	s.o = o
	s.tokens.min = math.MaxInt64
}

func (s *stats) fill(r *Report) {
	r.Formats, r.Roles = s.formats.list(), s.roles.list()
	r.Personas, r.Arcs, r.Topics = s.personas.list(), s.arcs.list(), s.topics.list()
	r.Turns, r.Pairs = s.turns, s.pairs
	if s.declares {
		r.Declared = &s.declared
	}
	r.Scripts = s.scripts.list()
	r.Tokens = s.tokens.result(s.o)
}

// exactTokens is up to where a length is counted for itself; beyond, 128 steps
// a doubling keep the percentiles within 1 %.
const (
	exactTokens = 1 << 12
	octave      = 128
)

// tokens is the distribution of lengths.
type tokens struct {
	n, total, min, max int64
	exact              [exactTokens]int64
	coarse             map[int]int64
	cut                Cut
}

func (t *tokens) add(n int64, seqLen int) {
	t.n++
	t.total += n
	t.min, t.max = min(t.min, n), max(t.max, n)
	if seqLen > 0 && n > int64(seqLen) {
		t.cut.Examples++
		t.cut.Lost += n - int64(seqLen)
	}
	if n < exactTokens {
		t.exact[n]++
		return
	}
	if t.coarse == nil {
		t.coarse = map[int]int64{}
	}
	e := bits.Len64(uint64(n)) - 8 // so that n>>e has 8 bits: 128 to 255
	t.coarse[e*octave+int(n>>e)-octave]++
}

// step is a run of lengths with how often they occur.
type step struct{ from, n int64 }

func (t *tokens) steps() []step {
	var out []step
	for v, n := range t.exact {
		if n > 0 {
			out = append(out, step{int64(v), n})
		}
	}
	keys := make([]int, 0, len(t.coarse))
	for k := range t.coarse {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		out = append(out, step{int64(k%octave+octave) << (k / octave), t.coarse[k]})
	}
	return out
}

func (t *tokens) result(o Options) Tokens {
	out := Tokens{Tokenizer: Estimate, Total: t.total, Max: t.max, Bins: []Bin{}}
	if o.Tokens != nil {
		out.Tokenizer = o.Tokens.Name()
	}
	if o.SeqLen > 0 {
		t.cut.SeqLen = o.SeqLen
		if t.n > 0 {
			t.cut.Percent = 100 * float64(t.cut.Examples) / float64(t.n)
		}
		out.Cut = &t.cut
	}
	if t.n == 0 {
		return out
	}
	steps := t.steps()
	out.Min, out.Mean = t.min, float64(t.total)/float64(t.n)
	out.P50, out.P90, out.P99 = t.quantile(steps, 0.5), t.quantile(steps, 0.9), t.quantile(steps, 0.99)
	out.Bins = bins(steps, t.min, t.max)
	return out
}

// quantile is the smallest length that at least q of the examples do not exceed.
func (t *tokens) quantile(steps []step, q float64) int64 {
	want, n := int64(math.Ceil(q*float64(t.n))), int64(0)
	for _, s := range steps {
		if n += s.n; n >= want {
			return min(s.from, t.max)
		}
	}
	return t.max
}

// histogram is about so many bins, of a width that reads well.
const histogramBins = 16

func bins(steps []step, lo, hi int64) []Bin {
	width := int64(1)
	for k := int64(1); (hi-lo)/width >= histogramBins; k *= 10 {
		for _, m := range []int64{1, 2, 5} {
			if width = k * m; (hi-lo)/width < histogramBins {
				break
			}
		}
	}
	first := lo / width * width
	out := make([]Bin, 0, histogramBins+1)
	for from := first; from <= hi; from += width {
		out = append(out, Bin{From: from, To: from + width})
	}
	for _, s := range steps {
		i := max(0, min(int((s.from-first)/width), len(out)-1)) // a coarse step may begin before lo
		out[i].Count += s.n
	}
	return out
}
