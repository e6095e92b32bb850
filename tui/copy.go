package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// clipboardMax is the most that is sent to a terminal's clipboard: common
// terminals drop what is longer once encoded.
const clipboardMax = 74_994 / 4 * 3

// copyText puts text on the terminal's clipboard (OSC 52). Whether the
// terminal took it cannot be known, so a short text is shown as well.
func (s *shell) copyText(label, text string) tea.Cmd {
	if text == "" {
		return s.toast(screen.LevelWarn, "nothing to copy")
	}
	if len(text) > clipboardMax {
		return s.toast(screen.LevelBad, label+" is too long for a terminal's clipboard")
	}
	note := "Copied " + label
	if len(text) <= 60 && !strings.Contains(text, "\n") {
		note += ": " + models.Clean(text)
	}
	return tea.Batch(tea.SetClipboard(text), s.toast(screen.LevelGood, note))
}

func (s *shell) copyValue() string {
	if p := s.top(); p != nil && p.failed == nil {
		if c, ok := p.scr.(screen.Copier); ok {
			return c.Copy()
		}
	}
	return ""
}

func (s *shell) noCopy() string {
	if s.copyValue() == "" {
		return "there is no id here"
	}
	return ""
}

func (s *shell) copyID() tea.Cmd { return s.copyText("id", s.copyValue()) }

// link is the page's own link, or the one it gives.
func (s *shell) link() string {
	p := s.top()
	if p == nil || p == s.gate {
		return ""
	}
	if l, ok := p.scr.(screen.Linker); ok && p.failed == nil {
		if v := l.Link(); v != "" {
			return v
		}
	}
	return p.link()
}

func (s *shell) noLink() string {
	if s.link() == "" {
		return "this page has no link"
	}
	return ""
}

// copyLink copies a command that opens what is seen.
func (s *shell) copyLink() tea.Cmd {
	return s.copyText("command", linkCommand(s.conn, s.link()))
}

// linkCommand is the command that opens a link. A section's name alone would be
// taken for a plain command ("loratop jobs"); a slash before it tells them apart.
func linkCommand(c models.Connection, link string) string {
	cmd := "loratop "
	switch {
	case c.Demo:
		return cmd + "demo " + shellWord(link)
	case c.Profile != "" && c.Profile != "default":
		cmd += "--profile " + shellWord(c.Profile) + " "
	}
	if !strings.Contains(link, "/") {
		link = "/" + link
	}
	return cmd + shellWord(link)
}

// shellWord quotes a word for a POSIX shell where it needs to be.
func shellWord(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:@,+", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
