package config

import (
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

const jobTOML = `# a job
dataset = "support chats"
preset = "types/balanced"
gpu = "H100"
gpus = 2

[set]
lora_rank = 32
learning_rate = 1e-4
base_model = "my/model"
`

const jobYAML = `# a job
dataset: support chats
preset: types/balanced
gpu: H100
gpus: 2
set:
  learning_rate: 1e-4
  lora_rank: 32
  base_model: "my/model"
`

const jobJSON = `{"dataset": "support chats", "preset": "types/balanced", "gpu": "H100", "gpus": 2,
"set": {"learning_rate": 0.0001, "rank": 32, "base_model": "my/model"}}`

func TestJobFileInEveryLanguage(t *testing.T) {
	var all []JobFile
	for _, c := range [][2]string{{"job.toml", jobTOML}, {"job.yaml", jobYAML}, {"-", jobTOML}, {"-", jobYAML}, {"job.json", jobJSON}, {"job", jobJSON}} {
		f, err := ParseJobFile(c[0], []byte("\xef\xbb\xbf"+c[1]))
		if err != nil {
			t.Fatalf("%s: %v", c[0], err)
		}
		for i := range f.Set {
			if f.Set[i].Line == 0 {
				t.Errorf("%s: no line of %s", c[0], f.Set[i].Name)
			}
			f.Set[i].Line = 0
			if v, err := strconv.ParseFloat(f.Set[i].Value, 64); err == nil {
				f.Set[i].Value = strconv.FormatFloat(v, 'g', -1, 64)
			}
		}
		all = append(all, f)
	}
	want := JobFile{Dataset: "support chats", Preset: "types/balanced", GPU: "H100", GPUs: 2,
		Set: []Assignment{{Name: "learning_rate", Value: "0.0001"}, {Name: "rank", Value: "32"}, {Name: "base_model", Value: "my/model"}}}
	for i, f := range all {
		if d := cmp.Diff(want, f); d != "" {
			t.Errorf("%d:\n%s", i, d)
		}
	}
	for _, empty := range []string{"", "# nothing\n", "---\n"} {
		if f, err := ParseJobFile("x.yml", []byte(empty)); err != nil || f.Dataset != "" {
			t.Errorf("%q: %+v %v", empty, f, err)
		}
	}
}

func TestJobFileMistakesNameTheLine(t *testing.T) {
	for _, c := range [][3]string{
		{"a.toml", "dataset = \"x\"\ndatset = \"y\"\n", "a.toml:2: unknown key \"datset\", did you mean dataset?"},
		{"a.toml", "dataset = \"x\"\n\nlora_rank = 4\n", "a.toml:3: unknown key \"lora_rank\": hyperparameters belong into the table set, as set.rank"},
		{"a.toml", "[set]\nlearning_rat = 1\n", "a.toml:2: unknown key \"set.learning_rat\", did you mean set.learning_rate?"},
		{"a.toml", "[set]\nepochs = 1.5\n", "a.toml:2: set.epochs: 1.5 is not a whole number"},
		{"a.toml", "[set]\nrank = 4\nlora_rank = 8\n", "a.toml:3: set.rank is given twice, in line 2 too"},
		{"a.toml", "gpus = 9\n", "a.toml:1: gpus must be a whole number from 1 to 8"},
		{"a.toml", "dataset = [1]\n", "a.toml:1: dataset must be text or a number"},
		{"a.toml", "set = 4\n", "a.toml:1: unknown key \"set\""},
		{"a.toml", "[other]\nx = 1\n", "a.toml:1: other must be text"},
		{"a.toml", "dataset = x\n", "a.toml:1: "},
		{"a.yaml", "dataset: x\nset:\n  rank: 4\n  colour: red\n", "a.yaml:4: unknown key \"set.colour\""},
		{"a.yaml", "dataset: x\ndataset: y\n", "a.yaml:2: \"dataset\" is given twice, in line 1 too"},
		{"a.yaml", "dataset: [x]\n", "a.yaml:1: dataset must be text or a number"},
		{"a.yaml", "dataset:\n", "a.yaml:1: dataset must be text or a number"},
		{"a.yaml", "dataset: x\n bad: [\n", "a.yaml:"},
		{"a.yaml", "a: 1\n---\nb: 2\n", "more than one document"},
		{"a.yaml", "- x\n", "it must hold keys and values"},
		{"-", "dataset = \n", "-:1: "},
		{"a.toml", strings.Repeat("#", MaxJobFile+1), "larger than 1 MiB"},
	} {
		_, err := ParseJobFile(c[0], []byte(c[1]))
		if err == nil || !strings.Contains(err.Error(), c[2]) || models.CodeOf(err) != models.CodeInvalid {
			t.Errorf("%q: %v\nwant %s", c[1], err, c[2])
		}
	}
}

// What is written is read back, whatever a row's texts hold.
func TestJobFileIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return strings.TrimSpace(models.Clean(rapid.String().Draw(t, name))) }
		f := JobFile{Dataset: text("dataset"), Preset: text("preset"), BaseModel: text("model"), GPU: text("gpu"),
			GPUs: rapid.IntRange(0, 8).Draw(t, "gpus")}
		for _, n := range models.HyperNames()[:10] {
			if !rapid.Bool().Draw(t, n) {
				continue
			}
			v := float64(rapid.IntRange(1, 30000).Draw(t, n+" value"))
			if n == "learning_rate" || n == "dropout" {
				v = rapid.Float64Range(1e-6, 1).Draw(t, n+" value")
			}
			f.Set = append(f.Set, Assignment{Name: n, Value: strconv.FormatFloat(v, 'g', -1, 64)})
		}
		b, err := f.TOML("about\nthis")
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseJobFile("x.toml", b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		for i := range got.Set {
			got.Set[i].Line = 0
			x, _ := strconv.ParseFloat(got.Set[i].Value, 64)
			if y, _ := strconv.ParseFloat(f.Set[i].Value, 64); x != y {
				t.Fatalf("%s: %s is %s", f.Set[i].Name, f.Set[i].Value, got.Set[i].Value)
			}
			got.Set[i].Value = f.Set[i].Value
		}
		if d := cmp.Diff(f, got); d != "" {
			t.Fatalf("%s\n%s", d, b)
		}
	})
}

// FuzzJobFile holds that no file panics, and that no error carries a control
// character to the terminal.
func FuzzJobFile(f *testing.F) {
	for _, s := range []string{jobTOML, jobYAML, jobJSON, "a: &a [*a]\n", "? x\n: y\n", "<<: {a: 1}\n", "\"\\u001b\" = 1\n", "set: {set: {x: 1}}\n", "[set.x]\na=1\n"} {
		f.Add("x.toml", []byte(s))
		f.Add("x.yaml", []byte(s))
		f.Add("-", []byte(s))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		_, err := ParseJobFile(name, data)
		if err == nil {
			return
		}
		for _, r := range err.Error() {
			if unicode.IsControl(r) {
				t.Fatalf("control character in %q", err)
			}
		}
	})
}

func TestCatalogueByName(t *testing.T) {
	c := load(t, setup(t, `[presets.balanced]
learning_rate = 1e-4
batch_size = 2
num_epochs = 2
lora_rank = 8

[presets.mine]
label = "Mine"
lr = 1e-4
batch_size = 4
epochs = 3
rank = 8

[presets.bad]
lr = 1e-4
batch_size = 400
epochs = 1.5
rank = 8

[gpus.L4]
price_per_hour = "0.80"
throughput = 700

[gpus.H100]
price_per_hour = "1.99"
`))
	own, _ := models.FindPreset(c.Presets, "balanced")
	types, _ := models.FindPreset(c.Presets, "types/balanced")
	if own.Family != models.FamilyOwn || *own.Hyperparameters.Rank != 8 || own.Line != 1 || *types.Hyperparameters.BatchSize != 8 {
		t.Errorf("%+v\n%+v", own, types)
	}
	if p, ok := models.FindPreset(c.Presets, "mine"); !ok || p.Line != 7 || p.Label != "Mine" {
		t.Errorf("%+v", p)
	}
	if last := c.Presets[len(c.Presets)-1]; last.ID != models.PresetCustom {
		t.Errorf("the last is %s", last.ID)
	}
	want := "config.toml:17: preset \"bad\" is ignored: epochs: 1.5 is not a whole number\n"
	if got := warnings(c); got != want {
		t.Errorf("warnings:\n%s", got)
	}
	if g, ok := models.FindGPU(c.GPUs, "L4"); !ok || g.PricePerHour.String() != "0.80" {
		t.Errorf("%+v", g)
	}
	if g, _ := models.FindGPU(c.GPUs, "H100"); g.PricePerHour.String() != "1.99" || g.Throughput == 0 {
		t.Errorf("%+v", g)
	}
	bad := warnings(load(t, setup(t, "[presets.bad]\nlr = 1e-4\nbatch_size = 400\nepochs = 1\n")))
	if !strings.Contains(bad, "config.toml:3: preset \"bad\" is ignored: Batch size must be 1 to 64") || !strings.Contains(bad, "config.toml:1: preset \"bad\" is ignored: LoRA rank is missing") {
		t.Errorf("warnings:\n%s", bad)
	}
}
