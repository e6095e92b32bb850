package screens

import (
	"context"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/tuitest"
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

// longBackend has a job of so many points that it is drawn summed up.
func longBackend(n int) *tuitest.Fake {
	f := tuitest.NewFake(clock())
	j := f.JobRows[0]
	f.Points[j.ID] = tuitest.SamplePoints(j.ID, n, clock().Add(-time.Duration(n)*time.Second))
	return f
}

// TestSummedHistoryIsSavedPointByPoint: what is drawn of a long job sums it up,
// and the file has every point of the stretch in view, or says that it has
// buckets.
func TestSummedHistoryIsSavedPointByPoint(t *testing.T) {
	const n = 12_000
	o := options()
	o.DownloadDir = t.TempDir()
	f := longBackend(n)
	id := f.JobRows[0].ID
	last := int64(f.Points[id][n-1].Step)
	lo, hi := last/4, last/2
	r := newRig(t, newJob(f, o), fmt.Sprintf("%s?from=%d&to=%d", id, lo, hi))
	r.w, r.h = 110, 30
	r.see("summed up")
	rows, err := csv.NewReader(strings.NewReader(savedFile(t, r, o.DownloadDir, "c", "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, p := range f.Points[id] {
		if int64(p.Step) >= lo && int64(p.Step) <= hi {
			want++
			at := rows[want]
			if at[3] != strconv.Itoa(int(p.Step)) || at[4] != strconv.FormatFloat(float64(*p.TrainingLoss), 'g', -1, 64) || at[10] != "point" {
				t.Fatalf("row %d is %q, the point %+v", want, at, p)
			}
		}
	}
	if len(rows) != want+1 || rows[0][10] != "holds" || want < n/5 {
		t.Errorf("%d rows for %d points", len(rows), want)
	}
	left, err := filepath.Glob(filepath.Join(o.DownloadDir, "*.part"))
	if err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}

	o.DownloadDir = t.TempDir()
	r = newRig(t, newJob(f, o), id)
	r.w, r.h = 110, 30
	r.see("summed up")
	rows, err = csv.NewReader(strings.NewReader(savedFile(t, r, o.DownloadDir, "b", "csv"))).ReadAll()
	if err != nil || len(rows) < 500 || rows[1][10] != "bucket" || rows[len(rows)-1][10] != "point" {
		t.Errorf("%d rows, %v: %q … %q", len(rows), err, rows[1], rows[len(rows)-1])
	}
}

// TestSavingOfPointsStops: it is said how far it is, it can be stopped, and then
// nothing is left behind; a failure in the middle leaves nothing either.
func TestSavingOfPointsStops(t *testing.T) {
	for name, fails := range map[string]bool{"stopped": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.DownloadDir = t.TempDir()
			f := longBackend(12_000)
			id := f.JobRows[0].ID
			page := f.Points[id][:1000]
			f.OnMetricsIn = func(ctx context.Context, _ string, _, _ int64, after models.MetricCursor) ([]models.MetricsPoint, error) {
				if after.IsZero() {
					return page, nil
				}
				if fails {
					return nil, tuitest.OfflineError()
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}
			r := newRig(t, newJob(f, o), id)
			r.w, r.h = 110, 30
			r.see("summed up")
			r.press("S")
			r.see("of the buckets")
			r.press("c")
			if fails {
				r.toast("cannot be reached")
			} else {
				r.see("saving: 1,000 of about 12,000 points")
				if s, ok := r.s.(screen.Busy); !ok || s.Busy() == "" {
					t.Error("quitting would not ask")
				}
				r.press("esc")
				r.toast("nothing is saved")
			}
			if left, err := os.ReadDir(o.DownloadDir); err != nil || len(left) != 0 {
				t.Errorf("left over: %v, %v", left, err)
			}
		})
	}
}
