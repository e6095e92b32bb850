package cmd

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/loratop/loratop/config"
)

// settingsTable is the README's table of settings.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | variable | default | meaning |\n|---|---|---|---|\n")
	for _, s := range config.Settings() {
		name, env, def := "`"+s.Name+"`", "", ""
		if s.NoFile {
			name = ""
		}
		for _, n := range append(append([]string{}, s.Env...), s.Fallback...) {
			env += ", `" + n + "`"
		}
		if s.Default != "" {
			def = "`" + s.Default + "`"
		}
		meaning := s.Desc
		if len(s.Options) > 0 {
			meaning += ": " + strings.Join(s.Options, ", ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, strings.TrimPrefix(env, ", "), def, meaning)
	}
	return b.String()
}

// TestReadmeSettings keeps the README's table of settings what the program
// reads; -update writes it.
func TestReadmeSettings(t *testing.T) {
	const begin, end = "<!-- settings:begin (made by TestReadmeSettings -update) -->\n", "<!-- settings:end -->"
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	body, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("the README has no place for the settings; put these two lines there:\n%s%s", begin, end)
	}
	if body == settingsTable() {
		return
	}
	if f := flag.Lookup("update"); f == nil || f.Value.String() != "true" {
		t.Fatal("the README's settings are not the program's; go test ./cmd -run TestReadmeSettings -update")
	}
	if err := os.WriteFile("../README.md", []byte(head+begin+settingsTable()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReadmeExitCodes holds that every exit code is documented in the README.
func TestReadmeExitCodes(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, code := range strings.Split(cells[1], "/") {
				table[strings.TrimSpace(code)] = true
			}
		}
	}
	for _, c := range exitCodes() {
		if !table[c[0]] {
			t.Errorf("the README's table has no exit code %s", c[0])
		}
	}
}
