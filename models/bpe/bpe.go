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
	"unicode"
	"unicode/utf8"
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
	texts map[uint64]int // counts of whole texts by their hash
	words map[string]int // counts of words with what follows them
}

// Bounds: so many counts are remembered, of texts that may come again (system
// prompts, histories) and of words no longer than longWord bytes. What has no
// space for piece bytes is cut there, which changes the count by a token or so.
const (
	knownTexts = 1 << 14
	knownWords = 1 << 16
	longWord   = 32
	piece      = 256 << 10
)

// New makes a tokenizer; "" is Default. Its vocabulary is built on first use of
// the process, which takes some ten milliseconds; a program that makes none pays
// nothing.
func New(name string) (*Tokenizer, error) {
	t := &Tokenizer{seed: maphash.MakeSeed(), texts: map[uint64]int{}, words: map[string]int{}}
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
	if n, ok := t.texts[h]; ok {
		return n
	}
	n := 0
	for rest := text; len(rest) > 0; {
		part := rest[:cut(rest)]
		rest = rest[len(part):]
		n += t.word(part)
	}
	if len(t.texts) >= knownTexts {
		clear(t.texts)
	}
	t.texts[h] = n
	return n
}

// word counts what lies between two cuts.
func (t *Tokenizer) word(part []byte) int {
	n, ok := t.words[string(part)]
	if ok {
		return n
	}
	n, err := t.codec.Count(unsafe.String(unsafe.SliceData(part), len(part)))
	if err != nil {
		n = (len(part) + 3) / 4 // the library only fails on a regexp time-out, which none is set for
	}
	if len(part) <= longWord && len(t.words) < knownWords {
		t.words[string(part)] = n
	}
	return n
}

// cut is where the text may be cut without changing its tokens: before a space
// that a letter follows. Every vocabulary splits there before it merges, as its
// pattern takes one space with the word behind it, and as many others as there
// are before without it.
func cut(b []byte) int {
	for i := 1; i < min(len(b), piece); {
		k := bytes.IndexByte(b[i:], ' ')
		if k < 0 {
			break
		}
		if i += k; i < piece && letter(b[i+1:]) {
			return i
		}
		i++
	}
	return min(len(b), piece)
}

// letter reports that a text begins with one.
func letter(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if c := b[0]; c < utf8.RuneSelf {
		return c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	r, n := utf8.DecodeRune(b)
	return n > 1 && unicode.IsLetter(r)
}
