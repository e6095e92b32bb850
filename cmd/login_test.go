package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

// accept is a fake that takes one pair of credentials.
func accept(t *testing.T, email, password string) *fake {
	f := sample()
	f.signIn = func(e, p string) error {
		if e != email || p != password {
			t.Errorf("signed in as %q with %q", e, p)
			return &models.Error{Code: models.CodeInvalid, Msg: "wrong"}
		}
		return nil
	}
	return f
}

func configOf(t *testing.T, home string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(home, ".config", "loratop", "config.toml"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}

func TestLoginFromStdinSavesTheProfile(t *testing.T) {
	w := world{home: t.TempDir(), in: "s3cret word\n", env: []string{"LORATOP_KEY=anon-1"}}
	r := invoke(t, accept(t, "alice@example.com", "s3cret word"), w, "login", "--url", "https://a.example.com/", "--profile", "work", "--email", "alice@example.com", "--password-stdin")
	if r.code != 0 || !strings.Contains(r.out, "signed in as alice@example.com") {
		t.Fatalf("exit %d %q %q", r.code, r.out, r.err)
	}
	text := configOf(t, w.home)
	if text != "[profiles.work]\nurl = \"https://a.example.com\"\nkey = \"anon-1\"\n" {
		t.Errorf("saved:\n%s", text)
	}
	if strings.Contains(text+r.out+r.err, "s3cret") {
		t.Error("the password was shown or saved")
	}
}

func TestLoginKeyAndPasswordFromStdin(t *testing.T) {
	w := world{home: t.TempDir(), in: "anon-2\r\npw\n"}
	r := invoke(t, accept(t, "a@b", "pw"), w, "login", "--url", "https://a.example.com", "--key-stdin", "--email", "a@b", "--password-stdin", "--json")
	if r.code != 0 || !strings.Contains(configOf(t, w.home), `key = "anon-2"`) {
		t.Errorf("exit %d %q\n%s", r.code, r.err, configOf(t, w.home))
	}
	if s := jsonOf(t, r.out)["session"].(map[string]any); s["email"] != "alice@example.com" {
		t.Errorf("%v", s)
	}
}

func TestLoginPrompts(t *testing.T) {
	w := world{home: t.TempDir(), tty: true, in: "https://p.example.com\nanon-3\nme@example.com\nhush\n"}
	r := invoke(t, accept(t, "me@example.com", "hush"), w, "login")
	if r.code != 0 || !strings.Contains(configOf(t, w.home), "[profiles.default]\nurl = \"https://p.example.com\"") {
		t.Errorf("exit %d %q\n%s", r.code, r.err, configOf(t, w.home))
	}
}

func TestLoginByEnvironmentSavesNothing(t *testing.T) {
	w := world{home: t.TempDir(), in: "pw\n", env: []string{"LORATOP_KEY=k", "LORATOP_URL=https://a.example.com"}}
	if r := invoke(t, accept(t, "a@b", "pw"), w, "login", "--email", "a@b", "--password-stdin"); r.code != 0 || configOf(t, w.home) != "" {
		t.Errorf("exit %d %q\n%s", r.code, r.err, configOf(t, w.home))
	}
}

func TestLoginKeepsForeignProfiles(t *testing.T) {
	home := t.TempDir()
	const before = "[profiles.work]\nurl = \"https://work.example.com\"\nkey = \"w\"\n"
	writeConfig(t, home, before)
	w := world{home: home, in: "pw\n", env: []string{"LORATOP_KEY=k"}}
	r := invoke(t, accept(t, "a@b", "pw"), w, "login", "--url", "https://other.example.com", "--email", "a@b", "--password-stdin")
	if r.code != exitUsage || !strings.Contains(r.err, "--profile NAME") || configOf(t, home) != before {
		t.Errorf("exit %d %q\n%s", r.code, r.err, configOf(t, home))
	}
	w.in = "pw\n"
	r = invoke(t, accept(t, "a@b", "pw"), w, "login", "--url", "https://other.example.com", "--profile", "other", "--email", "a@b", "--password-stdin")
	if r.code != 0 || !strings.HasPrefix(configOf(t, home), before) || !strings.Contains(configOf(t, home), "[profiles.other]") {
		t.Errorf("exit %d %q\n%s", r.code, r.err, configOf(t, home))
	}
}

func TestLoginDoesNotTouchABrokenFile(t *testing.T) {
	home := t.TempDir()
	writeConfig(t, home, "theme = = \n")
	f := sample()
	f.signIn = func(string, string) error { t.Error("signed in although the profile cannot be saved"); return nil }
	r := invoke(t, f, world{home: home, in: "pw\n", env: []string{"LORATOP_KEY=k"}}, "login", "--url", "https://a.example.com", "--email", "a@b", "--password-stdin")
	if r.code != exitUsage || configOf(t, home) != "theme = = \n" || !strings.Contains(r.err, "config.toml:1:") {
		t.Errorf("exit %d %q", r.code, r.err)
	}
}

func TestFailedLoginSavesNothing(t *testing.T) {
	w := world{home: t.TempDir(), in: "pw\n", env: []string{"LORATOP_KEY=k"}}
	f := sample()
	f.fail = &models.Error{Code: models.CodeSignIn, Msg: "wrong e-mail or password"}
	r := invoke(t, f, w, "login", "--url", "https://a.example.com", "--email", "a@b", "--password-stdin")
	if r.code != exitSignIn || configOf(t, w.home) != "" {
		t.Errorf("exit %d\n%s", r.code, configOf(t, w.home))
	}
}

func TestNoSecretIsAFlag(t *testing.T) {
	a := &app{}
	root := a.root()
	for _, name := range []string{"password", "key", "access-token", "token", "anon-key"} {
		for _, c := range append(root.Commands(), root) {
			if c.Flags().Lookup(name) != nil || c.PersistentFlags().Lookup(name) != nil {
				t.Errorf("%s has --%s", c.Name(), name)
			}
		}
	}
}

func TestServiceKeyIsRefused(t *testing.T) {
	w := world{env: []string{"LORATOP_URL=https://a.example.com", "LORATOP_KEY=sb_secret_abcdefghijklmnop"}}
	if r := invoke(t, nil, w, "jobs", "ls"); r.code != exitUsage || strings.Contains(r.err, "abcdefghijklmnop") {
		t.Errorf("exit %d %q", r.code, r.err)
	}
	w.env = []string{"LORATOP_URL=http://a.example.com", "LORATOP_KEY=sb_publishable_abc"}
	if r := invoke(t, nil, w, "jobs", "ls"); r.code != exitUsage || !strings.Contains(r.err, "http") {
		t.Errorf("plain http: exit %d %q", r.code, r.err)
	}
}

func TestMissingConnection(t *testing.T) {
	home := t.TempDir()
	writeConfig(t, home, "[profiles.a]\nurl = \"https://a.example.com\"\n[profiles.b]\nurl = \"https://b.example.com\"\n")
	for want, tt := range map[string]struct {
		args []string
		code int
	}{
		"no project to connect to":                   {[]string{"jobs", "ls"}, exitSignIn},
		`there is no profile "c"; there are: a, b`:   {[]string{"jobs", "ls", "-p", "c"}, exitUsage},
		"no anon key for https://a.example.com":      {[]string{"jobs", "ls", "-p", "a"}, exitUsage},
		"flag --profile: \"x/y\" cannot be the name": {[]string{"jobs", "ls", "-p", "x/y"}, exitUsage},
	} {
		if r := invoke(t, nil, world{home: home}, tt.args...); r.code != tt.code || !strings.Contains(r.err, want) {
			t.Errorf("%v: exit %d %q", tt.args, r.code, r.err)
		}
	}
}
