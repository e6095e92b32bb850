package screens

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// jobPageStore is what the page of one job needs of the backend.
type jobPageStore interface {
	Jobs
	Metrics
	ArtifactByJob(ctx context.Context, jobID string) (models.Artifact, error)
}

// jobPane is what the lower part of the page shows.
type jobPane int

const (
	paneCharts jobPane = iota
	paneConfig
	paneTimeline
	paneError
	paneCount
)

func (p jobPane) String() string {
	return [...]string{"Charts", "Configuration", "Timeline", "Error"}[p]
}

// job is the page of one training job.
type job struct {
	paint
	sc     screen.Scope
	b      jobPageStore
	o      Options
	id     string
	row    *screen.Feed[models.Job]
	stream *jobStream
	charts *jobCharts
	pane   jobPane
	docs   [paneCount]*kit.Scroller
	bodyY  int
	busy   string // what is on its way, "" for nothing
	dog    watchdog
	rate   rateOf
	saver  saver
}

// jobArtifact is the answer to "open the artifact".
type jobArtifact struct {
	artifact models.Artifact
	err      error
}

// Failure lets the shell see that a session has ended.
func (m jobArtifact) Failure() error { return m.err }

func newJob(b jobPageStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, args screen.Args) screen.Screen {
		args, query := linkQuery(args)
		s := &job{sc: sc, b: b, o: o, id: args.At(0)}
		s.stream = newJobStream(sc, b, s.id)
		s.charts = newJobCharts(&s.stream.series, o)
		s.charts.takeQuery(query)
		for i := range s.docs {
			s.docs[i] = kit.NewScroller(false)
		}
		for p := range paneCount {
			if args.At(1) == linkName(p) {
				s.pane = p
			}
		}
		id := s.id
		s.row = screen.NewFeed(sc, "read job", s.every, func(ctx context.Context) (models.Job, error) { return b.Job(ctx, id) })
		return s
	}
}

// linkName is the last part of a link to a pane, "" for the charts.
func linkName(p jobPane) string {
	return [...]string{"", "config", "timeline", "error"}[p]
}

// every is how often the whole row is read; what moves comes with the stream.
func (s *job) every(focused bool) time.Duration {
	j, _ := s.row.Value()
	switch {
	case !focused:
		return 2 * time.Minute
	case j.Status.Live():
		return 20 * time.Second
	case j.Status == models.JobCompleted && j.ArtifactID == nil:
		return 15 * time.Second
	}
	return 5 * time.Minute
}

func (s *job) Init() tea.Cmd {
	if s.id == "" {
		return screen.Replace("jobs")
	}
	return tea.Batch(s.row.Start(), s.stream.feed.Start())
}

// current is the job by the latest news; ok is false before any.
func (s *job) current() (models.Job, bool) {
	j, ok := s.row.Value()
	if !ok && s.stream.known {
		return s.stream.job, true
	}
	return s.stream.merged(j), ok
}

func (s *job) Title() string {
	j, ok := s.current()
	if ok && j.Dataset != nil && j.Dataset.Name != "" {
		return "Job on " + models.Clean(j.Dataset.Name)
	}
	return "Job"
}

func (s *job) FeedState() screen.FeedState {
	return screen.Worst(s.row.State(), s.stream.feed.State())
}

func (s *job) Copy() string { return s.id }

func (s *job) Busy() string { return s.saver.busy() }

func (s *job) Progress() (percent int, ok bool) { return s.saver.percent() }

func (s *job) Link() string {
	if n := linkName(s.pane); n != "" {
		return "job/" + s.id + "/" + n
	}
	return withQuery("job/"+s.id, s.charts.query())
}

func (s *job) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmds := make([]tea.Cmd, 0, 5)
	cmd, fresh := s.row.Update(msg)
	cmds = append(cmds, cmd)
	cmd, moved, ended := s.stream.update(msg)
	cmds = append(cmds, cmd)
	if moved || fresh {
		j, _ := s.current()
		s.charts.summed = s.stream.long != nil
		s.charts.update(j, s.o)
		if _, whole := s.row.Value(); whole {
			s.charts.settle()
		}
		cmds = append(cmds, s.alarm())
	}
	if ended {
		cmds = append(cmds, s.row.Poke(), screen.Changed("job"))
	}
	if fresh {
		cmds = append(cmds, s.revive())
	}
	switch m := msg.(type) {
	case jobCancelled:
		s.busy = ""
		cmds = append(cmds, m.told(), s.row.Poke(), s.stream.feed.Poke())
	case saved, saving:
		cmds = append(cmds, s.saver.take(m))
	case jobArtifact:
		s.busy = ""
		cmds = append(cmds, openArtifact(m))
	case tea.KeyPressMsg, tea.MouseMsg:
		s.scroll(msg)
	}
	return tea.Batch(append(cmds, s.closer())...)
}

// revive starts the stream again when the row says that the job lives, as after
// it was requeued by hand.
func (s *job) revive() tea.Cmd {
	j, _ := s.row.Value()
	if j.Status.Live() && s.stream.known && !s.stream.job.Status.Live() && s.stream.final >= finalReads {
		s.stream.final = 0
		return s.stream.feed.Poke()
	}
	return nil
}

func (s *job) scroll(msg tea.Msg) {
	if s.pane == paneCharts {
		s.charts.mouse(msg)
		return
	}
	s.docs[s.pane].Update(msg)
}

func openArtifact(m jobArtifact) tea.Cmd {
	switch {
	case m.err == nil:
		return screen.Go("artifact/" + m.artifact.ID)
	case models.CodeOf(m.err) == models.CodeNotFound:
		return screen.Toast(screen.LevelWarn, "This job has no artifact yet.")
	}
	text, hint := models.Explain(m.err)
	return screen.Toast(screen.LevelBad, "%s", joined(text, hint))
}

// artifact opens the artifact: by the job's own link, else by looking for one.
func (s *job) artifact() tea.Cmd {
	j, _ := s.current()
	if j.ArtifactID != nil && *j.ArtifactID != "" {
		return screen.Go("artifact/" + *j.ArtifactID)
	}
	s.busy = "looking for the artifact"
	s.touch()
	b, id := s.b, s.id
	return screen.Do(s.sc, "find artifact", cancelTimeout, func(ctx context.Context) tea.Msg {
		a, err := b.ArtifactByJob(ctx, id)
		return jobArtifact{a, err}
	})
}

func (s *job) cancel() tea.Cmd {
	s.touch()
	s.busy = "being cancelled"
	return cancelJob(s.sc, s.b, s.id)
}

// step goes to the next pane that has something.
func (s *job) step(d int) tea.Cmd {
	s.touch()
	for {
		s.pane = (s.pane + jobPane(d) + paneCount) % paneCount
		if s.pane != paneError || s.failed() {
			return nil
		}
	}
}

func (s *job) failed() bool {
	j, ok := s.current()
	return ok && (j.ErrorMessage != nil && *j.ErrorMessage != "" || j.ErrorStack != nil && *j.ErrorStack != "")
}
