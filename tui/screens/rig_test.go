package screens

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// clock is the time of all tests here.
func clock() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

// rig is a shell in small: it runs a screen's commands, hands results back to
// it, and keeps what the screen asked the shell for.
type rig struct {
	t     *testing.T
	s     screen.Screen
	in    chan tea.Msg
	stop  context.CancelFunc
	asked []tea.Msg
	w, h  int
}

func newRig(t *testing.T, build func(screen.Scope, screen.Args) screen.Screen, args ...string) *rig {
	t.Helper()
	sc, cancel := screen.NewScope(t.Context(), 1, clock)
	r := &rig{t: t, in: make(chan tea.Msg, 4096), stop: cancel, w: 80, h: 20}
	t.Cleanup(cancel)
	r.s = build(sc, args)
	r.run(r.s.Init())
	return r
}

// run starts a command; its message comes in through the channel.
func (r *rig) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		if m := cmd(); m != nil {
			r.in <- m
		}
	}()
}

func (r *rig) take(m tea.Msg) {
	switch v := m.(type) {
	case tea.BatchMsg:
		for _, c := range v {
			r.run(c)
		}
	case screen.Addressed:
		r.run(r.s.Update(v.Msg))
		r.run(v.Next)
	default:
		r.asked = append(r.asked, m)
	}
}

// until takes messages until ok; a condition that never comes fails the test.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(time.Minute)
	for !ok() {
		select {
		case m := <-r.in:
			r.take(m)
		case <-deadline:
			r.t.Fatalf("never: %s\n%s\nasked: %+v", what, r.text(), r.asked)
		}
	}
}

// see waits for a text on the screen.
func (r *rig) see(text string) {
	r.t.Helper()
	r.until("see "+text, func() bool { return strings.Contains(r.text(), text) })
}

func (r *rig) never(text string) {
	r.t.Helper()
	if got := r.text(); strings.Contains(got, text) {
		r.t.Fatalf("%q is on the screen:\n%s", text, got)
	}
}

// asks waits until the screen has asked the shell for m.
func (r *rig) asks(m tea.Msg) {
	r.t.Helper()
	r.until("ask", func() bool {
		for _, a := range r.asked {
			if reflect.DeepEqual(a, m) {
				return true
			}
		}
		return false
	})
}

// toast waits for a toast, or a notification, that contains text.
func (r *rig) toast(text string) {
	r.t.Helper()
	r.until("toast "+text, func() bool {
		for _, a := range r.asked {
			if m, ok := a.(screen.ToastMsg); ok && strings.Contains(m.Text, text) {
				return true
			}
			if m, ok := a.(screen.NotifyMsg); ok && strings.Contains(m.Text, text) {
				return true
			}
		}
		return false
	})
}

func (r *rig) frame() screen.Frame {
	return screen.Frame{W: r.w, H: r.h, Theme: theme.New("dark", true, false, false), Now: clock(), Focus: true}
}

func (r *rig) text() string { return ansi.Strip(r.s.View(r.frame())) }

// press routes keys as the shell does: to an action that claims them, else to
// Update; while text is typed, letters go to Update.
func (r *rig) press(keys ...string) {
	r.t.Helper()
	for _, k := range keys {
		r.route(keyPress(k))
	}
}

func (r *rig) route(k tea.KeyPressMsg) {
	c, ok := r.s.(screen.Capturer)
	capturing := ok && c.Capturing()
	for _, a := range r.s.Actions() {
		if a.Do == nil || capturing && k.Text != "" || !claims(a, k.String()) {
			continue
		}
		if a.Why() == "" {
			r.run(a.Do())
		} else {
			r.asked = append(r.asked, screen.ToastMsg{Text: a.Why()})
		}
		return
	}
	r.run(r.s.Update(k))
}

func claims(a screen.Action, k string) bool {
	for _, x := range a.Keys.Keys() {
		if x == k {
			return true
		}
	}
	return false
}

func (r *rig) typing(text string) {
	for _, c := range text {
		r.route(tea.KeyPressMsg{Code: c, Text: string(c)})
	}
}

func (r *rig) action(id string) screen.Action {
	r.t.Helper()
	for _, a := range r.s.Actions() {
		if a.ID == id {
			return a
		}
	}
	r.t.Fatalf("no action %q", id)
	return screen.Action{}
}

func keyPress(k string) tea.KeyPressMsg {
	named := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "pgdown": tea.KeyPgDown, "space": tea.KeySpace, "backspace": tea.KeyBackspace, "end": tea.KeyEnd}
	if c, ok := named[k]; ok {
		return tea.KeyPressMsg{Code: c}
	}
	if k == "ctrl+t" {
		return tea.KeyPressMsg{Code: 't', Mod: tea.ModCtrl}
	}
	c := []rune(k)[0]
	return tea.KeyPressMsg{Code: c, Text: k}
}

func TestRigKeysAreSpelledAsBound(t *testing.T) {
	for _, k := range []string{"enter", "esc", "tab", "up", "left", "pgdown", "ctrl+t", "L", "+"} {
		if got := keyPress(k).String(); got != k {
			t.Errorf("%q is spelled %q", k, got)
		}
	}
}

// fakeBackend answers from its fields; a nil function answers empty.
type fakeBackend struct {
	fakeFiles
	signIn    func(email, password string) (models.Session, error)
	signUp    func(email, password string) (models.SignUpResult, error)
	datasets  func(q models.ListQuery) (models.Page[models.Dataset], error)
	dataset   func(id string) (models.Dataset, error)
	jobs      func(q models.ListQuery) (models.Page[models.Job], error)
	launch    func(ctx context.Context, j models.NewJob) (models.Job, error)
	artifacts func(q models.ListQuery) (models.Page[models.Artifact], error)
	artifact  func(id string) (models.Artifact, error)
	download  func(ctx context.Context, d models.Download, p func(models.Progress)) (models.Downloaded, error)
	costs     func(from models.Time) (models.CostData, error)
	inbox     func(q models.ListQuery) (models.Page[models.Notification], error)
	mark      func(ids []string) error
	markAll   func() (int, error)
	overview  func() (models.Overview, error)
}

func answer[A, T any](f func(A) (T, error), a A) (v T, err error) {
	if f == nil {
		return v, nil
	}
	return f(a)
}

func (f *fakeBackend) Session(context.Context) (models.Session, error) {
	return models.Session{}, &models.Error{Code: models.CodeSignIn, Msg: "no session"}
}

func (f *fakeBackend) SignIn(_ context.Context, email, password string) (models.Session, error) {
	return f.signIn(email, password)
}

func (f *fakeBackend) SignUp(_ context.Context, email, password string) (models.SignUpResult, error) {
	return f.signUp(email, password)
}

func (f *fakeBackend) SignOut(context.Context) error { return nil }

func (f *fakeBackend) Datasets(_ context.Context, q models.ListQuery) (models.Page[models.Dataset], error) {
	return answer(f.datasets, q)
}

func (f *fakeBackend) Dataset(_ context.Context, id string) (models.Dataset, error) {
	return answer(f.dataset, id)
}

func (f *fakeBackend) Jobs(_ context.Context, q models.ListQuery) (models.Page[models.Job], error) {
	return answer(f.jobs, q)
}

func (f *fakeBackend) Job(_ context.Context, id string) (models.Job, error) {
	return models.Job{ID: id}, nil
}

func (f *fakeBackend) LaunchJob(ctx context.Context, j models.NewJob) (models.Job, error) {
	return f.launch(ctx, j)
}

func (f *fakeBackend) CancelJob(_ context.Context, id string) (models.Job, error) {
	return models.Job{ID: id}, nil
}

func (f *fakeBackend) Live(context.Context, []models.LiveRequest, int) ([]models.LiveJob, error) {
	return nil, nil
}

func (f *fakeBackend) Metrics(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (f *fakeBackend) Artifacts(_ context.Context, q models.ListQuery) (models.Page[models.Artifact], error) {
	return answer(f.artifacts, q)
}

func (f *fakeBackend) Artifact(_ context.Context, id string) (models.Artifact, error) {
	return answer(f.artifact, id)
}

func (f *fakeBackend) ArtifactByJob(context.Context, string) (models.Artifact, error) {
	return models.Artifact{}, &models.Error{Code: models.CodeNotFound, Msg: "no artifact"}
}

func (f *fakeBackend) Download(ctx context.Context, d models.Download, p func(models.Progress)) (models.Downloaded, error) {
	return f.download(ctx, d, p)
}

func (f *fakeBackend) Costs(_ context.Context, from models.Time) (models.CostData, error) {
	return answer(f.costs, from)
}

func (f *fakeBackend) Notifications(_ context.Context, q models.ListQuery) (models.Page[models.Notification], error) {
	return answer(f.inbox, q)
}

func (f *fakeBackend) MarkRead(_ context.Context, ids []string) error {
	if f.mark == nil {
		return nil
	}
	return f.mark(ids)
}

func (f *fakeBackend) MarkAllRead(context.Context) (int, error) { return f.markAll() }

func (f *fakeBackend) Overview(context.Context) (models.Overview, error) {
	if f.overview == nil {
		return models.Overview{}, nil
	}
	return f.overview()
}

func (f *fakeBackend) Connection() models.Connection {
	return models.Connection{Profile: "test", URL: "http://127.0.0.1:1"}
}

func (f *fakeBackend) News(context.Context, models.NewsQuery) (models.News, error) {
	return models.News{}, nil
}
