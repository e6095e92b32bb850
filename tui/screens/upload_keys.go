package screens

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/screen"
)

func (s *upload) Actions() []screen.Action {
	switch s.mode {
	case uploadCheck:
		return s.checkActions()
	case uploadName:
		return []screen.Action{
			{ID: "upload.send", Keys: screen.Bind("enter", "next, then upload")},
			{ID: "upload.field", Keys: screen.Bind("tab", "other field", "tab", "shift+tab", "up", "down")},
			{ID: "upload.back", Keys: screen.Bind("esc", "back to the check", "esc", "alt+esc"), Do: s.step(uploadCheck)},
		}
	}
	if s.below {
		return s.heldActions()
	}
	return []screen.Action{
		{ID: "upload.choose", Keys: screen.Bind("enter", "open, or check the file"), Do: s.choose},
		{ID: "upload.type", Keys: screen.Bind("letters", "type the path")},
		{ID: "upload.complete", Keys: screen.Bind("tab", "complete")},
		{ID: "upload.up", Keys: screen.Bind("backspace", "folder above"), Quiet: true},
		{ID: "upload.hidden", Keys: screen.Bind("ctrl+t", "hidden files"), Do: func() tea.Cmd {
			s.touch()
			s.pick.ToggleHidden()
			return nil
		}},
		{ID: "upload.held", Keys: screen.Bind("shift+tab", "unfinished uploads"), Quiet: s.held.Len() == 0, Off: func() string {
			if s.held.Len() == 0 {
				return "no upload of this machine is unfinished"
			}
			return ""
		}, Do: s.toHeld(true)},
		{ID: "upload.leave", Keys: screen.Bind("esc", "leave", "esc", "alt+esc"), Do: screen.Back},
	}
}

func (s *upload) step(m uploadMode) func() tea.Cmd {
	return func() tea.Cmd {
		s.touch()
		s.mode = m
		return nil
	}
}

func (s *upload) toHeld(on bool) func() tea.Cmd {
	return func() tea.Cmd {
		s.touch()
		s.below = on
		return nil
	}
}

// heldActions are the keys of the list of unfinished uploads.
func (s *upload) heldActions() []screen.Action {
	id, _ := s.held.Selected()
	return []screen.Action{
		{ID: "upload.resume", Keys: screen.Bind("enter", "continue it", "enter", "U"), Off: func() string { return s.ups.resumeOff(id) }, Do: func() tea.Cmd {
			return tea.Batch(s.ups.resume(id), screen.Replace("uploading/"+id))
		}},
		{ID: "upload.drop", Keys: screen.Bind("x", "drop it"), Risk: screen.RiskConfirm, Prompt: func() (title, body, typed string) { return dropPrompt(s.ups.of(id)) }, Do: func() tea.Cmd {
			s.touch()
			return s.ups.desk.drop(s.sc, id)
		}},
		{ID: "upload.files", Keys: screen.Bind("shift+tab", "the files", "shift+tab", "tab", "esc", "alt+esc"), Do: s.toHeld(false)},
	}
}

// dropPrompt says what cancelling an upload does.
func dropPrompt(u upState) (title, body, typed string) {
	return "Cancel this upload?", "What was sent of " + models.Clean(filepath.Base(u.path)) + " (" + strconv.Itoa(u.percent()) +
		"%) is deleted, and its dataset goes to the trash. The file on this machine stays.", ""
}

// checkActions are the keys while a file is checked, and of what was found.
func (s *upload) checkActions() []screen.Action {
	done := func() string {
		switch {
		case s.op != nil:
			return "the check goes on"
		case !s.report.has:
			return "the file could not be read"
		}
		return ""
	}
	dir := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			s.touch()
			s.report.seqLen = stepSeqLen(s.report.seqLen, n)
			return nil
		}
	}
	return []screen.Action{
		s.nameAction(done),
		{ID: "upload.fix", Keys: screen.Bind("F", "write a fixed copy"), Off: s.fixOff, Do: s.fix},
		{ID: "upload.findings", Keys: screen.Bind("f", "findings", "f", "tab"), Off: func() string {
			if len(s.report.rep.Findings) == 0 {
				return "there are no findings"
			}
			return done()
		}, Do: func() tea.Cmd {
			s.touch()
			s.report.swap()
			return nil
		}},
		{ID: "upload.longer", Keys: screen.Bind("+", "longer sequences"), Off: done, Do: dir(1)},
		{ID: "upload.shorter", Keys: screen.Bind("-", "shorter sequences"), Quiet: true, Off: done, Do: dir(-1)},
		{ID: "upload.again", Keys: screen.Bind("r", "check again"), Quiet: true, Off: func() string {
			if s.op != nil {
				return "the check goes on"
			}
			return ""
		}, Do: func() tea.Cmd { return s.check(s.path) }},
		{ID: "upload.pick", Keys: screen.Bind("esc", "another file", "esc", "alt+esc"), Do: func() tea.Cmd {
			s.touch()
			if s.op != nil {
				s.op.cancel()
				s.op = nil
			}
			s.mode = uploadPick
			return nil
		}},
	}
}

// nameAction goes on from the check; what would be refused is asked about.
func (s *upload) nameAction(done func() string) screen.Action {
	next := screen.Action{ID: "upload.name", Keys: screen.Bind("enter", "upload it"), Off: func() string {
		if why := done(); why != "" {
			return why
		}
		if s.report.rep.Lines == s.report.rep.Blank {
			return "the file is empty"
		}
		return ""
	}, Do: s.name}
	if r := s.report.rep; s.report.has && !r.Validator.Accepts {
		next.Risk, next.Prompt = screen.RiskConfirm, func() (title, body, typed string) {
			return "Upload it all the same?", "The platform's validator will refuse it: " + orElse(models.Clean(r.Validator.Why), "it has errors") +
				".\n\nIt would become a dataset that cannot be trained with. F writes a fixed copy instead.", ""
		}
	}
	return next
}

// fixed is a fixed copy that was written.
type fixed struct {
	path string
	rep  jsonl.FixReport
}

func (s *upload) fixOff() string {
	switch r := s.report.rep; {
	case s.op != nil:
		return "it goes on"
	case !s.report.has:
		return "the file could not be read"
	case r.Validator.Accepts && r.Trainer.Accepts:
		return "both accept the file as it is"
	}
	return ""
}

// fix writes beside the file a copy that validator and trainer accept, and
// checks that.
func (s *upload) fix() tea.Cmd {
	s.touch()
	path, size := s.path, s.report.rep.Bytes
	var cmd tea.Cmd
	s.op, cmd = newOp(s.sc, "writing a fixed copy", size, func(ctx context.Context, progress func(models.Progress)) (any, error) {
		return fixFile(ctx, path, func(n int64) { progress(models.Progress{Done: n, Total: size}) })
	})
	return cmd
}

// fixFile leaves nothing behind when it fails or is stopped.
func fixFile(ctx context.Context, path string, progress func(int64)) (out fixed, err error) {
	in, err := os.Open(path)
	if err != nil {
		return fixed{}, noCopy(err)
	}
	defer func() { _ = in.Close() }()
	dest, name, err := createBeside(path)
	if err != nil {
		return fixed{}, noCopy(err)
	}
	out.path = name
	out.rep, err = jsonl.Fix(ctx, in, dest, jsonl.FixOptions{Options: jsonl.Options{Progress: progress}})
	if err = errors.Join(err, dest.Close()); err != nil {
		_ = os.Remove(name)
		return fixed{}, noCopy(err)
	}
	return out, nil
}

func noCopy(err error) error {
	return &models.Error{Code: models.CodeUnknown, Op: "write a fixed copy", Msg: models.Clean(err.Error()), Hint: "The copy is written beside the file.", Err: err}
}

// createBeside makes FILE.fixed.jsonl, counting up: nothing is overwritten.
func createBeside(path string) (io.WriteCloser, string, error) {
	base := strings.TrimSuffix(path, filepath.Ext(path)) + ".fixed"
	for n := 1; n < 1000; n++ {
		name := base + ".jsonl"
		if n > 1 {
			name = base + "-" + strconv.Itoa(n) + ".jsonl"
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return f, name, err
	}
	return nil, "", errors.New("too many fixed copies beside the file")
}

// fixed takes the copy in place of the file.
func (s *upload) fixed(m fixed) tea.Cmd {
	note := "Wrote " + filepath.Base(m.path)
	if n := m.rep.Dropped; n > 0 {
		note += ": " + plural64(n, "line") + " without a trainable pair left out"
	}
	return tea.Batch(screen.Toast(screen.LevelGood, "%s", note), s.check(m.path))
}
