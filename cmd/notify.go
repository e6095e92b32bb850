package cmd

import (
	"fmt"

	"github.com/loratop/loratop/tui"
)

// notify tells a person who has looked away that a watch has ended, as the
// terminal interface does. It does nothing where nobody looks.
func (a *app) notify(text string) {
	cfg, err := a.config()
	if err != nil || !a.sys.ErrTTY || a.flags.json.on || a.flags.quiet || a.sys.Getenv("TERM") == "dumb" {
		return
	}
	_, _ = fmt.Fprint(a.sys.Err, tui.Notice(cfg.Notify, a.sys.Env, text))
}
