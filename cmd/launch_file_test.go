package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

const jobText = `dataset = "support-chats"
preset = "types/balanced"
gpu = "H100"
gpus = 2
[set]
lora_rank = 32
`

func TestLaunchFromAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "job.toml")
	if err := os.WriteFile(file, []byte(jobText), 0o600); err != nil {
		t.Fatal(err)
	}
	yaml := "dataset: support-chats\npreset: types/balanced\ngpu: H100\ngpus: 2\nset: {rank: 32}\n"
	for name, c := range map[string]struct {
		in   string
		args []string
	}{"toml": {"", []string{"-f", file}}, "stdin": {jobText, []string{"--file", "-"}}, "yaml": {yaml, []string{"--file", "-"}}} {
		f := sample()
		r := invoke(t, f, world{in: c.in}, append([]string{"jobs", "launch", "-q"}, c.args...)...)
		if r.code != 0 || len(f.launched) != 1 {
			t.Fatalf("%s: exit %d: %s", name, r.code, r.err)
		}
		n := f.launched[0]
		if *n.Hyperparameters.Rank != 32 || *n.Hyperparameters.BatchSize != 8 || n.GPU.Type != "H100" || *n.GPU.Count != 2 || n.PresetID != models.PresetCustom {
			t.Errorf("%s: %+v", name, n)
		}
	}
	f := sample()
	r := invoke(t, f, world{}, "jobs", "launch", "-q", "-f", file, "--preset", "fast", "--gpu", "V100-32GB", "--gpus", "1", "--set", "rank=8")
	if r.code != 0 {
		t.Fatal(r.err)
	}
	if n := f.launched[0]; *n.Hyperparameters.Rank != 8 || n.GPU.Type != "V100-32GB" || *n.GPU.Count != 1 || n.PresetID != "fast" {
		t.Errorf("flags do not outrank the file: %+v", n)
	}
}

func TestLaunchFlagsChooseAnotherStart(t *testing.T) {
	f := sample()
	in := "dataset = \"support-chats\"\nfrom = \"" + jobID + "\"\n"
	if r := invoke(t, f, world{in: in}, "jobs", "launch", "-q", "-f", "-", "--preset", "fast"); r.code != 0 || f.launched[0].PresetID != "fast" {
		t.Errorf("exit %d %s", r.code, r.err)
	}
	in = "dataset = \"support-chats\"\npreset = \"fast\"\n"
	if r := invoke(t, f, world{in: in}, "jobs", "launch", "-q", "-f", "-", "--from", jobID); r.code != 0 || f.launched[1].PresetID != "balanced" {
		t.Errorf("exit %d %s", r.code, r.err)
	}
}

func TestLaunchFileMistakes(t *testing.T) {
	for _, c := range []struct {
		in, want string
		code     int
	}{
		{"dataset = \"x\"\ndatset = \"y\"\n", `-:2: unknown key "datset", did you mean dataset?`, exitBadData},
		{"dataset: x\nlora_rank: 4\n", "-:2: unknown key", exitBadData},
		{"gpus = 2\n", "missing --dataset", exitUsage},
		{"dataset = \"support-chats\"\npreset = \"nope\"\n", "types/balanced", exitUsage},
		{"dataset = \"support-chats\"\nfrom = \"x\"\npreset = \"fast\"\n", "not from both", exitUsage},
		{"dataset = \"support-chats\"\n[set]\nrank = 4000\n", "LoRA rank must be 4 to 128", exitBadData},
		{"dataset = \"support-chats\"\nid = \"7\"\n", "must be a UUID", exitUsage},
	} {
		f := sample()
		r := invoke(t, f, world{in: c.in}, "jobs", "launch", "--file", "-")
		if r.code != c.code || !strings.Contains(r.err, c.want) || len(f.launched) != 0 {
			t.Errorf("%q: exit %d, want %d: %s", c.in, r.code, c.code, r.err)
		}
	}
	if r := invoke(t, sample(), world{}, "jobs", "launch", "--file", filepath.Join(t.TempDir(), "none.toml")); r.code != exitNotFound {
		t.Errorf("no file: exit %d: %s", r.code, r.err)
	}
}

// A job written as a file launches the same job again.
func TestJobAsAFile(t *testing.T) {
	f := sample()
	out := invoke(t, f, world{}, "jobs", "get", jobID, "--toml")
	if out.code != 0 || !strings.HasPrefix(out.out, "# job "+jobID) || !strings.Contains(out.out, "[set]\n") {
		t.Fatalf("exit %d %s\n%s", out.code, out.err, out.out)
	}
	r := invoke(t, f, world{in: out.out}, "jobs", "launch", "--file", "-", "-q")
	if r.code != 0 || len(f.launched) != 1 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	n, j := f.launched[0], f.jobs[0]
	if !n.Hyperparameters.SameValues(j.Hyperparameters) || n.DatasetID != j.DatasetID || n.GPU.Type != j.GPU.Type || *n.GPU.Count != *j.GPU.Count {
		t.Errorf("%+v", n)
	}
}

func TestLaunchFromAJob(t *testing.T) {
	f := sample()
	failed := f.jobs[2].ID
	r := invoke(t, f, world{}, "jobs", "launch", "--from", failed)
	if r.code != 0 || len(f.launched) != 1 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	n := f.launched[0]
	if n.DatasetID != dsID || n.GPU.Type != "H100" || *n.GPU.Count != 2 || n.PresetID != "balanced" || !n.Hyperparameters.SameValues(f.jobs[2].Hyperparameters) {
		t.Errorf("%+v", n)
	}
	if strings.Contains(r.out, "changed") {
		t.Errorf("nothing changed:\n%s", r.out)
	}
	r = invoke(t, f, world{}, "jobs", "launch", "--from", failed, "--retry", "--gpus", "1", "--set", "max_seq_length=1024", "--dry-run")
	for _, want := range []string{"batch_size: 4 -> 2", "gpu_count: 2 -> 1", "max_seq_length: default -> 1024", "half the batch size"} {
		if r.code != 0 || !strings.Contains(r.out, want) {
			t.Errorf("exit %d, no %q in\n%s%s", r.code, want, r.out, r.err)
		}
	}
	r = invoke(t, f, world{}, "jobs", "launch", "--from", failed, "--retry", "--dry-run", "--json")
	l := jsonOf(t, r.out)["launch"].(map[string]any)
	if c := l["changes"].([]any); l["from"] != failed || len(c) != 1 || c[0].(map[string]any)["to"] != "2" {
		t.Errorf("%v", l)
	}
	for _, args := range [][]string{{"--retry"}, {"--dataset", dsID, "--retry"}, {"--from", jobID, "--retry"}, {"--from", failed, "--preset", "fast"}} {
		if r := invoke(t, f, world{}, append([]string{"jobs", "launch"}, args...)...); r.code != exitUsage {
			t.Errorf("%v: exit %d %s", args, r.code, r.err)
		}
	}
	if r := invoke(t, f, world{}, "jobs", "launch", "--from", "22222222-2222-4222-8222-222222222299"); r.code != exitNotFound {
		t.Errorf("no such job: exit %d %s", r.code, r.err)
	}
}

func TestLaunchOverTheBudget(t *testing.T) {
	home := t.TempDir()
	writeConfig(t, home, "monthly_budget = \"10.00\"\n")
	launch := []string{"jobs", "launch", "--dataset", dsID} // $2.76
	try := func(spent int64, w world, args ...string) (result, *fake) {
		f := sample()
		f.spend = models.Dollars(spent)
		w.home = home
		return invoke(t, f, w, append(launch, args...)...), f
	}
	if r, f := try(100, world{}); r.code != 0 || len(f.launched) != 1 || !strings.Contains(r.out, "$9.00 of $10.00") {
		t.Errorf("fits: exit %d %s\n%s", r.code, r.err, r.out)
	}
	if r, f := try(740, world{}); r.code != 0 || len(f.launched) != 1 || !strings.Contains(r.err, "above the $2.60 left") {
		t.Errorf("a little above: exit %d %s", r.code, r.err)
	}
	for _, args := range [][]string{nil, {"--yes"}, {"--json"}} {
		if r, f := try(900, world{}, args...); r.code != exitBadData || len(f.launched) != 0 || !strings.Contains(r.err, "--over-budget") {
			t.Errorf("far above %v: exit %d %s", args, r.code, r.err)
		}
	}
	if r, f := try(900, world{}, "--over-budget"); r.code != 0 || len(f.launched) != 1 {
		t.Errorf("acknowledged: exit %d %s", r.code, r.err)
	}
	if r, f := try(900, world{tty: true, in: "y\n"}); r.code != 0 || len(f.launched) != 1 || !strings.Contains(r.err, "more than a tenth above the $1.00 left") {
		t.Errorf("asked: exit %d %s", r.code, r.err)
	}
	r, _ := try(900, world{}, "--dry-run", "--json")
	if l := jsonOf(t, r.out)["launch"].(map[string]any); r.code != 0 || l["over_budget"] != true || l["budget_left"] != "1" {
		t.Errorf("dry: exit %d %v", r.code, l)
	}
}

func TestLaunchTellsMemoryAndTruncation(t *testing.T) {
	f := sample()
	line := `{"current_user_input":"a","target_response":"` + strings.TrimSpace(strings.Repeat("b ", 3000)) + `"}` + "\n"
	f.head = []byte(line + strings.Replace(line, "b b", "c", 1) + `{"current_user_input":"a","target_response":"b"}` + "\n")
	r := invoke(t, f, world{}, "jobs", "launch", "--dataset", dsID, "--dry-run", "--gpu", "V100-32GB", "--set", "batch_size=64", "--json")
	if r.code != 0 || !strings.Contains(r.err, "needs about") || !strings.Contains(r.err, "67 % of the examples") {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	l := jsonOf(t, r.out)["launch"].(map[string]any)
	m, tr := l["memory"].(map[string]any), l["truncation"].(map[string]any)
	if m["fits"] != false || m["needed_bytes"].(float64) < 32e9 || m["trainable_weights"].(float64) != 41943040 {
		t.Errorf("memory %v", m)
	}
	if tr["samples"] != 3.0 || tr["whole_file"] != true || tr["cut_examples"] != 2.0 || tr["examples"] != 3.0 {
		t.Errorf("truncation %v", tr)
	}
	if e := l["estimate"].(map[string]any); e["worker_steps"] != 0.0 || e["worker_examples"] != 3.0 || len(l["warnings"].([]any)) < 3 {
		t.Errorf("%v", l)
	}
	plain := invoke(t, f, world{}, "jobs", "launch", "--dataset", dsID, "--dry-run")
	for _, want := range []string{"GPU memory", "by the worker's count 0, of 3 examples", "2 of 3 examples", "counted over all 3 examples"} {
		if !strings.Contains(plain.out, want) {
			t.Errorf("no %q in\n%s", want, plain.out)
		}
	}
}

func TestLaunchCompletes(t *testing.T) {
	home := t.TempDir()
	writeConfig(t, home, "[gpus.L4]\nprice_per_hour = \"0.80\"\nthroughput = 700\n[presets.mine]\nlr = 1e-4\nbatch_size = 4\nepochs = 1\nrank = 8\n")
	for flag, want := range map[string][]string{
		"--preset": {"balanced", "types/balanced", "mine"}, "--gpu": {"L4", "H100"}, "--set": {"learning_rate="}, "--base-model": {models.DefaultBaseModel},
	} {
		r := invoke(t, sample(), world{home: home}, "__complete", "jobs", "launch", flag, "")
		for _, w := range want {
			if r.code != 0 || !strings.Contains("\n"+r.out, "\n"+w+"\n") {
				t.Errorf("%s does not offer %s: exit %d\n%s%s", flag, w, r.code, r.out, r.err)
			}
		}
	}
}
