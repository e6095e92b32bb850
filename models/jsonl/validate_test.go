package jsonl

import (
	"reflect"
	"strings"
	"testing"
)

// Validate finds what Check finds for the platform.
func TestValidateIsCheck(t *testing.T) {
	good := `{"conversation_id":"a","turns":[{"role":"user","content":"x y"},{"role":"assistant","content":"z"}]}`
	for _, text := range []string{
		"", "\n \n", good, good + "\n" + good + "\r\n\n" + good + "\n", "\ufeff" + good + "\n" + good,
		"{\n \"a\": 1\n}\n", "[1,\n2]", "\x1f\x8bxxx\n", good + "\n{broken\n" + `{"conversation_id":0,"turns":[]}` + "\n" + `{"messages":[]}`,
		`{"conversation_id":"a","turns":[{"role":"user"}]}` + "\n\xff\xfe\n", strings.Repeat(good+"\n", 5000),
	} {
		want, err := Check(t.Context(), strings.NewReader(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Validate(t.Context(), strings.NewReader(text), nil)
		if err != nil || !reflect.DeepEqual(got.Platform, want.Platform) || got.Validator != want.Validator || got.Kind != want.Kind ||
			got.SHA256 != want.SHA256 || got.Bytes != want.Bytes || got.Lines != want.Lines || got.Blank != want.Blank {
			t.Errorf("%.60q:\n%+v\n%+v, %v", text, got, want, err)
		}
	}
}
