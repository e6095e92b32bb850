package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/client"
	"github.com/loratop/loratop/tui/screens"
)

// The client is what the screens need; neither imports the other.
var _ screens.Backend = (*client.Client)(nil)

func TestConfigWhere(t *testing.T) {
	home := t.TempDir()
	writeConfig(t, home, "theme = \"light\"\nnope = 1\n[profiles.work]\nurl = \"https://w.example.com\"\nkey = \"hush\"\n")
	w := world{home: home, env: []string{"LORATOP_NOTIFY=off", "LORATOP_ACCESS_TOKEN=tok"}}
	r := invoke(t, nil, w, "config", "where", "--json", "--ascii")
	doc := jsonOf(t, r.out)
	got := map[string]string{}
	for _, s := range doc["settings"].([]any) {
		m := s.(map[string]any)
		got[m["name"].(string)] = m["value"].(string) + " < " + m["source"].(string)
	}
	for name, want := range map[string]string{
		"theme": "light < config.toml:1", "notify": "off < env LORATOP_NOTIFY", "ascii": "true < flag --ascii", "mouse": "true < default",
		"url": "https://w.example.com < config.toml:4 [profiles.work]", "key": "(set) < config.toml:5 [profiles.work]",
		"access_token": "(set) < env LORATOP_ACCESS_TOKEN", "profile": "work < the only profile of config.toml",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if warns := doc["warnings"].([]any); len(warns) != 1 || warns[0].(map[string]any)["line"] != float64(2) {
		t.Errorf("warnings %v", warns)
	}
	if strings.Contains(r.out+r.err, "hush") || strings.Contains(r.out, "tok\"") {
		t.Error("a secret was printed")
	}
	if r := invoke(t, nil, w, "config", "show"); r.code != 0 || !strings.Contains(r.out, "https://w.example.com") || !strings.Contains(r.err, `config.toml:2: unknown key "nope"`) {
		t.Errorf("show: %d %q %q", r.code, r.out, r.err)
	}
	if r := invoke(t, nil, w, "config", "path"); r.out != filepath.Join(home, ".config/loratop/config.toml")+"\n" || r.err != "" {
		t.Errorf("path: %q %q", r.out, r.err)
	}
}

func TestWarningsOfTheFileDoNotStopACommand(t *testing.T) {
	home := t.TempDir()
	writeConfig(t, home, "theme = pink\n")
	r := invoke(t, sample(), world{home: home}, "jobs", "cancel", jobID, "--yes", "-q")
	if r.code != 0 || r.out != jobID+"\n" || strings.Count(r.err, "config.toml:1:") != 1 {
		t.Errorf("exit %d %q %q", r.code, r.out, r.err)
	}
}

func TestDumbTerminalIsRefused(t *testing.T) {
	for _, term := range []string{"dumb", ""} {
		for _, args := range [][]string{{}, {"demo"}, {"job/1"}} {
			a := &app{sys: IO{Args: args, Env: []string{"HOME=" + t.TempDir(), "TERM=" + term}, In: strings.NewReader(""), InTTY: true, OutTTY: true, Now: noon}}
			var out, errs strings.Builder
			a.sys.Out, a.sys.Err = &out, &errs
			if code := a.main(t.Context()); code != exitUsage || out.Len() > 0 || strings.Contains(errs.String(), "\x1b") || !strings.Contains(errs.String(), "hint: ") {
				t.Errorf("TERM=%q %v: exit %d %q %q", term, args, code, out.String(), errs.String())
			}
		}
	}
}

func TestNoColor(t *testing.T) {
	for _, tt := range []struct {
		env   []string
		color string
		want  bool
	}{
		{nil, "auto", false}, {[]string{"NO_COLOR="}, "auto", false}, {[]string{"NO_COLOR=yes"}, "auto", true}, {[]string{"NO_COLOR=0"}, "auto", true},
		{[]string{"NO_COLOR=false"}, "auto", true}, {[]string{"NO_COLOR=1"}, "always", false}, {nil, "never", true},
	} {
		a := &app{sys: IO{Env: append([]string{"A=b"}, tt.env...)}, flags: flags{color: tt.color}}
		env := a.tuiEnv()
		if a.noColor() != tt.want || slices.Contains(env, "NO_COLOR=1") != tt.want || !slices.Contains(env, "A=b") || (!tt.want && len(env) != 1) {
			t.Errorf("%v --color=%s: %v %v", tt.env, tt.color, a.noColor(), env)
		}
	}
}

func TestLinksAreTheScreens(t *testing.T) {
	var names []string
	for _, s := range screens.All(nil, screens.Options{}) {
		names = append(names, s.Name)
	}
	want := links()
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("screens %v, links %v", names, want)
	}
}

func TestManAndCompletion(t *testing.T) {
	dir := t.TempDir()
	if r := invoke(t, nil, world{}, "man", "--dir", dir); r.code != 0 {
		t.Fatalf("exit %d %s", r.code, r.err)
	}
	for _, page := range []string{"loratop.1", "loratop-jobs-launch.1", "loratop-migrate-up.1"} {
		if b, err := os.ReadFile(filepath.Join(dir, page)); err != nil || !strings.Contains(string(b), ".SH") {
			t.Errorf("%s: %v", page, err)
		}
	}
	if r := invoke(t, nil, world{}, "man"); r.code != 0 || !strings.HasPrefix(r.out, ".") {
		t.Errorf("man: %d %.40q", r.code, r.out)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := invoke(t, nil, world{}, "completion", shell); r.code != 0 || !strings.Contains(r.out, "loratop") {
			t.Errorf("%s: exit %d", shell, r.code)
		}
	}
	if r := invoke(t, nil, world{}, "__complete", "jobs", ""); r.code != 0 || !strings.Contains(r.out, "launch") {
		t.Errorf("complete: %d %q", r.code, r.out)
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version", "--json"}, {"--version", "--json"}, {"-V", "--json"}} {
		v, _ := jsonOf(t, invoke(t, nil, world{}, args...).out)["version"].(map[string]any)
		if v["version"] == "" || v["go"] == "" || v["os"] == "" {
			t.Errorf("%v: %v", args, v)
		}
	}
}

// TestExamplesExist parses every example of the help, and of the README when
// its commands stand in code blocks: commands and flags must exist.
func TestExamplesExist(t *testing.T) {
	root := (&app{}).root()
	var check func(*cobra.Command)
	check = func(c *cobra.Command) {
		if c.Runnable() && c.Short == "" {
			t.Errorf("%s has no description", c.CommandPath())
		}
		for _, line := range strings.Split(c.Example, "\n") {
			checkExample(t, c.CommandPath(), line)
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(root)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal("the README is the front door: ", err)
	}
	code := false
	for _, line := range strings.Split(string(readme), "\n") {
		if strings.HasPrefix(line, "```") {
			code = !code
		} else if code {
			checkExample(t, "README", line)
		}
	}
}

// checkExample looks at each "loratop …" of a shell line.
func checkExample(t *testing.T, where, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, "  #")
	for _, part := range strings.FieldsFunc(line, func(r rune) bool { return r == '|' || r == ';' || r == '&' || r == '<' || r == '>' }) {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(part), "$ "))
		for len(words) > 0 && strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-") {
			words = words[1:]
		}
		if len(words) > 2 && words[0] == "go" && words[1] == "run" && words[2] == "." {
			words = append([]string{"loratop"}, words[3:]...)
		}
		if len(words) == 0 || (words[0] != "loratop" && words[0] != "./loratop") {
			continue
		}
		root := (&app{}).root()
		c, args, err := root.Find(words[1:])
		if err != nil {
			t.Errorf("%s: %q: %v", where, line, err)
			continue
		}
		if err := c.ParseFlags(args); err != nil {
			t.Errorf("%s: %q: %v", where, line, err)
		}
		if c == root && c.Flags().NArg() > 0 {
			if _, err := checkLink(c.Flags().Args()); err != nil {
				t.Errorf("%s: %q: %v", where, line, err)
			}
		}
	}
}
