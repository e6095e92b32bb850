package models_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loratop/loratop/models"
)

func TestParseLineFormats(t *testing.T) {
	dialogue := []models.Turn{{Role: "user", Content: "hi"}, {Role: "assistant", Content: "hello"}}
	one := []models.Pair{{Prompt: "hi", Response: "hello"}}
	for name, c := range map[string]struct {
		in   string
		want models.Line
	}{
		"meta":          {`{"_meta":{"file_name":"demo","total_pairs":4}}`, models.Line{Format: models.LineMeta}},
		"turns":         {`{"conversation_id":"c","turns":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}`, models.Line{Format: models.LineTurns, Conversation: models.Conversation{ID: "c", Turns: dialogue}, Pairs: one}},
		"messages":      {`{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}`, models.Line{Format: models.LineMessages, Conversation: models.Conversation{Turns: dialogue}, Pairs: one}},
		"conversations": {`{"id":7,"conversations":[{"from":"human","value":"hi"},{"from":"gpt","value":"hello"}]}`, models.Line{Format: models.LineConversations, Conversation: models.Conversation{ID: "7", Turns: dialogue}, Pairs: one}},
		"pair, input repeated in the history": {
			`{"id":"p","current_user_input":"hi","target_response":"hello","conversation_history":[{"turn":1,"role":"user","content":"hi"}],"conversation_metadata":{"client_persona":"Ann","training_topic":"Budget"}}`,
			models.Line{Format: models.LinePair, Conversation: models.Conversation{ID: "p", Title: "Ann · Budget", Turns: dialogue}, Pairs: one},
		},
		"pair without a response": {
			`{"id":"p","current_user_input":"hi","target_response":null}`,
			models.Line{Format: models.LinePair, Conversation: models.Conversation{ID: "p", Turns: dialogue[:1]}},
		},
		"superset is what the worker takes": {
			`{"conversation_id":"c","turns":[],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}`,
			models.Line{Format: models.LineMessages, Conversation: models.Conversation{ID: "c", Turns: dialogue}, Pairs: one},
		},
		"unknown":     {`{"text":"hi"}`, models.Line{Format: models.LineUnknown}},
		"wrong types": {`{"messages":"hi"}`, models.Line{Format: models.LineUnknown}},
	} {
		got, err := models.ParseLine([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for _, bad := range []string{``, `{`, `[]`, `7`, `null x`} {
		if _, err := models.ParseLine([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// The platform's own files, rebuilt by hand: what its validator makes of them.
func TestValidateDataset(t *testing.T) {
	good := strings.Repeat(`{"conversation_id":"c","turns":[{"role":"user","content":"one two three"},{"role":"assistant","content":"four"}]}`+"\n\n", 5)
	v, err := models.ValidateDataset(strings.NewReader(good))
	if err != nil || v.Lines != 5 || v.Pairs != 10 || v.Tokens != 26 || v.AvgTurns != 2 || v.ErrorCount != 0 || len(v.Sample) != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	bad := strings.Join([]string{
		`{"conversation_id":"c","turns":[{"role":"user","content":"ok"}]}`,
		`{"conversation_id":"c","turns":[]}`,
		`{"turns":[{"role":"user","content":"x"}]}`,
		``,
		`{"conversation_id":"c"}`,
		`{"conversation_id":`,
		`{"conversation_id":"c","turns":[{"role":"user"}]}`,
	}, "\n")
	v, err = models.ValidateDataset(strings.NewReader(bad))
	if err != nil || v.Lines != 6 || v.ErrorCount != 5 || v.Pairs != 2 {
		t.Fatalf("%+v, %v", v, err)
	}
	want := []string{"Empty turns array", "Missing conversation_id", "Invalid or missing turns array", "JSON parse error", "Turn 1 missing role or content"}
	for i, e := range v.Errors {
		if e.Error != want[i] || int(*e.Line) != i+2 {
			t.Errorf("error %d: line %d %q, want line %d %q", i, *e.Line, e.Error, i+2, want[i])
		}
	}
	if _, err := models.ValidateDataset(strings.NewReader("\n \n")); !errors.Is(err, models.ErrEmptyFile) {
		t.Errorf("blank file: %v", err)
	}
	pairs := strings.Repeat(`{"id":"p","current_user_input":"hi","target_response":"hello"}`+"\n", 12)
	if v, err := models.ValidateDataset(strings.NewReader(pairs)); err != nil || v.ErrorCount != 12 || len(v.Errors) != 10 {
		t.Errorf("the validator refuses v4 pairs: %+v, %v", v, err)
	}
}

func TestDatasetColumns(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []models.ValidationError
	}{
		"array":     {`[{"line":3,"error":"no","suggestion":"do"}]`, []models.ValidationError{{Line: models.Ptr(models.Int(3)), Error: "no", Suggestion: "do"}}},
		"encoded":   {`"[{\"line\":\"3\",\"error\":\"no\"}]"`, []models.ValidationError{{Line: models.Ptr(models.Int(3)), Error: "no"}}},
		"texts":     {`["a","b"]`, []models.ValidationError{{Error: "a"}, {Error: "b"}}},
		"text":      {`"a"`, []models.ValidationError{{Error: "a"}}},
		"object":    {`{"message":"a"}`, []models.ValidationError{{Error: "a"}}},
		"odd":       {`{"x":1}`, []models.ValidationError{{Error: `{"x":1}`}}},
		"null":      {`null`, nil},
		"null item": {`[null]`, []models.ValidationError{}},
	} {
		got := models.Dataset{ValidationErrors: json.RawMessage(c.in)}.Errors()
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	d := models.Dataset{SampleData: json.RawMessage(`[{"messages":[{"role":"user","content":"hi"}]},{"x":1},7,"{\"turns\":[{\"role\":\"user\",\"content\":\"ho\"}]}"]`)}
	if got := d.Samples(); len(got) != 2 || got[1].Turns[0].Content != "ho" {
		t.Errorf("samples %+v", got)
	}
	if ok, why := (models.Dataset{Status: models.DatasetError}).Trainable(); ok || why == "" {
		t.Error("a dataset in error is not trainable")
	}
	if ok, _ := (models.Dataset{Status: models.DatasetReady, TrainingReady: true}).Trainable(); !ok {
		t.Error("ready is trainable")
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(`{"current_user_input":"a","target_response":"b","conversation_history":[{}]}`))
	f.Add([]byte(`{"_meta":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := models.ParseLine(b)
		if err == nil && l.Format == "" {
			t.Fatal("no format")
		}
		for _, p := range l.Pairs {
			if p.Prompt == "" || p.Response == "" {
				t.Fatalf("empty pair in %q", b)
			}
		}
		v, err := models.ValidateDataset(strings.NewReader(string(b)))
		if err == nil && (int64(len(v.Errors)) > v.ErrorCount || v.Lines == 0) {
			t.Fatalf("%+v", v)
		}
	})
}
