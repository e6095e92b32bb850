package tui_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/tuitest"
)

var update = flag.Bool("update", false, "write the key table into README.md")

const (
	readme    = "../README.md"
	keysBegin = "<!-- keys:begin (made by TestReadmeKeys -update) -->\n"
	keysEnd   = "<!-- keys:end -->"
)

// TestReadmeKeys compares the README's key table with the program's. After a
// change of keys: go test ./tui -run TestReadmeKeys -update
func TestReadmeKeys(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), keysBegin)
	old, after, ok2 := strings.Cut(rest, keysEnd)
	if !ok || !ok2 {
		t.Fatalf("README.md has no place for the keys: %q … %q", keysBegin, keysEnd)
	}
	want := tui.KeyTable(tuitest.NewFake(noon), tourOptions().Screens)
	switch {
	case old == want:
	case *update:
		if err := os.WriteFile(readme, []byte(before+keysBegin+want+keysEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the key table of README.md is not the program's; run: go test ./tui -run TestReadmeKeys -update\n%s", want)
	}
}
