package screen

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
)

// NotifyMsg tells of an event, each Key once: as a toast, and while the
// terminal has no focus as a notification of the terminal too. An empty Text
// tells nothing, and the Key counts as told.
type NotifyMsg struct {
	Key   string
	Level Level
	Text  string
}

// Notify tells of an event; key is what it is about, so that the same is not
// told twice.
func Notify(key string, l Level, format string, a ...any) tea.Cmd {
	return send(NotifyMsg{Key: key, Level: l, Text: models.Clean(fmt.Sprintf(format, a...))})
}

// Told has an event count as told: its page shows it in a way of its own.
func Told(key string) tea.Cmd { return send(NotifyMsg{Key: key}) }

// EndKey is the key of the event that a job has ended.
func EndKey(job, status string) string { return "end/" + job + "/" + status }
