package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
	"pgregory.net/rapid"
)

func TestSaveProfileKeepsTheRest(t *testing.T) {
	tests := []struct{ name, before, profile, after string }{
		{"new file", "", "work", "[profiles.work]\nurl = \"https://n.example.com\"\nkey = \"k2\"\n"},
		{
			"changes values only", "# top\n[profiles.work] # here\n  url = 'https://o.example.com' # old\nkey=\"k1\"\n\n# end\n", "work",
			"# top\n[profiles.work] # here\n  url = \"https://n.example.com\" # old\nkey=\"k2\"\n\n# end\n",
		},
		{
			"adds what is missing", "[profiles.work]\n# no key yet\nurl = \"x\"\n[profiles.b]\nkey = \"b\"\n", "work",
			"[profiles.work]\nkey = \"k2\"\n# no key yet\nurl = \"https://n.example.com\"\n[profiles.b]\nkey = \"b\"\n",
		},
		{
			"appends a section", "theme = \"dark\" # nice", "my lab",
			"theme = \"dark\" # nice\n\n[profiles.\"my lab\"]\nurl = \"https://n.example.com\"\nkey = \"k2\"\n",
		},
		{
			"byte order mark", "\xef\xbb\xbf[profiles.work]\nurl = \"x\" # c\n", "work",
			"[profiles.work]\nkey = \"k2\"\nurl = \"https://n.example.com\" # c\n",
		},
		{
			"dotted keys", "profiles.work.url = \"x\" # dotted\nprofiles.work.key = \"y\"\n", "work",
			"profiles.work.url = \"https://n.example.com\" # dotted\nprofiles.work.key = \"k2\"\n",
		},
		{
			"inline table", "profiles = { work = { url = \"x\", key = \"y\" } }\n", "work",
			"profiles = { work = { url = \"https://n.example.com\", key = \"k2\" } }\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := load(t, setup(t, tt.before))
			if err := c.SaveProfile(tt.profile, "https://n.example.com", "k2"); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(c.File)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.after, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSaveProfileLeavesAnUneditableFile(t *testing.T) {
	const before = "profiles = { a = { url = \"x\" } }\n"
	c := load(t, setup(t, before))
	if err := c.SaveProfile("b", "https://n.example.com", "k"); err == nil {
		t.Error("an inline table took a section")
	}
	if got, _ := os.ReadFile(c.File); string(got) != before {
		t.Errorf("the file changed: %s", got)
	}
}

func TestSaveProfileFollowsLinksAndKeepsMode(t *testing.T) {
	o := setup(t, "theme = \"dark\"\n")
	c := load(t, o)
	real := filepath.Join(t.TempDir(), "dotfile.toml")
	if err := os.Rename(c.File, real); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, c.File); err != nil {
		t.Fatal(err)
	}
	if err := c.SaveProfile("a", "https://n.example.com", "k"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(c.File)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(real), ".config-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSaveProfileRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(1, 20, -1).Draw(t, "name")
		url := rapid.StringN(1, 30, -1).Draw(t, "url")
		key := rapid.StringN(1, 30, -1).Draw(t, "key")
		before := rapid.SampledFrom([]string{"", "# c\n", twoProfiles, "[profiles]\n", "[[gpus]]\nid = \"x\"\n"}).Draw(t, "before")
		out, err := setProfile([]byte(before), name, [][2]string{{"url", url}, {"key", key}})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Profiles map[string]map[string]any
		}
		if err := toml.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if p := got.Profiles[name]; p["url"] != url || p["key"] != key {
			t.Fatalf("got %v", p)
		}
	})
}
