package screens

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// key takes the keys that no action claimed.
func (l *launch) key(k tea.KeyPressMsg) tea.Cmd {
	switch l.mode {
	case modeEdit:
		return l.editKey(k)
	case modePick:
		return l.pickKey(k)
	case modeReview:
		l.doc.Update(k)
	default:
		l.formKey(k)
	}
	return nil
}

func (l *launch) formKey(k tea.KeyPressMsg) {
	n, at := len(launchFields()), l.form.at()
	switch k.String() {
	case "down", "j", "tab":
		l.form.moveTo((at + 1) % n)
	case "up", "k", "shift+tab":
		l.form.moveTo((at + n - 1) % n)
	case "home", "g":
		l.form.moveTo(0)
	case "end", "G":
		l.form.moveTo(n - 1)
	case "right", "+", "=":
		l.step(+1)
	case "left", "-":
		l.step(-1)
	}
}

// editKey is a key while a value is typed. The draft follows every letter, so
// that the estimate does; escape goes back to what was there.
func (l *launch) editKey(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter", "tab", "shift+tab", "up", "down":
		l.form.focused().leave()
		l.d.spellModel()
		l.form.sync()
		l.mode = modeForm
		if k.String() != "enter" {
			l.formKey(k)
		}
	case "esc", "alt+esc":
		l.form.focused().leave()
		l.d.restore(l.before)
		l.form.sync()
		l.mode = modeForm
	default:
		l.form.update(k)
	}
	return nil
}

func (l *launch) pickKey(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "alt+esc":
		l.mode = modeForm
		return nil
	case "enter":
		return l.choose()
	}
	return l.pick.key(k)
}

func (l *launch) paste(m tea.PasteMsg) tea.Cmd {
	switch l.mode {
	case modeEdit:
		// A paste is one line of text: line breaks at its end are no "enter".
		l.form.update(tea.PasteMsg{Content: strings.TrimRight(m.Content, "\r\n")})
	case modePick:
		return l.pick.typed(m)
	}
	return nil
}

// choose takes the dataset under the cursor, if it can be trained with.
func (l *launch) choose() tea.Cmd {
	d, ok := l.pick.selected()
	if !ok {
		return nil
	}
	if fine, why := d.Trainable(); !fine {
		return screen.Toast(screen.LevelWarn, "%s: %s", d.Name, why)
	}
	l.d.take(d)
	l.note, l.loading = nil, ""
	l.mode = modeForm
	return l.readHead()
}

// mouse chooses a field or a row, or scrolls.
func (l *launch) mouse(m tea.Msg) tea.Cmd {
	switch l.mode {
	case modePick:
		return moveList(l.pick.list, l.pick.table, below(m, 2))
	case modeReview:
		l.doc.Update(m)
	case modeForm:
		if c, ok := m.(tea.MouseClickMsg); ok {
			if y := c.Y - l.rowsAt; y >= 0 && y < l.rows {
				l.form.moveTo(l.form.first(l.rows) + y)
			}
		}
	}
	return nil
}

// activate opens the field under the cursor: a list, a choice or a text.
func (l *launch) activate() tea.Cmd {
	l.touch()
	switch l.field() {
	case fieldDataset:
		l.mode = modePick
		return l.pick.open()
	case fieldPreset, fieldGPU:
		l.step(+1)
	default:
		l.mode, l.before = modeEdit, l.d.values()
		l.form.focused().edit()
	}
	return nil
}

func (l *launch) toReview() tea.Cmd {
	l.touch()
	l.mode = modeReview
	l.doc.Top()
	return nil
}

func (l *launch) backToForm() tea.Cmd {
	l.touch()
	l.mode = modeForm
	return nil
}

// stopped says why the form cannot be launched as it is.
func (l *launch) stopped() string {
	switch {
	case l.sending:
		return "the launch is on its way"
	case l.left:
		return "it is launched, and its page opens"
	}
	if hard := hardProblems(l.d.problems(l.review())); len(hard) > 0 {
		return hard[0].Text
	}
	return ""
}

func (l *launch) Actions() []screen.Action {
	switch l.mode {
	case modeEdit:
		out := []screen.Action{
			{ID: "launch.keep", Keys: screen.Bind("enter", "keep the value")},
			{ID: "launch.discard", Keys: screen.Bind("esc", "discard it")},
		}
		if l.field() == fieldModel {
			out = append(out, screen.Action{ID: "launch.complete", Keys: screen.Bind("ctrl+e", "complete")})
		}
		return out
	case modePick:
		return []screen.Action{
			{ID: "launch.choose", Keys: screen.Bind("enter", "choose")},
			{ID: "launch.close", Keys: screen.Bind("esc", "close the list")},
			{ID: "launch.type", Keys: screen.Bind("letters", "search")},
		}
	case modeReview:
		return l.reviewActions()
	}
	return []screen.Action{
		{ID: "launch.edit", Keys: screen.Bind("enter", "edit"), Do: l.activate},
		{ID: "launch.change", Keys: screen.Bind("←/→", "change", "left", "right", "+", "-")},
		{ID: "launch.review", Keys: screen.Bind("v", "review"), Off: l.stopped, Do: l.toReview},
		{ID: "launch.dataset", Keys: screen.Bind("d", "dataset"), Do: func() tea.Cmd { l.form.moveTo(0); return l.activate() }},
		{ID: "launch.refresh", Keys: screen.Bind("r", "read dataset and budget again"), Quiet: true, Do: func() tea.Cmd {
			l.touch()
			cmd := l.reload()
			if l.spent != nil {
				cmd = tea.Batch(cmd, l.spent.Poke())
			}
			return cmd
		}},
	}
}

func (l *launch) reviewActions() []screen.Action {
	send := screen.Action{ID: "launch.submit", Keys: screen.Bind("L", "launch now"), Off: l.stopped, Do: l.submit}
	if r := l.review(); r.Over != models.OverNone && r.Estimate != nil {
		typed, more := "", ""
		send.Risk = screen.RiskConfirm
		if r.Over == models.OverFar {
			send.Risk, typed, more = screen.RiskTypeName, "over budget", " That is more than a tenth above it."
		}
		send.Prompt = func() (string, string, string) {
			return "Above the month's budget", "The estimate is $" + r.Estimate.Total.String() + ", and $" + r.Left.Round().String() +
				" is left of this month's budget." + more + " Launch all the same?", typed
		}
	}
	return []screen.Action{
		send,
		{ID: "launch.form", Keys: screen.Bind("esc", "form", "esc", "e"), Do: l.backToForm},
	}
}
