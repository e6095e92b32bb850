package screens

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

func (s *dataset) Actions() []screen.Action {
	if s.form != nil {
		return s.form.actions("dataset", func() tea.Cmd {
			s.touch()
			s.form = nil
			return nil
		})
	}
	if s.samples.prompt != nil {
		return []screen.Action{{ID: "dataset.place", Keys: screen.Bind("enter", "go there")}, {ID: "dataset.noPlace", Keys: screen.Bind("esc", "stay here")}}
	}
	out := []screen.Action{
		{ID: "dataset.stop", Keys: screen.Bind("esc", "stop what goes on", "esc", "alt+esc"), Quiet: s.stopOff() != "", Off: s.stopOff, Do: s.stopAll},
		{ID: "dataset.launch", Keys: screen.Bind("l", "launch with it"), Off: s.launchOff, Do: func() tea.Cmd { return screen.Go("launch/" + s.id) }},
		{ID: "dataset.view", Keys: screen.Bind("tab", "next view", "tab", "shift+tab")},
		{ID: "dataset.open", Keys: screen.Bind("enter", "open job, artifact or finding"), Quiet: s.enterOff() != "", Off: s.enterOff, Do: s.enter},
	}
	edits, rest := s.editActions(), append(s.sampleActions(), s.contentActions()...)
	if d, ok := s.feed.Value(); ok && d.Status != models.DatasetReady && s.view == viewOverview {
		return append(append(out[:1:1], edits...), append(out[1:], rest...)...) // what gets it going comes first
	}
	return append(append(out, rest...), edits...)
}

// do makes an action's function of one that needs no command.
func (s *dataset) do(f func()) func() tea.Cmd {
	return func() tea.Cmd {
		s.touch()
		f()
		return nil
	}
}

// in says why a key of a view does nothing in another.
func (s *dataset) in(v datasetView, more func() string) func() string {
	return func() string {
		if s.view != v {
			return "it works in " + v.title() + " (tab)"
		}
		return more()
	}
}

// sampleActions are the keys of the samples.
func (s *dataset) sampleActions() []screen.Action {
	w := s.samples
	some, file := s.in(viewSamples, w.noneOff), s.in(viewSamples, w.fileOff)
	cmd := func(f func() tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			s.touch()
			return f()
		}
	}
	quiet := s.view != viewSamples
	return []screen.Action{
		{ID: "dataset.fold", Keys: screen.Bind("z", "fold or unfold"), Quiet: quiet, Do: s.do(func() {
			s.folded = !s.folded
			w.folded, w.shown.valid = s.folded, false
		})},
		{ID: "dataset.nextSample", Keys: screen.Bind("]", "next sample", "]", "right"), Quiet: quiet, Off: some, Do: cmd(func() tea.Cmd { return w.step(1) })},
		{ID: "dataset.prevSample", Keys: screen.Bind("[", "previous sample", "[", "left"), Quiet: true, Off: some, Do: cmd(func() tea.Cmd { return w.step(-1) })},
		{ID: "dataset.nextHit", Keys: screen.Bind("n", "next hit"), Quiet: quiet || w.needle == "", Off: s.in(viewSamples, w.hitOff), Do: cmd(func() tea.Cmd { return w.nextHit(1) })},
		{ID: "dataset.prevHit", Keys: screen.Bind("N", "previous hit"), Quiet: true, Off: s.in(viewSamples, w.hitOff), Do: cmd(func() tea.Cmd { return w.nextHit(-1) })},
		{ID: "dataset.goTo", Keys: screen.Bind("%", "go to a place of the file"), Quiet: quiet, Off: file, Do: cmd(w.ask)},
		{ID: "dataset.nextPart", Keys: screen.Bind(">", "next part of the file"), Quiet: true, Off: some, Do: cmd(func() tea.Cmd { return w.page(1) })},
		{ID: "dataset.prevPart", Keys: screen.Bind("<", "part before"), Quiet: true, Off: some, Do: cmd(func() tea.Cmd { return w.page(-1) })},
		{ID: "dataset.nextTurn", Keys: screen.Bind("J", "next turn"), Quiet: true, Off: some, Do: s.do(func() { w.stepTurn(1) })},
		{ID: "dataset.prevTurn", Keys: screen.Bind("K", "turn before"), Quiet: true, Off: some, Do: s.do(func() { w.stepTurn(-1) })},
		{ID: "dataset.copyTurn", Keys: screen.Bind("c", "copy the turn"), Quiet: true, Off: some, Do: cmd(w.copyTurn)},
		{ID: "dataset.copySample", Keys: screen.Bind("C", "copy the sample"), Quiet: true, Off: some, Do: cmd(w.copySample)},
		{ID: "dataset.raw", Keys: screen.Bind("w", "the line as it is stored"), Quiet: true, Off: file, Do: s.do(func() {
			w.raw, w.turn, w.shown.valid = !w.raw, 0, false
			w.doc.Top()
		})},
	}
}

// contentActions are the keys of what the dataset holds.
func (s *dataset) contentActions() []screen.Action {
	seq := s.in(viewContents, func() string { return "" })
	quiet := s.view != viewContents
	return []screen.Action{
		{ID: "dataset.check", Keys: screen.Bind("a", "check the whole file"), Quiet: quiet, Off: s.fileOff, Do: s.checkAll},
		{ID: "dataset.longer", Keys: screen.Bind("+", "longer sequences"), Quiet: quiet, Off: seq, Do: s.do(func() { s.report.seqLen = stepSeqLen(s.report.seqLen, 1) })},
		{ID: "dataset.shorter", Keys: screen.Bind("-", "shorter sequences"), Quiet: quiet, Off: seq, Do: s.do(func() { s.report.seqLen = stepSeqLen(s.report.seqLen, -1) })},
		{ID: "dataset.findings", Keys: screen.Bind("f", "findings"), Quiet: quiet || !s.report.has, Off: s.in(viewContents, func() string {
			if !s.report.has || len(s.report.rep.Findings) == 0 {
				return "there are no findings: a checks the whole file"
			}
			return ""
		}), Do: s.do(s.report.swap)},
	}
}

// editActions are the keys that change the dataset, or fetch it.
func (s *dataset) editActions() []screen.Action {
	return []screen.Action{
		{ID: "dataset.download", Keys: screen.Bind("d", "download"), Off: s.fileOff, Do: s.download},
		{ID: "dataset.validate", Keys: screen.Bind("v", "validate from here"), Off: s.validateOff, Risk: screen.RiskConfirm, Prompt: s.validatePrompt, Do: s.revalidate},
		{ID: "dataset.resume", Keys: screen.Bind("U", "continue its upload"), Quiet: s.ups.of(s.id).kind == upNone, Off: func() string { return s.ups.resumeOff(s.id) }, Do: func() tea.Cmd {
			s.touch()
			return s.ups.resume(s.id)
		}},
		{ID: "dataset.pause", Keys: screen.Bind("P", "pause its upload"), Quiet: s.ups.of(s.id).kind != upRunning, Off: s.pauseOff, Do: s.do(func() { s.ups.desk.pause(s.id) })},
		{ID: "dataset.rename", Keys: screen.Bind("e", "rename"), Quiet: true, Off: s.livingOff, Do: s.edit("name")},
		{ID: "dataset.describe", Keys: screen.Bind("E", "describe"), Quiet: true, Off: s.livingOff, Do: s.edit("description")},
		{ID: "dataset.trash", Keys: screen.Bind("x", "move to the trash"), Quiet: true, Off: s.livingOff, Risk: screen.RiskConfirm, Prompt: s.trashPrompt, Do: s.trash},
		{ID: "dataset.restore", Keys: screen.Bind("R", "restore"), Quiet: s.restoreOff() != "", Off: s.restoreOff, Do: func() tea.Cmd {
			s.touch()
			return moveDatasets(s.sc, s.b, []string{s.id}, true)
		}},
		{ID: "dataset.path", Keys: screen.Bind("p", "copy storage path"), Quiet: true, Off: s.loadedOff, Do: func() tea.Cmd {
			d, _ := s.feed.Value()
			return screen.Copy("storage path", models.Clean(d.StorageBucket+"/"+d.StoragePath))
		}},
		{ID: "dataset.refresh", Keys: screen.Bind("r", "refresh"), Quiet: true, Do: s.refresh},
	}
}

func (s *dataset) refresh() tea.Cmd {
	s.touch()
	s.stored = storedUnknown
	cmd := tea.Batch(s.feed.Poke(), s.uses.Poke(), s.ups.pending.Poke())
	if s.samples.err != nil {
		cmd = tea.Batch(cmd, s.samples.again())
	}
	return cmd
}

func (s *dataset) loadedOff() string {
	if _, ok := s.feed.Value(); !ok {
		return "the dataset is not loaded"
	}
	return ""
}

// livingOff is for what changes a dataset outside the trash.
func (s *dataset) livingOff() string {
	d, ok := s.feed.Value()
	switch {
	case !ok:
		return "the dataset is not loaded"
	case !d.DeletedAt.IsZero():
		return "it is in the trash: R restores it"
	}
	return ""
}

func (s *dataset) restoreOff() string {
	d, ok := s.feed.Value()
	switch {
	case !ok:
		return "the dataset is not loaded"
	case d.DeletedAt.IsZero():
		return "it is not in the trash"
	}
	return ""
}

func (s *dataset) launchOff() string {
	d, ok := s.feed.Value()
	if !ok {
		return "the dataset is not loaded"
	}
	_, why := d.Trainable()
	return why
}

// fileOff is for what reads the whole file.
func (s *dataset) fileOff() string {
	switch {
	case s.loadedOff() != "":
		return s.loadedOff()
	case s.op != nil:
		return "first let it end, or esc stops it: " + s.op.what
	case s.stored == storedMissing || models.CodeOf(s.samples.err) == models.CodeNotFound && !s.samples.fromFile():
		return "no file is stored"
	}
	return ""
}

func (s *dataset) validateOff() string {
	if why := s.livingOff(); why != "" {
		return why
	}
	if s.ups.of(s.id).kind == upRunning {
		return "it is being uploaded"
	}
	return s.fileOff()
}

func (s *dataset) validatePrompt() (title, body, typed string) {
	d, _ := s.feed.Value()
	return "Validate from here?", "The stored file" + sizeNote(d) + " is read as a stream and checked on this machine, by the rules of the platform's validator. " +
		"The result is written into the dataset in place of what stands there: status, counts, sample and errors.", ""
}

func sizeNote(d models.Dataset) string {
	if d.FileSize <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%s)", kit.Bytes(int64(d.FileSize)))
}

func (s *dataset) pauseOff() string {
	if s.ups.of(s.id).kind != upRunning {
		return "it is not being uploaded"
	}
	return ""
}

func (s *dataset) trashPrompt() (title, body, typed string) {
	d, _ := s.feed.Value()
	if k := s.ups.of(s.id).kind; k != upNone && d.Status == models.DatasetUploading {
		return "Drop this upload?", trashBody([]models.Dataset{d}, 1), ""
	}
	return "Move this dataset to the trash?", trashBody([]models.Dataset{d}, 0), ""
}

// trash moves the dataset to the trash; with its upload, if one is not ended.
func (s *dataset) trash() tea.Cmd {
	s.touch()
	d, _ := s.feed.Value()
	if s.ups.of(s.id).kind != upNone && d.Status == models.DatasetUploading {
		return tea.Batch(s.ups.desk.drop(s.sc, s.id))
	}
	return moveDatasets(s.sc, s.b, []string{s.id}, false)
}
