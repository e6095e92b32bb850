package screens

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/google/uuid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// uploadStore is what uploading needs of the backend.
type uploadStore interface {
	DatasetFiles
	Uploads
}

// upload leads from a file to its upload: it is picked, checked, and named. What
// earlier uploads of this machine left undone is listed beside.
type upload struct {
	paint
	sc   screen.Scope
	b    uploadStore
	by   func() models.TokenCounter
	mode uploadMode
	ups  *deskWatch

	pick   *kit.Picker
	asked  string // the folder being read
	held   *kit.Table
	below  bool // the list of what is undone has the keys
	heldY  int
	pickY  int
	path   string
	op     *longOp
	err    error // of the check
	report *reportPane
	form   *kit.Form
}

// uploadMode is the step on the way.
type uploadMode int

const (
	uploadPick uploadMode = iota
	uploadCheck
	uploadName
)

func newUpload(b uploadStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	k := o.deskOf(b)
	return func(sc screen.Scope, _ screen.Args) screen.Screen {
		dir, err := os.Getwd()
		if err != nil {
			dir = "/"
		}
		home, _ := os.UserHomeDir()
		s := &upload{sc: sc, b: b, by: o.Tokens, ups: newDeskWatch(sc, k), pick: kit.NewPicker(dir, home), report: newReportPane(), held: kit.NewTable(
			kit.Column{Title: "Unfinished", Min: 12},
			kit.Column{Title: "Sent", Min: 5, Max: 5, Right: true},
			kit.Column{Title: "Size", Min: 8, Max: 9, Right: true, Drop: 2},
			kit.Column{Title: "State", Min: 10, Max: 44},
		)}
		s.report.fixes = true
		return s
	}
}

func (s *upload) Init() tea.Cmd { return tea.Batch(s.ups.start(), s.read()) }

func (s *upload) Title() string {
	if s.mode != uploadPick {
		return "Upload " + models.Clean(filepath.Base(s.path))
	}
	return "Upload"
}

func (s *upload) Link() string { return "upload" }

// Capturing is true while a path or a name is typed.
func (s *upload) Capturing() bool { return s.mode == uploadPick && !s.below || s.mode == uploadName }

// Close ends the check.
func (s *upload) Close() {
	if s.op != nil {
		s.op.cancel()
	}
}

// Progress of the check, for the terminal's own progress bar.
func (s *upload) Progress() (percent int, ok bool) { return s.op.percent() }

// read reads the folder that the picker wants.
func (s *upload) read() tea.Cmd {
	want := s.pick.Wanted()
	if want == "" || want == s.asked {
		return nil
	}
	s.asked = want
	return readFolder(s.sc, want)
}

func (s *upload) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.ups.update(msg)
	if fresh {
		s.rows(s.last)
	}
	return tea.Batch(cmd, s.own(msg))
}

func (s *upload) own(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case folderRead:
		if m.dir == s.asked {
			s.asked = ""
		}
		s.pick.SetEntries(m.dir, m.list, m.more, m.err)
		return s.read()
	case opMoved:
		if m.op == s.op {
			s.op.moved(m)
		}
	case opEnded:
		return s.checked(m)
	case screen.Failed:
		s.op, s.err = nil, m.Err
	case tea.KeyPressMsg, tea.PasteMsg:
		return s.typed(msg)
	case tea.MouseWheelMsg, tea.MouseClickMsg:
		return s.mouse(msg)
	}
	return nil
}

// typed takes keys that no action claimed, and pastes.
func (s *upload) typed(msg tea.Msg) tea.Cmd {
	k, isKey := msg.(tea.KeyPressMsg)
	switch {
	case s.mode == uploadName:
		return s.form.Update(msg)
	case s.mode == uploadCheck && isKey:
		s.report.key(k)
	case s.mode == uploadPick && s.below && isKey:
		s.held.Update(k)
	case s.mode == uploadPick && !s.below:
		s.pick.Update(msg)
		return s.read()
	}
	return nil
}

func (s *upload) mouse(msg tea.Msg) tea.Cmd {
	m := msg.(tea.MouseMsg).Mouse()
	switch s.mode {
	case uploadCheck:
		s.report.mouse(belowAll(msg, 1))
	case uploadName:
		return s.form.Update(belowAll(msg, s.pickY))
	case uploadPick:
		_, click := msg.(tea.MouseClickMsg)
		if s.heldY > 0 && m.Y >= s.heldY {
			s.below = s.below || click
			s.held.Update(belowAll(msg, s.heldY+1))
			return nil
		}
		s.below = s.below && !click
		s.pick.Update(belowAll(msg, s.pickY))
		return s.read()
	}
	return nil
}

// rows lists what is undone.
func (s *upload) rows(f screen.Frame) {
	in := inksOf(f.Theme)
	list, _ := s.ups.pending.Value()
	rows := make([]kit.Row, 0, len(list))
	for _, p := range list {
		u := s.ups.of(p.DatasetID)
		if u.kind == upNone {
			continue
		}
		state, style := heldText(u), &in.th.Warn
		if u.kind == upRunning || u.kind == upElsewhere {
			style = &in.th.Info
		}
		rows = append(rows, kit.Row{ID: p.DatasetID, Cells: []kit.Cell{
			{Text: models.Clean(orElse(p.Name, p.FileName))}, {Text: kit.Percent(models.Ptr(models.F64(u.percent())))},
			{Text: kit.Bytes(p.Size), Style: &in.th.Dim}, {Text: state, Style: style},
		}})
	}
	s.held.SetRows(rows)
	if len(rows) == 0 {
		s.below = false
	}
}

// heldText says in a few words how an upload stands.
func heldText(u upState) string {
	switch u.kind {
	case upRunning:
		return uploadLine(u)
	case upElsewhere:
		return "another loratop is at it"
	case upChanged:
		return "the file was changed: x drops it"
	case upMissing:
		return "the file is gone"
	}
	if u.err != "" {
		return "stopped: " + u.err
	}
	return "stopped, can go on"
}

// choose takes the entry under the cursor: a folder is opened, a file is
// checked.
func (s *upload) choose() tea.Cmd {
	s.touch()
	e, _, ok := s.pick.Selected()
	path, chosen := s.pick.Enter()
	switch {
	case chosen:
		return s.check(path)
	case ok && !e.Dir && e.Why != "":
		return screen.Toast(screen.LevelWarn, "%s cannot be a dataset: %s", e.Name, e.Why)
	}
	return s.read()
}

// check reads the file, as the platform's validator and trainer would.
func (s *upload) check(path string) tea.Cmd {
	s.touch()
	s.mode, s.path, s.err = uploadCheck, path, nil
	s.report.clear()
	b, seqLen, by := s.b, s.report.seqLen, s.by
	size := int64(0)
	if e, chosen, ok := s.pick.Selected(); ok && chosen == path {
		size = e.Size
	}
	var cmd tea.Cmd
	s.op, cmd = newOp(s.sc, "checking", size, func(ctx context.Context, progress func(models.Progress)) (any, error) {
		return b.CheckFile(ctx, path, jsonl.Options{SeqLen: seqLen, Tokens: vocabulary(by), Progress: func(n int64) { progress(models.Progress{Done: n, Total: size}) }})
	})
	return cmd
}

func (s *upload) checked(m opEnded) tea.Cmd {
	if m.op != s.op {
		return nil
	}
	s.op = nil
	if wasStopped(m.err) {
		s.mode = uploadPick
		return nil
	}
	if m.err != nil && s.report.has { // of the copy: what was found of the file stays
		text, hint := models.Explain(m.err)
		return screen.Toast(screen.LevelBad, "%s", joined(text, hint))
	}
	s.err = m.err
	switch got := m.got.(type) {
	case jsonl.Report:
		if m.err == nil {
			s.report.set(got)
		}
	case fixed:
		return s.fixed(got)
	}
	return nil
}

// name asks what the dataset is to be called.
func (s *upload) name() tea.Cmd {
	s.touch()
	base := filepath.Base(s.path)
	s.form = kit.NewForm(datasetFields(models.Clean(strings.TrimSuffix(base, filepath.Ext(base))), "")...)
	s.form.OnSubmit = s.send
	s.form.Focus()
	s.mode = uploadName
	return nil
}

// send begins the upload, or goes on with the one that was begun of this file.
func (s *upload) send() tea.Cmd {
	s.touch()
	u := models.NewUpload{DatasetID: uuid.NewString(), Path: s.path, Name: strings.TrimSpace(s.form.Value("name")), Description: strings.TrimSpace(s.form.Value("description"))}
	var note tea.Cmd
	list, _ := s.ups.pending.Value()
	i := slices.IndexFunc(list, func(p models.PendingUpload) bool { return p.Path == s.path })
	if i >= 0 && s.ups.resumeOff(list[i].DatasetID) == "" {
		u.DatasetID = list[i].DatasetID
		note = screen.Toast(screen.LevelInfo, "An upload of this file was begun before; it goes on from %d%%", s.ups.of(u.DatasetID).percent())
	}
	return tea.Batch(s.ups.desk.start(s.sc, u), note, screen.Replace("uploading/"+u.DatasetID))
}
