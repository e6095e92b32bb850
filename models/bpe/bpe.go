// Package bpe counts tokens with real byte-pair vocabularies: OpenAI's, which
// github.com/tiktoken-go/tokenizer has in it. The base models of the platform
// bring tokenizers of their own, which are not available offline; these counts
// are an approximation of theirs. The smaller a model's vocabulary is, the more
// tokens it makes: Mistral's has 32,000 entries, cl100k_base 100,000, r50k_base
// 50,000.
package bpe

import (
	"bytes"
	"hash/maphash"
	"strings"
	"unsafe"

	"github.com/tiktoken-go/tokenizer/codec"

	"github.com/loratop/loratop/models"
)

// Default is the vocabulary that is used when none is named. Qwen's tokenizer is
// derived from it.
const Default = "cl100k_base"

// Names are the vocabularies that New knows.
func Names() []string { return []string{Default, "r50k_base"} }

// Tokenizer counts with one vocabulary. One goroutine may use it.
type Tokenizer struct {
	codec *codec.Codec
	name  string
	seed  maphash.Seed
	known map[uint64]int
}

// Bounds: a text longer than piece is cut at white space, which changes the count
// by at most a token a cut; so many counts of texts that may come again (system
// prompts, histories) are remembered.
const (
	piece      = 256 << 10
	knownTexts = 1 << 14
)

// New makes a tokenizer; "" is Default. Its vocabulary is built on first use of
// the process, which takes some ten milliseconds; a program that makes none pays
// nothing.
func New(name string) (*Tokenizer, error) {
	t := &Tokenizer{seed: maphash.MakeSeed(), known: map[uint64]int{}}
	switch name {
	case "", Default:
		t.name, t.codec = Default, codec.NewCl100kBase()
	case "r50k_base":
		t.name, t.codec = name, codec.NewR50kBase()
	default:
		return nil, &models.Error{
			Code: models.CodeUsage, Msg: "unknown tokenizer " + models.Clean(name),
			Hint: "one of: " + strings.Join(Names(), ", "),
		}
	}
	return t, nil
}

// Name is the vocabulary's.
func (t *Tokenizer) Name() string { return t.name }

// Count is how many tokens the text has; special tokens are plain text in it.
func (t *Tokenizer) Count(text []byte) int {
	h := maphash.Bytes(t.seed, text)
	if n, ok := t.known[h]; ok {
		return n
	}
	n := 0
	for rest := text; len(rest) > 0; {
		part := rest[:cut(rest)]
		rest = rest[len(part):]
		k, err := t.codec.Count(unsafe.String(unsafe.SliceData(part), len(part)))
		if err != nil {
			k = (len(part) + 3) / 4 // the library only fails on a regexp time-out, which none is set for
		}
		n += k
	}
	if len(t.known) >= knownTexts {
		clear(t.known)
	}
	t.known[h] = n
	return n
}

// cut is the length of the next piece: up to the last space in reach.
func cut(b []byte) int {
	if len(b) <= piece {
		return len(b)
	}
	if i := bytes.LastIndexByte(b[:piece], ' '); i > 0 {
		return i
	}
	return piece
}
