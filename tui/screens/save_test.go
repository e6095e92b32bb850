package screens

import (
	"encoding/csv"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// savedFiles presses S and a key, and gives what was written.
func savedFile(t *testing.T, r *rig, dir, key, ending string) string {
	t.Helper()
	r.press("S")
	r.see("Save this view")
	r.press(key)
	r.never("Save this view")
	r.toast("." + ending)
	paths, err := filepath.Glob(filepath.Join(dir, "loratop-*."+ending))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %v", paths, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestJobIsSaved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	o := options()
	o.DownloadDir = dir
	r := newRig(t, newJob(jobsBackend(runningJob(1)), o), jobID(1)+"?from=100&to=300")
	r.w, r.h = 100, 30
	r.see("validation 1.5")
	svg := savedFile(t, r, dir, "v", "svg")
	var picture struct {
		Texts []string `xml:"text"`
	}
	if err := xml.Unmarshal([]byte(svg), &picture); err != nil || len(picture.Texts) < 10 {
		t.Errorf("%d texts, %v", len(picture.Texts), err)
	}
	if !strings.HasPrefix(svg, "<svg") || !strings.Contains(svg, "<circle") || !strings.Contains(svg, "Loss") {
		t.Errorf("%.200q", svg)
	}
	ansi := savedFile(t, r, dir, "a", "ans")
	if n := strings.Count(ansi, "\n"); n != 30 || !strings.Contains(ansi, "\x1b[") || strings.Contains(ansi, "Save this") {
		t.Errorf("%d lines: %.300q", n, ansi)
	}
	rows, err := csv.NewReader(strings.NewReader(savedFile(t, r, dir, "c", "csv"))).ReadAll()
	if err != nil || len(rows) != 22 || rows[0][4] != "training_loss" || rows[1][3] != "100" || rows[21][3] != "300" {
		t.Errorf("%d rows, %v: %v", len(rows), err, rows)
	}
	r.press("S", "esc")
	r.never("Save this view")
}

func TestSavingNeverOverwrites(t *testing.T) {
	base := filepath.Join(t.TempDir(), "x")
	for i, want := range []string{"x.csv", "x-2.csv", "x-3.csv"} {
		path, err := writeNew(base, "csv", []byte{byte(i)})
		if err != nil || filepath.Base(path) != want {
			t.Errorf("%s, %v", path, err)
		}
	}
}

func TestSavingFailsInWords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := options()
	o.DownloadDir = file // a file where a folder should be
	r := newRig(t, newCompare(compareBackendFor(2), o), jobID(1)+","+jobID(2))
	r.see("best")
	r.press("S", "c")
	r.toast("download_dir")
}

func TestCompareIsSaved(t *testing.T) {
	o := options()
	o.DownloadDir = t.TempDir()
	r := newRig(t, newCompare(compareBackendFor(2), o), jobID(1)+","+jobID(2))
	r.see("best")
	rows, err := csv.NewReader(strings.NewReader(savedFile(t, r, o.DownloadDir, "c", "csv"))).ReadAll()
	if err != nil || len(rows) != 121 || rows[1][0] != jobID(1) || rows[120][0] != jobID(2) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
