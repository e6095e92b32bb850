package screens

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/screen"
)

// mouseAction documents what the mouse does: keys do all of it as well.
func mouseAction(page, what string) screen.Action {
	return screen.Action{ID: page + ".mouse", Keys: key.NewBinding(key.WithHelp("mouse", what)), Quiet: true}
}

// viewActions are the keys of a plotView; do makes an action of a change.
func viewActions(page string, v *plotView, p *paint, do func(func()) func() tea.Cmd) []screen.Action {
	unzoomed := func() string {
		if !v.zoomed() {
			return "all is in view"
		}
		return ""
	}
	ascii := func() string {
		if p.last.Theme.ASCII {
			return "all is drawn in ASCII"
		}
		return ""
	}
	return []screen.Action{
		{ID: page + ".zoomIn", Keys: screen.Bind("+", "zoom in", "+", "="), Do: do(func() { v.zoomKey(zoomStep) })},
		{ID: page + ".zoomOut", Keys: screen.Bind("-", "zoom out"), Quiet: true, Off: unzoomed, Do: do(func() { v.zoomKey(1 / zoomStep) })},
		{ID: page + ".all", Keys: screen.Bind("0", "all in view"), Quiet: true, Off: unzoomed, Do: do(v.reset)},
		{ID: page + ".panLeft", Keys: screen.Bind("<", "move the view left", "<", "shift+left"), Quiet: true, Off: unzoomed, Do: do(func() { v.pan(-0.25) })},
		{ID: page + ".panRight", Keys: screen.Bind(">", "move the view right", ">", "shift+right"), Quiet: true, Off: unzoomed, Do: do(func() { v.pan(0.25) })},
		{ID: page + ".tail", Keys: screen.Bind("F", "follow the newest", "F", "end"), Quiet: true, Do: do(v.tail)},
		{ID: page + ".logX", Keys: screen.Bind("K", "log x"), Quiet: true, Do: do(func() { v.logX = !v.logX; v.reset() })},
		{ID: page + ".blocks", Keys: screen.Bind("b", "braille, blocks or ASCII"), Quiet: true, Off: ascii, Do: do(func() { v.ink = (v.ink + 1) % chart.InkCount })},
	}
}
