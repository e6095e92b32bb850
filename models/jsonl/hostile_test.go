package jsonl_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"github.com/loratop/loratop/models/jsonl"
)

func report(t testing.TB, r io.Reader, o jsonl.Options) jsonl.Report {
	t.Helper()
	rep, err := jsonl.Check(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// codes are the codes that were found, with their counts.
func codes(r jsonl.Report) string {
	out := []string{}
	for _, g := range r.Groups {
		out = append(out, fmt.Sprintf("%s %d", g.Code, g.Count))
	}
	return strings.Join(out, ", ")
}

const good = `{"conversation_id":"c","turns":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}`

func TestHostileFiles(t *testing.T) {
	deep := func(n int) string {
		return `{"messages":[],"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
	}
	for name, c := range map[string]struct{ in, codes, trainer string }{
		"empty":               {"", "file.empty 1", "loads no example of 0 lines"},
		"blank":               {"\n \r\n\t\n", "file.empty 1, crlf 1", "loads no example of 0 lines"},
		"gzip":                {"\x1f\x8b\x08\x00abc\ndef", "file.binary 1", "cannot read the file as text"},
		"zstd":                {"\x28\xb5\x2f\xfdabc", "file.binary 1", "cannot read the file as text"},
		"zip":                 {"PK\x03\x04abc", "file.binary 1", "cannot read the file as text"},
		"UTF-16 with a mark":  {"\xff\xfe{\x00}\x00", "file.binary 1", "cannot read the file as text"},
		"UTF-16, cut":         {"{\x00\"\x00a", "file.binary 1", "cannot read the file as text"},
		"NUL":                 {good + "\n\x00\x00\x00\n", "file.binary 1", "cannot read the file as text"},
		"NUL later":           {strings.Repeat(good+"\n", 20) + "\x00\n", "json 1, id.duplicate 19, pair.duplicate 19", "loads 20 examples, skips 1 line"},
		"depth that is fine":  {deep(800) + "\n" + good, "validator.format 1, messages.empty 1", "loads 1 example, skips 1 line"},
		"depth for Python":    {deep(1200) + "\n" + good, "validator.format 1, json.depth 1, messages.empty 1", "gives up at line 1: nesting that its reader does not take"},
		"depth bomb":          {strings.Repeat("[", 3e6) + "\n" + good, "json 1", "loads 1 example, skips 1 line"},
		"depth bomb, objects": {strings.Repeat(`{"a":`, 1e6) + "\n" + good, "json 1", "loads 1 example, skips 1 line"},
		"huge number":         {`{"messages":[],"n":1` + strings.Repeat("0", 5000) + "}\n" + good, "validator.format 1, json.digits 1, messages.empty 1", "gives up at line 1: an integer that its reader does not take"},
		"huge float":          {`{"messages":[],"n":1e` + strings.Repeat("9", 5000) + "}\n" + good, "validator.format 1, messages.empty 1", "loads 1 example, skips 1 line"},
		"a scalar":            {"7\n" + good, "format.unknown 1", "gives up at line 1: a JSON value that is no object"},
		"BOM":                 {"\ufeff" + good + "\n" + strings.ReplaceAll(good, `"c"`, `"d"`), "bom 1, pair.duplicate 1", "loads 1 example, skips 1 line"},
		"old Mac line ends":   {good + "\r" + good + "\r", "trainer.format 1, json 1, crlf 1", "loads no example of 1 line"},
		"truncated":           {good + "\n" + good[:60], "json 1", "loads 1 example, skips 1 line"},
		"truncated at once":   {good[:60], "trainer.format 1, json 1", "loads no example of 1 line"},
		"many errors":         {strings.Repeat("{]\n", 1500), "json 1500, trainer.format 1", "loads no example of 1500 lines"},
	} {
		r := report(t, strings.NewReader(c.in), jsonl.Options{SeqLen: 1})
		consistent(t, r)
		if !strings.HasPrefix(name, "depth bomb") { // the plain algorithm takes long for those
			samePlatform(t, c.in, r)
		}
		if got := codes(r); got != c.codes || r.Trainer.Why != c.trainer {
			t.Errorf("%s: found %s; trainer %s", name, got, r.Trainer.Why)
		}
		if len(r.Findings) > jsonl.KeptFindings || (r.ErrorCount > 0) != strings.Contains(fmt.Sprint(r.Findings), "error") {
			t.Errorf("%s: %d findings, %d errors", name, len(r.Findings), r.ErrorCount)
		}
	}
}

// TestDocuments tells JSON over several lines from JSON Lines, and reads it.
func TestDocuments(t *testing.T) {
	chat := `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho %d"}]}`
	one, two := fmt.Sprintf(chat, 1), fmt.Sprintf(chat, 2)
	pretty := func(s string) string {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(s), "", "  "); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		in    string
		kind  jsonl.Kind
		pairs int64
		codes string
	}{
		"lines":                {one + "\n" + two, jsonl.KindJSONL, 2, "validator.format 1"},
		"lines, the first cut": {one[:40] + "\n" + two, jsonl.KindJSONL, 1, "validator.format 1, json 1"},
		"one object":           {pretty(one), jsonl.KindDocument, 1, "file.document 1"},
		"one after another":    {pretty(one) + "\n" + pretty(two) + "\n", jsonl.KindDocument, 2, "file.document 1"},
		"an array":             {pretty("[" + one + "," + two + "]"), jsonl.KindDocument, 2, "file.document 1"},
		"an array in one line": {"[" + one + "," + two + "]\n", jsonl.KindDocument, 2, "file.document 1"},
		"with a mark":          {"\ufeff" + pretty("["+one+"]"), jsonl.KindDocument, 1, "file.document 1, bom 1"},
		"a broken one":         {pretty("[" + one + "," + two + "]")[:300], jsonl.KindDocument, 1, "file.document 1, json 1"},
		"more behind it":       {pretty(one) + "\n!", jsonl.KindDocument, 1, "file.document 1, json 1"},
		"ShareGPT":             {pretty(`[{"id":"a","conversations":[{"from":"human","value":"x"},{"from":"gpt","value":"y"}]}]`), jsonl.KindDocument, 1, "file.document 1"},
		"pairs":                {pretty(`{"training_pairs":[{"current_user_input":"x","target_response":"y"},{"current_user_input":"z","target_response":null}]}`), jsonl.KindDocument, 1, "file.document 1"},
		"pairs that are none":  {pretty(`{"training_pairs":{"a":[{}]},"dataset_metadata":7}`), jsonl.KindDocument, 0, "file.document 1, format.unknown 1"},
		"in one line":          {`{"dataset_metadata":{"version":"4.0.0"},"training_pairs":[{"current_user_input":"x","target_response":"y"}]}`, jsonl.KindDocument, 1, "file.document 1"},
	} {
		r := report(t, strings.NewReader(c.in), jsonl.Options{})
		consistent(t, r)
		samePlatform(t, c.in, r)
		fixed(t, []byte(c.in))
		if r.Kind != c.kind || r.Pairs != c.pairs || codes(r) != c.codes {
			t.Errorf("%s: %s with %d pairs, found %s", name, r.Kind, r.Pairs, codes(r))
		}
	}
}

// TestFindingsAreClean holds that nothing of a file reaches a terminal as it is.
func TestFindingsAreClean(t *testing.T) {
	evil := "\\u001b]0;x\\u0007\\u202e\x1b[31m\u202e"
	in := strings.NewReplacer("EVIL", strings.ReplaceAll(evil, "\x1b[31m", "\u009b31m")).Replace(strings.Join([]string{
		`{"id":"EVIL","conversations":[{"role":"EVIL","content":"EVIL"}]}`,
		`{"id":"EVIL","conversations":[{"role":"EVIL","content":"EVIL"}]}`,
		`{"id":"q","current_user_input":"a","target_response":"b","conversation_metadata":{"client_persona":"EVIL","emotional_arc":"EVIL","training_topic":"EVIL"},"training_metadata":{"quality_score":"EVIL"},"emotional_context":{"detected_emotions":{"valence":"EVIL"}},"turn_number":"EVIL"}`,
	}, "\n"))
	r := report(t, strings.NewReader(in), jsonl.Options{})
	if len(r.Findings) < 8 || len(r.Personas) != 1 {
		t.Fatalf("found %s", codes(r))
	}
	texts := []string{r.Validator.Why, r.Trainer.Why}
	for _, f := range r.Findings {
		texts = append(texts, f.Text, f.Path, f.Suggestion, f.Code)
	}
	for _, of := range [][]jsonl.Count{r.Roles, r.Personas, r.Arcs, r.Topics, r.Formats, r.Scripts} {
		for _, c := range of {
			texts = append(texts, c.Name)
		}
	}
	for _, s := range texts {
		if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || c == '\u202e' }) {
			t.Errorf("%q", s)
		}
	}
}

// repeat gives a text again and again until n bytes are read, and watches how
// much memory is in use meanwhile.
type repeat struct {
	text []byte
	n    int64
	off  int
	peak *uint64
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.n <= 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.n)], r.text[r.off:])
	r.off, r.n = (r.off+n)%len(r.text), r.n-int64(n)
	if r.peak != nil && r.n%(8<<20) < int64(n) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		*r.peak = max(*r.peak, m.HeapInuse+m.StackInuse)
	}
	return n, nil
}

// TestEndlessLine reads one line of 200 MB.
func TestEndlessLine(t *testing.T) {
	runtime.GC()
	peak := uint64(0)
	r := report(t, io.MultiReader(
		strings.NewReader(good+"\n"),
		&repeat{text: bytes.Repeat([]byte("[0,"), 20000), n: 200 << 20, peak: &peak},
		strings.NewReader("\n"+good)), jsonl.Options{})
	if r.Lines != 3 || r.Long != 1 || r.Platform.Lines != 3 || r.Pairs != 2 || !strings.Contains(codes(r), "line.too_long 1") || r.Trainer.Why != "loads 2 examples, skips 1 line" {
		t.Errorf("%d lines, %s, %s", r.Lines, codes(r), r.Trainer.Why)
	}
	for _, f := range r.Findings {
		if f.Code == "line.too_long" && (f.Line != 2 || f.Offset != int64(len(good))+1) {
			t.Errorf("%+v", f)
		}
	}
	if peak > 4*jsonl.MaxLine {
		t.Errorf("%d MB in use", peak>>20)
	}
}

// TestLongLine reads one line of 11 MB with more turns than are looked at.
func TestLongLine(t *testing.T) {
	turns := strings.Repeat(`{"role":"user","content":"`+strings.Repeat("hi ", 300)+`"},{"role":"assistant","content":"`+strings.Repeat("ho ", 100)+`"},`, 8500)
	in := `{"conversation_id":"c","turns":[` + strings.TrimSuffix(turns, ",") + "]}"
	r := report(t, strings.NewReader(in), jsonl.Options{})
	samePlatform(t, in, r)
	if r.Long != 1 || r.Platform.Pairs != 17000 || !strings.Contains(codes(r), "line.long 1") || !strings.Contains(codes(r), "turns.many 1") {
		t.Errorf("%s: %+v", codes(r), r.Platform.Pairs)
	}
}

// TestMemoryIsBounded holds that a longer file needs hardly more memory; what is
// remembered of it has bounds of its own, see TestBounds.
func TestMemoryIsBounded(t *testing.T) {
	measure := func(size int64) (peak uint64) {
		runtime.GC()
		e := newEndless(newMaker(turnsLine).bytes(1<<20, 1), size)
		e.watch = func() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse+m.StackInuse)
		}
		report(t, e, jsonl.Options{})
		return peak
	}
	small, large := measure(3<<20), measure(24<<20)
	if large > small+20<<20 {
		t.Errorf("3 MB need %d MB, 24 MB need %d MB", small>>20, large>>20)
	}
}

// TestReaderFails holds that its error comes back, with what was read before.
func TestReaderFails(t *testing.T) {
	cut := errors.New("link cut")
	for _, head := range []string{good + "\n", "{\n \"training_pairs\": [", "\x1f\x8b", ""} {
		r, err := jsonl.Check(t.Context(), io.MultiReader(strings.NewReader(head), broken{cut}), jsonl.Options{})
		if !errors.Is(err, cut) || r.Bytes != int64(len(head)) {
			t.Errorf("%q: %v after %d bytes", head, err, r.Bytes)
		}
	}
	if _, err := jsonl.Check(t.Context(), broken{nil}, jsonl.Options{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// TestHash is of all bytes, whatever they are, or of none.
func TestHash(t *testing.T) {
	for _, in := range []string{"", good, strings.Repeat(good+"\n", 5000), "\x1f\x8bxx", "\ufeff[\n1,\n2]", "{\n \"training_pairs\": [tru"} {
		want := fmt.Sprintf("%x", sha256.Sum256([]byte(in)))
		if got := report(t, strings.NewReader(in), jsonl.Options{}).SHA256; got != want {
			t.Errorf("%.20q: %s, want %s", in, got, want)
		}
		if got := report(t, strings.NewReader(in), jsonl.Options{NoHash: true}).SHA256; got != "" {
			t.Errorf("%.20q: %s without a hash", in, got)
		}
	}
}

// TestCancel ends a check in the middle of an endless stream.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	told := int64(0)
	_, err := jsonl.Check(ctx, &repeat{text: []byte(good + "\n"), n: 1 << 50}, jsonl.Options{Tokens: letters{}, Progress: func(n int64) {
		told = n
		cancel(why)
	}})
	if !errors.Is(err, why) || told == 0 {
		t.Errorf("%v after %d bytes", err, told)
	}
}

// letters is a tokenizer whose tokens are bytes.
type letters struct{}

func (letters) Name() string       { return "bytes" }
func (letters) Count(b []byte) int { return len(b) }

// TestTokens holds what is computed of the lengths.
func TestTokens(t *testing.T) {
	in := ""
	for n := 1; n <= 100; n++ {
		in += fmt.Sprintf(`{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"%0*d"}]}`+"\n", n, n)
	}
	got := report(t, strings.NewReader(in), jsonl.Options{Tokens: letters{}, SeqLen: 91}).Tokens
	if got.Tokenizer != "bytes" || got.Min != 2 || got.Max != 101 || got.P50 != 51 || got.P90 != 91 || got.P99 != 100 || got.Total != 5150 {
		t.Errorf("%+v", got)
	}
	if c := got.Cut; c.Examples != 10 || c.Percent != 10 || c.Lost != 55 {
		t.Errorf("cut %+v", c)
	}
	sum := int64(0)
	for _, b := range got.Bins {
		sum += b.Count
	}
	if sum != 100 {
		t.Errorf("%d in the histogram", sum)
	}
	huge := report(t, strings.NewReader(fmt.Sprintf(`{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":%q}]}`, strings.Repeat("y", 1e6))), jsonl.Options{Tokens: letters{}}).Tokens
	if huge.Max != 1000001 || huge.Max-huge.P50 > 10000 || huge.P50 > huge.Max || len(huge.Bins) != 1 || huge.Bins[0].Count != 1 {
		t.Errorf("%+v", huge)
	}
}

// TestDuplicates tells exact, near and other pairs apart.
func TestDuplicates(t *testing.T) {
	m := newMaker(turnsLine)
	text := func(n int) string {
		var b bytes.Buffer
		m.text(&b, n)
		return strings.NewReplacer(`\n`, " ", `\"`, "'").Replace(b.String())
	}
	line := func(q, a string) string {
		return fmt.Sprintf(`{"messages":[{"role":"user","content":%q},{"role":"assistant","content":%q}]}`, q, a)
	}
	count := func(lines ...string) [2]int64 {
		r := report(t, strings.NewReader(strings.Join(lines, "\n")), jsonl.Options{})
		return [2]int64{r.Duplicates, r.NearDuplicate}
	}
	q, a := text(20), text(200)
	words := strings.Fields(a)
	edited := append([]string{}, words...)
	edited[50], edited[150] = "another", "word"
	cyrillic := strings.Repeat("Каждый день я записываю расходы и доходы в тетрадь. ", 8)
	for name, c := range map[string]struct {
		got  [2]int64
		want [2]int64
	}{
		"the same":                    {count(line(q, a), line(q, a)), [2]int64{1, 0}},
		"spelled with escapes":        {count(line("é", "a"), strings.Replace(line("é", "a"), "é", `\u00e9`, 1)), [2]int64{1, 0}},
		"case and punctuation, short": {count(line("What is it?", "A plan."), line("what is it", "a PLAN!")), [2]int64{0, 1}},
		"case, long":                  {count(line(q, a), line(q, strings.ToUpper(a))), [2]int64{0, 1}},
		"two words of 200":            {count(line(q, a), line(q, strings.Join(edited, " "))), [2]int64{0, 1}},
		"a sentence more":             {count(line(q, a), line(q, "Well, let me see. "+a)), [2]int64{0, 1}},
		"another script, one word":    {count(line("?", cyrillic), line("?", strings.Replace(cyrillic, "тетрадь", "таблицу", 1))), [2]int64{0, 1}},
		"the same prompt only":        {count(line(q, a), line(q, text(200))), [2]int64{0, 0}},
		"half of it":                  {count(line(q, a), line(q, strings.Join(words[:100], " ")+" "+text(100))), [2]int64{0, 0}},
		"prompt and response swapped": {count(line(q, a), line(a, q)), [2]int64{0, 0}},
		"marks only":                  {count(line("?", "!"), line("!", "?")), [2]int64{0, 0}},
		"a hundred strangers of a kind": {func() [2]int64 {
			lines := []string{}
			for range 100 {
				lines = append(lines, line(text(20), text(150)))
			}
			return count(lines...)
		}(), [2]int64{0, 0}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v exact and near, want %v", name, c.got, c.want)
		}
	}
}
