package tui

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
	"github.com/loratop/loratop/tui/tuitest"
)

// storm drives the real screens with anything at all.
type storm struct {
	s    *shell
	msgs chan tea.Msg
}

func (st *storm) start(c tea.Cmd) {
	if c == nil {
		return
	}
	go func() {
		m := c()
		if v := reflect.ValueOf(m); v.IsValid() && v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
			for i := range v.Len() {
				st.start(v.Index(i).Interface().(tea.Cmd))
			}
			return
		}
		if m != nil {
			st.msgs <- m
		}
	}()
}

func (st *storm) send(m tea.Msg) {
	_, c := st.s.Update(m)
	st.start(c)
}

// drain takes what has come back; with wait it waits for something first.
func (st *storm) drain(wait time.Duration) {
	t := time.NewTimer(wait)
	defer t.Stop()
	for {
		select {
		case m := <-st.msgs:
			st.send(m)
			continue
		default:
		}
		select {
		case m := <-st.msgs:
			st.send(m)
		case <-t.C:
			return
		}
	}
}

func (st *storm) check(t *rapid.T) {
	t.Helper()
	v := st.s.View()
	for _, p := range st.s.living() {
		if p.failed != nil {
			t.Fatalf("%s broke: %v", p.link(), p.failed)
		}
	}
	if st.s.w <= 0 || st.s.h <= 0 {
		if v.Content != "" {
			t.Fatalf("content at %d×%d", st.s.w, st.s.h)
		}
		return
	}
	lines := strings.Split(v.Content, "\n")
	if len(lines) != st.s.h {
		t.Fatalf("%d lines at %d×%d", len(lines), st.s.w, st.s.h)
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n != st.s.w {
			t.Fatalf("line %d has %d cells at %d×%d: %q", i, n, st.s.w, st.s.h, l)
		}
	}
}

// anyEvent is one thing that a terminal can send.
func anyEvent(t *rapid.T) tea.Msg {
	key := func(c rune, text string) tea.Msg { return tea.KeyPressMsg{Code: c, Text: text} }
	switch rapid.IntRange(0, 11).Draw(t, "event") {
	case 0, 1, 2, 3:
		c := rune(rapid.IntRange(0x20, 0x7e).Draw(t, "char"))
		return key(c, string(c))
	case 4, 5, 6:
		codes := []rune{tea.KeyEnter, tea.KeyEnter, tea.KeyEscape, tea.KeyTab, tea.KeyUp, tea.KeyDown, tea.KeyLeft, tea.KeyRight, tea.KeyHome, tea.KeyEnd, tea.KeyPgUp, tea.KeyPgDown, tea.KeyBackspace}
		return key(codes[rapid.IntRange(0, len(codes)-1).Draw(t, "key")], "")
	case 7:
		return tea.KeyPressMsg{Code: rune('a' + rapid.IntRange(0, 25).Draw(t, "ctrl")), Mod: tea.ModCtrl}
	case 8:
		return tea.WindowSizeMsg{Width: rapid.IntRange(0, 140).Draw(t, "w"), Height: rapid.IntRange(0, 50).Draw(t, "h")}
	case 9:
		x, y := rapid.IntRange(0, 120).Draw(t, "x"), rapid.IntRange(0, 45).Draw(t, "y")
		if rapid.Bool().Draw(t, "wheel") {
			return tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown}
		}
		return tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}
	case 10:
		return tea.PasteMsg{Content: rapid.SampledFrom([]string{"12\n", "日本\x1b[2J", "", "x"}).Draw(t, "paste")}
	default:
		return []tea.Msg{tea.FocusMsg{}, tea.BlurMsg{}, clockMsg{}, dialogReady{}}[rapid.IntRange(0, 3).Draw(t, "other")]
	}
}

// TestStorm sends anything to every page in any order: nothing breaks, and the
// frame always has the size of the terminal.
func TestStorm(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		f := tuitest.NewFake(now)
		links := []string{"home", "jobs", "job/" + f.JobRows[0].ID, "job/" + f.JobRows[4].ID, "dataset/" + f.DatasetRows[0].ID, "launch/" + f.DatasetRows[0].ID, "artifact/" + f.ArtifactRows[0].ID, "costs", "inbox", "job/none", "signin"}
		link := links[rapid.IntRange(0, len(links)-1).Draw(t, "link")]
		if link == "signin" {
			f.User = nil
		}
		ascii := rapid.Bool().Draw(t, "ascii")
		o := Options{Link: link, Now: func() time.Time { return now }, ASCII: ascii, Env: []string{}}.withDefaults()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		so := screens.Options{GPUs: models.GPUs(), Presets: models.Presets()}
		st := &storm{s: newShell(ctx, o, f, screens.All(f, so)), msgs: make(chan tea.Msg, 4096)}
		st.send(tea.WindowSizeMsg{Width: 80, Height: 24})
		st.start(st.s.Init())
		st.drain(3 * time.Millisecond)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m := anyEvent(t)
			st.send(m)
			st.drain(0)
			if _, ok := m.(tea.WindowSizeMsg); ok || rapid.Bool().Draw(t, "let it settle") {
				for _, d := range st.s.dialogs {
					d.ready = true // the grace has passed
				}
				st.drain(time.Millisecond)
			}
			st.check(t)
		}
	})
}
