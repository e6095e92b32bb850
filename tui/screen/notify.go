package screen

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
)

// NotifyMsg asks for a notification of the terminal. The shell gives it only
// while the terminal has no focus, and each Key once.
type NotifyMsg struct{ Key, Text string }

// Notify tells somebody who looks elsewhere; key is what it is about, so that
// the same is not told twice.
func Notify(key, format string, a ...any) tea.Cmd {
	return send(NotifyMsg{Key: key, Text: models.Clean(fmt.Sprintf(format, a...))})
}
