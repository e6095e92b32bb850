package screens

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/theme"
)

// Limits that keep a hostile or merely huge sample from costing a frame: what
// lies beyond is counted, not drawn.
const (
	foldedLines    = 4      // lines of a folded turn
	maxSampleTurns = 60     // turns drawn of one conversation
	maxTurnBytes   = 16_000 // bytes drawn of one turn
	roleWidth      = 10     // "assistant" and a space
	narrowSample   = 44     // below it the role stands on its own line
)

// sampleLines draws the sample conversations by role, wrapped to w cells.
// Folded turns keep their first lines and say how many follow.
func sampleLines(th theme.Theme, list []models.Conversation, w int, folded bool) []string {
	if w < 1 {
		return nil
	}
	var out []string
	for i, c := range list {
		if i > 0 {
			out = append(out, "")
		}
		out = append(out, th.Strong.Render(kit.Truncate(sampleTitle(i, c), w)))
		for n, t := range c.Turns {
			if n == maxSampleTurns {
				out = append(out, th.Dim.Render(fmt.Sprintf("… %d more turns", len(c.Turns)-n)))
				break
			}
			out = append(out, turnLines(th, t, w, folded)...)
		}
	}
	return out
}

// sampleTitle names one conversation: number, title or id, and its length.
func sampleTitle(i int, c models.Conversation) string {
	name := models.Clean(c.Title)
	if name == "" {
		name = models.Clean(c.ID)
	}
	if name == "" {
		name = "conversation"
	}
	return fmt.Sprintf("%d · %s · %s", i+1, name, plural(len(c.Turns), "turn"))
}

// turnLines draws one message: the role at the left, or above when narrow.
func turnLines(th theme.Theme, t models.Turn, w int, folded bool) []string {
	role := models.Clean(t.Role)
	if role == "" {
		role = "?"
	}
	style := roleStyle(th, role)
	narrow := w < narrowSample
	indent := roleWidth
	if narrow {
		indent = min(2, max(0, w-2)) // a wide rune needs two cells
	}
	body := foldLines(wrap(clipBytes(models.CleanLines(t.Content), maxTurnBytes), w-indent), folded)
	pad := kit.Spaces(indent)
	var out []string
	if narrow {
		out = append(out, style.Render(kit.Truncate(role, w)))
	}
	for i, line := range body.lines {
		if i == 0 && !narrow {
			head := kit.Truncate(role, roleWidth-1)
			out = append(out, style.Render(head)+kit.Spaces(roleWidth-kit.Width(head))+th.Text.Render(line))
			continue
		}
		out = append(out, pad+th.Text.Render(line))
	}
	if body.hidden > 0 {
		out = append(out, pad+th.Faint.Render(kit.Truncate(fmt.Sprintf("… %s more", plural(body.hidden, "line")), w-indent)))
	}
	return out
}

// roleStyle tells the roles apart; unknown roles stay neutral.
func roleStyle(th theme.Theme, role string) lipgloss.Style {
	switch strings.ToLower(role) {
	case "user", "human":
		return th.Info
	case "assistant", "gpt", "model":
		return th.Good
	case "system":
		return th.Warn
	default:
		return th.Dim
	}
}

// folding is the visible part of a wrapped text.
type folding struct {
	lines  []string
	hidden int
}

func foldLines(lines []string, folded bool) folding {
	if len(lines) == 0 {
		return folding{lines: []string{""}}
	}
	if !folded || len(lines) <= foldedLines+1 { // a note in place of one line saves nothing
		return folding{lines: lines}
	}
	return folding{lines: lines[:foldedLines], hidden: len(lines) - foldedLines}
}

// wrap is kit.Wrap for text that must not be lost at any width: what stays too
// wide there (a hyphen or blanks at the edge) is cut through.
func wrap(s string, w int) []string {
	var out []string
	for _, l := range kit.Wrap(s, w) {
		if kit.Width(l) <= w {
			out = append(out, l)
			continue
		}
		out = append(out, strings.Split(ansi.Hardwrap(l, w, true), "\n")...)
	}
	return out
}

// clipBytes cuts s to at most n bytes at a rune boundary and says so.
func clipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := n
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return fmt.Sprintf("%s … (%d more bytes)", s[:cut], len(s)-cut)
}

// plural is "1 turn", "3 turns".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
