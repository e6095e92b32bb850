package screens

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// saver is the choice of how a view is saved. While it is open its keys are the
// only ones of the page. A history that is drawn summed up is saved point by
// point in the background.
type saver struct {
	open  bool
	stop  func() // of what is being saved; nil for nothing
	done  int64
	total int64 // about; 0: not known
}

// snapshot is what a page gives to be saved: all of it is copied, as the file is
// written elsewhere.
type snapshot struct {
	name string // of the file, without its ending
	now  time.Time
	th   theme.Theme
	text string // the view, w × h cells
	w, h int
	rows func() []byte // makes the values as CSV
	// exact saves the points themselves where rows sum them up.
	exact exact
	total int64 // points of it, about
}

// saved is the outcome.
type saved struct {
	path    string
	err     error
	stopped bool // by the user
}

// Failure is none that ends a session.
func (m saved) Failure() error { return m.err }

func (m saved) told() tea.Cmd {
	if m.stopped {
		return screen.Toast(screen.LevelInfo, "Stopped: nothing is saved.")
	}
	if m.err != nil {
		text, hint := models.Explain(m.err)
		return screen.Toast(screen.LevelBad, "%s", joined(text, hint))
	}
	return screen.Toast(screen.LevelGood, "Saved as %s", m.path)
}

const saveTimeout = time.Minute

// save writes a snapshot with an ending of "svg", "ans" or "csv" into dir, under
// a name that no file has.
func save(sc screen.Scope, dir string, s snapshot, ending string) tea.Cmd {
	return screen.Do(sc, "save the view", saveTimeout, func(context.Context) tea.Msg {
		var data []byte
		switch ending {
		case "svg":
			data = []byte(kit.SVGText(s.th, s.text, s.w, s.h))
		case "csv":
			data = s.rows()
		default:
			data = []byte(s.text + "\x1b[m\n")
		}
		path, err := writeNew(filepath.Join(dir, safeName(s.fileName())), ending, data)
		return saved{path: path, err: saveError(err)}
	})
}

func (s snapshot) fileName() string { return s.name + "-" + s.now.Format("20060102-150405") }

// saveError tells where files go, unless the points could not be read.
func saveError(err error) error {
	if known := (*models.Error)(nil); err == nil || errors.As(err, &known) {
		return err
	}
	return &models.Error{Code: models.CodeUnknown, Op: "save the view", Msg: models.Clean(err.Error()),
		Hint: "download_dir in the configuration says where files go.", Err: err}
}

// writeNew creates a file that was not there, counting up its name.
func writeNew(base, ending string, data []byte) (path string, err error) {
	if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
		return "", err
	}
	for n := 1; n < 1000; n++ {
		path = base + "." + ending
		if n > 1 {
			path = base + "-" + strconv.Itoa(n) + "." + ending
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(data)
		return path, errors.Join(err, f.Close())
	}
	return "", errors.New("too many files of this name in " + filepath.Dir(base))
}

// action opens the choice.
func (v *saver) action(page string, touch func()) screen.Action {
	off := func() string {
		if v.stop != nil {
			return "the points are being saved: esc stops that"
		}
		return ""
	}
	return screen.Action{ID: page + ".save", Keys: screen.Bind("S", "save the view (SVG, ANSI, CSV)"), Quiet: true, Off: off, Do: func() tea.Cmd {
		touch()
		v.open = true
		return nil
	}}
}

// choices are the keys while the choice is open; summed says that what is drawn
// sums points up.
func (v *saver) choices(page string, sc screen.Scope, dir string, summed bool, touch func(), shot func() snapshot) []screen.Action {
	pick := func(ending string) func() tea.Cmd {
		return func() tea.Cmd {
			touch()
			v.open = false
			switch s := shot(); {
			case ending == "":
				return nil
			case ending == "csv" && summed:
				s.exact.dir, s.exact.name = dir, s.fileName()
				v.done, v.total = 0, s.total
				cmd, stop := s.exact.start(sc)
				v.stop = stop
				return cmd
			case ending == "buckets":
				s.name += "-buckets"
				return save(sc, dir, s, "csv")
			default:
				return save(sc, dir, s, ending)
			}
		}
	}
	out := []screen.Action{
		{ID: page + ".saveSVG", Keys: screen.Bind("v", "as a picture (SVG)"), Do: pick("svg")},
		{ID: page + ".saveANSI", Keys: screen.Bind("a", "as text with colours (ANSI)"), Do: pick("ans")},
		{ID: page + ".saveCSV", Keys: screen.Bind("c", "its points (CSV)"), Do: pick("csv")},
		{ID: page + ".saveNot", Keys: screen.Bind("esc", "not at all", "esc", "alt+esc"), Do: pick("")},
	}
	if summed {
		out = append(out, screen.Action{ID: page + ".saveBuckets", Keys: screen.Bind("b", "the buckets that are drawn (CSV)"), Do: pick("buckets")})
	}
	return out
}

// line is the question, instead of the line of what is switched on.
func (v *saver) line(th theme.Theme, w int, summed bool) string {
	text := th.Accent.Render("Save this view") + "  " + th.Key.Render("v") + " SVG picture  " + th.Key.Render("a") +
		" ANSI text  " + th.Key.Render("c") + " CSV of all points  "
	if summed {
		text += th.Key.Render("b") + " of the buckets  "
	}
	return kit.Truncate(text+th.Key.Render("esc")+" not at all", w)
}
