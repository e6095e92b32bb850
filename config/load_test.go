package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loratop/loratop/models"
)

// setup writes a file and returns an environment that finds it.
func setup(t *testing.T, file string, env ...string) Options {
	t.Helper()
	home := t.TempDir()
	vars := map[string]string{"HOME": home}
	for _, kv := range env {
		k, v, _ := strings.Cut(kv, "=")
		vars[k] = v
	}
	if file != "" {
		dir := filepath.Join(home, ".config", "loratop")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Options{Env: func(n string) string { return vars[n] }}
}

func load(t *testing.T, o Options) *Config {
	t.Helper()
	c, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func value(t *testing.T, c *Config, name string) Value {
	t.Helper()
	for _, v := range c.Values {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("no value %q", name)
	return Value{}
}

func warnings(c *Config) string {
	var b strings.Builder
	for _, w := range c.Warnings {
		w.File = filepath.Base(w.File)
		b.WriteString(w.String() + "\n")
	}
	return b.String()
}

const twoProfiles = `# my projects
profile = "work"
theme = "light"
refresh = "5s"

[profiles.work]
url = "https://work.example.com" # the big one
key = "anon-work"
theme = "dark"

[profiles.home]
url = "https://home.example.com"
key = "anon-home"
`

func TestPrecedence(t *testing.T) {
	tests := []struct {
		name, setting, env, flag string
		want, source             string
	}{
		{"default", "notify", "", "", "auto", "default"},
		{"file", "refresh", "", "", "5s", "config.toml:4"},
		{"profile over file", "theme", "", "", "dark", "config.toml:9 [profiles.work]"},
		{"env over profile", "theme", "LORATOP_THEME=auto", "", "auto", "env LORATOP_THEME"},
		{"flag over env", "theme", "LORATOP_THEME=auto", "light", "light", "flag --theme"},
		{"url of profile", "url", "", "", "https://work.example.com", "config.toml:7 [profiles.work]"},
		{"url of env", "url", "LORATOP_URL=https://x.example.com", "", "https://x.example.com", "env LORATOP_URL"},
		{"fall-back variable", "url", "SUPABASE_URL=https://s.example.com", "", "https://s.example.com", "env SUPABASE_URL"},
		{"profile of file", "profile", "", "", "work", "config.toml:2"},
		{"profile of env", "profile", "LORATOP_PROFILE=home", "", "home", "env LORATOP_PROFILE"},
		{"profile of flag", "profile", "LORATOP_PROFILE=home", "work", "work", "flag --profile"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := setup(t, twoProfiles, tt.env)
			if tt.flag != "" {
				o.Flags = map[string]string{tt.setting: tt.flag}
			}
			v := value(t, load(t, o), tt.setting)
			if v.Text != tt.want || v.Source != tt.source {
				t.Errorf("%s = %q from %q, want %q from %q", tt.setting, v.Text, v.Source, tt.want, tt.source)
			}
		})
	}
}

func TestNamedProfileOutranksOtherToolsVariables(t *testing.T) {
	o := setup(t, twoProfiles, "SUPABASE_URL=https://s.example.com", "SUPABASE_ANON_KEY=k")
	o.Flags = map[string]string{"profile": "home"}
	if c := load(t, o); c.URL != "https://home.example.com" || c.Key != "anon-home" {
		t.Errorf("url %q key %q, want the profile's", c.URL, c.Key)
	}
}

func TestKeyOfAProfileStaysWithItsURL(t *testing.T) {
	c := load(t, setup(t, twoProfiles, "LORATOP_URL=https://other.example.com"))
	if c.Key != "" {
		t.Errorf("key %q was taken to another project", c.Key)
	}
	if !strings.Contains(warnings(c), "set LORATOP_KEY too") {
		t.Errorf("not said:\n%s", warnings(c))
	}
	if c := load(t, setup(t, twoProfiles, "LORATOP_URL=https://work.example.com/")); c.Key != "anon-work" {
		t.Error("the same URL in a variable lost the key")
	}
}

func TestOnlyProfileIsUsed(t *testing.T) {
	c := load(t, setup(t, "[profiles.lab]\nurl = \"https://lab.example.com\"\n"))
	if c.Profile != "lab" || c.URL != "https://lab.example.com" {
		t.Errorf("profile %q url %q", c.Profile, c.URL)
	}
	if v := value(t, c, "profile"); v.Source != "the only profile of config.toml" {
		t.Errorf("source %q", v.Source)
	}
}

func TestWarningsNameTheLine(t *testing.T) {
	file := `thme = "dark"
ascii = "perhaps"
access_token = "abc"
url = "https://x.example.com"
monthly_budget = 12.5

[profiles.a]
url = "ftp://x"
colour = 1
[[gpus]]
id = "NEW"
[[presets]]
id = "p"
learning_rat = 1e-4
learning_rate = 5.0
`
	want := `config.toml:1: unknown key "thme", did you mean theme?
config.toml:2: ascii must be true or false, not "perhaps"
config.toml:3: access_token is a credential and is not read from this file; use LORATOP_ACCESS_TOKEN or loratop login
config.toml:4: url belongs into a section [profiles.NAME]
config.toml:5: monthly_budget has the wrong type; write an amount as text, for example "250.00"
config.toml:8: url must begin with https:// (or http:// on this machine)
config.toml:9: unknown key "colour"
config.toml:10: GPU "NEW" needs price_per_hour, for example "3.50"; it is ignored
config.toml:14: unknown key "learning_rat" of a preset, did you mean learning_rate?
`
	got := warnings(load(t, setup(t, file)))
	if !strings.HasPrefix(got, want[:len(want)-1]) && !strings.Contains(got, "preset \"p\" is ignored") {
		t.Error(cmp.Diff(want, got))
	}
	for _, line := range strings.Split(strings.TrimSpace(want), "\n") {
		if !strings.Contains(got, line) {
			t.Errorf("missing: %s\ngot:\n%s", line, got)
		}
	}
}

func TestBrokenFileLoadsWhatItCan(t *testing.T) {
	c := load(t, setup(t, "theme = dark\nascii = true\n[profiles.a\n[profiles.b]\nurl = \"https://b.example.com\"\nurl = \"https://twice.example.com\"\n"))
	if !c.ASCII || c.Theme != "auto" || c.URL != "https://b.example.com" {
		t.Errorf("ascii %v theme %q url %q", c.ASCII, c.Theme, c.URL)
	}
	for _, line := range []string{"config.toml:1:", "config.toml:3:", "config.toml:6:"} {
		if !strings.Contains(warnings(c), line) {
			t.Errorf("%s not said:\n%s", line, warnings(c))
		}
	}
	if err := c.SaveProfile("x", "https://x.example.com", "k"); models.CodeOf(err) != models.CodeConfig {
		t.Errorf("a broken file was edited: %v", err)
	}
}

func TestUnreadableFileIsSaid(t *testing.T) {
	o := setup(t, "")
	home := o.Env("HOME")
	if err := os.MkdirAll(filepath.Join(home, ".config", "loratop", "config.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if c := load(t, o); !strings.Contains(warnings(c), "cannot be read") || c.Theme != "auto" {
		t.Errorf("warnings: %s", warnings(c))
	}
}

func TestBadFlagAndVariableAreErrors(t *testing.T) {
	if _, err := Load(setup(t, "", "LORATOP_THEME=pink")); models.CodeOf(err) != models.CodeConfig || !strings.Contains(err.Error(), "env LORATOP_THEME") {
		t.Errorf("variable: %v", err)
	}
	o := setup(t, "")
	o.Flags = map[string]string{"theme": "pink"}
	if _, err := Load(o); models.CodeOf(err) != models.CodeUsage || !strings.Contains(err.Error(), "auto, dark, light") {
		t.Errorf("flag: %v", err)
	}
}

func TestTypedValues(t *testing.T) {
	c := load(t, setup(t, `refresh = "250ms"
monthly_budget = "120.50"
download_dir = "~/loras"
mouse = false
read_only = true
[[gpus]]
id = "H100"
price_per_hour = "1.99"
[[gpus]]
id = "L4"
price_per_hour = "0.80"
memory_gb = 24
throughput = 700
aliases = ["nvidia-l4"]
[[presets]]
id = "mine"
note = "for short texts"
learning_rate = 1e-4
batch_size = 4
epochs = 2
rank = 8
alpha = 16
dropout = 0.05
`))
	if len(c.Warnings) > 0 {
		t.Fatalf("warnings:\n%s", warnings(c))
	}
	if c.Refresh != 250*time.Millisecond || c.Mouse || !c.ReadOnly || c.Budget.String() != "120.50" || c.DownloadDir != filepath.Join(c.home, "loras") {
		t.Errorf("%+v", c)
	}
	if g, ok := models.FindGPU(c.GPUs, "H100"); !ok || g.PricePerHour.String() != "1.99" || g.Throughput == 0 {
		t.Errorf("H100: %+v %v", g, ok)
	}
	if g, ok := models.FindGPU(c.GPUs, "nvidia-l4"); !ok || g.MemoryGB != 24 {
		t.Errorf("L4: %+v %v", g, ok)
	}
	p, ok := models.FindPreset(c.Presets, "mine")
	if !ok || *p.Hyperparameters.Rank != 8 || p.Label != "mine" || p.Note != "for short texts" {
		t.Errorf("preset: %+v %v", p, ok)
	}
	if builtin, _ := models.FindGPU(models.GPUs(), "H100"); builtin.PricePerHour.String() == "1.99" {
		t.Error("the built-in table was changed")
	}
}

func TestPaths(t *testing.T) {
	vars := map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "/s", "LORATOP_CONFIG_DIR": "/c"}
	p, err := FindPaths(func(n string) string { return vars[n] })
	if want := (Paths{Config: "/c", State: "/s/loratop", Data: "/h/.local/share/loratop", Cache: "/h/.cache/loratop"}); err != nil || p != want {
		t.Errorf("%+v %v", p, err)
	}
	delete(vars, "LORATOP_CONFIG_DIR")
	if p, _ := FindPaths(func(n string) string { return vars[n] }); p.File() != "/h/.config/loratop/config.toml" {
		t.Errorf("relative XDG path was taken: %s", p.File())
	}
	if _, err := FindPaths(func(string) string { return "" }); err == nil {
		t.Error("no home folder, no error")
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	c := load(t, setup(t, "", "LORATOP_ACCESS_TOKEN=tok-123", "LORATOP_KEY=anon-9"))
	for _, v := range c.Values {
		if strings.Contains(v.Shown(), "tok-123") || strings.Contains(v.Shown(), "anon-9") {
			t.Errorf("%s shows %q", v.Name, v.Shown())
		}
	}
	if c.AccessToken != "tok-123" {
		t.Error("the token was lost")
	}
}
