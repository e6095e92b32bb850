// Package screen is the contract between the shell and the screens: what a
// screen is, how it starts work, and how it asks the shell for something.
//
// Only the shell is a tea.Model. A screen is a pointer that is touched on the
// Update goroutine alone, so it needs no mutex; whatever runs elsewhere comes
// back as a message addressed to it (Do, Stream, Feed).
package screen

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/theme"
)

// Args is the rest of a link: "job/ID/logs" gives ["ID", "logs"].
type Args []string

// At gives the i-th argument, "" when there is none.
func (a Args) At(i int) string {
	if i < 0 || i >= len(a) {
		return ""
	}
	return a[i]
}

// Screen is one page of the program.
type Screen interface {
	// Init starts what the screen needs: feeds and first reads.
	Init() tea.Cmd
	// Update takes the screen's own results, keys that no action claimed,
	// pastes, mouse events in body coordinates, tea.FocusMsg and tea.BlurMsg
	// of the terminal, ShowMsg and HideMsg. It does no I/O and reads no clock.
	Update(tea.Msg) tea.Cmd
	// View draws exactly f.W × f.H cells. It is pure and should be cached.
	View(f Frame) string
	// Actions is everything the user can do here, in the order of importance:
	// the footer, the help and the palette are made of it.
	Actions() []Action
	// Title names the page for the header: "Jobs", "job 3f2a".
	Title() string
}

// Frame is what a View draws into.
type Frame struct {
	W, H  int // cells; may be 0
	Theme theme.Theme
	Now   time.Time // cut to the second
	Focus bool      // false while the terminal or a dialog has the focus
}

// Spec is a row of the screen table.
type Spec struct {
	Name  string // first word of a link: "jobs"
	Title string // shown in tabs and palette: "Jobs"
	Key   string // key that opens it; "" for a nav screen: its number in the tabs
	Nav   bool   // shown in the tabs of the header
	New   func(Scope, Args) Screen
	// Busy and Progress, when set, are asked as those of a screen, for what
	// goes on after its screen has left.
	Busy     func() string
	Progress func() (percent int, ok bool)
}

// The optional abilities of a screen, found by type assertion.
type (
	// Capturer has a text field open: keys that carry text go to Update and
	// to no action; other keys do so too unless an Action with a Do claims
	// them.
	Capturer interface{ Capturing() bool }
	// Closer is told when the screen leaves for good. Its Scope is cancelled
	// right after.
	Closer interface{ Close() }
	// Copier gives the id that "y" copies; "" for none.
	Copier interface{ Copy() string }
	// Linker gives the link that "Y" copies, as a command that opens it.
	Linker interface{ Link() string }
	// Waker is called when the screen is on top again, after ShowMsg.
	Waker interface{ Wake() tea.Cmd }
	// Feeder tells the header how fresh the screen's data is.
	Feeder interface{ FeedState() FeedState }
	// Filterer can be narrowed by "/": the shell owns the input line and calls
	// Filter at every change, and with "" when esc clears it.
	Filterer interface {
		Filter(text string) tea.Cmd
		FilterText() string
	}
	// Progresser shows a transfer in the terminal's own progress bar.
	Progresser interface {
		Progress() (percent int, ok bool)
	}
	// Cursorer has the terminal's real cursor, in body coordinates; ok is
	// false while there is none.
	Cursorer interface {
		Cursor() (x, y int, ok bool)
	}
	// Busy names what quitting would interrupt ("a download"); the shell asks
	// before it quits at "q". "" for nothing.
	Busy interface{ Busy() string }
)

// ShowMsg tells a screen that it is on top (again): feeds resume at once.
type ShowMsg struct{}

// HideMsg tells a screen that another one covers it: feeds pause.
type HideMsg struct{}

// ParseLink splits "job/ID/logs" into "job" and its Args. Empty elements are
// dropped, so that "/jobs/" is "jobs".
func ParseLink(link string) (name string, args Args) {
	for part := range strings.SplitSeq(link, "/") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if name == "" {
			name = part
		} else {
			args = append(args, part)
		}
	}
	return name, args
}
