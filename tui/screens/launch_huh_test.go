package screens

import (
	"context"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

func launchRig(t *testing.T) (*rig, *launch) {
	t.Helper()
	r := newRig(t, newLaunch(launchBackend(&launches{rows: map[string]models.NewJob{}}), testOptions()), "ds1")
	r.see("support chats")
	return r, r.s.(*launch)
}

// to moves to a field by keys.
func (r *rig) to(l *launch, field string) {
	r.t.Helper()
	for range launchFields() {
		if l.field() == field {
			return
		}
		r.press("tab")
	}
	r.t.Fatalf("no way to %s", field)
}

// What is typed right behind a key that moves lands in the field it moved to:
// huh alone would move by a message that comes later.
func TestLaunchTypingAheadOfHuh(t *testing.T) {
	r, l := launchRig(t)
	r.to(l, fieldBatch)
	for _, k := range []string{"enter", "backspace", "8", "tab", "enter", "backspace", "7", "down", "enter", "backspace", "backspace", "6", "4", "enter"} {
		r.route(keyPress(k)) // no message is taken in between
	}
	if l.d.text[fieldBatch] != "8" || l.d.text[fieldEpochs] != "7" || l.d.text[fieldRank] != "64" || l.mode != modeForm {
		t.Errorf("batch %s epochs %s rank %s", l.d.text[fieldBatch], l.d.text[fieldEpochs], l.d.text[fieldRank])
	}
}

func TestLaunchEstimateFollowsEveryLetter(t *testing.T) {
	r, l := launchRig(t)
	r.to(l, fieldEpochs)
	r.press("enter", "backspace")
	r.see("a value is needed")
	r.see("Choose a dataset, and give")
	r.typing("9")
	r.see("3,528") // ceil(1567/4) × 9
	r.see("Custom")
	r.typing("9")
	r.see("must be 1 to 20")
	if !l.Capturing() {
		t.Error("letters would go to the shell while they are typed")
	}
	r.press("esc")
	r.see("1,176")
	r.see("Balanced (web)")
	r.never("Custom")
	if l.Capturing() {
		t.Error("escape did not end typing")
	}
	r.press("enter")
	r.run(r.s.Update(tea.PasteMsg{Content: "\n"}))
	r.press("backspace")
	r.run(r.s.Update(tea.PasteMsg{Content: "12\r\n"}))
	r.press("enter")
	if l.d.text[fieldEpochs] != "12" {
		t.Errorf("pasted %q", l.d.text[fieldEpochs])
	}
}

func TestLaunchChoices(t *testing.T) {
	r, l := launchRig(t)
	r.to(l, fieldPreset)
	seen := map[string]bool{}
	for range l.o.Presets {
		r.press("right")
		seen[l.d.preset] = true
	}
	if len(seen) != len(l.o.Presets) || l.d.preset != "web/balanced" {
		t.Errorf("went through %v, ended at %s", seen, l.d.preset)
	}
	r.press("right", "right", "right") // quality, conservative, the other balanced
	r.see("Balanced (types)")
	if l.d.text[fieldRate] != "2e-4" || l.d.text[fieldBatch] != "8" {
		t.Errorf("values %v", l.d.text)
	}
	if j, ok := l.d.job(l.o.GPUs); !ok || j.PresetID != "balanced" {
		t.Errorf("stored as %q", j.PresetID)
	}
	r.to(l, fieldBatch)
	r.press("+")
	r.see("Custom")
	r.press("-")
	r.see("Balanced (types)")
	r.to(l, fieldGPU)
	r.press("left")
	r.see("V100")
	r.press("right", "right")
	r.see("A100 40GB")
	r.to(l, fieldModel)
	r.press("right")
	if l.d.model == models.DefaultBaseModel {
		t.Error("the model did not move")
	}
	r.press("left", "enter")
	r.press("end")
	for range l.d.model {
		r.press("backspace")
	}
	r.typing("qwen/qwen3")
	r.run(r.s.Update(tea.KeyPressMsg{Code: 'e', Mod: tea.ModCtrl}))
	r.press("enter")
	if l.d.model != "Qwen/Qwen3-8B" {
		t.Errorf("completed to %q", l.d.model)
	}
}

// The form is exactly as large as its frame at every size and in every mode,
// and says nothing in colours without colour, nor glyphs of its own in ASCII.
func TestLaunchFrames(t *testing.T) {
	_, l := launchRig(t)
	sizes := [][2]int{{80, 19}, {20, 2}, {20, 5}, {40, 10}, {76, 8}, {120, 30}, {300, 96}, {1, 1}, {9, 3}}
	for _, typing := range []bool{false, true} {
		for at := range launchFields() {
			l.form.moveTo(at)
			if typing && l.form.focused().input == nil || typing && l.field() == fieldDataset {
				continue
			}
			if typing {
				l.activate()
			}
			for i, size := range sizes {
				th := theme.New("dark", true, i%2 == 0, i%3 == 0)
				l.touch()
				text := l.View(screen.Frame{W: size[0], H: size[1], Theme: th, Now: clock(), Focus: true})
				lines := strings.Split(text, "\n")
				if len(lines) != size[1] {
					t.Fatalf("%v: %d lines", size, len(lines))
				}
				for _, line := range lines {
					if kit.Width(line) != size[0] {
						t.Fatalf("%v, field %s: %d cells: %q", size, l.field(), kit.Width(line), line)
					}
				}
				plain := ansi.Strip(text)
				if !typing && size[0] >= 20 && size[1] >= 5 && !strings.Contains(plain, launchLabelOf(l.field())[:4]) {
					t.Fatalf("%v: the field %s is out of sight:\n%s", size, l.field(), plain)
				}
				if i%3 == 0 && strings.ContainsAny(plain, "▌◀▶✗╭│") {
					t.Fatalf("%v: a glyph in ASCII:\n%s", size, plain)
				}
				if i%2 == 0 && strings.Contains(text, "[38;") {
					t.Fatalf("%v: a colour without colour: %q", size, text)
				}
			}
			if typing {
				l.editKey(keyPress("esc"))
			}
		}
	}
}

func TestLaunchMouseFindsTheField(t *testing.T) {
	r, l := launchRig(t)
	for _, h := range []int{20, 12, 9} {
		r.h = h
		for y := range h {
			l.touch()
			lines := strings.Split(r.text(), "\n")
			r.run(r.s.Update(tea.MouseClickMsg{X: 5, Y: y}))
			if y < 1 || y > l.rows {
				continue
			}
			if want := launchLabelOf(l.field()); !strings.Contains(lines[y], want) {
				t.Fatalf("height %d, line %d went to %s: %q", h, y, want, lines[y])
			}
		}
	}
}

func TestLaunchMeasuresTheFirstExamples(t *testing.T) {
	b := launchBackend(&launches{rows: map[string]models.NewJob{}})
	line := func(words int) string {
		return `{"current_user_input":"a","target_response":"` + strings.TrimSpace(strings.Repeat("b ", words)) + `"}` + "\n"
	}
	text := line(10) + line(4000) + line(20) + line(30)
	b.part = func(_ context.Context, d models.Dataset, from, n int64) (models.FilePart, error) {
		if d.ID != "ds1" || from != 0 || n != headBytes {
			t.Errorf("reads %d bytes of %s from %d", n, d.ID, from)
		}
		return models.FilePart{Size: int64(10 * len(text)), Data: []byte(text)}, nil
	}
	r := newRig(t, newLaunch(b, testOptions()), "ds1")
	r.w, r.h = 120, 40
	r.see("25% of examples")
	r.see("estimated from 4")
	r.see("By worker  30") // 4 lines in a tenth: 10 batches of 4, 3 epochs
	r.to(r.s.(*launch), fieldSequence)
	r.press("enter")
	r.typing("8192")
	r.see("none")
	r.never("25%")
}

func TestLaunchShowsTheDifferenceToAJob(t *testing.T) {
	b := oneJob{launchBackend(&launches{rows: map[string]models.NewJob{}}), failedJob("CUDA out of memory")}
	r := newRig(t, newLaunch(b, testOptions()), "ds1?from="+jobID(1)+"&change=1")
	r.w, r.h = 120, 40
	r.see("Not as in job " + shortID(jobID(1)))
	r.see("Batch size: 12 → 6")
	r.never("Epochs: ")
	r.press("v")
	r.see("Batch size: 12 → 6")
	r.press("esc")
	same := newRig(t, newLaunch(b, testOptions()), "ds1?from="+jobID(1))
	same.w, same.h = 120, 40
	same.see("As in job " + shortID(jobID(1)))
}

func TestLaunchWarnsOfMemory(t *testing.T) {
	r, l := launchRig(t)
	r.w, r.h = 120, 40
	r.see("12 GB of 80")
	r.to(l, fieldModel)
	l.d.set(fieldModel, "meta-llama/Meta-Llama-3-70B")
	l.d.set(fieldBatch, "32")
	l.form.sync()
	l.touch()
	r.see("needs about")
	r.see("a smaller batch")
	r.w, r.h = 60, 12
	r.see("over memory")
	r.w, r.h = 120, 40
	r.press("v")
	r.see("needs about") // a warning: the launch stays possible
	r.see("L launches the job")
}
