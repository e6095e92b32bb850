package screens

import (
	"fmt"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// uploading is the page of one upload of this machine. The upload itself is the
// desk's: leaving the page does not stop it.
type uploading struct {
	paint
	sc   screen.Scope
	id   string
	ups  *deskWatch
	left bool // the dataset's page is on its way
}

func newUploading(b Uploads, o Options) func(screen.Scope, screen.Args) screen.Screen {
	k := o.deskOf(b)
	return func(sc screen.Scope, args screen.Args) screen.Screen {
		return &uploading{sc: sc, id: args.At(0), ups: newDeskWatch(sc, k)}
	}
}

func (s *uploading) Init() tea.Cmd {
	if s.id == "" {
		return screen.Replace("upload")
	}
	return tea.Batch(s.ups.start(), s.follow())
}

func (s *uploading) Title() string {
	if u := s.ups.of(s.id); u.path != "" {
		return "Upload of " + models.Clean(filepath.Base(u.path))
	}
	return "Upload"
}

func (s *uploading) Link() string { return "uploading/" + s.id }

func (s *uploading) Copy() string { return s.id }

func (s *uploading) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, _ := s.ups.update(msg)
	if m, ok := msg.(uploadDropped); ok && m.err == nil && m.id == s.id {
		return tea.Batch(cmd, screen.Back())
	}
	return tea.Batch(cmd, s.follow())
}

// follow leads to the dataset once it is there.
func (s *uploading) follow() tea.Cmd {
	if r, ok := s.ups.desk.get(s.id); !ok || r.state != deskDone || s.left {
		return nil
	}
	s.left = true
	return screen.Replace("dataset/" + s.id)
}

func (s *uploading) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *uploading) draw(f screen.Frame) string {
	th := f.Theme
	u := s.ups.of(s.id)
	if u.kind == upNone {
		if r, ok := s.ups.desk.get(s.id); ok && r.state == deskDone {
			return kit.Empty(th, "The upload is done.", "enter opens the dataset.", f.W, f.H)
		}
		return kit.Empty(th, "No upload of this dataset is known on this machine.", "enter opens the dataset, esc goes back.", f.W, f.H)
	}
	iw, ih := kit.PanelInner(f.W, f.H)
	lines := s.lines(th, u, min(iw, 100))
	return kit.Panel(th, s.Title(), kit.Fit(strings.Join(lines, "\n"), iw, ih), f.W, f.H, f.Focus)
}

func (s *uploading) lines(th theme.Theme, u upState, w int) []string {
	out := []string{}
	if w >= 24 {
		out = append(out, splitLines(kit.KeyValues(th, [][2]string{
			{"File", models.Clean(u.path)}, {"Dataset", models.Clean(u.name)}, {"Id", models.Clean(s.id)}, {"Size", kit.Bytes(u.total)},
		}, w))...)
		out = append(out, "")
	}
	pct := fmt.Sprintf("%3d%% ", u.stage())
	out = append(out, th.Strong.Render(pct)+kit.Meter(th, float64(u.stage())/100, max(0, min(w-5, 80))), "")
	switch d := diagnoseUpload(u); {
	case u.kind == upRunning:
		out = append(out, stageLines(th, u, w)...)
		out = append(out, "")
		out = append(out, wrapped(th.Faint.Render, "Leaving this page does not stop it; the list of datasets shows it too.", w)...)
	case d != nil:
		out = append(out, wrapped(th.Warn.Render, diagnosisText(d), w)...)
	}
	return out
}

// uploadStages are the stages as the page names them, in their order.
func uploadStages() []struct {
	stage models.UploadStage
	text  string
} {
	return []struct {
		stage models.UploadStage
		text  string
	}{
		{models.UploadChecking, "check the file"}, {models.UploadCreating, "create the dataset"}, {models.UploadSending, "send"},
		{models.UploadVerifying, "compare size and hash"}, {models.UploadValidating, "write what was found"},
	}
}

// stageLines list the stages: those behind, the one of now with its numbers, and
// those ahead.
func stageLines(th theme.Theme, u upState, w int) []string {
	now := u.p.Stage
	if now == models.UploadWaiting {
		now = models.UploadSending
	}
	var out []string
	behind := true
	for _, x := range uploadStages() {
		switch {
		case x.stage == now:
			behind = false
			style := th.Info
			if u.p.Stage == models.UploadWaiting {
				style = th.Warn
			}
			for i, l := range wrapped(style.Render, x.text+": "+uploadLine(u), max(1, w-2)) {
				mark := "  "
				if i == 0 {
					mark = th.Glyph("●", "*") + " "
				}
				out = append(out, style.Render(mark)+l)
			}
		case behind:
			out = append(out, th.Good.Render(th.Glyph("✓", "+")+" ")+th.Dim.Render(kit.Truncate(x.text, max(1, w-2))))
		default:
			out = append(out, th.Faint.Render(kit.Truncate(th.Glyph("○", "o")+" "+x.text, w)))
		}
	}
	return out
}

func (s *uploading) Actions() []screen.Action {
	kind := s.ups.of(s.id).kind
	return []screen.Action{
		{ID: "uploading.pause", Keys: screen.Bind("P", "pause"), Quiet: kind != upRunning, Off: func() string {
			if s.ups.of(s.id).kind != upRunning {
				return "it does not go on"
			}
			return ""
		}, Do: func() tea.Cmd {
			s.touch()
			s.ups.desk.pause(s.id)
			return s.ups.pending.Poke()
		}},
		{ID: "uploading.resume", Keys: screen.Bind("U", "continue"), Quiet: kind == upRunning, Off: func() string { return s.ups.resumeOff(s.id) }, Do: func() tea.Cmd {
			s.touch()
			return s.ups.resume(s.id)
		}},
		{ID: "uploading.drop", Keys: screen.Bind("x", "cancel the upload"), Off: func() string {
			switch s.ups.of(s.id).kind {
			case upNone:
				return "no upload of it is known on this machine"
			case upElsewhere:
				return "another loratop on this machine is at it"
			}
			return ""
		}, Risk: screen.RiskConfirm, Prompt: func() (title, body, typed string) { return dropPrompt(s.ups.of(s.id)) }, Do: func() tea.Cmd {
			s.touch()
			return s.ups.desk.drop(s.sc, s.id)
		}},
		{ID: "uploading.open", Keys: screen.Bind("enter", "open the dataset"), Do: func() tea.Cmd { return screen.Replace("dataset/" + s.id) }},
	}
}
