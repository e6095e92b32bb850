package lora

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/loratop/loratop/models"
)

// The vocabulary: the 256 bytes and three marks.
const (
	tokenBegin = 256 // before the prompt
	tokenReply = 257 // between prompt and response
	tokenEnd   = 258 // after the response
	Vocab      = 259
)

// Bounds of what is kept of a dataset, so that a huge file does not fill the memory.
const (
	maxPairs = 20_000
	maxText  = 4_096     // bytes of a prompt (its end) and of a response (its beginning)
	maxLine  = 16 << 20  // bytes
	maxBytes = 256 << 20 // kept in all
)

// ErrNoData tells that a file holds nothing to train on.
var ErrNoData = errors.New("no trainable pairs")

// example is a tokenised pair; response is where what is learnt begins.
type example struct {
	tokens   []int
	response int
}

// Dataset is a tokenised dataset with a held-out part.
type Dataset struct {
	train, held []example
	Pairs       int   // trainable pairs of the file
	Skipped     int   // lines of no known format
	Bytes       int64 // read
}

// heldShare of the pairs is kept for validation, when there are enough.
const (
	heldShare = 10
	heldMost  = 64
	heldFrom  = 5 // pairs
)

// Read parses JSONL in any of the platform's line formats. Lines that cannot
// be read are skipped, as the platform's worker skips them. The split is the
// same for the same seed.
func Read(r io.Reader, seed uint64) (*Dataset, error) {
	d := &Dataset{}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	var all []example
	kept := 0
	for sc.Scan() {
		d.Bytes += int64(len(sc.Bytes())) + 1
		line := bytes.TrimSpace(sc.Bytes())
		if len(line) == 0 {
			continue
		}
		parsed, err := models.ParseLine(line)
		if err != nil || parsed.Format == models.LineUnknown {
			d.Skipped++
			continue
		}
		for _, p := range parsed.Pairs {
			d.Pairs++
			if len(all) < maxPairs && kept < maxBytes {
				e := tokenise(p)
				kept += len(e.tokens) * 8
				all = append(all, e)
			}
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read dataset: %w", err)
	}
	if len(all) == 0 {
		return nil, ErrNoData
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	held := 0
	if len(all) >= heldFrom {
		held = min(max(len(all)/heldShare, 1), heldMost)
	}
	d.held, d.train = all[:held], all[held:]
	return d, nil
}

// Train is how many pairs are trained on; the others are held out.
func (d *Dataset) Train() int { return len(d.train) }

func tokenise(p models.Pair) example {
	prompt, response := p.Prompt, p.Response
	if len(prompt) > maxText {
		prompt = prompt[len(prompt)-maxText:]
	}
	if len(response) > maxText {
		response = response[:maxText]
	}
	e := example{tokens: make([]int, 0, len(prompt)+len(response)+3)}
	e.tokens = append(e.tokens, tokenBegin)
	for i := range len(prompt) {
		e.tokens = append(e.tokens, int(prompt[i]))
	}
	e.tokens = append(e.tokens, tokenReply)
	e.response = len(e.tokens)
	for i := range len(response) {
		e.tokens = append(e.tokens, int(response[i]))
	}
	e.tokens = append(e.tokens, tokenEnd)
	return e
}

// window fills w with the tokens before position i, padded with tokenBegin.
func (e example) window(i int, w []int) {
	for k := range w {
		j := i - len(w) + k
		w[k] = tokenBegin
		if j >= 0 {
			w[k] = e.tokens[j]
		}
	}
}
