package models_test

import (
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

// What the platform's JavaScript makes of odd values; each row was compared with
// the function itself.
func TestValidateDatasetIsJavaScript(t *testing.T) {
	for in, want := range map[string]struct {
		errors string
		pairs  int64
	}{
		`null`: {"JSON parse error", 0},
		`true`: {"Missing conversation_id", 0},
		`{"Conversation_ID":"c","turns":[{"role":"u","content":"x"}]}`:                   {"Missing conversation_id", 0},
		`{"conversation_id":-0.0e5,"turns":[{"role":"u","content":"x"}]}`:                {"Missing conversation_id", 0},
		`{"conversation_id":[],"turns":[{"role":{},"content":"x"}]}`:                     {"", 1},
		`{"conversation_id":"c","turns":[{"role":"u","content":7}]}`:                     {"JSON parse error", 1},
		`{"conversation_id":"c","turns":[{"role":"u","content":false}]}`:                 {"Turn 1 missing role or content|JSON parse error", 1},
		`{"conversation_id":"c","turns":[{"role":"u","content":["x"]}]}`:                 {"JSON parse error", 1},
		`{"conversation_id":"c","turns":[{"role":"u"},null,{"role":"u"}]}`:               {"Turn 1 missing role or content|JSON parse error", 0},
		`{"conversation_id":"c","turns":[5,"x",[]]}`:                                     {"Turn 1 missing role or content|Turn 2 missing role or content|Turn 3 missing role or content", 3},
		`{"conversation_id":"c","turns":[{"role":"u","content":""}]}`:                    {"Turn 1 missing role or content", 1},
		`{"turns":1,"conversation_id":"c","turns":[{"role":"u","content":"last wins"}]}`: {"", 1},
		"\ufeff" + `{"conversation_id":"c","turns":[{"role":"u","content":"marked"}]}`:   {"", 1},
	} {
		v, err := models.ValidateDataset(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, e := range v.Errors {
			got = append(got, e.Error)
		}
		if strings.Join(got, "|") != want.errors || v.Pairs != want.pairs || (len(v.Sample) == 1) != (want.errors == "" || strings.HasSuffix(want.errors, "content") || strings.HasSuffix(want.errors, "Turn 3 missing role or content")) {
			t.Errorf("%s: %q, %d pairs, %d samples", in, got, v.Pairs, len(v.Sample))
		}
	}
}
