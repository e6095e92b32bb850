package tui_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/tuitest"
)

func TestOpensAndQuits(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 100, 24)
	term.See("loratop", "home [] feed=7", "alice@example.com", "2 unread", "live", "1 Home", "2 Jobs", "? help")
	term.See("size=100x21")
	if !term.AltScreen() {
		t.Error("not on the alternate screen")
	}
	term.Press("q")
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
	if !term.Restored() {
		t.Error("the terminal is not restored")
	}
}

func TestNavigation(t *testing.T) {
	t.Parallel()
	w := &world{closed: make(chan string, 10)}
	term := start(t, w, fake(), tui.Options{}, 100, 24)
	term.See("home []").Press("enter").See("job [42]", "job 42")
	term.Press("esc").See("home []", "log=init hide show")
	term.Press("enter").See("job [42]").Press("q").See("home []")
	if got := <-w.closed; got != "job" {
		t.Errorf("closed %q", got)
	}
	term.Press("2").See("jobs []").Press("j").See("key:j")
	term.Press("1").See("home []", "show")
	term.Press("2").See("jobs []", "key:j hide show") // kept as it was
	term.Press("esc").Press("]").See("home []")
	term.Press("[").See("jobs []")
	term.Press("q")
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
}

// A root that turns into a page of another section leaves that section under
// it: going back does not end the program.
func TestReplacedRootStandsOnItsSection(t *testing.T) {
	t.Parallel()
	w := &world{closed: make(chan string, 10)}
	term := start(t, w, fake(), tui.Options{}, 100, 24)
	term.See("home []").Press("b").See("job [43]", "job 43")
	if got := <-w.closed; got != "home" {
		t.Errorf("closed %q", got)
	}
	term.Press("q").See("jobs []")
	term.Press("1").See("home []", "log=init")
}

func TestDeepLink(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{Link: "job/9/logs"}, 100, 24)
	term.See("job [9,logs]").Press("esc").See("jobs []")
	term.Press(":").See("Commands").Type("job 77").See("open job/77").Press("enter").See("job [77]")
	term.Press("ctrl+p").Type("nothing of that kind").See("Nothing is called that").Press("esc").Gone("Commands")
	term.Press("ctrl+p").See("Commands").Type("tost").Press("enter").See("hello toast")
}

func TestUnknownLink(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{Link: "moon/1"}, 100, 24)
	term.See("there is no page moon/1", "home []")
}

func TestDialogs(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 24)
	// Typed ahead: the y arrives before anyone can have read the question.
	term.See("home []").Press("x", "y").See("Kill it?", "It costs $3.", "No (n)")
	term.Press("enter").Gone("Kill it?").Never("killed", "home []") // the default is no
	term.Press("x").See("Kill it?").Press("esc").Gone("Kill it?")
	term.Press("x").See("Yes (y)").Press("tab", "enter").See("killed")
	term.Press("x").See("Yes (y)").ClickOn("No (n)").Gone("Kill it?")
	term.Press("W").See("Type alpha", "enter: yes").Type("alp").Press("enter").See("not the same text")
	term.Type("ha").Press("enter").See("wiped")
	term.Press("o").See("impossible: it is Tuesday").Never("BAD", "home []")
}

func TestHelpAndFilter(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 40)
	term.See("home []").Press("?").See("Keys", "kill it", "not now: it is Tuesday", "copy id", "first, last")
	term.Type("wipe").Gone("kill it").See("wipe").Press("esc").Gone("Keys")
	term.Press("/").Type("ab").See("filter=ab").Press("enter").See("/ab")
	term.Press("/").Type("c").See("filter=abc").Press("esc").See("filter= ")
	term.Press("/").Type("z").Press("enter").See("filter=z").Press("esc").See("filter= ")
	term.Press("enter").See("job [42]").Press("y").See("Copied id: 42")
	term.Press("Y").See("Copied command: loratop --profile test job/42")
}

func TestTypingTakesLetters(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 24)
	term.See("home []").Press("i").See("f1 help").Type("q?:/2").See("text=q?:/2")
	term.Paste("line\nq").See("text=q?:/2line").Press("enter").See("? help")
	term.Paste("qqq").See("home []") // a paste is never a key
	term.Press("j").See("key:j")
}

func TestCommandsComeBackToTheirScreen(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 24)
	term.See("home []").Press("s").See("done:slow")
	term.Press("c").See("an internal error: inside a command")
	term.Press("t", "t", "t").See("(3 times)")
}

func TestScreenPanicIsContained(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 24)
	term.See("home []").Press("!").See("an internal error: toy broke", "bug in loratop")
	term.Press("2").See("jobs []").Press("1").See("toy broke")
	term.Press("ctrl+c")
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestSessionEndsAndComesBack(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	w := &world{read: func(context.Context) (int, error) {
		if gone.Load() {
			return 0, tuitest.SignedOutError()
		}
		return 7, nil
	}}
	term := start(t, w, fake(), tui.Options{}, 80, 24)
	term.See("home []").Press("enter").See("job [42] feed=7")
	gone.Store(true)
	term.See("E-mail", "you are not signed in")
	gone.Store(false)
	term.Type("alice@example.com").Press("enter").See("job [42] feed=7", "show") // where the user was
	term.Press("e").See("E-mail").Type("bob@example.com").Press("enter")
	term.See("home []", "bob@example.com").Never("job [42]", "home []") // nothing of the other user
}

func TestStartsSignedOut(t *testing.T) {
	t.Parallel()
	b := fake()
	b.User = nil
	term := start(t, &world{}, b, tui.Options{Link: "job/5"}, 80, 24)
	term.See("E-mail").Type("alice@example.com").Press("enter").See("job [5]")
	term.Press(":").Type("sign out").Press("enter").See("Sign out?").Confirm().See("Signed out", "E-mail")
}

func TestErrorsDoNotBlock(t *testing.T) {
	t.Parallel()
	b := fake()
	b.OnOverview = func(context.Context) (models.Overview, error) { return models.Overview{}, tuitest.OfflineError() }
	b.OnSession = func(context.Context) (models.Session, error) { return models.Session{}, tuitest.OfflineError() }
	w := &world{read: func(context.Context) (int, error) { return 0, tuitest.OfflineError() }}
	term := start(t, w, b, tui.Options{}, 100, 24)
	term.See("home [] feed=0", "offline, retr").Press("2").See("jobs []")
}

func TestBusyQuitAsks(t *testing.T) {
	t.Parallel()
	term := start(t, &world{busy: "a download"}, fake(), tui.Options{}, 80, 24)
	term.See("home []").Press("q").See("This would interrupt a download").Press("esc")
	term.Press("q").Confirm()
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestFocus(t *testing.T) {
	t.Parallel()
	var reads atomic.Int64
	w := &world{read: func(context.Context) (int, error) { return int(reads.Add(1)), nil }}
	term := start(t, w, fake(), tui.Options{}, 80, 24)
	term.See("home []").Focus(false).See("blur")
	n := reads.Load()
	term.Focus(true).Until("a read at once", func(string) bool { return reads.Load() > n+1 })
}

func TestMouse(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 100, 24)
	term.See("home []").Click(4, 7).See("click:4,5")
	term.Wheel(4, 7, 1).See("wheel")
	term.ClickOn("2 Jobs").See("jobs []")
	term.ClickOn("enter open").See("job [42]")
	term.ClickOn("esc back").See("jobs []")
}

func TestEverySize(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 24)
	term.See("home []")
	for _, sz := range [][2]int{{20, 5}, {1, 1}, {0, 0}, {60, 16}, {300, 100}, {3, 2}, {20, 3}, {7, 40}, {80, 24}} {
		term.Resize(sz[0], sz[1])
		if sz[0] >= 20 {
			term.See("home []")
		}
		for _, k := range []string{"?", ":", "x"} { // every layer at every size
			term.Press(k, "esc")
		}
	}
	term.See("size=80x21", "home []").Press("q")
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestASCIIAndNoColor(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{ASCII: true, Env: []string{"NO_COLOR=1"}}, 80, 24)
	term.See("home []", "* live").Press("x").See("+- Kill it?", "[No (n)]").Press("esc")
	for _, r := range term.Screen() {
		if r > 126 {
			t.Fatalf("not ASCII: %q", r)
		}
	}
	if s := term.Styled(); strings.Contains(s, "[38;") || strings.Contains(s, "[48;") {
		t.Errorf("colour in spite of NO_COLOR: %q", s)
	}
}

func TestContextEndsTheProgram(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{}, 80, 24)
	term.See("home []") // the cleanup cancels, and fails if the program stays
}

// TestLateRefusal: a request that was sent before the user signed in again may
// be refused after it. That does not sign out; a refusal that stays does.
func TestLateRefusal(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	var later atomic.Int64
	w := &world{read: func(context.Context) (int, error) {
		if gone.Load() {
			return 0, tuitest.SignedOutError()
		}
		return 7, nil
	}}
	b := fake()
	b.User = nil
	o := tui.Options{Now: func() time.Time { return noon.Add(time.Duration(later.Load())) }}
	term := start(t, w, b, o, 80, 24)
	term.See("E-mail").Type("alice@example.com").Press("enter").See("home [] feed=7")
	gone.Store(true)
	term.See("stale").Never("E-mail", "home []")
	later.Store(int64(time.Minute))
	term.See("E-mail", "you are not signed in")
}

func TestSignInLinkWhileSignedIn(t *testing.T) {
	t.Parallel()
	term := start(t, &world{}, fake(), tui.Options{Link: "signin"}, 80, 24)
	term.See("home []", "You are signed in as alice@example.com")
}
