package kit

import (
	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/theme"
)

// look is how a status is drawn: a glyph of its own, so that it is told apart
// without colour, and a style.
type look struct {
	glyph, ascii string
	tone         tone
}

// tone names a style of the theme.
type tone uint8

const (
	dim tone = iota
	good
	warn
	bad
	info
)

// of gives the style; the copy keeps the whole theme from escaping with it.
func (t tone) of(th theme.Theme) *lipgloss.Style {
	var s lipgloss.Style
	switch t {
	case good:
		s = th.Good
	case warn:
		s = th.Warn
	case bad:
		s = th.Bad
	case info:
		s = th.Info
	default:
		s = th.Dim
	}
	return &s
}

func lookOf(status string) look {
	switch status {
	case "uploading":
		return look{"↑", "^", info}
	case "validating", "initializing":
		return look{"◐", "~", info}
	case "ready", "completed":
		return look{"✓", "+", good}
	case "error", "failed":
		return look{"✗", "x", bad}
	case "queued", "queued_on_gpu":
		return look{"○", "o", warn}
	case "running", "training":
		return look{"●", "*", good}
	case "saving":
		return look{"↓", "v", info}
	case "cancelled":
		return look{"⊘", "-", dim}
	case "stored":
		return look{"■", "#", good}
	case "deployed":
		return look{"▲", "^", info}
	case "archived":
		return look{"□", "=", dim}
	default:
		return look{"?", "?", dim}
	}
}

// StatusCell is the cell of a dataset, job, stage or artifact status: glyph and
// text. Text that nobody knows is shown as it is.
func StatusCell[S ~string](th theme.Theme, status S) Cell {
	l := lookOf(string(status))
	return Cell{Text: th.Glyph(l.glyph, l.ascii) + " " + models.Clean(string(status)), Style: l.tone.of(th)}
}

// Status is StatusCell as styled text.
func Status[S ~string](th theme.Theme, status S) string {
	c := StatusCell(th, status)
	return c.Style.Render(c.Text)
}

// PriorityCell is the cell of a notification's priority.
func PriorityCell(th theme.Theme, p models.Priority) Cell {
	var style *lipgloss.Style
	switch p {
	case models.PriorityLow:
		style = dim.of(th)
	case models.PriorityHigh:
		style = warn.of(th)
	case models.PriorityCritical:
		style = bad.of(th)
	}
	return Cell{Text: models.Clean(string(p)), Style: style}
}
