package screens

import (
	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/tui/kit"
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
	n := len(launchFields())
	switch k.String() {
	case "down", "j", "tab":
		l.cursor = (l.cursor + 1) % n
	case "up", "k", "shift+tab":
		l.cursor = (l.cursor + n - 1) % n
	case "home", "g":
		l.cursor = 0
	case "end", "G":
		l.cursor = n - 1
	case "right", "+", "=":
		l.cycleSelect(+1)
	case "left", "-":
		l.cycleSelect(-1)
	}
}

func (l *launch) editKey(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter", "tab", "shift+tab", "up", "down":
		l.d.set(l.field(), l.edit.Value())
		l.mode = modeForm
		if k.String() != "enter" {
			l.formKey(k)
		}
	case "esc", "alt+esc":
		l.mode = modeForm
	default:
		l.edit.Update(k)
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
		l.edit.Update(m)
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
	return nil
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
			if i := c.Y - l.rowsAt + l.first; c.Y >= l.rowsAt && i < len(launchFields()) {
				l.cursor = i
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
		l.cycleSelect(+1)
	default:
		l.mode, l.edit = modeEdit, kit.NewInput(l.d.value(l.field()), "", false, 200)
		l.edit.Focus()
	}
	return nil
}

func (l *launch) review() tea.Cmd {
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
	if hard := hardProblems(l.d.problems(l.o.GPUs, l.allowance())); len(hard) > 0 {
		return hard[0].Text
	}
	return ""
}

func (l *launch) Actions() []screen.Action {
	switch l.mode {
	case modeEdit:
		return []screen.Action{
			{ID: "launch.keep", Keys: screen.Bind("enter", "keep the value")},
			{ID: "launch.discard", Keys: screen.Bind("esc", "discard it")},
		}
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
		{ID: "launch.review", Keys: screen.Bind("v", "review"), Off: l.stopped, Do: l.review},
		{ID: "launch.dataset", Keys: screen.Bind("d", "dataset"), Do: func() tea.Cmd { l.cursor = 0; return l.activate() }},
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
	if e, ok := l.d.estimate(l.o.GPUs); ok && l.allowance().exceeded(e.Total) {
		send.Risk = screen.RiskConfirm
		send.Prompt = func() (title, body, typed string) {
			left, _ := l.allowance().left()
			return "Above the month's budget", "The estimate is $" + e.Total.String() + ", and $" + left.Round().String() +
				" is left of this month's budget. Launch all the same?", ""
		}
	}
	return []screen.Action{
		send,
		{ID: "launch.form", Keys: screen.Bind("esc", "form", "esc", "e"), Do: l.backToForm},
	}
}
