package config

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode"
)

// FuzzLoad holds that no file stops the program, and that no warning carries a
// control character to the terminal.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"", twoProfiles, "theme = ", "[profiles.a]\nurl=1\n", "[[gpus]]\nid=\"x\"\nprice_per_hour=\"1\"\n[gpus.more]\na=1\n",
		"[[presets]]\nid=\"p\"\nlearning_rate=nan\n", "profiles=1\n", "gpus=[1,{}]\n", "\"\\u001b[31m\"=1\n", "profile=\"../x\"\n",
		"a.b.c=1\n[a]\n", "theme='''\ndark", "[profiles.work]\nkey = \"\\u0007\"\n",
	} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(dir, "config.toml")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		env := func(n string) string {
			if n == "HOME" {
				return dir
			}
			return ""
		}
		c, err := Load(Options{File: file, Env: env})
		if err != nil {
			t.Fatalf("the file stopped the start: %v", err)
		}
		for _, w := range c.Warnings {
			for _, r := range w.Text {
				if unicode.IsControl(r) {
					t.Fatalf("control character in %q", w.Text)
				}
			}
		}
		if _, ok := find(c.Theme); ok || c.Theme == "" {
			t.Fatalf("theme %q", c.Theme)
		}
	})
}

// FuzzSaveProfile holds that an edit either refuses, or leaves a file that
// reads, has the new values and still has every comment.
func FuzzSaveProfile(f *testing.F) {
	for _, s := range []string{
		"", twoProfiles, "profiles = {}\n", "[profiles]\nwork.url = 'x' # c\n", "[profiles.work]\r\nurl = \"x\"\r\n# c\r\n",
		"[profiles.\"work\"]\n", "[ profiles . work ] # c", "profiles.work = { url = \"x\" }\n", "[[profiles]]\n", "[profiles.work.deep]\na = 1\n",
		"x = \"\"\"\n[profiles.work]\n\"\"\"\n", "[profiles.work]\nurl = '''\nx'''\n", "\xef\xbb\xbf[profiles.work]\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := setProfile(bytes.Clone(data), "work", [][2]string{{"url", "https://n.example.com"}, {"key", "k"}})
		if err != nil {
			return
		}
		doc, warns := parse("", out)
		if len(warns) > 0 {
			t.Fatalf("does not read: %v\n%s", warns, out)
		}
		all, _ := doc.tree["profiles"].(map[string]any)
		work, _ := all["work"].(map[string]any)
		if work["url"] != "https://n.example.com" || work["key"] != "k" {
			t.Fatalf("values: %v\n%s", work, out)
		}
		if before, after := bytes.Count(data, []byte("#")), bytes.Count(out, []byte("#")); after < before && !bytes.ContainsAny(data, "\"'") {
			t.Fatalf("a comment was lost:\n%s\n---\n%s", data, out)
		}
	})
}
