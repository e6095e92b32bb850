package screens

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/screen"
)

// folder makes a folder with files, newest last, and goes there.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		p := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			if err := os.Mkdir(p, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(p, []byte(`{"a":1}`+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 14, i, 0, 0, 0, time.UTC)
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

func accepted(path string) jsonl.Report {
	return jsonl.Report{File: path, Lines: 4, Conversations: 4, Turns: 8, Pairs: 4, Bytes: 1234,
		Validator: jsonl.Verdict{Accepts: true, Why: "reads 4 conversations"}, Trainer: jsonl.Verdict{Accepts: true, Why: "loads 4 examples"},
		Tokens: jsonl.Tokens{Tokenizer: "estimate", Total: 400, Mean: 100, P50: 90, P99: 3000, Max: 3000, Bins: []jsonl.Bin{{From: 0, To: 2049, Count: 3}, {From: 2049, To: 4096, Count: 1}},
			Cut: &jsonl.Cut{SeqLen: 2048, Examples: 1, Percent: 25, Lost: 952}}}
}

func TestUploadFromFileToItsPage(t *testing.T) {
	dir := folder(t, "notes.txt", "old.jsonl", "new.jsonl", ".secret.jsonl", "more/")
	step := make(chan struct{})
	b := &fakeBackend{}
	b.check = func(_ context.Context, path string, o jsonl.Options) (jsonl.Report, error) {
		if o.SeqLen != defaultSeqLen {
			t.Errorf("sequence length %d", o.SeqLen)
		}
		return accepted(path), nil
	}
	b.upload = func(ctx context.Context, u models.NewUpload, p func(models.UploadProgress)) (models.Dataset, error) {
		if u.Path != filepath.Join(dir, "new.jsonl") || u.Name != "new" || u.Description != "for tests" || u.DatasetID == "" {
			t.Errorf("%+v", u)
		}
		p(models.UploadProgress{DatasetID: u.DatasetID, Stage: models.UploadSending, Done: 30, Total: 100, Rate: 2_000_000, Left: 90 * time.Second})
		select {
		case <-step:
		case <-ctx.Done():
			return models.Dataset{}, ctx.Err()
		}
		return models.Dataset{ID: u.DatasetID, Name: u.Name, Status: models.DatasetReady}, nil
	}
	o := Options{desk: newDesk(b)}
	r := newRig(t, newUpload(b, o))
	r.see("old.jsonl")
	r.see("not .jsonl or .json")
	r.never(".secret.jsonl")
	r.press("ctrl+t")
	r.see(".secret.jsonl")
	r.press("ctrl+t")
	if text := r.text(); strings.Index(text, "new.jsonl") > strings.Index(text, "old.jsonl") {
		t.Error("the newest is not first")
	}
	r.typing("note")
	r.press("enter")
	r.toast("notes.txt cannot be a dataset")
	for range "note" {
		r.press("backspace")
	}
	r.typing("ne")
	r.press("tab")
	r.see("new.jsonl")
	r.press("enter")
	r.see("The platform's validator accepts it")
	r.see("25.0% of 4 examples are longer than 2,048 tokens")
	r.press("enter")
	r.see("Upload as a dataset")
	r.press("enter")
	r.typing("for tests")
	r.press("enter")
	id := ""
	r.until("the upload's page", func() bool {
		for _, a := range r.asked {
			if m, ok := a.(screen.GoMsg); ok && m.Replace {
				id = strings.TrimPrefix(m.Link, "uploading/")
			}
		}
		return id != ""
	})
	if o.desk.busy() == "" {
		t.Fatal("quitting would not ask")
	}
	p := newRig(t, newUploading(b, o), id)
	p.see("30 B of 100 B · 2.0 MB/s · 1m 30s left")
	r.stop() // the screen that began it leaves
	step <- struct{}{}
	p.asks(screen.GoMsg{Link: "dataset/" + id, Replace: true})
	r.toast("new is uploaded and ready")
	if o.desk.busy() != "" {
		t.Fatal("still busy")
	}
}

func TestUploadIsPausedContinuedAndCancelled(t *testing.T) {
	b := &fakeBackend{}
	calls, dropped := make(chan models.NewUpload, 4), make(chan string, 4)
	b.upload = func(ctx context.Context, u models.NewUpload, p func(models.UploadProgress)) (models.Dataset, error) {
		calls <- u
		p(models.UploadProgress{DatasetID: u.DatasetID, Stage: models.UploadSending, Done: 45, Total: 100})
		<-ctx.Done()
		return models.Dataset{}, ctx.Err()
	}
	b.pending = func() ([]models.PendingUpload, error) {
		return []models.PendingUpload{{DatasetID: "d1", Path: "/data/talks.jsonl", Name: "talks", Size: 100, Sent: 40, LastError: "the link was cut"}}, nil
	}
	b.drop = func(id string) error { dropped <- id; return nil }
	o := Options{desk: newDesk(b)}
	r := newRig(t, newUploading(b, o), "d1")
	r.see("its upload stopped at 40%: the link was cut. U continues it")
	r.press("U")
	r.see("45 B of 100 B")
	if u := <-calls; u.DatasetID != "d1" || u.Path != "/data/talks.jsonl" {
		t.Fatalf("%+v", u)
	}
	if r.action("uploading.resume").Why() == "" {
		t.Fatal("it can be continued twice")
	}
	r.press("P")
	r.see("its upload stopped at 45%")
	r.press("U")
	r.see("45 B of 100 B")
	<-calls
	r.press("x")
	r.toast("The upload is cancelled")
	if id := <-dropped; id != "d1" {
		t.Fatalf("dropped %q", id)
	}
	r.asks(screen.BackMsg{})
}

func TestUploadFailsPlainly(t *testing.T) {
	folder(t, "a.jsonl")
	b := &fakeBackend{}
	b.check = func(_ context.Context, path string, _ jsonl.Options) (jsonl.Report, error) {
		return accepted(path), nil
	}
	b.upload = func(context.Context, models.NewUpload, func(models.UploadProgress)) (models.Dataset, error) {
		return models.Dataset{}, &models.Error{Code: models.CodeForbidden, Op: "upload", Msg: "storage has no policy for your folder", Hint: "Ask who runs the project."}
	}
	r := newRig(t, newUpload(b, Options{desk: newDesk(b)}))
	r.see("a.jsonl")
	r.press("enter")
	r.see("accepts it")
	r.press("enter", "enter", "enter")
	r.toast("a is not uploaded: storage has no policy for your folder. Ask who runs the project.")
	b.upload = func(context.Context, models.NewUpload, func(models.UploadProgress)) (models.Dataset, error) {
		panic("boom")
	}
	r.press("enter")
	r.toast("internal error")
}

func TestACheckIsStoppedAndFails(t *testing.T) {
	folder(t, "a.jsonl")
	b := &fakeBackend{}
	b.check = func(ctx context.Context, _ string, o jsonl.Options) (jsonl.Report, error) {
		o.Progress(4)
		<-ctx.Done()
		return jsonl.Report{}, ctx.Err()
	}
	r := newRig(t, newUpload(b, Options{}))
	r.see("a.jsonl")
	r.press("enter")
	r.see("checking 50%")
	if r.action("upload.name").Why() == "" {
		t.Fatal("it can be uploaded unchecked")
	}
	r.press("esc")
	r.see("Choose a dataset file")
	b.check = func(context.Context, string, jsonl.Options) (jsonl.Report, error) {
		return jsonl.Report{}, &models.Error{Code: models.CodeUnknown, Msg: "the disk is broken", Hint: "Copy it."}
	}
	r.press("enter")
	r.see("the disk is broken")
	r.press("r")
	r.see("the disk is broken")
	r.press("esc")
	r.see("Choose a dataset file")
}

func TestWhatIsRefusedIsAskedAboutAndFixed(t *testing.T) {
	dir := folder(t, "bad.jsonl")
	if err := os.WriteFile("bad.jsonl", []byte(`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &fakeBackend{}
	b.check = func(ctx context.Context, path string, o jsonl.Options) (jsonl.Report, error) {
		f, err := os.Open(path)
		if err != nil {
			return jsonl.Report{}, err
		}
		defer func() { _ = f.Close() }()
		return jsonl.Check(ctx, f, o)
	}
	r := newRig(t, newUpload(b, Options{}))
	r.see("bad.jsonl")
	r.press("enter")
	r.see("The platform's validator refuses it")
	a := r.action("upload.name")
	if a.Risk != screen.RiskConfirm {
		t.Fatal("it is not asked about")
	}
	if title, body, _ := a.Prompt(); !strings.Contains(title, "all the same") || !strings.Contains(body, "cannot be trained with") {
		t.Errorf("%s %s", title, body)
	}
	r.press("f", "down")
	r.see("▌")
	r.press("F")
	r.toast("Wrote bad.fixed.jsonl")
	r.see("The platform's validator accepts it")
	r.see("The trainer accepts it")
	if _, err := os.Stat(filepath.Join(dir, "bad.fixed.jsonl")); err != nil {
		t.Fatal(err)
	}
	if r.action("upload.fix").Why() == "" {
		t.Fatal("a good file can be fixed")
	}
}

func TestUnfinishedUploadsAreListedAndContinued(t *testing.T) {
	folder(t, "a.jsonl")
	b := &fakeBackend{}
	b.pending = func() ([]models.PendingUpload, error) {
		return []models.PendingUpload{
			{DatasetID: "d1", Path: "/data/talks.jsonl", Name: "talks", Size: 200, Sent: 150},
			{DatasetID: "d2", Path: "/data/gone.jsonl", Name: "gone", Size: 200, Missing: true},
			{DatasetID: "d3", Path: "/data/other.jsonl", Name: "other", Size: 200, Changed: true},
			{DatasetID: "d4", Path: "/data/busy.jsonl", Name: "busy", Size: 200, Active: true},
		}, nil
	}
	b.upload = func(ctx context.Context, u models.NewUpload, _ func(models.UploadProgress)) (models.Dataset, error) {
		<-ctx.Done()
		return models.Dataset{}, ctx.Err()
	}
	o := Options{desk: newDesk(b)}
	r := newRig(t, newUpload(b, o))
	r.h = 30
	r.see("stopped, can go on")
	r.see("the file is gone")
	r.see("the file was changed")
	r.see("another loratop is at it")
	r.route(tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift})
	r.press("down")
	if why := r.action("upload.resume").Why(); !strings.Contains(why, "gone") {
		t.Errorf("%q", why)
	}
	r.press("up", "enter")
	r.asks(screen.GoMsg{Link: "uploading/d1", Replace: true})
	r.until("it goes on", func() bool { return o.desk.busy() != "" })
	o.desk.pause("d1")
	r.press("tab")
	r.typing("a")
	r.see("a.jsonl")
}

func TestFoldersAreWalkedByTyping(t *testing.T) {
	dir := folder(t, "sub/", "substance.jsonl")
	if err := os.WriteFile(filepath.Join(dir, "sub", "deep.jsonl"), []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, newUpload(&fakeBackend{}, Options{}))
	r.see("substance.jsonl")
	r.typing("su")
	r.press("tab")
	r.see(dir + "/sub")
	r.typing("/")
	r.see("deep.jsonl")
	r.press("backspace")
	r.see("substance.jsonl")
	r.run(r.s.Update(tea.PasteMsg{Content: "sub/dee\n"}))
	r.see("deep.jsonl")
	r.press("enter")
	r.see("deep.jsonl, checked before it is uploaded")
	r.press("esc")
	r.run(r.s.Update(tea.PasteMsg{Content: "/nowhere/"}))
	r.see("There is no such folder.")
	r.press("esc")
	r.asks(screen.BackMsg{})
}

// Quitting parks the uploads: their context ends with the program's, not with
// the screen's.
func TestUploadsParkAtTheEndOfTheProgram(t *testing.T) {
	b := &fakeBackend{}
	began, ended := make(chan struct{}), make(chan error, 1)
	b.upload = func(ctx context.Context, _ models.NewUpload, _ func(models.UploadProgress)) (models.Dataset, error) {
		close(began)
		<-ctx.Done()
		ended <- ctx.Err()
		return models.Dataset{}, ctx.Err()
	}
	root, quit := context.WithCancel(t.Context())
	sc, leave := screen.NewScope(root, 1, clock)
	k := newDesk(b)
	cmd := k.start(sc, models.NewUpload{DatasetID: "d1", Path: "/x.jsonl"})
	if k.start(sc, models.NewUpload{DatasetID: "d1"}) != nil {
		t.Fatal("it is begun twice")
	}
	go cmd()
	<-began
	leave()
	select {
	case <-ended:
		t.Fatal("it ended with its screen")
	default:
	}
	quit()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestAFixedCopyThatCannotBeWritten(t *testing.T) {
	dir := folder(t, "bad.jsonl")
	b := &fakeBackend{}
	b.check = func(_ context.Context, path string, _ jsonl.Options) (jsonl.Report, error) {
		return jsonl.Report{File: path, Lines: 1, Bytes: 8}, nil
	}
	r := newRig(t, newUpload(b, Options{}))
	r.see("bad.jsonl")
	r.press("enter")
	r.see("validator refuses it")
	if err := os.Remove(filepath.Join(dir, "bad.jsonl")); err != nil {
		t.Fatal(err)
	}
	r.press("F")
	r.toast("no such file")
	r.see("validator refuses it")
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
