package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// errNever fails a call that must not happen.
var errNever = errors.New("the server was asked")

func TestExitCodes(t *testing.T) {
	tests := map[models.Code]int{
		models.CodeUnknown: 1, models.CodeUsage: 2, models.CodeConfig: 2, models.CodeSignIn: 4, models.CodeNotFound: 5,
		models.CodeForbidden: 6, models.CodeNoRows: 6, models.CodeNetwork: 7, models.CodeServer: 7, models.CodeRate: 7,
		models.CodeTimeout: 7, models.CodeConflict: 1, models.CodeInvalid: 65, models.CodeCanceled: 130,
	}
	for code, want := range tests {
		t.Run(string(code), func(t *testing.T) {
			f := sample()
			f.fail = fmt.Errorf("wrapped: %w", &models.Error{Code: code, Op: "get job", Msg: "it went wrong", Hint: "mend it"})
			r := invoke(t, f, world{}, "jobs", "get", jobID)
			if r.code != want || r.out != "" || !strings.Contains(r.err, "get job: it went wrong") || !strings.Contains(r.err, "hint: mend it") {
				t.Errorf("exit %d, want %d; out %q err %q", r.code, want, r.out, r.err)
			}
			r = invoke(t, f, world{}, "jobs", "get", jobID, "--json")
			e := jsonOf(t, r.err)["error"].(map[string]any)
			if r.code != want || r.out != "" || e["code"] != string(code) || e["exit"] != float64(want) || e["message"] != "get job: it went wrong" || e["hint"] != "mend it" {
				t.Errorf("exit %d: %s", r.code, r.err)
			}
		})
	}
}

func TestJobStatusCodes(t *testing.T) {
	for id, want := range map[string]int{jobID: 8, "22222222-2222-4222-8222-222222222223": 0, "22222222-2222-4222-8222-222222222224": 10} {
		r := invoke(t, sample(), world{}, "jobs", "get", id, "--exit-status")
		if r.code != want || r.err != "" || !strings.Contains(r.out, id) {
			t.Errorf("%s: exit %d, want %d; %q", id, r.code, want, r.err)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"jobs"}, {"jobs", "frob"}, {"jobs", "get"}, {"jobs", "get", "a", "b"}, {"jobs", "ls", "--nope"}, {"--color", "pink", "jobs", "ls"},
		{"frobnicate"}, {"a", "b"}, {"--timeout", "-1s", "jobs", "ls"}, {"jobs", "ls", "--limit", "x"}, {"costs", "--by", "moon"},
		{"costs", "--since", "soon"}, {"notifications", "read"}, {"notifications", "read", "--all", "x"}, {"jobs", "launch"},
		{"jobs", "launch", "--dataset", dsID, "--preset", "nope"}, {"jobs", "launch", "--dataset", dsID, "--gpu", "toaster"},
		{"jobs", "launch", "--dataset", dsID, "--set", "rank"}, {"jobs", "launch", "--dataset", dsID, "--set", "colour=1"},
		{"jobs", "launch", "--dataset", dsID, "--set", "rank=many"}, {"jobs", "launch", "--dataset", dsID, "--set", "epochs=1.5"},
		{"jobs", "launch", "--dataset", dsID, "--id", "7"}, {"watch", jobID, "--refresh", "1ms"}, {"demo"}, {"demo", "--port", "x"}, {"job/1"},
		{"local", "--bare"}, {"local", "--database-url", "x"}, {"local", "--port", "70000"}, {"local", "--speed", "0"}, {"local", "--rate-limit", "-1"},
		{"local", "--bare", "--database-url", "x", "--jwt-secret", "s", "--reset"}, {"local", "--bare", "--database-url", "x"},
		{"migrate"}, {"migrate", "up"}, {"config"}, {"version", "x"}, {"login", "--no-input"},
	} {
		t.Run(strings.Join(args, "_"), func(t *testing.T) {
			r := invoke(t, sample(), world{}, args...)
			if r.code != exitUsage || r.out != "" || !strings.HasPrefix(r.err, "loratop: ") {
				t.Errorf("exit %d out %q err %q", r.code, r.out, r.err)
			}
			r = invoke(t, sample(), world{}, append(args, "--json")...)
			if e, _ := jsonOf(t, r.err)["error"].(map[string]any); r.code != exitUsage || e["code"] != "usage" {
				t.Errorf("--json: exit %d err %q", r.code, r.err)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	r := invoke(t, &fake{block: true}, world{}, "jobs", "ls", "--timeout", "20ms", "--json")
	e := jsonOf(t, r.err)["error"].(map[string]any)
	if r.code != exitTimeout || e["code"] != "timeout" || e["message"] != "gave up after 20ms" {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestSignalCodes(t *testing.T) {
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(signalError{sig})
		r := invoke(t, &fake{block: true}, world{ctx: ctx}, "jobs", "ls")
		if r.code != want || r.out != "" || r.err != "" {
			t.Errorf("%s: exit %d %q", sig, r.code, r.err)
		}
		r = invoke(t, &fake{block: true}, world{ctx: ctx}, "jobs", "ls", "--json")
		if e := jsonOf(t, r.err)["error"].(map[string]any); e["code"] != "canceled" || e["exit"] != float64(want) {
			t.Errorf("%s: %s", sig, r.err)
		}
	}
}

// pipe is an output whose reader has gone.
type pipe struct{}

func (pipe) Write([]byte) (int, error) { return 0, fmt.Errorf("write |1: %w", syscall.EPIPE) }

func TestClosedPipeIsQuiet(t *testing.T) {
	for _, args := range [][]string{{"jobs", "ls"}, {"jobs", "ls", "--json"}, {"watch", jobID, "--json"}, {"costs"}, {"whoami"}, {"config", "where"}, {"version"}} {
		if r := invoke(t, sample(), world{out: pipe{}}, args...); r.code != 0 || r.err != "" {
			t.Errorf("%v: exit %d %q", args, r.code, r.err)
		}
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	f := sample()
	f.onLive = func(int) { panic("boom \x1b[31m") }
	r := invoke(t, f, world{}, "watch", jobID, "--refresh", "100ms")
	if r.code != exitFailure || !strings.Contains(r.err, "internal error: boom") || strings.Contains(r.err, "\x1b") {
		t.Errorf("exit %d %q", r.code, r.err)
	}
}

func TestConfirmation(t *testing.T) {
	tests := []struct {
		name      string
		w         world
		args      []string
		code      int
		cancelled int
	}{
		{"nobody to ask", world{}, nil, exitUsage, 0},
		{"--no-input", world{tty: true, in: "y\n"}, []string{"--no-input"}, exitUsage, 0},
		{"no", world{tty: true, in: "n\n"}, nil, exitFailure, 0},
		{"enter is no", world{tty: true, in: "\n"}, nil, exitFailure, 0},
		{"end of input", world{tty: true}, nil, exitUsage, 0},
		{"yes", world{tty: true, in: "y\n"}, nil, 0, 1},
		{"--yes", world{}, []string{"--yes"}, 0, 1},
		{"--read-only", world{}, []string{"--yes", "--read-only"}, exitForbidden, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := sample()
			r := invoke(t, f, tt.w, append([]string{"jobs", "cancel", jobID}, tt.args...)...)
			if r.code != tt.code || len(f.cancelled) != tt.cancelled {
				t.Errorf("exit %d, %d cancelled; %s", r.code, len(f.cancelled), r.err)
			}
			if tt.w.in != "" && tt.name != "--no-input" && !strings.Contains(r.err, "It has cost $1.23 so far") {
				t.Errorf("the question does not say what it costs: %q", r.err)
			}
		})
	}
}

func TestReadOnlyRefusesWrites(t *testing.T) {
	for _, args := range [][]string{
		{"jobs", "launch", "--dataset", dsID}, {"notifications", "read", "--all"}, {"migrate", "up", "--db-url", "postgres://nowhere"},
	} {
		if r := invoke(t, sample(), world{}, append(args, "--read-only")...); r.code != exitForbidden {
			t.Errorf("%v: exit %d %s", args, r.code, r.err)
		}
	}
	if r := invoke(t, sample(), world{}, "jobs", "launch", "--dataset", dsID, "--dry-run", "--read-only"); r.code != 0 {
		t.Errorf("a dry run writes nothing: exit %d %s", r.code, r.err)
	}
}

func TestSinceFlag(t *testing.T) {
	for text, want := range map[string]time.Time{
		"30d": noon().Add(-720 * time.Hour), "2w": noon().Add(-336 * time.Hour), "90m": noon().Add(-90 * time.Minute),
		"2026-01-31": time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), "2026-01-31T10:00:00Z": time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC),
	} {
		var s sinceFlag
		if err := s.Set(text); err != nil || !s.from(noon()).Equal(want) {
			t.Errorf("%s: %v %v", text, s.from(noon()), err)
		}
	}
	for _, text := range []string{"", "d", "-1d", "0h", "99999999d", "tomorrow", "-5m"} {
		if err := new(sinceFlag).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
