package screens

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// artifact is the page of one trained model: quality, summary, configuration,
// lineage, and its files to download.
type artifact struct {
	paint
	id    string
	feed  *screen.Feed[models.Artifact]
	doc   *kit.Scroller
	table *kit.Table
	down  *downloads
	pane  int // 0 the files, 1 the text
	split int // column where the files begin beside the text; 0: below it
	rowsY int // line of the files panel
	saved int // files since the queue was last empty
}

func newArtifact(b Artifacts, o Options) func(screen.Scope, screen.Args) screen.Screen {
	dir, err := filepath.Abs(o.DownloadDir) // of "" the working folder, as for the plain command
	if err != nil {
		dir = o.DownloadDir
	}
	return func(sc screen.Scope, args screen.Args) screen.Screen {
		s := &artifact{id: args.At(0), doc: kit.NewScroller(true), down: newDownloads(sc, b, dir), table: kit.NewTable(
			kit.Column{Title: "File", Min: 12},
			kit.Column{Title: "Size", Min: 8, Max: 9, Right: true, Drop: 1},
			kit.Column{Title: "Download", Min: 10, Max: 22},
		)}
		id := s.id
		s.feed = screen.NewFeed(sc, "read artifact", screen.Every(time.Minute, 5*time.Minute), func(ctx context.Context) (models.Artifact, error) {
			return b.Artifact(ctx, id)
		})
		return s
	}
}

func (s *artifact) Init() tea.Cmd {
	if s.id == "" {
		return screen.Replace("artifacts")
	}
	return s.feed.Start()
}

func (s *artifact) Title() string {
	if a, ok := s.feed.Value(); ok {
		return "Artifact " + models.Clean(a.Name)
	}
	return "Artifact"
}

func (s *artifact) FeedState() screen.FeedState { return s.feed.State() }

func (s *artifact) Copy() string { return s.id }

func (s *artifact) Link() string { return "artifact/" + s.id }

// Close cancels the downloads; the scope would do so right after.
func (s *artifact) Close() { s.down.stop() }

// Busy names what quitting would interrupt.
func (s *artifact) Busy() string {
	if s.down.active() > 0 {
		return "a download"
	}
	return ""
}

// Progress of the running download, for the terminal's own progress bar.
func (s *artifact) Progress() (percent int, ok bool) { return s.down.percent() }

func (s *artifact) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.feed.Update(msg)
	if fresh {
		s.rows(s.last)
	}
	switch m := msg.(type) {
	case transferred:
		return tea.Batch(cmd, s.transferred(m))
	case screen.Failed:
		return tea.Batch(cmd, s.down.broken(m.Err))
	case tea.KeyPressMsg:
		s.key(m)
	case tea.MouseWheelMsg:
		if s.overFiles(m.X, m.Y) {
			s.table.Update(m)
		} else {
			s.doc.Update(m)
		}
	case tea.MouseClickMsg:
		s.pane = 1
		if s.overFiles(m.X, m.Y) {
			s.pane = 0
			s.table.Update(below(m, s.rowsY+1))
		}
	}
	return cmd
}

func (s *artifact) overFiles(x, y int) bool { return y >= s.rowsY && (s.split == 0 || x >= s.split) }

func (s *artifact) key(k tea.KeyPressMsg) {
	switch name := k.String(); {
	case name == "tab" || name == "shift+tab":
		s.pane = 1 - s.pane
	case s.pane == 0 && !strings.HasPrefix(name, "pg") && name != "space":
		s.table.Update(k)
	default:
		s.doc.Update(k)
	}
}

func (s *artifact) transferred(m transferred) tea.Cmd {
	cmd, done := s.down.update(m)
	s.rows(s.last)
	switch {
	case done != nil:
		s.saved++
		if s.down.active() > 0 {
			return cmd
		}
		return tea.Batch(cmd, s.savedToast(done.got.Path))
	case m.end && s.down.files[m.path] != nil && s.down.files[m.path].state == transferFailed:
		text, hint := models.Explain(m.err)
		return tea.Batch(cmd, screen.Toast(screen.LevelBad, "Download failed: %s", strings.TrimSpace(text+" "+hint)))
	}
	return cmd
}

// savedToast tells, once the queue is empty, what was saved since it began.
func (s *artifact) savedToast(path string) tea.Cmd {
	n := s.saved
	s.saved = 0
	if n == 1 {
		return screen.Toast(screen.LevelGood, "Saved %s", path)
	}
	return screen.Toast(screen.LevelGood, "Saved %d files to %s", n, filepath.Dir(path))
}

// rows fills the table of files.
func (s *artifact) rows(f screen.Frame) {
	a, _ := s.feed.Value()
	in := inksOf(f.Theme)
	names := localNames(a.Files)
	rows := make([]kit.Row, len(a.Files))
	for i, file := range a.Files {
		t := s.down.files[file.Path]
		rows[i] = kit.Row{ID: file.Path, Cells: []kit.Cell{{Text: names[i]}, {Text: fileSizeText(file, t)}, transferCell(in, t)}}
	}
	s.table.SetRows(rows)
}

// selected is the index of the chosen file, -1 for none.
func (s *artifact) selected() (a models.Artifact, i int) {
	a, ok := s.feed.Value()
	path, some := s.table.Selected()
	if !ok || !some {
		return a, -1
	}
	for i, f := range a.Files {
		if f.Path == path {
			return a, i
		}
	}
	return a, -1
}

// fetch puts files into the queue; all of them when only is -1.
func (s *artifact) fetch(only int) tea.Cmd {
	s.touch()
	a, _ := s.feed.Value()
	names := localNames(a.Files)
	for i, f := range a.Files {
		if only < 0 || only == i {
			s.down.add(f.Path, filepath.Join(s.down.dir, safeName(a.ID), names[i]))
		}
	}
	s.rows(s.last)
	return s.down.start()
}

func (s *artifact) fetchOff() string {
	_, i := s.selected()
	if i < 0 {
		return "there is no file"
	}
	return ""
}

func (s *artifact) Actions() []screen.Action {
	stopOff := func() string {
		if s.down.active() == 0 {
			return "nothing is being downloaded"
		}
		return ""
	}
	return []screen.Action{
		{ID: "artifact.download", Keys: screen.Bind("d", "download", "d", "enter"), Off: s.fetchOff, Do: func() tea.Cmd {
			_, i := s.selected()
			return s.fetch(i)
		}},
		{ID: "artifact.downloadAll", Keys: screen.Bind("D", "download all"), Off: s.fetchOff, Do: func() tea.Cmd { return s.fetch(-1) }},
		{ID: "artifact.stop", Keys: screen.Bind("x", "stop"), Off: stopOff, Do: func() tea.Cmd {
			s.touch()
			s.saved = 0
			s.down.stop()
			s.rows(s.last)
			return nil
		}},
		{ID: "artifact.job", Keys: screen.Bind("J", "its job"), Off: s.loadedOff, Do: func() tea.Cmd {
			a, _ := s.feed.Value()
			return screen.Go("job/" + a.JobID)
		}},
		{ID: "artifact.dataset", Keys: screen.Bind("T", "its dataset"), Off: s.loadedOff, Do: func() tea.Cmd {
			a, _ := s.feed.Value()
			return screen.Go("dataset/" + a.DatasetID)
		}},
		{ID: "artifact.pane", Keys: screen.Bind("tab", "other pane", "tab", "shift+tab")},
		{ID: "artifact.copy", Keys: screen.Bind("p", "copy saved path"), Quiet: true, Off: s.copyOff, Do: func() tea.Cmd {
			a, i := s.selected()
			return screen.Copy("path", s.down.files[a.Files[i].Path].got.Path)
		}},
		{ID: "artifact.refresh", Keys: screen.Bind("r", "refresh"), Quiet: true, Do: func() tea.Cmd { s.touch(); return s.feed.Poke() }},
	}
}

func (s *artifact) loadedOff() string {
	if _, ok := s.feed.Value(); !ok {
		return "the artifact is not loaded"
	}
	return ""
}

func (s *artifact) copyOff() string {
	a, i := s.selected()
	if i < 0 {
		return "there is no file"
	}
	if t := s.down.files[a.Files[i].Path]; t == nil || t.state != transferDone {
		return "this file is not downloaded yet"
	}
	return ""
}
