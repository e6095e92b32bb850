package models

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Validation is what the platform's validator finds in a file.
type Validation struct {
	Lines      int64             `json:"lines"`     // non-blank lines
	Pairs      int64             `json:"pairs"`     // the validator's "pairs" are turns
	Tokens     int64             `json:"tokens"`    // words × 1.3, rounded at the end
	AvgTurns   float64           `json:"avg_turns"` // pairs per line
	Errors     []ValidationError `json:"errors"`
	ErrorCount int64             `json:"error_count"` // all of them; Errors keeps the first 10
	Sample     []json.RawMessage `json:"sample"`      // the first three conversations
}

// ErrEmptyFile is the validator's answer to a file without a line.
//
//lint:ignore ST1005 the platform's own text
var ErrEmptyFile = errors.New("File is empty")

// Limits of the validator, and of a line that is read at all.
const (
	keptErrors  = 10
	keptSamples = 3
	maxLine     = 64 << 20
)

// ValidateDataset runs the platform validator's algorithm (platform-facts §1.6)
// over a stream: blank lines do not count, and a line number is the position
// among the others.
func ValidateDataset(r io.Reader) (Validation, error) {
	var v Validation
	words, first := int64(0), true
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	for s.Scan() {
		line := s.Bytes()
		if first { // a Blob's text() leaves a byte order mark out
			line, first = bytes.TrimPrefix(line, []byte("\ufeff")), false
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		v.Lines++
		words += v.line(line)
	}
	if err := s.Err(); err != nil {
		return v, fmt.Errorf("read line %d: %w", v.Lines+1, err)
	}
	if v.Lines == 0 {
		return v, ErrEmptyFile
	}
	v.Tokens = int64(math.Round(float64(words) * 1.3))
	v.AvgTurns = float64(v.Pairs) / float64(v.Lines)
	return v, nil
}

// line checks one line and returns its words. What throws in the platform's
// JavaScript is a parse error there, whatever was counted before.
func (v *Validation) line(b []byte) (words int64) {
	var row map[string]json.RawMessage // keys exactly, as JavaScript has them; a struct would fold their case
	if !json.Valid(b) || string(bytes.TrimSpace(b)) == "null" {
		v.unparsed()
		return 0
	}
	if json.Unmarshal(b, &row) != nil || falsy(row["conversation_id"]) {
		v.fail("Missing conversation_id", "Give every line a conversation_id.")
		return 0
	}
	var turns []json.RawMessage
	if len(row["turns"]) == 0 || row["turns"][0] != '[' || json.Unmarshal(row["turns"], &turns) != nil {
		v.fail("Invalid or missing turns array", "Give every line turns: [{role, content}, …].")
		return 0
	}
	if len(turns) == 0 {
		v.fail("Empty turns array", "Remove the line, or add its turns.")
		return 0
	}
	split := true
	for i, t := range turns {
		if string(t) == "null" {
			v.unparsed()
			return 0
		}
		n, ok := v.turn(i+1, t)
		words += n
		split = split && ok
	}
	v.Pairs += int64(len(turns))
	if !split {
		v.unparsed()
		return 0
	}
	if len(v.Sample) < keptSamples {
		v.Sample = append(v.Sample, bytes.Clone(b))
	}
	return words
}

// turn checks one turn; split is false when its content has no words because it
// is no text.
func (v *Validation) turn(n int, b json.RawMessage) (words int64, split bool) {
	var t map[string]json.RawMessage
	_ = json.Unmarshal(b, &t) // what is no object has no role
	if falsy(t["role"]) || falsy(t["content"]) {
		v.fail(fmt.Sprintf("Turn %d missing role or content", n), "Every turn needs a role and a text.")
	}
	content := t["content"]
	if len(content) == 0 || string(content) == "null" {
		return 0, true
	}
	text, _ := scalar(content)
	return int64(strings.Count(text, " ")) + 1, content[0] == '"'
}

func (v *Validation) unparsed() {
	v.fail("JSON parse error", "Check that every line is one whole JSON object.")
}

func (v *Validation) fail(text, suggestion string) {
	v.ErrorCount++
	if len(v.Errors) < keptErrors {
		v.Errors = append(v.Errors, ValidationError{Line: Ptr(Int(v.Lines)), Error: text, Suggestion: suggestion})
	}
}

// falsy is JavaScript's idea of an absent value.
func falsy(b json.RawMessage) bool {
	switch string(bytes.TrimSpace(b)) {
	case "", "null", "false", `""`:
		return true
	}
	f, err := strconv.ParseFloat(string(bytes.TrimSpace(b)), 64)
	return err == nil && f == 0
}
