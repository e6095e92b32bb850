package screens

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/screen"
)

// cellar is a backend of datasets that can be moved to the trash.
type cellar struct {
	mu   sync.Mutex
	rows []models.Dataset
	held []string // that the policies do not let go
}

func newCellar(n int) *cellar {
	c := &cellar{}
	for i := range n {
		d := readyDataset(fmt.Sprintf("id%d", i), fmt.Sprintf("set %d", i), 100, 2000)
		d.CreatedAt = models.At(clock().Add(-time.Duration(i) * time.Hour))
		c.rows = append(c.rows, d)
	}
	return c
}

func (c *cellar) page(q models.ListQuery) (models.Page[models.Dataset], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var p models.Page[models.Dataset]
	for _, d := range c.rows {
		if d.DeletedAt.IsZero() != q.Deleted {
			p.Items = append(p.Items, d)
		}
	}
	p.Total = models.Ptr(int64(len(p.Items)))
	return p, nil
}

func (c *cellar) move(gone bool) func(ids []string) ([]string, error) {
	return func(ids []string) (moved []string, err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i := range c.rows {
			if d := &c.rows[i]; slices.Contains(ids, d.ID) && !slices.Contains(c.held, d.ID) {
				moved = append(moved, d.ID)
				d.DeletedAt = models.Time{}
				if gone {
					d.DeletedAt = models.At(clock())
				}
			}
		}
		if len(moved) == 0 {
			return nil, &models.Error{Code: models.CodeNoRows, Op: "move", Msg: "no row was changed", Hint: "Ask for an UPDATE policy."}
		}
		return moved, nil
	}
}

func cellarRig(t *testing.T, c *cellar) (*rig, *fakeBackend) {
	t.Helper()
	b := &fakeBackend{datasets: c.page}
	b.trash, b.restore = c.move(true), c.move(false)
	r := newRig(t, newDatasets(b, Options{}))
	r.see(fmt.Sprintf("%d datasets", len(c.rows)))
	return r, b
}

func TestManyDatasetsGoToTheTrashAndBack(t *testing.T) {
	r, _ := cellarRig(t, newCellar(8))
	r.press("down", "space", "down", "down", "V")
	r.see("4 marked")
	a := r.action("datasets.delete")
	if title, body, _ := a.Prompt(); a.Risk != screen.RiskConfirm || title != "Move 4 datasets to the trash?" || !strings.Contains(body, "set 3") {
		t.Errorf("%v %q %q", a.Risk, title, body)
	}
	r.press("up", "up", "up", "up", "space")
	if a = r.action("datasets.delete"); a.Risk != screen.RiskTypeName {
		t.Error("five go without a word")
	}
	if _, _, typed := a.Prompt(); typed != "trash" {
		t.Errorf("%q has to be typed", typed)
	}
	r.press("x")
	r.toast("5 datasets are moved to the trash")
	r.see("3 datasets")
	r.never("marked")
	if r.action("datasets.restore").Why() == "" {
		t.Fatal("what is not in the trash can be restored")
	}
	r.press("t")
	r.see("5 datasets")
	if r.action("datasets.delete").Why() == "" || r.action("datasets.rename").Why() == "" {
		t.Fatal("what is in the trash can be moved there or renamed")
	}
	r.press("space", "space", "R")
	r.toast("2 datasets are moved out of the trash")
	r.see("3 datasets")
	r.press("space", "u")
	r.never("marked")
	r.press("R")
	r.toast("The dataset is moved out of the trash")
}

func TestPoliciesThatRefuseAreSaid(t *testing.T) {
	c := newCellar(3)
	c.held = []string{"id0", "id1"}
	r, b := cellarRig(t, c)
	r.press("x")
	said := func(text string) {
		t.Helper()
		r.until(text, func() bool {
			for _, a := range r.asked {
				if m, ok := a.(screen.AskMsg); ok && strings.Contains(m.Dialog.Title+m.Dialog.Body, text) {
					return true
				}
			}
			return false
		})
	}
	said("Ask for an UPDATE policy.")
	r.press("space", "space", "space", "x")
	r.toast("1 of 3 datasets are moved to the trash; the database left the others")
	r.see("2 marked")
	b.update = func(string, models.DatasetPatch) (models.Dataset, error) {
		return models.Dataset{}, &models.Error{Code: models.CodeNoRows, Msg: "no row was changed", Hint: "It is not yours."}
	}
	r.press("u", "e")
	r.see("Rename or describe")
	r.typing("!")
	r.press("enter", "enter")
	said("It is not yours.")
	r.never("Rename or describe")
}

func TestDatasetsAreRenamedAndDescribed(t *testing.T) {
	patches := make(chan models.DatasetPatch, 4)
	c := newCellar(1)
	b := &fakeBackend{datasets: c.page}
	fail := true
	b.update = func(id string, p models.DatasetPatch) (models.Dataset, error) {
		if fail {
			fail = false
			return models.Dataset{}, &models.Error{Code: models.CodeConflict, Msg: "that name is taken"}
		}
		patches <- p
		return models.Dataset{ID: id}, nil
	}
	r := newRig(t, newDatasets(b, Options{}))
	r.see("1 dataset")
	r.press("E")
	r.typing("chats of spring")
	r.press("enter")
	r.see("that name is taken")
	r.press("enter")
	if p := <-patches; p.Name != nil || *p.Description != "chats of spring" {
		t.Errorf("%+v", p)
	}
	r.toast("The dataset is changed")
	r.press("e")
	for range "set 0" {
		r.press("backspace")
	}
	r.press("enter")
	r.see("a dataset needs a name")
	r.press("esc")
	r.never("Rename")
	r.press("e", "enter", "enter")
	r.toast("Nothing was changed")
}

// What is stuck says what to do, by what this machine knows of it.
func TestStuckDatasetsAreDiagnosed(t *testing.T) {
	now := clock()
	old := func(s models.DatasetStatus) models.Dataset {
		return models.Dataset{Status: s, CreatedAt: models.At(now.Add(-3 * time.Hour))}
	}
	fresh := models.Dataset{Status: models.DatasetUploading, CreatedAt: models.At(now)}
	for _, c := range []struct {
		d      models.Dataset
		up     upState
		stored storedFile
		want   string
	}{
		{fresh, upState{}, storedUnknown, ""},
		{fresh, upState{kind: upRunning}, storedUnknown, ""},
		{fresh, upState{kind: upStopped, done: 45, total: 100}, storedUnknown, "stopped at 45%. U continues"},
		{fresh, upState{kind: upFailed, err: "quota"}, storedUnknown, "stopped at 0%: quota. U continues"},
		{fresh, upState{kind: upChanged}, storedUnknown, "changed since. x drops"},
		{fresh, upState{kind: upMissing, path: "/a"}, storedUnknown, "/a is gone. Put it back"},
		{fresh, upState{kind: upElsewhere}, storedUnknown, "another loratop"},
		{old(models.DatasetUploading), upState{}, storedUnknown, "If its file is stored, v checks it"},
		{old(models.DatasetUploading), upState{}, storedThere, "its file is stored (3h 00m). Whoever"},
		{old(models.DatasetUploading), upState{}, storedMissing, "no file is stored"},
		{old(models.DatasetValidating), upState{}, storedThere, "v validates it from here"},
		{old(models.DatasetValidating), upState{}, storedMissing, "nothing to validate"},
		{old(models.DatasetReady), upState{}, storedMissing, ""},
	} {
		got := ""
		if d := diagnoseDataset(c.d, c.up, c.stored, now); d != nil {
			got = diagnosisText(d)
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s %+v %d: %q, want %q", c.d.Status, c.up, c.stored, got, c.want)
		}
	}
}

func TestListOfDatasetsShowsUploadsOfThisMachine(t *testing.T) {
	c := newCellar(2)
	c.rows[0].Status, c.rows[0].ID = models.DatasetUploading, "d1"
	b := &fakeBackend{datasets: c.page}
	b.pending = func() ([]models.PendingUpload, error) {
		return []models.PendingUpload{{DatasetID: "d1", Path: "/a.jsonl", Name: "a", Size: 100, Sent: 60}}, nil
	}
	sent := make(chan models.UploadProgress)
	b.upload = func(ctx context.Context, u models.NewUpload, p func(models.UploadProgress)) (models.Dataset, error) {
		for {
			select {
			case x := <-sent:
				p(x)
			case <-ctx.Done():
				return models.Dataset{}, ctx.Err()
			}
		}
	}
	dropped := make(chan string, 1)
	b.drop = func(id string) error { dropped <- id; return nil }
	r := newRig(t, newDatasets(b, Options{}))
	r.see("held 60%")
	r.see("1 unfinished upload (n)")
	r.see("its upload stopped at 60%. U continues it")
	r.press("U")
	sent <- models.UploadProgress{Stage: models.UploadSending, Done: 75, Total: 100, Rate: 1e6}
	r.see("sent 75%")
	r.see("75 B of 100 B · 1.0 MB/s")
	sent <- models.UploadProgress{Stage: models.UploadWaiting, Done: 75, Total: 100, Retry: 8 * time.Second, Note: "the server cannot be reached"}
	r.see("waiting, next attempt in 8s: the server cannot be reached")
	r.press("P")
	r.see("held 75%")
	if _, body, _ := r.action("datasets.delete").Prompt(); !strings.Contains(body, "1 unfinished upload among them will be cancelled") {
		t.Errorf("%q", body)
	}
	r.press("x")
	if id := <-dropped; id != "d1" {
		t.Fatalf("dropped %q", id)
	}
	r.toast("The upload is cancelled")
	r.press("n")
	r.asks(screen.GoMsg{Link: "upload"})
}

func TestDatasetPageValidatesDownloadsAndStops(t *testing.T) {
	d := sampleDataset()
	d.Status, d.TrainingReady = models.DatasetValidating, false
	b := &fakeBackend{dataset: func(string) (models.Dataset, error) { return d, nil }}
	b.part = shelfPart(longFile(3))
	b.get = func(ctx context.Context, id, dest string, p func(models.Progress)) (models.Downloaded, error) {
		p(models.Progress{Done: 25, Total: 100})
		<-ctx.Done()
		return models.Downloaded{}, ctx.Err()
	}
	r := newRig(t, newDataset(b, Options{DownloadDir: "/tmp/out"}), "ds1")
	r.see("v validates it from")
	r.press("d")
	r.see("downloading 25%")
	if r.s.(screen.Busy).Busy() == "" || r.action("dataset.validate").Why() == "" {
		t.Fatal("a download that goes on is not known")
	}
	r.press("esc")
	r.toast("Stopped")
	b.get = func(_ context.Context, id, dest string, _ func(models.Progress)) (models.Downloaded, error) {
		return models.Downloaded{Path: dest, SHA256: strings.Repeat("ab", 32)}, nil
	}
	r.press("d")
	r.see("saved /tmp/out/ds1/")
	b.revalidate = func(context.Context, string, func(models.Progress)) (models.Dataset, error) {
		return models.Dataset{}, &models.Error{Code: models.CodeNoRows, Msg: "the row was not changed", Hint: "No policy."}
	}
	r.press("v")
	r.until("the refusal", func() bool {
		return slices.ContainsFunc(r.asked, func(m tea.Msg) bool {
			a, ok := m.(screen.AskMsg)
			return ok && strings.Contains(a.Dialog.Body, "No policy.")
		})
	})
	b.revalidate = func(context.Context, string, func(models.Progress)) (models.Dataset, error) {
		return models.Dataset{Status: models.DatasetError, ErrorMessage: models.Ptr("Found 2 validation error(s)")}, nil
	}
	r.press("v")
	r.toast("Found 2 validation error(s)")
	b.revalidate = func(context.Context, string, func(models.Progress)) (models.Dataset, error) { panic("boom") }
	r.press("v")
	r.until("the panic is over", func() bool { return r.s.(*dataset).op == nil })
}

// A finding of a whole check is shown in the file.
func TestFindingsLeadToTheirLine(t *testing.T) {
	data := append(longFile(2000), "{broken\n"...)
	r := openFile(t, data)
	r.see("Line 1 ")
	r.press("a")
	r.see("The platform's validator refuses it")
	r.press("f")
	w := r.s.(*dataset)
	for i, x := range w.report.rep.Findings {
		if x.Code == "json" {
			w.report.table.SetCursor(i)
		}
	}
	if x, _ := w.report.finding(); x.Severity != jsonl.SeverityError || x.Line != 2001 {
		t.Fatalf("%+v", x)
	}
	r.press("enter")
	r.see("Line 2,001")
	r.see("{broken")
}
