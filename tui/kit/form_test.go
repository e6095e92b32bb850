package kit

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

func testForm() *Form {
	need := func(v string) string {
		if v == "" {
			return "must not be empty"
		}
		return ""
	}
	return NewForm(
		Field{Name: "email", Label: "E-mail", Check: need},
		Field{Name: "password", Label: "Password", Kind: FieldSecret, Check: need},
		Field{Name: "gpu", Label: "GPU", Kind: FieldSelect, Options: []Option{{Value: "a100", Label: "A100"}, {Value: "h100", Label: "H100", Note: "fast"}, {Value: "b200"}}},
		Field{Name: "rank", Label: "Rank", Kind: FieldNumber, Value: "16", Hint: "8 to 64"},
	)
}

func typeText(f *Form, s string) {
	for _, r := range s {
		f.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func TestFormTypingAndMoving(t *testing.T) {
	f := testForm()
	typeText(f, "al?ce q")
	f.Update(press("tab"))
	f.Update(tea.PasteMsg{Content: "s3cret\n"})
	if f.Value("email") != "al?ce q" || f.Value("password") != "s3cret" {
		t.Errorf("%q %q", f.Value("email"), f.Value("password"))
	}
	v := ansi.Strip(f.View(themes()[0], 60, 12))
	if strings.Contains(v, "s3cret") || !strings.Contains(v, "******") {
		t.Errorf("the secret is shown:\n%s", v)
	}
	f.Update(press("down"))
	f.Update(press("right"))
	if f.Value("gpu") != "h100" {
		t.Errorf("select: %q", f.Value("gpu"))
	}
	typeText(f, "b")
	if f.Value("gpu") != "b200" {
		t.Errorf("select by letter: %q", f.Value("gpu"))
	}
	f.Update(press("left"))
	if !strings.Contains(ansi.Strip(f.View(themes()[0], 60, 12)), "fast") {
		t.Error("the note of the choice is not shown")
	}
	if f.Focused() != "gpu" || f.AtLast() {
		t.Errorf("focus on %q", f.Focused())
	}
}

func TestFormErrorsKeepWhatWasTyped(t *testing.T) {
	submitted := 0
	f := testForm()
	f.OnSubmit = func() tea.Cmd { submitted++; return nil }
	f.Submit()
	if submitted != 0 || f.Errors()["email"] == "" || f.Focused() != "email" {
		t.Fatalf("submitted with errors: %v, focus %q", f.Errors(), f.Focused())
	}
	typeText(f, "a")
	if f.Errors()["email"] != "" {
		t.Error("the error stays after it was mended")
	}
	f.FocusField("password")
	typeText(f, "x")
	f.Submit()
	if submitted != 1 {
		t.Fatalf("not submitted: %v", f.Errors())
	}
	f.SetError("password", "wrong password")
	if f.Value("email") != "a" || f.Value("password") != "x" {
		t.Error("typed text is lost at an error")
	}
	if !strings.Contains(ansi.Strip(f.View(themes()[0], 60, 12)), "wrong password") {
		t.Error("the server's error is not shown")
	}
	f.FocusNext()
	if f.Errors()["password"] != "wrong password" {
		t.Error("the server's error went away by leaving the field")
	}
	f.Submit()
	if submitted != 2 {
		t.Error("trying again is not allowed")
	}
}

func TestFormEnterGoesOnAndSubmits(t *testing.T) {
	done := false
	f := testForm()
	f.OnSubmit = func() tea.Cmd { done = true; return nil }
	var changed []string
	f.OnChange = func(n string) { changed = append(changed, n) }
	typeText(f, "a")
	f.Update(press("enter"))
	typeText(f, "b")
	f.Update(press("enter"))
	f.Update(press("enter"))
	typeText(f, "0")
	f.Update(press("enter"))
	if !done || f.Value("rank") != "160" || strings.Join(changed, ",") != "email,password,rank" {
		t.Errorf("done %v, rank %q, changed %v", done, f.Value("rank"), changed)
	}
}

func TestFormBlurredTakesNothing(t *testing.T) {
	f := testForm()
	f.Blur()
	typeText(f, "abc")
	if f.Value("email") != "" || f.Capturing() {
		t.Error("a blurred form takes keys")
	}
	f.Focus()
	typeText(f, "abc")
	if f.Value("email") != "abc" {
		t.Error("a focused form takes none")
	}
}

func TestFormAtEverySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := testForm()
		keys := []string{"tab", "up", "down", "enter", "a", "left", "right", "backspace"}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			f.Update(press(rapid.SampledFrom(keys).Draw(t, "key")))
			if rapid.Bool().Draw(t, "click") {
				f.Update(tea.MouseClickMsg{Y: rapid.IntRange(-2, 30).Draw(t, "y")})
			}
			f.SetError("gpu", line().Draw(t, "error"))
			w, h := size(t)
			v := f.View(anyTheme(t), w, h)
			exact(t, "Form", v, w, h)
			if w > 30 && h > 0 && !strings.Contains(ansi.Strip(v), map[string]string{"email": "E-mail", "password": "Password", "gpu": "GPU", "rank": "Rank"}[f.Focused()]) {
				t.Fatalf("the focused field %q is out of view at %d×%d:\n%s", f.Focused(), w, h, ansi.Strip(v))
			}
		}
	})
}

func TestEmptyForm(t *testing.T) {
	f := NewForm()
	f.Update(press("tab"))
	f.FocusNext()
	f.FocusField("x")
	exact(t, "Form", f.View(themes()[0], 10, 3), 10, 3)
	if f.Capturing() || f.Focused() != "" || f.Value("x") != "" {
		t.Error("an empty form captures")
	}
}
