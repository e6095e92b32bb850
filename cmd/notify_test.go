package cmd

import (
	"strings"
	"testing"
)

func TestWatchNotifiesOnATerminal(t *testing.T) {
	const ended = "22222222-2222-4222-8222-222222222223"
	for _, tt := range []struct {
		name string
		tty  bool
		env  []string
		args []string
		want string
	}{
		{"no terminal", false, nil, nil, ""},
		{"not known", true, nil, nil, "\x1b]777;notify;loratop;job " + ended + ": completed\x1b\\\a"},
		{"console", true, []string{"TERM=linux"}, nil, "\a"},
		{"bell", true, []string{"LORATOP_NOTIFY=bell", "TERM_PROGRAM=WezTerm"}, nil, "\a"},
		{"bell in tmux", true, []string{"TERM_PROGRAM=WezTerm", "TMUX=/x"}, nil, "\a"},
		{"terminal that knows", true, []string{"TERM_PROGRAM=WezTerm"}, nil, "\x1b]9;job " + ended + ": completed\x1b\\"},
		{"asked for", true, []string{"LORATOP_NOTIFY=osc"}, nil, "\x1b]9;job " + ended + ": completed\x1b\\"},
		{"off", true, []string{"LORATOP_NOTIFY=off"}, nil, ""},
		{"json", true, nil, []string{"--json"}, ""},
		{"dumb", true, []string{"TERM=dumb"}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs strings.Builder
			a := &app{backend: sample(), sys: IO{
				Args: append([]string{"watch", ended}, tt.args...), Env: append([]string{"HOME=" + t.TempDir(), "TERM=xterm"}, tt.env...),
				In: strings.NewReader(""), Out: &out, Err: &errs, Now: noon, ErrTTY: tt.tty,
			}}
			if code := a.main(t.Context()); code != 0 || errs.String() != tt.want {
				t.Errorf("exit %d, stderr %q, want %q", code, errs.String(), tt.want)
			}
		})
	}
}
