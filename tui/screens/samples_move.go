package screens

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// Places of browser.hit that are found out when the sample is drawn.
const (
	firstHit = -1
	lastHit  = -2
)

// search looks for a text from the current sample on, in the window only: it is
// called at every key.
func (w *browser) search(text string) {
	w.needle, w.note, w.hit = text, "", firstHit
	w.shown.valid = false
	if text == "" {
		if w.reading == readFind {
			w.halt()
		}
		return
	}
	lower := strings.ToLower(text)
	for k := range w.flat {
		if i := (w.cursor + k) % len(w.flat); w.flat[i].matches(lower, w.raw) {
			if i != w.cursor {
				w.goTo(i)
			}
			return
		}
	}
	if w.note = "no hit in what is shown"; w.fromFile() {
		w.note = "no hit in the window; n searches on in the file"
	}
}

// nextHit goes to the next hit, or for dir below 0 to the one before: in this
// sample, in the window, and then in the file.
func (w *browser) nextHit(dir int) tea.Cmd {
	lower := strings.ToLower(w.needle)
	w.note = ""
	if i := w.hit + dir; w.hit >= 0 && i >= 0 && i < len(w.shown.hits) {
		w.hit = i
		w.shown.valid = false
		return nil
	}
	for i := w.cursor + dir; i >= 0 && i < len(w.flat); i += dir {
		if w.flat[i].matches(lower, w.raw) {
			w.goTo(i)
			if dir < 0 {
				w.hit = lastHit
			}
			return nil
		}
	}
	if !w.fromFile() {
		w.note = "no further hit"
		return nil
	}
	return w.find(dir)
}

func (w *browser) hitOff() string {
	switch {
	case w.needle == "":
		return "nothing is searched for: / searches"
	case len(w.flat) == 0:
		return "there are no samples"
	}
	return ""
}

// stepTurn chooses another turn of the sample.
func (w *browser) stepTurn(n int) {
	c := w.current()
	if c == nil {
		return
	}
	w.turn = max(0, min(w.turn+n, len(c.turns(w.raw))-1))
	w.shown.valid, w.shown.follow = false, true
}

// copyTurn puts the chosen turn on the clipboard.
func (w *browser) copyTurn() tea.Cmd {
	c := w.current()
	turns := c.turns(w.raw)
	t := turns[max(0, min(w.turn, len(turns)-1))]
	return screen.Copy("turn of "+orElse(models.Clean(t.Role), "nobody"), models.CleanLines(t.Content))
}

// copySample puts the whole sample on the clipboard: the line of the file, or
// its turns when there is no file.
func (w *browser) copySample() tea.Cmd {
	c := w.current()
	if len(c.text) > 0 {
		label := "line"
		if c.no > 0 {
			label += " " + strconv.FormatInt(c.no, 10)
		}
		return screen.Copy(label, models.CleanLines(string(c.text)))
	}
	var b strings.Builder
	for _, t := range c.conv.Turns {
		b.WriteString(models.Clean(t.Role) + ": " + models.CleanLines(t.Content) + "\n\n")
	}
	return screen.Copy("sample", strings.TrimRight(b.String(), "\n"))
}

func (w *browser) noneOff() string {
	if w.current() == nil {
		return "there is no sample"
	}
	return ""
}

func (w *browser) fileOff() string {
	if !w.fromFile() {
		return "the stored file is not read"
	}
	return ""
}

// ask opens the line in which a place of the file is typed.
func (w *browser) ask() tea.Cmd {
	in := kit.NewInput("", "50%, a line such as 1200, a byte such as @65536, end", false, 40)
	in.Focus()
	w.prompt = &in
	return nil
}

// answer takes a key of that line.
func (w *browser) answer(msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok || k.String() != "enter" && k.String() != "esc" && k.String() != "alt+esc" {
		w.prompt.Update(msg)
		return nil
	}
	text := strings.ToLower(strings.TrimSpace(w.prompt.Value()))
	w.prompt = nil
	if k.String() != "enter" || text == "" {
		return nil
	}
	return w.place(text)
}

// place goes where a text says.
func (w *browser) place(text string) tea.Cmd {
	number := func(s string) (float64, bool) {
		v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s), ",", ""), 64)
		return v, err == nil && v >= 0 && v < 1e15
	}
	switch {
	case text == "end" || text == "start":
		if text == "end" {
			return w.jump(w.size, 0)
		}
		return w.jump(0, 1)
	case strings.HasSuffix(text, "%"):
		if v, ok := number(strings.TrimSuffix(text, "%")); ok && v <= 100 {
			return w.jump(int64(float64(w.size)*v/100), 0)
		}
	case strings.HasPrefix(text, "@"):
		if v, ok := number(text[1:]); ok {
			return w.jump(min(int64(v), w.size), 0)
		}
	default:
		if v, ok := number(text); ok && v >= 1 {
			return w.jumpLine(int64(v))
		}
	}
	w.note = "“" + models.Clean(text) + "” is no place: 50%, 1200, @65536, start or end"
	return nil
}

// toEnd shows the beginning of the file, or its end.
func (w *browser) toEnd(end bool) tea.Cmd {
	switch {
	case w.fromFile() && end && w.more():
		return w.jump(w.size, 0)
	case w.fromFile() && !end && w.pages[0].from > 0:
		return w.jump(0, 1)
	case end:
		return w.step(len(w.flat))
	}
	return w.step(-len(w.flat))
}

// key takes what no action claimed: arrows choose samples, pages scroll.
func (w *browser) key(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "j", "down":
		return w.step(1)
	case "k", "up":
		return w.step(-1)
	case "g", "home":
		return w.toEnd(false)
	case "G", "end":
		return w.toEnd(true)
	}
	w.doc.Update(k)
	return nil
}

// mouse takes an event in the coordinates of the view.
func (w *browser) mouse(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.MouseWheelMsg:
		if w.room.overList(m.X, m.Y) {
			n := 3
			if m.Button == tea.MouseWheelUp {
				n = -3
			}
			return w.step(n)
		}
		w.doc.Update(m)
	case tea.MouseClickMsg:
		if w.room.overList(m.X, m.Y) {
			if w.list.Click(m.Y - w.room.listY) {
				w.goTo(w.list.Cursor())
				return w.ahead()
			}
			return nil
		}
		w.clickTurn(m.Y - w.room.docY + w.doc.Offset())
	}
	return nil
}

// clickTurn chooses the turn that is drawn at a line of the text.
func (w *browser) clickTurn(line int) {
	for i := len(w.shown.turns) - 1; i >= 0; i-- {
		if line >= w.shown.turns[i] {
			w.turn, w.shown.valid = i, false
			return
		}
	}
}
