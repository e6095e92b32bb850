package cmd

import (
	"fmt"
	"slices"

	"github.com/loratop/loratop/models"
)

// notify tells a person who has looked away that a watch has ended: by a bell,
// or by the terminal's own notification (OSC 9). It does nothing where nobody
// looks, and nothing that a terminal could print as text.
func (a *app) notify(text string) {
	cfg, err := a.config()
	if err != nil || !a.sys.ErrTTY || a.flags.json.on || a.flags.quiet || a.sys.Getenv("TERM") == "dumb" {
		return
	}
	how := cfg.Notify
	if how == "auto" {
		how = "bell"
		knows := slices.Contains([]string{"iTerm.app", "WezTerm", "ghostty"}, a.sys.Getenv("TERM_PROGRAM"))
		if knows && a.sys.Getenv("TMUX") == "" { // tmux takes a bell, and would swallow the rest
			how = "osc"
		}
	}
	switch how {
	case "osc":
		_, _ = fmt.Fprintf(a.sys.Err, "\x1b]9;%s\x07", models.Clean(text))
	case "bell":
		_, _ = fmt.Fprint(a.sys.Err, "\a")
	}
}
