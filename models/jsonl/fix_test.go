package jsonl_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// fixed repairs a file and holds what a repair promises.
func fixed(t failer, in []byte) (string, jsonl.FixReport) {
	t.Helper()
	var out bytes.Buffer
	f, err := jsonl.Fix(context.Background(), bytes.NewReader(in), &out, jsonl.FixOptions{})
	if err != nil {
		t.Fatal(err)
	}
	after, err := jsonl.Check(context.Background(), bytes.NewReader(out.Bytes()), jsonl.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Before.Pairs != after.Pairs || f.Pairs != after.Pairs {
		t.Errorf("%d pairs before, %d said to be written, %d after: %q became %q", f.Before.Pairs, f.Pairs, after.Pairs, in, out.String())
	}
	if f.Written != after.Lines || f.Bytes != int64(out.Len()) {
		t.Errorf("%d lines and %d bytes, found %d and %d", f.Written, f.Bytes, after.Lines, out.Len())
	}
	if after.Pairs > 0 && (!after.Validator.Accepts || !after.Trainer.Accepts || after.ErrorCount > 0) {
		t.Errorf("validator: %s; trainer: %s; %v\n%q became %q", after.Validator.Why, after.Trainer.Why, after.ByCode, in, out.String())
	}
	if after.Pairs > 0 && (len(after.Formats) != 1 || after.Formats[0].Name != string(jsonl.LineSuperset)) {
		t.Errorf("formats %v", after.Formats)
	}
	again, err := io.ReadAll(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var twice bytes.Buffer
	if _, err := jsonl.Fix(context.Background(), bytes.NewReader(again), &twice, jsonl.FixOptions{}); err != nil {
		t.Fatal(err)
	}
	if twice.String() != out.String() {
		t.Errorf("a second repair changes it: %q, %q", out.String(), twice.String())
	}
	return out.String(), f
}

func FuzzFix(f *testing.F) {
	plant(f)
	f.Fuzz(func(t *testing.T, b []byte) { fixed(t, b) })
}

func TestFix(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"turns": {
			`{"conversation_id":"c1","turns":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"tag":[1, 2]}`,
			`{"conversation_id":"c1","turns":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"tag":[1, 2]}`,
		},
		"ShareGPT names, no id": {
			"\n" + `{"conversations":[{"from":"human","value":"hi"},{"from":"gpt","value":"h\u00f6\ud800\n"}]}`,
			`{"conversation_id":"line-2","turns":[{"role":"user","content":"hi"},{"role":"assistant","content":"hö` + "\ufffd" + `\n"}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hö` + "\ufffd" + `\n"}]}`,
		},
		"pair whose history repeats the prompt": {
			`{"_meta":{"total_pairs":2}}` + "\n" + `{"id":"p1","system_prompt":"be","conversation_history":[{"turn":1,"role":"user","content":"hi"}],"current_user_input":"hi","target_response":"ho","training_metadata":{"quality_score":3}}`,
			`{"conversation_id":"p1","turns":[{"role":"system","content":"be"},{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"messages":[{"role":"system","content":"be"},{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"turn_number":3,"id":"p1","training_metadata":{"quality_score":3}}`,
		},
		"empty turns and what hangs on them": {
			`{"id":"x","messages":[{"role":"user","content":"a"},{"role":"assistant","content":""},{"role":"user","content":null},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}`,
			`{"conversation_id":"x","turns":[{"role":"user","content":"c"},{"role":"assistant","content":"d"}],"messages":[{"role":"user","content":"c"},{"role":"assistant","content":"d"}],"id":"x"}`,
		},
	} {
		if got, _ := fixed(t, []byte(c.in)); got != c.want+"\n" {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
	_, f := fixed(t, []byte("{}\n\n{\"messages\":[]}\nx\n{\"_meta\":{}}\n"))
	want := "1 of no known format; 3 no trainable pair; 4 no JSON: a value must stand here; 5 _meta: the validator refuses it; "
	got := ""
	for _, d := range f.Lines {
		got += string(rune('0'+d.Line)) + " " + d.Why + "; "
	}
	if got != want || f.Dropped != 4 || f.Written != 0 {
		t.Errorf("dropped %s: %+v", got, f)
	}
}

// TestFixFailsWithItsWriter holds that a full disk is an error.
func TestFixFailsWithItsWriter(t *testing.T) {
	full := errors.New("no space left")
	in := strings.Repeat(`{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}`+"\n", 5000)
	if _, err := jsonl.Fix(t.Context(), strings.NewReader(in), failing{full}, jsonl.FixOptions{}); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// drawLine makes one line of any format, sound or not.
func drawLine(t *rapid.T) string {
	text := rapid.SampledFrom([]string{`"hi"`, `"ho ho"`, `"a\nb"`, `""`, `" "`, `null`, `7`, `"\u00e9\u0000"`, `"Привет мир"`, `[]`, `{}`, `0`, `-0.0e3`, `true`, `false`, `"x \"y\" z"`})
	role := rapid.SampledFrom([]string{`"user"`, `"assistant"`, `"user"`, `"assistant"`, `"system"`, `"human"`, `"GPT"`, `"tool"`, `"?"`, `""`, `1`})
	turns := func(role_, content string) string {
		n := rapid.IntRange(0, 6).Draw(t, "turns")
		out := []string{}
		for range n {
			out = append(out, `{"`+role_+`":`+role.Draw(t, "role")+`,"`+content+`":`+text.Draw(t, "text")+`}`)
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	switch rapid.IntRange(0, 7).Draw(t, "format") {
	case 0:
		return `{"conversation_id":` + text.Draw(t, "id") + `,"turns":` + turns("role", "content") + `}`
	case 1:
		return `{"messages":` + turns("role", "content") + `}`
	case 2:
		return `{"conversations":` + turns("from", "value") + `}`
	case 3:
		return `{"id":` + text.Draw(t, "id") + `,"current_user_input":` + text.Draw(t, "in") + `,"target_response":` + text.Draw(t, "out") + `,"conversation_history":` + turns("role", "content") + `}`
	case 4:
		return `{"conversation_id":"s","turns":` + turns("role", "content") + `,"messages":` + turns("role", "content") + `}`
	case 5:
		return `{"_meta":{"total_pairs":3}}`
	case 6:
		return rapid.SampledFrom([]string{"", " ", "{", "[]", "0", "null", "true", `{"a":1}`, `{"conversation_id":"c","turns":[{"role":"user","content":"x"},null]}`, "\xff", `{"a":"` + "\xff" + `"}`}).Draw(t, "odd")
	}
	return `{"turn_number":2,"messages":` + turns("role", "content") + `}`
}

func drawFile(t *rapid.T) string {
	lines := rapid.SliceOfN(rapid.Custom(drawLine), 0, 12).Draw(t, "lines")
	return strings.Join(lines, rapid.SampledFrom([]string{"\n", "\r\n", "\n\n"}).Draw(t, "break"))
}

func TestFixKeepsPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { fixed(t, []byte(drawFile(t))) })
}

// TestPairsAreParseLines holds that Check counts as the screens' reader does.
func TestPairsAreParseLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawFile(t)
		want := int64(0)
		for line := range strings.SplitSeq(in, "\n") {
			if l, err := models.ParseLine([]byte(line)); err == nil && l.Format != models.LineUnknown {
				n := int64(len(l.Pairs))
				if strings.Contains(line, "turn_number") {
					n = min(n, 1)
				}
				want += n
			} else if err == nil {
				return // ParseLine gives up on mixed types, where Check goes on
			}
		}
		r, err := jsonl.Check(context.Background(), strings.NewReader(in), jsonl.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Pairs != want {
			t.Fatalf("%d pairs, ParseLine finds %d in %q", r.Pairs, want, in)
		}
	})
}

// TestPlatformIsTheValidators is the property that the Platform part rests on.
func TestPlatformIsTheValidators(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawFile(t)
		r, err := jsonl.Check(context.Background(), strings.NewReader(in), jsonl.Options{})
		if err != nil {
			t.Fatal(err)
		}
		samePlatform(t, in, r)
	})
}
