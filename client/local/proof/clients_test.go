package proof_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// statement is a line of proof.mjs.
type statement struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Error   string `json:"error"`
	Skipped string `json:"skipped"`
}

// statements are the names that must come up, in order: testdata/statements.txt.
func statements(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// TestOfficialClients runs supabase-js and tus-js-client and asserts what they
// found one by one.
func TestOfficialClients(t *testing.T) {
	t.Parallel()
	path := node(t, "")
	p := project(t)
	c := command(t, path, p.env(), "proof.mjs")
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil { // warnings of an old node alone are none of ours
		t.Errorf("node proof.mjs: %v\n%s", err, errs.Bytes())
	}
	var said []string
	sc := bufio.NewScanner(bytes.NewReader(out))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var s statement
		if err := json.Unmarshal(sc.Bytes(), &s); err != nil {
			t.Fatalf("%v: %s", err, sc.Bytes())
		}
		said = append(said, s.Name)
		t.Run(s.Name, func(t *testing.T) { s.check(t, p.own) })
	}
	if want := statements(t); !slices.Equal(said, want) {
		t.Errorf("statements differ from testdata/statements.txt:\nsaid\n%s\nexpected\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

// check accepts a skipped statement only of a real project, which may lack
// what it needs.
func (s statement) check(t *testing.T, own bool) {
	switch {
	case s.OK:
	case s.Skipped != "" && !own:
		t.Skip(s.Skipped)
	default:
		t.Error(s.Error + s.Skipped)
	}
}
