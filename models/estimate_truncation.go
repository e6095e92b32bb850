package models

import (
	"math"
	"strings"
)

// Lengths are token lengths of a dataset's examples: what is known of their
// distribution, and where it comes from.
type Lengths struct {
	Tokens    []int64 // of the examples that were looked at, in any order
	Whole     bool    // they are all there are
	Source    string  // "the first 256 KB of its file"
	Tokenizer string  // what counted; "" = the platform's rule, words × 1.3
	Lines     float64 // trainable lines of the whole dataset, estimated; 0 = not known
	Skipped   int     // of the examples: in a format that the platform's worker skips
}

// Truncation is what a sequence length costs a dataset. With examples it is
// estimated from them; with a mean alone it is what the mean proves.
type Truncation struct {
	SeqLength   int64
	Samples     int     // examples it is estimated from; 0 = from the mean of the row
	Whole       bool    // the samples are the whole dataset
	Source      string  // of the samples, for people
	Tokenizer   string  // what counted the samples; "" = the platform's rule
	Mean        float64 // tokens an example
	Longest     int64   // of the samples; 0 without
	CutShare    float64 // of the examples, 0..1: longer than SeqLength; an upper bound without samples
	LostShare   float64 // of the tokens, 0..1; a lower bound without samples
	Examples    int64   // in the dataset, as far as known; 0 = unknown
	CutExamples int64   // CutShare of them
	LostTokens  int64   // LostShare of the dataset's tokens; 0 = none or unknown
}

// Truncate estimates what seq tokens an example (0 or less: DefaultSeqLength)
// cut from a dataset. Without samples it proves what it can from the row's
// totals: at least 1 − seq/mean of the tokens are lost where the mean is longer
// than seq, and at most mean/seq of the examples are longer (Markov). ok is
// false when nothing is known.
func Truncate(d Dataset, l Lengths, seq int64) (t Truncation, ok bool) {
	if seq <= 0 {
		seq = DefaultSeqLength
	}
	t = Truncation{SeqLength: seq, Examples: d.examples(), Samples: len(l.Tokens), Whole: l.Whole, Source: l.Source, Tokenizer: l.Tokenizer}
	if l.Lines >= 1 && l.Lines < 1<<53 {
		t.Examples = int64(l.Lines + 0.5)
	}
	tokens := int64(0)
	if d.TotalTokens != nil && *d.TotalTokens > 0 {
		tokens = int64(*d.TotalTokens)
	}
	switch {
	case len(l.Tokens) > 0:
		t.sampled(l.Tokens)
	case t.Examples > 0 && tokens > 0:
		t.Mean = float64(tokens) / float64(t.Examples)
		t.CutShare = min(1, t.Mean/float64(seq))
		t.LostShare = max(0, 1-float64(seq)/t.Mean)
	default:
		return Truncation{}, false
	}
	if t.Whole {
		t.Examples, tokens = int64(t.Samples), int64(math.Round(t.Mean*float64(t.Samples)))
	}
	t.CutExamples = int64(math.Round(t.CutShare * float64(t.Examples)))
	t.LostTokens = int64(math.Round(t.LostShare * float64(tokens)))
	return t, true
}

func (t *Truncation) sampled(lengths []int64) {
	var sum, lost float64
	cut := 0
	for _, n := range lengths {
		n = max(0, n)
		sum += float64(n)
		t.Longest = max(t.Longest, n)
		if n > t.SeqLength {
			cut++
			lost += float64(n - t.SeqLength)
		}
	}
	t.Mean = sum / float64(len(lengths))
	t.CutShare = float64(cut) / float64(len(lengths))
	if sum > 0 {
		t.LostShare = lost / sum
	}
}

// examples is how many examples a dataset's row tells of: the platform counts
// turns as pairs, and a trainer takes a conversation as one example.
func (d Dataset) examples() int64 {
	if d.TotalTrainingPairs == nil || *d.TotalTrainingPairs <= 0 {
		return 0
	}
	pairs := float64(*d.TotalTrainingPairs)
	if a := d.AvgTurnsPerConversation; a != nil && a.Finite() && *a >= 1 {
		return max(1, int64(pairs/float64(*a)+0.5))
	}
	return int64(*d.TotalTrainingPairs)
}

// RowLengths are the lengths of the samples that a dataset's row carries, by
// the platform's rule: words × 1.3.
func (d Dataset) RowLengths() Lengths {
	var l Lengths
	for _, c := range d.Samples() {
		l.Tokens = append(l.Tokens, TokenCounter{}.conversation(c))
	}
	if len(l.Tokens) > 0 {
		l.Source = "the samples of its row"
	}
	return l
}

// EstimateTokens counts tokens as the platform's validator does: the pieces
// between single spaces, times 1.3.
func EstimateTokens(text string) float64 {
	return float64(strings.Count(text, " ")+1) * 1.3
}

// TokenCounter counts tokens as a named vocabulary does.
type TokenCounter struct {
	Name  string
	Count func(text []byte) int
}

// conversation is how many tokens all turns have together.
func (t TokenCounter) conversation(c Conversation) int64 {
	rule, n := 0.0, int64(0)
	for _, turn := range c.Turns {
		if t.Count != nil {
			n += int64(t.Count([]byte(turn.Content)))
			continue
		}
		rule += EstimateTokens(turn.Content)
	}
	return n + int64(math.Round(rule))
}

// HeadLengths measures the first part of a dataset's file: the examples a
// trainer would take from its whole lines. size is the whole file's, in bytes,
// -1 when it is not known. A part that begins the file and ends within a line
// leaves that line out. t counts; its zero value is the platform's rule, which
// knows no script without spaces.
func HeadLengths(head []byte, size int64, source string, t TokenCounter) Lengths {
	if t.Count == nil {
		t = TokenCounter{}
	}
	l := Lengths{Source: source, Tokenizer: t.Name, Whole: size >= 0 && int64(len(head)) >= size}
	text, read := string(head), 0
	for text != "" {
		line, rest, ended := strings.Cut(text, "\n")
		if !ended && !l.Whole {
			break
		}
		text = rest
		read += len(line) + 1
		p, err := ParseLine([]byte(strings.TrimSpace(line)))
		if err != nil || len(p.Pairs) == 0 {
			continue
		}
		l.Tokens = append(l.Tokens, t.conversation(p.Conversation))
		if p.Format != LineMessages && p.Format != LinePair { // platform-facts §1.1
			l.Skipped++
		}
	}
	if len(l.Tokens) == 0 {
		return Lengths{}
	}
	l.Lines = float64(len(l.Tokens))
	if !l.Whole && size > 0 && read > 0 {
		l.Lines *= float64(size) / float64(read)
	}
	return l
}
