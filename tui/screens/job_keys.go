package screens

import (
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

func (s *job) loadedOff() string {
	if _, ok := s.current(); !ok {
		return "the job is not loaded"
	}
	return ""
}

func (s *job) cancelOff() string {
	j, ok := s.current()
	switch {
	case !ok:
		return "the job is not loaded"
	case s.busy != "":
		return s.busy
	}
	return cancelOff(j)
}

func (s *job) artifactOff() string {
	j, ok := s.current()
	switch {
	case !ok:
		return "the job is not loaded"
	case j.ArtifactID == nil && j.Status != models.JobCompleted:
		return "the job has not completed"
	}
	return ""
}

func (s *job) againOff() string {
	j, ok := s.current()
	if !ok {
		return "the job is not loaded"
	}
	return datasetOff(j)
}

func (s *job) again(changed bool) func() tea.Cmd {
	return func() tea.Cmd {
		j, _ := s.current()
		return screen.Go(againLink(j, changed))
	}
}

// retryOff says why there is nothing to change in another try.
func (s *job) retryOff() string {
	if why := s.againOff(); why != "" {
		return why
	}
	j, _ := s.current()
	if j.ErrorMessage == nil {
		return "the job has not failed"
	}
	if _, _, ok := models.Retry(j.Hyperparameters, *j.ErrorMessage); !ok {
		return "its error asks for no other values"
	}
	return ""
}

// Actions are those of the job, and on the pane of charts those of the charts.
func (s *job) Actions() []screen.Action {
	if s.saver.open {
		return s.saver.choices("job", s.sc, s.o.DownloadDir, s.stream.long != nil, s.touch, s.snapshot)
	}
	out := []screen.Action{
		{ID: "job.pane", Keys: screen.Bind("tab", "next pane", "tab"), Do: func() tea.Cmd { return s.step(1) }},
		{ID: "job.paneBack", Keys: screen.Bind("shift+tab", "previous pane", "shift+tab"), Quiet: true, Do: func() tea.Cmd { return s.step(-1) }},
	}
	if s.saver.stop != nil {
		out = append(out, s.saver.stopAction("job", s.touch))
	}
	if s.pane == paneCharts {
		out = append(out, s.chartActions()...)
	}
	return append(out, []screen.Action{
		{ID: "job.cancel", Keys: screen.Bind("c", "cancel the job"), Off: s.cancelOff, Risk: screen.RiskConfirm, Prompt: s.cancelPrompt, Do: s.cancel},
		{ID: "job.artifact", Keys: screen.Bind("a", "open the artifact"), Off: s.artifactOff, Do: s.artifact},
		{ID: "job.dataset", Keys: screen.Bind("d", "open the dataset"), Off: s.loadedOff, Do: func() tea.Cmd {
			j, _ := s.current()
			return screen.Go("dataset/" + j.DatasetID)
		}},
		{ID: "job.again", Keys: screen.Bind("n", "launch again with its values"), Quiet: true, Off: s.againOff, Do: s.again(false)},
		{ID: "job.retry", Keys: screen.Bind("R", "launch again, changed so that it may not fail"), Quiet: true, Off: s.retryOff, Do: s.again(true)},
		{ID: "job.refresh", Keys: screen.Bind("r", "refresh"), Do: func() tea.Cmd {
			s.touch()
			return tea.Batch(s.row.Poke(), s.stream.feed.Poke())
		}},
	}...)
}

func (s *job) cancelPrompt() (title, body, typed string) {
	j, _ := s.current()
	return cancelPrompt(j, s.o, s.now(s.sc))
}

func (s *job) chartActions() []screen.Action {
	do := func(f func()) func() tea.Cmd {
		return func() tea.Cmd {
			s.touch()
			f()
			return s.closer()
		}
	}
	c := s.charts
	out := []screen.Action{
		{ID: "job.full", Keys: screen.Bind("f", "one chart or all", "f", "enter"), Do: do(func() { c.alone = !c.alone })},
		{ID: "job.prevChart", Keys: screen.Bind("[", "previous chart"), Quiet: true, Do: do(func() { c.choose(-1) })},
		{ID: "job.nextChart", Keys: screen.Bind("]", "next chart"), Do: do(func() { c.choose(1) })},
		{ID: "job.log", Keys: screen.Bind("l", "log scale"), Do: do(func() { o := &c.all[c.sel].Options; o.LogY = !o.LogY })},
		{ID: "job.robust", Keys: screen.Bind("x", "leave outliers out"), Do: do(func() { o := &c.all[c.sel].Options; o.Robust = !o.Robust })},
		{ID: "job.smooth", Keys: screen.Bind("s", "smoothing"), Do: do(c.setSmooth)},
		{ID: "job.left", Keys: screen.Bind("left", "cursor left"), Quiet: true, Do: do(func() { c.move(-1) })},
		{ID: "job.right", Keys: screen.Bind("right", "cursor right"), Quiet: true, Do: do(func() { c.move(1) })},
		{ID: "job.farLeft", Keys: screen.Bind("H", "cursor far left"), Quiet: true, Do: do(func() { c.move(-10) })},
		{ID: "job.farRight", Keys: screen.Bind("L", "cursor far right"), Quiet: true, Do: do(func() { c.move(10) })},
		{ID: "job.axis", Keys: screen.Bind("X", "over step, time, epoch or cost"), Do: s.nextAxis},
		s.saver.action("job", s.touch),
		mouseAction("job", "on charts: wheel zooms, drag pans, click puts the cursor and on a title fills the page, right follows the newest, middle shows all"),
	}
	out = append(out, viewActions("job", &c.plotView, &s.paint, do)...)
	if s.saver.stop != nil || c.cursor == nil && !c.alone && !c.zoomed() {
		return out
	}
	return append(out, screen.Action{ID: "job.out", Keys: screen.Bind("esc", "cursor off, all of it, all charts", "esc", "alt+esc"), Quiet: true, Do: do(c.out)})
}

func (s *job) nextAxis() tea.Cmd {
	s.touch()
	j, _ := s.current()
	if left := s.charts.nextAxis(j, s.o); left != "" {
		return screen.Toast(screen.LevelInfo, "%s", left)
	}
	return nil
}
