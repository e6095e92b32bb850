package jsonl_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/loratop/loratop/models/jsonl"
)

// TestGolden pins the whole report of one small file of each kind.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/files/*")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r, err := jsonl.Check(t.Context(), bytes.NewReader(in), jsonl.Options{SeqLen: 20})
			if err != nil {
				t.Fatal(err)
			}
			samePlatform(t, string(in), r)
			consistent(t, r)
			fixed(t, in)
			r.File = filepath.Base(path)
			out, err := json.MarshalIndent(r, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden.RequireEqual(t, out)
		})
	}
}

// TestVectors are the fact sheet's figures, on files that were rebuilt to give them.
func TestVectors(t *testing.T) {
	of := func(name string) jsonl.Report {
		f, err := os.Open("testdata/files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		r, err := jsonl.Check(t.Context(), f, jsonl.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	v := of("turns.jsonl").Platform
	if v.Lines != 5 || v.Pairs != 20 || v.Tokens != 346 || v.AvgTurns != 4 || v.ErrorCount != 0 {
		t.Errorf("turns: %+v", v)
	}
	v = of("invalid.jsonl").Platform
	got := []string{}
	for _, e := range v.Errors {
		got = append(got, e.Error)
	}
	want := "Empty turns array|Missing conversation_id|Invalid or missing turns array|JSON parse error|Turn 1 missing role or content"
	if v.Lines != 6 || v.ErrorCount != 5 || strings.Join(got, "|") != want || *v.Errors[0].Line != 2 || *v.Errors[4].Line != 6 {
		t.Errorf("invalid: %+v", v)
	}
	if r := of("pairs.jsonl"); r.Platform.ErrorCount != 6 || !r.Trainer.Accepts || *r.Declared != 9 || r.Pairs != 4 || r.Conversations != 3 {
		t.Errorf("pairs: %d errors, %+v, %d of %d pairs, %d conversations", r.Platform.ErrorCount, r.Trainer, r.Pairs, *r.Declared, r.Conversations)
	}
}
