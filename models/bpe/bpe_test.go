package bpe_test

import (
	"strings"
	"testing"

	"github.com/tiktoken-go/tokenizer/codec"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/bpe"
	"github.com/loratop/loratop/models/jsonl"
)

var _ jsonl.Tokenizer = (*bpe.Tokenizer)(nil)

func TestCount(t *testing.T) {
	for _, name := range append(bpe.Names(), "") {
		k, err := bpe.New(name)
		if err != nil {
			t.Fatal(err)
		}
		if want := name; want != "" && k.Name() != want || name == "" && k.Name() != bpe.Default {
			t.Errorf("%q is %s", name, k.Name())
		}
		for text, want := range map[string]int{"": 0, "hello world": 2, "hello world ": 3, "<|endoftext|>": 7} {
			for range 2 { // the second time it is remembered
				if got := k.Count([]byte(text)); got != want {
					t.Errorf("%s: %q has %d tokens, want %d", k.Name(), text, got, want)
				}
			}
		}
		if n := k.Count([]byte("\xff\xfe\x00")); n < 1 || n > 3 {
			t.Errorf("%s: bytes that are no text have %d tokens", k.Name(), n)
		}
	}
	if _, err := bpe.New("nope\x1b[1m"); models.CodeOf(err) != models.CodeUsage || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("unknown: %v", err)
	}
}

// TestCutsChangeNothing compares with the library's count of the whole text.
func TestCutsChangeNothing(t *testing.T) {
	parts := []string{
		" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "a", "word", "Word", "It's", "'LL", "éa", "слово", "漢字", "7", "1234", ".", "...", "!?", "-", "_x",
		"\u0301", "🙂", "\ufffd", "<|endoftext|>", "I", "don't", "ſ", "\u2028", "\x00", "(a", "\"b\"",
	}
	whole := map[string]*codec.Codec{bpe.Default: codec.NewCl100kBase(), "r50k_base": codec.NewR50kBase()}
	cut := map[string]*bpe.Tokenizer{}
	for _, name := range bpe.Names() {
		k, err := bpe.New(name)
		if err != nil {
			t.Fatal(err)
		}
		cut[name] = k
	}
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(parts), rapid.String())).Draw(r, "parts"), rapid.SampledFrom([]string{"", " ", "  "}).Draw(r, "between"))
		for _, name := range bpe.Names() {
			want, err := whole[name].Count(text)
			if err != nil {
				r.Fatal(err)
			}
			if got := cut[name].Count([]byte(text)); got != want {
				r.Fatalf("%s: %q has %d tokens, want %d", name, text, got, want)
			}
		}
	})
}

// TestLongText holds that cutting a long text changes its count by hardly a token,
// and that letters without end take no time without end.
func TestLongText(t *testing.T) {
	k, err := bpe.New("")
	if err != nil {
		t.Fatal(err)
	}
	sentence := "Half of what comes in goes out again before the week is over. "
	one := k.Count([]byte(sentence+sentence)) - k.Count([]byte(sentence))
	n := 6000
	if got := k.Count([]byte(strings.Repeat(sentence, n))); got < n*one-4 || got > n*one+4 {
		t.Errorf("%d tokens, want about %d", got, n*one)
	}
	if got := k.Count([]byte(strings.Repeat("a", 270_000))); got < 1000 || got > 270_000 {
		t.Errorf("letters without end: %d", got)
	}
	if got := k.Count([]byte(strings.Repeat(" ", 270_000))); got < 1 || got > 270_000 {
		t.Errorf("spaces without end: %d", got)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := bpe.New(""); err != nil {
			b.Fatal(err)
		}
	}
}
