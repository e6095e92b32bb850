package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

func TestLaunch(t *testing.T) {
	f := sample()
	r := invoke(t, f, world{}, "jobs", "launch", "--dataset", "support-chats", "--preset", "quality", "--gpu", "nvidia-h100", "--gpus", "2",
		"--set", "lora_rank=64", "--set", "lr=1e-4", "--base-model", "my/model")
	if r.code != 0 || len(f.launched) != 1 {
		t.Fatalf("exit %d: %s", r.code, r.err)
	}
	n := f.launched[0]
	h := n.Hyperparameters
	if n.DatasetID != dsID || n.PresetID != models.PresetCustom || *h.Rank != 64 || *h.LearningRate != 1e-4 || *h.BatchSize != 2 || h.BaseModel != "my/model" {
		t.Errorf("launched %+v", n)
	}
	if n.GPU.Type != "H100" || *n.GPU.Count != 2 || n.GPU.CostPerGPUHour.String() != "4.20" || n.TotalSteps != 784*5 {
		t.Errorf("launched %+v", n)
	}
	for _, want := range []string{"$" + n.EstimatedTotalCost.String(), "2 x H100 at $8.40 an hour", "launched job " + n.ID} {
		if !strings.Contains(r.out, want) {
			t.Errorf("not printed: %q\n%s", want, r.out)
		}
	}
}

func TestLaunchKeepsThePresetWhenNothingIsSet(t *testing.T) {
	f := sample()
	if r := invoke(t, f, world{}, "jobs", "launch", "--dataset", dsID, "--preset", "fast", "-q"); r.out != f.launched[0].ID+"\n" {
		t.Errorf("%q", r.out)
	}
	if f.launched[0].PresetID != "fast" {
		t.Errorf("preset %q", f.launched[0].PresetID)
	}
}

func TestLaunchRefusesWhatTheWorkerWould(t *testing.T) {
	for _, set := range []string{"learning_rate=5", "batch_size=65", "epochs=0", "rank=2", "lora_rank=129", "learning_rate=nan", "dropout=-1"} {
		f := sample()
		r := invoke(t, f, world{}, "jobs", "launch", "--dataset", dsID, "--set", set)
		if r.code != exitBadData || len(f.launched) != 0 {
			t.Errorf("%s: exit %d %s", set, r.code, r.err)
		}
	}
	if r := invoke(t, sample(), world{}, "jobs", "launch", "--dataset", dsID, "--gpus", "9"); r.code != exitBadData {
		t.Errorf("9 GPUs: exit %d", r.code)
	}
	r := invoke(t, sample(), world{}, "jobs", "launch", "--dataset", dsID, "--set", "epochs=15", "--dry-run")
	if r.code != 0 || !strings.Contains(r.err, "warning: Epochs is usually 1 to 10") {
		t.Errorf("unusual: exit %d %q", r.code, r.err)
	}
}

func TestLaunchNeedsATrainableDataset(t *testing.T) {
	if r := invoke(t, sample(), world{}, "jobs", "launch", "--dataset", "11111111-1111-4111-8111-111111111112"); r.code != exitBadData {
		t.Errorf("broken dataset: exit %d %s", r.code, r.err)
	}
	if r := invoke(t, sample(), world{}, "jobs", "launch", "--dataset", "chats"); r.code != exitNotFound {
		t.Errorf("part of a name: exit %d %s", r.code, r.err)
	}
	f := sample()
	f.datasets = append(f.datasets, f.datasets[0])
	if r := invoke(t, f, world{}, "jobs", "launch", "--dataset", "support-chats"); r.code != exitUsage || !strings.Contains(r.err, "2 datasets are named") {
		t.Errorf("ambiguous: exit %d %s", r.code, r.err)
	}
}

func TestLaunchAsksOnATerminal(t *testing.T) {
	f := sample()
	r := invoke(t, f, world{tty: true, in: "n\n"}, "jobs", "launch", "--dataset", dsID)
	if r.code != exitFailure || len(f.launched) != 0 || !strings.Contains(r.err, "Launch this job for about $2.76?") {
		t.Errorf("exit %d %q", r.code, r.err)
	}
	if r := invoke(t, f, world{tty: true, in: "yes\n"}, "jobs", "launch", "--dataset", dsID); r.code != 0 || len(f.launched) != 1 {
		t.Errorf("exit %d %q", r.code, r.err)
	}
}

func TestLaunchAndWatch(t *testing.T) {
	f := sample()
	f.jobs[0].ID = "44444444-4444-4444-8444-444444444444"
	f.points[f.jobs[0].ID] = []models.MetricsPoint{point(f.jobs[0].ID, 0)}
	f.onLive = func(int) { f.jobs[0].Status = models.JobCompleted }
	home := t.TempDir()
	writeConfig(t, home, "refresh = \"100ms\"\n")
	r := invoke(t, f, world{home: home}, "jobs", "launch", "--dataset", dsID, "--id", f.jobs[0].ID, "--watch", "--json", "--quiet")
	got := lines(t, r.out)
	if r.code != 0 || len(got) != 3 || got[0]["type"] != "launched" || got[1]["type"] != "point" || got[2]["type"] != "end" {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestLaunchUsesConfiguredPricesAndPresets(t *testing.T) {
	home := t.TempDir()
	writeConfig(t, home, "[[gpus]]\nid = \"L4\"\nprice_per_hour = \"0.80\"\nthroughput = 700\n[[presets]]\nid = \"mine\"\nlearning_rate = 1e-4\nbatch_size = 4\nepochs = 1\nrank = 8\n")
	r := invoke(t, sample(), world{home: home}, "jobs", "launch", "--dataset", dsID, "--gpu", "L4", "--preset", "mine", "--dry-run", "--json")
	if r.code != 0 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	l := jsonOf(t, r.out)["launch"].(map[string]any)
	if l["estimate"].(map[string]any)["hourly_rate"] != "0.8" || l["request"].(map[string]any)["preset_id"] != "mine" {
		t.Errorf("%v", l)
	}
}

func writeConfig(t *testing.T, home, text string) {
	t.Helper()
	dir := filepath.Join(home, ".config", "loratop")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "config.toml"), []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestDownloadStaysInItsFolder(t *testing.T) {
	f := sample()
	f.artifacts[0].Files = models.ArtifactFiles{
		{Label: "a", Path: "u/../../../etc/passwd"}, {Label: "b", Path: ".."}, {Label: "c", Path: "x/.bashrc"},
		{Label: "d", Path: `y\..\..\evil.exe`}, {Label: "e", Path: "p/same"}, {Label: "f", Path: "q/same"}, {Label: "g", Path: "z/\x1b[2Jred"},
	}
	dir := t.TempDir()
	var dests []string
	f.download = func(d models.Download) error { dests = append(dests, d.Dest); return nil }
	r := invoke(t, f, world{}, "artifacts", "download", artID, "--dir", dir)
	if r.code != 0 || len(dests) != 7 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	seen := map[string]bool{}
	for _, d := range dests {
		name := filepath.Base(d)
		if filepath.Dir(d) != dir || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "\\\x1b") || seen[name] {
			t.Errorf("would write %q", d)
		}
		seen[name] = true
	}
	if r := invoke(t, f, world{}, "artifacts", "download", artID, "--file", "nope"); r.code != exitNotFound {
		t.Errorf("no such file: exit %d", r.code)
	}
}

func FuzzLocalName(f *testing.F) {
	for _, s := range []string{"", "..", "a/b", `a\b`, "\x00", "u/.hidden", "….", "con"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		name := localName(models.ArtifactFile{Path: path})
		if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\\x00") || filepath.Base(name) != name || name != models.Clean(name) {
			t.Errorf("%q became %q", path, name)
		}
	})
}
