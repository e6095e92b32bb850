package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// storage is a fake that also takes, keeps and gives files.
type storage struct {
	*fake
	file    string // content of every dataset
	pending []models.PendingUpload
	calls   []string
	upload  func(models.NewUpload, func(models.UploadProgress)) (models.Dataset, error)
	refuse  map[string]bool // ids that policies do not let go
}

func (s *storage) called(parts ...string) { s.calls = append(s.calls, strings.Join(parts, " ")) }

func (s *storage) UpdateDataset(ctx context.Context, id string, p models.DatasetPatch) (models.Dataset, error) {
	d, err := s.Dataset(ctx, id)
	if p.Name != nil {
		d.Name = *p.Name
	}
	if p.Description != nil {
		d.Description = p.Description
	}
	return d, err
}

func (s *storage) TrashDatasets(_ context.Context, ids []string) ([]string, error) {
	s.called(append([]string{"trash"}, ids...)...)
	return s.moved(ids)
}

func (s *storage) RestoreDatasets(_ context.Context, ids []string) ([]string, error) {
	s.called(append([]string{"restore"}, ids...)...)
	return s.moved(ids)
}

func (s *storage) moved(ids []string) (out []string, err error) {
	for _, id := range ids {
		if !s.refuse[id] {
			out = append(out, id)
		}
	}
	if len(out) == 0 {
		err = &models.Error{Code: models.CodeNoRows, Msg: "nothing was changed"}
	}
	return out, err
}

func (s *storage) Revalidate(ctx context.Context, id string, progress func(models.Progress)) (models.Dataset, error) {
	progress(models.Progress{Done: 5, Total: 5})
	return s.Dataset(ctx, id)
}

func (s *storage) DatasetPart(_ context.Context, _ models.Dataset, from, n int64) (models.FilePart, error) {
	size := int64(len(s.file))
	return models.FilePart{From: from, Size: size, ETag: "e", Data: []byte(s.file[min(from, size):min(from+n, size)])}, nil
}

func (s *storage) DownloadDataset(_ context.Context, id, dest string, _ func(models.Progress)) (models.Downloaded, error) {
	return models.Downloaded{Path: filepath.Join(dest, id+".jsonl"), Bytes: 5, SHA256: "abc"}, nil
}

func (s *storage) CheckFile(ctx context.Context, path string, o jsonl.Options) (jsonl.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return jsonl.Report{}, err
	}
	defer func() { _ = f.Close() }()
	rep, err := jsonl.Check(ctx, f, o)
	rep.File = path
	return rep, err
}

func (s *storage) Upload(_ context.Context, u models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error) {
	s.called("upload", filepath.Base(u.Path), u.Name, u.Description)
	return s.upload(u, progress)
}

func (s *storage) PendingUploads(context.Context) ([]models.PendingUpload, error) {
	return s.pending, nil
}

func (s *storage) DropUpload(_ context.Context, id string) error {
	s.called("drop", id)
	return nil
}

func newStorage() *storage {
	s := &storage{fake: sample()}
	s.file = `{"conversation_id":"a","turns":[{"role":"user","content":"x\u001b[31my"},{"role":"assistant","content":"z"}]}` + "\n\nbroken\n" +
		`{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"r"}]}`
	s.pending = []models.PendingUpload{
		{DatasetID: dsID, Path: "/data/a.jsonl", FileName: "a.jsonl", Name: "a", Size: 2e6, Sent: 1e6, Updated: noon().Add(-time.Hour), LastError: "the connection broke off"},
		{DatasetID: "11111111-1111-4111-8111-111111111113", Path: "/data/b.jsonl", FileName: "b.jsonl", Name: "b", Size: 2e6, Changed: true, Updated: noon()},
	}
	s.upload = func(u models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error) {
		progress(models.UploadProgress{Stage: models.UploadSending, Done: 1, Total: 2})
		return s.datasets[0], nil
	}
	return s
}

// over runs loratop over the storage.
func (s *storage) over(t *testing.T, w world, args ...string) result {
	t.Helper()
	if w.home == "" {
		w.home = t.TempDir()
	}
	var out, errs bytes.Buffer
	a := &app{sys: IO{Args: args, In: strings.NewReader(w.in), Out: &out, Err: &errs, Env: append([]string{"HOME=" + w.home, "TERM=xterm"}, w.env...), Now: noon, InTTY: w.tty, ErrTTY: w.tty}}
	a.backend = s
	code := a.main(t.Context())
	return result{out.String(), errs.String(), code}
}

// TestDatasetContract pins what the verbs of datasets print with --json.
func TestDatasetContract(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.jsonl")
	if err := os.WriteFile(file, []byte(`{"conversation_id":"a","turns":[{"role":"user","content":"x"}]}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"push": {"push", file}, "uploads": {"uploads"}, "drop": {"uploads", "drop", dsID, "--yes"}, "rename": {"rename", dsID, "other"},
		"describe": {"describe", dsID, "words"}, "trash": {"trash", dsID}, "restore": {"restore", dsID}, "validate": {"validate", dsID},
		"download": {"download", dsID}, "rows": {"rows", dsID, "--limit", "3"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newStorage().over(t, world{}, append(append([]string{"datasets"}, args...), "--json", "--color=always")...)
			if r.code != 0 || r.err != "" || strings.Count(r.out, "\n") != 1 {
				t.Fatalf("exit %d, %q, stderr %q", r.code, r.out, r.err)
			}
			checkValues(t, "", jsonOf(t, r.out))
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, []byte(r.out), "", " "); err != nil {
				t.Fatal(err)
			}
			golden.RequireEqual(t, pretty.Bytes())
		})
	}
}

// On a terminal the check is shown and asked about; elsewhere what the platform
// would refuse is not sent without a word.
func TestPushAsks(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.jsonl"), filepath.Join(dir, "bad.jsonl")
	for path, text := range map[string]string{good: `{"conversation_id":"a","turns":[{"role":"user","content":"x"}]}`, bad: `{"messages":[]}`} {
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, file string
		w          world
		flags      []string
		code       int
		says       string
		sent       bool
	}{
		{"yes", good, world{tty: true, in: "y\n"}, nil, 0, "? [y/N]", true},
		{"no", good, world{tty: true, in: "n\n"}, nil, exitFailure, "nothing was changed", false},
		{"a bad one", bad, world{tty: true, in: "y\n"}, nil, 0, "would be an error", true},
		{"--yes", bad, world{tty: true}, []string{"--yes"}, 0, "", true},
		{"no terminal", good, world{}, nil, 0, "", true},
		{"no terminal, a bad one", bad, world{}, nil, exitBadData, "--yes uploads this one", false},
		{"--no-input, a bad one", bad, world{tty: true}, []string{"--no-input"}, exitBadData, "", false},
		{"--no-check", bad, world{}, []string{"--no-check"}, 0, "", true},
		{"no file", filepath.Join(dir, "none"), world{}, nil, exitNotFound, "check the path", false},
		{"read only", good, world{}, []string{"--read-only"}, exitForbidden, "read-only", false},
	} {
		s := newStorage()
		r := s.over(t, tt.w, append([]string{"datasets", "push", tt.file, "--name", "n", "--description", "d"}, tt.flags...)...)
		if r.code != tt.code || !strings.Contains(r.err, tt.says) {
			t.Errorf("%s: exit %d %q", tt.name, r.code, r.err)
		}
		if sent := len(s.calls) == 1 && s.calls[0] == "upload "+filepath.Base(tt.file)+" n d"; sent != tt.sent {
			t.Errorf("%s: %v", tt.name, s.calls)
		}
	}
}

// A pending upload of the file is gone on with, unasked.
func TestPushGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.jsonl")
	if err := os.WriteFile(file, []byte("not looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.jsonl")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	s := newStorage()
	s.pending[0].Path = realPath(file)
	r := s.over(t, world{tty: true}, "datasets", "push", link)
	if r.code != 0 || !strings.Contains(r.err, "continues the upload of a.jsonl: 1.0 MB of 2.0 MB are there") || !strings.Contains(r.err, "sending  1 B of 2 B, 50 %") {
		t.Errorf("exit %d %q", r.code, r.err)
	}
	s.upload = func(models.NewUpload, func(models.UploadProgress)) (models.Dataset, error) {
		d := s.datasets[0]
		d.Status = models.DatasetError
		return d, nil
	}
	if r := s.over(t, world{}, "datasets", "push", link, "-q"); r.code != exitBadData || r.out != dsID+"\n" {
		t.Errorf("exit %d %q", r.code, r.out)
	}
}

func TestDatasetVerbsByNameAndInPart(t *testing.T) {
	s := newStorage()
	second := "11111111-1111-4111-8111-111111111112"
	s.refuse = map[string]bool{second: true}
	r := s.over(t, world{}, "datasets", "trash", s.datasets[0].Name, second)
	if r.code != exitForbidden || !strings.Contains(r.out, "moved "+dsID) || !strings.Contains(r.err, "not moved: "+second) {
		t.Errorf("exit %d %q %q", r.code, r.out, r.err)
	}
	if r := s.over(t, world{}, "datasets", "restore", second); r.code != exitForbidden || r.out != "" {
		t.Errorf("exit %d %q", r.code, r.out)
	}
	for code, args := range map[int][]string{
		exitNotFound: {"rename", "no such name", "x"}, exitUsage: {"trash"}, exitForbidden: {"describe", dsID, "x", "--read-only"},
	} {
		if r := s.over(t, world{}, append([]string{"datasets"}, args...)...); r.code != code {
			t.Errorf("%v: exit %d %q", args, r.code, r.err)
		}
	}
	if r := s.over(t, world{}, "datasets", "uploads", "drop", "no such"); r.code != exitNotFound {
		t.Errorf("exit %d %q", r.code, r.err)
	}
	if r := s.over(t, world{}, "datasets", "uploads"); !strings.Contains(r.out, "changed") || !strings.Contains(r.out, "the connection broke off") {
		t.Errorf("%q", r.out)
	}
}

func TestDatasetRows(t *testing.T) {
	s := newStorage()
	r := s.over(t, world{}, "datasets", "rows", dsID)
	if r.code != 0 || strings.Contains(r.out, "\x1b") || !strings.Contains(r.out, "not a JSON object") || !strings.Contains(r.out, "xy") {
		t.Errorf("exit %d %q", r.code, r.out)
	}
	lines := func(args ...string) (out []float64, next any) {
		doc := jsonOf(t, s.over(t, world{}, append([]string{"datasets", "rows", dsID, "--json"}, args...)...).out)
		for _, v := range doc["rows"].([]any) {
			out = append(out, v.(map[string]any)["offset"].(float64))
		}
		return out, doc["next_offset"]
	}
	first := float64(strings.IndexByte(s.file, '\n') + 1)
	broken := float64(strings.Index(s.file, "broken"))
	last := float64(strings.Index(s.file, `{"messages"`))
	for _, tt := range []struct {
		args []string
		want []float64
		next any
	}{
		{nil, []float64{0, broken, last}, nil},
		{[]string{"--limit", "1"}, []float64{0}, first},
		{[]string{"--from", "3", "--limit", "1"}, []float64{broken}, last},
		{[]string{"--offset", "5"}, []float64{broken, last}, nil},
		{[]string{"--offset", jsonText(first)}, []float64{broken, last}, nil},
		{[]string{"--offset", jsonText(last)}, []float64{last}, nil},
		{[]string{"--offset", "999999"}, nil, nil},
	} {
		got, next := lines(tt.args...)
		if jsonText(got) != jsonText(tt.want) || next != tt.next {
			t.Errorf("%v: %v, next %v", tt.args, got, next)
		}
	}
	if r := s.over(t, world{}, "datasets", "rows", dsID, "--from", "0"); r.code != exitUsage {
		t.Errorf("exit %d", r.code)
	}
}

func jsonText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{"a/b-c.jsonl": "a/b-c.jsonl", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$x": "'$x'"} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}
