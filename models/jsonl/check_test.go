package jsonl_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// failer is what rapid's and testing's T have in common.
type failer interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
}

// samePlatform holds that the report's Platform part is what the validator's own
// algorithm finds.
func samePlatform(t failer, in string, r jsonl.Report) {
	t.Helper()
	want, err := models.ValidateDataset(strings.NewReader(in))
	if errors.Is(err, models.ErrEmptyFile) {
		want = models.Validation{}
	} else if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, r.Platform) { // cmp takes a minute for a large sample
		t.Errorf("validator on %.1000q: %s", in, cmp.Diff(want, r.Platform))
	}
}

func FuzzCheck(f *testing.F) {
	plant(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := jsonl.Check(t.Context(), strings.NewReader(string(b)), jsonl.Options{SeqLen: 8})
		if err != nil {
			t.Fatal(err)
		}
		samePlatform(t, string(b), r)
		consistent(t, r)
	})
}

// plant gives a fuzzer the seeds and the files of the goldens.
func plant(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	files, err := filepath.Glob("testdata/files/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// consistent holds what is true of every report.
func consistent(t testing.TB, r jsonl.Report) {
	t.Helper()
	sum := int64(0)
	for _, c := range r.ByCode {
		sum += c.Count
	}
	if sum != r.ErrorCount+r.WarningCount {
		t.Errorf("%d by code, %d errors and %d warnings", sum, r.ErrorCount, r.WarningCount)
	}
	if want := min(sum, jsonl.KeptFindings); int64(len(r.Findings)) > want {
		t.Errorf("%d findings of %d kept", len(r.Findings), sum)
	}
	for _, f := range r.Findings {
		if f.Line < 0 || f.Line > r.Lines || f.Offset < 0 || f.Offset > r.Bytes || f.Text != models.Clean(f.Text) {
			t.Errorf("finding %+v in %d lines, %d bytes", f, r.Lines, r.Bytes)
		}
	}
	if r.Duplicates+r.NearDuplicate > r.Pairs || r.Blank > r.Lines {
		t.Errorf("%d + %d of %d pairs, %d of %d lines", r.Duplicates, r.NearDuplicate, r.Pairs, r.Blank, r.Lines)
	}
	for i, b := range r.Tokens.Bins {
		if i > 0 && r.Tokens.Bins[i-1].To != b.From {
			t.Errorf("gap before bin %d", i)
		}
	}
	if r.Tokens.Min > r.Tokens.P50 || r.Tokens.P50 > r.Tokens.P90 || r.Tokens.P90 > r.Tokens.P99 || r.Tokens.P99 > r.Tokens.Max {
		t.Errorf("tokens %+v", r.Tokens)
	}
}

func seeds() []string {
	return []string{
		"", "\n \n", "{", "[]", "null", "7", `"messages"`, "\xff\xfe{", "\x1f\x8b\x08", "\ufeff{}\n{}",
		`{"_meta":{"file_name":"demo","total_pairs":4}}`,
		`{"conversation_id":"c","turns":[{"role":"user","content":"hi \u0020there"},{"role":"assistant","content":"hello"}]}` + "\r\n\n{}",
		`{"conversation_id":0,"turns":[]}`,
		`{"conversation_id":"c","turns":[{"role":"user"},7,null,{"role":"a","content":{"x y":[1, 2]}}]}`,
		`{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}`,
		`{"id":7,"conversations":[{"from":"human","value":"hi"},{"from":"gpt","value":"hello\ud800"}]}`,
		`{"id":"p","current_user_input":"hi","target_response":"hello","conversation_history":[{"turn":1,"role":"user","content":"hi"}],"conversation_metadata":{"client_persona":"Ann","training_topic":"Budget"},"training_metadata":{"quality_score":7}}`,
		`{"conversation_id":"c","turns":[{"role":"user","content":"hi"}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}`,
		`{"turns":[],"turns":[{"role":"user","content":"a"}],"conversation_id":"x","conversation_id":null}`,
		`{"a":1e999999,"b":-0,"c":0.5e-3,"d":00}`, `{"a":"\u12"}`, "{\"a\":\"\t\"}", `{"a":1,}`, `[1,]`, `{"a" 1}`,
		"{\n \"training_file_metadata\": {},\n \"conversations\": []\n}",
	}
}
