package screen

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
)

// Level is how loud a toast is.
type Level int

// The levels.
const (
	LevelInfo Level = iota
	LevelGood
	LevelWarn
	LevelBad
)

// The messages that the shell answers. Screens make them with the functions
// below; tests look at them.
type (
	// GoMsg opens a link on top of the stack, or in place of the top.
	GoMsg struct {
		Link    string
		Replace bool
	}
	// BackMsg leaves the top screen.
	BackMsg struct{}
	// ToastMsg shows a note for some seconds.
	ToastMsg struct {
		Level Level
		Text  string
	}
	// CopyMsg puts Text on the clipboard and says so.
	CopyMsg struct{ Label, Text string }
	// AskMsg opens a dialog.
	AskMsg struct{ Dialog Dialog }
	// SignedInMsg tells that there is a session.
	SignedInMsg struct{ Session models.Session }
	// SignedOutMsg tells that there is none; Reason is shown, "" when the user
	// asked for it.
	SignedOutMsg struct{ Reason string }
	// ChangedMsg tells that something was written: the header reads again.
	ChangedMsg struct{ What string }
)

func send(m tea.Msg) tea.Cmd { return func() tea.Msg { return m } }

// Go opens a link, "job/ID", on top of this screen.
func Go(link string) tea.Cmd { return send(GoMsg{Link: link}) }

// Replace opens a link in place of this screen.
func Replace(link string) tea.Cmd { return send(GoMsg{Link: link, Replace: true}) }

// Back leaves this screen.
func Back() tea.Cmd { return send(BackMsg{}) }

// Toast shows a note; control characters are taken out of the text.
func Toast(l Level, format string, a ...any) tea.Cmd {
	return send(ToastMsg{Level: l, Text: models.Clean(fmt.Sprintf(format, a...))})
}

// Copy puts text on the clipboard; label names it in the toast ("job id").
func Copy(label, text string) tea.Cmd { return send(CopyMsg{Label: label, Text: text}) }

// Ask opens a dialog.
func Ask(d Dialog) tea.Cmd { return send(AskMsg{Dialog: d}) }

// SignedIn tells the shell that there is a session: it leaves the sign-in
// screen and returns to where the user was.
func SignedIn(s models.Session) tea.Cmd { return send(SignedInMsg{Session: s}) }

// SignedOut tells the shell that the session is over.
func SignedOut(reason string) tea.Cmd { return send(SignedOutMsg{Reason: reason}) }

// Changed tells the shell that something was written ("job", "notifications"),
// so that the counts of the header are read again.
func Changed(what string) tea.Cmd { return send(ChangedMsg{What: what}) }
