package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/loratop/loratop/client/local"
)

// TestMain lets scripts and tests run this binary as loratop itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"loratop": func() { os.Exit(Main(System())) }})
}

// raceOptions spares every short-lived process the second that the race
// detector waits at exit by default.
const raceOptions = "atexit_sleep_ms=0"

// TestScripts runs the scripts of testdata/script against one real local stack:
// PostgreSQL, policies, gateway and trainer.
func TestScripts(t *testing.T) {
	t.Parallel()
	stack := quietStack(t)
	t.Run("prompts", func(t *testing.T) { testPrompts(t, stack) })
	t.Run("tells the terminal", func(t *testing.T) { testTellsTheTerminal(t, stack) })
	t.Run("scripts", func(t *testing.T) { // its parallel children end before the stack does
		testscript.Run(t, testscript.Params{
			Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
			Setup: func(e *testscript.Env) error {
				e.Setenv("HOME", e.WorkDir)
				e.Setenv("TERM", "xterm")
				e.Setenv("GORACE", raceOptions)
				e.Setenv("LORATOP_KEYRING", "false")
				e.Setenv("STACK_URL", stack.URL)
				e.Setenv("STACK_KEY", stack.AnonKey)
				e.Setenv("STACK_SERVICE_KEY", stack.ServiceKey)
				e.Setenv("STACK_DB", stack.DatabaseURL)
				e.Setenv("ALICE", stack.Users[0].Email)
				e.Setenv("BOB", stack.Users[1].Email)
				for i, name := range []string{"alice.txt", "bob.txt"} {
					if err := os.WriteFile(e.WorkDir+"/"+name, []byte(stack.Users[i].Password+"\n"), 0o600); err != nil {
						return err
					}
				}
				return nil
			},
			Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "get": get, "count": count},
		})
	})
}

// quietStack is a stack whose trainer has nothing to do until a script launches
// a job: what the seed has queued would only keep the processors busy.
func quietStack(t *testing.T) *local.Stack {
	t.Helper()
	dir := t.TempDir()
	start := func(trainer bool) *local.Stack {
		s, err := local.Start(t.Context(), local.Options{Dir: dir, Seed: true, Trainer: trainer, Speed: 100})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	seeded := start(false)
	db, err := pgx.Connect(t.Context(), seeded.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(t.Context(), "UPDATE training_jobs SET status = 'cancelled', completed_at = now() WHERE status = 'queued'")
	if err := errors.Join(err, db.Close(t.Context()), seeded.Close()); err != nil {
		t.Fatal(err)
	}
	return start(true)
}

// exits CODE COMMAND…: the command ends with exactly this code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	ts.Logf("[stdout]\n%s[stderr]\n%s", ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	if got != want {
		ts.Fatalf("exit %d, want %d", got, want)
	}
}

// walk finds a dotted path in the last line of stdout, or of stderr.
func walk(ts *testscript.TestScript, path string) any {
	from := "stdout"
	if rest, ok := strings.CutPrefix(path, "stderr:"); ok {
		from, path = "stderr", rest
	}
	text := strings.TrimSpace(ts.ReadFile(from))
	var v any
	ts.Check(json.Unmarshal([]byte(text[strings.LastIndexByte(text, '\n')+1:]), &v))
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[step]
			if !ok {
				ts.Fatalf("no field %q on the way of %q", step, path)
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				ts.Fatalf("no element %q on the way of %q", step, path)
			}
			v = x[i]
		default:
			ts.Fatalf("nothing below %q on the way of %q", step, path)
		}
	}
	return v
}

// get PATH [=VALUE | VARIABLE]: compares a value of the JSON in stdout, or keeps it.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: get PATH =VALUE, or get PATH VARIABLE")
	}
	v := walk(ts, args[0])
	got := fmt.Sprint(v)
	want, compare := strings.CutPrefix(args[1], "=")
	switch {
	case !compare && (v == nil || got == ""):
		ts.Fatalf("%s is empty", args[0])
	case !compare:
		ts.Setenv(args[1], got)
	case (got == want) == neg:
		ts.Fatalf("%s is %q", args[0], got)
	}
}

// count PATH N: a list of the JSON in stdout has N elements; with + at least N.
func count(ts *testscript.TestScript, neg bool, args []string) {
	list, ok := walk(ts, args[0]).([]any)
	want, err := strconv.Atoi(strings.TrimPrefix(args[1], "+"))
	ts.Check(err)
	least := strings.HasPrefix(args[1], "+")
	if good := ok && (len(list) == want || (least && len(list) > want)); good == neg {
		ts.Fatalf("%s has %d elements", args[0], len(list))
	}
}
