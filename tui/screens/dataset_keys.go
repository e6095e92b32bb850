package screens

import (
	"context"
	"io"
	"path/filepath"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// key takes the keys that no action claimed.
func (s *dataset) key(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case s.form != nil, s.samples.prompt != nil:
		return s.typed(k)
	case k.String() == "tab":
		return s.show((s.view + 1) % datasetViews)
	case k.String() == "shift+tab":
		return s.show((s.view + datasetViews - 1) % datasetViews)
	}
	switch s.view {
	case viewSamples:
		return s.samples.key(k)
	case viewContents:
		s.report.key(k)
	case viewUses:
		s.table.Update(k)
	default:
		s.doc.Update(k)
	}
	return nil
}

// typed is text for the field that is open.
func (s *dataset) typed(msg tea.Msg) tea.Cmd {
	switch {
	case s.form != nil:
		return s.form.form.Update(msg)
	case s.samples.prompt != nil:
		return s.samples.answer(msg)
	}
	return nil
}

// show goes to a view; what it needs of the file is read.
func (s *dataset) show(v datasetView) tea.Cmd {
	s.touch()
	s.view = v
	if v == viewSamples || v == viewContents {
		return s.samples.open()
	}
	return nil
}

func (s *dataset) mouse(msg tea.Msg) tea.Cmd {
	m := msg.(tea.MouseMsg).Mouse()
	_, click := msg.(tea.MouseClickMsg)
	if s.form != nil {
		return nil
	}
	if m.Y < s.top {
		return s.clickTab(m.X, click)
	}
	msg = belowAll(msg, s.top)
	switch s.view {
	case viewSamples:
		return s.samples.mouse(msg)
	case viewContents:
		s.report.mouse(belowAll(msg, 1))
		return nil
	}
	s.mouseBeside(msg, m.X, click)
	return nil
}

// clickTab goes to the view of which the name is at a column.
func (s *dataset) clickTab(x int, click bool) tea.Cmd {
	for i, t := range s.tabs {
		if click && x >= t[0] && x < t[1] {
			return s.show(datasetView(i))
		}
	}
	return nil
}

// mouseBeside is for the overview and what stands to its right.
func (s *dataset) mouseBeside(msg tea.Msg, x int, click bool) {
	right := s.split > 0 && x >= s.split || s.split == 0 && s.view == viewUses
	if click && s.split > 0 {
		s.view = viewOverview
		if right {
			s.view = viewUses
		}
	}
	if right {
		s.table.Update(belowAll(msg, s.usesY+1))
		return
	}
	s.doc.Update(msg)
}

// belowAll moves any mouse event into a part of the screen that begins at line y.
func belowAll(msg tea.Msg, y int) tea.Msg {
	switch m := msg.(type) {
	case tea.MouseClickMsg:
		m.Y -= y
		return m
	case tea.MouseWheelMsg:
		m.Y -= y
		return m
	}
	return msg
}

func (s *dataset) edit(field string) func() tea.Cmd {
	return func() tea.Cmd {
		s.touch()
		d, _ := s.feed.Value()
		s.form = newDatasetForm(s.sc, s.b, d, field)
		return nil
	}
}

// begin starts something that reads the whole file.
func (s *dataset) begin(what string, f func(ctx context.Context, progress func(models.Progress)) (any, error)) tea.Cmd {
	s.touch()
	d, _ := s.feed.Value()
	var cmd tea.Cmd
	s.op, cmd = newOp(s.sc, what, int64(d.FileSize), f)
	return cmd
}

const (
	opDownload = "downloading"
	opValidate = "validating from here"
	opCheck    = "checking the whole file"
)

func (s *dataset) download() tea.Cmd {
	d, _ := s.feed.Value()
	dir, err := filepath.Abs(s.o.DownloadDir)
	if err != nil {
		dir = s.o.DownloadDir
	}
	b, id, dest := s.b, s.id, filepath.Join(dir, orElse(safeName(d.ID), "dataset"), orElse(safeName(d.FileName), "dataset.jsonl"))
	return s.begin(opDownload, func(ctx context.Context, progress func(models.Progress)) (any, error) {
		return b.DownloadDataset(ctx, id, dest, progress)
	})
}

func (s *dataset) revalidate() tea.Cmd {
	b, id := s.b, s.id
	return s.begin(opValidate, func(ctx context.Context, progress func(models.Progress)) (any, error) {
		return b.Revalidate(ctx, id, progress)
	})
}

// checkAll reads the whole stored file as a stream, in parts.
func (s *dataset) checkAll() tea.Cmd {
	r, seqLen, by := s.samples.reader(), s.report.seqLen, s.o.Tokens
	d, _ := s.feed.Value()
	cmd := s.begin(opCheck, func(ctx context.Context, progress func(models.Progress)) (any, error) {
		rep, err := jsonl.Check(ctx, &partStream{ctx: ctx, r: r, progress: progress}, jsonl.Options{SeqLen: seqLen, Tokens: vocabulary(by)})
		rep.File = d.FileName
		return rep, err
	})
	s.view = viewContents
	return cmd
}

// partStream reads a stored file from its beginning, a part at a time.
type partStream struct {
	ctx      context.Context
	r        *partReader
	progress func(models.Progress)
	at       int64
	buf      []byte
}

// streamPart is larger than a part that is looked at: fewer requests.
const streamPart = 2 << 20

func (p *partStream) Read(to []byte) (int, error) {
	if len(p.buf) == 0 {
		if p.r.ends(p.at) {
			return 0, io.EOF
		}
		data, err := p.r.at(p.ctx, p.at, streamPart)
		if err != nil {
			return 0, err
		}
		if len(data) == 0 {
			return 0, io.EOF
		}
		p.at += int64(len(data))
		p.buf = data
		p.progress(models.Progress{Done: p.at, Total: p.r.size})
	}
	n := copy(to, p.buf)
	p.buf = p.buf[n:]
	return n, nil
}

// ended takes the end of what went on.
func (s *dataset) ended(m opEnded) tea.Cmd {
	if m.op != s.op {
		return nil
	}
	s.op = nil
	switch {
	case wasStopped(m.err):
		return screen.Toast(screen.LevelInfo, "Stopped")
	case models.CodeOf(m.err) == models.CodeNoRows:
		return refused("Nothing was written", m.err)
	case m.err != nil:
		text, hint := models.Explain(m.err)
		return tea.Batch(screen.Toast(screen.LevelBad, "%s: %s", m.op.what, joined(text, hint)), s.feed.Poke())
	}
	switch got := m.got.(type) {
	case models.Downloaded:
		s.saved = got
		return screen.Toast(screen.LevelGood, "Saved %s, sha256 %s", got.Path, kit.Truncate(models.Clean(got.SHA256), 16))
	case models.Dataset:
		return tea.Batch(toldValidated(got), screen.Changed("dataset"), s.feed.Poke())
	case jsonl.Report:
		s.report.set(got)
	}
	return nil
}

func toldValidated(d models.Dataset) tea.Cmd {
	if d.Status == models.DatasetReady {
		return screen.Toast(screen.LevelGood, "Validated: ready, %s pairs", kit.Int(d.TotalTrainingPairs))
	}
	why := ""
	if d.ErrorMessage != nil {
		why = ": " + *d.ErrorMessage
	}
	return screen.Toast(screen.LevelWarn, "Validated: the dataset is %s%s", d.Status, why)
}

// stopAll is esc while something goes on.
func (s *dataset) stopAll() tea.Cmd {
	s.touch()
	switch {
	case s.samples.reading == readFind || s.samples.reading == readJump:
		s.samples.halt()
		s.samples.shown.valid = false
	case s.op != nil:
		s.op.cancel()
	}
	return nil
}

func (s *dataset) stopOff() string {
	if s.op == nil && s.samples.reading != readFind && s.samples.reading != readJump {
		return "nothing goes on"
	}
	return ""
}

// enter opens what is chosen: a job, an artifact, a finding.
func (s *dataset) enter() tea.Cmd {
	s.touch()
	if s.view == viewContents {
		x, _ := s.report.finding()
		s.view, s.jumpTo = viewSamples, x
		if s.samples.fromFile() {
			return s.afterRead()
		}
		return s.samples.open()
	}
	link, _ := s.table.Selected()
	return screen.Go(link)
}

func (s *dataset) enterOff() string {
	switch s.view {
	case viewContents:
		if x, ok := s.report.finding(); !s.report.below || !ok || x.Line == 0 {
			return "f goes to the findings first, and one with a line can be shown"
		}
		return ""
	case viewUses:
		if _, ok := s.table.Selected(); !ok {
			return "there is none"
		}
		return ""
	}
	return "tab goes to the jobs and artifacts first"
}
